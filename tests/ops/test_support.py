"""The tests' own tools: a check that cannot fail is no check."""

import json
import os
import signal
import sys
from subprocess import PIPE

import pytest
from redis.asyncio import Redis

from producer.contract import keys
from producer.contract.messages import AccountName
from tests.support import PATIENCE, first_line, key_leaks, run_to_end, running, wait_until
from tests.support_forking import Forked


async def test_a_key_without_catalogue_row_is_a_leak(redis: Redis) -> None:
    await redis.set("volley:surprise:1", "x")
    leak = "key 'volley:surprise:1' is not in the catalogue of producer/contract/key_rows.py"
    assert await key_leaks(redis) == [leak]
    await redis.flushall()


async def test_a_key_that_should_expire_and_does_not_is_a_leak(redis: Redis) -> None:
    forever, passing = (keys.once(AccountName("moscow"), name) for name in ("forever", "passing"))
    await redis.set(forever, "x")
    await redis.set(passing, "x", ex=60)
    [leak] = await key_leaks(redis)
    assert "no TTL" in leak
    assert forever in leak
    await redis.flushall()


async def test_every_test_begins_with_an_empty_redis(redis: Redis) -> None:
    assert await redis.dbsize() == 0


async def test_waiting_in_vain_names_what_was_waited_for() -> None:
    with pytest.raises(AssertionError, match=r"after 0\.02 s still not: the moon is full \(last: None\)"):
        await wait_until(lambda: None, description="the moon is full", timeout=0.02)


async def test_waiting_gives_the_first_true_value_of_an_async_check() -> None:
    values = iter((0, None, "now"))

    async def check() -> object:
        return next(values)

    assert await wait_until(check, description="a value") == "now"


def test_a_process_that_ends_silently_fails_with_its_status() -> None:
    with (
        running([sys.executable, "-c", "raise SystemExit(3)"], stdout=PIPE) as process,
        pytest.raises(AssertionError, match="ended with 3"),
    ):
        first_line(process)


SANDBOX = [sys.executable, "-m", "ops.sandbox", "--port", "0"]


def test_a_program_of_ours_is_forked_and_is_a_process_in_its_own_right() -> None:
    with running(SANDBOX, env={"LANG": "C"}, stdout=PIPE) as one, running(SANDBOX, stdout=PIPE) as other:
        assert isinstance(one, Forked)
        assert len({one.pid, other.pid, os.getpid()}) == 3
        assert json.loads(first_line(one)) != json.loads(first_line(other))
        one.send_signal(signal.SIGKILL)
        assert one.wait(PATIENCE) == -signal.SIGKILL
        assert other.poll() is None
        other.send_signal(signal.SIGTERM)
        assert other.wait(PATIENCE) == 0


def test_a_forked_program_has_its_own_arguments_streams_and_exit_status() -> None:
    ran = run_to_end([sys.executable, "-m", "ops.cli", "no-such-command"])
    assert (ran.returncode, ran.stdout) == (2, "")
    assert "No such command 'no-such-command'" in ran.stderr
    assert run_to_end([sys.executable, "-m", "ops.cli", "--version"]).stdout.startswith("volley")


def test_a_forked_program_has_its_own_environment() -> None:
    ran = run_to_end([sys.executable, "-m", "worker", "describe"], env={"VOLLEY_CONFIG": "/nowhere/volley.toml"})
    assert (ran.returncode, ran.stdout) == (1, "")
    assert "/nowhere/volley.toml" in ran.stderr


def test_where_the_start_itself_matters_nothing_is_forked() -> None:
    with running(SANDBOX, stdout=PIPE, cold=True) as process:
        assert not isinstance(process, Forked)
        assert first_line(process).startswith("{")
