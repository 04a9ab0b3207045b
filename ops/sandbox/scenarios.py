"""The recipients with a fate: the last three digits of a phone choose what happens to its message.

A row without a number of its own is delivered. `err` codes and statuses: PROVIDERS.md A4; send errors: A3;
restv2 errors: B2. *Once* means once per phone and account: the next request that contains it goes through.
"""

from dataclasses import dataclass
from enum import StrEnum
from typing import Final


class Fault(StrEnum):
    """What goes wrong between the gateway and its client. The first two happen before anything is accepted."""

    NONE = ""
    DROPPED = "dropped"
    UNAVAILABLE = "unavailable"
    LOST = "lost"
    UNAVAILABLE_AFTER = "unavailable_after"
    GARBAGE = "garbage"
    EMPTY = "empty"
    SLOW = "slow"
    NO_ID = "no_id"

    @property
    def before_acceptance(self) -> bool:
        """Whether the request dies before the gateway reads it."""
        return self in {Fault.DROPPED, Fault.UNAVAILABLE}


@dataclass(frozen=True, slots=True, kw_only=True)
class Ending:
    """Where an accepted message ends: the smsc status with its `err`, and the restv2 letter."""

    status: int
    err: int = 0
    letter: str = "f"


DELIVERED: Final = Ending(status=1, letter="d")


@dataclass(frozen=True, slots=True, kw_only=True)
class Scenario:
    """One fate. `ending` None: accepted, but never reported. An error number of 0 means accepted."""

    sentence: str
    ending: Ending | None = DELIVERED
    smsc_error: int = 0
    restv2_error: int = 0
    fault: Fault = Fault.NONE
    once: bool = False


DEFAULT: Final = Scenario(sentence="Accepted and delivered.")


def _fails(sentence: str, status: int, err: int = 0) -> Scenario:
    return Scenario(sentence=sentence, ending=Ending(status=status, err=err))


def _refused(sentence: str, smsc: int, restv2: int, *, once: bool = False) -> Scenario:
    return Scenario(sentence=sentence, smsc_error=smsc, restv2_error=restv2, once=once)


def _fault(sentence: str, fault: Fault) -> Scenario:
    return Scenario(sentence=sentence, fault=fault, once=True)


TABLE: Final[dict[str, Scenario]] = {
    # --- other good endings ------------------------------------------------------------------------
    "902": Scenario(sentence="Delivered and read (smsc status 2).", ending=Ending(status=2, letter="d")),
    "904": Scenario(sentence="Delivered, link clicked (smsc status 4).", ending=Ending(status=4, letter="d")),
    # --- not delivered: smsc status (A4), err 0 unless said; restv2 `f` -----------------------------
    "903": _fails("Expired (status 3).", 3),
    "920": _fails("Undeliverable (status 20).", 20),
    "922": _fails("Wrong number (status 22, err 249).", 22, 249),
    "923": _fails("Forbidden (status 23, err 252).", 23, 252),
    "924": _fails("Not enough money for this message after acceptance (status 24).", 24),
    "925": _fails("Unavailable number (status 25, err 248).", 25, 248),
    # --- not delivered, told apart by err (A4) --------------------------------------------------------
    "931": _fails("Subscriber does not exist (status 20, err 1).", 20, 1),
    "936": _fails("Subscriber offline (status 20, err 6).", 20, 6),
    "941": _fails("Roaming without SMS (status 20, err 11).", 20, 11),
    "942": _fails("Handset or SIM fault (status 20, err 12).", 20, 12),
    "943": _fails("Subscriber blocked (status 20, err 13).", 20, 13),
    "944": _fails("Virtual sending, account in test mode (status 20, err 200).", 20, 200),
    "945": _fails("No status from the operator within a day: unknown (status 20, err 245).", 20, 245),
    "947": _fails("Account's daily limit (status 23, err 247).", 23, 247),
    "951": _fails("Daily limit of the number (status 23, err 251).", 23, 251),
    "953": _fails("Spam filter (status 23, err 253).", 23, 253),
    "954": _fails("Unregistered sender id (status 23, err 254).", 23, 254),
    "955": _fails("Rejected by the operator without a code (status 20, err 255).", 20, 255),
    "959": _fails("An err code that no document knows (status 20, err 77).", 20, 77),
    # --- refused at send: smsc error_code (A3) and restv2 error (B2) ----------------------------------
    "961": _refused("Bad parameters: smsc 1, restv2 102.", 1, 102),
    "963": _refused("No money, once: smsc 3, restv2 105.", 3, 105, once=True),
    "965": _refused("Bad date: smsc 5; restv2 104.", 5, 104),
    "966": _refused("Message or sender forbidden: smsc 6, restv2 40.", 6, 40),
    "967": _refused("Bad phone format: smsc 7, restv2 103.", 7, 103),
    "968": _refused("Cannot be delivered: smsc 8, restv2 106.", 8, 106),
    "969": _refused("Too many at once, once: smsc 9, restv2 HTTP 429; nothing is taken.", 9, 429, once=True),
    "975": _refused("An error no document knows: smsc 15 (seen live), restv2 199 (invented).", 15, 199),
    "976": _refused("Could not be sent, once: smsc 15, restv2 106.", 15, 106, once=True),
    # --- between gateway and client, each once per phone ----------------------------------------------
    "980": Scenario(sentence="Accepted, and never reported (always).", ending=None),
    "981": _fault("Accepted, then the connection is closed without an answer.", Fault.LOST),
    "982": _fault("Connection closed before anything is accepted.", Fault.DROPPED),
    "983": _fault("Accepted, but the answer takes `--slow-for` seconds.", Fault.SLOW),
    "984": _fault("HTTP 503 with HTML; nothing is accepted.", Fault.UNAVAILABLE),
    "985": _fault("HTTP 503 with HTML although accepted.", Fault.UNAVAILABLE_AFTER),
    "986": _fault("Accepted, but the body is garbage.", Fault.GARBAGE),
    "987": _fault("Accepted, but the body is empty.", Fault.EMPTY),
    "988": _fault("Accepted, but the answer has no id.", Fault.NO_ID),
}


def scenario_of(phone: str) -> Scenario:
    """Look up the fate of a phone by its last three digits."""
    return TABLE.get(phone[-3:], DEFAULT)
