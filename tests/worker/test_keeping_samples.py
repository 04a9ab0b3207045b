"""Which exchanges are kept: all that failed up to a bound, and a sample of the others."""

import asyncio
from dataclasses import replace
from typing import Self

import pytest
from msgspec import structs
from redis.exceptions import ConnectionError as RedisConnectionError
from structlog.testing import capture_logs

from producer.contract import keys
from producer.contract.campaigns import Lane
from producer.contract.exchanges import ExchangeRecord, Kept, is_about
from producer.contract.messages import MessageId
from tests.support import wait_until
from tests.support_erasure import places_of
from tests.worker.exchanged import CAMPAIGN, GOOD, PERSON, doubt, prepared_for
from tests.worker.plain import NAME, plain_account
from tests.worker.scene import Scene
from worker.keeping import ExchangeBook, Keeper
from worker.preparing import Prepared
from worker.providers.exchange import AnswerLost, NotSent
from worker.providers.outcomes import Deferred
from worker.providers.requests import Answer
from worker.stopping import end


def one_of(stage: Scene) -> Prepared:
    return prepared_for(stage.account, "hello")


async def entries(stage: Scene, kind: Kept) -> list[tuple[bytes, ExchangeRecord]]:
    rows = await stage.redis.xrange(keys.exchanges(NAME, kind))
    return [(fields[b"of"], ExchangeRecord.unpack(fields[b"exchange"])) for _, fields in rows]


async def test_failed_ones_and_a_sample_of_the_good_ones_are_kept_each_second(stage: Scene) -> None:
    book = ExchangeBook(stage.redis, length=1000, life=60)
    keeper = book.keeper(stage.account)
    assert keeper is not None
    for _ in range(2):
        for _ in range(200):
            keeper.note(one_of(stage), Answer(status=200, body=b'[["submitted","p1"]]'), GOOD, 0.1)
        for _ in range(20):
            keeper.note(one_of(stage), AnswerLost(reason="answer timeout"), doubt(), 0.1)
        await book.flush()
    good, failed = await entries(stage, Kept.GOOD), await entries(stage, Kept.FAILED)
    assert (len(good), len(failed)) == (55, 40), "50 after a quiet time, then 5 a second"
    of, record = failed[0]
    assert is_about(of, MessageId(campaign=CAMPAIGN, chunk=0, place=0))
    assert not is_about(of, MessageId(campaign=CAMPAIGN, chunk=0, place=1))
    assert (record.ending, record.status, record.outcomes) == (
        "answer timeout",
        0,
        ("uncertain volley.answer_lost: perhaps",),
    )
    assert good[0][1].outcomes == ("submitted 7781234567",)
    assert good[0][1].answer == '[["submitted","p1"]]'
    assert 0 < await stage.redis.ttl(keys.exchanges(NAME, Kept.GOOD)) <= 60
    assert await places_of(stage.redis, PERSON, "hello") == []


async def test_an_exchange_of_many_messages_counts_for_several(stage: Scene) -> None:
    """Making a hundred messages harmless takes some milliseconds: fifty such in one second held up the sending."""
    keeper = ExchangeBook(stage.redis, length=1000, life=60).keeper(stage.account)
    assert keeper is not None
    for expected in (5, 0, 1, 0, 1):
        for _ in range(20):
            keeper.note(one_of(stage), Answer(status=200, body=b"[]"), GOOD * 100, 0.1)
        assert len(keeper.take()) == expected


async def test_a_storm_of_failures_is_bounded_in_each_second_and_in_redis(stage: Scene) -> None:
    book = ExchangeBook(stage.redis, length=60, life=60)
    keeper = book.keeper(stage.account)
    assert keeper is not None
    for _ in range(5):
        for _ in range(1000):
            keeper.note(one_of(stage), AnswerLost(reason="answer timeout"), doubt(), 0.1)
        assert len(keeper.take()) == 50
        for _ in range(1000):
            keeper.note(one_of(stage), AnswerLost(reason="answer timeout"), doubt(), 0.1)
        await book.flush()
    assert 60 <= await stage.redis.xlen(keys.exchanges(NAME, Kept.FAILED)) < 150  # trimmed by whole nodes


def test_a_campaign_takes_nothing_away_from_urgent_messages(stage: Scene) -> None:
    keeper = Keeper(stage.account)
    bulk = one_of(stage)
    urgent = structs.replace(bulk, claim=structs.replace(bulk.claim, lane=Lane.URGENT))
    for _ in range(200):
        keeper.note(bulk, Answer(status=200, body=b"[]"), GOOD, 0.1)
    keeper.note(urgent, Answer(status=200, body=b"[]"), GOOD, 0.1)
    assert [noted.prepared.claim.lane for noted in keeper.take()][-2:] == [Lane.BULK, Lane.URGENT]


async def test_a_mixed_answer_counts_as_failed(stage: Scene) -> None:
    book = ExchangeBook(stage.redis, length=60, life=60)
    keeper = book.keeper(stage.account)
    assert keeper is not None
    prepared = prepared_for(stage.account, "a", "b")
    mixed = (*GOOD, Deferred(code="plain.9", words="later"))
    keeper.note(prepared, Answer(status=200, body=b"[]"), mixed, 0.1)
    await book.flush()
    [(of, record)] = await entries(stage, Kept.FAILED)
    assert of == b"spring|0.0,0.1"
    assert record.outcomes == ("submitted 7781234567", "deferred plain.9: later")


def test_nothing_is_kept_where_nothing_is_to_be_kept(stage: Scene) -> None:
    assert ExchangeBook(stage.redis, length=0, life=60).keeper(plain_account()) is None


async def test_a_redis_that_is_away_costs_the_exchanges_and_nothing_else(
    stage: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    book = ExchangeBook(stage.redis, length=60, life=60)
    keeper = book.keeper(stage.account)
    assert keeper is not None

    class Away:
        async def __aenter__(self) -> Self:
            return self

        async def __aexit__(self, *_: object) -> None:
            pass

        def xadd(self, *_: object, **__: object) -> None:
            pass

        expire = xadd

        async def execute(self) -> None:
            raise RedisConnectionError("away")

    keeper.note(one_of(stage), AnswerLost(reason="answer timeout"), doubt(), 0.1)
    with monkeypatch.context() as patch:
        patch.setattr(stage.redis, "pipeline", lambda **_: Away())
        await book.flush()
    keeper.note(one_of(stage), NotSent(reason="no connection"), doubt(), 0.1)
    await book.flush()
    [(_, record)] = await entries(stage, Kept.FAILED)
    assert record.ending == "no connection"


async def test_a_family_that_cannot_build_from_labels_is_told_in_the_log(stage: Scene) -> None:
    """Its own checks may want digits where a label is; the other exchanges are kept all the same."""

    class Strict:
        def build(self, *_: object) -> None:
            raise ValueError("not a number")

    strict = replace(stage.account, family=replace(stage.account.family, sending=Strict()))
    book = ExchangeBook(stage.redis, length=60, life=60)
    keepers = [book.keeper(strict), book.keeper(stage.account)]
    for keeper in keepers:
        assert keeper is not None
        keeper.note(one_of(stage), NotSent(reason="no connection"), doubt(), 0.1)
    await book.flush()
    assert len(await entries(stage, Kept.FAILED)) == 1


async def test_what_nobody_foresaw_costs_the_exchanges_of_a_second_and_no_worker(
    stage: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It ended the task that writes them, and with it the worker process and all its sending."""

    class Defective:
        def build(self, *_: object) -> None:
            raise KeyError("nobody foresaw this")

    monkeypatch.setattr("worker.keeping._EVERY", 0.001)
    defective = replace(stage.account, family=replace(stage.account.family, sending=Defective()))
    book = ExchangeBook(stage.redis, length=60, life=60)
    bad, good = book.keeper(defective), book.keeper(stage.account)
    assert bad is not None
    assert good is not None
    with capture_logs() as logged:
        bad.note(one_of(stage), NotSent(reason="no connection"), doubt(), 0.1)
        running = asyncio.create_task(book.run())

        async def is_told() -> bool:
            return "exchanges_failed" in [entry["event"] for entry in logged]

        await wait_until(is_told, description="the defect is in the log")
        good.note(one_of(stage), NotSent(reason="no connection"), doubt(), 0.1)

        async def is_kept() -> bool:
            return len(await entries(stage, Kept.FAILED)) == 1

        await wait_until(is_kept, description="the next exchange is kept")
        await end([running])
        assert running.cancelled()
    assert [entry["log_level"] for entry in logged] == ["error"]
