"""Looking at the settings from outside: what `python -m worker describe` and `examine` print, and hide."""

import asyncio
import os
import sys
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from subprocess import CompletedProcess
from typing import Any

import orjson
import pytest
from redis.asyncio import Redis

from producer.contract import keys
from producer.contract.messages import AccountName
from tests.support import run_to_end
from tests.support_fixtures import TIMES, accounts_of
from tests.support_provider import Provider, provider_at, sandbox_process

pytestmark = pytest.mark.xdist_group("describing")  # they share a sandbox
SECRET = "a-secret-of-our-own"


@pytest.fixture(scope="module")
def described_sandbox_url() -> Iterator[str]:
    with sandbox_process([*TIMES, *accounts_of("north")]) as url:
        yield url


@pytest.fixture
async def provider(described_sandbox_url: str) -> AsyncIterator[Provider]:
    async with provider_at(described_sandbox_url) as found:
        yield found


@pytest.fixture
def environment(provider: Provider, redis: Redis, redis_url: str, tmp_path: Path) -> dict[str, str]:
    """Two accounts of which one receives callbacks by itself, one by its cabinet."""
    where, public = f'base_url = "{provider.url}"', f'callback_secret = "{SECRET}"'
    (tmp_path / "volley.toml").write_text(
        f'[accounts.moscow]\nfamily = "smsc"\n{where}\nlogin = "north"\npassword = "north-secret"\n{public}\n'
        f'[accounts.athens]\nfamily = "restv2"\n{where}\nkey = "north-key"\nv3 = true\n{public}\n'
        'callback_base = "https://sms.example.com"\n'
        f'[accounts.rome]\nfamily = "restv2"\n{where}\nkey = "north-key"\nlimits = {{ rate = 50 }}\n'
    )
    return {"REDIS_URL": redis_url, "VOLLEY_CONFIG": os.fspath(tmp_path / "volley.toml")}


def worker(environment: dict[str, str], what: str) -> CompletedProcess[str]:
    return run_to_end([sys.executable, "-m", "worker", what], env=environment)


async def seen(environment: dict[str, str], what: str) -> dict[str, dict[str, Any]]:
    done = await asyncio.to_thread(worker, environment, what)
    assert done.returncode == 0, done.stderr
    for secret in (SECRET, "north-secret", "north-key"):
        assert secret not in done.stdout
    return {account["name"]: account for account in orjson.loads(done.stdout)["accounts"]}


async def test_the_accounts_are_described_without_a_secret_and_without_redis(environment: dict[str, str]) -> None:
    found = await seen(environment | {"REDIS_URL": "redis://127.0.0.1:1"}, "describe")
    moscow, athens, rome = found["moscow"], found["athens"], found["rome"]
    assert moscow["limits"] == {"rate": 20.0, "in_flight": 10, "batch": 100} == moscow["usual"]
    assert (rome["limits"]["rate"], rome["usual"]["rate"], rome["callback"]) == (50.0, 5.0, None)
    assert moscow["callback"]["path"].startswith("/callbacks/moscow/")
    assert (moscow["callback"]["base"], moscow["callback"]["options"]) == (
        "",
        "?charset=utf-8&sha1=<callback_secret>",
    )
    assert (athens["callback"]["base"], athens["callback"]["options"]) == ("https://sms.example.com", None)


async def test_each_provider_is_asked_for_the_balance_once_through_the_throttle(
    environment: dict[str, str], provider: Provider, redis: Redis
) -> None:
    found = await seen(environment, "examine")
    assert float(found["moscow"]["balance"]) > 0
    assert found["moscow"]["currency"] == "RUR"
    assert float(found["athens"]["balance"]) > 0
    assert all(abs(account["clock_ahead"]) < 30 for account in found.values()), "no time zone is between them"
    counted = {name async for name in redis.scan_iter(match="volley:throttle:*") if name.count(b":") == 2}
    assert len(counted) == 2, "moscow's login, and the one that athens and rome share"
    assert (await provider.summary("smsc/north"))["violations"] == {}


async def test_a_refusal_is_told_and_does_not_block_the_account(
    environment: dict[str, str], provider: Provider, redis: Redis
) -> None:
    await provider.switch("smsc/north", wrong_credentials=True)
    refused = (await seen(environment, "examine"))["moscow"]
    assert (refused["block"], refused["code"]) == ("credentials", "smsc.error.2")
    assert await redis.hget(keys.account(AccountName("moscow")), "state") is None


async def test_a_provider_that_cannot_be_reached_is_told(environment: dict[str, str], tmp_path: Path) -> None:
    (tmp_path / "volley.toml").write_text(
        '[accounts.moscow]\nfamily = "smsc"\nbase_url = "http://127.0.0.1:1"\nlogin = "north"\npassword = "x"\n'
    )
    lost = (await seen(environment, "examine"))["moscow"]
    assert (lost["error"], lost["block"], lost["clock_ahead"]) == ("no connection", "unreachable", None)
