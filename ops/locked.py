"""Reading a lock file: what it pins, and whether this interpreter has it. Standard library only."""

import re
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Final

_PIN: Final = re.compile(r"^(?P<name>[A-Za-z0-9._-]+)==(?P<version>[^\s;\\]+)(?P<marker>\s*;)?", re.MULTILINE)


def is_installed_here(lock: Path) -> bool:
    """Whether the running interpreter can do without an environment of its own.

    A package with a marker (`; sys_platform != 'win32'`) may be missing, but not be another version:
    reading markers takes a library.
    """
    pins = list(_PIN.finditer(lock.read_text()))
    return bool(pins) and all(_is_met(pin["name"], pin["version"], bool(pin["marker"])) for pin in pins)


def count_pins(lock: Path) -> int:
    """How many packages the lock names."""
    return len(_PIN.findall(lock.read_text()))


def _is_met(name: str, wanted: str, optional: bool) -> bool:  # noqa: FBT001  # called once, just above
    try:
        return version(name) == wanted
    except PackageNotFoundError:
        return optional
