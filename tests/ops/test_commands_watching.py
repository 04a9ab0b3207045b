"""`volley status --watch` and `volley top`: on a terminal, in lines, as JSON; each ends cleanly."""

import asyncio
import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from subprocess import PIPE
from typing import Any

import pytest
from redis.asyncio import Redis

from producer.client import CampaignProducer
from producer.contract import keys
from producer.directory import announce
from producer.pool import connect
from tests.support import CHECKOUT, run_to_end, running, wait_until
from tests.support_fixtures import TIMES, accounts_of
from tests.support_provider import sandbox_process
from tests.support_system import numbers as phones
from tests.support_terminal import Terminal, on_terminal
from tests.worker.plain import plain_account
from tests.worker.scene import entry, numbers

VOLLEY = [sys.executable, "-m", "ops.cli"]
WATCH = ["status", "--watch"]


@pytest.fixture
async def environment(redis: Redis, redis_url: str) -> dict[str, str]:
    """A Redis with one account and a campaign that waits for a worker."""
    client = connect(redis_url)
    await announce(client, [entry(plain_account("athens", rate=20.0))])
    await CampaignProducer(client).submit(
        account_name="athens", text="Hello", recipients=numbers(3), campaign_id="spring"
    )
    await client.aclose()
    return {"REDIS_URL": redis_url}


@pytest.fixture
def terminal(environment: dict[str, str], request: pytest.FixtureRequest) -> Iterator[Terminal]:
    with on_terminal([*VOLLEY, *request.param], env=environment) as found:
        yield found


def volley(environment: dict[str, str], *words: str) -> subprocess.CompletedProcess[str]:
    return run_to_end([*VOLLEY, *words], env=environment)


@pytest.mark.parametrize("terminal", [WATCH, ["top"]], indirect=True)
@pytest.mark.parametrize("end", ["q", "\x03"], ids=["q", "ctrl-c"])
async def test_it_is_live_until_a_key_or_ctrl_c_and_leaves_the_terminal_as_it_was(
    terminal: Terminal, end: str, environment: dict[str, str]
) -> None:
    await wait_until(lambda: "spring" in terminal.text, description="the first look")
    assert "No send worker is alive." in terminal.text
    redis = connect(environment["REDIS_URL"])
    await CampaignProducer(redis).submit(
        account_name="athens", text="Hello", recipients=numbers(2), campaign_id="autumn"
    )
    await redis.aclose()
    await wait_until(lambda: "autumn" in terminal.text, description="a later look shows what is new")
    terminal.press(end)
    assert await asyncio.to_thread(terminal.ended) == 0
    assert "Traceback" not in terminal.text
    assert terminal.drawn.rstrip().endswith((b"\x1b[?25h", b"\x1b[?1049l")), "the cursor, and the screen, are back"


@pytest.mark.parametrize("terminal", [["top"]], indirect=True)
async def test_top_shows_queues_workers_and_redis_on_a_screen_of_its_own(terminal: Terminal) -> None:
    await wait_until(lambda: "Valkey" in terminal.text, description="the first look")
    assert b"\x1b[?1049h" in terminal.drawn
    assert "athens:bulk" in terminal.text
    assert "none is alive: volley worker all" in terminal.text


def test_elsewhere_it_prints_lines_and_ends_after_so_many_looks(environment: dict[str, str]) -> None:
    ran = volley(environment, "top", "--count", "2", "--every", "0.2")
    assert (ran.returncode, ran.stderr) == (0, "")
    first, *rest = ran.stdout.splitlines()
    assert first.endswith("No send worker is alive. Start one: volley worker send.")
    assert rest.count("spring: 0 of 3 final, running; queued 3") == 2


@pytest.mark.parametrize("words", [[*WATCH, "--json"], ["top", "--json", "--every", "0.2"], WATCH])
def test_ctrl_c_ends_it_with_status_0_and_no_word(environment: dict[str, str], words: list[str]) -> None:
    with running([*VOLLEY, *words], env=environment, stdout=PIPE, stderr=PIPE) as process:
        assert process.stdout is not None
        line = process.stdout.readline()
        process.send_signal(signal.SIGINT)
        _, said = process.communicate(timeout=60)
    assert (process.returncode, said) == (0, "")
    if "--json" in words:
        record = json.loads(line)
        assert record["verdict"]["wrong"] == "No send worker is alive."
        assert [campaign["campaign"] for campaign in record["campaigns"]] == ["spring"]
        assert ("queues" in record) == ("top" in words)


def test_a_reader_that_goes_away_ends_it_without_a_traceback(environment: dict[str, str]) -> None:
    command = " ".join([*VOLLEY, "top", "--every", "0.2"])
    ran = subprocess.run(
        ["/bin/sh", "-c", f"{command} | head -1"],
        cwd=CHECKOUT,
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert len(ran.stdout.splitlines()) == 1
    assert "Traceback" not in ran.stderr


async def test_it_follows_real_workers_to_the_last_report(redis: Redis, redis_url: str, tmp_path: Path) -> None:
    """Two campaigns over both families, sent by a real worker to the sandbox, seen as JSON until all is final."""
    with sandbox_process([*TIMES, *accounts_of("north")]) as url:
        where = f'base_url = "{url}"\nlimits = {{ rate = 50 }}\n'
        (tmp_path / "volley.toml").write_text(
            f'[accounts.moscow]\nfamily = "smsc"\nlogin = "north"\npassword = "north-secret"\n{where}'
            f'[accounts.athens]\nfamily = "restv2"\nkey = "north-key"\n{where}'
            "[tracking]\npoll_every = 0.3\n"
        )
        environment = {"REDIS_URL": redis_url, "VOLLEY_CONFIG": os.fspath(tmp_path / "volley.toml")}
        with (
            running([sys.executable, "-m", "worker", "all"], env=environment, stderr=PIPE),
            running([*VOLLEY, "top", "--json", "--every", "0.5"], env=environment, stdout=PIPE) as top,
        ):
            await wait_until(lambda: redis.zcard(keys.WORKERS), description="the worker's heartbeat")
            client = connect(redis_url)
            producer = CampaignProducer(client)
            for account in ("moscow", "athens"):
                await producer.submit(
                    account_name=account, text="Hello", recipients=phones(150), campaign_id=f"to-{account}"
                )
            await client.aclose()
            looks = await asyncio.to_thread(looks_until_final, top)
    assert any(account["messages_per_second"] for look in looks for account in look["accounts"])
    assert any(look["verdict"]["doing"].startswith("Sending ") for look in looks)
    last = looks[-1]
    assert {found["campaign"]: found["states"]["delivered"] for found in last["campaigns"]} == {
        "to-moscow": 150,
        "to-athens": 150,
    }
    assert [account["state"] for account in last["accounts"]] == ["open", "open"]
    assert [worker["roles"] for worker in last["workers"]] == [["send", "track"]]


def looks_until_final(top: subprocess.Popen[str]) -> list[dict[str, Any]]:
    """Every look up to the first in which all of two campaigns is delivered."""
    assert top.stdout is not None
    looks = []
    for line in top.stdout:
        looks.append(json.loads(line))
        found = looks[-1]["campaigns"]
        if len(found) == 2 and all(one["states"]["delivered"] == one["total"] for one in found):
            return looks
    raise AssertionError(f"it ended before that: {looks[-1:]}")
