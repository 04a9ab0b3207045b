"""What the doctor says of facts, one by one: every wrong one has its remedy, and what is right is no complaint."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import aiohttp
import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer

from ops.diagnosis import (
    Check,
    Health,
    Timing,
    account_checks,
    callback_checks,
    configuration_checks,
    server_checks,
    worker_checks,
)
from ops.diagnosis.clocks import clock_check
from ops.readings import ServerReading, WorkerReading
from producer.contract.messages import AccountName
from producer.directory import AccountEntry

GOOD = ServerReading(
    product="Valkey", version="9.1", memory=10, machine=1000, persists=True, appends=True, fsync="everysec"
)
NEAR = Timing(round_trip=0.0005, clock_ahead=0.01)
MOSCOW = {
    "name": "moscow",
    "family": "smsc",
    "base_url": "https://smscentre.com",
    "limits": {"rate": 20.0, "in_flight": 10, "batch": 100},
    "usual": {"rate": 20.0, "in_flight": 10, "batch": 100},
    "callback": {"path": "/callbacks/moscow/token", "options": "?", "base": ""},
    "balance": "12.5",
    "currency": "RUR",
    "clock_ahead": 0.4,
}
ENTRY = AccountEntry(
    name=AccountName("moscow"),
    family="smsc",
    host="smscentre.com",
    login="l",
    rate=20.0,
    in_flight=10,
    batch=100,
    longest_text=1000,
)


def of(checks: Any, name: str) -> Check:
    [found] = [check for check in checks if check.name == name]
    return found


def test_a_good_server_is_no_complaint() -> None:
    checks = list(server_checks(GOOD, NEAR))
    assert {check.health for check in checks} == {Health.OK}
    assert not any(check.remedy for check in checks)


@pytest.mark.parametrize(
    ("name", "change", "health", "says"),
    [
        ("redis version", {"product": "Redis", "version": "6.0.16"}, "wrong", "Redis 6.2 or newer"),
        ("redis version", {"product": "Redis", "version": "7.2.4"}, "ok", ""),
        ("redis version", {"is_cluster": True}, "wrong", "without cluster mode"),
        ("redis version", {"is_replica": True}, "wrong", "at the primary"),
        ("redis persistence", {"writes_fail": True}, "wrong", "the server's log"),
        ("redis persistence", {"persists": False, "appends": False}, "wrong", "Turn appendonly on"),
        ("redis persistence", {"persists": None, "appends": False}, "notice", "append-only file on"),
        ("redis persistence", {"appends": False}, "notice", "Turn appendonly on"),
        ("redis persistence", {"fsync": "no"}, "notice", "appendfsync to everysec"),
        ("redis maxmemory-policy", {"policy": "allkeys-lru", "memory_limit": 100}, "wrong", "noeviction"),
        ("redis maxmemory-policy", {"policy": "allkeys-lru"}, "notice", "noeviction"),
        ("redis maxmemory-policy", {"evicted": 3}, "wrong", "compare campaigns with the provider"),
        ("redis memory", {"memory": 105, "memory_limit": 100}, "wrong", "Raise maxmemory"),
        ("redis memory", {"memory": 95, "memory_limit": 100}, "wrong", "finished_for"),
        ("redis memory", {"memory": 80, "memory_limit": 100}, "notice", "finished_for"),
        ("redis memory", {"memory": 950, "memory_limit": 0}, "wrong", "finished_for"),
        ("redis memory", {"memory": 950, "machine": 0}, "ok", ""),
    ],
)
def test_a_server_that_does_not_fit_is_told_what_to_do(
    name: str, change: Mapping[str, Any], health: str, says: str
) -> None:
    check = of(server_checks(replace(GOOD, **change), NEAR), name)
    assert check.health == health
    assert says in check.remedy


def test_a_policy_that_evicts_is_not_said_to_need_a_limit_where_there_is_one() -> None:
    limited = of(server_checks(replace(GOOD, policy="allkeys-lru", memory_limit=100), NEAR), "redis maxmemory-policy")
    assert "were there a limit" not in limited.said
    assert limited.said.startswith("allkeys-lru. ")
    unlimited = of(server_checks(replace(GOOD, policy="allkeys-lru"), NEAR), "redis maxmemory-policy")
    assert "were there a limit of memory" in unlimited.said


def test_a_far_server_and_a_wrong_clock_are_said() -> None:
    checks = list(server_checks(GOOD, Timing(round_trip=0.04, clock_ahead=-90.0)))
    assert (of(checks, "redis distance").said, of(checks, "redis distance").health) == (
        "40.0 ms a round trip",
        "notice",
    )
    assert (of(checks, "redis clock").said, of(checks, "redis clock").health) == (
        "Redis' is 90.0 s behind ours",
        "wrong",
    )


@pytest.mark.parametrize(("ahead", "health"), [(0.9, "ok"), (-1.1, "notice"), (9.9, "notice"), (10.1, "wrong")])
def test_a_clock_is_wrong_in_degrees(ahead: float, health: str) -> None:
    assert clock_check("c", ahead, whose="theirs", allowed=1.0).health == health


def test_limits_that_workers_do_not_run_with_are_wrong() -> None:
    known = {ENTRY.name: replace(ENTRY, rate=5.0)}
    check = of(configuration_checks([MOSCOW], known), "limits")
    assert (check.health, check.subject) == ("wrong", "moscow")
    assert "workers run with 5, 10, 100" in check.said
    assert of(configuration_checks([MOSCOW], {ENTRY.name: ENTRY}), "limits").health == "ok"
    assert of(configuration_checks([MOSCOW], {}), "limits").health == "ok"


def test_unusually_high_limits_are_worth_a_look() -> None:
    check = of(configuration_checks([MOSCOW | {"limits": MOSCOW["limits"] | {"rate": 60.0}}], {}), "limits")
    assert (check.health, "rate is usually 20" in check.said) == ("notice", True)


def test_an_account_that_only_workers_know_is_worth_a_look() -> None:
    [*_, check] = configuration_checks([], {ENTRY.name: ENTRY})
    assert (check.health, check.subject) == ("notice", "moscow")


def test_each_role_that_nobody_plays_is_wrong_and_a_dead_worker_worth_a_look() -> None:
    dead = WorkerReading(id="host-1", beat_ago=70.0, roles=frozenset({"track"}))
    live = WorkerReading(id="host-2", beat_ago=1.0, roles=frozenset({"send"}))
    found = {(check.name, check.health, check.subject) for check in worker_checks([dead, live])}
    assert found == {("send workers", "ok", ""), ("track workers", "wrong", ""), ("workers", "notice", "host-1")}


@pytest.mark.parametrize(
    ("told", "health", "says"),
    [
        ({}, "ok", ""),
        ({"balance": "0.00"}, "wrong", "Top it up"),
        ({"error": "no such login", "code": "smsc.error.2", "block": "credentials"}, "wrong", "Correct login"),
        ({"error": "name not resolved", "block": "unreachable"}, "wrong", "Check base_url"),
        ({"error": "blocked", "block": "address"}, "wrong", "Allow this machine's address"),
        ({"error": "404", "code": "smsc.http.404", "block": None}, "wrong", "Check base_url"),
        ({"error": "too soon", "retry_in": 12.3}, "skipped", "again in 12 s"),
    ],
)
def test_what_a_provider_said_has_its_remedy(told: Mapping[str, Any], health: str, says: str) -> None:
    check = of(account_checks(MOSCOW | told, None), "provider")
    assert check.health == health
    assert says in check.remedy
    assert str(told.get("code", "")) in check.said


async def asked(public: str, totals: Mapping[str, Mapping[str, int]] | None = None) -> list[Check]:
    return [check async for check in callback_checks([MOSCOW, MOSCOW | {"callback": None}], totals or {}, public)]


async def test_another_server_at_our_address_is_not_taken_for_ours() -> None:
    async def welcome(_: web.Request) -> web.Response:
        return web.Response(text="welcome")

    app = web.Application()
    app.router.add_route("*", "/callbacks/moscow/token", welcome)
    async with TestServer(app) as server:
        [check] = await asked(str(server.make_url("")).rstrip("/"))
    assert (check.health, check.subject) == ("wrong", "moscow")
    assert "HTTP 200, and it is not our receiver" in check.said


@pytest.mark.parametrize(
    ("base", "is_said"),
    [
        ("http://nowhere.invalid", True),
        ("http://192.0.2.7:8000", True),
        ("https://nowhere.invalid", False),
        ("http://127.0.0.2:1", False),
        ("http://[::1]:1", False),
        ("http://localhost:1", False),
    ],
)
async def test_an_address_that_is_not_https_is_said_whether_it_can_be_reached_or_not(
    base: str, *, is_said: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Only of what answered from here was it said: whoever asks from inside seldom reaches the public address."""

    def unreachable(*_: object, **__: object) -> None:
        raise OSError

    monkeypatch.setattr(aiohttp.ClientSession, "head", unreachable)
    found = {check.name: check for check in await asked(base)}
    assert ("callback encryption" in found) is is_said
    assert found["callbacks"].health == "wrong"
    if is_said:
        assert (found["callback encryption"].health, found["callback encryption"].subject) == ("notice", "moscow")
        assert "https" in found["callback encryption"].remedy


async def test_an_address_that_nobody_told_is_not_looked_at() -> None:
    [check] = await asked("")
    assert (check.health, "--public" in check.remedy) == ("skipped", True)


async def test_an_address_where_nobody_listens_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    [check] = await asked("http://127.0.0.1:1")
    assert (check.health, "nobody listens there" in check.said) == ("wrong", True)

    def slow(*_: object, **__: object) -> None:
        raise TimeoutError

    monkeypatch.setattr(aiohttp.ClientSession, "head", slow)
    [check] = await asked("http://127.0.0.1:1")
    assert "no answer within 10 s" in check.said


async def test_forged_callbacks_are_worth_a_look() -> None:
    [_, check] = await asked("", {"moscow": {"callbacks_forged": 1200}})
    assert (check.name, check.health) == ("callback signatures", "notice")
    assert "1,200 callbacks" in check.said
