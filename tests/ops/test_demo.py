"""The demo: what it sends, and the whole of it as a newcomer runs it."""

import json
import os
import subprocess
import sys
import urllib.request
from collections import Counter
from itertools import chain
from pathlib import Path
from subprocess import PIPE

import pytest
import redis as blocking
from click.testing import CliRunner
from redis.asyncio import Redis

from ops.cli import main
from ops.demo_recipients import is_russian, write_lists
from ops.demo_settings import ATHENS, MOSCOW, MOST_IN_MOSCOW, Plan, settings_text
from producer.contract import keys
from producer.contract.campaigns import Recipient, Refusal
from producer.recipients import read_recipients
from tests.support import CHECKOUT, first_line, running, wait_until
from worker.settings import parse


def lists(folder: Path) -> dict[str, list[Recipient | Refusal]]:
    return {name: list(read_recipients(folder / f"{name}.csv")) for name in (ATHENS, MOSCOW)}


def test_every_row_of_the_sample_is_in_one_list_on_its_own_line(tmp_path: Path) -> None:
    plan = write_lists(tmp_path, 2000)
    found = lists(tmp_path)
    lines = Counter(row.line for row in chain(*found.values()))
    assert lines == Counter(range(2, 2002))
    assert plan.total == 2000
    assert {row.msisdn[:1] for row in found[MOSCOW] if isinstance(row, Recipient)} == {"7"}
    assert {row.msisdn[:2] for row in found[ATHENS] if isinstance(row, Recipient)} == {"30"}
    assert sum(isinstance(row, Refusal) for row in chain(*found.values())) == 12


def test_a_large_demo_doubles_nobody_and_spares_the_account_that_is_slow_to_tell(tmp_path: Path) -> None:
    plan = write_lists(tmp_path, 60_000)
    assert plan.counts == {ATHENS: 40_000, MOSCOW: MOST_IN_MOSCOW}
    numbers = Counter(row.msisdn for row in chain(*lists(tmp_path).values()) if isinstance(row, Recipient))
    assert sum(count - 1 for count in numbers.values()) == 20  # those of the shipped sample


@pytest.mark.parametrize(("line", "russian"), [("+7 (935) 1,A", True), ("00793,A", True), ("0030693,A", False)])
def test_a_number_is_told_by_its_country_code_however_it_is_spelled(line: str, russian: bool) -> None:  # noqa: FBT001
    assert is_russian(line) is russian


def test_the_settings_of_the_demo_are_ones_that_a_worker_takes() -> None:
    import tomllib  # noqa: PLC0415

    environment = {"REDIS_URL": "redis://", "DEMO_SMSC_PASSWORD": "a", "DEMO_RESTV2_KEY": "b"}
    for counts in ({ATHENS: 1000, MOSCOW: 1000}, {ATHENS: 900_000, MOSCOW: 20_000}):
        text = settings_text("http://127.0.0.1:8025", Plan(counts=counts))
        assert set(parse(tomllib.loads(text), environment).accounts) == {ATHENS, MOSCOW}
        assert "secret" not in text


@pytest.mark.parametrize(("in_moscow", "seconds"), [(984, 15), (6000, 150), (20_000, 150)])
def test_a_large_demo_waits_for_the_reports_that_are_told_one_by_one(in_moscow: int, seconds: float) -> None:
    """Of 6,000 messages over moscow 926 were given up after 15 s, although every one of them was delivered."""
    assert Plan(counts={ATHENS: 1000, MOSCOW: in_moscow}).give_up_after == seconds


@pytest.mark.slow
def test_the_demo_ends_when_every_recipient_is_final(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "ops.cli", "demo", "--recipients", "82", "--json"]
    ran = subprocess.run(command, cwd=CHECKOUT, capture_output=True, text=True, check=False, timeout=300)
    assert ran.returncode == 0, ran.stderr
    summary = json.loads(ran.stdout)
    assert sum(summary["states"].values()) == summary["total"] > 75
    open_states = {"queued", "in_flight", "submitted", "enroute", "deferred", "uncertain"}
    assert not any(summary["states"][state] for state in open_states)
    assert summary["accepted_more_than_once"] == 0
    assert summary["requests_over_limit"] == {}
    assert [each["account"] for each in summary["campaigns"]] == [ATHENS, MOSCOW]
    assert "final" in ran.stderr


async def test_no_child_survives_a_demo_that_is_killed(tmp_path: Path) -> None:
    environment = {"TMPDIR": os.fspath(tmp_path)}
    command = [sys.executable, "-m", "ops.cli", "demo"]
    with running(command, env=environment, stdout=PIPE) as process:
        while "demo-athens:" not in first_line(process):
            pass
        assert len(children(tmp_path)) >= 4  # the sandbox, two workers and the page, besides Redis
        process.kill()
        await wait_until(lambda: not children(tmp_path), description="all children gone")


def test_the_demos_page_is_opened_by_the_link_that_it_prints(tmp_path: Path) -> None:
    """Whatever users and tokens the shell has for a real page."""
    environment = {"TMPDIR": os.fspath(tmp_path), "VOLLEY_WEB_TOKEN": "a long enough random text"}
    with running([sys.executable, "-m", "ops.cli", "demo"], env=environment, stdout=PIPE) as process:
        while not (line := first_line(process)).startswith("The page: "):
            pass
        browser = urllib.request.build_opener(urllib.request.HTTPCookieProcessor())
        with browser.open(line.removeprefix("The page: ").strip(), timeout=60) as answer:
            assert answer.status == 200
            assert "this machine" in answer.read().decode()
        process.send_signal(2)
        assert process.wait(60) == 130


def test_ctrl_c_ends_the_demo_with_all_its_children_and_its_folder(tmp_path: Path) -> None:
    """Once it did not: the cancellation was lost in redis-py, and the demo went on as if nothing had been said."""
    with running(
        [sys.executable, "-m", "ops.cli", "demo"], env={"TMPDIR": os.fspath(tmp_path)}, stdout=PIPE, stderr=PIPE
    ) as process:
        while "demo-athens:" not in first_line(process):
            pass
        process.send_signal(2)
        assert process.wait(60) == 130
        assert process.stderr is not None
        assert process.stderr.read() == "\ninterrupted\n"
    assert children(tmp_path) == []
    assert list(tmp_path.glob("volley-demo-*")) == []


def children(folder: Path) -> list[int]:
    """Live processes that were started with this folder for temporary files, except the demo itself."""
    mark = f"TMPDIR={folder}".encode()
    found = []
    for place in Path("/proc").glob("[0-9]*"):
        try:
            words, told = (place / "cmdline").read_bytes(), (place / "environ").read_bytes()
        except OSError:
            continue
        if mark in told.split(b"\0") and b"demo" not in words.split(b"\0"):
            found.append(int(place.name))
    return found


def test_the_demo_keeps_away_from_a_redis_that_is_in_use(redis: Redis, redis_url: str) -> None:
    """Its accounts are called as those of the README: real workers must not get its recipients, nor it theirs."""
    entry = {"name": "moscow", "family": "smsc", "host": "smscentre.com", "login": "x", "rate": 1.0, "in_flight": 1}
    books = blocking.Redis.from_url(redis_url)
    books.hset(keys.ACCOUNTS, "moscow", json.dumps({**entry, "batch": 1, "longest_text": 1000}))
    ran = subprocess.run(
        [sys.executable, "-m", "ops.cli", "demo"],
        cwd=CHECKOUT,
        env={**os.environ, "REDIS_URL": redis_url},
        capture_output=True,
        text=True,
        check=False,
    )
    assert ran.returncode == 1
    assert ran.stderr.startswith("Error: the Redis that REDIS_URL names has an account 'moscow': unset REDIS_URL")
    assert books.keys("volley:campaign*") == []


def test_a_demo_of_one_recipient_is_wrong_usage() -> None:
    assert CliRunner().invoke(main, ["demo", "--recipients", "1"]).exit_code == 2
