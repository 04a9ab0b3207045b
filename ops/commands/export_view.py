"""How exports are shown to people and programs, and how their files are copied."""

import hashlib
import os
import shutil
from dataclasses import asdict
from pathlib import Path
from typing import Final

from ops.errors import OpsError
from producer.contract.exports import ExportRecord, ExportState

_MEGA: Final = 1_000_000
_KILO: Final = 1000


def line(record: ExportRecord) -> str:
    """One line about one task."""
    name = f" ({record.name})" if record.name else ""
    return f"task {record.task}{name}: {record.state}{_details(record)}"


def unchanged(records: list[ExportRecord]) -> str:
    """What to say when nothing came of asking: everything was exported before, or there is nothing."""
    done = [record for record in records if record.state is ExportState.DONE]
    if not records:
        return "The provider lists no deferred task."
    if len(records) == 1:
        return f"Nothing new. {line(records[0])}" + ("; --again fetches it anew" if done else "")
    failed = f", {len(records) - len(done):,} that failed stay so" if len(done) < len(records) else ""
    return f"Nothing new: {len(done):,} of {len(records):,} tasks were exported before{failed}; --again fetches anew."


def done_before(changed: list[ExportRecord], found: list[ExportRecord]) -> str:
    """How many of the tasks were exported before they were asked for now; empty for none."""
    now = {record.task for record in changed}
    count = sum(record.state is ExportState.DONE and record.task not in now for record in found)
    return f"{count:,} of {len(found):,} tasks were exported before; --again fetches them anew." if count else ""


def plain(record: ExportRecord) -> dict[str, object]:
    """A record as JSON has it."""
    return asdict(record)


def save_copy(record: ExportRecord, folder: Path) -> Path:
    """Copy a task's whole file; OpsError when it is not on this machine, or is not the recorded one."""
    source, target = Path(record.file), folder / Path(record.file).name
    part = target.with_name(f".{target.name}.{os.getpid()}.part")
    try:
        folder.mkdir(parents=True, exist_ok=True)
        part.touch(mode=0o600)  # numbers of people are in it
        shutil.copyfile(source, part)
        with part.open("rb") as file:
            if hashlib.file_digest(file, "sha256").hexdigest() != record.sha256:
                raise OpsError(f"{source} is not the file that was downloaded; fetch it --again")
        part.replace(target)
    except OSError as error:
        why = error.strerror or error
        raise OpsError(
            f"cannot copy {source} to {folder}: {why}; run this on the worker's host, or give another --folder"
        ) from error
    finally:
        part.unlink(missing_ok=True)
    return target


def _details(record: ExportRecord) -> str:
    match record.state:
        case ExportState.WANTED:
            return f", {record.words or 'asked for'}"
        case ExportState.DOWNLOADING:
            return f", {_size(record.fetched)}, attempt {record.attempts}" + _because(record)
        case ExportState.APPLYING:
            return f", {_rows(record)} of {_size(record.size)} ({record.offset / max(1, record.size):.0%})"
        case ExportState.DONE:
            return f", {_rows(record)}, {record.file} ({_size(record.size)})" + _bad(record) + _bare(record)
        case ExportState.FAILED:
            return _because(record)


def _rows(record: ExportRecord) -> str:
    counts = f"{record.matched:,} ours, {record.unknown:,} unknown, {record.bad:,} bad"
    return f"{record.rows:,} rows ({counts}; {record.moved:,} told something new)"


def _bad(record: ExportRecord) -> str:
    return f"; the first bad row: {record.first_bad}" if record.first_bad else ""


def _bare(record: ExportRecord) -> str:
    return "; it had no rows (yet): ask again to fetch it anew" if record.is_bare else ""


def _because(record: ExportRecord) -> str:
    return f": {record.words}" if record.words else ""


def _size(size: int) -> str:
    return f"{size / _MEGA:,.1f} MB" if size >= _MEGA / 10 else f"{size / _KILO:,.1f} kB"
