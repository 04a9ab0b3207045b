"""Decisions about uncertain messages: on a message's page, and in the tray of all."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import cast

import pytest
from aiohttp.test_utils import TestClient
from arq.typing import WorkerCoroutine
from arq.worker import func

from ops.dashboard.access import Access
from ops.dashboard.rooms import message as room
from ops.dashboard.rooms import uncertain as tray
from ops.deciding import DecisionError, NotYetError, ask_to_decide, decided, undecided
from ops.web import FRAME
from producer.contract import keys
from producer.contract.jobs import RESOLVE
from producer.contract.states import Event, State
from tests.ops.dashboard.messaging import PATH, acts, doubted, tracking
from tests.ops.dashboard.visiting import HOSTILE, VIEWER_TOKEN, credentials, look, send, token_of, visit
from tests.support import PATIENCE, wait_until
from tests.worker.scene import Scene
from worker.deciding import resolve as decision_of_a_person

# as a track worker has it, with its result kept
resolve = func(cast("WorkerCoroutine", decision_of_a_person), name=RESOLVE, keep_result=60, max_tries=1)


@pytest.fixture(autouse=True)
def patient(monkeypatch: pytest.MonkeyPatch) -> None:
    """So that a decision is carried out when its answer comes, on a busy machine too."""
    for place in (room, tray):
        monkeypatch.setattr(place, "_DECIDED_WITHIN", PATIENCE)


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


@pytest.mark.parametrize("decisions", [("sent", "failed", "resend"), ("resend", "resend", "resend")])
async def test_of_decisions_at_one_moment_one_is_made_and_the_others_are_refused(
    page: TestClient, stage: Scene, decisions: tuple[str, ...]
) -> None:
    [message] = await doubted(stage)
    asked = asyncio.gather(*(send(page, f"{PATH}/decide", {"decision": each}) for each in decisions))
    await wait_until(_waiting(stage, len(decisions)), description="all have asked")
    async with tracking(stage, resolve):
        answers = await asked
    assert sorted(answer.status for answer in answers) == [303, 409, 409]
    for answer in answers:
        assert answer.status == 303 or "somebody else decided" in (await answer.text()).lower()
    entries = (await page.app[FRAME].audit.read()).entries
    [made] = [entry for entry in entries if not entry.failure]
    made_by = {"message.sent": "submitted", "message.failed": "rejected", "message.resend": "queued"}
    assert (made.before, made.after) == ("uncertain", made_by[made.action])
    assert await stage.state_of(message) == made.after
    assert [entry.after for entry in entries if entry.failure] == ["", ""]


def _waiting(stage: Scene, count: int) -> Callable[[], Awaitable[bool]]:
    async def are_there() -> bool:
        return int(await stage.redis.zcard(keys.CONTROL_TRACK)) == count

    return are_there


async def test_a_decision_tells_its_own_state_not_what_the_message_became_later(stage: Scene) -> None:
    [message] = await doubted(stage)
    jobs = await ask_to_decide(stage.redis, {message: await undecided(stage.redis, message)}, "resend", "olga")
    async with tracking(stage, resolve):
        await wait_until(lambda: stage.redis.exists(f"arq:result:{jobs[message]}"), description="it was carried out")
    await stage.claim(message, reference="v1")
    assert await decided(stage.redis, message, jobs[message], within=PATIENCE) is State.QUEUED
    assert not await stage.redis.exists(f"arq:result:{jobs[message]}")


async def test_a_decision_that_waited_is_not_one_about_a_later_doubt(stage: Scene) -> None:
    """It was asked for without a worker; meanwhile the message was sent again, and that answer was lost, too."""
    [message] = await doubted(stage)
    jobs = await ask_to_decide(stage.redis, {message: await undecided(stage.redis, message)}, "sent", "olga")
    await stage.apply(message, Event.DISPROVE, reference="v0")
    await stage.claim(message, reference="v1")
    await stage.record(message, Event.DOUBT, attempt=2, reference="v1", code="volley.answer_lost")
    async with tracking(stage, resolve):
        with pytest.raises(DecisionError, match="uncertain anew"):
            await decided(stage.redis, message, jobs[message], within=PATIENCE)
    assert await stage.state_of(message) is State.UNCERTAIN


async def test_of_a_worker_that_died_in_a_decision_nothing_is_claimed(stage: Scene) -> None:
    [message] = await doubted(stage)
    record = await undecided(stage.redis, message)
    jobs = await ask_to_decide(stage.redis, {message: record}, "sent", "olga")
    with pytest.raises(NotYetError, match="start one"):
        await decided(stage.redis, message, jobs[message], within=0)
    await stage.redis.set(f"arq:in-progress:{jobs[message]}", b"1", ex=70)
    with pytest.raises(DecisionError, match="may have been done"):
        await decided(stage.redis, message, jobs[message], within=0)
    async with tracking(stage, func(_broken, name=RESOLVE, keep_result=60, max_tries=1)):
        await stage.redis.delete(f"arq:in-progress:{jobs[message]}")
        with pytest.raises(DecisionError, match="the books are closed"):
            await decided(stage.redis, message, jobs[message], within=PATIENCE)
    with pytest.raises(DecisionError, match="may have been done"):  # its result is gone
        await decided(stage.redis, message, jobs[message], within=0)


async def _broken(*_: object) -> None:
    raise ValueError("the books are closed")


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


async def test_the_tray_says_when_somebody_else_was_first(page: TestClient, stage: Scene) -> None:
    [message] = await doubted(stage)
    form = {"decision": "failed", "message": str(message)}
    asked = asyncio.gather(*(send(page, "/uncertain/decide", form) for _ in range(2)))
    await wait_until(_waiting(stage, 2), description="both have asked")
    async with tracking(stage, resolve):
        answers = await asked
    said = sorted(answer.headers["Location"] for answer in answers)
    assert said == ["/uncertain?said=decided", "/uncertain?said=overtaken"]
    entries = (await page.app[FRAME].audit.read()).entries
    assert sorted((entry.after, entry.failure.partition(":")[0]) for entry in entries) == [
        ("", "DecisionError"),
        ("rejected", ""),
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
