"""What each answer teaches: blocks and slowing down at once, counts and words at the next flush."""

from decimal import Decimal

import pytest

from producer.contract import keys
from producer.contract.messages import CampaignId, Reference
from tests.worker.scene import Scene
from worker.learning import Learning
from worker.providers.outcomes import Block, Deferred, Outcome, Rejected, RouteBlocked, Submitted, Uncertain
from worker.throttle import Admission, Gate, Waiting

TAKEN = Submitted(reference=Reference("p1"))
TOO_FAST = Deferred(code="plain.9", words="too fast", congested=True)


@pytest.fixture
def gate(stage: Scene) -> Gate:
    return Gate(stage.redis, account="athens", login="login", rate=100.0, slots=4, worker="w1", slot_lease=30)


@pytest.fixture
def learning(stage: Scene, gate: Gate) -> Learning:
    return Learning(stage.account, gate, stage.book, probe_every=60.0)


@pytest.mark.parametrize("block", Block)
async def test_a_blocked_route_blocks_the_account_with_its_reason(
    stage: Scene, learning: Learning, block: Block
) -> None:
    await learning.learn([RouteBlocked(code="plain.3", words="no", block=block)], 0.1, CampaignId("spring"))
    assert await stage.book.state("athens") == block
    told = await stage.redis.hgetall(keys.account("athens"))
    assert (told[b"code"], told[b"words"]) == (b"plain.3", b"no")
    assert float(told[b"until"]) > float(told[b"since"])


async def test_too_fast_slows_the_login_down(learning: Learning, gate: Gate) -> None:
    await learning.learn([TOO_FAST], 0.1, CampaignId("spring"))
    assert gate.effective_rate == 50.0


async def test_answers_that_grow_far_slower_than_usual_slow_the_login_down(learning: Learning, gate: Gate) -> None:
    for _ in range(20):
        await learning.learn([TAKEN], 0.2, CampaignId("spring"))
    assert gate.effective_rate == 100.0
    await learning.learn([TAKEN], 3.0, CampaignId("spring"))
    assert gate.effective_rate == 80.0


@pytest.mark.parametrize("outcome", [TAKEN, Rejected(code="plain.7", words="no"), Uncertain(code="x", words="y")])
async def test_ordinary_outcomes_change_neither_account_nor_rate(
    stage: Scene, learning: Learning, gate: Gate, outcome: Outcome
) -> None:
    await learning.learn([outcome], 0.1, CampaignId("spring"))
    assert await stage.book.state("athens") == "open"
    assert gate.effective_rate == 100.0


RUBBISH = Uncertain(code="plain.http", words="a page of HTML")


async def _doubtful(stage: Scene, learning: Learning) -> None:
    for _ in range(20):
        assert await stage.book.state("athens") == "open"
        await learning.learn([RUBBISH], 0.1, CampaignId("spring"))
    assert await stage.book.state("athens") == "doubtful"


async def _tried(stage: Scene, gate: Gate) -> None:
    await stage.redis.hset(keys.account("athens"), "until", 1)
    assert isinstance(await gate.admit(4), Admission)
    assert gate.in_flight == 1
    gate.give_up(1)


async def test_twenty_doubtful_answers_in_a_row_close_the_account_with_the_last_as_reason(
    stage: Scene, learning: Learning
) -> None:
    await _doubtful(stage, learning)
    told = await stage.redis.hgetall(keys.account("athens"))
    assert told[b"code"] == b"volley.doubtful_answers"
    assert b"plain.http: a page of HTML" in told[b"words"]
    assert told[b"words"].endswith(b"one is tried now and then")
    assert float(told[b"until"]) - float(told[b"since"]) == 10


async def test_a_trial_that_goes_well_opens_the_account_at_a_tenth_of_its_rate(
    stage: Scene, learning: Learning, gate: Gate
) -> None:
    await _doubtful(stage, learning)
    await _tried(stage, gate)
    await learning.learn([TAKEN], 0.0, CampaignId("spring"))
    assert await stage.book.state("athens") == "open"
    assert 10.0 <= gate.effective_rate < 15.0
    for _ in range(19):
        await learning.learn([RUBBISH], 0.0, CampaignId("spring"))
    assert await stage.book.state("athens") == "open"


async def test_one_doubtful_trial_closes_the_account_for_twice_as_long(
    stage: Scene, learning: Learning, gate: Gate
) -> None:
    await _doubtful(stage, learning)
    for seconds in (20, 40):
        await _tried(stage, gate)
        await learning.learn([RUBBISH], 0.0, CampaignId("spring"))
        assert await stage.redis.hget(keys.account("athens"), "doubt_pause") == str(seconds).encode()
        assert isinstance(await gate.admit(1), Waiting)


async def test_a_trial_that_meets_a_block_leaves_the_account_under_that_block(
    stage: Scene, learning: Learning, gate: Gate
) -> None:
    await _doubtful(stage, learning)
    await _tried(stage, gate)
    await learning.learn([RouteBlocked(code="plain.3", words="no", block=Block.MONEY)], 0.0, CampaignId("spring"))
    assert await stage.book.state("athens") == "money"


async def test_counts_and_words_are_written_by_the_flush_and_once(stage: Scene, learning: Learning) -> None:
    await learning.learn([TAKEN, TAKEN, Rejected(code="plain.7", words="bad number")], 0.25, CampaignId("spring"))
    await learning.flush()
    await learning.flush()
    totals = {name.decode(): int(count) for name, count in (await stage.redis.hgetall(keys.totals("athens"))).items()}
    assert totals == {"requests": 1, "request_ms": 250, "request_le_0.25": 1, "submitted": 2, "rejected": 1}
    assert await stage.redis.hgetall(keys.words("athens")) == {b"plain.7": b"bad number"}


async def test_what_the_provider_told_of_costs_is_written_by_the_flush(stage: Scene, learning: Learning) -> None:
    await stage.submit("spring", 2)
    priced = Submitted(reference=Reference("p2"), cost=Decimal("0.045"))
    await learning.learn([priced, TAKEN], 0.1, CampaignId("spring"))
    await learning.flush()
    assert await stage.redis.hgetall(keys.spent(CampaignId("spring"))) == {b"cost": b"45000", b"messages": b"1"}
