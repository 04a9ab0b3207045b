"""`volley doctor` on a real system: a well one, and one in which everything is wrong."""

import json
import os
import re
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from subprocess import PIPE
from typing import Any

import pytest
from redis.asyncio import Redis

from ops.process_family import free_port
from tests.support import run_to_end, running, wait_until
from tests.support_fixtures import TIMES, accounts_of
from tests.support_provider import Provider, provider_at, sandbox_process

SECRET = "a-secret-of-our-own"
_SLOW = re.compile(r"^notice  (?:redis distance|redis clock|provider clock)\b", re.MULTILINE)
"""What is rightly said of a machine that is too busy to answer at once."""


@pytest.fixture(scope="module")
def doctor_sandbox_url() -> Iterator[str]:
    with sandbox_process([*TIMES, *accounts_of("north")]) as url:
        yield url


@pytest.fixture
async def provider(doctor_sandbox_url: str) -> Any:
    async with provider_at(doctor_sandbox_url) as found:
        yield found


def settings_at(folder: Path, url: str, more: str = "") -> None:
    (folder / "volley.toml").write_text(
        f'[accounts.moscow]\nfamily = "smsc"\nbase_url = "{url}"\nlogin = "north"\npassword = "north-secret"\n'
        f'callback_secret = "{SECRET}"\n'
        f'[accounts.athens]\nfamily = "restv2"\nbase_url = "{url}"\nkey = "north-key"\n{more}'
    )


@pytest.fixture
def environment(redis: Redis, redis_url: str, provider: Provider, tmp_path: Path) -> dict[str, str]:
    settings_at(tmp_path, provider.url)
    return {"REDIS_URL": redis_url, "VOLLEY_CONFIG": os.fspath(tmp_path / "volley.toml")}


@pytest.fixture
async def well(environment: dict[str, str], redis: Redis) -> Any:
    """A worker and a page; the page's address."""
    port = free_port()
    with ExitStack() as stack:
        for words in (["worker", "all"], ["ops.cli", "web", "--port", str(port)]):
            command = [sys.executable, "-m", *words]
            stack.enter_context(running(command, env=environment, stdout=PIPE, stderr=PIPE))
        address = f"http://127.0.0.1:{port}"
        await wait_until(lambda: redis.zcard("volley:workers"), description="a heartbeat")
        await wait_until(lambda: _listens(port), description="the page listens")
        yield address


def _listens(port: int) -> bool:

    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


def doctor(environment: dict[str, str], *words: str) -> subprocess.CompletedProcess[str]:
    return run_to_end([sys.executable, "-m", "ops.cli", "doctor", *words], env=environment)


def checks(ran: subprocess.CompletedProcess[str]) -> dict[tuple[str, str], dict[str, str]]:
    """By name and subject."""
    return {(check["name"], check["subject"]): check for check in json.loads(ran.stdout)["checks"]}


async def test_a_well_system_is_well(environment: dict[str, str], well: str, provider: Provider) -> None:
    ran = doctor(environment, "--public", well, "--json")
    assert json.loads(ran.stdout)["healthy"] is True, ran.stdout
    assert ran.returncode == 0
    found = checks(ran)
    assert {name for name, _ in found} == {
        *("configuration", "limits", "redis", "redis version", "redis persistence", "redis maxmemory-policy"),
        *("redis memory", "redis distance", "redis clock", "send workers", "track workers", "account", "provider"),
        *("provider clock", "callbacks"),
    }
    assert found["callbacks", "moscow"]["said"] == f"{well} leads to us"
    assert found["provider", "athens"]["said"].startswith("accepts us; balance ")
    assert (await provider.summary("smsc/north"))["violations"] == {}
    shown = doctor(environment, "--public", well).stdout
    assert "ok      provider moscow: accepts us; balance " in shown
    slow = _SLOW.findall(shown)
    assert shown.endswith(f" checks: {f'{len(slow)} worth a look' if slow else 'all is well'}.\n"), shown


async def test_each_thing_that_is_wrong_is_said_with_its_remedy(
    environment: dict[str, str], provider: Provider, tmp_path: Path
) -> None:
    settings_at(
        tmp_path, provider.url, "[accounts.lost]\nfamily = 'smsc'\nbase_url = 'http://127.0.0.1:1'\nkey = 'k'\n"
    )
    await provider.switch("smsc/north", wrong_credentials=True)
    await provider.switch("restv2/north", balance="0")
    ran = doctor(environment, "--public", "http://127.0.0.1:1", "--json")
    assert ran.returncode == 1
    wrong = {key for key, check in checks(ran).items() if check["health"] == "wrong"}
    assert wrong == {
        *(("send workers", ""), ("track workers", "")),
        *(("provider", name) for name in ("moscow", "athens", "lost")),
        ("callbacks", "moscow"),
    }
    assert all(check["remedy"] for key, check in checks(ran).items() if key in wrong)
    shown = doctor(environment).stdout
    assert "wrong   provider moscow: " in shown
    assert "        -> Correct login and password, or the key, in volley.toml" in shown
    assert "5 wrong, 1 not looked at." in shown


async def test_offline_nobody_is_asked(environment: dict[str, str], provider: Provider) -> None:
    found = checks(doctor(environment, "--offline", "--json"))
    assert not {"provider", "callbacks"} & {name for name, _ in found}
    assert (await provider.summary("smsc/north"))["requests"] == {}


def test_without_settings_and_without_redis_it_says_both(environment: dict[str, str]) -> None:
    ran = doctor({"REDIS_URL": "redis://:pass@127.0.0.1:1", "VOLLEY_CONFIG": "/nowhere/volley.toml"})
    assert ran.returncode == 1
    assert "cannot read /nowhere/volley.toml" in ran.stdout
    assert "wrong   redis: Redis at redis://127.0.0.1:1 does not answer" in ran.stdout
    assert "skipped workers and providers: not looked at" in ran.stdout
    assert ran.stdout.endswith("3 checks: 2 wrong, 1 not looked at.\n")
    assert ran.stderr == ""


def test_without_redis_the_settings_are_looked_at_all_the_same(environment: dict[str, str]) -> None:
    found = checks(doctor({**environment, "REDIS_URL": "redis://127.0.0.1:1"}, "--json"))
    assert {key for key, check in found.items() if check["health"] == "wrong"} == {("redis", "")}
    assert found["configuration", ""]["said"] == "2 accounts: moscow (smsc), athens (restv2)"
    assert ("limits", "moscow") in found


def test_a_password_that_redis_refuses_is_told(environment: dict[str, str]) -> None:
    """The error used to end in advice to run `volley doctor`, which was what said it."""
    address = environment["REDIS_URL"].replace("unix://", "unix://:wrong@")
    told = checks(doctor({**environment, "REDIS_URL": address}, "--json"))["redis", ""]
    assert "AUTH" in told["said"]
    assert "doctor" not in told["said"]
    assert told["remedy"].startswith("Check REDIS_URL")


async def test_ctrl_c_ends_it_at_once_without_a_traceback(environment: dict[str, str], provider: Provider) -> None:
    await provider.switch("smsc/north", latency=30)
    command = [sys.executable, "-m", "ops.cli", "doctor"]
    with running(command, env=environment, stdout=PIPE, stderr=PIPE) as process:
        assert process.stdout is not None
        while "track workers" not in process.stdout.readline():
            pass
        process.send_signal(signal.SIGINT)
        _, said = process.communicate(timeout=60)
    assert (process.returncode, said.strip()) == (130, "interrupted")
