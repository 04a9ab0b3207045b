"""Messages of a campaign as CSV, JSON lines or Parquet, written as they come: memory does not grow with them."""

import csv
import io
import os
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from enum import StrEnum
from pathlib import Path
from typing import Any, BinaryIO, Final

import orjson

from ops.errors import OpsError

COLUMNS: Final = ("message", "msisdn", "state", "attempts", "changed_at", "reference", "code", "words")
"""All are texts but `attempts` (a whole number) and `changed_at` (a moment, or None before anything happened)."""

_ROWS_IN_GROUP: Final = 20_000
_MISSING: Final = (
    "--format parquet needs the library pyarrow, which is not installed here:"
    " pip install pyarrow (or 'volley[parquet]'), or take --format csv"
)

Row = Mapping[str, object]
Write = Callable[[Row], None]


class Format(StrEnum):
    """How rows are written. The times of CSV and JSON lines are ISO 8601 in UTC, empty for none."""

    CSV = "csv"
    JSONL = "jsonl"
    PARQUET = "parquet"


@contextmanager
def rows_written(form: Format, stream: BinaryIO) -> Iterator[Write]:
    """A function that writes a row to `stream`; everything is there when the `with` ends without an exception.

    Raises OpsError for Parquet where pyarrow is not installed.
    """
    match form:
        case Format.CSV:
            with _text(stream) as text:
                yield _csv_rows(text)
        case Format.JSONL:
            yield lambda row: _write(stream, orjson.dumps(_plain(row), option=orjson.OPT_APPEND_NEWLINE))
        case Format.PARQUET:
            with _parquet_rows(stream) as write:
                yield write
    stream.flush()


@contextmanager
def file_written(path: Path) -> Iterator[BinaryIO]:
    """A new file that gets its name only once it is whole. Raises OpsError."""
    part = path.with_name(f".{path.name}.{os.getpid()}.part")
    try:
        with open(part, "xb", opener=_private) as stream:  # Path.open takes no opener
            yield stream
        part.replace(path)
    except OSError as error:
        raise OpsError(f"cannot write {path}: {error.strerror or error}; give another --output") from error
    finally:
        part.unlink(missing_ok=True)


def _private(path: str, flags: int) -> int:
    """For its owner alone: there are numbers of people in it."""
    return os.open(path, flags, 0o600)


@contextmanager
def _text(stream: BinaryIO) -> Iterator[io.TextIOWrapper]:
    text = io.TextIOWrapper(stream, encoding="utf-8", newline="", write_through=False)
    try:
        yield text
        text.flush()
    finally:
        text.detach()


def _csv_rows(text: io.TextIOWrapper) -> Write:
    rows = csv.DictWriter(text, COLUMNS, lineterminator="\n")
    rows.writeheader()
    return lambda row: _ignored(rows.writerow(_plain(row)))


def _plain(row: Row) -> dict[str, object]:
    """The row with its time as a text."""
    changed_at = row["changed_at"]
    return {**row, "changed_at": "" if changed_at is None else changed_at.isoformat()}  # type: ignore[attr-defined]  # a datetime


def _write(stream: BinaryIO, data: bytes) -> None:
    stream.write(data)


def _ignored(_: object) -> None:
    """What csv returns is of no use."""


@contextmanager
def _parquet_rows(stream: BinaryIO) -> Iterator[Write]:
    """Row groups of 20,000, each written when it is full."""
    try:
        import pyarrow as pa  # noqa: PLC0415  # an extra: large, and needed for nothing else
        from pyarrow import parquet  # noqa: PLC0415  # the same
    except ImportError as error:
        raise OpsError(_MISSING) from error
    schema = _schema(pa)
    group: list[Row] = []
    with parquet.ParquetWriter(pa.PythonFile(_Counted(stream), mode="w"), schema, compression="zstd") as writer:

        def flush() -> None:
            writer.write_batch(pa.RecordBatch.from_pylist(group, schema))
            group.clear()

        def write(row: Row) -> None:
            group.append(row)
            if len(group) >= _ROWS_IN_GROUP:
                flush()

        yield write
        if group:
            flush()


def _schema(pa: Any) -> Any:  # Any: an optional library without types
    types = {"attempts": pa.int32(), "changed_at": pa.timestamp("us", tz="UTC")}
    return pa.schema([(name, types.get(name, pa.string())) for name in COLUMNS])


class _Counted:
    """A stream that knows how much was written to it: pyarrow asks, and a pipe cannot tell."""

    closed = False

    def __init__(self, stream: BinaryIO) -> None:
        self._stream = stream
        self._written = 0

    def write(self, data: Any) -> int:  # Any: what pyarrow calls a buffer
        self._written += self._stream.write(data)
        return len(data)

    def tell(self) -> int:
        return self._written

    def flush(self) -> None:
        self._stream.flush()

    def close(self) -> None:
        """The stream is its owner's to close."""
