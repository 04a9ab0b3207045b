"""What a sample says is what Redis held at that moment, written once into each ring."""

import pytest

from producer.contract import keys
from producer.contract.campaigns import Lane
from producer.contract.messages import AccountName
from producer.contract.series import GAUGES, LIFE, RINGS, Sample, Span
from producer.contract.states import Event
from producer.directory import announce
from tests.worker.plain import NAME, plain_account
from tests.worker.scene import Scene, entry
from worker.sampling import Sampler


async def sampled(stage: Scene, name: AccountName = NAME, span: Span = Span.HOUR) -> Sample:
    """The account's newest sample of one ring."""
    data = await stage.redis.get(keys.series(name, span)) or b""
    ring, size = RINGS[span], len(Sample(at=1).pack())
    found = [Sample.unpack(data[start : start + size]) for start in range(0, len(data) - 1, size)]
    newest = max((sample for sample in found if sample), key=lambda sample: sample.at)
    assert ring.at(data, newest.at) == newest
    return newest


async def test_a_sample_holds_totals_states_rate_age_and_balance(stage: Scene) -> None:
    one, two, *_ = await stage.fed(count=5)
    await stage.submitted(one)
    await stage.claim(two, reference="r2")
    await stage.record(two, Event.DOUBT, reference="r2", code="volley.answer_lost")
    await stage.book.add(NAME, {"submitted": 7, "request_le_0.1": 3})
    await stage.book.note(NAME, {"balance": "12.5"})
    assert await Sampler(stage.redis).step() == 1
    sample = await sampled(stage)
    assert (sample.counters["submitted"], sample.counters["request_le_0.1"], sample.counters["requests"]) == (7, 3, 0)
    states = {name: sample.gauges[name] for name in ("queued", "submitted", "uncertain", "in_flight")}
    assert states == {"queued": 3, "submitted": 1, "uncertain": 1, "in_flight": 0}
    assert sample.gauges["balance"] == 12.5
    assert sample.gauges["rate"] == sample.gauges["ceiling"] == stage.account.limits.rate
    assert 0 <= sample.gauges["oldest"] < 60


async def test_the_oldest_ready_job_of_either_lane_gives_the_age(stage: Scene) -> None:
    await Sampler(stage.redis).step()
    at = (await sampled(stage)).at
    await stage.redis.zadd(keys.queue(NAME, Lane.BULK), {"a": (at - 20) * 1000, "b": 0})
    await stage.redis.zadd(keys.queue(NAME, Lane.URGENT), {"c": (at - 50) * 1000})
    await Sampler(stage.redis).step()
    assert 50 <= (await sampled(stage)).gauges["oldest"] < 110


async def test_a_lowered_rate_is_sampled_as_it_has_recovered(stage: Scene) -> None:
    login = entry(stage.account).login
    await stage.redis.hset(keys.throttle(login), mapping={"rate": "10", "rate_at": "1"})
    await stage.redis.expire(keys.throttle(login), 60)
    await Sampler(stage.redis).step()
    assert (await sampled(stage)).gauges["rate"] == stage.account.limits.rate, "that was in 1970"


async def test_a_rate_that_an_operator_set_is_the_ceiling(stage: Scene) -> None:
    await stage.redis.hset(keys.limits(entry(stage.account).login), "rate", "7.5")
    await Sampler(stage.redis).step()
    sample = await sampled(stage)
    assert sample.gauges["rate"] == sample.gauges["ceiling"] == 7.5


async def test_every_ring_holds_the_same_sample_and_all_of_them_go_by_themselves(stage: Scene) -> None:
    await Sampler(stage.redis).step()
    samples = [await sampled(stage, span=span) for span in Span]
    assert len({sample.pack() for sample in samples}) == 1
    for span in Span:
        assert 0 < await stage.redis.ttl(keys.series(NAME, span)) <= LIFE
        assert await stage.redis.strlen(keys.series(NAME, span)) == RINGS[span].size


async def test_a_ring_takes_the_memory_that_the_catalogue_says_from_its_first_sample_on(stage: Scene) -> None:
    """It used to grow with each sample, and Redis reserved up to as much again each time."""
    await Sampler(stage.redis).step()
    taken = [await stage.redis.memory_usage(keys.series(NAME, span)) for span in Span]
    await Sampler(stage.redis).step()
    assert [await stage.redis.memory_usage(keys.series(NAME, span)) for span in Span] == taken
    assert sum(taken) < 700_000


async def test_what_is_not_known_is_left_out_and_each_account_has_its_own(stage: Scene) -> None:
    other = plain_account("moscow", rate=5.0)
    await announce(stage.redis, [entry(other)])
    await stage.book.add(other.name, {"submitted": 3})
    assert await Sampler(stage.redis).step() == 2
    mine, theirs = await sampled(stage), await sampled(stage, other.name)
    assert set(GAUGES) - set(theirs.gauges) == {"balance"}
    assert (mine.counters["submitted"], theirs.counters["submitted"]) == (0, 3)
    assert theirs.gauges["ceiling"] == 5.0


@pytest.mark.parametrize("times", [1, 3])
async def test_without_accounts_nothing_is_written(redis_url: str, stage: Scene, times: int) -> None:
    await stage.redis.delete(keys.ACCOUNTS)
    for _ in range(times):
        assert await Sampler(stage.redis).step() == 0
    assert await stage.redis.exists(*(keys.series(NAME, span) for span in Span)) == 0
