"""Deciding about status.php: one status, many, or a message taken back (A4)."""

from typing import Final

from ops.sandbox.gateway import Gateway, Visit
from ops.sandbox.ledger import Message
from ops.sandbox.limits import BULK_STATUS, SAME_STATUS
from ops.sandbox.parameters import Parameters
from ops.sandbox.progress import WAITING
from ops.sandbox.smsc.answers import (
    CANNOT_DELETE,
    NOT_FOUND,
    TOO_MANY,
    Answer,
    Deleted,
    Refusal,
    SentRow,
    Statuses,
    Unknown,
)
from ops.sandbox.smsc.reading import BAD, bare_phone, read_reference
from ops.sandbox.smsc.rows import PRICE_OF_ONE, sent_row

_NOT_FOUND: Final = Refusal(code=3, text=NOT_FOUND)


def decide_status(gateway: Gateway, visit: Visit) -> Answer:
    """Answer `status.php`."""
    parameters = visit.parameters
    pairs, detail = _pairs(parameters), parameters.get("all") or "0"
    if not pairs or detail not in {"0", "1", "2"}:
        return BAD
    multiple = "," in parameters["phone"] or "," in parameters["id"]
    limit, key = (BULK_STATUS, None) if multiple else (SAME_STATUS, pairs[0])
    if not visit.account.limits.admits(limit, key, visit.arrived):
        return Refusal(code=9, text=TOO_MANY)
    if parameters.get("del") == "1":
        return _delete(gateway, visit, pairs)
    found = tuple(_look_up(gateway, visit, phone, reference) for phone, reference in pairs)
    if not multiple and isinstance(found[0], Unknown):
        return _NOT_FOUND
    return Statuses(found=found, detail=int(detail), multiple=multiple)


def _pairs(parameters: Parameters) -> list[tuple[str, str]]:
    """Read the two comma lists; empty when they do not pair up."""
    phones = [part.strip() for part in parameters.get("phone", "").split(",") if part.strip()]
    references = [part.strip() for part in parameters.get("id", "").split(",") if part.strip()]
    return list(zip(phones, references, strict=True)) if len(phones) == len(references) else []


def _look_up(gateway: Gateway, visit: Visit, phone: str, reference: str) -> SentRow | Unknown:
    message = _find(visit, phone, reference)
    if message is None:
        return Unknown(phone=phone, reference=reference)
    return sent_row(gateway, message, phone)


def _find(visit: Visit, phone: str, reference: str) -> Message | None:
    return visit.account.ledger.find(read_reference(reference) or "", bare_phone(phone))


def _delete(gateway: Gateway, visit: Visit, pairs: list[tuple[str, str]]) -> Answer:
    """Take back messages that have not left, all or none; their price is given back (a guess)."""
    found = [_find(visit, phone, reference) for phone, reference in pairs]
    messages = [message for message in found if message and gateway.standing(message).status == WAITING]
    if len(messages) < len(pairs):
        return Refusal(code=5, text=CANNOT_DELETE)
    for message in messages:
        visit.account.ledger.remove(message)
        visit.account.funds += message.segments * PRICE_OF_ONE
    return Deleted()
