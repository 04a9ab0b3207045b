"""claim.lua, case by case: the last step before the wire."""

from datetime import UTC, datetime, timedelta

import pytest

from producer.contract import keys
from producer.contract.campaigns import Lane
from producer.contract.jobs import JOB_PREFIX
from producer.contract.messages import MessageId, Reference
from producer.contract.states import Event, State
from tests.worker.scene import Scene
from worker.ledger.moves import ClaimAnswer


async def test_a_queued_message_is_claimed_with_attempt_lease_and_reference(stage: Scene) -> None:
    [message, *_] = await stage.fed()
    [claimed] = await stage.claim(message, reference="v1")
    assert (claimed.answer, claimed.attempt) == (ClaimAnswer.CLAIMED, 1)
    record = await stage.record_of(message)
    assert (record.state, record.attempts, record.reference) == (State.IN_FLIGHT, 1, "v1")
    assert record.due_at - record.changed_at == stage.ledger.lease
    assert await stage.mistakes(message.campaign) == []


async def test_a_claimed_job_leaves_the_head_of_the_queue_until_its_lease_is_over(stage: Scene) -> None:
    [message, *_] = await stage.fed()
    await stage.claim(message)
    due_at = (await stage.record_of(message)).due_at
    [score] = [
        score
        for name, score in await stage.redis.zrange(keys.queue("athens", Lane.BULK), 0, -1, withscores=True)
        if name.decode() == str(message)
    ]
    assert score >= due_at * 1000


async def test_the_messages_of_one_request_share_one_reference(stage: Scene) -> None:
    messages = await stage.fed()
    await stage.claim(*messages, reference="v1")
    behind = await stage.reader.behind("athens", [Reference("v1")])
    assert behind == {"v1": tuple(messages)}


async def test_paused_is_not_claimed_and_loses_its_job(stage: Scene) -> None:
    [message, *_] = await stage.fed()
    await stage.producer.pause(message.campaign)
    [claimed] = await stage.claim(message)
    assert claimed.answer is ClaimAnswer.PAUSED
    assert await stage.state_of(message) is State.QUEUED
    assert str(message) not in await stage.queued()


async def test_cancelled_is_not_claimed_but_ended(stage: Scene) -> None:
    [message, *_] = await stage.fed()
    await stage.producer.cancel(message.campaign)
    [claimed] = await stage.claim(message)
    assert claimed.answer is ClaimAnswer.CANCELLED
    assert await stage.state_of(message) is State.CANCELLED
    assert await stage.mistakes(message.campaign) == []


async def test_past_validity_is_not_claimed_but_expired_with_its_reason(stage: Scene) -> None:
    [message, *_] = await stage.fed(not_after=datetime.now(UTC) + timedelta(hours=1))
    await stage.redis.hset(keys.campaign(message.campaign), "not_after", 1)
    [claimed] = await stage.claim(message)
    assert claimed.answer is ClaimAnswer.EXPIRED
    record = await stage.record_of(message)
    assert (record.state, record.code) == (State.EXPIRED, "volley.past_validity")
    assert (await stage.producer.progress(message.campaign)).reasons == {"volley.past_validity": 1}


async def test_deferred_and_not_due_is_early_and_comes_back_when_it_is(stage: Scene) -> None:
    [message, *_] = await stage.fed()
    await stage.claim(message)
    await stage.record(message, Event.DEFER, seconds=60)
    [claimed] = await stage.claim(message)
    assert claimed.answer is ClaimAnswer.EARLY
    await stage.make_due(message)
    [claimed] = await stage.claim(message)
    assert (claimed.answer, claimed.attempt) == (ClaimAnswer.CLAIMED, 2)


async def test_a_living_claim_holds_its_message(stage: Scene) -> None:
    [message, *_] = await stage.fed()
    await stage.claim(message)
    [claimed] = await stage.claim(message)
    assert claimed.answer is ClaimAnswer.HELD
    assert (await stage.record_of(message)).attempts == 1


async def test_a_dead_claim_leaves_doubt_never_a_second_submission(stage: Scene) -> None:
    [message, *_] = await stage.fed()
    await stage.claim(message, reference="v1")
    await stage.make_due(message)
    [claimed] = await stage.claim(message)
    assert claimed.answer is ClaimAnswer.DOUBT
    record = await stage.record_of(message)
    assert (record.state, record.code, record.reference) == (State.UNCERTAIN, "volley.claim_died", "v1")
    assert await stage.mistakes(message.campaign) == []


async def test_what_is_submitted_or_final_is_done_and_its_job_ends(stage: Scene) -> None:
    first, second, _ = await stage.fed()
    await stage.submitted(first)
    await stage.claim(second)
    await stage.record(second, Event.REJECT, code="plain.1")
    claimed = await stage.claim(first, second)
    assert [claim.answer for claim in claimed] == [ClaimAnswer.DONE, ClaimAnswer.DONE]
    assert await stage.mistakes(first.campaign) == []


async def test_a_job_without_a_record_is_gone(stage: Scene) -> None:
    [message, *_] = await stage.fed()
    nobody = MessageId(campaign=message.campaign, chunk=0, place=400)
    await stage.redis.zadd(keys.queue("athens", Lane.BULK), {str(nobody): 1})
    [claimed] = await stage.claim(nobody)
    assert claimed.answer is ClaimAnswer.GONE
    assert str(nobody) not in await stage.queued()
    assert not await stage.redis.exists(JOB_PREFIX + str(nobody))


async def test_an_identical_request_waits_behind_the_fence(stage: Scene) -> None:
    first, second, _ = await stage.fed()
    await stage.claim(first, fingerprint="same", fence=30.0)
    [claimed] = await stage.claim(second, fingerprint="same", fence=30.0)
    assert claimed.answer is ClaimAnswer.FENCED
    assert await stage.state_of(second) is State.QUEUED
    [other] = await stage.claim(second, fingerprint="other", fence=30.0)
    assert other.answer is ClaimAnswer.CLAIMED


async def test_what_did_not_leave_lifts_its_fence(stage: Scene) -> None:
    """A worker that stopped gave its requests back: they waited for a minute behind a fence that nobody needed."""
    first, second, _ = await stage.fed()
    fence = keys.fence("login", "same")
    await stage.claim(first, reference="v1", fingerprint="same", fence=60.0)
    await stage.record(first, Event.RELEASE, reference="v1", fence=fence)
    [claimed] = await stage.claim(second, reference="v2", fingerprint="same", fence=60.0)
    assert claimed.answer is ClaimAnswer.CLAIMED


@pytest.mark.parametrize("event", [Event.SUBMIT, Event.DOUBT, Event.DEFER, Event.REJECT])
async def test_what_may_have_left_lifts_no_fence(stage: Scene, event: Event) -> None:
    first, second, _ = await stage.fed()
    await stage.claim(first, reference="v1", fingerprint="same", fence=60.0)
    await stage.record(first, event, reference="v1", fence=keys.fence("login", "same"))
    [claimed] = await stage.claim(second, reference="v2", fingerprint="same", fence=60.0)
    assert claimed.answer is ClaimAnswer.FENCED


async def test_a_release_lifts_no_fence_but_its_own(stage: Scene) -> None:
    """It stood still until its fence was over and an identical request had left behind another one."""
    first, second, third = await stage.fed()
    fence = keys.fence("login", "same")
    await stage.claim(first, reference="v1", fingerprint="same", fence=60.0)
    await stage.redis.delete(fence)
    await stage.claim(second, reference="v2", fingerprint="same", fence=60.0)
    await stage.record(first, Event.RELEASE, reference="v1", fence=fence)
    [claimed] = await stage.claim(third, reference="v3", fingerprint="same", fence=60.0)
    assert claimed.answer is ClaimAnswer.FENCED


async def test_a_stale_release_lifts_no_fence(stage: Scene) -> None:
    first, second, _ = await stage.fed()
    await stage.claim(first, reference="v1", fingerprint="same", fence=60.0)
    assert (
        await stage.record(first, Event.RELEASE, attempt=7, reference="v1", fence=keys.fence("login", "same"))
    ).stale
    [claimed] = await stage.claim(second, reference="v2", fingerprint="same", fence=60.0)
    assert claimed.answer is ClaimAnswer.FENCED


async def test_a_claim_sent_again_after_a_lost_connection_is_the_same_claim(stage: Scene) -> None:
    """Redis ran the claim, the connection broke before its answer, and the client sent it again.

    The second run found the message in flight and called it held: nobody sent it, and 30 seconds later it
    was uncertain although no byte of it had left.
    """
    messages = await stage.fed()
    request = stage.request(messages, fingerprint="same", fence=30.0)
    [first] = await stage.ledger.claim([request])
    [again] = await stage.ledger.claim([request])
    assert first == again
    assert {claim.attempt for claim in again} == {1}


async def test_a_claim_sent_again_that_gets_more_messages_forgets_none_of_the_first(stage: Scene) -> None:
    """The second run named the reference for what it claimed anew alone: nobody would have looked at the others."""
    first, second, _ = await stage.fed()
    await stage.claim(second, reference="vother", told=False)
    request = stage.request([first, second])
    [once] = await stage.ledger.claim([request])
    assert [claim.answer for claim in once] == [ClaimAnswer.CLAIMED, ClaimAnswer.HELD]
    await stage.record(second, Event.RELEASE, reference="vother")
    [again] = await stage.ledger.claim([request])
    assert {claim.answer for claim in again} == {ClaimAnswer.CLAIMED}
    behind = await stage.reader.behind(stage.account.name, [request.reference])
    assert set(behind[request.reference]) == {first, second}


async def test_a_claim_sent_again_forgets_none_that_a_report_has_moved_meanwhile(stage: Scene) -> None:
    """Only those that were claimed by the second run were named: the reference led no more to who was enroute."""
    first, second, third = await stage.fed()
    await stage.claim(first, reference="vother", told=False)
    request = stage.request([first, second, third])
    await stage.ledger.claim([request])
    assert await stage.apply(second, Event.REPORT_ENROUTE, reference=request.reference) == (State.ENROUTE, True)
    await stage.ledger.claim([request])
    behind = await stage.reader.behind(stage.account.name, [request.reference])
    assert set(behind[request.reference]) == {second, third}
