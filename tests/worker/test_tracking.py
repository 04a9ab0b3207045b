"""The one door for reports: known ones move messages, early ones wait on the shelf, doubled ones are harmless."""

import asyncio

import pytest

from producer.contract import keys
from producer.contract.messages import MessageId, Reference
from producer.contract.states import Event, State
from tests.worker.plain import plain_report
from tests.worker.scene import Scene, numbers
from worker.ledger import Recorded
from worker.providers.reports import Report
from worker.tracking import Applied, Tracker


@pytest.fixture
def tracker(stage: Scene) -> Tracker:
    return Tracker(stage.account, stage.redis, stage.ledger, stage.reader, stage.book)


def report(reference: str, event: Event | None = Event.REPORT_DELIVERED, msisdn: str = "") -> Report:
    made = plain_report(reference, msisdn, event)
    assert isinstance(made, Report)
    return made


async def shelf(stage: Scene) -> set[str]:
    return {name.decode() for name in await stage.redis.hgetall(keys.orphans("athens"))}


async def batch(stage: Scene, reference: str = "v1") -> list[MessageId]:
    """Three messages submitted in one request, under one reference."""
    messages = await stage.fed()
    await stage.claim(*messages, reference=reference)
    await stage.ledger.record([stage.write(message, Event.SUBMIT, reference=reference) for message in messages])
    return messages


async def test_a_report_moves_its_message(stage: Scene, tracker: Tracker) -> None:
    [message, *_] = await stage.fed()
    await stage.submitted(message, reference="r1")
    assert await tracker.apply([report("r1")]) == Applied(moved=1)
    assert await stage.state_of(message) is State.DELIVERED
    assert await stage.mistakes("spring") == []


async def test_doubled_late_and_disordered_reports_are_harmless(stage: Scene, tracker: Tracker) -> None:
    [message, *_] = await stage.fed()
    await stage.submitted(message, reference="r1")
    events = [Event.REPORT_DELIVERED, Event.REPORT_ENROUTE, Event.REPORT_DELIVERED, Event.REPORT_UNDELIVERED]
    assert await tracker.apply([report("r1", event) for event in events]) == Applied(moved=1, unchanged=3)
    assert await tracker.apply([report("r1")]) == Applied(unchanged=1)
    assert await stage.state_of(message) is State.DELIVERED


async def test_reports_are_applied_in_their_order(stage: Scene, tracker: Tracker) -> None:
    [message, *_] = await stage.fed()
    await stage.submitted(message, reference="r1")
    applied = await tracker.apply([report("r1", Event.REPORT_ENROUTE), report("r1")])
    assert applied == Applied(moved=2)


async def test_the_messages_of_one_reference_are_told_apart_by_msisdn(stage: Scene, tracker: Tracker) -> None:
    messages = await batch(stage)
    await tracker.apply([report("v1", msisdn=numbers(3)[1])])
    states = [await stage.state_of(message) for message in messages]
    assert states == [State.SUBMITTED, State.DELIVERED, State.SUBMITTED]


async def test_a_report_without_msisdn_about_many_messages_belongs_to_none(stage: Scene, tracker: Tracker) -> None:
    """It was taken for the first message of the request: somebody counted as delivered who was not."""
    messages = await batch(stage)
    assert await tracker.apply([report("v1")], shelve=False) == Applied(unknown=1)
    assert {await stage.state_of(message) for message in messages} == {State.SUBMITTED}


async def test_a_report_of_another_number_under_a_known_reference_is_unknown(stage: Scene, tracker: Tracker) -> None:
    await batch(stage)
    assert await tracker.apply([report("v1", msisdn="306999999999")], shelve=False) == Applied(unknown=1)


async def test_a_status_that_says_nothing_new_moves_nothing(stage: Scene, tracker: Tracker) -> None:
    [message, *_] = await stage.fed()
    await stage.submitted(message, reference="r1")
    assert await tracker.apply([report("r1", None)]) == Applied(unchanged=1)
    assert await shelf(stage) == set()


# --- the shelf -------------------------------------------------------------------------------------------


async def test_a_report_before_our_record_waits_and_is_matched_by_the_record(stage: Scene, tracker: Tracker) -> None:
    [message, *_] = await stage.fed()
    await stage.claim(message)
    assert await tracker.apply([report("p1")]) == Applied(unknown=1)
    assert await shelf(stage) == {"p1"}
    recorded = await stage.record(message, Event.SUBMIT, reference="p1")
    await tracker.recorded([recorded])
    assert await stage.state_of(message) is State.DELIVERED
    assert await shelf(stage) == set()


async def test_a_shelved_report_that_was_not_told_is_rematched_by_the_next_poll(
    stage: Scene, tracker: Tracker
) -> None:
    [message, *_] = await stage.fed()
    await stage.claim(message)
    await tracker.apply([report("p1"), report("stranger")])
    await stage.record(message, Event.SUBMIT, reference="p1")
    assert await tracker.rematch() == 1
    assert await stage.state_of(message) is State.DELIVERED
    assert await shelf(stage) == {"stranger"}


async def test_report_and_record_at_the_same_moment_always_find_each_other(stage: Scene, tracker: Tracker) -> None:
    messages = await stage.fed(count=100)
    await stage.ledger.claim([stage.request([message]) for message in messages])

    async def race(message: MessageId) -> None:
        async def record() -> None:
            await tracker.recorded([await stage.record(message, Event.SUBMIT, reference=f"p{message.place}")])

        await asyncio.gather(tracker.apply([report(f"p{message.place}")]), record())

    await asyncio.gather(*map(race, messages))
    assert await stage.counts("spring") == {"delivered": 100}
    assert await shelf(stage) == set()


async def test_rows_of_history_that_are_not_ours_are_not_shelved(stage: Scene, tracker: Tracker) -> None:
    await stage.fed()
    assert await tracker.apply([report("of-somebody-else")], shelve=False) == Applied(unknown=1)
    assert await shelf(stage) == set()


async def test_the_shelf_keeps_the_final_report_of_several(stage: Scene, tracker: Tracker) -> None:
    """The newest one won: a late `enroute` (or a status that says nothing) took the place of `delivered`."""
    await tracker.apply([report("p1"), report("p1", Event.REPORT_ENROUTE), report("p1", None)])
    await tracker.apply([report("p1", Event.REPORT_ENROUTE)])
    [message, *_] = await stage.fed()
    await stage.submitted(message, reference="p1")
    await tracker.rematch()
    assert await stage.state_of(message) is State.DELIVERED


async def test_an_early_enroute_on_the_shelf_gives_way_to_what_comes_after(stage: Scene, tracker: Tracker) -> None:
    await tracker.apply([report("p1", Event.REPORT_ENROUTE)])
    await tracker.apply([report("p1")])
    [message, *_] = await stage.fed()
    await stage.submitted(message, reference="p1")
    await tracker.rematch()
    assert await stage.state_of(message) is State.DELIVERED


async def test_a_shelved_report_knows_its_number(stage: Scene, tracker: Tracker) -> None:
    """Its MSISDN was left behind: taken down, it was applied to whoever was first under the reference."""
    await tracker.apply([report("v1", msisdn=numbers(3)[2])])
    messages = await batch(stage)
    await tracker.rematch()
    states = [await stage.state_of(message) for message in messages]
    assert states == [State.SUBMITTED, State.SUBMITTED, State.DELIVERED]


async def test_what_nobody_claims_is_dropped_after_its_shelf_life(
    stage: Scene, tracker: Tracker, monkeypatch: pytest.MonkeyPatch
) -> None:
    await tracker.apply([report("stranger")])
    await tracker.rematch()
    assert await shelf(stage) == {"stranger"}
    monkeypatch.setattr("worker.tracking._SHELF_LIFE", -1)
    await tracker.rematch()
    assert await shelf(stage) == set()


async def test_a_stale_outcome_is_told_and_changes_nothing(stage: Scene, tracker: Tracker) -> None:
    [message, *_] = await stage.fed()
    await tracker.recorded([Recorded(write=stage.write(message, Event.SUBMIT), stale=True)])
    assert await stage.state_of(message) is State.QUEUED


@pytest.mark.parametrize("before", [Event.DOUBT, Event.SUBMIT])
async def test_a_callback_tells_the_provider_s_id_of_a_message_that_we_knew_by_ours(
    stage: Scene, tracker: Tracker, before: Event
) -> None:
    """The answer was lost, and the callback named our token and the provider's number.

    Only the report was applied: the message stayed under our token, which status/sms does not take, and what
    status/get brought under the number belonged to nobody.
    """
    [message, *_] = await stage.fed()
    await stage.claim(message, reference="v1")
    await stage.record(message, before, reference="v1")
    for _ in range(2):
        await tracker.adopt({Reference("v1"): Reference("4711"), Reference("v9"): Reference("9")})
        assert (await stage.record_of(message)).reference == "4711"
        assert await stage.state_of(message) is State.SUBMITTED
    assert await tracker.apply([report("4711", Event.REPORT_ENROUTE)]) == Applied(moved=1)
    assert await tracker.apply([report("4711")]) == Applied(moved=1)
    assert await stage.mistakes("spring") == []


async def test_a_callback_of_an_attempt_that_is_over_names_nobody(stage: Scene, tracker: Tracker) -> None:
    [message, *_] = await stage.fed()
    await stage.claim(message, reference="v1")
    await stage.record(message, Event.DEFER, reference="v1")
    await tracker.adopt({Reference("v1"): Reference("4711")})
    assert await stage.state_of(message) is State.DEFERRED
    assert await stage.reader.behind("athens", [Reference("4711")]) == {}
