"""An account closed for doubt: one request at a time tries it, over all processes, and what that brings decides."""

import time

import pytest

from producer.contract import keys
from tests.worker.gates import gate, permits, server_ms
from tests.worker.scene import Scene
from worker.providers.outcomes import Block
from worker.throttle import Admission, Waiting


async def _doubted(stage: Scene, seconds: float = 10) -> float:
    return await stage.book.doubt("athens", code="volley.doubtful_answers", words="rubbish", seconds=seconds)


async def _pause_over(stage: Scene) -> None:
    await stage.redis.hset(keys.account("athens"), "until", int(time.time()) - 1)


async def test_a_doubtful_account_admits_nothing_but_a_probe_and_says_why(stage: Scene) -> None:
    await _doubted(stage)
    door = gate(stage)
    answer = await door.admit(1)
    assert isinstance(answer, Waiting)
    assert answer.why == Block.DOUBTFUL
    assert isinstance(await door.admit(1, probe=True), Admission)


async def test_a_doubtful_account_is_tried_with_one_request_of_one_process(stage: Scene) -> None:
    """Also when the provider hangs: nobody knows for a long time what the trial brings, and no more may leave."""
    assert await _doubted(stage) == 10
    doors = [gate(stage, worker) for worker in ("w1", "w2", "w3")]
    assert [await permits(door, 50) for door in doors] == [0, 0, 0]
    await _pause_over(stage)
    assert [await permits(door, 50) for door in doors] == [1, 0, 0]
    assert [door.trial_at is not None for door in doors] == [True, False, False]
    assert await stage.book.state("athens") == "doubtful"
    assert isinstance(await doors[1].admit(1, probe=True), Admission)
    assert doors[1].trial_at is None, "what only asks is no trial"


async def test_a_trial_that_brings_nothing_is_followed_by_another(stage: Scene) -> None:
    """Its process died, or what it was to send had been cancelled."""
    await _doubted(stage)
    await _pause_over(stage)
    first, second = gate(stage, "w1"), gate(stage, "w2")
    before = await server_ms(stage) / 1000
    assert await permits(first, 1) == 1
    until = float(await stage.redis.hget(keys.account("athens"), "until"))
    assert before + 5 <= until <= await server_ms(stage) / 1000 + 6
    await _pause_over(stage)
    assert await permits(second, 1) == 1


async def test_trust_opens_a_doubtful_account_and_no_other(stage: Scene) -> None:
    await _doubted(stage)
    assert await stage.book.trust("athens")
    door = gate(stage)
    assert await permits(door, 5) == 5
    assert door.trial_at is None
    assert not await stage.book.trust("athens")
    await stage.book.block("athens", Block.MONEY, code="plain.3", words="no", seconds=60)
    assert not await stage.book.trust("athens")
    assert await stage.book.state("athens") == "money"


async def test_an_account_that_nothing_is_tried_with_is_trusted_only_after_a_while(stage: Scene) -> None:
    await _doubted(stage)
    assert not await stage.book.trust("athens", untried=300)
    await stage.redis.hset(keys.account("athens"), "until", int(time.time()) - 290)
    assert not await stage.book.trust("athens", untried=300)
    await stage.redis.hset(keys.account("athens"), "until", int(time.time()) - 301)
    assert await stage.book.trust("athens", untried=300)
    assert await stage.book.state("athens") == "open"


async def test_a_process_forgets_its_trial_when_another_one_has_opened_the_account(stage: Scene) -> None:
    """What leaves then must not close the account alone."""
    await _doubted(stage)
    await _pause_over(stage)
    door = gate(stage)
    assert await permits(door, 1) == 1
    await stage.book.trust("athens")
    assert await permits(door, 1) == 1
    assert door.trial_at is None


@pytest.mark.parametrize("block", [Block.MONEY, Block.CREDENTIALS, Block.ADDRESS, Block.UNREACHABLE])
async def test_doubt_hides_no_block_that_says_more(stage: Scene, block: Block) -> None:
    await stage.book.block("athens", block, code="plain.3", words="no", seconds=60)
    assert await _doubted(stage) == 0
    assert await stage.book.state("athens") == block


async def test_no_connection_does_not_open_a_doubtful_account(stage: Scene) -> None:
    await _doubted(stage)
    await stage.book.block("athens", Block.UNREACHABLE, code="volley.not_sent", words="no", seconds=0)
    assert await permits(gate(stage), 5) == 0
    assert await stage.book.state("athens") == "doubtful"


async def test_a_paused_account_is_not_doubtful(stage: Scene) -> None:
    await stage.redis.hset(keys.account("athens"), "state", "paused")
    assert await _doubted(stage) == 0
    assert await stage.book.state("athens") == "paused"


async def test_each_pause_for_doubt_is_twice_as_long_up_to_five_minutes(stage: Scene) -> None:
    """Counted by trials: what several processes find at once is one doubt. A quiet time forgets it."""
    seconds = []
    for _ in range(7):
        seconds.append(await _doubted(stage))
        assert await _doubted(stage) == 0, "another process has found it already"
        await _pause_over(stage)
        assert await permits(gate(stage), 5) == 1
    assert seconds == [10, 20, 40, 80, 160, 300, 300]
    await stage.book.trust("athens")
    assert await _doubted(stage) == 300, "it is doubtful again at once"
    await stage.book.trust("athens")
    await stage.redis.hset(keys.account("athens"), "doubt_at", int(time.time()) - 601)
    assert await _doubted(stage) == 10
