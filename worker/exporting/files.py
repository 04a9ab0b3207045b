"""A file that is whole or not there: written under a temporary name, hashed, synced, then renamed."""

import asyncio
import hashlib
import os
import secrets
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final, TypeVar

from worker.providers.streams import Head

T = TypeVar("T")

_AT_ONCE: Final = 1024 * 1024
"""Bytes that are gathered before a thread writes and hashes them, so that the event loop never does."""

_BEGINNING: Final = 4096


class StorageError(Exception):
    """The file cannot be written or read; the message says why. No OSError: that would be the network's."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Kept:
    """A whole file, under its own name and on the disk."""

    path: Path
    size: int
    sha256: str


class Part:
    """A file being written, as the sink of one answer or of several that continue each other.

    `is_refused(status, beginning)` looks at the first bytes; when it says so nothing of them is kept as a file.
    """

    def __init__(self, path: Path, is_refused: Callable[[int, bytes], bool]) -> None:
        self._path = path
        self._is_refused = is_refused
        self._temporary = path.with_name(f".{path.name}.{secrets.token_hex(4)}.part")
        self._descriptor = -1
        self._waiting = bytearray()
        self._written = 0
        self._hash = hashlib.sha256()
        self._refused: bool | None = None  # None: not looked at yet
        self.head = Head(status=0)

    # --- as a sink ---------------------------------------------------------------------------------

    def begin(self, head: Head) -> None:
        """Go on where the answer does, or begin anew when it begins anew; it must do one of the two."""
        if head.start and head.start == self.size:
            self.head = replace(head, status=self.head.status, start=0)  # of the whole, which begins at 0
            return
        self._waiting.clear()
        self._written = 0
        self._hash = hashlib.sha256()
        self._refused = True if head.start else None
        self.head = head

    async def take(self, piece: bytes) -> bool:
        """Keep a piece; False once the beginning is that of no file."""
        self._waiting += piece
        if len(self._waiting) >= _BEGINNING and not self.is_file():
            return False
        if len(self._waiting) >= _AT_ONCE:
            await self._flush()
        return True

    # --- as a file -----------------------------------------------------------------------------------

    @property
    def size(self) -> int:
        """Bytes taken so far."""
        return self._written + len(self._waiting)

    @property
    def beginning(self) -> bytes:
        """The first bytes of an answer that is no file."""
        return bytes(self._waiting[:_BEGINNING])

    def is_file(self) -> bool:
        """Whether what came is the beginning of a file; asked again at the end, because short ones come whole."""
        if self._refused is None:
            self._refused = self._is_refused(self.head.status, self.beginning)
        return not self._refused

    async def keep(self) -> Kept:
        """Sync it and give it its name, over an older file of that name. Raises StorageError."""
        await self._flush()
        await asyncio.to_thread(stored, self._put)
        return Kept(path=self._path, size=self._written, sha256=self._hash.hexdigest())

    def drop(self) -> None:
        """Leave nothing behind, unless it was kept. Safe to call twice."""
        if self._descriptor >= 0:
            os.close(self._descriptor)
            self._descriptor = -1
        with suppress(OSError):
            self._temporary.unlink()

    async def _flush(self) -> None:
        data = bytes(self._waiting)
        self._waiting.clear()
        at, self._written = self._written, self._written + len(data)
        await asyncio.to_thread(stored, lambda: self._write(data, at))

    def _write(self, data: bytes, at: int) -> None:
        if self._descriptor < 0:
            self._path.parent.mkdir(parents=True, exist_ok=True)
            self._descriptor = os.open(self._temporary, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600)
        if not at:
            os.ftruncate(self._descriptor, 0)
        os.lseek(self._descriptor, at, os.SEEK_SET)
        left = memoryview(data)
        while left:
            left = left[os.write(self._descriptor, left) :]
        self._hash.update(data)

    def _put(self) -> None:
        os.fsync(self._descriptor)
        self._temporary.replace(self._path)
        folder = os.open(self._path.parent, os.O_RDONLY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)


def sweep_parts(path: Path) -> None:
    """Remove what earlier downloads of the same file left when their process was killed."""
    for old in path.parent.glob(f".{path.name}.*.part"):
        with suppress(OSError):
            old.unlink()


async def is_same(path: Path, sha256: str) -> bool:
    """Whether the file is there and has this hash. Raises StorageError when it cannot be read."""

    def read() -> str:
        try:
            with path.open("rb") as file:
                return hashlib.file_digest(file, "sha256").hexdigest()
        except FileNotFoundError:
            return ""

    return await asyncio.to_thread(stored, read) == sha256


def stored(work: Callable[[], T]) -> T:
    """What `work` on files gives. Raises StorageError instead of OSError."""
    try:
        return work()
    except OSError as error:
        raise StorageError(f"{error.strerror or error}") from error
