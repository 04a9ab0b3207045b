"""Due submissions: asked about where the family can, given up in time, decided by policy where nobody can tell."""

import time
from dataclasses import dataclass, replace

import pytest

from producer.contract import keys
from producer.contract.campaigns import OnUncertain
from producer.contract.messages import MessageId, Reference
from producer.contract.states import Event, State
from tests.worker.scene import LOOKUP, FakeAsker, Scene, numbers, plain_account, plain_family, rows
from worker.ledger import Journal
from worker.lookups import Lookups
from worker.probing import Offer, finding
from worker.providers.interface import Answer, Dialect, HttpRequest, Probe
from worker.providers.registry import FAMILIES
from worker.settings import Tracking
from worker.throttle import TooSoonError
from worker.tracking import Tracker

PROBE = Probe(build=lambda _: HttpRequest(call="probe", path="/probe", form=()), read=lambda _: True)
GRACE = 90.0
GIVE_UP = 3600.0


@dataclass
class Desk:
    """Look-ups of the scene's account, with an asker that plays the provider."""

    stage: Scene
    asker: FakeAsker
    lookups: Lookups

    async def step(self) -> None:
        await self.stage.redis.zadd(keys.due("athens"), dict.fromkeys(await self.stage.due(), time.time() - 1))
        await self.lookups.step()

    def says(self, *answers: Answer | Exception | None, call: str = "status") -> None:
        self.asker.answers.setdefault(call, []).extend(answers)

    async def next_look_in(self, reference: str) -> float:
        due = dict(await self.stage.redis.zrange(keys.due("athens"), 0, -1, withscores=True))
        return due[reference.encode()] - time.time()


def desk(stage: Scene, *, lookup: bool) -> Desk:
    account = plain_account(family=plain_family(lookup=LOOKUP if lookup else None))
    asker = FakeAsker()
    lookups = Lookups(
        account=account,
        redis=stage.redis,
        asker=asker,
        ledger=stage.ledger,
        reader=stage.reader,
        journal=Journal(redis=stage.redis, length=1000),
        tracker=Tracker(account, stage.redis, stage.ledger, stage.reader, stage.book),
        settings=Tracking(poll_every=60, lookup_grace=GRACE, give_up_after=GIVE_UP),
    )
    return Desk(stage=stage, asker=asker, lookups=lookups)


async def doubted(stage: Scene, *, age: int = 100, **asked: object) -> MessageId:
    [message] = await stage.fed(count=1, **asked)
    await stage.claim(message, reference="v1")
    await stage.record(message, Event.DOUBT, reference="v1", code="volley.answer_lost")
    await stage.age(message, age)
    return message


# --- with look-ups ---------------------------------------------------------------------------------------


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


# --- time and policy -------------------------------------------------------------------------------------


@pytest.mark.parametrize("has_lookup", [True, False])
async def test_a_submission_without_a_report_is_given_up_in_time(
    stage: Scene,
    has_lookup: bool,  # noqa: FBT001
) -> None:
    work = desk(stage, lookup=has_lookup)
    [message] = await stage.fed(count=1)
    await stage.submitted(message, reference="r1")
    await stage.age(message, int(GIVE_UP) - 20)
    await work.step()
    assert await stage.state_of(message) is State.SUBMITTED
    await stage.age(message, 30)
    await work.step()
    record = await stage.record_of(message)
    assert (record.state, record.code) == (State.EXPIRED, "volley.no_report")
    assert await stage.campaign_state("spring") == "finished"


POLICIES = {
    OnUncertain.HOLD: State.UNCERTAIN,
    OnUncertain.RESEND: State.QUEUED,
    OnUncertain.ASSUME_SENT: State.SUBMITTED,
}


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
