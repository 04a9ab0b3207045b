"""The ledger's Lua scripts, each with the shared head and the tables generated from the contract."""

from collections.abc import Iterable
from typing import Final

from producer.contract.counters import CAMPAIGN_DELIVERY
from producer.contract.jobs import JOB_PREFIX
from producer.contract.scripts import Script
from producer.contract.states import FINAL, LETTERS, Event, letter_to, letters_from


def _table(name: str, rows: dict[str, str]) -> str:
    inside = ", ".join(f"['{key}'] = '{value}'" for key, value in rows.items())
    return f"local {name} = {{{inside}}}"


def head() -> str:
    """The transition table and the letters as Lua, then the shared functions."""
    tables = (
        _table("WORD", {letter: state.value for state, letter in LETTERS.items()}),
        _table("FROM", {event.value: letters_from(event) for event in Event}),
        _table("TO", {event.value: letter_to(event) for event in Event}),
        f"local FINAL = '{''.join(sorted(LETTERS[state] for state in FINAL))}'",
        f"local JOB_PREFIX = '{JOB_PREFIX}'",
    )
    return "\n".join((*tables, Script("worker.ledger", "prelude").text))


def _list(name: str, values: Iterable[str]) -> str:
    return f"local {name} = {{{', '.join(values)}}}"


_HEAD: Final = head()
_DELIVERY: Final = "\n".join(
    (
        _list("BOUNDS", (f"{bound:g}" for bound in CAMPAIGN_DELIVERY.bounds)),
        _list("BUCKETS", (f"'{field}'" for field in CAMPAIGN_DELIVERY.fields)),
    )
)

REGISTER: Final = Script("worker.ledger", "register", head=_HEAD)
CLAIM: Final = Script("worker.ledger", "claim", head=_HEAD)
RECORD: Final = Script("worker.ledger", "record", head=_HEAD)
APPLY: Final = Script("worker.ledger", "apply", head=f"{_HEAD}\n{_DELIVERY}")
CLOSE: Final = Script("worker.ledger", "close", head=_HEAD)
CLOSE_REST: Final = Script("worker.ledger", "close_rest", head=_HEAD)
REQUEUE: Final = Script("worker.ledger", "requeue", head=_HEAD)
RELIST: Final = Script("worker.ledger", "relist", head=_HEAD)
FORGET: Final = Script("worker.ledger", "forget", head=_HEAD)
