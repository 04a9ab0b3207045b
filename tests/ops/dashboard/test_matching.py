"""Orders for every message that matches a filter."""

import pytest
from aiohttp.test_utils import TestClient

from ops.dashboard.access import Access
from ops.dashboard.rooms import matching
from ops.web import FRAME
from producer.contract.states import Event, State
from tests.ops.dashboard.visiting import HOSTILE, VIEWER_TOKEN, credentials, look, send, visit
from tests.worker.scene import Scene

AGAIN = "/campaigns/spring/messages/again"
PEOPLE = [
    {"to": "306912345670", "name": HOSTILE},
    {"to": "306912345671", "name": "Bo"},
    {"to": "393331234567", "name": "Cy"},
    {"to": "306912345673", "name": "Di"},
]


async def ended(stage: Scene) -> None:
    """0.0 and 0.2 were refused (plain.7), 0.1 was delivered, 0.3 is sent."""
    messages = await stage.fed("spring", 4, recipients=PEOPLE, text="Hello $name", sender="ACME")
    for place in (0, 2):
        await stage.claim(messages[place])
        await stage.record(messages[place], Event.REJECT, reference="", code="plain.7")
    for place in (1, 3):
        await stage.submitted(messages[place], reference=f"r{place}")
    await stage.apply(messages[1], Event.REPORT_DELIVERED, reference="r1")


async def test_those_who_did_not_get_it_are_written_to_again_after_a_preview(page: TestClient, stage: Scene) -> None:
    await ended(stage)
    assert AGAIN in (await look(page, "/campaigns/spring/messages?code=plain.7")).posts
    answer = await send(page, AGAIN, {"state": "", "code": "", "prefix": ""})
    path = answer.headers["Location"]
    seen = await look(page, path)
    assert "To send 2" in seen.plain
    assert "Hello Cy" in seen.words
    assert HOSTILE in seen.words
    assert seen.tags["img"] == 0
    assert int(await stage.redis.zcard("volley:campaigns")) == 1
    started = await send(page, f"{path}/start")
    name = started.headers["Location"].removeprefix("/campaigns/").partition("?")[0]
    assert name.startswith("spring-again-")
    campaign = await stage.producer._campaign(name)
    assert (campaign.text, campaign.sender, campaign.account) == ("Hello $name", "ACME", stage.account.name)
    assert (await stage.producer.progress(name)).states == {State.QUEUED: 2}
    entries = (await page.app[FRAME].audit.read()).entries
    assert (entries[-1].action, entries[-1].after) == ("messages.again", "2 gathered for a preview")


@pytest.mark.parametrize(("prefix", "count"), [("39", 1), ("30", 1), ("3069123456", 1)])
async def test_only_what_matches_is_gathered(page: TestClient, stage: Scene, prefix: str, count: int) -> None:
    await ended(stage)
    answer = await send(page, AGAIN, {"prefix": prefix})
    assert f"To send {count}" in (await look(page, answer.headers["Location"])).plain


@pytest.mark.parametrize(
    ("form", "status"),
    [({"state": "delivered"}, 409), ({"state": "open"}, 409), ({"state": "x"}, 400), ({"prefix": HOSTILE}, 400)],
)
async def test_what_reached_somebody_or_may_still_is_never_sent_again(
    page: TestClient, stage: Scene, form: dict[str, str], status: int
) -> None:
    await ended(stage)
    assert (await send(page, AGAIN, form)).status == status
    assert int(await stage.redis.zcard("volley:campaigns")) == 1


async def test_more_than_fits_is_refused_and_leaves_no_file(
    page: TestClient, stage: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    await ended(stage)
    monkeypatch.setattr(matching, "LARGEST_FILE", 10)
    answer = await send(page, AGAIN, {})
    assert answer.status == 409
    assert "narrow the filter" in await answer.text()
    folder = page.app[FRAME].drafts._folder
    assert folder is not None
    assert list(folder.iterdir()) == []


async def test_a_campaign_that_is_not_there_and_a_viewer_are_refused(page: TestClient, stage: Scene) -> None:
    await ended(stage)
    assert (await send(page, "/campaigns/never/messages/again", {})).status == 404
    known = credentials().bearer(VIEWER_TOKEN)
    async with visit(stage.redis, access=Access(credentials=credentials()), known=known) as viewer:
        assert AGAIN not in (await look(viewer, "/campaigns/spring/messages")).posts
        assert (await send(viewer, AGAIN, {})).status == 403
