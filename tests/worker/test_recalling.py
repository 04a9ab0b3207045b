"""The second witness: not found by status is believed only when the history, asked after it, has nothing either."""

import time
from dataclasses import dataclass, replace
from datetime import datetime

from producer.contract import keys
from producer.contract.campaigns import OnUncertain
from producer.contract.messages import MessageId, Msisdn
from producer.contract.states import Event, State
from tests.worker.plain import LOOKUP, FakeAsker, plain_account, plain_family, plain_reports, rows
from tests.worker.scene import Scene, numbers
from worker.ledger import Journal
from worker.lookups import Lookups
from worker.providers.interface import Recall
from worker.providers.requests import Answer, Credentials, HttpRequest
from worker.recalling import Recaller
from worker.settings import Tracking
from worker.spacing import HistoryHour
from worker.throttle import TooSoonError
from worker.tracking import Tracker

NONE = rows()
REFUSED = Answer(status=200, body=b'{"refused": "plain.1"}')


def _build(_: Credentials, since: datetime, msisdns: list[Msisdn], cursor: str) -> HttpRequest:
    form = (("since", f"{since.timestamp():.0f}"), ("to", ",".join(msisdns)), ("after", cursor))
    return HttpRequest(call="messages", path="/history", form=form)


@dataclass
class Desk:
    """Look-ups of the scene's account with a second witness, an asker that plays the provider, and a clock."""

    stage: Scene
    asker: FakeAsker
    lookups: Lookups
    now: float = 1000.0

    async def step(self) -> None:
        await self.stage.redis.zadd(keys.due("athens"), dict.fromkeys(await self.stage.due(), time.time() - 1))
        await self.lookups.step()

    def says(self, call: str, *answers: Answer | Exception | None) -> None:
        self.asker.answers.setdefault(call, []).extend(answers)

    def recalled(self) -> list[dict[str, str]]:
        return [dict(request.form) for request in self.asker.asked if request.call == "messages"]


def desk(stage: Scene, *, most: int = 500) -> Desk:
    recall = Recall(most=most, build=_build, read=plain_reports)
    account = plain_account(family=replace(plain_family(lookup=LOOKUP), recall=recall))
    asker, journal = FakeAsker(), Journal(redis=stage.redis, length=1000)
    work = Desk(stage=stage, asker=asker, lookups=None)
    recaller = Recaller(
        account=account,
        recall=recall,
        asker=asker,
        reader=stage.reader,
        journal=journal,
        reference_life=stage.ledger.reference_life,
        hour=HistoryHour(stage.book, account.name, most=most, clock=lambda: work.now),
    )
    work.lookups = Lookups(
        account=account,
        redis=stage.redis,
        asker=asker,
        ledger=stage.ledger,
        reader=stage.reader,
        journal=journal,
        tracker=Tracker(account, stage.redis, stage.ledger, stage.reader, stage.book),
        settings=Tracking(poll_every=60, lookup_grace=90.0, give_up_after=3600.0),
        recaller=recaller,
    )
    return work


async def doubted(stage: Scene, count: int = 1, campaign: str = "spring", **asked: object) -> list[MessageId]:
    """So many uncertain messages, v0, v1, …, past their grace."""
    messages = await stage.fed(campaign, count, **asked)
    for message in messages:
        await stage.claim(message, reference=f"v{message.place}")
        await stage.record(message, Event.DOUBT, reference=f"v{message.place}", code="volley.answer_lost")
        await stage.age(message, 100)
    return messages


def not_found(*places: int) -> Answer:
    return rows(*((f"v{place}", numbers(place + 1)[place], "not_found") for place in places))


async def test_what_neither_witness_has_is_sent_again(stage: Scene) -> None:
    work, [message] = desk(stage), await doubted(stage)
    work.says("status", not_found(0))
    work.says("messages", NONE)
    await work.step()
    record = await stage.record_of(message)
    assert (record.state, record.code) == (State.QUEUED, "volley.not_found")
    [asked] = work.recalled()
    assert asked["to"] == numbers(1)[0]
    assert float(asked["since"]) < time.time() - 86_000
    assert [request.call for request in work.asker.asked] == ["status", "messages"]
    assert await stage.mistakes("spring") == []


async def test_what_the_history_has_is_never_sent_again(stage: Scene) -> None:
    """status.php alone was believed: where it said "not found" of what had been taken, an SMS went out twice."""
    work, messages = desk(stage), await doubted(stage, 3, on_uncertain=OnUncertain.RESEND)
    one, two, three = numbers(3)
    work.says("status_bulk", None)
    work.says("status", not_found(0), not_found(1), not_found(2))
    work.says("messages", rows(("v0", one, "report_delivered"), ("v1", two, None), ("v0", three, "report_delivered")))
    await work.step()
    states = [await stage.state_of(message) for message in messages]
    assert states == [State.DELIVERED, State.SUBMITTED, State.QUEUED]
    assert len(work.recalled()) == 1
    assert await stage.mistakes("spring") == []


async def test_without_history_it_stays_uncertain_and_says_why(stage: Scene) -> None:
    """The limit is used up, nobody answers, a refusal: none of these is a witness."""
    work, [message] = desk(stage), await doubted(stage, on_uncertain=OnUncertain.RESEND)
    for answer in (TooSoonError("messages", 900.0), None, REFUSED):
        work.says("status", not_found(0))
        work.says("messages", answer)
        work.now += 3600
        await work.step()
        record = await stage.record_of(message)
        assert (record.state, record.code) == (State.UNCERTAIN, "volley.not_confirmed")
    work.says("status", not_found(0))
    work.says("messages", NONE)
    work.now += 3600
    await work.step()
    assert await stage.state_of(message) is State.QUEUED
    assert await stage.mistakes("spring") == []


async def test_a_row_under_our_reference_to_another_spelling_of_the_number_proves_nothing(stage: Scene) -> None:
    work, [message] = desk(stage), await doubted(stage)
    work.says("status", not_found(0))
    work.says("messages", rows(("v0", "0030" + numbers(1)[0], "report_delivered")))
    await work.step()
    assert await stage.state_of(message) is State.UNCERTAIN


async def test_a_history_is_read_to_its_end_or_not_believed(stage: Scene) -> None:
    work, [message] = desk(stage), await doubted(stage)
    work.says("status", not_found(0))
    others = rows(("w1", "79120000001", None), more=True)
    work.says("messages", others, others, rows(("v0", numbers(1)[0], "report_delivered")))
    await work.step()
    assert [asked["after"] for asked in work.recalled()] == ["", "after-w1", "after-w1"]
    assert await stage.state_of(message) is State.DELIVERED


async def test_a_history_without_an_end_is_no_witness(stage: Scene) -> None:
    work, [message] = desk(stage), await doubted(stage)
    work.says("status", not_found(0))
    work.says("messages", *(rows(("w1", "79120000001", None), more=True) for _ in range(3)))
    await work.step()
    assert await stage.state_of(message) is State.UNCERTAIN


async def test_requests_are_spaced_the_more_the_more_there_were(stage: Scene) -> None:
    """Thirty an hour are allowed: a trickle of doubtful messages must not use them up in a minute."""
    work = desk(stage)
    began = work.now
    for number in range(40):
        await doubted(stage, 1, f"c{number}")
        work.says("status", *(not_found(0) for _ in range(99)))
        while True:
            work.says("messages", NONE)
            before = len(work.recalled())
            await work.step()
            if len(work.recalled()) > before:
                break
            work.now += 10
        assert number != 5 or work.now - began < 100, "the first doubts are answered soon"
    assert work.now - began > 3600
    assert len([None for request in work.asker.asked if request.call == "messages"]) == 40
    assert await stage.counts("c0") == {"queued": 1}


async def test_a_full_request_waits_for_no_pause(stage: Scene) -> None:
    """After a kill storm two thousand waited, and a request for five hundred was made every other minute."""
    work, messages = desk(stage, most=3), await doubted(stage, 6)
    work.says("status_bulk", not_found(*range(6)))
    work.says("messages", NONE, NONE)
    await work.step()
    await work.step()
    assert [len(asked["to"].split(",")) for asked in work.recalled()] == [3, 3]
    assert {await stage.state_of(message) for message in messages} == {State.QUEUED}


async def test_a_reader_that_follows_another_need_not_ask_again_what_is_waited_for(stage: Scene) -> None:
    """What was to be recalled was in the dead one's memory; each new one asked the status of all of them first."""
    first, [message] = desk(stage), await doubted(stage)
    first.says("status", not_found(0))
    first.says("messages", None)
    await first.step()
    assert (await stage.record_of(message)).code == "volley.not_confirmed"
    second = desk(stage)
    second.now += 100
    second.says("messages", NONE)
    await second.step()
    assert [request.call for request in second.asker.asked] == ["messages"]
    assert await stage.state_of(message) is State.QUEUED
    assert await stage.mistakes("spring") == []


async def test_readers_that_are_killed_one_after_the_other_leave_places_for_when_it_is_over(stage: Scene) -> None:
    """Each asked for the few that it knew of, until the hour's 28 were used up and hundreds had to wait."""
    began = now = 10_000.0
    asked: list[int] = []
    for number in range(120):  # an hour of readers; each lives for half a minute, and finds one more
        await doubted(stage, 1, f"c{number}")
        work = desk(stage, most=50)
        work.now = now
        work.says("status", *(not_found(0) for _ in range(99)))
        work.says("status_bulk", *(not_found(0) for _ in range(9)))
        work.says("messages", NONE)
        await work.step()
        asked += [now for _ in work.recalled()]
        now += 30
    assert 5 <= len(asked) <= 15
    assert sum(at < began + 180 for at in asked) >= 5, "the first doubts are answered soon"
    full = desk(stage, most=50)
    full.now = now
    await doubted(stage, 200, "flood")
    full.says("status_bulk", not_found(*range(200)))
    full.says("messages", *[NONE] * 5)
    for _ in range(4):
        await full.step()
    assert [len(request["to"].split(",")) for request in full.recalled()] == [50] * 4
    assert await stage.counts("flood") == {"queued": 200}


async def test_a_refused_request_is_made_for_fewer_numbers_the_next_time(stage: Scene) -> None:
    work, messages = desk(stage, most=6), await doubted(stage, 6)
    work.says("status_bulk", not_found(*range(6)))
    work.says("messages", REFUSED, NONE, NONE)
    for _ in range(3):
        await work.step()
        work.now += 100
    assert [len(asked["to"].split(",")) for asked in work.recalled()] == [6, 3, 3]
    assert {await stage.state_of(message) for message in messages} == {State.QUEUED}


async def test_a_message_that_was_decided_meanwhile_is_left_alone(stage: Scene) -> None:
    work, [message] = desk(stage), await doubted(stage)
    work.says("status", not_found(0))
    work.says("messages", None)
    await work.step()
    await stage.apply(message, Event.ASSUME, reference="v0")
    work.says("messages", NONE)
    work.now += 100
    await work.step()
    assert await stage.state_of(message) is State.SUBMITTED
    assert await stage.mistakes("spring") == []
