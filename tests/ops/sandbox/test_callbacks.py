"""Callbacks: what an account's handler hears, how it is written and signed, how often, and where it may be."""

from hashlib import md5, sha1
from random import Random
from typing import Any
from xml.etree import ElementTree as ET
from zlib import crc32

import orjson
import pytest

from ops.sandbox.config import ConfigError, Pushing
from ops.sandbox.pushing.addresses import read_address
from ops.sandbox.pushing.plans import Stage, drawn
from tests.ops.sandbox.driving import Handler, Sandbox, Start
from tests.support import wait_until

PHONE = "79990000001"


async def _send(sandbox: Sandbox, phone: str = PHONE, **form: str) -> None:
    await sandbox.smsc("send", **({"phones": phone, "mes": "Привет", "id": "v-1"} | form))


async def _counts(sandbox: Sandbox) -> dict[str, int]:
    return (await sandbox.summary("smsc/demo"))["callbacks"]


async def test_a_handler_hears_of_the_operator_and_of_the_end_in_strings(sandbox: Sandbox, handler: Handler) -> None:
    """The clock stands at 2026-11-18 14:06:40 in Moscow. documented: PROVIDERS.md A11."""
    await sandbox.switch(callback=f"{handler.url}/cb")
    await _send(sandbox, "79990000931", mes="x" * 161)
    sandbox.time.now += 10
    first, second = await handler.until(2)

    assert (first.method, first.path, first.query) == ("POST", "/cb", {})
    assert first.form() == {
        "id": "v-1",
        "phone": "79990000931",
        "status": "0",
        "time": "18.11.2026 14:06:40",
        "ts": "1795000000",
        "err": "0",
        "cnt": "2",
        "cost": "2.88",
        "flag": "0",
        "type": "0",
    }
    told = second.form()
    assert (told["status"], told["err"], told["ts"]) == ("20", "1", "1795000002")


async def test_a_handler_hears_that_a_life_is_over(start: Start, handler: Handler) -> None:
    sandbox = await start(enroute_after=1.0, final_after=5000.0)
    await sandbox.switch(callback=f"{handler.url}/cb")
    await _send(sandbox, valid="00:01")
    sandbox.time.now += 60
    enroute, over = [call.form() for call in await handler.until(2)]
    assert (enroute["status"], enroute["ts"]) == ("0", "1795000001")
    assert (over["status"], over["ts"]) == ("3", "1795000060")


async def test_nothing_is_told_before_it_happens_or_without_a_handler(sandbox: Sandbox, handler: Handler) -> None:
    await _send(sandbox, mes="nobody listens")
    await sandbox.switch(callback=handler.url)
    await _send(sandbox, time="+10")
    sandbox.time.now += 600.4
    await sandbox.happen("incoming", phone=PHONE, mes="now", to="1")
    (only,) = await handler.until(1)
    sandbox.time.now += 0.2

    assert only.form()["mes"] == "now"
    assert (await handler.until(2))[1].form()["status"] == "0"


async def test_a_message_never_reported_is_only_handed_on(sandbox: Sandbox, handler: Handler) -> None:
    await sandbox.switch(callback=handler.url)
    await _send(sandbox, "79990000980")
    sandbox.time.now += 1000
    await handler.until(1)
    await sandbox.happen("incoming", phone=PHONE, mes="last", to="1")

    assert [("mes" in call.form(), call.form().get("status")) for call in await handler.until(2)] == [
        (False, "0"),
        (True, None),
    ]


@pytest.mark.parametrize("charset", ["windows-1251", "utf-8", "koi8-r"])
async def test_an_incoming_message_comes_in_the_charset_of_the_address(
    sandbox: Sandbox, handler: Handler, charset: str
) -> None:
    await sandbox.switch(callback=f"{handler.url}/?charset={charset}&shop=7")
    await sandbox.happen("incoming", phone=PHONE, mes="Стоп & всё", to="79120000000", ago=60)

    (call,) = await handler.until(1)
    assert call.content_type == "application/x-www-form-urlencoded"
    assert call.form(charset) == {
        "charset": charset,
        "shop": "7",
        "id": "1",
        "phone": PHONE,
        "mes": "Стоп & всё",
        "to": "79120000000",
        "sent": "18.11.2026 14:05:40",
        "time": "18.11.2026 14:06:40",
    }


@pytest.mark.parametrize(("charset", "codec"), [("", "cp1251"), ("utf-8", "utf-8"), ("koi8-r", "cp1251")])
async def test_json_and_xml_bodies_hold_the_same_fields(
    sandbox: Sandbox, handler: Handler, charset: str, codec: str
) -> None:
    """S4: koi8-r is not used with fmt; what is used instead is a guess."""
    for fmt in "23":
        await sandbox.switch(callback=f"{handler.url}/?fmt={fmt}&charset={charset}")
        await sandbox.happen("incoming", phone=PHONE, mes="<Стоп>", to="1")
        await handler.until(int(fmt) - 1)
    xml, json = handler.calls

    fields = orjson.loads(json.body.decode(codec))
    assert (fields["mes"], fields["to"]) == ("<Стоп>", "1")
    read = {child.tag: child.text or "" for child in ET.fromstring(xml.body)}
    assert read | {"fmt": "3", "id": "2"} == fields
    assert (xml.content_type.split(";")[0], json.content_type.split(";")[0]) == ("text/xml", "application/json")


# documented: S4 "id:phone:status:<secret>"; guessed: incoming messages (A11), crc32 as PHP writes it
@pytest.mark.parametrize(
    ("hashing", "hashed"),
    [
        ("md5", lambda data: md5(data).hexdigest()),
        ("sha1", lambda data: sha1(data).hexdigest()),
        ("crc32", lambda data: str(crc32(data))),
    ],
)
async def test_the_secret_is_replaced_by_a_hash_of_what_is_told(
    sandbox: Sandbox, handler: Handler, hashing: str, hashed: Any
) -> None:
    await sandbox.switch(callback=f"{handler.url}/?{hashing}=s3-cr_t")
    await _send(sandbox)
    await sandbox.happen("incoming", phone=PHONE, mes="Да", to="123")
    sandbox.time.now += 1
    calls = [call.form() for call in await handler.until(2)]
    incoming = next(call for call in calls if "mes" in call)
    report = next(call for call in calls if "status" in call)

    assert report[hashing] == hashed(f"v-1:{PHONE}:0:s3-cr_t".encode())
    assert incoming[hashing] == hashed(f"{PHONE}:Да:123:s3-cr_t".encode("cp1251"))
    assert not any(b"s3-cr_t" in call.body for call in handler.calls)


async def test_what_stands_after_an_exclamation_mark_is_sent_in_the_address(
    sandbox: Sandbox, handler: Handler
) -> None:
    """Documented: S4, `https://mysite.ru/!param1&param2?param3&param4`."""
    await sandbox.switch(callback=f"{handler.url}/in/!token=abc&b=2?sha1=x&c=3")
    await sandbox.happen("incoming", phone=PHONE, mes="a", to="1")

    (call,) = await handler.until(1)
    assert (call.path, call.query) == ("/in/", {"token": "abc", "b": "2"})
    assert call.form()["c"] == "3"


async def test_callbacks_come_twice_when_asked(start: Start, handler: Handler) -> None:
    sandbox = await start(pushing=Pushing(twice=1.0))
    await sandbox.switch(callback=handler.url)
    await _send(sandbox)
    sandbox.time.now += 10

    assert [call.form()["status"] for call in await handler.until(4)] == ["0", "0", "1", "1"]
    assert handler.calls[0] == handler.calls[1]


async def test_callbacks_come_in_the_wrong_order_when_asked(start: Start, handler: Handler) -> None:
    sandbox = await start(pushing=Pushing(shuffled=1.0))
    await sandbox.switch(callback=handler.url)
    await _send(sandbox)
    sandbox.time.now += 1.9
    await sandbox.happen("incoming", phone=PHONE, mes="meanwhile", to="1")
    await handler.until(1)
    sandbox.time.now += 0.2

    assert [call.form().get("status") for call in await handler.until(3)] == [None, "1", "0"]


def test_chance_is_the_same_for_the_same_seed() -> None:
    pushing, steps = Pushing(twice=0.5, shuffled=0.5), [(1.0, Stage.ENROUTE), (2.0, Stage.FINAL)]

    def draw(seed: str) -> list[list[tuple[float, Stage]]]:
        dice = Random(seed)
        return [drawn(steps, pushing, dice) for _ in range(50)]

    assert draw("7") == draw("7") != draw("8")
    assert [(2.0, Stage.FINAL), (2.0, Stage.ENROUTE)] in draw("7")
    assert steps in draw("7")


async def _has_made(sandbox: Sandbox, number: int) -> bool:
    return (await _counts(sandbox)).get("answered", 0) >= number


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
    assert await _counts(sandbox) == {"failed": 3, "given_up": 1, "answered": 1}


async def _failed(sandbox: Sandbox, number: int) -> bool:
    return (await _counts(sandbox)).get("failed", 0) >= number


async def test_nobody_at_the_address_is_a_failure_like_another(start: Start) -> None:
    sandbox = await start(pushing=Pushing(attempts=1))
    await sandbox.switch(callback="http://127.0.0.1:1/")
    await sandbox.happen("incoming", phone=PHONE, mes="a", to="1")

    await wait_until(lambda: _failed(sandbox, 1), description="the failure is counted")
    assert await _counts(sandbox) == {"failed": 1, "given_up": 1}


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
    await _send(sandbox, time="+1")
    await sandbox.smsc("status", phone=PHONE, id="v-1", **{"del": "1"})
    sandbox.time.now += 1000
    await sandbox.happen("incoming", phone=PHONE, mes="last", to="1")

    assert "mes" in (await handler.until(1))[0].form()


async def test_a_reset_calls_nobody_any_more(sandbox: Sandbox, handler: Handler) -> None:
    await sandbox.switch(callback=handler.url)
    await _send(sandbox)
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
