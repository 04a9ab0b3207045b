"""Decisions about uncertain messages: on a message's page, and in the tray of all."""

import pytest
from aiohttp.test_utils import TestClient

from ops.dashboard.access import Access
from ops.dashboard.rooms import message as room
from ops.dashboard.rooms import uncertain as tray
from producer.contract import keys
from producer.contract.states import State
from tests.ops.dashboard.messaging import PATH, acts, doubted, tracking
from tests.ops.dashboard.visiting import HOSTILE, VIEWER_TOKEN, credentials, look, send, token_of, visit
from tests.worker.scene import Scene
from worker.deciding import resolve


async def test_a_decision_is_carried_out_by_a_track_worker_and_kept_in_the_audit_log(
    page: TestClient, stage: Scene
) -> None:
    [message] = await doubted(stage)
    assert f"{PATH}/decide" in (await look(page, PATH)).posts
    async with tracking(stage, resolve):
        answer = await send(page, f"{PATH}/decide", {"decision": "sent"})
    assert (answer.status, answer.headers["Location"]) == (303, f"{PATH}?said=decided")
    assert await stage.state_of(message) is State.SUBMITTED
    assert await acts(page) == [("message.sent", "spring/0.0", "uncertain", "submitted")]
    seen = await look(page, PATH)
    assert "this machine decided that it was sent uncertain → submitted" in seen.plain
    assert f"{PATH}/decide" not in seen.posts
    assert (await send(page, f"{PATH}/decide", {"decision": "failed"})).status == 409


async def test_without_a_worker_a_decision_says_who_will_carry_it_out(
    page: TestClient, stage: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    [message] = await doubted(stage)
    monkeypatch.setattr(room, "_DECIDED_WITHIN", 0.0)
    answer = await send(page, f"{PATH}/decide", {"decision": "failed"})
    assert answer.status == 409
    assert "start one (volley worker track)" in await answer.text()
    assert await stage.state_of(message) is State.UNCERTAIN


@pytest.mark.parametrize("decision", ["", "never", HOSTILE])
async def test_what_is_no_decision_is_refused(page: TestClient, stage: Scene, decision: str) -> None:
    await doubted(stage)
    assert (await send(page, f"{PATH}/decide", {"decision": decision})).status == 400
    assert (await send(page, "/uncertain/decide", {"decision": decision, "message": "spring/0.0"})).status == 400
    assert await acts(page) == []


# --- the tray ------------------------------------------------------------------------------------------


async def test_the_tray_decides_about_the_chosen_ones_only(page: TestClient, stage: Scene) -> None:
    one, two, three = await doubted(stage, count=3)
    seen = await look(page, "/uncertain")
    assert f"/campaigns/spring/messages/{one.chunk}.{one.place}" in seen.loads
    assert seen.posts.count("/uncertain/decide") == 1
    form = [
        ("form_token", await token_of(page)),
        ("decision", "failed"),
        ("message", str(one)),
        ("message", str(two)),
    ]
    async with tracking(stage, resolve):
        answer = await page.post(
            "/uncertain/decide",
            data=form,
            headers={"Origin": str(page.make_url("/")).rstrip("/")},
            allow_redirects=False,
        )
    assert (answer.status, answer.headers["Location"]) == (303, "/uncertain?said=decided")
    assert [await stage.state_of(each) for each in (one, two, three)] == [
        State.REJECTED,
        State.REJECTED,
        State.UNCERTAIN,
    ]
    assert await acts(page) == [
        ("message.failed", str(two), "uncertain", "rejected"),
        ("message.failed", str(one), "uncertain", "rejected"),
    ]


async def test_the_tray_says_when_the_decision_is_still_to_be_carried_out(
    page: TestClient, stage: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    [message] = await doubted(stage)
    monkeypatch.setattr(tray, "_DECIDED_WITHIN", 0.0)
    answer = await send(page, "/uncertain/decide", {"decision": "resend", "message": str(message)})
    assert answer.headers["Location"] == "/uncertain?said=asked"
    assert await stage.redis.zcard(keys.CONTROL_TRACK) == 1
    assert await acts(page) == [("message.resend", str(message), "uncertain", "asked of a track worker")]


@pytest.mark.parametrize(
    ("message", "status"), [("spring/0.9", 303), ("never/0.0", 303), ("", 400), (HOSTILE, 400), ("spring", 400)]
)
async def test_what_is_not_uncertain_is_left_alone(page: TestClient, stage: Scene, message: str, status: int) -> None:
    await doubted(stage)
    assert (await send(page, "/uncertain/decide", {"decision": "resend", "message": message})).status == status
    assert await stage.redis.zcard(keys.CONTROL_TRACK) == 0
    assert await acts(page) == []


async def test_viewers_cannot_decide(stage: Scene) -> None:
    await doubted(stage)
    known = credentials().bearer(VIEWER_TOKEN)
    async with visit(stage.redis, access=Access(credentials=credentials()), known=known) as page:
        assert "/uncertain/decide" not in (await look(page, "/uncertain")).posts
        answer = await send(page, "/uncertain/decide", {"decision": "resend", "message": "spring/0.0"})
    assert answer.status == 403
