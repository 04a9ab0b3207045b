"""apply.lua, case by case: reports, lookups, policies, people and time."""

import pytest

from producer.contract import keys
from producer.contract.campaigns import Lane
from producer.contract.jobs import JOB_PREFIX
from producer.contract.messages import MessageId
from producer.contract.states import FINAL, Event, State
from tests.worker.scene import Scene
from worker.ledger import Evidence

FINAL_REPORTS = {
    Event.REPORT_DELIVERED: State.DELIVERED,
    Event.REPORT_UNDELIVERED: State.UNDELIVERED,
    Event.REPORT_EXPIRED: State.EXPIRED,
}


@pytest.mark.parametrize(("event", "state"), FINAL_REPORTS.items())
async def test_a_final_report_ends_a_submission(stage: Scene, event: Event, state: State) -> None:
    [message, *_] = await stage.fed()
    await stage.submitted(message)
    assert await stage.apply(message, event, reference="r1", code="plain.1") == (state, True)
    assert await stage.mistakes("spring") == []


@pytest.mark.parametrize("event", FINAL_REPORTS)
async def test_final_stays_final_whatever_comes_later(stage: Scene, event: Event) -> None:
    [message, *_] = await stage.fed()
    await stage.submitted(message)
    await stage.apply(message, event, reference="r1")
    state = await stage.state_of(message)
    assert state in FINAL
    for later in Event:
        assert await stage.apply(message, later, reference="r1") == (state, False)
    assert await stage.mistakes("spring") == []


async def test_a_report_of_another_submission_moves_nothing(stage: Scene) -> None:
    [message, *_] = await stage.fed()
    await stage.submitted(message)
    assert await stage.apply(message, Event.REPORT_DELIVERED, reference="r0") == (None, False)
    assert await stage.state_of(message) is State.SUBMITTED


async def test_evidence_for_no_message_moves_nothing(stage: Scene) -> None:
    await stage.fed()
    nobody = MessageId(campaign="spring", chunk=9, place=9)
    assert await stage.apply(nobody, Event.REPORT_DELIVERED) == (None, False)


async def test_returned_waits_with_a_job_and_its_reason(stage: Scene) -> None:
    [message, *_] = await stage.fed()
    await stage.submitted(message)
    await stage.apply(message, Event.REPORT_RETURNED, reference="r1", code="plain.24", seconds=60)
    record = await stage.record_of(message)
    assert (record.state, record.code) == (State.DEFERRED, "plain.24")
    assert record.due_at - record.changed_at == 60
    assert await stage.redis.exists(JOB_PREFIX + str(message))
    assert await stage.mistakes("spring") == []


async def doubted(stage: Scene) -> MessageId:
    [message, *_] = await stage.fed()
    await stage.claim(message, reference="v1")
    await stage.record(message, Event.DOUBT, reference="v1")
    return message


async def test_disproved_goes_back_to_the_queue_with_a_job(stage: Scene) -> None:
    message = await doubted(stage)
    assert await stage.apply(message, Event.DISPROVE, reference="v1") == (State.QUEUED, True)
    assert await stage.uncertain() == set()
    assert await stage.mistakes("spring") == []
    [claimed] = await stage.claim(message)
    assert claimed.attempt == 2


async def test_assumed_is_submitted_and_followed(stage: Scene) -> None:
    message = await doubted(stage)
    assert await stage.apply(message, Event.ASSUME, reference="v1", seconds=100) == (State.SUBMITTED, True)
    assert await stage.mistakes("spring") == []


async def test_a_person_may_call_a_doubted_message_failed(stage: Scene) -> None:
    message = await doubted(stage)
    assert await stage.apply(message, Event.REJECT, code="volley.decided") == (State.REJECTED, True)
    assert (await stage.producer.progress("spring")).reasons == {"volley.decided": 1}
    assert await stage.mistakes("spring") == []


@pytest.mark.parametrize("state", ["in flight", "uncertain"])
async def test_an_enroute_report_before_our_own_record_is_still_followed_to_the_end(stage: Scene, state: str) -> None:
    """The report was quicker than our own record, which then came late and no longer set a time to look.

    Nobody would ever have looked at this message again: without a second report it stayed enroute for ever.
    """
    [message, *_] = await stage.fed()
    await stage.claim(message, reference="v1")
    if state == "uncertain":
        await stage.make_due(message)
        await stage.claim(message)
    assert await stage.apply(message, Event.REPORT_ENROUTE, reference="v1") == (State.ENROUTE, True)
    await stage.record(message, Event.SUBMIT, reference="v1")
    assert "v1" in await stage.due()
    assert await stage.mistakes("spring") == []


async def test_a_delivery_report_keeps_a_disproved_message_from_being_sent_again(stage: Scene) -> None:
    """Policy or a look-up put an uncertain message back; before it is claimed, its delivery report arrives.

    The report is evidence that it had been sent after all, it names this very submission, and the message
    is still in our hands. It was sent again nevertheless, until reports could take such a message back.
    """
    message = await doubted(stage)
    await stage.apply(message, Event.DISPROVE, reference="v1")
    await stage.apply(message, Event.REPORT_DELIVERED, reference="v1")
    assert await stage.state_of(message) is State.DELIVERED


async def test_many_pieces_of_evidence_of_several_campaigns_are_answered_each(stage: Scene) -> None:
    first, second = await stage.fed("one", 100), await stage.fed("two", 100)
    items = [
        Evidence(message=message, account="athens", lane=Lane.BULK, event=Event.EXPIRE, code="volley.x")
        for pair in zip(first, second, strict=True)
        for message in pair
    ]
    answers = await stage.ledger.apply(items)
    assert {item.message for item, _, _ in answers} == {*first, *second}
    assert {(state, moved) for _, state, moved in answers} == {(State.EXPIRED, True)}
    assert await stage.campaign_state("one") == await stage.campaign_state("two") == "finished"
    assert await stage.mistakes("one") + await stage.mistakes("two") == []


async def test_a_message_that_is_over_is_not_due_any_more(stage: Scene) -> None:
    """Its place on the list stayed until the time to give up, three days: 84 bytes for each message delivered."""
    alone, *together = await stage.fed(count=3)
    await stage.submitted(alone, reference="700001")
    await stage.claim(*together, reference="v2")
    for message in together:
        await stage.record(message, Event.SUBMIT, reference="v2")
    assert await stage.due() == {"700001", "v2"}
    await stage.apply(alone, Event.REPORT_DELIVERED, reference="700001")
    await stage.apply(together[0], Event.REPORT_DELIVERED, reference="v2")
    assert await stage.due() == {"v2"}, "somebody of the other submission is still open"
    assert await stage.mistakes("spring") == []


async def test_a_number_given_again_by_the_provider_stays_due_for_the_newer_message(stage: Scene) -> None:
    older, newer, _ = await stage.fed(count=3)
    await stage.submitted(older, reference="700001")
    await stage.submitted(newer, reference="700001")
    await stage.apply(older, Event.REPORT_DELIVERED, reference="700001")
    assert await stage.due() == {"700001"}
    await stage.apply(newer, Event.REPORT_DELIVERED, reference="700001")
    assert await stage.due() == set()


# --- how long it took ----------------------------------------------------------------------------------


async def took(stage: Scene, campaign: str = "spring") -> dict[str, int]:
    found = await stage.redis.hgetall(keys.delivery(campaign))
    return {field.decode(): int(count) for field, count in found.items()}


@pytest.mark.parametrize("event", FINAL_REPORTS)
async def test_a_final_report_is_counted_once_by_how_long_it_took(stage: Scene, event: Event) -> None:
    [message, *_] = await stage.fed()
    await stage.submitted(message)
    await stage.age(message, 70)
    for _ in range(2):
        await stage.apply(message, event, reference="r1")
    assert await took(stage) == {"delivery_le_120": 1}


async def test_the_time_runs_from_the_submission_also_when_an_enroute_report_came_between(stage: Scene) -> None:
    [message, *_] = await stage.fed()
    await stage.submitted(message)
    await stage.age(message, 100)
    await stage.apply(message, Event.REPORT_ENROUTE, reference="r1")
    assert await took(stage) == {}, "it is no final report"
    record = await stage.record_of(message)
    assert 100 <= record.changed_at - record.due_at < 115
    await stage.apply(message, Event.REPORT_DELIVERED, reference="r1")
    assert await took(stage) == {"delivery_le_120": 1}
    assert (await stage.record_of(message)).due_at == 0


async def test_a_report_that_was_quicker_than_our_own_record_is_counted_from_the_claim(stage: Scene) -> None:
    [message, *_] = await stage.fed()
    await stage.claim(message, reference="v1")
    await stage.age(message, 70)
    await stage.apply(message, Event.REPORT_DELIVERED, reference="v1")
    assert await took(stage) == {"delivery_le_120": 1}


async def test_nothing_is_counted_of_what_was_in_doubt_or_given_up_or_cancelled_when_it_came_back(
    stage: Scene,
) -> None:
    doubtful, overdue, returned = await stage.fed(count=3)
    await stage.claim(doubtful, reference="v1")
    await stage.record(doubtful, Event.DOUBT, reference="v1")
    await stage.apply(doubtful, Event.REPORT_ENROUTE, reference="v1")
    await stage.apply(doubtful, Event.REPORT_DELIVERED, reference="v1")
    await stage.submitted(overdue, reference="r2")
    await stage.apply(overdue, Event.EXPIRE, reference="r2")
    await stage.submitted(returned, reference="r3")
    await stage.producer.cancel("spring")
    await stage.apply(returned, Event.REPORT_RETURNED, reference="r3")
    assert (await stage.counts("spring")) == {"delivered": 1, "expired": 1, "cancelled": 1}
    assert await took(stage) == {}


async def test_the_longest_time_has_a_bucket_of_its_own_and_each_campaign_its_own_counts(stage: Scene) -> None:
    [first] = await stage.fed("one", 1)
    [second] = await stage.fed("two", 1)
    for message, reference, seconds in ((first, "r1", 10**6), (second, "r2", 70)):
        await stage.submitted(message, reference=reference)
        await stage.age(message, seconds)
        await stage.apply(message, Event.REPORT_DELIVERED, reference=reference)
    assert (await took(stage, "one"), await took(stage, "two")) == ({"delivery_le_inf": 1}, {"delivery_le_120": 1})
