"""record.lua, case by case: what a submission gave, whenever and however often it is written."""

import orjson
import pytest

from producer.contract import keys
from producer.contract.campaigns import Lane
from producer.contract.jobs import JOB_PREFIX
from producer.contract.messages import MessageId, Reference
from producer.contract.states import Event, State
from tests.worker.scene import Scene
from worker.ledger.moves import ClaimAnswer


async def test_submitted_is_followed_under_its_reference_and_its_job_ends(stage: Scene) -> None:
    [message, *_] = await stage.fed()
    await stage.claim(message, reference="v1")
    recorded = await stage.record(message, Event.SUBMIT, reference="provider-7")
    assert (recorded.stale, recorded.orphan) == (False, None)
    assert (await stage.record_of(message)).reference == "provider-7"
    assert await stage.reader.behind("athens", [Reference("provider-7")]) == {"provider-7": (message,)}
    assert "provider-7" in await stage.due()
    assert await stage.mistakes(message.campaign) == []


async def test_rejected_is_final_and_its_reason_is_counted(stage: Scene) -> None:
    [message, *_] = await stage.fed()
    await stage.claim(message)
    await stage.record(message, Event.REJECT, code="plain.7")
    progress = await stage.producer.progress(message.campaign)
    assert progress.reasons == {"plain.7": 1}
    assert progress.states == {State.REJECTED: 1, State.QUEUED: 2}
    assert await stage.mistakes(message.campaign) == []


async def test_deferred_waits_in_the_queue_until_it_is_due(stage: Scene) -> None:
    [message, *_] = await stage.fed()
    await stage.claim(message)
    await stage.record(message, Event.DEFER, seconds=30)
    record = await stage.record_of(message)
    assert record.due_at - record.changed_at == 30
    assert await stage.mistakes(message.campaign) == []


async def test_released_spends_no_attempt(stage: Scene) -> None:
    [message, *_] = await stage.fed()
    await stage.claim(message, reference="v1")
    await stage.record(message, Event.RELEASE, reference="v1")
    assert (await stage.record_of(message)).attempts == 0
    [claimed] = await stage.claim(message)
    assert (claimed.answer, claimed.attempt) == (ClaimAnswer.CLAIMED, 1)


async def test_doubted_is_listed_and_looked_at_after_the_grace(stage: Scene) -> None:
    [message, *_] = await stage.fed()
    await stage.claim(message, reference="v1")
    await stage.record(message, Event.DOUBT, reference="v1", code="volley.answer_lost")
    assert await stage.uncertain() == {str(message)}
    assert await stage.due() == {"v1"}
    assert await stage.mistakes(message.campaign) == []


async def test_an_outcome_of_an_earlier_attempt_is_stale_and_changes_nothing(stage: Scene) -> None:
    [message, *_] = await stage.fed()
    await stage.claim(message)
    await stage.record(message, Event.DEFER)
    await stage.make_due(message)
    await stage.claim(message, reference="v2")
    recorded = await stage.record(message, Event.SUBMIT, attempt=1, reference="v1")
    assert recorded.stale
    assert await stage.state_of(message) is State.IN_FLIGHT


async def test_a_message_that_does_not_exist_is_stale(stage: Scene) -> None:
    [message, *_] = await stage.fed()
    nobody = MessageId(campaign=message.campaign, chunk=3, place=1)
    assert (await stage.record(nobody, Event.SUBMIT)).stale


async def test_the_messages_of_one_request_keep_their_shared_reference(stage: Scene) -> None:
    messages = await stage.fed()
    await stage.claim(*messages, reference="v1")
    await stage.ledger.record([stage.write(message, Event.SUBMIT, reference="v1") for message in messages])
    assert await stage.reader.behind("athens", [Reference("v1")]) == {"v1": tuple(messages)}
    assert await stage.due() == {"v1"}
    assert await stage.mistakes("spring") == []


async def test_a_report_on_the_shelf_is_handed_over_and_stays_there_until_it_is_applied(stage: Scene) -> None:
    [message, *_] = await stage.fed()
    shelved = orjson.dumps({"event": "report_delivered", "code": "", "words": "", "at": 1})
    await stage.redis.hset(keys.orphans("athens"), "p1", shelved)
    await stage.claim(message)
    recorded = await stage.record(message, Event.SUBMIT, reference="p1")
    assert recorded.orphan == shelved
    assert await stage.redis.hget(keys.orphans("athens"), "p1") == shelved


async def test_hundreds_of_outcomes_of_several_campaigns_are_one_call(stage: Scene) -> None:
    first, second = await stage.fed("one", 150), await stage.fed("two", 150)
    mixed = [message for pair in zip(first, second, strict=True) for message in pair]
    await stage.ledger.claim([stage.request([message]) for message in mixed])
    writes = [
        stage.write(message, Event.SUBMIT, reference=f"r-{message.campaign}.{message.place}") for message in mixed
    ]
    recorded = await stage.ledger.record(writes)
    assert {answer.write.message for answer in recorded} == set(mixed)
    assert await stage.counts("one") == await stage.counts("two") == {"submitted": 150}
    assert await stage.mistakes("one") + await stage.mistakes("two") == []


async def test_a_deferral_sent_again_after_a_lost_connection_leaves_the_job_alone(stage: Scene) -> None:
    """The client sent the same record twice, because the connection broke before Redis' answer.

    The second one found the message deferred, called itself late and ended its job: nobody would have
    tried the message again until the sweeper came by.
    """
    [message, *_] = await stage.fed()
    await stage.claim(message)
    await stage.record(message, Event.DEFER)
    await stage.record(message, Event.DEFER)
    assert str(message) in await stage.queued()
    assert await stage.mistakes(message.campaign) == []


async def test_a_late_outcome_leaves_the_job_of_a_returned_message_alone(stage: Scene) -> None:
    """A report said that the message was given back unsent, before our own record of the submission.

    The record was late, which is right, but it ended the job that the report had just made.
    """
    [message, *_] = await stage.fed()
    await stage.claim(message, reference="v1")
    assert await stage.apply(message, Event.REPORT_RETURNED, reference="v1") == (State.DEFERRED, True)
    await stage.record(message, Event.SUBMIT, reference="v1")
    assert await stage.state_of(message) is State.DEFERRED
    assert await stage.mistakes(message.campaign) == []


async def test_a_release_sent_again_never_frees_the_next_claim(stage: Scene) -> None:
    """A release takes its attempt back, so the next claim has the same number.

    The first worker's release was sent again by the client (lost connection) after another worker had
    claimed the message: it passed for that worker's own, put the message on the wire back into the queue,
    and a third claim would have sent it a second time.
    """
    [message, *_] = await stage.fed()
    await stage.claim(message, reference="v1")
    await stage.record(message, Event.RELEASE, reference="v1")
    await stage.claim(message, reference="v2")
    recorded = await stage.record(message, Event.RELEASE, reference="v1")
    assert recorded.stale
    assert await stage.state_of(message) is State.IN_FLIGHT


async def test_a_slow_deferral_of_a_doubted_message_gets_a_whole_job(stage: Scene) -> None:
    """The lease ran out, the message became uncertain and its job ended; then the slow worker recorded a deferral.

    The queue got its member back, but not the job's body: a stock arq worker drops such a job.
    """
    [message, *_] = await stage.fed()
    await stage.claim(message)
    await stage.make_due(message)
    await stage.claim(message)
    await stage.record(message, Event.DEFER)
    assert await stage.state_of(message) is State.DEFERRED
    assert await stage.redis.exists(JOB_PREFIX + str(message))
    assert await stage.mistakes(message.campaign) == []


async def _disproved(stage: Scene, message: MessageId, *, told: bool) -> None:
    """Claimed as v1; its worker lost Redis, so that it became uncertain, and policy put it back to be sent again."""
    await stage.claim(message, reference="v1", told=told)
    await stage.make_due(message)
    [doubted] = await stage.claim(message)
    assert doubted.answer is ClaimAnswer.DOUBT
    assert await stage.apply(message, Event.DISPROVE, reference="v1") == (State.QUEUED, True)


@pytest.mark.parametrize("told", [True, False])
async def test_a_late_answer_takes_back_a_message_that_is_to_be_sent_again(stage: Scene, *, told: bool) -> None:
    """A worker had the provider's id in its memory while Redis was away for longer than lease and grace.

    Policy `resend` had queued the message meanwhile. The record was late, the provider's id was dropped, and the
    message went out a second time although we knew that it had been accepted.
    """
    [message, *_] = await stage.fed()
    await _disproved(stage, message, told=told)
    recorded = await stage.record(message, Event.SUBMIT, reference="p7", told=told)
    assert not recorded.stale
    record = await stage.record_of(message)
    assert (record.state, record.reference) == (State.SUBMITTED, "p7")
    assert str(message) not in await stage.queued()
    assert (await stage.claim(message))[0].answer is ClaimAnswer.DONE
    assert await stage.apply(message, Event.REPORT_DELIVERED, reference="p7") == (State.DELIVERED, True)
    assert await stage.mistakes(message.campaign) == []


async def test_a_late_answer_does_not_take_back_a_message_that_was_claimed_again(stage: Scene) -> None:
    [message, *_] = await stage.fed()
    await _disproved(stage, message, told=True)
    [claimed] = await stage.claim(message, reference="v2")
    assert claimed.attempt == 2
    assert (await stage.record(message, Event.SUBMIT, reference="p7")).stale
    assert await stage.state_of(message) is State.IN_FLIGHT


async def test_a_late_answer_counts_when_the_claim_after_it_was_released(stage: Scene) -> None:
    [message, *_] = await stage.fed()
    await _disproved(stage, message, told=True)
    await stage.claim(message, reference="v2")
    await stage.record(message, Event.RELEASE, attempt=2, reference="v2")
    assert not (await stage.record(message, Event.SUBMIT, reference="p7")).stale
    assert await stage.state_of(message) is State.SUBMITTED
    assert await stage.mistakes(message.campaign) == []


@pytest.mark.parametrize("first", [Event.REPORT_ENROUTE, Event.REPORT_DELIVERED])
async def test_a_report_that_is_quicker_does_not_cost_the_providers_id(stage: Scene, first: Event) -> None:
    """restv2 with version 3: the callback carries our token, and may come before the answer is recorded.

    The record was late and dropped the provider's number: what status/get brought under it afterwards belonged to
    nobody, and the message stayed on its way until it expired.
    """
    [message, *_] = await stage.fed()
    await stage.claim(message, reference="v1", told=True)
    await stage.apply(message, first, reference="v1")
    await stage.record(message, Event.SUBMIT, reference="4711")
    assert (await stage.record_of(message)).reference == "4711"
    assert await stage.reader.behind("athens", [Reference("4711")]) == {"4711": (message,)}
    await stage.apply(message, Event.REPORT_DELIVERED, reference="4711")
    assert await stage.state_of(message) is State.DELIVERED
    assert await stage.mistakes(message.campaign) == []


async def test_an_answer_that_comes_after_policy_took_the_message_as_sent_names_it(stage: Scene) -> None:
    [message, *_] = await stage.fed()
    await stage.claim(message, reference="v1", told=False)
    await stage.make_due(message)
    await stage.claim(message)
    await stage.apply(message, Event.ASSUME, reference="v1")
    await stage.record(message, Event.SUBMIT, reference="4711", told=False)
    assert (await stage.record_of(message)).reference == "4711"
    assert await stage.due() == {"4711"}
    assert await stage.apply(message, Event.REPORT_DELIVERED, reference="4711") == (State.DELIVERED, True)
    assert await stage.mistakes(message.campaign) == []


async def test_what_would_wait_again_in_a_cancelled_campaign_is_cancelled(stage: Scene) -> None:
    """Messages were on the wire while their campaign was cancelled, and came back deferred or released.

    They sat in the queue until their time came, up to half an hour, in a campaign that was over.
    """
    first, second, third = await stage.fed()
    await stage.claim(first, second, third, reference="v1")
    await stage.producer.cancel("spring")
    await stage.feeder.step()
    await stage.record(first, Event.DEFER, seconds=1800)
    await stage.record(second, Event.RELEASE, reference="v1")
    await stage.apply(third, Event.REPORT_RETURNED)
    assert await stage.counts("spring") == {"cancelled": 3}
    assert await stage.queued(Lane.BULK) == set()
    assert await stage.mistakes("spring") == []


async def test_references_of_a_provider_that_counts_share_a_hash_and_are_each_found(stage: Scene) -> None:
    """Ours and the scripts' way of naming that hash are written twice: this holds them together."""
    messages = await stage.fed(count=6)
    references = [Reference(name) for name in ("7", "42", "100", "199", "70000001", "v00ff")]
    for message, reference in zip(messages, references, strict=True):
        await stage.claim(message, reference=f"v{message.place:016x}")
        await stage.record(message, Event.SUBMIT, reference=reference)
    found = await stage.reader.behind("athens", references)
    assert found == {reference: (message,) for message, reference in zip(messages, references, strict=True)}
    assert keys.reference("athens", Reference("100")) == keys.reference("athens", Reference("199"))
    lives = [await stage.redis.ttl(keys.reference("athens", name)) for name in references]
    assert all(3540 < life <= 3600 for life in lives), lives
