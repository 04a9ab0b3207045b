"""The states of a message as a Mermaid diagram: `python -m producer.contract.diagram` prints it.

The diagram in the README is this text; a test compares them. A report is drawn where it usually comes, at
`submitted` and `enroute`, an acceptance at what is on the wire or in doubt; the table lists from where else they are
believed.
"""

import sys
from collections.abc import Iterator, Mapping
from typing import Final

from producer.contract.states import FINAL, TRANSITIONS, Event, State

_WORDS: Final[Mapping[Event, str]] = {
    Event.CLAIM: "claim",
    Event.RELEASE: "not sent after all",
    Event.SUBMIT: "accepted",
    Event.REJECT: "refused for ever",
    Event.DEFER: "not now",
    Event.DOUBT: "answer lost",
    Event.DISPROVE: "not sent",
    Event.ASSUME: "taken as sent",
    Event.CANCEL: "cancel",
    Event.SUPPRESS: "must not be sent to",
    Event.EXPIRE: "too late",
    Event.REPORT_ENROUTE: "on its way",
    Event.REPORT_DELIVERED: "delivered",
    Event.REPORT_UNDELIVERED: "undelivered",
    Event.REPORT_EXPIRED: "expired",
    Event.REPORT_RETURNED: "given back",
}


_REPORTS: Final = frozenset(event for event in Event if event.name.startswith("REPORT_"))
_USUAL: Final[Mapping[Event, frozenset[State]]] = {
    **dict.fromkeys(_REPORTS, frozenset({State.SUBMITTED, State.ENROUTE})),
    Event.SUBMIT: frozenset({State.IN_FLIGHT, State.UNCERTAIN}),
}


def mermaid() -> str:
    """The whole diagram, with the events between two states on one arrow."""
    return "\n".join(["stateDiagram-v2", *(f"    {line}" for line in _lines())])


def _lines() -> Iterator[str]:
    yield f"[*] --> {State.QUEUED}"
    for source in State:
        for target in State:
            words = [
                _WORDS[event] for event, (_, to) in TRANSITIONS.items() if to is target and _is_drawn(event, source)
            ]
            if words:
                yield f"{source} --> {target}: {', '.join(words)}"
    for state in State:
        if state in FINAL:
            yield f"{state} --> [*]"


def _is_drawn(event: Event, source: State) -> bool:
    return source in TRANSITIONS[event][0] and source in _USUAL.get(event, State)


if __name__ == "__main__":
    sys.stdout.write(f"{mermaid()}\n")
