"""The poller: one reader an account, the journal before anything else, and nothing lost by a crash in between."""

import time
from dataclasses import dataclass

import pytest
from redis.exceptions import ConnectionError as RedisConnectionError

from producer.contract import keys
from producer.contract.messages import AccountName, MessageId
from producer.contract.states import State
from tests.worker.plain import DRAIN, HISTORY, LOOKUP, FakeAsker, plain_account, plain_family, rows
from tests.worker.scene import Scene, numbers
from worker.ledger import Journal
from worker.lookups import Lookups
from worker.polling import Poller
from worker.providers.outcomes import Block
from worker.providers.requests import Answer
from worker.settings import Tracking
from worker.spacing import HistoryHour
from worker.tracking import Tracker

BALANCE = Answer(status=200, body=b'"12.5"')


@dataclass
class Desk:
    asker: FakeAsker
    poller: Poller
    tracker: Tracker
    journal: Journal


def desk(stage: Scene, worker: str = "w1", **can: object) -> Desk:
    account = plain_account(family=plain_family(**can))
    asker = FakeAsker(answers={"balance": [BALANCE]})
    tracker = Tracker(account, stage.redis, stage.ledger, stage.reader, stage.book)
    journal = Journal(redis=stage.redis, length=10_000)
    settings = Tracking(poll_every=1)
    lookups = Lookups(
        account=account,
        redis=stage.redis,
        asker=asker,
        ledger=stage.ledger,
        reader=stage.reader,
        journal=journal,
        tracker=tracker,
        settings=settings,
    )
    poller = Poller(
        account=account,
        redis=stage.redis,
        asker=asker,
        journal=journal,
        tracker=tracker,
        lookups=lookups,
        book=stage.book,
        settings=settings,
        worker=worker,
    )
    return Desk(asker=asker, poller=poller, tracker=tracker, journal=journal)


def calls(work: Desk) -> list[str]:
    return [request.call for request in work.asker.asked if request.call != "balance"]


async def submitted(stage: Scene, count: int = 3) -> list[MessageId]:
    messages = await stage.fed(count=count)
    for message in messages:
        await stage.submitted(message, reference=f"r{message.place}")
    return messages


async def test_two_pollers_of_one_account_and_only_one_reads(stage: Scene) -> None:
    one, two = desk(stage, "w1", drain=DRAIN), desk(stage, "w2", drain=DRAIN)
    assert [await one.poller.step(), await two.poller.step(), await one.poller.step()] == [True, False, True]
    assert calls(two) == []


async def test_a_reader_that_stops_hands_over_at_once_and_others_cannot_take_its_place(stage: Scene) -> None:
    one, two = desk(stage, "w1", drain=DRAIN), desk(stage, "w2", drain=DRAIN)
    await one.poller.step()
    await two.poller.lease.release()
    assert not await two.poller.step()
    await one.poller.lease.release()
    assert await two.poller.step()


async def test_a_drain_is_read_until_it_is_empty(stage: Scene) -> None:
    messages = await submitted(stage)
    work = desk(stage, drain=DRAIN)
    work.asker.answers["drain"] = [
        rows(("r0", "", "report_delivered"), more=True),
        rows(("r1", "", "report_undelivered"), more=True),
        rows(),
    ]
    await work.poller.step()
    assert calls(work) == ["drain"] * 3
    assert [await stage.state_of(message) for message in messages] == [
        State.DELIVERED,
        State.UNDELIVERED,
        State.SUBMITTED,
    ]


async def test_what_was_drained_and_not_applied_is_applied_after_the_crash(
    stage: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The provider hands each status over once: between journal and apply it exists only with us."""
    [message, *_] = await submitted(stage)
    work = desk(stage, drain=DRAIN)
    work.asker.answers["drain"] = [rows(("r0", "", "report_delivered"))]

    async def crash(*_: object, **__: object) -> None:
        raise RedisConnectionError("killed here")

    with monkeypatch.context() as patch:
        patch.setattr(work.tracker, "apply", crash)
        with pytest.raises(RedisConnectionError):
            await work.poller.step()
    assert await stage.state_of(message) is State.SUBMITTED
    await work.poller.lease.release()
    await desk(stage, "w2", drain=DRAIN).poller.step()
    assert await stage.state_of(message) is State.DELIVERED


async def test_a_drained_answer_is_kept_whole_however_long_it_is(
    stage: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The journal kept a megabyte of it: after a crash it could not be read, and all its reports were gone."""
    [message, *_] = await submitted(stage)
    work = desk(stage, drain=DRAIN)
    work.asker.answers["drain"] = [rows(("y" * 1_500_000, "", None), ("r0", "", "report_delivered"))]

    async def crash(*_: object, **__: object) -> None:
        raise RedisConnectionError("killed here")

    with monkeypatch.context() as patch:
        patch.setattr(work.tracker, "apply", crash)
        with pytest.raises(RedisConnectionError):
            await work.poller.step()
    await work.poller.lease.release()
    await desk(stage, "w2", drain=DRAIN).poller.step()
    assert await stage.state_of(message) is State.DELIVERED


async def test_a_crash_is_made_up_for_however_much_was_journalled_before_it(stage: Scene) -> None:
    """Only the next hundred entries were looked at, and the drain after that moved the mark past the rest.

    Callbacks write to the same journal: a hundred of them in one poll interval are nothing special.
    """
    [message, *_] = await submitted(stage)
    work = desk(stage, drain=DRAIN)
    for _ in range(250):
        await work.journal.write("athens", "callback", 200, b"{}")
    await work.journal.write("athens", "drain", 200, rows(("r0", "", "report_delivered")).body)
    work.asker.answers["drain"] = [rows()]
    await work.poller.step()
    assert await stage.state_of(message) is State.DELIVERED


async def test_nothing_is_applied_twice_from_the_journal(stage: Scene, monkeypatch: pytest.MonkeyPatch) -> None:
    await submitted(stage)
    work = desk(stage, drain=DRAIN)
    work.asker.answers["drain"] = [rows(("r0", "", "report_delivered")), rows()]
    await work.poller.step()
    await work.poller.step()

    async def never(*_: object, **__: object) -> None:
        raise AssertionError("applied again")

    monkeypatch.setattr(work.tracker, "apply", never)
    await work.poller.step()


async def test_a_refused_drain_is_told_and_the_turn_goes_on(stage: Scene) -> None:
    work = desk(stage, drain=DRAIN)
    work.asker.answers["drain"] = [Answer(status=200, body=b'{"refused": "plain.2", "block": "credentials"}')]
    assert await work.poller.step()
    assert [(call, refusal.block) for call, refusal in work.asker.refusals] == [("status", Block.CREDENTIALS)]


async def test_history_is_paged_for_as_long_as_it_brings_something(stage: Scene) -> None:
    await submitted(stage, 20)
    await stage.redis.zadd(keys.due("athens"), {f"r{i}": 1 for i in range(20)})
    await stage.redis.delete(keys.queue("athens", "bulk"))
    work = desk(stage, history=HISTORY, lookup=LOOKUP)
    told = [(f"r{i}", number, "report_delivered") for i, number in enumerate(numbers(20))]
    work.asker.answers["messages"] = [rows(*told[:10], more=True), rows(*told[10:], more=True), rows(more=True)]
    await work.poller.step()
    pages = [request.form for request in work.asker.asked if request.call == "messages"]
    assert pages == [(("after", ""),), (("after", "after-r9"),), (("after", "after-r19"),)]
    assert await stage.counts("spring") == {"delivered": 20}


@pytest.mark.parametrize(("recalled", "most"), [(0, 18), (1, 18), (10, 14), (20, 6)])
async def test_back_fill_leaves_of_an_hour_s_history_what_recalling_needs(
    stage: Scene, recalled: int, most: int
) -> None:
    """It read on until the provider's hour was used up; what had to be recalled then was uncertain for an hour.

    Then it had six pages in any hour in which anything was recalled, and thousands were asked about singly.
    """
    await submitted(stage, 20)
    await stage.redis.zadd(keys.due("athens"), {f"r{i}": 1 for i in range(20)})
    await stage.redis.delete(keys.queue("athens", "bulk"))
    for _ in range(recalled):
        await HistoryHour(stage.book, AccountName("athens")).note_recall()
    for turn in range(2):
        work = desk(stage, f"w{turn}", history=HISTORY)
        pages = [rows((f"r{i}", number, "report_delivered"), more=True) for i, number in enumerate(numbers(20))]
        work.asker.answers["messages"] = pages
        assert await work.poller.step()
        await work.poller.lease.release()
        assert calls(work).count("messages") == (most if turn == 0 else 0)


async def test_a_page_for_few_waits_the_longer_the_more_were_read_and_one_for_many_does_not(stage: Scene) -> None:
    await submitted(stage, 20)
    await stage.redis.delete(keys.queue("athens", "bulk"))
    for _ in range(6):
        await HistoryHour(stage.book, AccountName("athens")).note_page()
    work = desk(stage, history=HISTORY)
    for due, asked in ((20, 0), (1000, 1)):
        await stage.redis.zadd(keys.due("athens"), {f"r{i}": 1 for i in range(due)})
        work.asker.answers["messages"] = [rows()]
        await work.poller.step()
        assert calls(work).count("messages") == asked


async def test_rows_of_history_that_are_not_ours_stay_off_the_shelf(stage: Scene) -> None:
    await submitted(stage, 20)
    await stage.redis.zadd(keys.due("athens"), {f"r{i}": 1 for i in range(20)})
    work = desk(stage, history=HISTORY, lookup=LOOKUP)
    work.asker.answers["messages"] = [rows(("stranger", "306999999999", "report_delivered"))]
    await work.poller.step()
    assert await stage.redis.hlen(keys.orphans("athens")) == 0


# --- balance -----------------------------------------------------------------------------------------------


async def test_the_balance_is_kept_and_not_asked_for_every_turn(stage: Scene) -> None:
    work = desk(stage)
    for _ in range(3):
        await work.poller.step()
    assert [request.call for request in work.asker.asked] == ["balance"]
    assert await stage.redis.hget(keys.account("athens"), "balance") == b"12.5"


async def test_a_money_block_opens_when_the_probe_finds_money(stage: Scene) -> None:
    await stage.book.block("athens", Block.MONEY, code="plain.3", words="no money", seconds=0)
    work = desk(stage)
    await work.poller.step()
    assert work.asker.probes == [True]
    assert await stage.book.state("athens") == "open"


async def test_without_money_the_block_stays_and_is_probed_again_later(stage: Scene) -> None:
    await stage.book.block("athens", Block.MONEY, code="plain.3", words="no money", seconds=0)
    work = desk(stage)
    work.asker.answers["balance"] = [Answer(status=200, body=b'"0"'), BALANCE]
    await work.poller.step()
    await work.poller.step()
    assert await stage.book.state("athens") == "money"
    assert len(work.asker.asked) == 1
    assert float(await stage.redis.hget(keys.account("athens"), "until")) > time.time()


@pytest.mark.parametrize(("untried", "state"), [(0, "doubtful"), (301, "open")])
async def test_a_doubtful_account_with_nothing_to_send_opens_when_its_balance_can_be_read(
    stage: Scene, untried: int, state: str
) -> None:
    """It is tried with a message; where there was none for minutes, its verdict and its alert would last for ever."""
    await stage.book.doubt("athens", code="volley.doubtful_answers", words="rubbish", seconds=10)
    await stage.redis.hset(keys.account("athens"), "until", int(time.time()) - untried)
    work = desk(stage)
    await work.poller.step()
    assert [request.call for request in work.asker.asked] == ["balance"]
    assert await stage.book.state("athens") == state


async def test_a_shelved_report_is_matched_in_the_same_turn(stage: Scene) -> None:
    [message, *_] = await stage.fed()
    work = desk(stage, drain=DRAIN)
    work.asker.answers["drain"] = [rows(("p1", "", "report_delivered"))]
    await work.poller.step()
    await stage.submitted(message, reference="p1")
    await work.poller.step()
    assert await stage.state_of(message) is State.DELIVERED
