"""Any language over Redis: entries as redis-cli would add them, good and bad, in one stream."""

import json
from typing import Any

import pytest

from producer.contract import keys
from tests.support import wait_until
from tests.support_system import System, numbers


async def _add(system: System, kind: str, body: Any, **fields: str) -> bytes:
    """XADD volley:intake * v 1 type KIND body JSON"""
    text = body if isinstance(body, str) else json.dumps(body)
    return await system.redis.xadd(keys.INTAKE, {"v": "1", "type": kind, "body": text, **fields})


def _campaign(name: str, **more: Any) -> dict[str, Any]:
    return {"campaign": name, "account": "athens", "text": "Hello $name", "recipients": [], **more}


async def test_a_campaign_and_a_message_come_over_the_wire(system: System) -> None:
    """Submit, append, and one urgent message: three entries from a service that knows nothing but Redis."""
    people = [{"to": who, "name": f"guest {who}"} for who in numbers(30)]
    async with system.worker():
        await _add(system, "campaign.submit", _campaign("wire", recipients=people[:20]))
        await _add(system, "campaign.append", {"campaign": "wire", "recipients": people[20:]})
        await _add(system, "message.send", {"account": "moscow", "to": "+79120000001", "text": "Your code: 1234"})

        async def has_all() -> bool:
            return await system.provider.accepted() == 31

        await wait_until(has_all, description="all 31 are accepted")
        await system.finished("wire")

    copies = await system.check_nobody_twice()
    assert {text for who, text in copies if text.startswith("Hello")} == {f"Hello guest {who}" for who in numbers(30)}
    assert ("79120000001", "Your code: 1234") in copies
    assert await system.redis.xlen(keys.DEAD) == 0
    assert await system.redis.xlen(keys.INTAKE) == 0


async def test_appends_that_overtake_their_submit_are_taken_all_the_same(system: System) -> None:
    """Three workers read the stream at once: one stores a large campaign while another has its appends already.
    The order that the service wrote them in must hold.
    """
    async with system.worker("send"), system.worker("send"), system.worker("send"):
        people = numbers(9000)
        await _add(system, "campaign.submit", _campaign("large", text="Hello", recipients=people[:6000]))
        for start in range(6000, 9000, 500):
            await _add(system, "campaign.append", {"campaign": "large", "recipients": people[start : start + 500]})

        async def is_stored() -> bool:
            return await system.redis.xlen(keys.INTAKE) == 0

        await wait_until(is_stored, description="every entry is settled")
        await system.producer.cancel("large")
        dead = await system.redis.xrange(keys.DEAD)
        assert [fields[b"reason"] for _, fields in dead] == []
        assert (await system.progress("large")).total == 9000


MALFORMED: list[tuple[str, Any, dict[str, str]]] = [
    ("campaign.submit", "{not json", {}),
    ("campaign.submit", "[]", {}),
    ("campaign.submit", {}, {}),
    ("campaign.submit", _campaign("x"), {}),
    ("campaign.submit", _campaign("x", recipients=["79120000001"], account="nowhere"), {}),
    ("campaign.submit", _campaign("x", recipients=["79120000001"], text=""), {}),
    ("campaign.submit", _campaign("x", recipients=[{"to": "79120000001"}], text="Dear $nobody"), {}),
    ("campaign.submit", _campaign("x", recipients=["79120000001"], text="Hi", not_after="tomorrow"), {}),
    ("campaign.submit", _campaign("x", recipients=["79120000001"], text="Hi", not_after="2036-01-01T00:00:00"), {}),
    ("campaign.submit", _campaign("x", recipients=["79120000001"], text="Hi", lane="express"), {}),
    ("campaign.submit", _campaign("../x y", recipients=["79120000001"], text="Hi"), {}),
    ("campaign.submit", _campaign("x", recipients=[None, 5, [], {}, {"to": None}, {"to": {}}], text="Hi"), {}),
    ("campaign.submit", _campaign("x", recipients="79120000001", text="Hi"), {}),
    ("campaign.submit", _campaign("x", recipients=["79120000001"], text=["Hi"]), {}),
    ("campaign.destroy", {"campaign": "x"}, {}),
    ("message.send", {"account": "athens", "to": "12", "text": "Hi"}, {}),
    ("message.send", {"account": "athens", "to": "+79120000001", "text": "x" * 5000}, {}),
    ("message.send", {"account": "athens", "to": "+79120000001", "text": "Hi"}, {"v": "2"}),
    ("message.send", {"account": "athens", "to": ["+79120000001"], "text": "Hi"}, {}),
]


@pytest.mark.parametrize("first", [True, False], ids=["malformed first", "malformed last"])
async def test_malformed_entries_go_to_the_dead_letter_stream_and_block_nothing(
    system: System, *, first: bool
) -> None:
    """Every way we know to get it wrong, and a good entry behind (or before) them in the same stream."""
    good = {"account": "athens", "to": "+79120000001", "text": "Still here"}
    async with system.worker("send"):
        if not first:
            await _add(system, "message.send", good)
        bad = [await _add(system, kind, body, **fields) for kind, body, fields in MALFORMED]
        bad.append(await system.redis.xadd(keys.INTAKE, {"hello": b"\xff\xfe"}))
        if first:
            await _add(system, "message.send", good)

        async def is_settled() -> bool:
            return not await system.redis.xlen(keys.INTAKE) and bool(await system.provider.messages("Still here"))

        await wait_until(is_settled, description="all entries are settled, and the good one is sent")

    dead = await system.redis.xrange(keys.DEAD)
    assert {fields[b"entry"] for _, fields in dead} == set(bad)
    assert all(fields[b"reason"] for _, fields in dead)
    assert await system.provider.accepted() == 1
