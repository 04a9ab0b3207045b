"""The verdict, as a table: what the readings are, what is said."""

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from ops.readings import (
    AccountReading,
    ActiveTotals,
    Backlogs,
    CampaignPage,
    Level,
    Overview,
    QueueReading,
    Rates,
    ServerReading,
    Throttle,
    WorkerReading,
    redis_away,
    verdict,
)
from ops.readings.accounts import AccountState
from ops.readings.verdict import BLOCKS
from producer.contract.campaigns import CampaignState, Lane
from producer.contract.messages import AccountName
from producer.contract.states import State
from producer.directory import AccountEntry

SENDER = WorkerReading(id="w1", beat_ago=0.5, roles=frozenset({"send"}))
TRACKER = WorkerReading(id="w2", beat_ago=0.5, roles=frozenset({"track"}))
SERVER = ServerReading(version="9", memory=1, persists=True, appends=True)


def account(name: str, **more: object) -> AccountReading:
    entry = AccountEntry(
        name=AccountName(name),
        family="smsc",
        host="h",
        login="l",
        rate=20.0,
        in_flight=4,
        batch=1,
        longest_text=1000,
    )
    throttle = Throttle(ceiling=20.0, effective=20.0, slots_held=0, slots_limit=4)
    return replace(AccountReading(entry=entry, throttle=throttle), **more)


CALM = Overview(
    at=datetime(2026, 11, 21, tzinfo=UTC),
    accounts=(account("athens"), account("moscow")),
    campaigns=CampaignPage(campaigns=(), total=3),
    active=ActiveTotals(),
    queues=(),
    workers=(SENDER, TRACKER),
    server=SERVER,
)
QUEUED = ActiveTotals(campaigns={CampaignState.RUNNING: 1}, states={State.QUEUED: 1200})
SENT = ActiveTotals(campaigns={CampaignState.RUNNING: 1}, states={State.SUBMITTED: 1, State.DELIVERED: 9})
SLOWED = Throttle(
    ceiling=20.0,
    effective=3.0,
    slots_held=0,
    slots_limit=4,
    why="smsc.error.9",
    why_words="too many requests at once",
)


def with_athens(**more: object) -> tuple[AccountReading, ...]:
    return (account("athens", **more), account("moscow"))


BEHIND = QueueReading(name="athens:bulk", account="athens", lane=Lane.BULK, size=9, ready=9, oldest=200.0)
UNFED = QueueReading(name="control-send", size=1, ready=1, oldest=200.0)
ATHENS = AccountName("athens")

# what is changed in a calm overview, the level, the whole verdict
CASES: list[tuple[dict[str, object], Level, str]] = [
    ({}, Level.OK, "Nothing to do: every message is final."),
    ({"campaigns": CampaignPage(campaigns=(), total=0)}, Level.OK, "Nothing to do: there is no campaign yet."),
    (
        {"active": QUEUED, "queues": (BEHIND,)},
        Level.WRONG,
        (
            "1,200 messages wait to be sent. The bulk lane of account athens has had a job ready for 3 minutes "
            "that nobody takes. See what its senders wait for; it is safe to restart them."
        ),
    ),
    (
        {"active": QUEUED, "queues": (replace(BEHIND, oldest=20.0),)},
        Level.OK,
        "1,200 messages wait to be sent.",
    ),
    (
        {"active": QUEUED, "queues": (UNFED,)},
        Level.WRONG,
        (
            "1,200 messages wait to be sent. Campaigns have not been fed for 3 minutes: no send worker takes the job."
            " See the send workers' logs; it is safe to restart them."
        ),
    ),
    (
        {"active": QUEUED, "queues": (replace(UNFED, name="control-track"),)},
        Level.OK,
        "1,200 messages wait to be sent.",
    ),
    (
        {"active": QUEUED, "queues": (UNFED,), "workers": (TRACKER,)},
        Level.WRONG,
        "1,200 messages wait to be sent. No send worker is alive. Start one: volley worker send.",
    ),
    (
        {"runways": {ATHENS: 300.0}},
        Level.NOTICE,
        (
            "Nothing to do: every message is final. The balance of account athens lasts 5 minutes at the last hour's "
            "speed. Top it up; without money it stops by itself, and nothing is lost."
        ),
    ),
    (
        {"runways": {ATHENS: 30.0}, "accounts": with_athens(state="open")},
        Level.NOTICE,
        (
            "Nothing to do: every message is final. The balance of account athens lasts less than a minute at the "
            "last hour's speed. Top it up; without money it stops by itself, and nothing is lost."
        ),
    ),
    ({"runways": {ATHENS: 7200.0}}, Level.OK, "Nothing to do: every message is final."),
    (
        {"backlogs": Backlogs(dead=1)},
        Level.NOTICE,
        (
            "Nothing to do: every message is final. 1 entry that was handed over could not be taken. "
            "See the dead letters: each says why."
        ),
    ),
    ({"active": QUEUED}, Level.OK, "1,200 messages wait to be sent."),
    ({"active": SENT}, Level.OK, "All is sent; 1 message waits for a report."),
    (
        {"active": replace(QUEUED, campaigns={CampaignState.PAUSED: 2})},
        Level.OK,
        "1,200 messages wait to be sent; every campaign is paused.",
    ),
    (
        {"active": QUEUED, "workers": (TRACKER, replace(SENDER, beat_ago=6.0))},
        Level.WRONG,
        "1,200 messages wait to be sent. No send worker is alive. Start one: volley worker send.",
    ),
    ({"workers": ()}, Level.OK, "Nothing to do: every message is final."),
    (
        {"accounts": (), "workers": (), "campaigns": CampaignPage(campaigns=(), total=0)},
        Level.WRONG,
        "Nothing to do: there is no campaign yet. No send worker is alive. Start one: volley worker send.",
    ),
    (
        {"active": SENT, "workers": (SENDER,)},
        Level.WRONG,
        (
            "All is sent; 1 message waits for a report. No track worker is alive: reports are not fetched. "
            "Start one: volley worker track."
        ),
    ),
    (
        {"active": SENT, "workers": (SENDER,), "backlogs": Backlogs(orders=1)},
        Level.WRONG,
        (
            "All is sent; 1 message waits for a report. No track worker is alive: reports are not fetched. "
            "Start one: volley worker track."
        ),
    ),
    (
        {"backlogs": Backlogs(orders=1), "workers": (SENDER,)},
        Level.WRONG,
        (
            "Nothing to do: every message is final. No track worker is alive: orders are not carried out. "
            "Start one: volley worker track."
        ),
    ),
    (
        {"accounts": with_athens(state="money")},
        Level.WRONG,
        (
            "Nothing to do: every message is final. Account athens is blocked: no money. "
            "Top it up; it resumes by itself when the balance is positive."
        ),
    ),
    (
        {"accounts": with_athens(state="paused")},
        Level.NOTICE,
        (
            "Nothing to do: every message is final. Account athens is paused by an operator. "
            "Resume it when it may send again."
        ),
    ),
    (
        {"accounts": with_athens(state="a state of tomorrow")},
        Level.WRONG,
        "Nothing to do: every message is final. Account athens is closed: a state of tomorrow.",
    ),
    (
        {"accounts": with_athens(throttle=SLOWED)},
        Level.NOTICE,
        (
            "Nothing to do: every message is final. Account athens is slowed to 3 of 20 requests a second: "
            "too many requests at once. It speeds up by itself."
        ),
    ),
    (
        {"accounts": with_athens(uncertain=1)},
        Level.NOTICE,
        (
            "Nothing to send: every message is final but 1 that is uncertain. "
            "1 message is uncertain: perhaps sent, perhaps not. "
            "Evidence is looked for; what is left is yours to decide: volley uncertain list."
        ),
    ),
    (
        {"server": replace(SERVER, persists=False)},
        Level.WRONG,
        (
            "Nothing to do: every message is final. Redis keeps nothing on disk: "
            "a restart would lose every campaign. Turn appendonly on."
        ),
    ),
    ({"server": replace(SERVER, persists=None)}, Level.OK, "Nothing to do: every message is final."),
    (
        {"server": replace(SERVER, policy="allkeys-lru", memory_limit=100)},
        Level.WRONG,
        (
            "Nothing to do: every message is final. Redis throws keys away when its memory is full "
            "(maxmemory-policy allkeys-lru). Set maxmemory-policy to noeviction."
        ),
    ),
    (
        {"server": replace(SERVER, writes_fail=True)},
        Level.WRONG,
        (
            "Nothing to do: every message is final. Redis cannot write to its disk. "
            "Look at the server's log and its disk; what is sent now may be forgotten."
        ),
    ),
    # of two things the worse one is said
    (
        {"active": QUEUED, "workers": (TRACKER,), "accounts": with_athens(state="money", uncertain=4)},
        Level.WRONG,
        "1,200 messages wait to be sent. No send worker is alive. Start one: volley worker send.",
    ),
]


@pytest.mark.parametrize(("changed", "level", "words"), CASES)
def test_the_verdict_says_what_is_done_what_is_wrong_and_what_to_do(
    changed: dict[str, object], level: Level, words: str
) -> None:
    said = verdict(replace(CALM, **changed), Rates())
    assert (said.level, str(said)) == (level, words)
    assert bool(said.wrong) == (said.level is not Level.OK)


def test_while_messages_leave_it_says_how_many_over_how_many_accounts() -> None:
    rates = Rates()
    rates.see(0.0, {"account:athens": 100, "account:moscow": 0})
    rates.see(10.0, {"account:athens": 140, "account:moscow": 12})
    assert str(verdict(replace(CALM, active=QUEUED), rates)) == "Sending 312 messages a minute over 2 accounts."


def test_redis_being_away_is_said_with_the_seconds() -> None:
    said = redis_away(7.4)
    assert said.level is Level.WRONG
    assert "Redis has not answered for 7 seconds." in str(said)


def test_every_state_that_closes_an_account_has_words() -> None:
    assert set(BLOCKS) == set(AccountState) - {AccountState.OPEN}


def test_the_states_of_accounts_are_those_that_workers_write() -> None:
    from worker.providers.outcomes import Block  # noqa: PLC0415 - only this test looks over there

    assert {*Block, "open", "paused"} == set(AccountState)
