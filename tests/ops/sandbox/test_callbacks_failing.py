"""Callbacks whose handler fails, that must not be made, and addresses that they may not go to."""

from typing import Any

import orjson
import pytest

from ops.sandbox.config import ConfigError, Pushing
from ops.sandbox.pushing.addresses import read_address
from tests.ops.sandbox.driving import Handler, Sandbox, Start
from tests.ops.sandbox.hearing import PHONE, counts, send_one
from tests.support import wait_until


async def _has_made(sandbox: Sandbox, number: int) -> bool:
    return (await counts(sandbox)).get("answered", 0) >= number


async def test_a_handler_that_fails_is_called_again_a_few_times(start: Start, handler: Handler) -> None:
    sandbox = await start(pushing=Pushing(attempts=3, retry_after=60))
    handler.status = 500
    await sandbox.switch(callback=handler.url)
    await sandbox.happen("incoming", phone=PHONE, mes="a", to="1")
    for attempt in (1, 2, 3):
        await handler.until(attempt)
        await wait_until(lambda n=attempt: _failed(sandbox, n), description="the failure is counted")
        sandbox.time.now += 60
    handler.status = 200
    await sandbox.happen("incoming", phone=PHONE, mes="b", to="1")

    assert [call.form()["mes"] for call in await handler.until(4)] == ["a", "a", "a", "b"]
    await wait_until(lambda: _has_made(sandbox, 1), description="the answer is counted")
    assert await counts(sandbox) == {"failed": 3, "given_up": 1, "answered": 1}


async def _failed(sandbox: Sandbox, number: int) -> bool:
    return (await counts(sandbox)).get("failed", 0) >= number


async def test_nobody_at_the_address_is_a_failure_like_another(start: Start) -> None:
    sandbox = await start(pushing=Pushing(attempts=1))
    await sandbox.switch(callback="http://127.0.0.1:1/")
    await sandbox.happen("incoming", phone=PHONE, mes="a", to="1")

    await wait_until(lambda: _failed(sandbox, 1), description="the failure is counted")
    assert await counts(sandbox) == {"failed": 1, "given_up": 1}


async def test_only_a_few_callbacks_are_made_at_once(start: Start, handler: Handler) -> None:
    sandbox = await start(callback_senders=2)
    handler.open.clear()
    await sandbox.switch(callback=handler.url)
    for index in range(5):
        await sandbox.happen("incoming", phone=PHONE, mes=f"{index}", to="1")
    await handler.until(2)
    sandbox.time.now += 60
    assert "balance" in await sandbox.smsc("balance")

    assert (handler.at_once, len(handler.calls)) == (2, 2)
    handler.open.set()
    assert sorted(call.form()["mes"] for call in await handler.until(5)) == list("01234")


async def test_a_message_taken_back_is_never_reported(sandbox: Sandbox, handler: Handler) -> None:
    await sandbox.switch(callback=handler.url)
    await send_one(sandbox, time="+1")
    await sandbox.smsc("status", phone=PHONE, id="v-1", **{"del": "1"})
    sandbox.time.now += 1000
    await sandbox.happen("incoming", phone=PHONE, mes="last", to="1")

    assert "mes" in (await handler.until(1))[0].form()


async def test_a_reset_calls_nobody_any_more(sandbox: Sandbox, handler: Handler) -> None:
    await sandbox.switch(callback=handler.url)
    await send_one(sandbox)
    await sandbox.request("POST", "/sandbox/reset")
    sandbox.time.now += 1000
    await sandbox.switch(callback=handler.url)
    await sandbox.happen("incoming", phone=PHONE, mes="new world", to="1")

    assert (await handler.until(1))[0].form()["mes"] == "new world"


@pytest.mark.parametrize(
    "address",
    [
        "ftp://127.0.0.1/",
        "not an address",
        "http://",
        "http://127.0.0.1:99999/",
        "http://[::1/",
        "http://example.org/",
        "http://192.168.1.5/",
        "http://127.0.0.1/?fmt=4",
        "http://127.0.0.1/?charset=latin-1",
        "http://127.0.0.1/?md5=not%20so",
        "http://127.0.0.1/?sha1=",
    ],
)
async def test_an_address_that_makes_no_sense_or_leads_off_this_machine_is_refused(
    sandbox: Sandbox, address: str
) -> None:
    heard = await sandbox.switch(callback=address)

    assert (heard.status, "callback" in heard.json["error"]) == (400, True)
    assert (await sandbox.summary("smsc/demo"))["switches"]["callback"] == ""


def test_any_address_opens_the_machine() -> None:
    with pytest.raises(ConfigError, match="--any-address"):
        read_address("https://example.org/")

    address = read_address("https://example.org/", any_address=True)
    assert address is not None
    assert address.url == "https://example.org/"


@pytest.mark.parametrize(
    "body", [{}, {"phone": 7}, {"phone": PHONE, "ago": "x"}, {"phone": PHONE, "login": "nobody"}]
)
async def test_an_incoming_message_that_makes_no_sense_is_refused(sandbox: Sandbox, body: dict[str, Any]) -> None:
    heard = await sandbox.request("POST", "/sandbox/incoming", data=orjson.dumps(body))

    assert (heard.status, "error" in heard.json) == (400, True)
