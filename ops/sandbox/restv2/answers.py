"""What the restv2 family answers, as values, and how they are written (type=json, and the plain text of v2)."""

from dataclasses import dataclass
from typing import Any, Final

import orjson

from ops.sandbox.gateway import Reply
from ops.sandbox.scenarios import Fault

# PROVIDERS.md B2. 40 is known from one site only; 199 and its text are invented for "a code nobody documented".
REMARKS: Final = {
    40: "Error: Invalid sender",
    101: "Error: Check your credentials",
    102: "Error: Parameter [to] is missing",
    103: "Error: Parameter [to] cannot be parsed",
    104: "Error: Parameter [text] is missing",
    105: "Error: You dont have enough sms",
    106: "Error: Message couldnt be sent",
    199: "Error: Something else",
}
NOTHING_NEW: Final = "Info: No pending reports"  # B7
SUCCESS: Final = "Success"  # S0


@dataclass(frozen=True, slots=True, kw_only=True)
class Failed:
    """A failure; a failed send has `id` 0 and still tells the balance (S0)."""

    error: int
    balance: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Sent:
    """A message was accepted."""

    id: str
    balance: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Balance:
    """SMS left."""

    balance: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Key:
    """The account's key."""

    key: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Changes:
    """Ids and letters of messages whose status has changed since the last look."""

    rows: tuple[tuple[str, str], ...]


Answer = Failed | Sent | Balance | Key | Changes


def reply(answer: Answer, kind: str, fault: Fault = Fault.NONE) -> Reply:
    """Write an answer as `kind` asks: `json`, or `v2` (also the default)."""
    if kind == "json":
        body = orjson.dumps(as_json(answer, fault))
        return Reply(body=body, content_type="application/json; charset=utf-8", fault=fault)
    text = as_text(answer, fault)
    return Reply(body=text.encode(), content_type="text/html; charset=utf-8", fault=fault)


def as_json(answer: Answer, fault: Fault = Fault.NONE) -> dict[str, Any]:  # Any: JSON values
    """Give an answer the JSON shape of B2-B7: every number is a string."""
    match answer:
        case Failed():
            sent = {"id": "0", "balance": answer.balance} if answer.balance else {}
            remarks = REMARKS[answer.error]
            return {"status": "0"} | sent | {"error": str(answer.error), "remarks": remarks}
        case Sent():
            own = {} if fault is Fault.NO_ID else {"id": answer.id}
            return {"status": "1"} | own | {"balance": answer.balance, "remarks": SUCCESS}
        case Balance():
            return {"status": "1", "balance": answer.balance, "remarks": SUCCESS}
        case Key():
            return {"status": "1", "key": answer.key, "remarks": SUCCESS}
        case Changes():
            return _changes(answer)


def as_text(answer: Answer, fault: Fault = Fault.NONE) -> str:
    """Write the plain v2 form: bare values, `0` for a failure, pipes between ids and letters (S0, S2)."""
    match answer:
        case Failed():
            return "0"
        case Sent():
            return "" if fault is Fault.NO_ID else answer.id
        case Balance():
            return answer.balance
        case Key():
            return answer.key
        case Changes():
            return " |\n".join(f"{own} | {letter}" for own, letter in answer.rows)


def _changes(changes: Changes) -> dict[str, Any]:  # Any: JSON values
    if not changes.rows:
        return {"status": "1", "remarks": NOTHING_NEW, "total": "0", "error": "0"}
    rows = {str(place): {"id": own, "status": letter} for place, (own, letter) in enumerate(changes.rows)}
    return rows | {"status": "1", "total": str(len(rows)), "remarks": SUCCESS}
