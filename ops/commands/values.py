"""What people write on the command line, as values: times, names, texts, sources of recipients."""

import codecs
import io
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import IO

import click

from ops.errors import OpsError
from producer.contract.campaigns import checked_name
from producer.unreadable import SourceError


def moment(given: str) -> datetime:
    """A time with its zone: `2026-11-20T10:00+02:00`, or `Z` for UTC; anything else is wrong usage."""
    try:
        read = datetime.fromisoformat(given)
    except ValueError as error:
        raise click.BadParameter(f"{given!r} is no time; expected one such as 2026-11-20T10:00+02:00") from error
    if read.tzinfo is None:
        raise click.BadParameter(f"{given!r} needs its time zone, as in 2026-11-20T10:00+02:00, or Z for UTC")
    return read


def name(given: str) -> str:
    """An id that may be part of a Redis key; anything else is wrong usage."""
    try:
        return checked_name(given, "the id")
    except ValueError as error:
        raise click.BadParameter(str(error)) from error


def encoding_name(given: str) -> str:
    """An encoding that Python knows, in Python's spelling; anything else is wrong usage."""
    try:
        return codecs.lookup(given).name
    except LookupError as error:
        expected = "expected one such as utf-8, utf-16, cp1253, cp1251"
        raise click.BadParameter(f"{given!r} is no encoding; {expected}") from error


def check_validity(not_before: datetime | None, not_after: datetime | None) -> None:
    """Wrong usage when there is no time left to send in."""
    if not_after and not_after <= datetime.now(UTC):
        raise click.UsageError("--not-after is past: nothing could be sent")
    if not_before and not_after and not_after <= not_before:
        raise click.UsageError("--not-after must be later than --not-before")


def text_of(text: str | None, template: Path | None) -> str:
    """The campaign's text: as given, or the file's without its last line end."""
    if (text is None) == (template is None):
        raise click.UsageError("give the text by --text, or the file it is in by --template")
    if text is not None:
        return text
    assert template is not None  # noqa: S101  # for mypy: one of the two is there
    try:
        return template.read_text(encoding="utf-8-sig").removesuffix("\n").removesuffix("\r")
    except OSError as error:
        raise OpsError(f"cannot read {template}: {error.strerror}") from error
    except UnicodeDecodeError as error:
        raise OpsError(f"cannot read {template}: it is not utf-8; save it as utf-8") from error


@contextmanager
def recipients_in(file: str, encoding: str | None) -> Iterator[str | IO[str]]:
    """The source of recipients that `file` names (`-`: standard input); errors say which file and what to do."""
    try:
        if encoding is None:
            yield file
        elif file == "-":
            yield io.TextIOWrapper(sys.stdin.buffer, encoding=encoding, newline="")
        else:
            with Path(file).open(encoding=encoding, newline="") as stream:
                yield stream
    except BrokenPipeError:
        raise
    except UnicodeError as error:
        raise OpsError(f"{file} is not {encoding}: {error}; nothing was stored, give another --encoding") from error
    except SourceError as error:
        raise OpsError(f"{file}, {error}; nothing was stored") from error
    except OSError as error:
        raise OpsError(f"cannot read {file}: {error.strerror or error}") from error
