"""Rings keep samples of fixed size for a fixed time, and tell an old one from a new one."""

import pytest
from hypothesis import given
from hypothesis import strategies as some

from producer.contract.counters import DELIVERY, SUBMISSION, Histogram
from producer.contract.series import COUNTERS, EVERY, GAUGES, RINGS, Ring, Sample, Span

NOW = 1_800_000_000
FULL = Sample(
    at=NOW,
    counters={name: place for place, name in enumerate(COUNTERS, 1)},
    gauges={name: place / 4 for place, name in enumerate(GAUGES)},
)


def test_a_sample_comes_back_as_it_went() -> None:
    assert Sample.unpack(FULL.pack()) == FULL


def test_a_gauge_that_is_not_known_stays_unknown_and_a_counter_that_is_not_there_is_nought() -> None:
    back = Sample.unpack(Sample(at=NOW).pack())
    assert back is not None
    assert back.gauges == {}
    assert set(back.counters.values()) == {0}


def test_a_slot_that_was_never_written_holds_nothing() -> None:
    assert Sample.unpack(bytes(len(FULL.pack()))) is None


@pytest.mark.parametrize(("span", "reach"), [(Span.HOUR, 3600), (Span.DAY, 86_400), (Span.WEEK, 7 * 86_400)])
def test_a_ring_reaches_as_far_back_as_it_says_and_all_of_them_stay_small(span: Span, reach: int) -> None:
    assert RINGS[span].step * RINGS[span].length == reach
    assert RINGS[span].step % EVERY == 0
    assert sum(ring.size for ring in RINGS.values()) <= 620_000  # what the key catalogue promises


@given(some.integers(min_value=1, max_value=2**32 - 1), some.sampled_from(list(Span)))
def test_every_moment_has_a_slot_inside_the_ring(moment: int, span: Span) -> None:
    ring = RINGS[span]
    assert 0 <= ring.offset(moment) <= ring.size - len(FULL.pack())


def test_a_slot_gives_its_own_round_only() -> None:
    ring = Ring(10, 3)
    data = bytearray(ring.size)
    data[ring.offset(NOW) : ring.offset(NOW) + len(FULL.pack())] = FULL.pack()
    assert ring.at(bytes(data), NOW) == FULL
    assert ring.at(bytes(data), NOW + 9) == FULL
    assert ring.at(bytes(data), NOW + 30) is None
    assert ring.at(bytes(data), NOW + 10) is None
    assert ring.at(b"", NOW) is None


def test_what_grew_between_two_samples_also_over_the_end_of_32_bits() -> None:
    before = Sample.unpack(Sample(at=NOW, counters={"submitted": 2**32 - 3}).pack())
    after = Sample.unpack(Sample(at=NOW + 10, counters={"submitted": 2**32 + 4}).pack())
    assert before is not None
    assert after is not None
    grown = after.since(before)
    assert grown is not None
    assert grown["submitted"] == 7
    assert before.since(after) is None, "counters that went back began anew"


# --- histograms ------------------------------------------------------------------------------------


@pytest.mark.parametrize("histogram", [SUBMISSION, DELIVERY])
def test_a_duration_falls_into_the_bucket_whose_bound_it_does_not_exceed(histogram: Histogram) -> None:
    for bound, field in zip(histogram.bounds, histogram.fields, strict=False):
        assert histogram.bucket(bound) == field
        assert histogram.bucket(bound * 1.001) != field
    assert histogram.bucket(1e9) == histogram.fields[-1] == f"{histogram.name}_le_inf"


def test_quantiles_are_read_inside_the_bucket_they_fall_into() -> None:
    counts = {"request_le_0.1": 10, "request_le_0.25": 10}
    assert SUBMISSION.quantile(0.5, counts) == pytest.approx(0.1)
    assert SUBMISSION.quantile(0.75, counts) == pytest.approx(0.175)
    assert SUBMISSION.quantile(0.5, {}) is None
    assert SUBMISSION.quantile(0.99, {"request_le_inf": 3}) == 20.0


@given(some.lists(some.floats(min_value=0.001, max_value=19), min_size=1), some.floats(min_value=0.01, max_value=1))
def test_a_quantile_lies_in_the_bucket_of_the_true_one(durations: list[float], share: float) -> None:
    counts: dict[str, int] = {}
    for seconds in durations:
        counts[SUBMISSION.bucket(seconds)] = counts.get(SUBMISSION.bucket(seconds), 0) + 1
    found = SUBMISSION.quantile(share, counts)
    assert found is not None
    true = sorted(durations)[max(0, -int(-len(durations) * share // 1) - 1)]
    upper = next(bound for bound in SUBMISSION.bounds if true <= bound)
    lower = max((bound for bound in SUBMISSION.bounds if bound < upper), default=0.0)
    assert lower * 0.999 <= found <= upper * 1.001
