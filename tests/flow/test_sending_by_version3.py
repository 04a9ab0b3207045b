"""A restv2 host with version 3: several messages a request, each found by itself, and a look-up beside the drain."""

from collections import Counter
from collections.abc import AsyncIterator

import pytest

from producer.contract import keys
from producer.contract.campaigns import OnUncertain
from producer.contract.messages import AccountName, CampaignId
from producer.contract.states import State
from tests.support import wait_until
from tests.support_provider import provider_at, sandbox_process
from tests.support_system import System, account, numbers, phone

ATHENS = AccountName("athens")
SANDBOX = "login=north,secret=north-secret,key=north-key,family=restv2,v3="
TIMES = ("--enroute-after", "0.1", "--final-after", "0.4")


@pytest.fixture
async def third(system: System, request: pytest.FixtureRequest) -> AsyncIterator[System]:
    """Volley with an account that asks for version 3, at a host that has it (or not, by the parameter)."""
    has = getattr(request, "param", "true")
    with sandbox_process([*TIMES, "--account", SANDBOX + has]) as url:
        async with provider_at(url) as provider:
            system.provider = provider
            athens = account("restv2", "north", rate=200, in_flight=4, batch=10)
            system.accounts = {"athens": {**athens, "v3": True}}
            yield system


async def found_out(system: System) -> None:
    async def is_known() -> bool:
        return bool(await system.redis.hget(keys.account(ATHENS), "v3"))

    await wait_until(is_known, description="the host was probed")


async def test_a_campaign_of_one_text_goes_several_messages_a_request(third: System) -> None:
    async with third.worker("track"):
        await found_out(third)
        async with third.worker("send"):
            await third.producer.submit(
                account_name="athens", campaign_id="c1", text="Γεια σας", recipients=numbers(200)
            )
            await third.finished("c1")
    seen = await third.provider.summary("restv2/north")
    assert await third.states("c1") == {"delivered": 200}
    assert seen["requests"]["send"] <= 40, "twenty full ones, and a few of what was fed first"
    assert (seen["accepted"], seen["extra_copies"], seen["violations"]) == (200, 0, {})


@pytest.mark.parametrize("third", ["false"], indirect=True)
async def test_a_host_without_version_3_gets_each_message_alone(third: System) -> None:
    async with third.worker("track"):
        await found_out(third)
        async with third.worker("send"):
            await third.producer.submit(account_name="athens", campaign_id="c1", text="Hello", recipients=numbers(20))
            await third.finished("c1")
    seen = await third.provider.summary("restv2/north")
    assert (seen["requests"]["send"], seen["accepted"]) == (20, 20)


async def test_every_message_of_a_request_has_its_own_fate(third: System) -> None:
    """An answer is lost, a number refused, money is gone once: nobody is lost, nobody gets it twice."""
    endings = ["981", "967", "963", "903", "985", "966"]
    given = [*numbers(30), *map(phone, endings)]
    async with third.worker("track"):
        await found_out(third)
        async with third.worker("send"):
            await third.producer.submit(
                account_name="athens",
                campaign_id="c1",
                text="Hello",
                recipients=given,
                on_uncertain=OnUncertain.RESEND,
            )
            await third.finished("c1")
    fates = await third.fates("c1")
    assert {end: fates[phone(end)] for end in endings} == {
        "981": ("delivered", "restv2.status.d"),
        "967": ("rejected", "restv2.error.103"),
        "963": ("delivered", "restv2.status.d"),
        "903": ("undelivered", "restv2.status.f"),
        "985": ("delivered", "restv2.status.d"),
        "966": ("rejected", "restv2.error.40"),
    }
    assert Counter(fates[number] for number in numbers(30)) == {("delivered", "restv2.status.d"): 30}
    await third.check_nobody_twice()
    await third.check_books("c1")


async def test_reports_that_somebody_else_drained_are_looked_up(third: System) -> None:
    """A colleague's browser took them. After five minutes (hurried here) each message is asked about by its id."""
    async with third.worker("send"):
        await third.producer.submit(account_name="athens", campaign_id="c1", text="Hello", recipients=numbers(3))
        await third.sent("c1")
    taken = 0

    async def drained() -> bool:
        nonlocal taken
        form = {"key": "north-key", "type": "json"}
        async with third.provider.session.post(f"{third.provider.url}/api/status/get", data=form) as answer:
            told = await answer.json()
        taken += sum(row["status"] == "d" for place, row in told.items() if place.isdecimal())
        return taken == 3

    await wait_until(drained, description="somebody else has drained all final reports")
    await _older(third, 400)
    async with third.worker("track"):
        await third.finished("c1")
    assert await third.states("c1") == {"delivered": 3}
    requests = (await third.provider.summary("restv2/north"))["requests"]
    assert requests["status"] == 4, "one probe, and one look-up each"


async def _older(system: System, seconds: int) -> None:
    """As if the messages had been submitted so much earlier."""
    name = keys.records(CampaignId("c1"), 0)
    for place, packed in (await system.redis.hgetall(name)).items():
        state, attempts, changed_at, *rest = packed.split(b"|")
        assert state.decode() == State.SUBMITTED.letter
        older = str(int(changed_at) - seconds).encode()
        await system.redis.hset(name, place, b"|".join([state, attempts, older, *rest]))
    due = await system.redis.zrange(keys.due(ATHENS), 0, -1)
    await system.redis.zadd(keys.due(ATHENS), dict.fromkeys(due, 1))
