"""Uncertain messages found in what the provider lists as sent: only where nothing else can be meant."""

import time

import pytest

from producer.contract import keys
from producer.contract.campaigns import OnUncertain
from producer.contract.messages import Reference
from producer.contract.states import Event, State
from tests.worker.listed import desk, doubted, row
from tests.worker.scene import Scene, numbers
from worker.ledger import Journal
from worker.providers.reports import Report
from worker.providers.requests import Answer
from worker.tracking import Tracker


async def test_the_one_row_that_fits_is_the_submission(stage: Scene) -> None:
    work = await desk(stage)
    [message] = await doubted(stage)
    await work.step(row())
    record = await stage.record_of(message)
    assert (record.state, record.reference) == (State.SUBMITTED, "77")
    assert work.asked == [("history", numbers(1)[0])]
    assert await stage.due() == {"77"}
    assert await stage.mistakes("spring") == []


async def test_what_the_row_says_is_applied_as_a_report(stage: Scene) -> None:
    work = await desk(stage)
    [message] = await doubted(stage)
    await work.step(row(event="report_delivered"))
    assert await stage.state_of(message) is State.DELIVERED
    assert await stage.campaign_state("spring") == "finished"
    [entry] = await Journal(redis=stage.redis, length=10).since("athens", "0")
    assert entry.call == "history"


async def test_a_report_that_came_before_the_match_is_taken_off_the_shelf(stage: Scene) -> None:
    work = await desk(stage)
    [message] = await doubted(stage)
    tracker = Tracker(stage.account, stage.redis, stage.ledger, stage.reader, stage.book)
    await tracker.apply(
        [Report(reference=Reference("77"), event=Event.REPORT_DELIVERED, code="plain.d", words="delivered")]
    )
    await work.step(row())
    assert await stage.state_of(message) is State.DELIVERED


OTHERS = {
    "another number": {"to": numbers(2)[1]},
    "another text": {"text": "hello, you"},
    "before the claim": {"ago": 400},
    "long after": {"ago": -250},
}


@pytest.mark.parametrize("other", OTHERS.values(), ids=list(OTHERS))
async def test_a_row_that_does_not_fit_is_no_evidence(stage: Scene, other: dict[str, object]) -> None:
    work = await desk(stage)
    [message] = await doubted(stage)
    await stage.redis.expire(keys.reference("athens", Reference("v0")), 3600 - 100)
    await work.step(row(**other))
    assert await stage.state_of(message) is State.UNCERTAIN


async def test_a_row_of_another_message_is_not_taken(stage: Scene) -> None:
    work = await desk(stage)
    [known] = await stage.fed("autumn", count=1, text="hello you")
    await stage.submitted(known, reference="77")
    [message] = await doubted(stage)
    await work.step(row())
    assert await stage.state_of(message) is State.UNCERTAIN
    await work.step(row(), row("78"))
    assert (await stage.record_of(message)).reference == "78"


@pytest.mark.parametrize("policy", [OnUncertain.HOLD, OnUncertain.RESEND])
async def test_several_rows_that_fit_leave_it_uncertain(stage: Scene, policy: OnUncertain) -> None:
    """One of them is it, most likely: sending once more would be one too many."""
    work = await desk(stage)
    [message] = await doubted(stage, on_uncertain=policy)
    await work.step(row("77"), row("78"))
    assert await stage.state_of(message) is State.UNCERTAIN


async def test_one_row_for_two_messages_is_neither_s(stage: Scene) -> None:
    work = await desk(stage)
    [first] = await doubted(stage)
    [second] = await stage.fed("autumn", count=1, text="hello you")
    await stage.claim(second, reference="w0")
    await stage.record(second, Event.DOUBT, reference="w0")
    await stage.age(second, 100)
    await work.step(row())
    assert [await stage.state_of(each) for each in (first, second)] == [State.UNCERTAIN] * 2


async def test_a_row_younger_than_a_claim_may_be_another_s_and_has_to_wait(stage: Scene) -> None:
    """It may belong to a message with the same text whose answer is still awaited."""
    work = await desk(stage)
    [message] = await doubted(stage, on_uncertain=OnUncertain.RESEND)
    await work.step(row(ago=10))
    assert await stage.state_of(message) is State.UNCERTAIN
    await work.step(row(ago=40))
    assert await stage.state_of(message) is State.SUBMITTED


POLICIES = {
    OnUncertain.HOLD: State.UNCERTAIN,
    OnUncertain.RESEND: State.QUEUED,
    OnUncertain.ASSUME_SENT: State.SUBMITTED,
}


@pytest.mark.parametrize(("policy", "state"), POLICIES.items())
@pytest.mark.parametrize("offered", ["0", "1"])
async def test_without_a_row_policy_decides(stage: Scene, policy: OnUncertain, state: State, offered: str) -> None:
    work = await desk(stage, offered=offered)
    [message] = await doubted(stage, on_uncertain=policy)
    await work.step()
    assert await stage.state_of(message) is state
    assert len(work.asked) == int(offered)


async def test_nothing_is_asked_before_the_grace_is_over(stage: Scene) -> None:
    work = await desk(stage)
    [message] = await doubted(stage, age=10)
    await work.step(row())
    assert work.asked == []
    assert await stage.state_of(message) is State.UNCERTAIN


async def test_policy_waits_for_a_list_that_cannot_be_read_but_not_for_ever(stage: Scene) -> None:
    work = await desk(stage)
    [message] = await doubted(stage, on_uncertain=OnUncertain.RESEND)
    await work.step(silent=True)
    assert await stage.state_of(message) is State.UNCERTAIN
    assert await stage.redis.zcount(keys.due("athens"), "-inf", time.time()) == 1, "looked for again next turn"
    await stage.age(message, 700)
    await work.step(silent=True)
    assert await stage.state_of(message) is State.QUEUED


async def test_an_unknown_host_is_probed_first(stage: Scene) -> None:
    work = await desk(stage, offered="")
    [message] = await doubted(stage)
    await work.step(row())
    assert work.asked == [("probe", "")], "it did not answer: nothing is assumed"
    work.asker.answers["probe"] = [Answer(status=200, body=b"yes")]
    await work.step(row())
    assert await stage.state_of(message) is State.SUBMITTED


async def test_a_message_whose_worker_died_is_looked_for_from_its_claim_on(stage: Scene) -> None:
    """Its doubt may be recorded an hour after the request left: when a worker is there again."""
    work = await desk(stage)
    [message] = await doubted(stage)
    await stage.redis.expire(keys.reference("athens", Reference("v0")), 600)
    await work.step(row(ago=2990))
    assert await stage.state_of(message) is State.SUBMITTED


async def test_each_message_of_a_request_is_found_by_itself(stage: Scene) -> None:
    """Several of one request were in doubt. Finding one forgot what the request went under, and so the others."""
    work = await desk(stage)
    messages = await stage.fed(count=3, text="hello you")
    await stage.claim(*messages, reference="v0")
    await stage.record(messages[0], Event.SUBMIT, reference="70")
    for message in messages[1:]:
        await stage.record(message, Event.DOUBT, reference="v0", code="volley.answer_lost")
        await stage.age(message, 100)
    await work.step(row("71", to=numbers(3)[1]))
    assert [await stage.state_of(each) for each in messages] == [State.SUBMITTED, State.SUBMITTED, State.UNCERTAIN]
    assert await stage.mistakes("spring") == []
    await work.step(row("71", to=numbers(3)[1]), row("72", to=numbers(3)[2]))
    assert [(await stage.record_of(each)).reference for each in messages] == ["70", "71", "72"]
    assert await stage.due() == {"70", "71", "72"}
    assert await stage.reader.behind("athens", [Reference("v0")]) == {}
