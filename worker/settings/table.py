"""One TOML table being read: every access is checked, and what nobody asked for is an error."""

from collections.abc import Mapping
from typing import Any


class SettingsError(ValueError):
    """A setting is missing or wrong; the message names it and says what would be right."""


class AbsentError(SettingsError):
    """Nothing is wrong: there is no configuration here, or not the secrets that it takes from the environment."""


class Table:
    """One TOML table being read: every access is checked, and what was never asked for is an error."""

    def __init__(self, values: Any, path: str, environment: Mapping[str, str]) -> None:  # Any: TOML
        if not isinstance(values, Mapping):
            raise SettingsError(f"{path} must be a table ([{path}])")
        self._values = values
        self._environment = environment
        self._asked: set[str] = set()
        self.path = path

    def names(self) -> list[str]:
        """What is in the table, whatever it is."""
        return list(self._values)

    def table(self, name: str) -> "Table":
        """A table inside it, empty when there is none."""
        return Table(self._get(name, {}), f"{self.path}.{name}".lstrip("."), self._environment)

    def text(self, name: str, default: str | None = None) -> str:
        """A text; `env:NAME` is taken from the environment. Without a default it must be there."""
        value = self._get(name, default)
        if value is None:
            raise SettingsError(f"{self.path}.{name} is missing")
        if not isinstance(value, str):
            raise SettingsError(f"{self.path}.{name} must be a text in quotes")
        if value.startswith("env:"):
            return self._secret(name, value.removeprefix("env:"))
        return value

    def texts(self, name: str, default: list[str]) -> list[str]:
        """A list of texts, none of them empty."""
        value = self._get(name, default)
        if not isinstance(value, list) or not all(isinstance(each, str) and each for each in value):
            raise SettingsError(f'{self.path}.{name} must be a list of texts, for example ["STOP"]')
        return value

    def number(self, name: str, default: float, *, least: float, most: float) -> float:
        """A number between two bounds."""
        value = self._get(name, default)
        if isinstance(value, bool) or not isinstance(value, int | float) or not least <= value <= most:
            raise SettingsError(f"{self.path}.{name} must be a number from {least:g} to {most:g}")
        return float(value)

    def whole(self, name: str, default: int, *, least: int, most: int) -> int:
        """A whole number between two bounds."""
        value = self._get(name, default)
        if isinstance(value, bool) or not isinstance(value, int) or not least <= value <= most:
            raise SettingsError(f"{self.path}.{name} must be a whole number from {least} to {most}")
        return value

    def flag(self, name: str) -> bool:
        """True or false; false when it is not there."""
        value = self._get(name, False)  # noqa: FBT003 - the default is the value
        if not isinstance(value, bool):
            raise SettingsError(f"{self.path}.{name} must be true or false")
        return value

    def ignore(self, name: str) -> None:
        """Know a name without reading it here."""
        self._asked.add(name)

    def done(self) -> None:
        """Refuse what is in the table and nobody asked for."""
        unknown = sorted(set(self._values) - self._asked)
        if unknown:
            known = ", ".join(sorted(self._asked))
            raise SettingsError(f"{self.path or 'top level'}: unknown setting {unknown[0]!r} (known: {known})")

    def _get(self, name: str, default: Any) -> Any:  # Any: TOML values
        self._asked.add(name)
        return self._values.get(name, default)

    def _secret(self, name: str, variable: str) -> str:
        value = self._environment.get(variable, "")
        if not value:
            raise AbsentError(
                f"{self.path}.{name} is taken from the environment variable {variable}, which is not set (or empty)"
            )
        return value
