"""Send options: what a campaign or a message may ask of its provider besides text and times, in the provider's words.

Each family says which there are (`Family.send_options`); workers announce them with the account, so that a producer
refuses what is unknown or wrong before anything is stored, without knowing any provider.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from producer.contract.campaigns import Recipient

_LONGEST: Final = 200
_WHOLE: Final = re.compile(r"-?[0-9]{1,18}")
_PREFIX: Final = "option."
"""Before the names of a single message's options among its values; no name in a template has a dot."""


class OptionError(ValueError):
    """An option is unknown, wrong, or lacks the one it goes with; the message says what is possible."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SendOption:
    """One option by the provider's own name, and which values it takes.

    The value is one of `choices`, or a whole number from `least` to `most`, or fits the regular expression
    `pattern`, which `meaning` then describes; whichever is given. The empty value takes the account's own away.
    `needs` names an option that must be given with it; `single`: only for messages one by one.
    """

    name: str
    meaning: str
    choices: tuple[str, ...] = ()
    least: int | None = None
    most: int | None = None
    pattern: str = ""
    needs: str = ""
    single: bool = False

    def checked(self, value: str) -> str:
        """`value` itself; ValueError that says what is expected."""
        if len(value) > _LONGEST:
            raise ValueError(f"at most {_LONGEST} characters")
        if not value:
            return value
        if self.choices and value not in self.choices:
            raise ValueError(f"one of {', '.join(self.choices)}")
        if self.least is not None and self.most is not None and not _is_whole(value, self.least, self.most):
            raise ValueError(f"a whole number from {self.least} to {self.most}")
        if self.pattern and not re.fullmatch(self.pattern, value):
            raise ValueError(f"other: {self.meaning}")
        return value


def check_options(given: Mapping[str, str], known: Sequence[SendOption], *, account: str, single: bool) -> None:
    """OptionError unless each option is one of the account's, with a value that it takes. `single`: one message."""
    by_name = {option.name: option for option in known if single or not option.single}
    for name, value in given.items():
        option = by_name.get(name)
        if option is None:
            raise OptionError(_unknown(name, known, by_name, account))
        try:
            option.checked(value)
        except ValueError as error:
            raise OptionError(f"option {name}={value[:40]!r} is not possible; expected {error}") from None
        if value and option.needs and not given.get(option.needs):
            raise OptionError(f"option {name} goes together with {option.needs}: give both")


def with_options(values: Mapping[str, str], options: Mapping[str, str]) -> dict[str, str]:
    """The values of a single message's recipient, its options among them."""
    return {**values, **{_PREFIX + name: value for name, value in options.items()}}


def options_of(recipient: Recipient) -> dict[str, str]:
    """The options among a single message's values."""
    return {name.removeprefix(_PREFIX): value for name, value in recipient.values.items() if name.startswith(_PREFIX)}


def read_options(rows: Sequence[Mapping[str, Any]]) -> tuple[SendOption, ...]:  # Any: JSON
    """Options as they were announced; what a newer worker says of them besides is left out."""
    names = SendOption.__slots__
    kept = [{name: row[name] for name in names if name in row} for row in rows]
    return tuple(SendOption(**{**row, "choices": tuple(row.get("choices", ()))}) for row in kept)


def _unknown(name: str, known: Sequence[SendOption], by_name: Mapping[str, SendOption], account: str) -> str:
    if any(option.name == name for option in known):
        return f"option {name} is for single messages only"
    return f"account {account} takes no option {name[:40]!r}; it takes: {', '.join(by_name) or 'none'}"


def _is_whole(value: str, least: int, most: int) -> bool:
    return _WHOLE.fullmatch(value) is not None and least <= int(value) <= most
