"""Fetching exports, step by step: broken downloads, ranges, disks, windows."""

import asyncio
import hashlib
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path

import pytest

from tests.support import wait_until
from tests.worker.exported import FILE, SMSC
from tests.worker.plain import plain_account
from worker.exporting.fetching import Attempt, Fetcher, NotFetched
from worker.exporting.files import Kept
from worker.providers.exchange import AnswerLost, Exchange, NotSent
from worker.providers.reports import Refused
from worker.providers.requests import HttpRequest
from worker.providers.streams import Resume, Sink, Streamed
from worker.settings import Exporting
from worker.throttle import TooSoonError

LENGTH = b"Content-Length: %d\r\n" % len(FILE)
WHOLE = b"HTTP/1.1 200 OK\r\n" + LENGTH
RANGES = b'Accept-Ranges: bytes\r\nETag: "one"\r\n'
HALF = len(FILE) // 2


Behave = Callable[[str, asyncio.StreamWriter], Awaitable[None]]


# --- a provider that breaks off, and an asker without a throttle ------------------------------------------


@dataclass
class Wire:
    """A server whose n-th answer is the n-th of `answers`; it keeps the heads of the requests."""

    answers: list[bytes]
    port: int = 0
    heads: list[str] = field(default_factory=list)

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = (await reader.readuntil(b"\r\n\r\n")).decode()
        [length] = [line.split(":")[1] for line in head.split("\r\n") if line.lower().startswith("content-length")]
        await reader.readexactly(int(length))
        self.heads.append(head)
        writer.write(self.answers.pop(0))
        await writer.drain()
        writer.close()


@asynccontextmanager
async def wire(*answers: bytes) -> AsyncIterator[tuple[Wire, Exchange]]:
    served = Wire(answers=list(answers))
    server = await asyncio.start_server(served.serve, "127.0.0.1", 0)
    served.port = server.sockets[0].getsockname()[1]
    async with server, Exchange(f"http://127.0.0.1:{served.port}", connections=2, total_timeout=60) as exchange:
        yield served, exchange


@dataclass
class PlainAsker:
    """Straight to the wire; the first `too_soon` requests are held back by a window."""

    exchange: Exchange
    too_soon: int = 0
    refusals: list[Refused] = field(default_factory=list)

    async def stream(
        self, request: HttpRequest, sink: Sink, *, longest: int, within: float, resume: Resume | None = None
    ) -> Streamed | NotSent | AnswerLost:
        if self.too_soon:
            self.too_soon -= 1
            raise TooSoonError("downloads", 0.01)
        return await self.exchange.stream(request, sink, longest=longest, within=within, resume=resume)

    async def refused(self, call: str, refusal: Refused) -> None:
        self.refusals.append(refusal)


def fetching(exchange: Exchange, **bounds: float) -> tuple[Fetcher, PlainAsker]:
    asker = PlainAsker(exchange)
    settings = replace(Exporting(poll_every=0.01), **bounds)
    return Fetcher(plain_account(), SMSC, asker, settings), asker  # type: ignore[arg-type]


@dataclass
class Told:
    """What a download told of itself."""

    attempts: list[Attempt] = field(default_factory=list)

    async def __call__(self, attempt: Attempt) -> None:
        self.attempts.append(attempt)


async def fetched(exchange: Exchange, path: Path, **bounds: float) -> tuple[Kept | NotFetched, Told]:
    fetcher, _ = fetching(exchange, **bounds)
    told = Told()
    return await fetcher.fetch(7, path, told), told


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


# --- fetching ------------------------------------------------------------------------------------------


async def test_a_whole_answer_becomes_a_file_with_its_hash(tmp_path: Path) -> None:
    async with wire(WHOLE + b"\r\n" + FILE) as (_, exchange):
        kept, told = await fetched(exchange, tmp_path / "new" / "a.csv")
    assert kept == Kept(path=tmp_path / "new" / "a.csv", size=len(FILE), sha256=hashlib.sha256(FILE).hexdigest())
    assert names(tmp_path / "new") == ["a.csv"]
    assert [attempt.number for attempt in told.attempts] == [1]


async def test_a_broken_answer_is_begun_anew_where_the_server_shows_no_ranges(tmp_path: Path) -> None:
    async with wire(WHOLE + b"\r\n" + FILE[:HALF], WHOLE + b"\r\n" + FILE) as (served, exchange):
        kept, told = await fetched(exchange, tmp_path / "a.csv")
    assert isinstance(kept, Kept)
    assert kept.sha256 == hashlib.sha256(FILE).hexdigest()
    assert [attempt.words for attempt in told.attempts] == ["", "the download broke off: answer cut off"]
    assert not any("Range" in head for head in served.heads)
    assert names(tmp_path) == ["a.csv"]


async def test_a_broken_answer_is_gone_on_with_where_the_server_shows_ranges(tmp_path: Path) -> None:
    first = WHOLE + RANGES + b"\r\n" + FILE[:HALF]
    async with wire(first) as (served, exchange):
        rest = len(FILE) - HALF
        served.answers.append(
            b"HTTP/1.1 206 Partial Content\r\nContent-Length: %d\r\nContent-Range: bytes %d-%d/%d\r\n"
            % (rest, HALF, len(FILE) - 1, len(FILE))
            + RANGES
            + b"\r\n"
            + FILE[HALF:]
        )
        kept, _ = await fetched(exchange, tmp_path / "a.csv")
    assert isinstance(kept, Kept)
    assert (kept.size, kept.sha256) == (len(FILE), hashlib.sha256(FILE).hexdigest())
    assert f"Range: bytes={HALF}-" in served.heads[1]
    assert 'If-Range: "one"' in served.heads[1]


async def test_an_answer_that_begins_anew_though_asked_to_go_on_is_taken_from_its_beginning(tmp_path: Path) -> None:
    async with wire(WHOLE + RANGES + b"\r\n" + FILE[:HALF], WHOLE + RANGES + b"\r\n" + FILE) as (_, exchange):
        kept, _ = await fetched(exchange, tmp_path / "a.csv")
    assert isinstance(kept, Kept)
    assert kept.sha256 == hashlib.sha256(FILE).hexdigest()


async def test_an_answer_that_goes_on_elsewhere_is_thrown_away(tmp_path: Path) -> None:
    wrong = b"HTTP/1.1 206 Partial Content\r\nContent-Length: 3\r\nContent-Range: bytes 5-7/9\r\n\r\nabc"
    async with wire(WHOLE + RANGES + b"\r\n" + FILE[:HALF], wrong, WHOLE + b"\r\n" + FILE) as (_, exchange):
        kept, told = await fetched(exchange, tmp_path / "a.csv")
    assert isinstance(kept, Kept)
    assert kept.sha256 == hashlib.sha256(FILE).hexdigest()
    assert "elsewhere" in told.attempts[2].words


async def test_five_broken_answers_are_enough_and_leave_nothing(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_bytes(b"an older export")
    async with wire(*[WHOLE + b"\r\n" + FILE[:HALF]] * 5) as (served, exchange):
        kept, _ = await fetched(exchange, tmp_path / "a.csv")
    assert kept == NotFetched(words="the download broke off: answer cut off")
    assert len(served.heads) == 5
    assert (tmp_path / "a.csv").read_bytes() == b"an older export"
    assert names(tmp_path) == ["a.csv"]


@pytest.mark.parametrize(
    ("body", "says"),
    [
        (b'{"error":"no","error_code":3}', "the provider refuses: "),
        (b"ERROR = 3 (no)", "the provider refuses: "),
        (b"<html>" + b"busy" * 9000, "no usable answer: the answer is not a CSV file"),
        (b"", "no usable answer: the file is empty"),
    ],
)
async def test_an_answer_that_is_no_file_is_never_under_the_files_name(
    tmp_path: Path, body: bytes, says: str
) -> None:
    said = b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % len(body) + body
    async with wire(*[said] * 5) as (_, exchange):
        fetcher, asker = fetching(exchange)
        kept = await fetcher.fetch(7, tmp_path / "a.csv", Told())
    assert isinstance(kept, NotFetched)
    assert kept.words.startswith(says)
    assert len(asker.refusals) == 5
    assert names(tmp_path) == []


async def test_a_file_beyond_the_bound_is_refused(tmp_path: Path) -> None:
    async with wire(*[WHOLE + b"\r\n" + FILE] * 5) as (_, exchange):
        kept, _ = await fetched(exchange, tmp_path / "a.csv", most_bytes=1000)
    assert kept == NotFetched(words="the download broke off: answer too long")
    assert names(tmp_path) == []


async def test_a_disk_that_takes_nothing_is_said_and_not_taken_for_the_network(tmp_path: Path) -> None:
    (tmp_path / "folder").write_text("a file where a folder should be")
    async with wire(WHOLE + b"\r\n" + FILE) as (served, exchange):
        kept, _ = await fetched(exchange, tmp_path / "folder" / "a.csv")
    assert isinstance(kept, NotFetched)
    assert kept.words.startswith("the file cannot be written: ")
    assert len(served.heads) == 1


async def test_what_a_killed_download_left_is_swept_and_a_cancelled_one_leaves_nothing(tmp_path: Path) -> None:
    (tmp_path / ".a.csv.0123.part").write_bytes(b"half")
    async with wire(WHOLE + b"\r\n" + FILE[:HALF]) as (served, exchange):
        fetcher, _ = fetching(exchange, poll_every=60)
        task = asyncio.create_task(fetcher.fetch(7, tmp_path / "a.csv", Told()))
        await wait_until(lambda: len(served.heads) == 1, description="it is asked for")
        await wait_until(lambda: names(tmp_path) not in ([], [".a.csv.0123.part"]), description="a new part")
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
    assert names(tmp_path) == []


async def test_a_full_window_is_waited_for(tmp_path: Path) -> None:
    async with wire(WHOLE + b"\r\n" + FILE) as (_, exchange):
        fetcher, asker = fetching(exchange)
        asker.too_soon = 2
        assert isinstance(await fetcher.fetch(7, tmp_path / "a.csv", Told()), Kept)
