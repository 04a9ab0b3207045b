"""Orders for every message that matches a filter."""

import pytest
from aiohttp.test_utils import TestClient
from arq.worker import func

from ops import withdrawing
from ops.dashboard.access import Access
from ops.dashboard.rooms import matching
from ops.web import FRAME
from producer.contract import keys
from producer.contract.messages import CampaignId
from producer.contract.states import Event, State
from tests.ops.dashboard.test_message import tracking
from tests.ops.dashboard.visiting import HOSTILE, VIEWER_TOKEN, credentials, look, send, visit
from tests.worker.scene import Scene
from worker.withdrawing import withdraw

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


# --- cancelling ----------------------------------------------------------------------------------------

CANCEL = "/campaigns/spring/messages/cancel"


async def test_what_matches_and_waits_is_cancelled_and_the_rest_goes_on(page: TestClient, stage: Scene) -> None:
    await ended(stage)
    await stage.submit("summer", 3, recipients=["306912345670", "393331234567", "306912345671"])
    async with tracking(stage, func(withdraw, keep_result=60)):
        answer = await send(page, "/campaigns/summer/messages/cancel", {"prefix": "30"})
        assert (await send(page, CANCEL, {})).headers["Location"].endswith("said=unchanged")
    assert answer.headers["Location"] == "/campaigns/summer/messages?prefix=30&said=cancelled"
    assert (await stage.producer.progress("summer")).states == {State.QUEUED: 1, State.CANCELLED: 2}
    entries = (await page.app[FRAME].audit.read()).entries
    assert (entries[-1].action, entries[-1].before, entries[-1].after) == (
        "messages.cancel",
        "prefix=30",
        "2 cancelled",
    )
    assert await stage.mistakes(CampaignId("summer")) == []


async def test_without_a_worker_nothing_is_cancelled_later(
    page: TestClient, stage: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    await stage.submit("spring", 3)
    monkeypatch.setattr(withdrawing, "_WITHIN", 0.1)
    answer = await send(page, CANCEL, {})
    assert answer.status == 503
    assert "0 were cancelled, then no track worker answered" in await answer.text()
    assert await stage.redis.zcard(keys.CONTROL_TRACK) == 0
    assert (await stage.producer.progress("spring")).states == {State.QUEUED: 3}


async def test_pieces_follow_each_other(page: TestClient, stage: Scene, monkeypatch: pytest.MonkeyPatch) -> None:
    await stage.submit("spring", 450)
    monkeypatch.setattr(withdrawing, "_AT_ONCE", 100)
    async with tracking(stage, func(withdraw, keep_result=60)):
        await send(page, CANCEL, {"state": "queued"})
    assert (await stage.producer.progress("spring")).states == {State.CANCELLED: 450}
    assert await stage.campaign_state(CampaignId("spring")) == "finished"


async def test_viewers_cannot_cancel(stage: Scene) -> None:
    await stage.submit("spring", 1)
    known = credentials().bearer(VIEWER_TOKEN)
    async with visit(stage.redis, access=Access(credentials=credentials()), known=known) as viewer:
        assert CANCEL not in (await look(viewer, "/campaigns/spring/messages")).posts
        assert (await send(viewer, CANCEL, {})).status == 403
