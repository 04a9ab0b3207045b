"""The states of a message, and the one table of how it may move between them.

The rule at the top: **a state only moves forward, and every move has a named event.** Whoever wants
to move a message names the event; a state that the table does not list for that event stays as it
is. That is what makes late, doubled and out-of-order reports harmless. The Lua scripts of the ledger
receive the allowed letters from here as data (`letters_from`), so that there is no second table.
"""

from enum import StrEnum
from typing import Final


class State(StrEnum):
    """Where a message is. `is_final` tells whether anything more can happen to it."""

    QUEUED = "queued"
    IN_FLIGHT = "in_flight"
    SUBMITTED = "submitted"
    ENROUTE = "enroute"
    DEFERRED = "deferred"
    UNCERTAIN = "uncertain"
    DELIVERED = "delivered"
    UNDELIVERED = "undelivered"
    EXPIRED = "expired"
    REJECTED = "rejected"
    CANCELLED = "cancelled"

    @property
    def is_final(self) -> bool:
        """Whether the message can never move again."""
        return self in FINAL

    @property
    def letter(self) -> str:
        """The one letter that stands for this state in a packed record."""
        return LETTERS[self]


class Event(StrEnum):
    """Why a message moves."""

    CLAIM = "claim"  # a worker took it, and the next thing it does is the wire
    RELEASE = "release"  # the claim ended before a byte left this host
    SUBMIT = "submit"  # the provider answered: accepted
    REJECT = "reject"  # the provider answered: never
    DEFER = "defer"  # the provider answered: not now
    DOUBT = "doubt"  # perhaps sent: answer lost, claim died, answer not understood
    DISPROVE = "disprove"  # evidence, policy or a person says: not sent, send it
    ASSUME = "assume"  # policy or a person says: take it as sent
    CANCEL = "cancel"  # the campaign was cancelled before the message was claimed
    SUPPRESS = "suppress"  # the MSISDN is on the suppression list
    EXPIRE = "expire"  # past validity: too late to send, or no report came in time
    REPORT_ENROUTE = "report_enroute"
    REPORT_DELIVERED = "report_delivered"
    REPORT_UNDELIVERED = "report_undelivered"
    REPORT_EXPIRED = "report_expired"
    REPORT_RETURNED = "report_returned"  # accepted, then given back unsent (smsc status 24: no money)


FINAL: Final = frozenset({State.DELIVERED, State.UNDELIVERED, State.EXPIRED, State.REJECTED, State.CANCELLED})

LETTERS: Final[dict[State, str]] = {
    State.QUEUED: "q",
    State.IN_FLIGHT: "f",
    State.SUBMITTED: "s",
    State.ENROUTE: "e",
    State.DEFERRED: "w",
    State.UNCERTAIN: "n",
    State.DELIVERED: "d",
    State.UNDELIVERED: "u",
    State.EXPIRED: "x",
    State.REJECTED: "r",
    State.CANCELLED: "c",
}
STATES_BY_LETTER: Final[dict[str, State]] = {letter: state for state, letter in LETTERS.items()}

_WAITING: Final = (State.QUEUED, State.DEFERRED)
_OPEN: Final = (State.IN_FLIGHT, State.UNCERTAIN)
_SENT: Final = (State.SUBMITTED, State.ENROUTE)

# event -> (states it may come from, state it leads to)
TRANSITIONS: Final[dict[Event, tuple[tuple[State, ...], State]]] = {
    Event.CLAIM: (_WAITING, State.IN_FLIGHT),
    Event.RELEASE: ((State.IN_FLIGHT,), State.QUEUED),
    # from queued too: an answer that could not be recorded in time, of a message that was disproved meanwhile and
    # that nobody has claimed again
    Event.SUBMIT: ((State.QUEUED, *_OPEN), State.SUBMITTED),
    Event.REJECT: (_OPEN, State.REJECTED),
    Event.DEFER: (_OPEN, State.DEFERRED),
    Event.DOUBT: ((State.IN_FLIGHT,), State.UNCERTAIN),
    Event.DISPROVE: ((State.UNCERTAIN,), State.QUEUED),
    Event.ASSUME: ((State.UNCERTAIN,), State.SUBMITTED),
    Event.CANCEL: (_WAITING, State.CANCELLED),
    Event.SUPPRESS: (_WAITING, State.REJECTED),
    Event.EXPIRE: ((*_WAITING, *_SENT), State.EXPIRED),
    # a report names the submission it is about: a message that waits to be sent *again* still carries the
    # one that was disproved, so the report can take it back; one that was never submitted carries none
    Event.REPORT_ENROUTE: ((State.QUEUED, *_OPEN, State.SUBMITTED), State.ENROUTE),
    Event.REPORT_DELIVERED: ((State.QUEUED, *_OPEN, *_SENT), State.DELIVERED),
    Event.REPORT_UNDELIVERED: ((State.QUEUED, *_OPEN, *_SENT), State.UNDELIVERED),
    Event.REPORT_EXPIRED: ((State.QUEUED, *_OPEN, *_SENT), State.EXPIRED),
    Event.REPORT_RETURNED: ((*_OPEN, *_SENT), State.DEFERRED),
}


def step(state: State, event: Event) -> State | None:
    """The state that `event` leads to from `state`, or None where the table does not list it."""
    sources, target = TRANSITIONS[event]
    return target if state in sources else None


def letters_from(event: Event) -> str:
    """The letters of the states that `event` may come from: what a Lua script is given as data."""
    return "".join(LETTERS[state] for state in TRANSITIONS[event][0])


def letter_to(event: Event) -> str:
    """The letter of the state that `event` leads to."""
    return LETTERS[TRANSITIONS[event][1]]
