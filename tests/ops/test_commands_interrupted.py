"""Ctrl-C in the middle of each command that waits: one word, the status of an interrupted program, no traceback."""

import fcntl
import signal
import subprocess
import sys
import termios
from array import array
from collections.abc import Sequence
from contextlib import suppress
from subprocess import PIPE

import pytest
from redis.asyncio import Redis

from producer.client import CampaignProducer
from producer.contract import keys
from producer.contract.messages import AccountName, CampaignId, MessageRecord
from producer.contract.states import State
from producer.directory import announce
from producer.pool import connect
from tests.support import run_to_end, running, wait_until
from tests.worker.plain import plain_account
from tests.worker.scene import entry, numbers

VOLLEY = [sys.executable, "-m", "ops.cli"]
ATHENS = AccountName("athens")


@pytest.fixture
async def environment(redis: Redis, redis_url: str) -> dict[str, str]:
    """A Redis on which everything waits for a worker that there is none of."""
    client = connect(redis_url)
    await announce(client, [entry(plain_account(ATHENS))])
    await CampaignProducer(client).submit(
        account_name=ATHENS, text="Hello", recipients=numbers(3), campaign_id="spring"
    )
    await client.aclose()
    doubted = MessageRecord(state=State.UNCERTAIN, attempts=1, changed_at=1_700_000_000)
    await redis.hset(keys.records(CampaignId("spring"), 0), "0", doubted.pack())
    return {"REDIS_URL": redis_url}


async def interrupted(process: subprocess.Popen[str]) -> tuple[int, str]:
    """The status and what was said on standard error after Ctrl-C."""
    process.send_signal(signal.SIGINT)
    _, said = process.communicate(timeout=60)
    return process.returncode, said.strip()


@pytest.mark.parametrize(
    "words",
    [
        ("provider", "athens", "balance"),
        ("export", "athens", "--all"),
        ("uncertain", "resolve", "spring/0.0", "sent", "--yes"),
        ("message", "spring/0.0", "--ask"),
    ],
    ids=lambda words: words[0],
)
async def test_while_a_worker_is_waited_for(environment: dict[str, str], redis: Redis, words: Sequence[str]) -> None:
    with running([*VOLLEY, *words], env=environment, stdout=PIPE, stderr=PIPE) as process:
        await wait_until(lambda: redis.zcard(keys.CONTROL_TRACK), description="the job is there")
        assert await interrupted(process) == (130, "interrupted")


async def test_while_a_message_is_waited_for(environment: dict[str, str]) -> None:
    words = ["send", "--account", ATHENS, "--to", "306912345678", "--text", "x", "--wait", "60"]
    with running([*VOLLEY, *words], env=environment, stdout=PIPE, stderr=PIPE) as process:
        assert process.stdout is not None
        assert process.stdout.readline().startswith("single.athens.")
        assert await interrupted(process) == (130, "interrupted")


async def test_while_recipients_are_read_nothing_is_left_behind(environment: dict[str, str], redis: Redis) -> None:
    words = ["submit", "--account", ATHENS, "--text", "x", "--recipients", "-", "--campaign", "autumn"]
    with running([*VOLLEY, *words], env=environment, stdin=PIPE, stdout=PIPE, stderr=PIPE) as process:
        assert process.stdin is not None
        process.stdin.write("to\n306912345678\n")
        process.stdin.flush()
        written = process.stdin.fileno()
        await wait_until(lambda: not _unread(written), description="it has read what there is")
        assert await interrupted(process) == (130, "interrupted")
    assert await redis.zscore(keys.CAMPAIGNS, "autumn") is None


def _unread(handle: int) -> int:
    """How many bytes wait in a pipe."""
    found = array("i", [0])
    fcntl.ioctl(handle, termios.FIONREAD, found)
    return found[0]


@pytest.mark.parametrize(
    ("words", "status"), [(("status", "spring", "--watch"), 0), (("status", "spring", "--watch", "--json"), 0)]
)
async def test_watching_ends_well(environment: dict[str, str], words: Sequence[str], status: int) -> None:
    with running([*VOLLEY, *words], env=environment, stdout=PIPE, stderr=PIPE) as process:
        assert process.stdout is not None
        assert "spring" in process.stdout.readline()
        assert await interrupted(process) == (status, "")


async def test_the_page_ends_well(environment: dict[str, str]) -> None:
    with running([*VOLLEY, "web", "--port", "0"], env=environment, stdout=PIPE, stderr=PIPE) as process:
        assert process.stdout is not None
        assert process.stdout.readline()
        status, said = await interrupted(process)
        assert status in {0, 130}
        assert "Traceback" not in said


@pytest.mark.parametrize(
    "words", [("uncertain", "resolve", "spring/0.0", "sent"), ("forget", "306912345678")], ids=lambda words: words[0]
)
async def test_nothing_is_asked_of_a_closed_standard_input(
    environment: dict[str, str], redis: Redis, words: Sequence[str]
) -> None:
    """What asks without --yes is wrong usage where nobody can answer, and changes nothing."""
    ran = run_to_end([*VOLLEY, *words], env=environment)
    assert ran.returncode == 2
    assert "say --yes" in ran.stderr
    assert "interrupted" not in ran.stderr
    assert await redis.zcard(keys.CONTROL_TRACK) == 0


async def test_ctrl_c_at_a_question_is_an_interruption(environment: dict[str, str]) -> None:
    words = ["uncertain", "resolve", "spring/0.0", "sent"]
    with running([*VOLLEY, *words], env=environment, stdin=PIPE, stdout=PIPE, stderr=PIPE) as process:
        assert process.stderr is not None
        asked = ""
        while not asked.endswith("Go on?"):
            asked += process.stderr.read(1)
        for _ in range(60):  # Python loses one that comes right before it begins to read
            process.send_signal(signal.SIGINT)
            with suppress(subprocess.TimeoutExpired):
                process.wait(1)
                break
        assert process.poll() == 130  # its input is still open
        assert process.stderr.read().strip().endswith("interrupted")
