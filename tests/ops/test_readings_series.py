"""Series are read from rings: speeds between samples, holes where there were none, several accounts as one."""

from collections.abc import AsyncIterator

import pytest
from redis.asyncio import Redis

from ops.readings.series import Series, combined, read_series, series_of
from producer.contract import keys
from producer.contract.counters import SUBMISSION
from producer.contract.messages import AccountName
from producer.contract.series import RINGS, Sample, Span
from tests.support import wait_until
from tests.worker.plain import NAME
from tests.worker.scene import Scene, scene
from worker.sampling import Sampler

NOW = 1_800_000_000


@pytest.fixture
async def stage(redis: Redis, redis_url: str) -> AsyncIterator[Scene]:
    async with scene(redis_url) as made:
        yield made


def ring_with(*samples: Sample, span: Span = Span.HOUR) -> bytes:
    """The ring as the samples leave it."""
    ring = RINGS[span]
    data = bytearray(ring.size)
    for sample in samples:
        packed = sample.pack()
        data[ring.offset(sample.at) : ring.offset(sample.at) + len(packed)] = packed
    return bytes(data)


def sample(at: int, submitted: int, **gauges: float) -> Sample:
    return Sample(at=at, counters={"submitted": submitted}, gauges={"ceiling": 20.0} | gauges)


def read(*samples: Sample, span: Span = Span.HOUR, last: int = NOW) -> Series:
    return series_of(ring_with(*samples, span=span), span, last)


def test_a_speed_is_what_was_counted_between_two_samples() -> None:
    series = read(sample(NOW - 20, 100), sample(NOW - 10, 150), sample(NOW, 170))
    assert [point.speed("submitted") for point in series.points[-3:]] == [None, 5.0, 2.0]
    assert len(series.points) == 360
    assert series.points[-1].at.timestamp() == NOW


def test_where_no_sample_was_taken_nothing_is_known() -> None:
    series = read(sample(NOW - 50, 100), sample(NOW, 200))
    assert [point.speed("submitted") for point in series.points[-6:]] == [None] * 6, "50 s are no 10 s"
    assert [point.gauge("ceiling") for point in series.points[-6:]] == [20.0, None, None, None, None, 20.0]


def test_one_missing_sample_is_told_of_the_next() -> None:
    series = read(sample(NOW - 20, 100), sample(NOW, 200))
    assert series.points[-1].speed("submitted") == 5.0


def test_a_counter_that_began_anew_is_no_speed() -> None:
    series = read(sample(NOW - 10, 5000), sample(NOW, 3))
    assert series.points[-1].speed("submitted") is None
    assert series.points[-1].gauge("ceiling") == 20.0


def test_samples_of_an_earlier_round_are_not_seen() -> None:
    series = read(sample(NOW - 3600, 100), sample(NOW - 7200 - 10, 50))
    assert series.is_empty


def test_the_last_minute_is_one_point() -> None:
    before = Sample(at=NOW - 20, counters={"requests": 0})
    between = Sample(at=NOW - 10, counters={"requests": 4, "request_le_0.1": 4}, gauges={"rate": 7.0})
    after = Sample(at=NOW, counters={"requests": 8, "request_le_0.1": 4, "request_le_5": 4}, gauges={"rate": 9.0})
    last = read(before, between, after).last(60)
    assert (last.speed("requests"), last.gauge("rate"), last.seconds) == (0.4, 9.0, 20)
    assert last.quantile(SUBMISSION, 0.5) == pytest.approx(0.1)
    assert last.quantile(SUBMISSION, 1.0) == pytest.approx(5.0)


def test_accounts_together_add_up_but_for_balances_and_ages() -> None:
    one = read(sample(NOW - 10, 0, queued=5), sample(NOW, 10, queued=3, balance=7.0, oldest=4.0))
    two = read(sample(NOW - 10, 0, queued=1), sample(NOW, 30, queued=2, balance=9.0))
    point = combined([one, two]).points[-1]
    assert (point.speed("submitted"), point.gauge("queued"), point.gauge("ceiling")) == (4.0, 5.0, 40.0)
    assert (point.gauge("balance"), point.gauge("oldest")) == (None, None)
    with pytest.raises(ValueError, match="at least one account"):
        combined([])


@pytest.mark.parametrize("span", Span)
async def test_what_the_worker_samples_is_read_here(stage: Scene, span: Span) -> None:
    await stage.fed(count=3)
    await stage.book.add(NAME, {"submitted": 4})
    await wait_until(lambda: _is_far_from_an_edge(stage, span), description="a step that is not nearly over")
    await Sampler(stage.redis).step()
    found = await read_series(stage.redis, [NAME, AccountName("nobody")], span)
    points = found[NAME].points
    assert len(points) == RINGS[span].length
    assert points[-1].gauge("queued") == 3, "the step that is not over is the last"
    assert points[-1].speed("submitted") is None, "there is nothing before it"
    assert found[AccountName("nobody")].is_empty
    assert await stage.redis.exists(keys.series(AccountName("nobody"), span)) == 0


async def _is_far_from_an_edge(stage: Scene, span: Span) -> bool:
    """Whether what is sampled now can still be read in its own step."""
    now, _ = await Redis.time(stage.redis)
    return now % RINGS[span].step < RINGS[span].step - 3
