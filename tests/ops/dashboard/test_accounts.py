"""The accounts' page: why an account is as slow as it is, and what an operator may do about it."""

import asyncio
import time

import pytest
from aiohttp.test_utils import TestClient

from ops.audit import AuditEntry
from ops.dashboard.shared import Shared
from ops.readings import read_budgets
from ops.steering import Steering
from ops.web import FRAME
from producer.contract import keys
from producer.contract.messages import CampaignId
from tests.ops.dashboard.visiting import HOSTILE, look, send
from tests.worker.plain import NAME
from tests.worker.scene import Scene
from worker.learning import Learning
from worker.providers.interface import Window
from worker.providers.outcomes import Block, Rejected, RouteBlocked, Submitted
from worker.providers.requests import HttpRequest
from worker.sampling import Sampler
from worker.throttle import Admission, Gate, TooSoonError, Windows

LOGIN = f"login-{NAME}"  # what the stage announces
TAKEN = Submitted(reference="r")  # type: ignore[arg-type]  # any text


def door(stage: Scene) -> Gate:
    """The gate of a worker on the stage's account."""
    limits = stage.account.limits
    return Gate(
        stage.redis, account=NAME, login=LOGIN, rate=limits.rate, slots=limits.in_flight, worker="w", slot_lease=30
    )


async def last_act(page: TestClient) -> AuditEntry:
    return (await page.app[FRAME].audit.read()).entries[0]


# --- what is shown -------------------------------------------------------------------------------------


async def test_the_last_minutes_say_what_was_accepted_and_which_codes_the_others_got(
    page: TestClient, stage: Scene
) -> None:
    learning = Learning(stage.account, door(stage), stage.book, probe_every=60)
    await Sampler(stage.redis).step()
    for _ in range(3):
        await learning.learn([TAKEN], 0.2, CampaignId("spring"))
    await learning.learn([Rejected(code="plain.7", words="no such number")], 0.2, CampaignId("spring"))
    await learning.flush()
    words = (await look(page, "/accounts")).plain
    assert "75 % 3 of 4" in words
    assert "rejected no such number plain.7 1" in words
    [account] = (await (await page.get("/api/accounts")).json())["accounts"]
    assert (account["accepted"], account["ended"]) == (3, 4)


async def test_a_blocked_account_says_what_to_do(page: TestClient, stage: Scene) -> None:
    learning = Learning(stage.account, door(stage), stage.book, probe_every=60)
    broke = RouteBlocked(code="plain.3", words="no money left", block=Block.MONEY)
    await learning.learn([broke], 0.1, CampaignId("spring"))
    await learning.flush()
    await stage.book.note(NAME, {"balance": "12"})
    words = (await look(page, "/accounts")).plain
    assert "is blocked: no money" in words
    assert "account blocked no money left plain.3 1" in words
    assert "Balance 12 SMS" in words
    assert "no money left plain.3" in words
    assert "Top it up; it resumes by itself when the balance is positive." in words


async def test_why_the_rate_changed_last_is_said(page: TestClient, stage: Scene) -> None:
    gate = door(stage)
    await gate.admit(1)
    await gate.slow_down("volley.slow_answers")
    assert "the provider answered much more slowly than usual" in (await look(page, "/accounts")).plain
    await stage.redis.hset(keys.throttle(gate.login), "slowed_at", str((time.time() - 60) * 1000))
    await send(page, f"/accounts/{NAME}/limits", {"rate": "1"})
    assert "set by this machine" in (await look(page, "/accounts")).plain


async def test_the_budget_of_a_scarce_call_is_shown_as_it_is_used_up(page: TestClient, stage: Scene) -> None:
    gate = door(stage)
    table = {"messages": (Window(count=5, seconds=60, identical=True), Window(count=2, seconds=3600))}
    windows = Windows(stage.redis, gate.login, table)
    for number in range(2):
        await windows.enter(HttpRequest(call="messages", path="/", form=(), fingerprint=f"f{number}"))
    with pytest.raises(TooSoonError):
        await windows.enter(HttpRequest(call="messages", path="/", form=(), fingerprint="f3"))
    [budget] = (await read_budgets(stage.redis, [gate.login]))[gate.login]
    assert (budget.call, budget.used, budget.most, budget.seconds) == ("messages", 2, 2, 3600)
    assert "messages 2 2 1 h" in (await look(page, "/accounts")).plain


# --- orders --------------------------------------------------------------------------------------------


async def test_a_paused_account_sends_nothing_until_it_is_resumed(page: TestClient, stage: Scene) -> None:
    gate = door(stage)
    answer = await send(page, f"/accounts/{NAME}/pause")
    assert (answer.status, answer.headers["Location"]) == (303, f"/accounts?said=paused#account-{NAME}")
    assert not isinstance(await gate.admit(1), Admission)
    assert gate.waiting is not None
    assert gate.waiting.why == "paused"
    seen = await look(page, "/accounts?said=paused")
    assert "Paused." in seen.words
    assert "is paused by an operator (this machine)" in seen.plain
    assert f"/accounts/{NAME}/resume" in seen.posts
    act = await last_act(page)
    assert (act.action, act.target, act.before, act.after) == ("account.pause", NAME, "open", "paused")

    assert (await send(page, f"/accounts/{NAME}/resume")).status == 303
    assert isinstance(await gate.admit(1), Admission)
    act = await last_act(page)
    assert (act.action, act.before, act.after) == ("account.resume", "paused", "open")
    assert await stage.redis.hget(keys.account(NAME), "paused_by") is None


async def test_a_block_is_not_resumed_by_an_operator_and_a_pause_is_not_lost_to_a_block(stage: Scene) -> None:
    steering = Steering(stage.redis)
    await stage.book.block(NAME, Block.MONEY, code="x", words="", seconds=60)
    assert await steering.resume(NAME, "olga") == ("money", "money")
    assert await steering.pause(NAME, "olga") == ("money", "paused")
    assert await steering.pause(NAME, "vera") == ("paused", "paused")
    assert await stage.redis.hget(keys.account(NAME), "paused_by") == b"olga"
    await stage.book.block(NAME, Block.MONEY, code="x", words="", seconds=60)
    assert await stage.book.state(NAME) == "paused"


async def test_limits_hold_at_once_for_a_running_worker_and_are_taken_back(page: TestClient, stage: Scene) -> None:
    gate = door(stage)
    await gate.admit(1)
    gate.left()
    answer = await send(page, f"/accounts/{NAME}/limits", {"rate": "1.5", "slots": "1", "order": "set"})
    assert answer.status == 303
    await gate.admit(1)
    assert gate.effective_rate == 1.5
    act = await last_act(page)
    assert (act.action, act.before, act.after) == ("account.limits", "as configured", "rate 1.5, at once 1")
    seen = await look(page, "/accounts")
    assert "1.5 of 1.5" in seen.plain
    assert "of 1" in seen.plain

    assert (await send(page, f"/accounts/{NAME}/limits", {"order": "forget"})).status == 303
    assert await stage.redis.exists(keys.limits(gate.login)) == 0
    assert (await last_act(page)).after == "as configured"


async def test_more_than_the_configured_rate_has_to_be_said_twice(page: TestClient, stage: Scene) -> None:
    above = f"{stage.account.limits.rate * 2:g}"
    refused = await send(page, f"/accounts/{NAME}/limits", {"rate": above})
    assert refused.status == 400
    assert "say so in the form" in await refused.text()
    assert (await send(page, f"/accounts/{NAME}/limits", {"rate": above, "above": "yes"})).status == 303


@pytest.mark.parametrize(
    "values",
    [
        {"rate": "0"},
        {"rate": "-1"},
        {"rate": "nan"},
        {"rate": "inf", "above": "yes"},
        {"rate": "1e9", "above": "yes"},
        {"rate": "many"},
        {"rate": "1" * 5000},
        {"rate": HOSTILE},
        {"slots": "0"},
        {"slots": "99999"},
        {"slots": "1.5"},
        {"slots": "\u0661"},
        {"slots": HOSTILE},
    ],
)
async def test_limits_that_cannot_be_are_refused_in_words_and_change_nothing(
    page: TestClient, stage: Scene, values: dict[str, str]
) -> None:
    answer = await send(page, f"/accounts/{NAME}/limits", values)
    assert answer.status == 400
    assert "<script>alert" not in await answer.text()
    assert await stage.redis.exists(keys.limits(door(stage).login)) == 0


@pytest.mark.parametrize("action", ["pause", "resume", "limits"])
async def test_an_account_that_is_not_there_is_none_to_act_on(page: TestClient, stage: Scene, action: str) -> None:
    assert (await send(page, f"/accounts/never/{action}")).status == 404
    assert await stage.redis.exists(keys.account("never")) == 0  # type: ignore[arg-type]  # any text


async def test_what_is_hostile_in_redis_is_text_on_the_page(page: TestClient, stage: Scene) -> None:
    await stage.redis.hset(
        keys.account(NAME), mapping={"state": HOSTILE, "code": HOSTILE, "words": HOSTILE, "paused_by": HOSTILE}
    )
    login = door(stage).login
    await stage.redis.hset(keys.limits(login), mapping={"rate": "1", "by": HOSTILE, "at": str(int(time.time()))})
    minute = keys.minute(NAME, int(time.time()) // 60)
    await stage.redis.hset(minute, f"rejected {HOSTILE}", 1)
    await stage.redis.expire(minute, 60)
    await stage.redis.hset(keys.budget(login), f"{HOSTILE}.0", "1 1000")
    await stage.redis.expire(keys.budget(login), 60)
    seen = await look(page, "/accounts")
    assert seen.tags["img"] == 0
    assert seen.words.count(HOSTILE) >= 5


# --- one reading for all -------------------------------------------------------------------------------


async def test_who_asks_while_it_is_being_read_waits_for_that_reading() -> None:
    now, reads = [0.0], []
    shared = Shared(clock=lambda: now[0])

    async def read() -> int:
        reads.append(now[0])
        await asyncio.sleep(0)
        return len(reads)

    assert await asyncio.gather(*(shared.get("x", read) for _ in range(20))) == [1] * 20
    now[0] += 0.5
    assert await shared.get("x", read) == 1
    now[0] += 0.5
    assert await shared.get("x", read) == 2
    shared.forget()
    assert await shared.get("x", read) == 3


async def test_a_reading_that_failed_is_not_kept() -> None:
    shared = Shared(clock=lambda: 0.0)

    async def fail() -> int:
        raise OSError("away")

    async def succeed() -> int:
        return 7

    with pytest.raises(OSError, match="away"):
        await shared.get("x", fail)
    assert await shared.get("x", succeed) == 7
