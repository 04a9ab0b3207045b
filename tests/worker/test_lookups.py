"""Due submissions: asked about where the family can."""

import pytest

from producer.contract import keys
from producer.contract.campaigns import OnUncertain
from producer.contract.states import Event, State
from tests.worker.desks import desk, doubted
from tests.worker.plain import rows
from tests.worker.scene import Scene, numbers
from worker.ledger import Journal
from worker.providers.requests import Answer
from worker.throttle import TooSoonError


async def test_a_due_submission_is_asked_about_and_its_report_applied(stage: Scene) -> None:
    work = desk(stage, lookup=True)
    [message, *_] = await stage.fed()
    await stage.submitted(message, reference="r1")
    work.says(rows(("r1", numbers(1)[0], "report_delivered")))
    await work.step()
    assert [request.form for request in work.asker.asked] == [(("r1", numbers(1)[0]),)]
    assert await stage.state_of(message) is State.DELIVERED
    await work.step()
    assert await stage.due() == set(), "what is final is not looked at again"
    assert len(work.asker.asked) == 1


async def test_an_answer_is_journalled_before_it_is_read(stage: Scene) -> None:
    work = desk(stage, lookup=True)
    [message, *_] = await stage.fed()
    await stage.submitted(message, reference="r1")
    work.says(Answer(status=200, body=b"not even JSON"))
    with pytest.raises(ValueError, match="invalid literal"):
        await work.step()
    [entry] = await Journal(redis=stage.redis, length=10).since("athens", "0")
    assert (entry.call, entry.body) == ("status", b"not even JSON")
    [(_, fields)] = await stage.redis.xrange(keys.journal("athens"))
    assert fields[b"asked"] == f"r1={numbers(1)[0]}".encode(), "an answer about one message may not name it"


async def test_many_due_submissions_are_one_bulk_request(stage: Scene) -> None:
    work = desk(stage, lookup=True)
    messages = await stage.fed(count=30)
    for message in messages:
        await stage.submitted(message, reference=f"r{message.place}")
    told = [(f"r{i}", number, "report_delivered") for i, number in enumerate(numbers(30))]
    work.says(rows(*told), call="status_bulk")
    await work.step()
    assert [request.call for request in work.asker.asked] == ["status_bulk"]
    assert await stage.counts("spring") == {"delivered": 30}


async def test_a_batch_of_which_not_every_message_was_asked_stays_due(stage: Scene) -> None:
    """Ten messages of one request were uncertain, and only single requests were free. The first answer moved the
    look at the whole request twenty seconds on; at a busy account the last of the ten stayed uncertain for minutes.
    """
    work = desk(stage, lookup=True)
    messages = await stage.fed(count=10)
    await stage.claim(*messages, reference="v1")
    for message in messages:
        await stage.record(message, Event.DOUBT, reference="v1", code="volley.answer_lost")
        await stage.age(message, 100)
    work.says(TooSoonError("status_bulk", 50), call="status_bulk")
    for number in numbers(9):
        work.says(rows(("v1", number, "not_found")))
    work.says(None)
    await work.step()
    assert await stage.counts("spring") == {"queued": 9, "uncertain": 1}
    assert await work.next_look_in("v1") < 2

    work.says(rows(("v1", numbers(10)[9], "not_found")))
    await work.step()
    assert await stage.counts("spring") == {"queued": 10}


async def test_what_a_limit_refuses_stays_due(stage: Scene) -> None:
    work = desk(stage, lookup=True)
    [message, *_] = await stage.fed()
    await stage.submitted(message, reference="r1")
    work.says(TooSoonError("status", 10))
    await work.step()
    assert await work.next_look_in("r1") <= 0


async def test_no_answer_changes_nothing(stage: Scene) -> None:
    work = desk(stage, lookup=True)
    message = await doubted(stage)
    work.says(None)
    await work.step()
    assert await stage.state_of(message) is State.UNCERTAIN


@pytest.mark.parametrize("policy", OnUncertain)
async def test_an_uncertain_message_that_the_provider_does_not_know_is_sent_again(
    stage: Scene, policy: OnUncertain
) -> None:
    """Evidence comes before policy: not found after the grace means that nothing was sent."""
    work = desk(stage, lookup=True)
    message = await doubted(stage, on_uncertain=policy)
    work.says(rows(("v1", numbers(1)[0], "not_found")))
    await work.step()
    record = await stage.record_of(message)
    assert (record.state, record.code) == (State.QUEUED, "volley.not_found")
    assert await stage.mistakes("spring") == []


async def test_not_found_is_not_believed_before_the_grace_is_over(stage: Scene) -> None:
    work = desk(stage, lookup=True)
    message = await doubted(stage, age=10)
    await work.step()
    assert work.asker.asked == []
    assert await stage.state_of(message) is State.UNCERTAIN
    assert 75 <= await work.next_look_in("v1") <= 85


async def test_not_found_moves_nothing_that_was_submitted(stage: Scene) -> None:
    work = desk(stage, lookup=True)
    [message, *_] = await stage.fed()
    await stage.submitted(message, reference="r1")
    work.says(rows(("r1", numbers(1)[0], "not_found")))
    await work.step()
    assert await stage.state_of(message) is State.SUBMITTED


async def test_an_uncertain_message_that_the_provider_knows_was_submitted(stage: Scene) -> None:
    work = desk(stage, lookup=True)
    message = await doubted(stage)
    work.says(rows(("v1", numbers(1)[0], None)))
    await work.step()
    assert await stage.state_of(message) is State.SUBMITTED
    assert await stage.mistakes("spring") == []


async def test_one_message_of_a_request_may_be_known_and_another_not(stage: Scene) -> None:
    work = desk(stage, lookup=True)
    messages = await stage.fed(count=2)
    await stage.claim(*messages, reference="v1")
    await stage.ledger.record([stage.write(message, Event.DOUBT, reference="v1") for message in messages])
    for message in messages:
        await stage.age(message, 100)
    known, unknown = numbers(2)
    work.says(rows(("v1", known, "report_delivered")), rows(("v1", unknown, "not_found")))
    await work.step()
    assert [await stage.state_of(message) for message in messages] == [State.DELIVERED, State.QUEUED]
    assert await stage.mistakes("spring") == []


async def test_a_refused_question_is_told_and_asked_again_later(stage: Scene) -> None:
    work = desk(stage, lookup=True)
    [message, *_] = await stage.fed()
    await stage.submitted(message, reference="r1")
    work.says(Answer(status=200, body=b'{"refused": "plain.4"}'))
    await work.step()
    assert [(call, refusal.code) for call, refusal in work.asker.refusals] == [("status", "plain.4")]
    assert await work.next_look_in("r1") > 0


@pytest.mark.parametrize(("age", "least", "most"), [(0, 15, 25), (200, 95, 105), (3500, 1, 101)])
async def test_the_older_a_submission_the_later_it_is_looked_at_again(
    stage: Scene, age: int, least: float, most: float
) -> None:
    work = desk(stage, lookup=True)
    [message, *_] = await stage.fed()
    await stage.submitted(message, reference="r1")
    await stage.age(message, age)
    work.says(rows(("r1", numbers(1)[0], None)))
    await work.step()
    assert least <= await work.next_look_in("r1") <= most
