"""Due submissions that nobody can be asked about: given up in time, decided by policy, or asked by another name."""

import time
from dataclasses import replace

import pytest

from producer.contract import keys
from producer.contract.campaigns import OnUncertain
from producer.contract.messages import MessageId, Reference
from producer.contract.states import Event, State
from tests.worker.desks import GIVE_UP, GRACE, POLICIES, PROBE, Desk, desk, doubted
from tests.worker.plain import LOOKUP, plain_account, plain_family, rows
from tests.worker.scene import Scene, numbers
from worker.ledger import Journal
from worker.lookups import Lookups
from worker.probing import Offer, finding
from worker.providers.registry import FAMILIES
from worker.providers.requests import Answer, Dialect
from worker.settings import Tracking
from worker.tracking import Tracker


async def silent_for(stage: Scene, seconds: float) -> MessageId:
    """A submission without a report for so long."""
    [message] = await stage.fed(count=1)
    await stage.submitted(message, reference="r1")
    await stage.age(message, int(seconds))
    return message


async def test_a_submission_without_a_report_is_given_up_in_time(stage: Scene) -> None:
    work = desk(stage, lookup=False)
    message = await silent_for(stage, GIVE_UP - 20)
    await work.step()
    assert await stage.state_of(message) is State.SUBMITTED
    await stage.age(message, 30)
    await work.step()
    record = await stage.record_of(message)
    assert (record.state, record.code) == (State.EXPIRED, "volley.no_report")
    assert await stage.campaign_state("spring") == "finished"


@pytest.mark.parametrize(
    ("told", "state"),
    [
        (None, State.EXPIRED),
        ("not_found", State.EXPIRED),
        ("report_enroute", State.ENROUTE),  # that is news, and has its time again
        ("report_delivered", State.DELIVERED),
    ],
)
async def test_a_provider_that_can_be_asked_is_asked_before_anything_is_given_up(
    stage: Scene, told: str | None, state: State
) -> None:
    """A tracker that was away for longer than `give_up_after` gave up what the provider had long delivered."""
    work = desk(stage, lookup=True)
    message = await silent_for(stage, GIVE_UP + 10)
    work.says(rows(("r1", numbers(1)[0], told)))
    await work.step()
    assert await stage.state_of(message) is state
    assert len(work.asker.asked) == 1


async def test_a_provider_that_never_answers_is_not_waited_for_for_ever(stage: Scene) -> None:
    work = desk(stage, lookup=True)
    message = await silent_for(stage, GIVE_UP + 10)
    work.says(None, Answer(status=200, body=b'{"refused": "plain.4"}'), None)
    for _ in range(3):
        await work.step()
        assert await stage.state_of(message) is State.SUBMITTED
        assert await work.next_look_in("r1") < 60
    await stage.age(message, int(GIVE_UP))
    await work.step()
    record = await stage.record_of(message)
    assert (record.state, record.code) == (State.EXPIRED, "volley.no_report")
    assert await stage.campaign_state("spring") == "finished"


@pytest.mark.parametrize(("policy", "state"), POLICIES.items())
async def test_where_nobody_can_be_asked_the_policy_decides_after_the_grace(
    stage: Scene, policy: OnUncertain, state: State
) -> None:
    work = desk(stage, lookup=False)
    message = await doubted(stage, age=10, on_uncertain=policy)
    await work.step()
    assert await stage.state_of(message) is State.UNCERTAIN, "not before the grace is over"
    await stage.age(message, 100)
    await work.step()
    assert await stage.state_of(message) is state
    assert work.asker.asked == []
    assert await stage.mistakes("spring") == []


async def test_assumed_messages_are_given_up_like_any_without_a_report(stage: Scene) -> None:
    work = desk(stage, lookup=False)
    message = await doubted(stage, on_uncertain=OnUncertain.ASSUME_SENT)
    await work.step()
    await stage.age(message, int(GIVE_UP) + 1)
    await work.step()
    assert await stage.state_of(message) is State.EXPIRED


async def test_the_due_list_forgets_references_that_nobody_has(stage: Scene) -> None:
    work = desk(stage, lookup=True)
    await stage.redis.zadd(keys.due("athens"), {"r-gone": 1})
    await work.step()
    assert await stage.due() == set()
    assert await stage.reader.behind("athens", [Reference("r-gone")]) == {}


async def test_an_assumed_message_is_due_by_its_new_state(stage: Scene) -> None:
    """The look that assumed it sent put its next look off by an hour, as for one that is held: the demo hung."""
    work = desk(stage, lookup=False)
    message = await doubted(stage, on_uncertain=OnUncertain.ASSUME_SENT)
    await work.step()
    reference = (await stage.record_of(message)).reference
    assert GIVE_UP - 60 < await work.next_look_in(reference) <= GIVE_UP


# --- a look-up that only some hosts have, by the provider's own id ----------------------------------------


async def optional(stage: Scene, *, offered: bool) -> Desk:
    work = desk(stage, lookup=True)
    takes = FAMILIES["restv2"].lookup.takes
    repair = replace(LOOKUP, most=1, by_own_id=False, after=300.0, is_optional=True, takes=takes)
    account = plain_account(family=replace(plain_family(lookup=repair), probe=PROBE))
    account = replace(account, credentials=replace(account.credentials, dialect=Dialect(v3=True)))
    await stage.book.note(account.name, {"v3": finding(account, found=offered)})
    work.lookups = Lookups(
        account=account,
        redis=stage.redis,
        asker=work.asker,
        ledger=stage.ledger,
        reader=stage.reader,
        journal=Journal(redis=stage.redis, length=1000),
        tracker=Tracker(account, stage.redis, stage.ledger, stage.reader, stage.book),
        settings=Tracking(poll_every=60, lookup_grace=GRACE, give_up_after=GIVE_UP),
        offer=Offer(account, stage.book),
    )
    return work


async def test_reports_are_waited_for_before_a_repairing_look_up_is_made(stage: Scene) -> None:
    work = await optional(stage, offered=True)
    [message] = await stage.fed(count=1)
    await stage.submitted(message, reference="5001")
    await work.step()
    assert work.asker.asked == []
    assert 290 < await work.next_look_in("5001") <= 300
    await stage.age(message, 301)
    work.says(rows(("5001", numbers(1)[0], "report_delivered")))
    await work.step()
    assert await stage.state_of(message) is State.DELIVERED


async def test_a_host_without_it_is_not_asked(stage: Scene) -> None:
    work = await optional(stage, offered=False)
    [message] = await stage.fed(count=1)
    await stage.submitted(message, reference="5001")
    await stage.age(message, 400)
    await work.step()
    assert work.asker.asked == []
    assert GIVE_UP - 410 < await work.next_look_in("5001") <= GIVE_UP - 400


@pytest.mark.parametrize(("policy", "state"), POLICIES.items())
async def test_a_message_without_the_provider_s_id_cannot_be_asked_about(
    stage: Scene, policy: OnUncertain, state: State
) -> None:
    work = await optional(stage, offered=True)
    message = await doubted(stage, age=400, on_uncertain=policy)
    await work.step()
    assert work.asker.asked == []
    assert await stage.state_of(message) is state


@pytest.mark.parametrize("event", [Event.ASSUME, Event.REPORT_ENROUTE])
async def test_a_message_under_our_own_token_alone_is_not_asked_about(stage: Scene, event: Event) -> None:
    """Assumed sent, it had no id of the provider's, and status/sms takes nothing else.

    Put on the list of what is due by `volley repair`, it ended the tracker with a ValueError, again and again.
    """
    work = await optional(stage, offered=True)
    message = await doubted(stage)
    await stage.apply(message, event, reference="v1")
    await stage.age(message, 400)
    await work.step()
    assert work.asker.asked == []
    assert await work.next_look_in("v1") > 60


async def test_whoever_was_not_asked_makes_room_for_others(stage: Scene) -> None:
    """Single look-ups are few: hundreds that stay due would keep a new uncertain message from being seen."""
    work = await optional(stage, offered=True)
    messages = await stage.fed(count=150)
    for message in messages:
        await stage.submitted(message, reference=f"{5000 + message.place}")
        await stage.age(message, 400)
    work.says(*[rows()] * 150)
    await work.step()
    assert 100 <= len(work.asker.asked) <= 101
    assert await stage.redis.zcount(keys.due("athens"), "-inf", time.time()) == 0
