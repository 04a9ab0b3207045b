"""Deferred exports with real workers: from the command line to reports, through crashes and broken downloads."""

import asyncio
import hashlib
import os
import sys
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path
from subprocess import Popen
from typing import Any

import orjson
import pytest

from producer.contract import keys
from producer.contract.exports import ALL, ExportRecord, ExportState, Manner
from producer.contract.messages import AccountName
from producer.pool import connect
from tests.support import run_to_end, wait_until
from tests.support_system import System, account, kill, numbers, phone
from worker.app import App
from worker.exporting import ExportBook
from worker.process import Process, Role

MOSCOW = AccountName("moscow")
PADDED = 50_000
MEGABYTE = 1024 * 1024
LONG = int(os.environ.get("EXPORT_ROWS", "150000"))  # EXPORT_ROWS=2000000 for the whole promise, with -s for figures


@pytest.fixture
async def stage(system: System, tmp_path: Path) -> System:
    """One smsc account; reports come by export alone, because nothing is polled within the hour."""
    system.accounts = {MOSCOW: account("smsc", "north", rate=500, in_flight=10, batch=50) | {"exports": True}}
    system.tracking = {"poll_every": 3600}
    system.exports = {"folder": os.fspath(tmp_path / "exports")}
    return await system.announced()


async def task(stage: System, **fields: Any) -> int:
    """A task made in the cabinet; its id."""
    body = orjson.dumps({"login": "north", "start_after": 0, "done_after": 0, **fields})
    async with stage.provider.session.post(f"{stage.provider.url}/sandbox/task", data=body) as answer:
        assert answer.status == 200, await answer.text()
        return orjson.loads(await answer.read())["id"]


async def wish(stage: System, what: str = ALL, manner: Manner = Manner.ONCE) -> None:
    await ExportBook(stage.producer._redis, MOSCOW).wish([what], manner)


async def record(stage: System, number: int) -> ExportRecord | None:
    data = await stage.redis.hget(keys.exports(MOSCOW), str(number))
    return ExportRecord.unpack(data) if data else None


async def until(stage: System, number: int, state: ExportState, *, seconds: float = 60) -> ExportRecord:
    """The record of a task, once it is in this state."""

    async def there() -> ExportRecord | None:
        found = await record(stage, number)
        return found if found and found.state is state else None

    return await wait_until(there, description=f"task {number} is {state}", timeout=seconds)


async def sent(stage: System, count: int, *, endings: tuple[str, ...] = ()) -> None:
    """A campaign whose messages are all with the provider, and final there; nobody here knows yet."""
    recipients = [*numbers(count - len(endings)), *map(phone, endings)]
    await stage.producer.submit(account_name=MOSCOW, text="once", recipients=recipients, campaign_id="once")
    async with stage.inside(Role.SEND):
        await stage.sent("once")

    async def final() -> bool:
        found = await stage.provider.messages()
        return len(found) == count and all(message["status"] > 0 for message in found)

    await wait_until(final, description="final statuses at the provider")


@asynccontextmanager
async def tracking(stage: System) -> AsyncIterator[Process]:
    """A track worker inside this process that waits a little instead of 25 s; the limits are the real ones."""
    redis, settings = connect(stage.redis_url), stage.settings()
    process = Process(
        App(replace(settings, exports=replace(settings.exports, poll_every=0.3)), redis), frozenset({Role.TRACK})
    )
    try:
        await process.start()
        yield process
        await process.stop(5)
    finally:
        await redis.aclose()


async def violations(stage: System) -> dict[str, int]:
    return (await stage.provider.summary("smsc/north"))["violations"]


def kept(stage: System) -> list[str]:
    """What is in the worker's folder."""
    return sorted(path.name for path in Path(stage.exports["folder"]).glob("*"))


def sizes_of(stage: System) -> set[int]:
    """The sizes of what is in the worker's folder under its own name."""
    return {path.stat().st_size for path in Path(stage.exports["folder"]).glob("*") if not path.name.startswith(".")}


def read(path: str) -> bytes:
    return Path(path).read_bytes()


# --- the whole way -------------------------------------------------------------------------------------


@pytest.mark.parametrize("encoding", ["windows-1251", "utf-8-sig", "koi8-r"])
async def test_rows_of_an_export_are_reports_like_any_other(stage: System, encoding: str) -> None:
    await sent(stage, 60, endings=("903", "931"))
    number = await task(stage, encoding=encoding, rows=100, delimiter=";" if encoding != "koi8-r" else "\t")
    await wish(stage)
    async with tracking(stage):
        done = await until(stage, number, ExportState.DONE)
    assert (done.rows, done.matched, done.moved, done.unknown, done.bad) == (100, 60, 60, 40, 0)
    file = read(done.file)
    assert (len(file), hashlib.sha256(file).hexdigest()) == (done.size, done.sha256)
    assert kept(stage) == [f"moscow-{number}.csv"]
    assert await stage.states("once") == {"delivered": 58, "expired": 1, "undelivered": 1}
    await stage.check_books("once")
    assert await violations(stage) == {}


async def test_a_download_that_breaks_off_is_begun_anew_and_leaves_no_half_file(stage: System) -> None:
    number = await task(stage, rows=PADDED, fault="break")
    await wish(stage)
    sizes: set[int] = set()
    async with tracking(stage):

        async def is_done() -> bool:
            sizes.update(sizes_of(stage))
            found = await record(stage, number)
            return found is not None and found.state is ExportState.DONE

        await wait_until(is_done, description="the export is done")
    done = await record(stage, number)
    assert done is not None
    assert (done.attempts, done.rows, done.bad) == (2, PADDED, 0)
    assert sizes == {done.size}, "under its name the file was whole from the first moment"
    assert kept(stage) == [f"moscow-{number}.csv"]
    assert await violations(stage) == {}


async def test_an_error_instead_of_the_file_is_no_file(stage: System) -> None:
    number = await task(stage, rows=10, fault="error", fault_times=1)
    await wish(stage)
    async with tracking(stage):
        done = await until(stage, number, ExportState.DONE)
    assert (done.attempts, done.rows) == (2, 10)
    assert await violations(stage) == {}


async def test_a_task_is_waited_for_until_the_provider_has_its_file(stage: System) -> None:
    number = await task(stage, rows=5, done_after=3.5)  # later than the first list, sooner than a fourth
    await wish(stage)
    async with tracking(stage):
        waiting = await until(stage, number, ExportState.WANTED)
        assert waiting.words == "running"
        assert (await until(stage, number, ExportState.DONE)).rows == 5
    assert await violations(stage) == {}


async def test_a_task_without_a_file_has_failed_when_it_was_asked_for_by_its_number(stage: System) -> None:
    number = await task(stage, ending=3)
    await wish(stage)
    async with tracking(stage):
        await granted(stage)
        assert await record(stage, number) is None
        await wish(stage, str(number), Manner.RETRY)
        await wish(stage, "77", Manner.RETRY)
        assert "cancelled" in (await until(stage, number, ExportState.FAILED)).words
        assert "no such task" in (await until(stage, 77, ExportState.FAILED)).words
    assert await violations(stage) == {}


async def test_a_task_is_downloaded_once_and_anew_only_when_asked(stage: System) -> None:
    number = await task(stage, rows=5)
    async with tracking(stage):
        await wish(stage)
        done = await until(stage, number, ExportState.DONE)
        os.unlink(done.file)  # noqa: PTH108 - a test's own file
        await wish(stage, str(number), Manner.RETRY)
        await granted(stage)
        assert await record(stage, number) == done
        await wish(stage, str(number), Manner.AGAIN)
        await wait_until(lambda: kept(stage), description="the file is fetched anew")
        assert (await until(stage, number, ExportState.DONE)).sha256 == done.sha256
    assert await violations(stage) == {}


async def granted(stage: System) -> None:
    async def is_granted() -> bool:
        return not await stage.redis.exists(keys.export_wishes(MOSCOW))

    await wait_until(is_granted, description="the wishes are taken up")


# --- crashes ---------------------------------------------------------------------------------------------


async def test_a_worker_killed_in_the_middle_of_applying_goes_on_where_it_was(stage: System) -> None:
    """SIGKILL with rows applied through N: the next worker does not fetch again, and begins behind N."""
    await sent(stage, 40)
    number = await task(stage, rows=PADDED)
    await wish(stage)
    async with stage.worker("track") as process:

        async def is_applying() -> ExportRecord | None:
            found = await record(stage, number)
            return found if found and found.state is ExportState.APPLYING and found.rows > 2000 else None

        await wait_until(is_applying, description="some rows are applied")
        kill(process)
    before = await is_applying()
    assert before is not None, "it was done too soon to be killed"
    await stage.redis.delete(keys.exporter(MOSCOW))  # as when half a minute has passed
    async with stage.worker("track"):
        done = await until(stage, number, ExportState.DONE)
    assert (done.rows, done.matched, done.downloaded_at) == (PADDED, 40, before.downloaded_at)
    assert await stage.states("once") == {"delivered": 40}


async def test_memory_stays_the_same_however_long_the_file_is(stage: System) -> None:
    """A worker of its own, measured by the kernel: after a small file, and after one of many times the bound."""
    small, large = await task(stage, rows=1000), await task(stage, rows=LONG)
    await wish(stage)
    async with stage.worker("track", cold=True) as process:
        await until(stage, small, ExportState.DONE)
        before, began_at = resident(process), time.monotonic()
        done = await until(stage, large, ExportState.DONE, seconds=60 + LONG / 5000)
        grown, took = resident(process) - before, time.monotonic() - began_at
    assert (done.rows, done.unknown, done.bad) == (LONG, LONG, 0)
    figures = f"{done.size / MEGABYTE:.1f} MB, {LONG} rows in {took:.1f} s: {grown / MEGABYTE:.1f} MB more"
    sys.stdout.write(f"{figures} than {before / MEGABYTE:.1f} MB\n")
    assert grown < 10 * MEGABYTE, figures


def resident(process: Popen[str]) -> int:
    """The most memory that a process ever had, in bytes."""
    lines = Path(f"/proc/{process.pid}/status").read_text().splitlines()
    [line] = [line for line in lines if line.startswith("VmHWM:")]
    return int(line.split()[1]) * 1024


# --- the command -------------------------------------------------------------------------------------------


async def volley(stage: System, *words: str) -> tuple[int, str]:
    """Exit status and standard output of a command."""
    command = [sys.executable, "-m", "ops.cli", "export", *words]
    done = await asyncio.to_thread(run_to_end, command, env=stage.environment)
    return done.returncode, done.stdout


async def test_the_command_asks_follows_and_copies(stage: System, tmp_path: Path) -> None:
    number = await task(stage, rows=30, name="march")
    async with tracking(stage):
        status, said = await volley(stage, MOSCOW, "--all", "--json", "--folder", os.fspath(tmp_path / "copies"))
        [told] = orjson.loads(said)["tasks"]
        assert (status, told["task"], told["state"], told["rows"]) == (0, number, "done", 30)
        assert read(told["copy"]) == read(told["file"])
        status, said = await volley(stage, MOSCOW, "--task", "77")
        assert (status, said) == (1, "task 77: failed: the provider lists no such task\n")
        assert await volley(stage, MOSCOW, "--forget", "77") == (0, "Task 77 is forgotten.\n")
        assert await record(stage, 77) is None
        assert (await volley(stage, MOSCOW))[0] == 0
        assert (await volley(stage, MOSCOW, "--forget", str(number)))[0] == 1, "what was exported is not forgotten"
        assert await record(stage, number)
        status, said = await volley(stage, "athens", "--all")
        assert status == 1
    status, said = await volley(stage, MOSCOW)
    assert "task 1 (march): done, 30 rows" in said
