"""Forgetting a person: nothing of number and values is left in campaigns, nobody else's books change."""

import asyncio
import itertools

import pytest

from producer.contract import keys
from producer.contract.campaigns import CHUNK_SIZE
from producer.contract.codec import decode_chunk, encode_chunk
from producer.contract.messages import FORGOTTEN, MessageId, Msisdn
from producer.contract.scripts import Script
from producer.contract.states import Event, State
from tests.support_erasure import places_of
from tests.worker.erasing import NAME, OTHER, PERSON, forgotten, people
from tests.worker.scene import Scene, numbers
from worker.forgetting import Forgetter
from worker.forgetting.needle import Needle


async def delivered(stage: Scene, *messages: MessageId) -> None:
    for message in messages:
        await stage.submitted(message, reference=f"7{message.chunk:03}{message.place:03}")
        await stage.apply(message, Event.REPORT_DELIVERED)


async def recipients(stage: Scene, chunk: int = 0) -> list[tuple[str, dict[str, str]]]:
    data = await stage.redis.hget(keys.chunks("spring"), str(chunk))
    return [(recipient.msisdn, dict(recipient.values)) for recipient in decode_chunk(data)]


# --- campaigns -----------------------------------------------------------------------------------------


async def test_number_and_values_go_and_states_counters_and_neighbours_stay(stage: Scene) -> None:
    messages = await stage.fed(count=3, recipients=people(3), text="Hello $name")
    await delivered(stage, *messages)
    before = await stage.reader.records(messages)
    assert await forgotten(stage) == {"campaigns": 1, "chunks": 1, "recipients": 1}
    assert await places_of(stage.redis, PERSON, NAME) == []
    assert (await recipients(stage))[0] == (FORGOTTEN, {})
    assert (await recipients(stage))[1:] == [(each["to"], {"name": each["name"]}) for each in people(3)[1:]]
    assert await stage.reader.records(messages) == before
    assert await stage.counts("spring") == {"delivered": 3}
    assert await stage.mistakes("spring") == []
    assert await forgotten(stage) == {"campaigns": 1, "chunks": 1}, "there is nobody any more"


async def test_a_report_that_comes_late_finds_nobody_and_harms_nobody(stage: Scene) -> None:
    [message, *_] = messages = await stage.fed(count=2, recipients=people(2), text="Hello $name")
    await delivered(stage, *messages)
    await forgotten(stage)
    assert await stage.apply(message, Event.REPORT_UNDELIVERED) == (State.DELIVERED, False)
    assert await stage.mistakes("spring") == []


async def in_state(stage: Scene, message: MessageId, state: State) -> None:
    if state is State.QUEUED:
        return
    await stage.claim(message, reference="v1")
    match state:
        case State.DEFERRED:
            await stage.record(message, Event.DEFER, reference="v1")
        case State.UNCERTAIN:
            await stage.record(message, Event.DOUBT, reference="v1")
        case State.SUBMITTED | State.ENROUTE:
            await stage.record(message, Event.SUBMIT, reference="v1")
    if state is State.ENROUTE:
        await stage.apply(message, Event.REPORT_ENROUTE)
    assert await stage.state_of(message) is state


@pytest.mark.parametrize("state", [state for state in State if not state.is_final])
async def test_what_is_not_final_is_named_and_left(stage: Scene, state: State) -> None:
    """Somebody is to get it, or its report is to come: without the number neither could be."""
    [message, *_] = await stage.fed(count=2, recipients=people(2), text="Hello $name")
    await in_state(stage, message, state)
    found = await forgotten(stage)
    assert (found["open"], found["messages"]) == (1, [f"{message} {state}"])
    assert (await recipients(stage))[0] == (PERSON, {"name": NAME})
    assert await stage.mistakes("spring") == []


@pytest.mark.parametrize("state", [state for state in State if not state.is_final])
async def test_cancel_ends_what_is_not_on_the_wire_and_nothing_else(stage: Scene, state: State) -> None:
    [message, *_] = await stage.fed(count=2, recipients=people(2), text="Hello $name")
    await in_state(stage, message, state)
    found = await forgotten(stage, cancel=True)
    assert await stage.mistakes("spring") == []
    if state in {State.QUEUED, State.DEFERRED}:
        assert found == {"campaigns": 1, "chunks": 1, "recipients": 1, "ended": 1}
        record = await stage.record_of(message)
        assert (record.state, record.code) == (State.CANCELLED, "volley.forgotten")
        assert await places_of(stage.redis, PERSON, NAME) == []
        assert str(message) not in await stage.queued()
    else:
        assert found["messages"] == [f"{message} {state}"]
        assert await stage.state_of(message) is state


async def test_who_was_not_registered_yet_is_cancelled_and_the_others_are_fed_once(stage: Scene) -> None:
    """The feeder has not come to the campaign: there is no record, and the counters must still add up to the end."""
    await stage.submit(recipients=people(CHUNK_SIZE + 5), text="Hello $name")
    assert (await forgotten(stage))["messages"] == ["spring/0.0 queued"]
    found = await forgotten(stage, cancel=True)
    assert (found["recipients"], found["ended"]) == (1, 1)
    assert await stage.counts("spring") == {"queued": CHUNK_SIZE + 4, "cancelled": 1}
    assert await stage.mistakes("spring") == []
    await stage.feeder.step()
    assert len(await stage.queued()) == CHUNK_SIZE + 4
    assert "spring/0.0" not in await stage.queued()
    assert await stage.mistakes("spring") == []
    assert await stage.redis.hget(keys.campaign("spring"), "registered") == b"%d" % (CHUNK_SIZE + 5)
    await stage.producer.cancel("spring")
    await stage.close("spring")
    assert await stage.counts("spring") == {"cancelled": CHUNK_SIZE + 5}
    assert await stage.mistakes("spring") == []


async def test_a_campaign_cancelled_before_it_was_fed_counts_the_person_once(stage: Scene) -> None:
    await stage.submit(recipients=people(5), text="Hello $name")
    await forgotten(stage, cancel=True)
    await stage.producer.cancel("spring")
    await stage.feeder.step()
    assert await stage.counts("spring") == {"cancelled": 5}
    assert await stage.mistakes("spring") == []


async def test_the_last_open_message_that_is_cancelled_ends_its_campaign(stage: Scene) -> None:
    await stage.fed(count=1, recipients=people(1), text="Hello $name")
    await forgotten(stage, cancel=True)
    assert await stage.campaign_state("spring") == "finished"
    assert await stage.mistakes("spring") == []


async def test_two_people_of_one_chunk_are_forgotten_at_the_same_moment(stage: Scene) -> None:
    """Both read the chunk, both write it: the second must not bring the first back."""
    messages = await stage.fed(count=20, recipients=people(20), text="Hello $name")
    await delivered(stage, *messages)
    wanted = numbers(20)[:10]
    await asyncio.gather(*(forgotten(stage, msisdn=msisdn) for msisdn in wanted))
    assert await places_of(stage.redis, *wanted, NAME) == []
    assert [to for to, _ in await recipients(stage)] == [FORGOTTEN] * 10 + numbers(20)[10:]


async def test_a_chunk_that_is_another_by_now_is_left(stage: Scene) -> None:
    """The script compares: what was read a moment ago may be a new campaign's of the same id."""
    [message, *_] = messages = await stage.fed(count=2, recipients=people(2), text="Hello $name")
    await delivered(stage, *messages)
    new = encode_chunk([])
    answer = await stage.ledger.forget(message, PERSON, (b"old", new), account="athens", lane="bulk")
    assert answer == "changed"
    assert (await recipients(stage))[0] == (PERSON, {"name": NAME})


async def test_single_messages_refusals_and_appended_recipients_go(stage: Scene) -> None:
    message = await stage.producer.send_one(account_name="athens", to=PERSON, text=f"code for {NAME}", key="k1")
    await stage.claim(message, lane="urgent", reference="r9")
    await stage.record(message, Event.REJECT, reference="r9")
    bad = [{"to": f"+30 (69) {PERSON[4:]}-99999"}, {"to": f"+{PERSON[:6]} {PERSON[6:]}"}]
    await stage.submit(
        "refused", recipients=[{"to": OTHER, "name": "guest"}, *bad], text="Hello $name", default_region="GR"
    )
    await stage.submit("appended", recipients=[{"to": OTHER}], text="Hello")
    await stage.producer.append("appended", [{"to": PERSON}, {"to": numbers(9)[8]}])
    assert any(":seen:" in place for place in await places_of(stage.redis, PERSON))
    found = await forgotten(stage, cancel=True)
    assert (found["recipients"], found["refusals"]) == (2, 2)
    assert await places_of(stage.redis, PERSON, f"{PERSON[:6]} {PERSON[6:]}", NAME) == []
    again = await stage.producer.append("appended", [{"to": PERSON}, {"to": OTHER}])
    assert (again.accepted, again.duplicates) == (1, 1), "the campaign does not know the person any more"


@pytest.mark.parametrize("call", [1, 2])
@pytest.mark.parametrize("first", ["forget", "look"])
async def test_the_first_append_brings_nobody_back(
    stage: Scene, monkeypatch: pytest.MonkeyPatch, call: int, first: str
) -> None:
    """It makes sets of who is in the campaign. A chunk had been read when the person was taken out of it: the number
    was put into a set all the same, and stood there until the campaign was retired.
    """
    messages = await stage.fed(count=CHUNK_SIZE + 2, recipients=people(CHUNK_SIZE + 2), text="Hello $name")
    await delivered(stage, messages[0])
    run, calls = Script.run, itertools.count(1)

    async def beside(script: Script, *args: object) -> object:
        is_now = script.name == "see" and next(calls) == call
        if is_now and first == "forget":
            await forgotten(stage)
        answer = await run(script, *args)
        if is_now and first == "look":
            await forgotten(stage)
        return answer

    monkeypatch.setattr(Script, "run", beside)
    await stage.producer.append("spring", [{"to": numbers(999)[998], "name": "late"}])
    assert next(calls) > 2
    assert await places_of(stage.redis, PERSON, NAME) == []
    again = await stage.producer.append("spring", [{"to": OTHER, "name": "guest"}])
    assert (again.accepted, again.duplicates) == (0, 1)


async def test_it_goes_piece_by_piece_and_a_piece_may_be_done_twice(stage: Scene) -> None:
    for campaign in ("autumn", "spring"):
        messages = await stage.fed(campaign, recipients=people(CHUNK_SIZE + 2), text="Hello $name")
        await delivered(stage, messages[0])
    work, needle, cursor, steps, erased = (
        Forgetter(stage.redis, stage.ledger, stage.reader, ["athens"], None), Needle(Msisdn(PERSON)), "", 0, 0,
    )  # fmt: skip
    while True:
        again, first = await work.step(needle, cursor, seconds=0)
        cursor, second = await work.step(needle, cursor, seconds=0)
        assert cursor == again
        erased, steps = erased + first.recipients + second.recipients, steps + 1
        if not cursor:
            break
    assert steps > 8
    assert erased == 2
    assert await places_of(stage.redis, PERSON, NAME) == []


@pytest.mark.parametrize("cursor", ["nonsense", "[]", '["other","a","b"]', '["campaign",1,2]'])
async def test_a_cursor_of_somebody_else_s_is_refused(stage: Scene, cursor: str) -> None:
    with pytest.raises(ValueError, match="not a cursor"):
        await Forgetter(stage.redis, stage.ledger, stage.reader, [], None).step(Needle(Msisdn(PERSON)), cursor)
