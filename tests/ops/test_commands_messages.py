"""The commands about single messages, decisions and processes, with real workers where they matter."""

import asyncio
import json
import os
import signal
import subprocess
import sys
from collections.abc import AsyncIterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from subprocess import PIPE
from typing import cast

import pytest
from click.testing import CliRunner
from redis.asyncio import Redis

from ops.audit import AuditLog
from ops.commands import health, uncertain
from ops.programs import run_until_it_ends
from ops.readings import WorkerReading
from producer.contract import keys
from producer.contract.client import Client
from producer.contract.messages import AccountName
from producer.directory import announce
from producer.pool import connect
from tests.support import run_to_end, running, wait_until
from worker.app import App
from worker.settings import load

LOST = "306920000981"  # the sandbox accepts it and closes the connection without an answer


@pytest.fixture
async def settings(redis: Redis, redis_url: str, sandbox: str, tmp_path: Path) -> dict[str, str]:
    """The environment of a command: an account at the sandbox, announced in an empty Redis."""
    (tmp_path / "volley.toml").write_text(
        f'[accounts.athens]\nfamily = "restv2"\nbase_url = "{sandbox}"\nkey = "demo-key"\n'
        "[tracking]\npoll_every = 0.3\nlookup_grace = 60\n[sending]\nrequest_timeout = 3\nstop_within = 2\n"
    )
    environment = {"REDIS_URL": redis_url, "VOLLEY_CONFIG": os.fspath(tmp_path / "volley.toml")}
    client = connect(redis_url)
    await announce(client, App(load(environment), client).entries())
    await client.aclose()
    return environment


@pytest.fixture
async def worker(settings: dict[str, str], redis: Redis) -> AsyncIterator[subprocess.Popen[str]]:
    """A worker at work: it has beaten and polled."""
    with running([sys.executable, "-m", "worker", "all"], env=settings, stderr=PIPE) as process:
        poll = keys.cursors(AccountName("athens"))
        at_work = "a heartbeat and a first poll of the account"
        await wait_until(lambda: redis.zcard(keys.WORKERS), description=at_work)
        await wait_until(lambda: redis.exists(poll, keys.reader(AccountName("athens"))), description=at_work)
        yield process


def volley(settings: dict[str, str], *words: str) -> subprocess.CompletedProcess[str]:
    return run_to_end([sys.executable, "-m", "ops.cli", *words], env=settings)


def send(settings: dict[str, str], to: str, *words: str) -> subprocess.CompletedProcess[str]:
    return volley(settings, "send", "--account", "athens", "--to", to, "--text", "Hello", *words)


def lost(settings: dict[str, str]) -> str:
    """A message of the key `lost` whose answer was lost, once the books say so."""
    message = send(settings, LOST, "--key", "lost").stdout.strip()

    async def doubted() -> None:
        async with Redis.from_url(settings["REDIS_URL"]) as client:
            listed = keys.uncertain(AccountName("athens"))
            await wait_until(lambda: client.zcard(listed), description="it is uncertain")

    asyncio.run(doubted())
    return message


def test_send_prints_the_id_and_the_same_key_is_the_same_message(settings: dict[str, str]) -> None:
    first, second, other = (send(settings, "306920000001", "--key", key) for key in ("a", "a", "b"))
    assert first.returncode == 0, first.stderr
    assert first.stdout.startswith("single.athens.")
    assert second.stdout == first.stdout != other.stdout


def test_send_refuses_a_number_that_is_none(settings: dict[str, str]) -> None:
    ran = send(settings, "30692")
    assert (ran.returncode, ran.stderr) == (1, "Error: too short for +30: 5 digits, expected 12\n")


def test_send_can_wait_for_the_final_state(settings: dict[str, str], worker: subprocess.Popen[str]) -> None:
    good = send(settings, "306920000002", "--wait", "60", "--json")
    assert good.returncode == 0, good.stdout
    assert json.loads(good.stdout)["state"] == "delivered"
    bad = send(settings, "306920000967", "--wait", "60")
    assert bad.returncode == 1
    assert bad.stdout.splitlines()[1].startswith("rejected: restv2.error.103")


def test_a_person_decides_about_an_uncertain_message(settings: dict[str, str], worker: subprocess.Popen[str]) -> None:
    message = lost(settings)
    again, state = send(settings, LOST, "--key", "lost", "--wait", "1").stdout.splitlines()
    assert again == message
    assert state.startswith("uncertain, and not final after 1 s: volley.answer_lost")
    [row] = json.loads(volley(settings, "uncertain", "list", "--json").stdout)["messages"]
    assert (row["message"], row["account"]) == (message, "athens")
    decided = volley(settings, "uncertain", "resolve", message, "failed", "--yes", "--json")
    assert json.loads(decided.stdout) == {"message": message, "state": "rejected"}
    late = volley(settings, "uncertain", "resolve", message, "resend", "--yes")
    assert late.returncode == 1
    assert "is rejected, not uncertain" in late.stderr
    assert volley(settings, "uncertain", "list").stdout == "No message is uncertain.\n"


def test_of_decisions_at_one_moment_one_is_made(settings: dict[str, str], worker: subprocess.Popen[str]) -> None:
    """All three were told that theirs was carried out, and the audit log had three entries."""
    message = lost(settings)
    decisions = ("sent", "failed", "sent")  # one sent again would be uncertain anew at once
    with ThreadPoolExecutor(len(decisions)) as at_once:
        ran = list(
            at_once.map(lambda each: volley(settings, "uncertain", "resolve", message, each, "--yes"), decisions)
        )
    assert sorted(each.returncode for each in ran) == [0, 1, 1], ran
    for each in ran:
        assert each.returncode == 0 or "somebody else decided" in each.stderr or "not uncertain" in each.stderr
    [(made, said)] = [(which, each.stdout) for which, each in zip(decisions, ran, strict=True) if not each.returncode]
    assert {"sent": "submitted", "failed": "rejected"}[made] in said

    async def acts() -> list[tuple[str, str]]:
        async with Redis.from_url(settings["REDIS_URL"]) as client:
            entries = (await AuditLog(cast("Client", client)).read()).entries
            return [(entry.action, entry.before) for entry in entries if not entry.failure]

    assert asyncio.run(acts()) == [(f"message.{made}", "uncertain")]


async def test_sigterm_reaches_the_worker_and_its_exit_status_is_ours(settings: dict[str, str], redis: Redis) -> None:
    with running([sys.executable, "-m", "ops.cli", "worker", "all"], env=settings, stderr=PIPE) as process:
        await wait_until(lambda: redis.zcard(keys.WORKERS), description="the worker's heartbeat")
        process.send_signal(signal.SIGTERM)
        assert process.wait(60) == 0
        assert process.stderr is not None
        assert "worker_stopped" in process.stderr.read()


def test_a_worker_that_cannot_start_says_why(settings: dict[str, str]) -> None:
    ran = volley({**settings, "VOLLEY_CONFIG": "/nowhere/volley.toml"}, "worker", "send")
    assert ran.returncode == 1
    assert "cannot read /nowhere/volley.toml" in ran.stderr


def test_health_is_good_when_a_live_worker_plays_each_role(
    settings: dict[str, str], worker: subprocess.Popen[str]
) -> None:
    ran = volley(settings, "health", "--json")
    record = json.loads(ran.stdout)
    assert ran.returncode == 0, record
    assert record["workers"] == {"send": 1, "track": 1}
    assert record["oldest_beat_seconds"] < 5


def test_health_names_the_role_that_nobody_plays() -> None:
    sender = WorkerReading(id="a", beat_ago=1.2, roles=frozenset({"send"}))
    dead = WorkerReading(id="b", beat_ago=50.0, roles=frozenset({"track"}))
    assert health.verdict([sender, dead]) == {
        "healthy": False,
        "redis": True,
        "workers": {"send": 1, "track": 0},
        "oldest_beat_seconds": 1.2,
        "why": ["no track worker is alive: volley worker track"],
    }


def test_a_probe_of_one_role_asks_for_no_other(settings: dict[str, str]) -> None:
    with running([sys.executable, "-m", "ops.cli", "worker", "track"], env=settings, stderr=PIPE):
        ran = volley(settings, "health", "--role", "track")
        while ran.returncode:  # until its first heartbeat
            assert "no track worker is alive" in ran.stdout
            ran = volley(settings, "health", "--role", "track")
        assert volley(settings, "health").returncode == 1
        assert "no send worker is alive" in volley(settings, "health", "--role", "send").stdout


def test_health_without_a_redis_is_bad(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("ops.commands.session._ANSWERS_IN", 0.1)
    monkeypatch.setenv("REDIS_URL", "redis://127.0.0.1:1/0")
    from ops.cli import main  # noqa: PLC0415

    ran = CliRunner().invoke(main, ["health", "--json"])
    assert ran.exit_code == 1
    assert json.loads(ran.stdout)["redis"] is False


def test_a_decision_that_no_track_worker_takes_is_said_so_and_waits(
    settings: dict[str, str], redis_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is a job in the control queue: the next track worker carries it out."""
    message = send(settings, "306920000001").stdout.strip()
    campaign = message.partition("/")[0]

    async def doubt() -> None:
        async with Redis.from_url(redis_url) as client:
            await client.hset(f"volley:campaign:{campaign}:m:0", "0", "n|1|1700000000|0||volley.answer_lost")

    asyncio.run(doubt())
    monkeypatch.setattr(uncertain, "_WITHIN", 0.2)
    monkeypatch.setenv("REDIS_URL", redis_url)
    ran = CliRunner().invoke(uncertain.uncertain, ["resolve", message, "sent", "--yes"], standalone_mode=False)
    assert "no track worker answered" in str(ran.exception)

    async def queued() -> list[bytes]:
        async with Redis.from_url(redis_url) as client:
            jobs: list[bytes] = await client.zrange(keys.CONTROL_TRACK, 0, -1)
            return jobs

    [job] = asyncio.run(queued())
    assert job.startswith(f"resolve:{message}:sent:".encode())


@pytest.mark.parametrize(
    ("code", "status"), [("raise SystemExit(7)", 7), ("import os; os.kill(os.getpid(), 9)", 137)]
)
def test_a_child_in_the_foreground_gives_its_exit_status(code: str, status: int) -> None:
    assert run_until_it_ends([sys.executable, "-c", code], dict(os.environ)) == status


async def test_a_worker_is_told_to_stop_when_its_command_is_killed(settings: dict[str, str], redis: Redis) -> None:
    with running([sys.executable, "-m", "ops.cli", "worker", "track"], env=settings, stderr=PIPE) as process:
        await wait_until(lambda: redis.zcard(keys.WORKERS), description="the worker's heartbeat")
        process.kill()
        gone = "the worker left in order: a dead one would stay listed"
        await wait_until(lambda: _nobody(redis), description=gone)


async def _nobody(redis: Redis) -> bool:
    return await redis.zcard(keys.WORKERS) == 0
