"""What people write on the command line, as values: times, names, texts, sources of recipients."""

import codecs
import io
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import IO, Any, Final, TypeVar
from urllib.parse import urlsplit

import click

from ops.errors import OpsError
from producer.contract.campaigns import checked_name
from producer.unreadable import SourceError

Decorated = TypeVar("Decorated", bound=Callable[..., Any])  # Any: click's own


_LONGEST_TEMPLATE: Final = 256 * 1024
"""Bytes: far more than any provider takes in one text, and little enough to be read at once."""


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


def public_address(given: str) -> str:
    """The scheme and host of a web address, without a path; anything else is wrong usage."""
    try:
        parts = urlsplit(given)
        host = parts.hostname
    except ValueError:
        host = None
    if not host or parts.scheme not in {"http", "https"} or parts.path.strip("/") or parts.query or parts.username:
        raise click.BadParameter(f"{given[:80]!r} is no address of a web page; expected https://sms.example.com")
    return f"{parts.scheme}://{parts.netloc}"


def pairs(given: Sequence[str]) -> dict[str, str]:
    """`name=value` words as a mapping; anything else, and a name given twice, is wrong usage."""
    found: dict[str, str] = {}
    for pair in given:
        name_, equals, value = pair.partition("=")
        if not equals or not name_:
            raise click.BadParameter(f"{pair[:40]!r} is not NAME=VALUE")
        if name_ in found:
            raise click.BadParameter(f"{name_}= is given twice")
        found[name_] = value
    return found


def send_options(*, single: bool) -> Callable[[Decorated], Decorated]:
    """`--option NAME=VALUE`, repeated; the command takes it as `send_options`, a mapping."""
    besides = " and those of one message, such as imgcode and userip" if single else ""
    return click.option(
        "--option",
        "send_options",
        multiple=True,
        callback=lambda _context, _parameter, given: pairs(given),
        metavar="NAME=VALUE",
        help="What the provider is asked for besides, by its own name: flash, translit, time, valid, ucs, …"
        + besides
        + "; repeat it. An empty VALUE takes the account's own away.",
    )


def encoding_name(given: str) -> str:
    """An encoding that Python knows, in Python's spelling; anything else is wrong usage."""
    try:
        name = codecs.lookup(given).name
        "".encode(name)  # LookupError where it is no encoding of texts, such as zlib
    except (LookupError, ValueError) as error:
        expected = "expected one such as utf-8, utf-16, cp1253, cp1251"
        raise click.BadParameter(f"{given!r} is no encoding; {expected}") from error
    return name


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
        with template.open("rb") as file:
            data = file.read(_LONGEST_TEMPLATE + 1)
        if len(data) > _LONGEST_TEMPLATE:
            raise OpsError(f"{template} is no text of a campaign: it has more than {_LONGEST_TEMPLATE} bytes")
        lines = data.decode("utf-8-sig").replace("\r\n", "\n").replace("\r", "\n")
        return lines.removesuffix("\n")
    except OSError as error:
        raise OpsError(f"cannot read {template}: {error.strerror}; give the text's file by --template") from error
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
        raise OpsError(f"{file}, {error}; nothing was stored, correct it and submit again") from error
    except OSError as error:
        why = error.strerror or error
        raise OpsError(
            f"cannot read {file}: {why}; give its path by --recipients, or - for standard input"
        ) from error
