"""Callbacks: what an account's handler hears, and how it is written and signed."""

from hashlib import md5, sha1
from random import Random
from typing import Any
from xml.etree import ElementTree as ET
from zlib import crc32

import orjson
import pytest

from ops.sandbox.config import Pushing
from ops.sandbox.pushing.plans import Stage, drawn
from tests.ops.sandbox.driving import Handler, Sandbox, Start
from tests.ops.sandbox.hearing import PHONE, send_one


async def test_a_handler_hears_of_the_operator_and_of_the_end_in_strings(sandbox: Sandbox, handler: Handler) -> None:
    """The clock stands at 2026-11-18 14:06:40 in Moscow. documented: PROVIDERS.md A11."""
    await sandbox.switch(callback=f"{handler.url}/cb")
    await send_one(sandbox, "79990000931", mes="x" * 161)
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
    await send_one(sandbox, valid="00:01")
    sandbox.time.now += 60
    enroute, over = [call.form() for call in await handler.until(2)]
    assert (enroute["status"], enroute["ts"]) == ("0", "1795000001")
    assert (over["status"], over["ts"]) == ("3", "1795000060")


async def test_nothing_is_told_before_it_happens_or_without_a_handler(sandbox: Sandbox, handler: Handler) -> None:
    await send_one(sandbox, mes="nobody listens")
    await sandbox.switch(callback=handler.url)
    await send_one(sandbox, time="+10")
    sandbox.time.now += 600.4
    await sandbox.happen("incoming", phone=PHONE, mes="now", to="1")
    (only,) = await handler.until(1)
    sandbox.time.now += 0.2

    assert only.form()["mes"] == "now"
    assert (await handler.until(2))[1].form()["status"] == "0"


async def test_a_message_never_reported_is_only_handed_on(sandbox: Sandbox, handler: Handler) -> None:
    await sandbox.switch(callback=handler.url)
    await send_one(sandbox, "79990000980")
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
    await send_one(sandbox)
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
    await send_one(sandbox)
    sandbox.time.now += 10

    assert [call.form()["status"] for call in await handler.until(4)] == ["0", "0", "1", "1"]
    assert handler.calls[0] == handler.calls[1]


async def test_callbacks_come_in_the_wrong_order_when_asked(start: Start, handler: Handler) -> None:
    sandbox = await start(pushing=Pushing(shuffled=1.0))
    await sandbox.switch(callback=handler.url)
    await send_one(sandbox)
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
