"""What ops reads of campaigns and accounts is what the producer, the ledger and the throttle wrote."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest
from redis.asyncio import Redis

from ops.readings import read_accounts, read_active, read_campaign, read_campaigns, read_refusals
from ops.readings.accounts import AccountState, throttle_of
from producer.contract import keys
from producer.contract.campaigns import CampaignState
from producer.contract.counters import OUTCOMES
from producer.contract.messages import CampaignId
from producer.contract.states import Event, State
from tests.worker.plain import NAME, plain_account
from tests.worker.scene import Scene, entry, scene
from worker.providers.outcomes import Block, Outcome
from worker.providers.reports import Balance
from worker.throttle import Admission, Gate


@pytest.fixture
async def stage(redis: Redis, redis_url: str) -> AsyncIterator[Scene]:
    async with scene(redis_url, plain_account(rate=20.0, in_flight=4)) as made:
        yield made


def gate_of(stage: Scene, *, rate: float = 20.0) -> Gate:
    login = entry(stage.account).login
    return Gate(stage.redis, account=NAME, login=login, rate=rate, slots=4, worker="w1", slot_lease=30.0)


# --- campaigns ---------------------------------------------------------------------------------------


async def test_campaigns_come_newest_first_a_page_at_a_time(stage: Scene) -> None:
    for age, name in enumerate(["newest", "middle", "oldest"]):
        await stage.submit(name)
        await stage.redis.zadd(keys.CAMPAIGNS, {name: 1_700_000_000 - age})
    first = await read_campaigns(stage.redis, limit=2)
    rest = await read_campaigns(stage.redis, offset=2, limit=2)
    assert [reading.id for reading in first.campaigns] == ["newest", "middle"]
    assert [reading.id for reading in rest.campaigns] == ["oldest"]
    assert first.total == rest.total == 3


async def test_a_campaign_says_how_far_it_is_and_why_messages_failed(stage: Scene) -> None:
    one, two, _ = await stage.fed()
    await stage.claim(one, two)
    await stage.record(one, Event.SUBMIT, reference="r1")
    await stage.record(two, Event.REJECT, reference="", code="plain.7")
    await stage.book.explain(NAME, {"plain.7": "the number does not exist"})
    reading = await read_campaign(stage.redis, one.campaign)
    assert reading is not None
    assert reading.progress.states == {State.QUEUED: 1, State.SUBMITTED: 1, State.REJECTED: 1}
    assert (reading.progress.total, reading.progress.final, reading.to_send) == (3, 1, 1)
    assert [(r.code, r.words, r.count) for r in reading.reasons] == [("plain.7", "the number does not exist", 1)]
    assert not reading.is_over
    assert reading.progress.state is CampaignState.RUNNING


async def test_a_reading_agrees_with_the_progress_that_the_producer_gives(stage: Scene) -> None:
    one, *_ = await stage.fed(
        text="hello $name", recipients=[{"to": "306912345678", "name": "A"}, {"to": "1"}], count=1
    )
    await stage.submitted(one)
    reading = await read_campaign(stage.redis, one.campaign)
    assert reading is not None
    assert reading.progress == await stage.producer.progress(one.campaign)


async def test_what_is_still_loading_or_was_never_submitted_is_not_there(stage: Scene) -> None:
    await stage.submit("half")
    await stage.redis.hset(keys.campaign(CampaignId("half")), "state", "loading")
    assert await read_campaign(stage.redis, CampaignId("half")) is None
    assert await read_campaign(stage.redis, CampaignId("never")) is None
    assert (await read_campaigns(stage.redis)).campaigns == ()


async def test_refused_recipients_have_line_and_reason_and_a_masked_number(stage: Scene) -> None:
    name = await stage.submit(recipients=["306912345678", "306912345678", "30691234567890123", "no number"])
    reading = await read_campaign(stage.redis, name)
    refusals = await read_refusals(stage.redis, name)
    assert reading is not None
    assert (reading.progress.total, reading.progress.duplicates, reading.progress.refused) == (1, 1, 2)
    assert all(refusal.reason and refusal.line for refusal in refusals)
    assert [refusal.given for refusal in refusals] == ["3069•••••23", "•••••er"]


async def test_campaigns_that_are_over_are_not_active(stage: Scene) -> None:
    await stage.submit("waits", 5)
    await stage.producer.pause("waits")
    over = await stage.submit("over", 2)
    await stage.producer.cancel(over)
    await stage.close(over)
    active = await read_active(stage.redis)
    assert active.campaigns == {CampaignState.PAUSED: 1}
    assert active.states == {State.QUEUED: 5}
    assert (active.to_send, active.awaiting) == (5, 0)


# --- accounts ----------------------------------------------------------------------------------------


async def test_an_account_that_nothing_happened_to_is_open_at_its_ceiling(stage: Scene) -> None:
    [account] = await read_accounts(stage.redis)
    assert account.is_open
    assert account.entry == entry(stage.account)
    assert (account.throttle.effective, account.throttle.ceiling) == (20.0, 20.0)
    assert (account.throttle.slots_held, account.throttle.slots_limit) == (0, 4)
    assert (account.balance, account.report_at, account.uncertain) == (None, None, 0)


async def test_a_blocked_account_says_why_and_until_when_and_forgets_it_when_it_opens(stage: Scene) -> None:
    before = datetime.now(UTC)
    await stage.book.block(NAME, Block.MONEY, code="plain.3", words="top up, please", seconds=60)
    [blocked] = await read_accounts(stage.redis)
    assert (blocked.state, blocked.code, blocked.words) == (AccountState.MONEY, "plain.3", "top up, please")
    assert blocked.until is not None
    assert timedelta(seconds=55) < blocked.until - before < timedelta(seconds=65)
    await stage.book.open(NAME)
    [opened] = await read_accounts(stage.redis)
    assert opened.is_open
    assert (opened.code, opened.words, opened.until) == ("", "", None)


async def test_balance_and_totals_are_read_as_they_were_noted(stage: Scene) -> None:
    await stage.book.note_balance(NAME, Balance(amount=Decimal("12.50"), currency="EUR"), 1_700_000_000)
    await stage.book.add(NAME, {"requests": 3, "request_ms": 240, "submitted": 2, "rejected": 1})
    [account] = await read_accounts(stage.redis)
    assert (account.balance, account.currency) == (12.5, "EUR")
    assert account.balance_at == datetime.fromtimestamp(1_700_000_000, UTC)
    assert account.totals == {"requests": 3, "request_ms": 240, "submitted": 2, "rejected": 1}


async def test_the_throttle_shows_slots_held_and_a_rate_that_was_lowered_with_its_reason(stage: Scene) -> None:
    gate = gate_of(stage)
    assert isinstance(await gate.admit(2), Admission)
    await gate.slow_down("plain.9")
    await stage.book.explain(NAME, {"plain.9": "too many requests"})
    [account] = await read_accounts(stage.redis)
    throttle = account.throttle
    assert throttle.slots_held == 2
    assert 10.0 <= throttle.effective < 12.0
    assert (throttle.why, throttle.why_words) == ("plain.9", "too many requests")
    assert throttle.slowed_at is not None


def test_a_lowered_rate_recovers_as_the_throttle_lets_it_and_then_has_no_reason_any_more() -> None:
    lowered = {b"rate": b"10.0", b"rate_at": b"1000000.0", b"slowed_at": b"1000000.0", b"why": b"plain.9"}
    rates = {}
    for seconds in (0, 10, 60):
        moment = datetime.fromtimestamp(1000 + seconds, UTC)
        throttle = throttle_of(entry(plain_account(rate=20.0)), moment, lowered, {}, {}, {})
        rates[seconds] = (round(throttle.effective, 3), throttle.why)
    assert rates == {0: (10.0, "plain.9"), 10: (14.0, "plain.9"), 60: (20.0, "")}


def test_slots_of_a_worker_whose_lease_ran_out_are_not_held() -> None:
    slots = {b"alive": b"3 0 1001000", b"dead": b"4 1 999000"}
    throttle = throttle_of(entry(plain_account()), datetime.fromtimestamp(1000, UTC), {}, slots, {}, {})
    assert throttle.slots_held == 3


def test_the_outcomes_are_those_that_a_submission_can_give() -> None:
    assert {kind.__name__.lower() for kind in Outcome.__args__} == set(OUTCOMES)
