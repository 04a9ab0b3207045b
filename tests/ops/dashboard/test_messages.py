"""The messages of a campaign: the filter, its pages, and the file of who did not get it."""

import csv
import re
from collections.abc import AsyncIterator

import pytest
from aiohttp import ClientPayloadError
from aiohttp.test_utils import TestClient

from ops.dashboard.access import Access
from ops.dashboard.rooms import messages
from ops.web import FRAME
from producer.contract.states import Event
from tests.ops.dashboard.visiting import HOSTILE, VIEWER_TOKEN, credentials, look, visit
from tests.worker.plain import NAME
from tests.worker.scene import Scene


async def three_ends(stage: Scene) -> None:
    """spring/0.0 was refused, spring/0.1 is sent, spring/0.2 is queued."""
    one, two, _ = await stage.fed("spring", 3, recipients=["306912345670", "306912345671", "393331234567"])
    await stage.claim(one)
    await stage.record(one, Event.REJECT, reference="", code="plain.7")
    await stage.submitted(two)
    await stage.book.explain(NAME, {"plain.7": "no such number"})


async def rows(page: TestClient, query: str = "") -> list[dict[str, str]]:
    answer = await page.get(f"/campaigns/spring/messages.csv{query}")
    assert answer.status == 200, await answer.text()
    assert answer.headers["Content-Type"] == "text/csv; charset=utf-8"
    return list(csv.DictReader((await answer.text()).splitlines()))


@pytest.mark.parametrize(
    ("query", "places"),
    [
        ("", ["0.0", "0.1", "0.2"]),
        ("?state=rejected", ["0.0"]),
        ("?state=not_delivered", ["0.0"]),
        ("?state=open", ["0.1", "0.2"]),
        ("?code=plain.7", ["0.0"]),
        ("?code=plain.70", []),
        ("?prefix=30", ["0.0", "0.1"]),
        ("?prefix=%2B39", ["0.2"]),
        ("?prefix=30&state=open", ["0.1"]),
    ],
)
async def test_the_page_and_the_file_have_the_messages_that_fit(
    page: TestClient, stage: Scene, query: str, places: list[str]
) -> None:
    await three_ends(stage)
    seen = await look(page, f"/campaigns/spring/messages{query}")
    assert [f"spring/{place}" in seen.words for place in ("0.0", "0.1", "0.2")] == [
        place in places for place in ("0.0", "0.1", "0.2")
    ]
    assert [row["message"] for row in await rows(page, query)] == [f"spring/{place}" for place in places]


@pytest.mark.parametrize(
    ("query", "count"),
    [("", "3 messages"), ("?state=open", "2 messages"), ("?state=rejected", "1 message"), ("?code=plain.7", "")],
)
async def test_how_many_fit_is_told_where_a_counter_knows_and_codes_are_offered(
    page: TestClient, stage: Scene, query: str, count: str
) -> None:
    await three_ends(stage)
    text = await (await page.get(f"/campaigns/spring/messages{query}")).text()
    assert re.findall(r'<span id="count" data-live>([^<]*)<', text) == ([count] if count else [])
    assert '<datalist id="codes"><option value="plain.7">no such number</option></datalist>' in text


async def test_who_did_not_get_it_is_one_click_from_the_campaign(page: TestClient, stage: Scene) -> None:
    await three_ends(stage)
    seen = await look(page, "/campaigns/spring")
    [file] = [load for load in seen.loads if "messages.csv" in load]
    assert "/campaigns/spring/messages?code=plain.7" in seen.loads
    assert "/campaigns/spring/messages?state=rejected" in seen.loads
    answer = await page.get(file)
    assert answer.headers["Content-Disposition"] == 'attachment; filename="spring-not_delivered.csv"'
    [row] = csv.DictReader((await answer.text()).splitlines())
    assert (row["msisdn"], row["state"], row["words"]) == ("306912345670", "rejected", "no such number")
    [act] = (await page.app[FRAME].audit.read()).entries
    assert (act.action, act.target, act.after) == ("messages.download", "spring", "state=not_delivered")


async def test_viewers_see_numbers_masked_on_the_page_and_in_the_file(stage: Scene) -> None:
    await three_ends(stage)
    known = credentials().bearer(VIEWER_TOKEN)
    async with visit(stage.redis, access=Access(credentials=credentials()), known=known) as page:
        assert "306912345670" not in (await look(page, "/campaigns/spring/messages")).words
        assert [row["msisdn"] for row in await rows(page)] == ["3069•••••70", "3069•••••71", "3933•••••67"]


async def test_pages_follow_each_other_and_look_through_so_many_chunks_at_most(
    page: TestClient, stage: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(messages, "_PAGE", 3)
    monkeypatch.setattr(messages, "_CHUNKS", 1)
    await stage.submit("spring", 450)
    path, found, looks = "/campaigns/spring/messages?prefix=3", [], 0
    while path:
        seen = await look(page, path)
        found += [word for word in seen.words.split() if word.startswith("spring/")]
        path = next((load for load in seen.loads if "after=" in load), "")
        looks += 1
    assert len(found) == len(set(found)) == 450
    assert looks >= 150
    nobody = await look(page, "/campaigns/spring/messages?code=never")
    assert "None of those that were looked through." in nobody.words
    assert any("after=0.199" in load for load in nobody.loads)


@pytest.mark.parametrize(
    "query", ["?state=gone", "?prefix=x", "?after=x", "?after=1", "?state=%3Cscript%3E", "?after=1.x"]
)
async def test_a_filter_that_is_none_is_a_clear_error(page: TestClient, stage: Scene, query: str) -> None:
    await stage.submit()
    await look(page, f"/campaigns/spring/messages{query}", status=400)


async def test_a_file_that_is_broken_off_is_told_from_a_whole_one(
    page: TestClient, stage: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def broken(*_: object) -> AsyncIterator[bytes]:
        yield b"message\n"
        raise ConnectionError("Redis is away")

    await stage.submit()
    monkeypatch.setattr(messages, "sheet", broken)
    answer = await page.get("/campaigns/spring/messages.csv")
    with pytest.raises(ClientPayloadError):
        await answer.read()
    assert (await page.get("/campaigns")).status == 200


async def test_a_campaign_that_is_not_there_has_no_messages(page: TestClient, stage: Scene) -> None:
    await look(page, "/campaigns/never/messages", status=404)
    assert (await page.get("/campaigns/never/messages.csv")).status == 404


async def test_what_is_hostile_is_text_on_the_page_and_no_formula_in_the_file(page: TestClient, stage: Scene) -> None:
    """A spreadsheet runs a cell that begins with `=`."""
    one, two, _ = await stage.fed("spring", 3)
    for message, code in ((one, "a.1"), (two, "a.2")):
        await stage.claim(message)
        await stage.record(message, Event.REJECT, reference="", code=code)
    await stage.book.explain(NAME, {"a.1": '=HYPERLINK("http://evil.example.com")', "a.2": HOSTILE})
    seen = await look(page, "/campaigns/spring/messages?code=%3Cb%3E")
    assert seen.tags["b"] == 0
    seen = await look(page, "/campaigns/spring/messages")
    assert HOSTILE in seen.words
    assert seen.tags["img"] == 0
    assert [row["words"] for row in await rows(page)] == [
        '\'=HYPERLINK("http://evil.example.com")',
        HOSTILE,
        "",
    ]
