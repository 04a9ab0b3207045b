"""`volley export` as a person types it: what it refuses, shows, follows and copies. A test plays the worker."""

import asyncio
import hashlib
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import orjson
import pytest
from arq.worker import func
from click.testing import CliRunner, Result
from redis.asyncio import Redis

from ops.cli import main
from ops.commands import export as export_command
from ops.commands.export_view import line
from producer.contract import keys
from producer.contract.exports import ALL, ExportRecord, ExportState, Manner
from producer.contract.jobs import EXPORT
from producer.contract.messages import AccountName
from producer.pool import connect
from tests.ops.commanding import ENTRY
from worker.engine import ControlWorker

MOSCOW = AccountName("moscow")
DATA = b"ID;Phone;Status\n"
EMPTY = "; it had no rows (yet): ask again to fetch it anew"
DONE = ExportRecord(
    task=5,
    state=ExportState.DONE,
    name="march",
    size=len(DATA),
    sha256=hashlib.sha256(DATA).hexdigest(),
    rows=1200,
    matched=1000,
    moved=900,
    unknown=199,
    bad=1,
    first_bad="its id is none",
)


@pytest.fixture(autouse=True)
def _quick(redis_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("REDIS_URL", redis_url)
    monkeypatch.setattr(export_command, "_LOOK_EVERY", 0.05)
    monkeypatch.setattr(export_command, "_WATCH_EVERY", 0.3)


@pytest.fixture
def done(tmp_path: Path) -> ExportRecord:
    (tmp_path / "moscow-5.csv").write_bytes(DATA)
    return replace(DONE, file=str(tmp_path / "moscow-5.csv"))


async def volley(*words: str) -> Result:
    return await asyncio.to_thread(CliRunner().invoke, main, ["export", *words])


async def keep(redis: Redis, *records: ExportRecord) -> None:
    await redis.hset(keys.exports(MOSCOW), mapping={str(record.task): record.pack() for record in records})


class Worker:
    """Plays a track worker: keeps what was wished for, and lets each wish end in the records it is given."""

    def __init__(self, redis: Redis, *ends: ExportRecord, error: str = "") -> None:
        self.redis = redis
        self.ends = list(ends)
        self.error = error
        self.wishes: list[tuple[list[str], str]] = []

    async def export(self, _: object, account: str, tasks: list[str], manner: str) -> dict[str, str]:
        assert account == MOSCOW
        self.wishes.append((tasks, manner))
        if self.ends:
            await keep(self.redis, self.ends.pop(0))
        return {"error": self.error} if self.error else {}


@pytest.fixture
async def worker(redis: Redis, redis_url: str) -> AsyncIterator[Worker]:
    played, pool = Worker(redis), connect(redis_url)
    control = ControlWorker(keys.CONTROL_TRACK, pool, [func(played.export, name=EXPORT, keep_result=60)])
    running = asyncio.create_task(control.async_run())
    yield played
    await control.stop(1)
    await asyncio.gather(running, return_exceptions=True)
    await pool.aclose()


async def test_what_excludes_each_other_is_wrong_usage() -> None:
    assert (await volley("moscow", "--all", "--watch")).exit_code == 2
    assert (await volley("moscow", "--all", "--task", "5")).exit_code == 2
    assert (await volley("moscow", "--all", "--forget", "5")).exit_code == 2
    assert (await volley("moscow", "--task", "../etc")).exit_code == 2


async def test_alone_it_shows_the_records_and_asks_nobody(redis: Redis, done: ExportRecord) -> None:
    await redis.hset(keys.ACCOUNTS, MOSCOW, orjson.dumps({**ENTRY, "name": MOSCOW}))
    assert (await volley("moscow")).stdout == "Nothing was exported yet.\n"
    await keep(redis, done)
    ran = await volley("moscow")
    assert ran.exit_code == 0
    assert "task 5 (march): done, 1,200 rows (1,000 ours, 199 unknown, 1 bad; 900 told something new)" in ran.stdout
    assert "the first bad row: its id is none" in ran.stdout
    told = orjson.loads((await volley("moscow", "--json")).stdout)
    assert (told["account"], told["tasks"][0]["rows"], told["tasks"][0]["copy"]) == ("moscow", 1200, None)


async def test_without_a_worker_it_says_so(redis: Redis, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(export_command, "_ANSWER_WITHIN", 0.2)
    ran = await volley("moscow", "--all")
    assert ran.exit_code == 1
    assert "no track worker answered" in ran.stderr


async def test_the_workers_refusal_is_the_commands(worker: Worker) -> None:
    worker.error = "account 'moscow' has no exports"
    ran = await volley("moscow", "--all")
    assert (ran.exit_code, ran.stderr) == (1, "Error: account 'moscow' has no exports\n")


@pytest.mark.parametrize(
    ("words", "wished"),
    [
        (("--task", "5"), (["5"], "retry")),
        (("--task", "5", "--again"), (["5"], "again")),
        (("--all",), ([ALL], "retry")),
        (("--all", "--again"), ([ALL], "again")),
    ],
)
async def test_what_is_asked_for_is_wished_for_and_followed(
    worker: Worker, done: ExportRecord, words: tuple[str, ...], wished: tuple[list[str], str]
) -> None:
    worker.ends = [done]
    ran = await volley("moscow", *words)
    assert (ran.exit_code, worker.wishes) == (0, [wished])
    assert "done, 1,200 rows" in ran.stdout


async def test_a_failed_task_fails_the_command_but_not_one_that_had_failed_before(
    redis: Redis, worker: Worker, done: ExportRecord
) -> None:
    failed = ExportRecord(task=4, state=ExportState.FAILED, words="the provider lists no such task")
    await keep(redis, failed)
    worker.ends = [done, failed]
    assert (await volley("moscow", "--all")).exit_code == 0
    ran = await volley("moscow", "--task", "4", "--json")
    assert ran.exit_code == 1
    assert orjson.loads(ran.stdout)["tasks"][0]["words"] == "the provider lists no such task"


async def test_it_says_so_when_everything_was_exported_before(
    redis: Redis, worker: Worker, done: ExportRecord
) -> None:
    """`--all` printed nothing at all, and nobody knew whether it had done anything."""
    assert (await volley("moscow", "--all")).stdout == "The provider lists no deferred task.\n"
    await keep(redis, done)
    ran = await volley("moscow", "--task", "5")
    assert ran.stdout.startswith("Nothing new. task 5 (march): done, 1,200 rows")
    assert ran.stdout.endswith("; --again fetches it anew\n")
    await keep(redis, ExportRecord(task=4, state=ExportState.FAILED))
    ran = await volley("moscow", "--all")
    assert ran.stdout == (
        "Nothing new: 1 of 2 tasks were exported before, 1 that failed stay so; --again fetches anew.\n"
    )
    assert len(orjson.loads((await volley("moscow", "--all", "--json")).stdout)["tasks"]) == 2


async def test_what_was_exported_before_is_counted_beside_what_is_new(
    redis: Redis, worker: Worker, done: ExportRecord
) -> None:
    await keep(redis, done, ExportRecord(task=4, state=ExportState.FAILED))
    worker.ends = [replace(done, task=6)]
    ran = await volley("moscow", "--all")
    assert ran.stdout.startswith("task 6 (march): done, 1,200 rows")
    assert ran.stdout.endswith("\n1 of 3 tasks were exported before; --again fetches them anew.\n")


async def test_only_a_failed_task_can_be_forgotten(redis: Redis, worker: Worker, done: ExportRecord) -> None:
    """A typo was shown as a failure, with exit status 1, for ever."""
    ran = await volley("moscow", "--forget", "7")
    assert (ran.exit_code, "nothing is known of task 7" in ran.stderr) == (1, True)
    await keep(redis, done, ExportRecord(task=7, state=ExportState.FAILED))
    ran = await volley("moscow", "--forget", "5")
    assert (ran.exit_code, "only a failed task can be forgotten: task 5 (march): done" in ran.stderr) == (1, True)
    assert worker.wishes == []
    await volley("moscow", "--forget", "7")
    assert worker.wishes == [(["7"], "forget")]


async def test_a_copy_is_whole_and_is_the_recorded_file(redis: Redis, done: ExportRecord, tmp_path: Path) -> None:
    await keep(redis, done)
    copies = tmp_path / "copies"
    told = orjson.loads((await volley("moscow", "--folder", str(copies), "--json")).stdout)
    assert told["tasks"][0]["copy"] == str(copies / "moscow-5.csv")
    assert [(path.name, path.read_bytes()) for path in copies.iterdir()] == [("moscow-5.csv", DATA)]
    await keep(redis, replace(done, sha256="0" * 64))
    ran = await volley("moscow", "--folder", str(copies))
    assert (ran.exit_code, "is not the file that was downloaded" in ran.stderr) == (1, True)
    await keep(redis, replace(done, file=str(tmp_path / "elsewhere.csv")))
    ran = await volley("moscow", "--folder", str(copies))
    assert (ran.exit_code, "No such file" in ran.stderr) == (1, True)
    assert [path.name for path in copies.iterdir()] == ["moscow-5.csv"]


async def test_watching_tells_each_change_and_asks_anew_until_ctrl_c(
    worker: Worker, done: ExportRecord, monkeypatch: pytest.MonkeyPatch
) -> None:
    told: list[ExportRecord] = []

    def say(records: list[ExportRecord]) -> None:
        told.extend(records)
        if len(worker.wishes) == 3:
            raise KeyboardInterrupt

    monkeypatch.setattr(export_command, "_say", say)
    worker.ends = [replace(done, state=ExportState.APPLYING), done]
    ran = await volley("moscow", "--watch", "--again")
    assert ran.exit_code == 0
    assert [record.state for record in told] == ["applying", "done"]
    assert [manner for _, manner in worker.wishes] == ["again", "once", "once"]


@pytest.mark.parametrize(
    ("record", "said"),
    [
        (ExportRecord(task=1), "task 1: wanted, asked for"),
        (ExportRecord(task=1, words="running"), "task 1: wanted, running"),
        (
            ExportRecord(task=1, state=ExportState.DOWNLOADING, fetched=2_500_000, attempts=2, words="it broke off"),
            "task 1: downloading, 2.5 MB, attempt 2: it broke off",
        ),
        (
            ExportRecord(task=1, state=ExportState.APPLYING, rows=10, matched=10, size=4_000_000, offset=1_000_000),
            "task 1: applying, 10 rows (10 ours, 0 unknown, 0 bad; 0 told something new) of 4.0 MB (25%)",
        ),
        (
            ExportRecord(task=1, state=ExportState.DONE, file="f"),
            "task 1: done, 0 rows (0 ours, 0 unknown, 0 bad; 0 told something new), f (0.0 kB)" + EMPTY,
        ),
        (
            ExportRecord(task=1, state=ExportState.DOWNLOADING, fetched=53_210, attempts=1),
            "task 1: downloading, 53.2 kB, attempt 1",
        ),
        (ExportRecord(task=1, state=ExportState.FAILED, words="no"), "task 1: failed: no"),
    ],
)
def test_each_state_is_said_in_one_line(record: ExportRecord, said: str) -> None:
    assert line(record) == said


def test_a_record_is_read_back_as_it_was_written_and_by_older_and_newer_programs() -> None:
    assert ExportRecord.unpack(DONE.pack()) == DONE
    told = orjson.loads(DONE.pack())
    del told["moved"]
    assert ExportRecord.unpack(orjson.dumps(told | {"new": 1})) == replace(DONE, moved=0)
    assert Manner("again") is Manner.AGAIN
