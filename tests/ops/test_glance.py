"""A look at the whole system: what it says of accounts and campaigns; nothing from outside steers a terminal."""

import io
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from redis.asyncio import Redis
from rich.console import Console

from ops.glance import Glance, Looker
from ops.glance_record import glance_record
from ops.glance_view import lines, screen
from ops.progress_view import Pace
from ops.readings import (
    AccountReading,
    ActiveTotals,
    CampaignPage,
    CampaignReading,
    Level,
    Overview,
    QueueReading,
    Rates,
    ServerReading,
    Spent,
    Throttle,
    Verdict,
    WorkerReading,
)
from producer.contract.campaigns import Campaign, CampaignState, Progress
from producer.contract.messages import AccountName, CampaignId
from producer.contract.states import State
from producer.directory import AccountEntry
from tests.worker.plain import NAME, plain_account
from tests.worker.scene import scene

NOW = datetime(2026, 11, 21, 10, 30, tzinfo=UTC)
ATHENS = AccountReading(
    entry=AccountEntry(
        name=AccountName("athens"),
        family="restv2",
        host="h",
        login="l",
        rate=20.0,
        in_flight=4,
        batch=1,
        longest_text=1000,
    ),
    throttle=Throttle(ceiling=20.0, effective=5.0, slots_held=3, slots_limit=4),
    balance=12.5,
    currency="EUR",
    report_at=NOW - timedelta(seconds=40),
    uncertain=2,
)
MOSCOW = replace(ATHENS, entry=replace(ATHENS.entry, name=AccountName("moscow")), state="money", balance=None)
SENDER = WorkerReading(id="host-1", beat_ago=0.4, roles=frozenset({"send"}), waiting={"athens": "rate"})


def campaign(name: str, account: str, state: CampaignState = CampaignState.RUNNING, **states: int) -> CampaignReading:
    counts = {State(word): count for word, count in states.items()}
    progress = Progress(
        campaign=CampaignId(name),
        account=AccountName(account),
        state=state,
        total=sum(states.values()),
        states=counts,
    )
    return CampaignReading(
        campaign=Campaign(id=CampaignId(name), account=AccountName(account), text="Hello"), progress=progress
    )


RUNNING = campaign("spring", "athens", queued=300, delivered=100)
BLOCKED = campaign("autumn", "moscow", queued=10)
PAUSED = campaign("winter", "athens", CampaignState.PAUSED, queued=10)
OVER = campaign("summer", "athens", CampaignState.FINISHED, delivered=10)


def glance(**more: object) -> Glance:
    overview = Overview(
        at=NOW,
        accounts=(ATHENS, MOSCOW),
        campaigns=CampaignPage(campaigns=(RUNNING, BLOCKED, PAUSED, OVER), total=6),
        active=ActiveTotals(),
        queues=(
            QueueReading(name="athens:bulk", size=1200, ready=30, oldest=95.0),
            QueueReading(name="control-send"),
        ),
        workers=(SENDER,),
        server=ServerReading(product="Valkey", version="9.1", memory=5_000_000, clients=7),
    )
    said = Verdict(level=Level.WRONG, doing="Sending 600 messages a minute.", wrong="No money.", remedy="Top it up.")
    rates = Rates()
    for at, count in ((0.0, 0), (10.0, 100)):
        rates.see(at, {"account:athens": count})
    return Glance(at=NOW, verdict=said, overview=replace(overview, **more), rates=rates, pace=Pace())


def drawn(look: Glance, *, machines: bool = True, width: int = 160) -> str:
    console = Console(file=io.StringIO(), width=width, force_terminal=True, color_system=None)
    console.print(screen(look, width=width, machines=machines))
    return console.file.getvalue()  # type: ignore[attr-defined]


def test_each_account_and_campaign_says_what_it_waits_for() -> None:
    look = glance()
    assert (look.why(ATHENS), look.why(MOSCOW)) == ("at its rate", "is blocked: no money")
    waits = [look.waits_for(reading) for reading in (RUNNING, BLOCKED, PAUSED, OVER)]
    assert waits == ["", "account moscow is blocked: no money", "paused", ""]
    assert look.waits_for(campaign("c", "nowhere", queued=1)) == "no worker knows account nowhere"


def test_a_campaign_that_starts_later_or_cannot_all_be_sent_says_so() -> None:
    later = replace(RUNNING, campaign=replace(RUNNING.campaign, not_before=NOW + timedelta(hours=1)))
    told = replace(RUNNING, spent=Spent(cost=10.0, messages=100))
    late = replace(told, campaign=replace(told.campaign, not_after=NOW + timedelta(seconds=10)))
    full = replace(ATHENS, throttle=replace(ATHENS.throttle, effective=20.0))
    look = glance(accounts=(full, MOSCOW), campaigns=CampaignPage(campaigns=(late,), total=1))
    assert look.waits_for(later) == "starts at 21 Nov 2026, 11:30 UTC"
    assert "the balance ends in 6 s, about 100 are too late" in " ".join(drawn(look, machines=False).split())
    assert next(iter(lines(look))).startswith("10:30:00 UTC")
    assert list(lines(look))[-1].endswith("; the balance ends in 6 s; about 100 are too late")
    [record] = glance_record(look)["campaigns"]
    assert (record["sent_in_seconds"], record["sent_in_by"], record["too_late"]) == (10.0, "limits", 100)
    assert record["balance_ends_in_seconds"] == pytest.approx(6.2, abs=0.1)
    assert glance_record(glance())["campaigns"][1]["sent_in_seconds"] is None


def test_what_a_dead_worker_waited_for_is_no_reason() -> None:
    assert glance(workers=(replace(SENDER, beat_ago=30.0),)).why(ATHENS) == ""


def test_the_busiest_account_comes_first() -> None:
    look = glance(accounts=(MOSCOW, ATHENS))
    assert [(account.name, look.speed(account)) for account in look.busiest()] == [("athens", 10.0), ("moscow", None)]


def test_a_log_has_a_line_for_the_verdict_for_each_account_and_for_each_campaign_that_goes_on() -> None:
    assert list(lines(glance())) == [
        "10:30:00 UTC  Sending 600 messages a minute. No money. Top it up.",
        "athens: open, 10.0 messages/s, 3 of 4 requests at once, at its rate",
        "moscow: money, 3 of 4 requests at once, is blocked: no money",
        "spring: 100 of 400 final, running; queued 300, delivered 100",
        "autumn: 0 of 10 final, running; queued 10; account moscow is blocked: no money",
        "winter: 0 of 10 final, paused; queued 10; paused",
    ]


def test_the_screen_has_all_of_it() -> None:
    shown = drawn(glance())
    for words in (
        *(
            "Sending 600 messages a minute.",
            "No money. Top it up.",
            "12.50 EUR",
            "40 s ago",
            "5 of 20",
            "at its rate",
        ),
        *("spring", "100 of 400", "and 2 older", "athens:bulk", "1,200", "2 min", "host-1", "athens: rate"),
        "Valkey 9.1, 5 MB, 7 connections",
    ):
        assert words in shown
    assert "athens:bulk" not in drawn(glance(), machines=False)
    assert "none is alive: volley worker all" in drawn(glance(workers=()))


def test_on_a_small_terminal_every_name_and_reason_has_room() -> None:
    shown = drawn(glance(), width=80)
    for words in ("athens   open", "moscow   money", "is blocked: no money", "spring", "100 of 400", "0 of 10"):
        assert words in shown
    assert "12.50 EUR" not in shown
    assert "…" not in shown


@pytest.mark.parametrize("width", [20, 80, 300])
def test_no_line_is_longer_than_the_terminal(width: int) -> None:
    assert max(map(len, drawn(glance(), width=width).splitlines())) <= width


@pytest.mark.parametrize("show", [drawn, lambda look: "\n".join(lines(look))])
def test_words_from_outside_neither_steer_the_terminal_nor_are_taken_for_markup(
    show: Callable[[Glance], str],
) -> None:
    hostile = "\x1b[2J\x07[/red][bold]\r"
    look = glance(workers=(replace(SENDER, id=hostile, waiting={"athens": hostile}),))
    look = replace(look, verdict=Verdict(level=Level.NOTICE, doing="Slow.", wrong=hostile, remedy="Wait."))
    shown = show(look)
    assert not set(shown) & {"\x1b", "\x07", "\r"}
    assert "[/red][bold]" in shown


def test_a_record_says_the_same_and_machines_only_where_they_are_asked_for() -> None:
    record = glance_record(glance(), machines=True)
    assert record["verdict"] == {
        "level": "wrong",
        "doing": "Sending 600 messages a minute.",
        "wrong": "No money.",
        "remedy": "Top it up.",
    }
    athens, moscow = record["accounts"]
    assert (athens["account"], athens["messages_per_second"], athens["rate"]) == ("athens", 10.0, 5.0)
    assert (moscow["state"], moscow["waits_for"]) == ("money", "is blocked: no money")
    assert [found["waits_for"] for found in record["campaigns"]][1] == "account moscow is blocked: no money"
    assert record["queues"][0] == {"queue": "athens:bulk", "jobs": 1200, "ready": 30, "oldest_seconds": 95.0}
    assert record["workers"][0]["live"] is True
    assert not {"queues", "workers", "redis"} & set(glance_record(glance()))


async def test_successive_looks_know_how_fast_it_goes(redis: Redis, redis_url: str) -> None:
    async with scene(redis_url, plain_account(rate=20.0)) as stage:
        looker = Looker(stage.redis)
        assert (await looker.look()).verdict.doing == "Nothing to do: there is no campaign yet."
        await stage.submit("spring", 3)
        await stage.book.add(NAME, {"submitted": 5})
        look = await _looked_later(looker)
        assert look.overview is not None
        assert (look.speed(look.overview.accounts[0]) or 0) > 0
        assert [reading.id for reading in look.overview.campaigns.campaigns] == ["spring"]


async def _looked_later(looker: Looker) -> Glance:
    """The look that is far enough from the first one for a speed."""
    while True:
        look = await looker.look()
        if look.overview and look.speed(look.overview.accounts[0]) is not None:
            return look


async def test_a_redis_that_goes_away_is_said_and_the_last_look_is_kept(stage_redis_away: Looker) -> None:
    look = await stage_redis_away.look()
    assert look.verdict.wrong.startswith("Redis has not answered for ")
    assert look.overview is not None
    assert [account.name for account in look.overview.accounts] == [NAME]
    assert "Redis has not answered" in drawn(look)


@pytest.fixture
async def stage_redis_away(redis: Redis, redis_url: str) -> Looker:
    """A looker that has looked once, and whose connections are refused since."""
    async with scene(redis_url, plain_account()) as stage:
        looker = Looker(stage.redis)
        await looker.look()

    class Away:
        def pipeline(self, **_: object) -> None:
            raise ConnectionRefusedError

        hgetall = pipeline

    looker._redis = Away()  # type: ignore[assignment]
    return looker


async def test_a_redis_that_was_never_there_leaves_the_verdict_alone() -> None:
    look = Glance(at=NOW, verdict=glance().verdict, overview=None, rates=Rates(), pace=Pace())
    assert "No money." in drawn(look)
    assert list(lines(look)) == ["10:30:00 UTC  Sending 600 messages a minute. No money. Top it up."]
    assert glance_record(look, machines=True)["accounts"] == []
