"""The files of a folder of exports: which there are, and which of them hold a number."""

import time
from pathlib import Path
from typing import Final

from worker.exporting.files import stored
from worker.forgetting.needle import Needle

_PIECE: Final = 4 * 1024 * 1024
_OVERLAP: Final = 64
"""Bytes: longer than a number in UTF-16."""


def files_of(folder: Path | None) -> list[str]:
    """The files under the folder in their order; none where there is no folder."""
    if folder is None or not folder.is_dir():
        return []
    return sorted(str(path) for path in folder.rglob("*") if path.is_file())


def look_into(path: Path, offset: int, needle: Needle, *, seconds: float) -> tuple[bool, int | None]:
    """Whether the number stands behind byte `offset`, and where to go on when time ran out. Blocking.

    A file that is gone holds nothing. Raises StorageError.
    """
    if not path.exists():
        return False, None
    return stored(lambda: _look(path, offset, needle, seconds))


def _look(path: Path, offset: int, needle: Needle, seconds: float) -> tuple[bool, int | None]:
    ends = time.monotonic() + seconds
    with path.open("rb") as file:
        file.seek(max(0, offset - _OVERLAP))
        tail = file.read(offset - file.tell())
        while piece := file.read(_PIECE):
            if needle.is_in(tail + piece):
                return True, None
            tail = piece[-_OVERLAP:]
            if time.monotonic() >= ends:
                return False, file.tell()
    return False, None
