"""What is known of one deferred export: a task of the provider, its file, and how far its rows are applied."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Final, Self

import orjson

ALL: Final = "*"
"""The wish for every task that the provider lists."""


class ExportState(StrEnum):
    """Where an export is. DONE and FAILED are its ends; a person may ask for either again."""

    WANTED = "wanted"  # the provider has not made the file yet
    DOWNLOADING = "downloading"
    APPLYING = "applying"  # the file is whole; its rows are being applied as reports
    DONE = "done"
    FAILED = "failed"

    @property
    def is_over(self) -> bool:
        """Whether nothing more happens by itself."""
        return self in {ExportState.DONE, ExportState.FAILED}


class Manner(StrEnum):
    """How a task is wished for."""

    ONCE = "once"  # unless it was exported, or failed: what the clock asks for
    RETRY = "retry"  # unless it was exported, and had rows: what a person asks for
    AGAIN = "again"  # anew, whatever was
    FORGET = "forget"  # not at all: the record goes, if it is of one that failed


@dataclass(frozen=True, slots=True, kw_only=True)
class ExportRecord:
    """One task. Times are unix seconds, 0 for never; `status` is the provider's own number, -1 when unknown.

    `file` is the whole file's path on the worker's host; it is the raw record of what was applied, and
    `sha256` (hex) is its hash. `rows` are counted through the last applied one, which ends at byte `offset`.
    `words` says why it failed or what it waits for; `first_bad` why the first bad row was refused.
    """

    task: int
    state: ExportState = ExportState.WANTED
    name: str = ""
    status: int = -1
    words: str = ""
    attempts: int = 0
    fetched: int = 0
    file: str = ""
    size: int = 0
    sha256: str = ""
    encoding: str = ""
    rows: int = 0
    matched: int = 0
    moved: int = 0
    unknown: int = 0
    bad: int = 0
    first_bad: str = ""
    offset: int = 0
    asked_at: int = 0
    downloaded_at: int = 0
    changed_at: int = 0

    @property
    def is_bare(self) -> bool:
        """Whether it was exported and had no row, perhaps because it was fetched before the provider filled it."""
        return self.state is ExportState.DONE and not self.rows

    def pack(self) -> bytes:
        """As JSON, a field of the account's exports hash."""
        return orjson.dumps(self)

    @classmethod
    def unpack(cls, data: bytes) -> Self:
        """Read what `pack` wrote; fields that we do not know are left out."""
        told: dict[str, Any] = orjson.loads(data)  # Any: JSON
        known = {name: told[name] for name in cls.__dataclass_fields__ if name in told}
        return cls(**(known | {"state": ExportState(told["state"])}))
