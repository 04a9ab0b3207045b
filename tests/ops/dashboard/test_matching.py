"""Orders for every message that matches a filter."""

import pytest
from aiohttp.test_utils import TestClient

from ops.dashboard.access import Access
from ops.dashboard.rooms import matching
from ops.web import FRAME
from producer.contract import keys
from producer.contract.messages import CampaignId, Msisdn
from producer.contract.states import Event, State
from producer.suppression import SuppressionList
from tests.ops.dashboard.carrying import carrying, over
from tests.ops.dashboard.visiting import HOSTILE, TOKEN, VIEWER_TOKEN, credentials, look, send, visit
from tests.support import PATIENCE
from tests.worker.scene import Scene

AGAIN = "/campaigns/spring/messages/again"
PEOPLE = [
    {"to": "306912345670", "name": HOSTILE},
    {"to": "306912345671", "name": "Bo"},
    {"to": "393331234567", "name": "Cy"},
    {"to": "306912345673", "name": "Di"},
]


@pytest.fixture(autouse=True)
def patient(monkeypatch: pytest.MonkeyPatch) -> None:
    """So that an order is over when its answer comes, on a busy machine too."""
    monkeypatch.setattr(matching, "_WITHIN", PATIENCE)


async def ended(stage: Scene) -> None:
    """0.0 and 0.2 were refused (plain.7), 0.1 was delivered, 0.3 is sent."""
    messages = await stage.fed("spring", 4, recipients=PEOPLE, text="Hello $name", sender="ACME")
    for place in (0, 2):
        await stage.claim(messages[place])
        await stage.record(messages[place], Event.REJECT, reference="", code="plain.7")
    for place in (1, 3):
        await stage.submitted(messages[place], reference=f"r{place}")
    await stage.apply(messages[1], Event.REPORT_DELIVERED, reference="r1")


async def left_loading(stage: Scene) -> list[bytes]:
    """Campaigns that nobody made visible."""
    return [name async for name in stage.redis.scan_iter("volley:campaign:*again*")]


async def test_those_who_did_not_get_it_are_written_to_again_after_a_preview(page: TestClient, stage: Scene) -> None:
    await ended(stage)
    assert AGAIN in (await look(page, "/campaigns/spring/messages?code=plain.7")).posts
    async with carrying(stage):
        path = (await send(page, AGAIN, {"state": "", "code": "", "prefix": ""})).headers["Location"]
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
    assert [(each.action, each.after) for each in entries[-2::-1]][:1] == [("messages.again", "2 gathered")]


@pytest.mark.parametrize(("prefix", "count"), [("39", 1), ("30", 1), ("3069123456", 1)])
async def test_only_what_matches_is_gathered(page: TestClient, stage: Scene, prefix: str, count: int) -> None:
    await ended(stage)
    async with carrying(stage):
        path = (await send(page, AGAIN, {"prefix": prefix})).headers["Location"]
    assert f"To send {count}" in (await look(page, path)).plain


@pytest.mark.parametrize("form", [{"state": "delivered"}, {"state": "open"}])
async def test_what_reached_somebody_or_may_still_is_never_sent_again(
    page: TestClient, stage: Scene, form: dict[str, str]
) -> None:
    await ended(stage)
    async with carrying(stage):
        path = (await send(page, AGAIN, form)).headers["Location"]
    assert path.startswith("/orders/")
    seen = await look(page, path)
    assert "None of these messages has ended without reaching somebody." in seen.plain
    assert not [load for load in seen.loads if load.startswith("/submit/")]
    assert int(await stage.redis.zcard("volley:campaigns")) == 1
    assert await left_loading(stage) == []


@pytest.mark.parametrize("form", [{"state": "x"}, {"prefix": HOSTILE}])
async def test_a_filter_that_is_none_is_refused(page: TestClient, stage: Scene, form: dict[str, str]) -> None:
    await ended(stage)
    assert (await send(page, AGAIN, form)).status == 400
    assert await stage.redis.zcard(keys.ORDERS) == 0


async def test_whoever_asked_to_stop_is_left_out(page: TestClient, stage: Scene) -> None:
    await ended(stage)
    await SuppressionList(stage.redis).add(Msisdn("306912345670"), "stop")
    async with carrying(stage):
        path = (await send(page, AGAIN, {})).headers["Location"]
    seen = await look(page, path)
    assert "To send 1" in seen.plain
    assert "is on the suppression list" in seen.plain
    assert "306912345670" not in seen.words


async def test_another_person_does_not_see_the_draft(page: TestClient, stage: Scene) -> None:
    await ended(stage)
    async with carrying(stage):
        path = (await send(page, AGAIN, {})).headers["Location"]
    operator = credentials().bearer(TOKEN)
    async with visit(stage.redis, access=Access(credentials=credentials()), known=operator) as other:
        await look(other, path, status=404)
        assert path not in (await look(other, path.replace("/submit/", "/orders/"))).loads


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
    async with carrying(stage):
        answer = await send(page, "/campaigns/summer/messages/cancel", {"prefix": "30"})
        assert (await send(page, CANCEL, {})).headers["Location"].endswith("said=unchanged")
    assert answer.headers["Location"] == "/campaigns/summer/messages?prefix=30&said=withdrawn"
    assert (await stage.producer.progress("summer")).states == {State.QUEUED: 1, State.CANCELLED: 2}
    told, asked = (await page.app[FRAME].audit.read()).entries[-2:]
    assert (asked.action, asked.target, asked.before) == ("messages.cancel", "summer", "prefix=30")
    assert asked.after.startswith("order ")
    assert (told.action, told.target, told.after) == (
        "messages.cancel",
        f"summer ({asked.after})",
        "2 cancelled",
    )
    assert await stage.mistakes(CampaignId("summer")) == []


async def test_without_a_worker_the_order_waits_for_one(
    page: TestClient, stage: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    await stage.submit("spring", 3)
    monkeypatch.setattr(matching, "_WITHIN", 0.01)
    path = (await send(page, CANCEL, {})).headers["Location"]
    assert path.startswith("/orders/")
    assert "No track worker runs: orders wait until one is started" in (await look(page, path)).plain
    assert (await send(page, CANCEL, {})).status == 409, "the same is being done"
    async with carrying(stage):
        await over(stage)
    assert "3 cancelled" in (await look(page, path)).plain
    assert (await stage.producer.progress("spring")).states == {State.CANCELLED: 3}
    assert await stage.campaign_state(CampaignId("spring")) == "finished"


async def test_viewers_cannot_cancel(stage: Scene) -> None:
    await stage.submit("spring", 1)
    known = credentials().bearer(VIEWER_TOKEN)
    async with visit(stage.redis, access=Access(credentials=credentials()), known=known) as viewer:
        assert CANCEL not in (await look(viewer, "/campaigns/spring/messages")).posts
        assert (await send(viewer, CANCEL, {})).status == 403
