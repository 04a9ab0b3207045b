"""A throttle that is blocked, slowed down, or set by an operator."""

import time

import pytest

from producer.contract import keys
from tests.support import wait_until
from tests.worker.gates import LOGIN, admitted, finish, gate, is_admitted, permits, server_ms
from tests.worker.scene import Scene
from worker.providers.outcomes import Block
from worker.throttle import Admission, Gate, Waiting


@pytest.mark.parametrize("block", [Block.MONEY, Block.CREDENTIALS, Block.ADDRESS, Block.UNREACHABLE])
async def test_a_blocked_account_admits_nothing_but_a_probe(stage: Scene, block: Block) -> None:
    await stage.book.block("athens", block, code="plain.3", words="no", seconds=60)
    door = gate(stage)
    answer = await door.admit(1)
    assert isinstance(answer, Waiting)
    assert answer.why == block
    assert answer.seconds >= 0.2
    assert isinstance(await door.admit(1, probe=True), Admission)


async def test_a_paused_account_stays_paused_whatever_the_provider_says(stage: Scene) -> None:
    await stage.redis.hset(keys.account("athens"), "state", "paused")
    await stage.book.block("athens", Block.MONEY, code="plain.3", words="no", seconds=60)
    await stage.book.open("athens")
    answer = await gate(stage).admit(1)
    assert isinstance(answer, Waiting)
    assert answer.why == "paused"


@pytest.mark.parametrize("block", [Block.ADDRESS, Block.UNREACHABLE])
async def test_an_address_block_opens_by_itself_when_its_time_is_over(stage: Scene, block: Block) -> None:
    await stage.book.block("athens", block, code="plain.4", words="no", seconds=0)
    assert await is_admitted(gate(stage))
    assert await stage.book.state("athens") == "open"


async def test_an_address_block_ends_also_while_nobody_has_anything_to_send(stage: Scene) -> None:
    """Only a sender with work opened the account again. With everything submitted there was none.

    So a block that a status request had met lasted for ever, and no report was fetched any more.
    """
    await stage.book.block("athens", Block.ADDRESS, code="plain.4", words="no", seconds=60)
    assert await stage.book.state("athens") == "address"
    await stage.redis.hset(keys.account("athens"), "until", int(time.time()) - 1)
    assert await stage.book.state("athens") == "open"


async def test_a_money_block_waits_for_its_probe(stage: Scene) -> None:
    await stage.book.block("athens", Block.MONEY, code="plain.3", words="no", seconds=0)
    answer = await gate(stage).admit(1)
    assert isinstance(answer, Waiting)
    assert answer.why == "money"
    assert await stage.book.state("athens") == "money"
    await stage.book.open("athens")
    assert await is_admitted(gate(stage))


async def test_two_accounts_of_one_login_share_its_limits_and_not_their_blocks(stage: Scene) -> None:
    moscow = Gate(stage.redis, account="moscow", login=LOGIN, rate=1000, slots=1, worker="w2", slot_lease=30)
    await stage.book.block("athens", Block.MONEY, code="plain.3", words="no", seconds=60)
    assert isinstance(await gate(stage, slots=1).admit(1), Waiting)
    assert await is_admitted(moscow)


async def test_the_first_block_is_news_and_the_next_is_not(stage: Scene) -> None:
    told = [await stage.book.block("athens", Block.MONEY, code="c", words="w", seconds=60) for _ in range(3)]
    assert told == [True, False, False]


# --- slowing down --------------------------------------------------------------------------------------


async def test_slow_down_halves_the_rate_for_everybody_and_at_most_once_a_second(stage: Scene) -> None:
    first, second = gate(stage, "w1", rate=100.0), gate(stage, "w2", rate=100.0)
    await first.slow_down("plain.9")
    await second.slow_down("plain.9")
    assert first.effective_rate == second.effective_rate == 50.0
    other = gate(stage, "w3", rate=100.0)
    await other.admit(1)
    assert 50.0 <= other.effective_rate < 70.0, "two more each second, and never at once"


async def test_a_slowed_rate_recovers_slowly_up_to_the_ceiling(stage: Scene) -> None:
    door, began = gate(stage, rate=100.0), time.monotonic()
    await door.slow_down("plain.9")
    for seconds, least, most in ((5, 59.0, 61.0), (5, 69.0, 71.0), (60, 100.0, 100.0)):
        at = float(await stage.redis.hget(keys.throttle(LOGIN), "rate_at"))
        await stage.redis.hset(keys.throttle(LOGIN), mapping={"rate_at": at - seconds * 1000, "next": 0})
        finish(door, door.in_flight)
        await admitted(door, 1)
        assert least <= door.effective_rate <= min(100.0, most + 2 * (time.monotonic() - began))


async def test_a_rate_is_never_slowed_to_nothing(stage: Scene) -> None:
    door = gate(stage, rate=100.0)
    for _ in range(20):
        await stage.redis.hdel(keys.throttle(LOGIN), "slowed_at")
        await door.slow_down("plain.9")
    assert door.effective_rate == 1.0


# --- what an operator sets -------------------------------------------------------------------------------


async def test_a_rate_that_an_operator_sets_goes_before_the_configured_one_in_every_process(stage: Scene) -> None:
    one, two = gate(stage, "w1", rate=100.0), gate(stage, "w2", rate=100.0)
    for door in (one, two):
        finish(door, (await admitted(door, 1)).permits)
    await stage.redis.hset(keys.limits(LOGIN), "rate", "10")
    for door in (one, two):
        await door.admit(1)
        assert door.effective_rate == 10.0
    await stage.redis.delete(keys.limits(LOGIN))
    await stage.redis.hset(keys.throttle(LOGIN), "rate_at", "1")  # it was slow long ago
    await one.admit(1)
    assert one.effective_rate == 100.0


async def test_a_rate_that_an_operator_sets_holds_at_once_less_the_reserve(stage: Scene) -> None:
    """It climbed by two hundredths a second: half a minute after a limit was raised, two thirds of it were used.

    So it is also where the configured limit holds again.
    """
    door = Gate(
        stage.redis, account="athens", login=LOGIN, rate=98, slots=10, worker="w", slot_lease=30, reserve=0.98
    )
    finish(door, (await admitted(door, 1)).permits)
    for limit, rate in ((200, 196.0), (20, 19.6), (None, 98.0)):
        if limit is None:
            await stage.redis.delete(keys.limits(LOGIN))
        else:
            await stage.redis.hset(keys.limits(LOGIN), "rate", limit)
        finish(door, await wait_until(lambda: permits(door, 1), description="a permit"))
        assert door.effective_rate == rate


async def test_a_higher_rate_is_reached_slowly_while_the_provider_has_just_refused_the_speed(stage: Scene) -> None:
    door = gate(stage, rate=100.0)
    await door.slow_down("plain.9")
    await stage.redis.hset(keys.limits(LOGIN), "rate", "200")
    finish(door, (await admitted(door, 1)).permits)
    assert 50.0 <= door.effective_rate < 70.0
    await stage.redis.hset(keys.throttle(LOGIN), "rate_at", "1")  # long ago
    await door.admit(1)
    assert door.effective_rate == 200.0


async def test_an_operators_rate_holds_at_once_when_the_last_refusal_is_over(stage: Scene) -> None:
    door = gate(stage, rate=100.0)
    finish(door, (await admitted(door, 1)).permits)
    for ago, rate in ((40_000, 104.0), (51_000, 200.0)):
        now = await server_ms(stage)
        stored = {"rate": 100, "rate_at": now - 1000, "slowed_at": now - ago, "set": "", "next": 0}
        await stage.redis.hset(keys.throttle(LOGIN), mapping=stored)
        await stage.redis.hset(keys.limits(LOGIN), "rate", "200")
        finish(door, (await admitted(door, 1)).permits)
        took = (await server_ms(stage) - now) / 1000
        assert rate - 2 <= door.effective_rate <= min(200.0, rate + 2 + 4 * took), "four more each second"


async def test_slots_that_an_operator_sets_are_fewer_and_never_more(stage: Scene) -> None:
    door = gate(stage, slots=4)
    await stage.redis.hset(keys.limits(LOGIN), "slots", "2")
    assert (await admitted(door, 10)).permits == 2
    finish(door, 2)
    await stage.redis.hset(keys.limits(LOGIN), "slots", "100")
    answer = await wait_until(lambda: permits(door, 10), description="permits")
    assert answer == 4


async def test_slowing_down_begins_at_what_an_operator_set(stage: Scene) -> None:
    door = gate(stage, rate=100.0)
    await stage.redis.hset(keys.limits(LOGIN), "rate", "10")
    await door.slow_down("plain.9")
    assert door.effective_rate == 5.0
