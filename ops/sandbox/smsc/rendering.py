"""How the smsc family's answers are written with fmt=3 (PROVIDERS.md A1-A6)."""

from collections.abc import Mapping, Sequence
from typing import Any, Final
from zlib import crc32

import orjson

from ops.sandbox.accounts import PRICE, money
from ops.sandbox.config import Family
from ops.sandbox.gateway import Item, Reply
from ops.sandbox.ledger import Message
from ops.sandbox.parameters import CHARSETS, Parameters
from ops.sandbox.progress import Standing
from ops.sandbox.scenarios import Fault
from ops.sandbox.smsc.answers import (
    ERRORS,
    Answer,
    Balance,
    History,
    Known,
    Refusal,
    Statuses,
    Taken,
    Unknown,
)
from ops.sandbox.smsc.dates import date_time

# A1: recorded answers always name windows-1251, whatever charset was asked for.
CONTENT_TYPE: Final = "application/json; charset=windows-1251"
MCCMNC: Final = "25001"

# A4: status names
STATUS_NAMES: Final = {
    -1: "Waiting to be sent",
    0: "Handed to operator",
    1: "Delivered",
    2: "Read",
    3: "Expired",
    4: "Link clicked",
    20: "Undeliverable",
    22: "Wrong number",
    23: "Forbidden",
    24: "Not enough money",
    25: "Unavailable number",
}


def reply(answer: Answer, parameters: Parameters | None, fault: Fault = Fault.NONE) -> Reply:
    """Write an answer as JSON in the charset the client asked for."""
    body = orjson.dumps(as_json(answer, fault))
    charset = CHARSETS.get((parameters or {}).get("charset", "").lower(), "cp1251")
    if charset != "utf-8" and not body.isascii():
        body = body.decode().encode(charset, "replace")
    return Reply(body=body, content_type=CONTENT_TYPE, fault=fault)


def as_json(answer: Answer, fault: Fault = Fault.NONE) -> Mapping[str, Any] | Sequence[Any]:  # Any: JSON values
    """Give an answer the JSON shape of A2-A6."""
    match answer:
        case Refusal():
            return _refusal(answer)
        case Taken():
            return _taken(answer, fault)
        case Balance():
            return {"balance": answer.amount} | ({"currency": answer.currency} if answer.currency else {})
        case Statuses():
            rows = [_status(row, answer) for row in answer.found]
            return rows if answer.multiple else rows[0]
        case History():
            return [_history(row) for row in answer.found]


def _reference(reference: str) -> int | str:
    is_number = reference.isascii() and reference.isdecimal() and len(reference) <= 10
    return int(reference) if is_number else reference


def _refusal(refusal: Refusal) -> dict[str, Any]:  # Any: JSON values
    row = {"error": refusal.text or ERRORS[refusal.code], "error_code": refusal.code}
    return row | ({"id": _reference(refusal.reference)} if refusal.reference else {})


def _taken(taken: Taken, fault: Fault) -> dict[str, Any]:  # Any: JSON values
    row: dict[str, Any] = {}  # Any: JSON values
    if taken.reference and fault is not Fault.NO_ID:
        row["id"] = _reference(taken.reference)
    row["cnt"] = taken.segments
    if taken.cost:
        row["cost"] = taken.cost
    if taken.balance:
        row["balance"] = taken.balance
    if taken.phones:
        row["phones"] = [_phone(item) for item in taken.phones]
    return row


def _phone(item: Item) -> dict[str, str]:
    cost = "0" if item.refused else money(item.segments * PRICE[Family.SMSC])
    row = {"phone": item.phone, "mccmnc": MCCMNC, "cost": cost}
    if item.refused and item.ending is not None:
        row |= {"status": str(item.ending.status), "error": str(item.ending.err)}
    return row


def _status(row: Known | Unknown, answer: Statuses) -> dict[str, Any]:  # Any: JSON values
    if isinstance(row, Unknown):
        return {"status": -3, "id": _reference(row.reference), "phone": row.phone}
    shown = _standing(row.standing)
    if answer.detail:
        shown |= _details(row.message, row.standing)
        shown["sms_cnt"] = row.message.segments
        if answer.detail == 1:
            shown = {name: value for name, value in shown.items() if name not in _PLACE}
    if answer.multiple:
        shown |= {"id": _reference(row.message.provider_id)}
    return shown | ({"phone": row.spelling} if answer.multiple or answer.detail else {})


def _standing(standing: Standing) -> dict[str, Any]:  # Any: JSON values
    stamp = int(standing.since)
    row: dict[str, Any] = {  # Any: JSON values
        "status": standing.status,
        "last_date": date_time(stamp),
        "last_timestamp": stamp,
    }
    return row | ({"err": standing.err} if standing.err else {})


_PLACE: Final = {"country": "Sandbox", "operator": "Sandbox Mobile", "region": "Loopback", "mccmnc": MCCMNC}


def _details(message: Message, standing: Standing) -> dict[str, Any]:  # Any: JSON values
    sent = int(message.received_unix)
    return {
        "send_date": date_time(sent),
        "send_timestamp": sent,
        "phone": message.phone,
        "cost": "0" if message.refused else money(message.segments * PRICE[Family.SMSC]),
        "sender_id": message.sender,
        "status_name": STATUS_NAMES[standing.status],
        "message": message.text,
        "type": 0,
    } | _PLACE


def _history(row: Known) -> dict[str, Any]:  # Any: JSON values
    message = row.message
    return (
        _standing(row.standing)
        | {"err": row.standing.err}
        | _details(message, row.standing)
        | {
            "id": _reference(message.provider_id),
            "int_id": str(message.number),
            "sms_cnt": message.segments,
            "format": 0,
            "crc": crc32(message.text.encode("utf-8", "replace")),
        }
    )
