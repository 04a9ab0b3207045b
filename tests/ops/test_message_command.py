"""`volley message`: one message with what was really sent and answered, and nothing of it at rest in Redis."""

import asyncio
import logging
from collections.abc import AsyncIterator
from pathlib import Path

import orjson
import pytest
import structlog
from click.testing import CliRunner, Result
from redis.asyncio import Redis

from ops.cli import main
from producer.client import CampaignProducer
from producer.contract import keys
from producer.contract.exchanges import Kept
from producer.contract.messages import AccountName, MessageId
from producer.contract.states import State
from tests.support import wait_until
from tests.support_erasure import everything
from tests.support_fixtures import provider, quick_sandbox_url
from tests.support_provider import Provider
from tests.support_system import System, account, phone
from worker.process import Role

__all__ = ["provider", "quick_sandbox_url"]

TEXT = "Your code is 4711"
NUMBER = phone("001")


@pytest.fixture
async def system(
    redis: Redis,
    redis_url: str,
    provider: Provider,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    request: pytest.FixtureRequest,
) -> AsyncIterator[System]:
    """One account of each family that nobody polls, and a worker that logs nothing into what the command prints."""
    monkeypatch.setenv("REDIS_URL", redis_url)
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.CRITICAL))
    accounts = {
        "moscow": account("smsc", "north", rate=100, in_flight=10),
        "athens": account("restv2", "north", rate=100, in_flight=8),
    }
    async with CampaignProducer.connected(redis_url) as producer:
        made = System(
            redis=redis,
            redis_url=redis_url,
            provider=provider,
            folder=tmp_path,
            producer=producer,
            accounts=accounts,
            tracking={"poll_every": 3600, "lookup_grace": 3600},
            retention=getattr(request, "param", {}),
        )
        await made.announced()
        async with made.inside(Role.SEND, Role.TRACK):
            yield made
    structlog.reset_defaults()


async def volley(*words: str) -> Result:
    return await asyncio.to_thread(CliRunner().invoke, main, ["message", *words])


async def sent(system: System, name: str, *, to: str = NUMBER, state: State = State.SUBMITTED) -> MessageId:
    """A message in this state, whose exchange is written."""
    message = await system.producer.send_one(account_name=name, to=to, text=TEXT)
    await system.until(message.campaign, lambda states, _: states == {state: 1}, state)
    streams = [keys.exchanges(AccountName(name), kind) for kind in Kept]
    await wait_until(lambda: system.redis.exists(*streams), description="the exchange is written")
    return message


@pytest.mark.parametrize(
    ("name", "number", "text", "secret"),
    [("moscow", "phones", "mes", "psw"), ("athens", "to", "text", "key")],
)
async def test_what_left_and_what_came_back_is_shown_and_lies_nowhere(
    system: System, name: str, number: str, text: str, secret: str
) -> None:
    """The sandbox's own record says what left; no entry in Redis has number, text or secret in it."""
    message = await sent(system, name)
    told = orjson.loads((await volley(str(message), "--json")).stdout)
    [exchange] = told["exchanges"]
    fields = dict(exchange["request"])
    assert (fields[number].lstrip("+"), fields[text], fields[secret]) == (NUMBER, TEXT, "•••")
    [received] = await system.provider.messages()
    left = {field: str(value) for field, value in received["parameters"].items()}
    same = left.keys() - {number, "login"}
    assert {field: fields[field] for field in same} == {field: left[field] for field in same}
    assert len(same) >= 2
    assert (exchange["status"], exchange["others"], exchange["ending"]) == (200, 0, "")
    assert exchange["outcome"] == f"submitted {told['reference']}"
    assert told["reference"] in exchange["answer"]
    assert told["not_kept"] == ""
    for key, data in [pair async for pair in everything(system.redis) if ":exchanges:" in pair[0]]:
        for private in (NUMBER, TEXT, "4711", "north-secret", "north-key"):
            assert private.encode() not in data, (key, private)


async def test_it_is_told_in_lines_and_masked_on_demand(system: System) -> None:
    message = await sent(system, "moscow")
    told = (await volley(str(message))).stdout
    assert told.startswith(f"{message}: submitted\nnumber {NUMBER}, account moscow, urgent lane, 1 attempts")
    assert "POST /sys/send.php: HTTP 200" in told
    assert f"    phones=+{NUMBER}\n" in told
    assert "sent to the provider: HTTP 200 after" in told
    masked = (await volley(str(message), "--mask")).stdout
    assert "phones=+{number 0.0}" in masked
    assert NUMBER not in masked
    assert "4711" not in masked


async def test_a_lost_answer_is_kept_for_what_it_is(system: System) -> None:
    message = await sent(system, "athens", to=phone("981", prefix="306912345"), state=State.UNCERTAIN)
    told = orjson.loads((await volley(str(message), "--json")).stdout)
    [exchange] = told["exchanges"]
    assert (exchange["status"], exchange["ending"], exchange["answer"]) == (0, "connection lost", "")
    assert exchange["outcome"].startswith("uncertain volley.answer_lost")


@pytest.mark.parametrize("name", ["moscow", "athens"])
async def test_asking_brings_the_books_up_to_date_and_shows_the_answer_raw(system: System, name: str) -> None:
    """smsc's answer about a single message names neither number nor id: it is known by what was asked."""
    message = await sent(system, name)

    async def is_delivered() -> bool:
        return [row["status"] for row in await system.provider.messages()] == [1]

    await wait_until(is_delivered, description="the provider's final state")
    told = orjson.loads((await volley(str(message), "--ask", "--json")).stdout)
    assert (told["asked"]["before"], told["asked"]["state"], told["state"]) == ("submitted", "delivered", "delivered")
    [answer] = told["answers"]
    assert answer["status"] == 200
    assert told["reference"] in answer["asked"] + answer["excerpt"]
    assert "delivered" in [event["what"] for event in told["timeline"]][-2:]
    lines = (await volley(str(message), "--ask")).stdout
    assert "the provider says now:" in lines
    assert "delivered → delivered" in lines
    acts = [fields[b"after"] for _, fields in await system.redis.xrange(keys.AUDIT)]
    assert acts == [b"delivered", b"delivered"]


async def test_what_the_provider_does_not_say_is_an_error(system: System) -> None:
    message = await sent(system, "moscow")
    for _ in range(5):
        await volley(str(message), "--ask")
    ran = await volley(str(message), "--ask")
    assert ran.exit_code == 1
    assert "allows the next request in" in ran.stderr


@pytest.mark.parametrize("system", [{"exchanges": 0}], indirect=True)
async def test_without_exchanges_nothing_is_kept_and_it_is_said(system: System) -> None:
    """It is said some seconds after the message was sent; with exchanges, they are written within one."""
    message = await system.producer.send_one(account_name="moscow", to=NUMBER, text=TEXT)

    async def is_said() -> bool:
        told = orjson.loads((await volley(str(message), "--json")).stdout)
        return "None of this account's sends is kept" in str(told["not_kept"])

    await wait_until(is_said, description="it is old enough to be told about")
    assert await system.redis.keys("*:exchanges:*") == []
