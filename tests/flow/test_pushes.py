"""What the provider tells by itself: reports by callback, incoming messages by callback and by asking, each once."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import orjson
import pytest
from aiohttp import web

from producer.contract import keys
from producer.contract.messages import AccountName
from producer.suppression import SuppressionList
from tests.support import wait_until
from tests.support_system import System, account, numbers, phone
from worker.callbacks import mount, path_of

MOSCOW = AccountName("moscow")
SECRET = "a-secret-of-our-own"


@asynccontextmanager
async def listening(system: System) -> AsyncIterator[str]:
    """The callback receiver of the web process, on a port of its own; the address for the provider's cabinet."""
    settings = system.settings()
    app = web.Application()
    [name] = mount(app, system.producer._redis, settings)
    runner = web.AppRunner(app)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    host, port = runner.addresses[0][:2]
    try:
        yield f"http://{host}:{port}{path_of(settings.accounts[name])}"
    finally:
        await runner.cleanup()


async def told(system: System, **incoming: str) -> None:
    body = orjson.dumps({"login": "north", "family": "smsc", **incoming})
    async with system.provider.session.post(f"{system.provider.url}/sandbox/incoming", data=body) as answer:
        assert answer.status == 200, await answer.text()


async def handed_on(system: System) -> list[tuple[str, str]]:
    entries = await system.redis.xrange(keys.INCOMING)
    return [(fields[b"from"].decode(), fields[b"text"].decode()) for _, fields in entries]


def pushed(**more: object) -> dict[str, object]:
    return account("smsc", "north", rate=200, in_flight=10, batch=20) | {"callback_secret": SECRET, **more}


@pytest.mark.parametrize("address", ["?charset=utf-8&sha1=", "?fmt=3&charset=utf-8&md5=", "?fmt=2&sha1="])
async def test_reports_come_by_callback_though_nothing_is_polled(system: System, address: str) -> None:
    """`poll_every` is an hour: whatever is known of the campaign was pushed, doubled and out of order."""
    system.accounts = {MOSCOW: pushed()}
    system.tracking = {"poll_every": 3600}
    await system.announced()
    async with listening(system) as place, system.inside():
        switches = {"callback": f"{place}{address}{SECRET}", "callback_twice": 0.5, "callback_shuffled": 0.5}
        await system.provider.switch("smsc/north", **switches)
        await system.producer.submit(
            account_name=MOSCOW, text="pushed to $name", recipients=named(60), campaign_id="pushed"
        )
        await system.finished("pushed")
    assert await system.states("pushed") == {"delivered": 60}
    await system.check_books("pushed")


async def test_incoming_messages_are_handed_on_once_by_callback_and_by_asking(system: System) -> None:
    system.accounts = {MOSCOW: pushed(incoming=True)}
    await system.announced()
    async with listening(system) as place, system.inside():
        await told(system, phone="79120000001", mes="before the callback was set", to="79990000000")
        await system.provider.switch("smsc/north", callback=f"{place}?charset=utf-8&sha1={SECRET}")
        await told(system, phone="79120000002", mes="Стоп", to="79990000000")
        await told(system, phone="79120000003", mes="Привет", to="79990000000")

        async def all_came() -> bool:
            return len(await handed_on(system)) >= 3

        async def is_marked() -> bool:
            return await system.redis.hget(keys.cursors(MOSCOW), "incoming") is not None

        await wait_until(all_came, description="the incoming messages")
        await wait_until(is_marked, description="the place to ask on from")
    assert sorted(await handed_on(system)) == [
        ("79120000001", "before the callback was set"),
        ("79120000002", "Стоп"),
        ("79120000003", "Привет"),
    ]
    assert await SuppressionList(system.producer._redis).among(["79120000002", "79120000003"]) == {"79120000002"}


async def test_a_lost_answer_is_made_good_by_the_message_s_own_callback(system: System) -> None:
    """restv2 cannot be asked about what was lost; an address with a token of its own tells all the same."""
    await system.provider.switch("restv2/north", v3=True)
    plain = account("restv2", "north", rate=200, in_flight=8) | {"callback_secret": SECRET}
    system.accounts = {"athens": plain}
    system.tracking = {"poll_every": 3600}
    async with listening(system) as place:
        system.accounts = {"athens": plain | {"v3": True, "callback_base": place.partition("/callbacks")[0]}}
        await system.announced()
        async with system.inside():
            lost, usual = phone("981", prefix="306912345"), phone("001", prefix="306912345")
            await system.producer.submit(
                account_name="athens", text="which way", recipients=[lost, usual], campaign_id="told"
            )
            await system.finished("told")
    assert await system.states("told") == {"delivered": 2}
    await system.check_nobody_twice()


async def test_a_lost_answer_is_found_in_what_the_provider_says_it_sent(system: System) -> None:
    """Without callbacks, too: version 3 lists what was sent, and number, text and time tell which message it was."""
    await system.provider.switch("restv2/north", v3=True)
    system.accounts = {"athens": account("restv2", "north", rate=200, in_flight=8) | {"v3": True}}
    await system.announced()
    async with system.inside():
        people = [{"to": phone(ending, prefix="306912345"), "name": ending} for ending in ("981", "987", "001")]
        await system.producer.submit(
            account_name="athens", text="Γεια σου $name, which way", recipients=people, campaign_id="found"
        )
        await system.finished("found")
    assert await system.states("found") == {"delivered": 3}
    await system.check_books("found")
    await system.check_nobody_twice()


async def test_a_lost_request_is_not_found_and_its_policy_decides(system: System) -> None:
    await system.provider.switch("restv2/north", v3=True)
    system.accounts = {"athens": account("restv2", "north", rate=200, in_flight=8) | {"v3": True}}
    await system.announced()
    async with system.inside():
        lost = phone("982", prefix="306912345")
        await system.producer.submit(
            account_name="athens", text="again", recipients=[lost], campaign_id="lost", on_uncertain="resend"
        )
        await system.finished("lost")
    assert await system.states("lost") == {"delivered": 1}
    await system.check_nobody_twice()


def named(count: int) -> list[dict[str, str]]:
    return [{"to": number, "name": f"N{place}"} for place, number in enumerate(numbers(count))]
