"""Dead letters: shown by reason, put back once and as they were put, at the rate that was chosen, or dropped."""

import orjson
import pytest
from aiohttp.test_utils import TestClient

from ops.dashboard.access import Access
from ops.dead import read_dead
from ops.web import FRAME
from producer.contract import keys
from producer.contract.states import Event
from producer.dead import put_back
from tests.ops.dashboard.carrying import carrying, over
from tests.ops.dashboard.visiting import HOSTILE, VIEWER_TOKEN, credentials, look, send, visit
from tests.worker.plain import NAME
from tests.worker.scene import Scene
from worker.receiving import Receiver

UNKNOWN = "there is no campaign '…'"


async def put(stage: Scene, kind: str = "campaign.pause", entry: str = "1-1", **body: object) -> None:
    """An entry as the receiver buries it."""
    fields = {"v": "1", "type": kind, "body": orjson.dumps({"campaign": "spring", **body})}
    await Receiver(stage.redis, stage.producer, "c")._bury(
        entry.encode(), _raw(fields), "there is no campaign 'spring'"
    )


def _raw(fields: dict[str, str | bytes]) -> dict[bytes, bytes]:
    return {name.encode(): value if isinstance(value, bytes) else value.encode() for name, value in fields.items()}


async def ids(stage: Scene) -> list[str]:
    return [letter.id for letter in (await read_dead(stage.redis)).letters]


async def intake(stage: Scene) -> list[dict[bytes, bytes]]:
    return [fields for _, fields in await stage.redis.xrange(keys.INTAKE)]


async def acts(page: TestClient) -> list[tuple[str, str, str]]:
    return [(entry.action, entry.target, entry.after) for entry in (await page.app[FRAME].audit.read()).entries]


async def test_letters_are_shown_with_their_reason_and_counted_by_it(page: TestClient, stage: Scene) -> None:
    await put(stage, campaign="spring")
    await put(stage, campaign="summer")
    await stage.redis.xadd(keys.DEAD, {"v": "1", "type": "x", "body": "{", "reason": "field body is not JSON"})
    seen = await look(page, "/dead")
    assert f"{UNKNOWN} 2" in seen.plain.replace("there is no campaign …", UNKNOWN)
    assert "there is no campaign 'spring'" in seen.plain
    only = await look(page, "/dead?kind=field+body+is+not+JSON")
    assert "summer" not in only.words
    assert "/dead" in seen.loads


async def test_a_letter_is_put_back_once_and_taken_as_it_was_put(page: TestClient, stage: Scene) -> None:
    await put(stage)
    await stage.submit()
    [letter] = await ids(stage)
    assert (await send(page, f"/dead/{letter}/replay")).headers["Location"] == "/dead?said=replayed"
    assert (await send(page, f"/dead/{letter}/replay")).headers["Location"] == "/dead?said=unchanged"
    [entry] = await intake(stage)
    assert entry == {b"v": b"1", b"type": b"campaign.pause", b"body": b'{"campaign":"spring"}'}
    await Receiver(stage.redis, stage.producer, "c").take("9-9", entry)
    assert await stage.campaign_state("spring") == "paused"
    assert await ids(stage) == []
    assert [act[0] for act in await acts(page)] == ["dead.replay", "dead.replay"]


async def test_a_message_that_lies_here_twice_is_sent_once(stage: Scene) -> None:
    """A worker that died between burying an entry and settling it buries it twice; each copy is put back."""
    body = {"account": NAME, "to": "306912345678", "text": "hello"}
    raw = _raw({"v": "1", "type": "message.send", "body": orjson.dumps(body)})
    receiver = Receiver(stage.redis, stage.producer, "c")
    for _ in range(2):
        await receiver._bury(b"5-0", raw, "unknown account")
    for letter in await stage.redis.xrange(keys.DEAD):
        assert await put_back(stage.redis, [letter]) == 1
    for number, entry in enumerate(await intake(stage)):
        await receiver.take(f"9-{number}", entry)
    assert len(await stage.queued("urgent")) == 1


@pytest.mark.parametrize(
    ("fields", "why"),
    [
        ({"type": "campaign.append", "refusals": "[]", "reason": "x"}, "its other recipients were taken"),
        ({"type": "a", "body": "{}", "cut": "body", "reason": "x"}, "too large to be kept whole"),
        ({"reason": "x"}, "no entry of the contract"),
    ],
)
async def test_what_cannot_be_put_back_says_why_and_can_be_dropped(
    page: TestClient, stage: Scene, fields: dict[str, str], why: str
) -> None:
    await stage.redis.xadd(keys.DEAD, fields)
    [letter] = await ids(stage)
    seen = await look(page, "/dead")
    assert why in seen.plain
    assert f"/dead/{letter}/replay" not in seen.posts
    await send(page, f"/dead/{letter}/replay")
    assert (await ids(stage), await intake(stage)) == ([letter], [])
    assert (await send(page, f"/dead/{letter}/drop")).headers["Location"] == "/dead?said=dead_dropped"
    assert await ids(stage) == []


async def test_all_of_a_reason_are_put_back_and_the_others_stay(page: TestClient, stage: Scene) -> None:
    for number in range(3):
        await put(stage, campaign=f"c{number}")
    await stage.redis.xadd(keys.DEAD, {"v": "1", "type": "x", "body": "{}", "reason": "another"})
    [kind] = {letter.kind for letter in (await read_dead(stage.redis)).letters if letter.kind != "another"}
    answer = await send(page, "/dead/replay", {"kind": kind, "rate": "1000"})
    assert answer.headers["Location"] == "/dead?said=ordered"
    assert "No track worker runs" in (await look(page, "/dead")).plain
    async with carrying(stage):
        order = await over(stage)
    assert "3 put back" in (await look(page, "/dead")).plain
    assert [orjson.loads(entry[b"body"])["campaign"] for entry in await intake(stage)] == ["c0", "c1", "c2"]
    assert len(await ids(stage)) == 1
    assert await acts(page) == [
        ("dead.replay", f"{kind} (order {order.id})", "3 put back"),
        ("dead.replay", kind, f"order {order.id}, at 1000 a second"),
    ]


async def test_one_order_about_dead_letters_at_a_time_and_it_can_be_stopped(page: TestClient, stage: Scene) -> None:
    await put(stage)
    [kind] = {letter.kind for letter in (await read_dead(stage.redis)).letters}
    await send(page, "/dead/replay", {"kind": kind, "rate": "1"})
    for path in ("/dead/replay", "/dead/drop"):
        assert (await send(page, path, {"kind": "other", "rate": "1"})).status == 409
    [stop] = [path for path in (await look(page, "/dead")).posts if path.startswith("/orders/")]
    assert (await send(page, stop)).headers["Location"] == f"{stop.removesuffix('/stop')}?said=stopped"
    assert (await send(page, stop)).headers["Location"].endswith("said=unchanged")
    assert (await send(page, "/dead/replay", {"kind": kind, "rate": "1000"})).status == 303
    async with carrying(stage):
        await over(stage)
    assert len(await intake(stage)) == 1
    entries = (await page.app[FRAME].audit.read()).entries
    assert [entry.failure for entry in entries if "(order" in entry.target] == ["", "stopped by this machine"]


async def test_all_of_a_reason_are_dropped(page: TestClient, stage: Scene) -> None:
    for number in range(60):
        await put(stage, campaign=f"c{number}")
    [kind] = {letter.kind for letter in (await read_dead(stage.redis)).letters}
    await send(page, "/dead/drop", {"kind": kind})
    async with carrying(stage):
        order = await over(stage)
    assert await ids(stage) == []
    assert await intake(stage) == []
    assert (await acts(page))[0] == ("dead.drop", f"{kind} (order {order.id})", "60 dropped")


@pytest.mark.parametrize(
    "form",
    [{}, {"kind": "x"}, {"kind": "x", "rate": "0"}, {"kind": "x", "rate": "nan"}, {"kind": "x" * 301, "rate": "1"}],
)
async def test_a_replay_without_a_reason_or_a_rate_is_refused(
    page: TestClient, stage: Scene, form: dict[str, str]
) -> None:
    assert (await send(page, "/dead/replay", form)).status == 400
    assert not await acts(page)


async def test_pages_follow_each_other(page: TestClient, stage: Scene) -> None:
    for number in range(45):
        await put(stage, campaign=f"campaign-{number:02}")
    path, found = "/dead", []
    while path:
        seen = await look(page, path)
        found += [load.rpartition("=")[2] for load in seen.posts if load.endswith("/drop") and load != "/dead/drop"]
        path = next((load for load in seen.loads if "before=" in load), "")
    assert len(set(found)) == 45


async def test_hostile_letters_are_text_and_numbers_are_masked(page: TestClient, stage: Scene) -> None:
    await stage.redis.xadd(
        keys.DEAD,
        {
            "v": "1",
            "type": HOSTILE,
            "body": orjson.dumps({"campaign": HOSTILE, "to": "306912345678"}),
            "reason": f"{HOSTILE} {b'x'!r}",
            "entry": b"\xff\xfe",
        },
    )
    await stage.redis.xadd(keys.DEAD, {b"\xff": b"\xff", "reason": b"\xff", "body": b"[1]", "type": b"\xfe"})
    seen = await look(page, "/dead")
    assert (seen.tags["img"], seen.tags["script"]) == (0, 1)
    assert "<script>alert" in seen.words
    assert "306912345678" not in seen.words
    await look(page, f"/dead?kind={HOSTILE}".replace("#", "").replace("{", "%7B"))
    await look(page, "/dead?before=x", status=400)


async def test_viewers_see_no_content_and_may_do_nothing(stage: Scene) -> None:
    await put(stage, text="a secret text")
    [letter] = await ids(stage)
    known = credentials().bearer(VIEWER_TOKEN)
    async with visit(stage.redis, access=Access(credentials=credentials()), known=known) as page:
        seen = await look(page, "/dead")
        assert "a secret text" not in seen.words
        assert [path for path in seen.posts if path.startswith("/dead")] == []
        for path in ("/dead/replay", "/dead/drop", f"/dead/{letter}/replay", f"/dead/{letter}/drop"):
            assert (await send(page, path, {"kind": "x", "rate": "1"})).status == 403
    assert len(await ids(stage)) == 1


async def test_messages_that_failed_lead_to_their_campaign(page: TestClient, stage: Scene) -> None:
    [message] = await stage.fed("spring", 1)
    await stage.claim(message)
    await stage.record(message, Event.REJECT, reference="", code="plain.7")
    assert "/campaigns/spring/messages?code=plain.7" in (await look(page, "/dead")).loads
