"""What people write as `name=value` for a provider call, checked and turned into the values that `build` takes.

A kind takes the text and gives a value; its ValueError says what is expected. Nothing here knows a provider.
"""

import re
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, date, datetime
from typing import Final

from worker.providers.interface import Call, Parameter

_LONGEST: Final = 100_000
_TRUE: Final = frozenset({"1", "true", "yes"})
_FALSE: Final = frozenset({"0", "false", "no"})
_PHONE: Final = re.compile(r"\+?[0-9]{5,20}")
_DAY: Final = re.compile(r"[0-9]{2}\.[0-9]{2}\.[0-9]{4}")


class BadParameterError(ValueError):
    """A parameter is unknown, missing or wrong; the message lists what is known."""


def parse(call: Call, given: Mapping[str, str]) -> dict[str, object]:
    """The keywords for `call.build`. BadParameterError when something is unknown, missing or wrong."""
    known = {parameter.name: parameter for parameter in call.parameters}
    for name in given:
        if name not in known:
            raise BadParameterError(f"{call.name} has no parameter {name[:40]!r}; it takes: {_list(call.parameters)}")
    for parameter in call.parameters:
        if parameter.required and not given.get(parameter.name):
            raise BadParameterError(
                f"{call.name} needs {parameter.name}= ({parameter.meaning}); it takes: {_list(call.parameters)}"
            )
    return {known[name].argument or name: _value(known[name], text) for name, text in given.items()}


def risk(call: Call, given: Mapping[str, str]) -> str:
    """What this very call does that must be meant, because it spends money or changes the account; empty: nothing."""
    if call.needs_yes:
        return f"{call.name}: {call.meaning}"
    risky = {parameter.name: parameter for parameter in call.parameters if parameter.needs_yes}
    named = (
        f"{call.name} with {name}={value[:40]} ({risky[name].meaning})"
        for name, value in given.items()
        if name in risky and value not in _FALSE
    )
    return ", ".join(named)


def text(given: str) -> str:
    """Any text."""
    return given


def flag(given: str) -> bool:
    """1 or 0."""
    if given.lower() in _TRUE | _FALSE:
        return given.lower() in _TRUE
    raise ValueError("1 or 0")


def whole(least: int, most: int) -> Callable[[str], int]:
    """A whole number of a range."""

    def read(given: str) -> int:
        if re.fullmatch(r"-?[0-9]{1,18}", given) and least <= int(given) <= most:
            return int(given)
        raise ValueError(f"a whole number from {least} to {most}")

    return read


def one_of(*choices: str) -> Callable[[str], str]:
    """One of a few words."""

    def read(given: str) -> str:
        if given in choices:
            return given
        raise ValueError("one of " + ", ".join(choice or "(empty)" for choice in choices))

    return read


def day(given: str) -> date:
    """A day as the provider writes it, DD.MM.YYYY."""
    if _DAY.fullmatch(given):
        try:
            return datetime.strptime(given, "%d.%m.%Y").replace(tzinfo=UTC).date()
        except ValueError:
            pass
    raise ValueError("a day as DD.MM.YYYY")


def phones(given: str) -> tuple[str, ...]:
    """Phone numbers in international form, separated by commas or semicolons."""
    found = tuple(part for part in re.split(r"[,;\s]+", given) if part)
    if found and all(map(_PHONE.fullmatch, found)):
        return found
    raise ValueError("phone numbers in international form, separated by commas")


def phone(given: str) -> str:
    """One phone number in international form."""
    if _PHONE.fullmatch(given):
        return given
    raise ValueError("one phone number in international form")


def words(given: str) -> tuple[str, ...]:
    """Values separated by commas."""
    return tuple(part for part in given.split(",") if part)


def _value(parameter: Parameter, given: str) -> object:
    if len(given) > _LONGEST:
        raise BadParameterError(f"{parameter.name}= is longer than {_LONGEST} characters")
    try:
        return parameter.kind(given)
    except ValueError as error:
        raise BadParameterError(f"{parameter.name}={given[:40]!r} is not possible: expected {error}") from None


def _list(parameters: Sequence[Parameter]) -> str:
    shown = (
        f"{parameter.name}= (needed)" if parameter.required else f"{parameter.name}=" for parameter in parameters
    )
    return ", ".join(shown) or "no parameters"
