"""What an intake entry says, checked field by field (contract version 1). Pure."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from enum import StrEnum
from typing import Any, Final, TypeVar

import orjson

from producer.contract.campaigns import checked_name
from producer.contract.client import Fields

VERSION: Final = "1"
MOST_BYTES: Final = 1024 * 1024
MOST_RECIPIENTS: Final = 10_000

Body = Mapping[str, Any]  # Any: JSON from outside, checked here

Choice = TypeVar("Choice", bound=StrEnum)


class WireError(ValueError):
    """An entry that cannot be taken; the message is kept with it on the dead-letter stream."""


def read_entry(fields: Fields) -> tuple[str, Body]:
    """The type and the body of an entry. WireError says what is wrong with it."""
    if sum(len(name) + len(value) for name, value in fields.items()) > MOST_BYTES:
        raise WireError(f"an entry may have {MOST_BYTES} bytes; send the rest as campaign.append")
    version = fields.get(b"v", b"").decode(errors="replace")
    if version != VERSION:
        raise WireError(f"field v must be {VERSION}, it is {version[:20]!r}")
    try:
        body = orjson.loads(fields.get(b"body", b""))
    except orjson.JSONDecodeError as error:
        raise WireError(f"field body is not JSON: {error}") from error
    if not isinstance(body, dict):
        raise WireError("field body must be a JSON object")
    return fields.get(b"type", b"").decode(errors="replace"), body


def check_names(body: Body, known: Sequence[str]) -> None:
    """Refuse names that the type does not have: what was asked for by a typo would silently not happen."""
    unknown = next((name for name in body if name not in known), None)
    if unknown is not None:
        raise WireError(f"unknown name {unknown[:80]!r} in body (known: {', '.join(known)})")


def text(body: Body, name: str, default: str | None = None) -> str:
    """A string of the body; null is the same as leaving it out."""
    value = body.get(name)
    if value is None:
        value = default
    if value is None:
        raise WireError(f"{name!r} is missing")
    if not isinstance(value, str):
        raise WireError(f"{name!r} must be a string")
    return value


def choice(body: Body, name: str, default: Choice) -> Choice:
    """One of the words of a closed set."""
    word = text(body, name, default)
    try:
        return type(default)(word)
    except ValueError as error:
        raise WireError(f"{name!r} must be one of {', '.join(type(default))}") from error


def campaign_id(body: Body) -> str:
    """The campaign's id, usable as part of a key."""
    name = text(body, "campaign")
    try:
        return checked_name(name, "'campaign'")
    except ValueError as error:
        raise WireError(str(error)) from error


def moment(body: Body, name: str) -> datetime | None:
    """A time with its zone, or None."""
    given = text(body, name, "")
    if not given:
        return None
    try:
        read = datetime.fromisoformat(given)
    except ValueError:
        read = None
    if read is None or read.tzinfo is None:
        raise WireError(f"{name!r} must be a time with its zone, such as 2026-11-20T10:00:00+02:00")
    return read


def recipients(body: Body) -> list[Any]:  # Any: rows are checked by the producer
    """The recipients as given."""
    rows = body.get("recipients")
    if not isinstance(rows, list) or not rows:
        raise WireError("'recipients' must be a list that is not empty")
    if len(rows) > MOST_RECIPIENTS:
        raise WireError(f"an entry may have {MOST_RECIPIENTS} recipients; send the rest as campaign.append")
    return rows


def options(body: Body) -> dict[str, str]:
    """What the provider is asked for besides: an object of strings or whole numbers, by the provider's names."""
    given = body.get("options")
    if given is None:
        return {}
    if not isinstance(given, dict):
        raise WireError("'options' must be an object")
    for name, value in given.items():
        if isinstance(value, bool) or not isinstance(value, str | int):
            raise WireError(f"option {name[:80]!r} must be a string or a whole number")
    return {name: str(value) for name, value in given.items()}
