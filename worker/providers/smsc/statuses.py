"""The smsc status codes and the `err` codes beside them: plain words, and the event each means for a message.

Sources: status codes A4 [W-st/statuses, G-net StatusCodes, G-spo]; err codes A4 [G-net StatusErrors; the
same set in G-fn and two more copies].
"""

from dataclasses import dataclass
from typing import Final

from producer.contract.states import Event


@dataclass(frozen=True, slots=True, kw_only=True)
class Status:
    """One row of the status table. `event` None: it moves no message."""

    words: str
    event: Event | None


STATUSES: Final[dict[int, Status]] = {
    -3: Status(words="no such message", event=None),
    -2: Status(words="stopped in the cabinet before it was sent", event=None),
    -1: Status(words="waiting to be sent", event=None),
    0: Status(words="handed to the operator", event=Event.REPORT_ENROUTE),
    1: Status(words="delivered", event=Event.REPORT_DELIVERED),  # may still become 2 or 4
    2: Status(words="read", event=Event.REPORT_DELIVERED),
    3: Status(words="validity ran out before delivery", event=Event.REPORT_EXPIRED),
    4: Status(words="delivered, and its link opened", event=Event.REPORT_DELIVERED),
    20: Status(words="cannot be delivered", event=Event.REPORT_UNDELIVERED),
    22: Status(words="wrong number", event=Event.REPORT_UNDELIVERED),
    23: Status(words="forbidden (repeat, flood, black list, text or sender ID)", event=Event.REPORT_UNDELIVERED),
    24: Status(words="not enough money on the account", event=Event.REPORT_RETURNED),
    25: Status(words="number out of reach (no route, or no SMS)", event=Event.REPORT_UNDELIVERED),
}

NOT_FOUND: Final = -3
NOT_YET: Final = frozenset({-2, -1})

ERRS: Final[dict[int, str]] = {
    0: "no error",
    1: "the subscriber does not exist",
    2: "mailbox full (e-mail)",
    3: "recipient's mail server not found (e-mail)",
    4: "mailbox blocked (e-mail)",
    6: "the subscriber is offline",
    11: "the subscriber has no SMS service, or roams without it",
    12: "fault of the handset or SIM card",
    13: "the subscriber is blocked",
    21: "the service is not supported",
    200: "virtual sending (test mode), nothing was sent",
    219: "the SIM card was replaced; named sender IDs are held back for a day",
    220: "the operator's queue is full",
    237: "the subscriber does not answer (call)",
    238: "no matching template",
    239: "this IP address is forbidden, or new to the account",
    240: "the line is busy (call)",
    241: "conversion error",
    242: "an answering machine answered (call)",
    243: "no contract for bulk or advertising",
    244: "bulk is forbidden for this account, or the link is forbidden",
    245: "no status came from the operator within a day; delivery is unknown",
    246: "outside the hours allowed by the account",
    247: "the account's daily limit is used up",
    248: "no route",
    249: "wrong format of the number",
    250: "the number is forbidden by the account's settings",
    251: "the number's daily limit is used up, or many messages to it at short distance",
    252: "the number is forbidden",
    253: "held by the spam filter",
    254: "the sender ID is not registered",
    255: "refused by the operator without a reason",
}


def event(status: int) -> Event | None:
    """What a status means for a message; None also for one that is in no table."""
    row = STATUSES.get(status)
    return row.event if row else None


def code(status: int, err: int) -> str:
    """The code in our records: the err number says why and comes first; else the status, kept raw."""
    return f"smsc.err.{err}" if err else f"smsc.status.{status}"


def words(status: int, err: int) -> str:
    """The plain words of a status and its err number."""
    row = STATUSES.get(status)
    said = row.words if row else f"unknown status {status}"
    return f"{said}: {ERRS.get(err, f'unknown err {err}')}" if err else said
