"""Incoming messages, opt-outs and exports: shown to all, numbers masked for viewers, changed by operators."""

import pytest
from aiohttp.test_utils import TestClient

from ops.dashboard.access import Access
from ops.web import FRAME
from producer.contract import keys
from producer.contract.exports import ExportRecord, ExportState
from producer.contract.messages import Msisdn
from producer.suppression import SuppressionList
from tests.ops.dashboard.visiting import HOSTILE, credentials, look, send, visit
from tests.worker.plain import NAME
from tests.worker.scene import Scene

NUMBER = Msisdn("306912345678")


async def wrote(stage: Scene, text: str, *, stop: str = "0", sender: str = NUMBER) -> None:
    fields = {
        "account": NAME,
        "id": "1",
        "from": sender,
        "to": "ACME",
        "text": text,
        "at": "1800000000",
        "stop": stop,
    }
    await stage.redis.xadd(keys.INCOMING, fields)


async def acts(page: TestClient) -> list[tuple[str, str, str, str]]:
    entries = (await page.app[FRAME].audit.read()).entries
    return [(entry.who, entry.action, entry.target, entry.after) for entry in entries]


async def test_incoming_messages_are_shown_newest_first_page_by_page(page: TestClient, stage: Scene) -> None:
    for number in range(60):
        await wrote(stage, f"answer {number:02}")
    first = await look(page, "/incoming")
    assert first.words.index("answer 59") < first.words.index("answer 10")
    assert "answer 09" not in first.words
    [older] = [load for load in first.loads if "before=" in load]
    rest = await look(page, older)
    assert "answer 09" in rest.words
    assert "answer 10" not in rest.words


async def test_a_stop_is_marked_and_text_from_outside_is_text(page: TestClient, stage: Scene) -> None:
    await wrote(stage, HOSTILE, stop="1", sender=HOSTILE)
    await stage.redis.xadd(keys.INCOMING, {"text": b"\xff\xfe", "at": "soon"})
    seen = await look(page, "/incoming")
    assert seen.words.count(HOSTILE) == 2
    assert seen.tags["img"] == 0
    assert "\\xff\\xfe" in seen.words
    assert "stop" in seen.plain


@pytest.mark.parametrize(
    "path", ["/incoming?before=x", "/incoming?before=%2B", "/optouts?cursor=-1", "/optouts?cursor=x"]
)
async def test_a_place_that_is_none_is_a_clear_error(page: TestClient, stage: Scene, path: str) -> None:
    await look(page, path, status=400)


async def test_viewers_see_numbers_masked(stage: Scene) -> None:
    await wrote(stage, "hello")
    await SuppressionList(stage.redis).add(NUMBER, "asked")
    known = credentials().bearer("another long and random text")
    async with visit(stage.redis, access=Access(credentials=credentials()), known=known) as page:
        for path in ("/incoming", "/optouts", f"/optouts?number=%2B{NUMBER}"):
            seen = await look(page, path)
            assert NUMBER not in seen.words
            assert "3069•••••78" in seen.words
            assert seen.posts == ["/logout"]
        assert (await send(page, "/optouts/remove", {"number": f"+{NUMBER}"})).status == 403
    assert await SuppressionList(stage.redis).among([NUMBER]) == {NUMBER}


async def test_a_number_is_put_on_the_list_looked_for_and_taken_off(page: TestClient, stage: Scene) -> None:
    answer = await send(page, "/optouts/add", {"number": "+30 691 234 5678", "why": "called us"})
    assert answer.headers["Location"] == "/optouts?said=listed"
    seen = await look(page, "/optouts?number=%2B30+691+234+5678")
    assert f"{NUMBER} is on the list." in seen.plain
    assert "called us" in seen.words
    assert (await send(page, "/optouts/add", {"number": NUMBER})).headers["Location"] == "/optouts?said=unchanged"
    assert (await send(page, "/optouts/remove", {"number": NUMBER})).headers["Location"] == "/optouts?said=unlisted"
    assert "is not on the list." in (await look(page, f"/optouts?number={NUMBER}")).plain
    assert await acts(page) == [
        ("this machine", "suppression.remove", "3069•••••78", ""),
        ("this machine", "suppression.add", "3069•••••78", "called us"),
    ]


@pytest.mark.parametrize("number", ["", "not a number", "+30 12", "9" * 5000, HOSTILE, "\u0661"])
async def test_what_is_no_number_is_refused_in_words_and_changes_nothing(
    page: TestClient, stage: Scene, number: str
) -> None:
    for action in ("add", "remove"):
        answer = await send(page, f"/optouts/{action}", {"number": number})
        assert answer.status == 400
        assert "<script>alert" not in await answer.text()
    assert await SuppressionList(stage.redis).is_empty()


async def test_a_long_list_is_read_in_parts(page: TestClient, stage: Scene) -> None:
    entry = b'{"since":1800000000,"why":"x"}'
    await stage.redis.hset(keys.SUPPRESSED, mapping={str(306_900_000_000 + n): entry for n in range(2000)})
    path, found, looks = "/optouts", set(), 0
    while path:
        seen = await look(page, path)
        found |= {word for word in seen.words.split() if word.startswith("3069") and len(word) == 12}
        path = next((load for load in seen.loads if "cursor=" in load), "")
        looks += 1
    assert len(found) == 2000
    assert looks > 5


async def test_exports_are_shown_with_what_became_of_their_rows(page: TestClient, stage: Scene) -> None:
    done = ExportRecord(
        task=7,
        state=ExportState.DONE,
        name=HOSTILE,
        rows=10,
        matched=8,
        unknown=1,
        bad=1,
        first_bad=HOSTILE,
        file="/secret/place",
    )
    await stage.redis.hset(keys.exports(NAME), "7", done.pack())
    seen = await look(page, "/exports")
    assert seen.words.count(HOSTILE) == 2
    assert seen.tags["img"] == 0
    assert "/secret" not in seen.words
    assert "done" in seen.words


async def test_an_export_is_asked_for_as_the_command_line_does(page: TestClient, stage: Scene) -> None:
    assert (await send(page, f"/exports/{NAME}", {"task": "7", "again": "yes"})).status == 303
    assert await stage.redis.zcard(keys.CONTROL_TRACK) == 1
    assert await acts(page) == [("this machine", "export.ask", f"{NAME} task 7", "again")]
    assert (await send(page, f"/exports/{NAME}", {"task": HOSTILE})).status == 400
    assert (await send(page, "/exports/never", {"task": "7"})).status == 404
    assert await stage.redis.zcard(keys.CONTROL_TRACK) == 1
