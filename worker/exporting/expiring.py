"""Exports that were kept for as long as campaigns are: their files go, and what their records say of them."""

import re
from collections.abc import Container, Iterable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Final

from producer.contract.exports import ExportRecord
from worker.exporting.files import stored

EXPIRED: Final = "it was kept for its time, and is gone"


def due(records: Iterable[ExportRecord], before: float) -> list[ExportRecord]:
    """Those that ended before that unix time, and whose files and words are still here."""
    return [
        record
        for record in records
        if record.state.is_over and record.changed_at < before and record.words != EXPIRED
    ]


def bare(record: ExportRecord) -> ExportRecord:
    """What is left while the provider lists the task, so that nobody fetches it again: numbers."""
    return replace(record, name="", file="", sha256="", first_bad="", words=EXPIRED)


def unlisted(records: Mapping[int, ExportRecord], tasks: Container[int]) -> list[int]:
    """Of the bare ones those that the provider lists no more."""
    return [number for number, record in records.items() if record.words == EXPIRED and number not in tasks]


def remove(path: Path) -> None:
    """Delete a file that may be gone already. Blocking. Raises StorageError."""
    stored(lambda: path.unlink(missing_ok=True))


def sweep(folder: Path, account: str, before: float, in_use: Container[str]) -> int:
    """Delete the account's files of before that unix time, whoever has their records; how many. Blocking.

    Raises StorageError.
    """
    return stored(lambda: _sweep(folder, account, before, in_use))


def _sweep(folder: Path, account: str, before: float, in_use: Container[str]) -> int:
    ours = re.compile(rf"{re.escape(account)}-[0-9]+\.csv")
    found = [path for path in folder.glob("*.csv") if ours.fullmatch(path.name) and str(path) not in in_use]
    old = [path for path in found if path.stat().st_mtime < before]
    for path in old:
        path.unlink(missing_ok=True)
    return len(old)
