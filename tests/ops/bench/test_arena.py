"""The arena and its children: contenders send what they were given, and figures come out. Tiny counts, no timing."""

import sys
from pathlib import Path

import pytest
import redis

from ops.bench import draining
from ops.bench.arena import BenchError, arena
from ops.bench.contenders import STOCK
from ops.bench.draining import AccountPlan
from ops.bench.plan import QUICK, Bench
from ops.bench.rooms import submit, tracking
from ops.bench.rows import Rows
from ops.bench.sheet import Book

_COUNT = 30
_SLOW = 0.05
"""Seconds for each request: two at a time, so that a first and a last reading see different counts."""

_COSTS = {"messages/s", "steady", "worker µs", "redis µs", "gateway µs", "commands", "round trips", "bytes"}


@pytest.fixture
def bench(tmp_path: Path) -> Bench:
    return Bench(plan=QUICK, rounds=1, peers={}, rows=Rows(tmp_path), book=Book(), say=lambda _: None)


def test_the_rows_are_the_same_every_time(bench: Bench) -> None:
    lines = bench.rows.file(3).read_text().splitlines()
    assert lines == ["to,name,amount", "306900000000,Anna,0.10", "306900000001,Boris,1.11", "306900000002,Chara,2.12"]


def test_volley_sends_each_row_once_and_its_books_say_so(bench: Bench) -> None:
    with arena(slots=2, latency=_SLOW) as place:
        figures = draining.volley(bench, place, _COUNT)
        assert place.counted()["messages"] == _COUNT
        assert place.ask("/doubled") == b"0"
    assert figures.keys() >= _COSTS | {"recorded after s"}
    assert figures["requests per 1,000"] == 1000


def test_an_smsc_account_sends_several_in_a_request(bench: Bench) -> None:
    with arena(slots=2) as place:
        figures = draining.volley(bench, place, _COUNT, account=AccountPlan(family="smsc"))
    assert figures["requests per 1,000"] < 1000


def test_the_bare_loop_and_stock_arq_send_each_row(bench: Bench) -> None:
    with arena(slots=4) as place:
        assert draining.bare(bench, place, _COUNT).keys() >= {"messages/s"}
    with arena(slots=2, latency=_SLOW) as place:
        assert draining.queue(bench, place, STOCK[0], _COUNT).keys() >= _COSTS - {"steady"}


def test_a_submit_tells_its_rate_and_what_redis_holds(bench: Bench) -> None:
    with arena(slots=1, gateway=False) as place:
        figures = submit.volley(bench, place, _COUNT)
    assert figures[submit.RATE] > 0
    assert figures[submit.PEAK] > 1


@pytest.mark.parametrize("way", [tracking.DRAIN, tracking.EXPORT, tracking.WAYS[-1]], ids=lambda way: way.mode)
def test_reports_come_by_each_way_until_all_are_delivered(bench: Bench, way: tracking.Way) -> None:
    assert tracking.measure(bench, way, _COUNT)[tracking.RATE] > 0


def test_a_proxy_makes_the_way_to_redis_longer_and_changes_nothing(bench: Bench) -> None:
    with arena(slots=1, distance=0.05, gateway=False) as place:
        client = redis.Redis.from_url(place.redis_url)
        large = b"x" * 1_000_000
        assert client.echo(large) == large
        assert place.redis_url != f"redis://127.0.0.1:{place.redis.execute_command('CONFIG', 'GET', 'port')[1]}"
        client.close()


def test_the_append_only_file_can_be_off(bench: Bench) -> None:
    with arena(slots=1, append_only=False, gateway=False) as place:
        assert place.redis.info("persistence")["aof_enabled"] == 0


def test_a_child_that_fails_ends_the_measurement_with_its_words(bench: Bench) -> None:
    with arena(slots=1, gateway=False) as place, pytest.raises(BenchError, match="no such thing"):
        place.run([sys.executable, "-c", "raise SystemExit('no such thing')"])
