"""What the page says of a campaign, and how it writes numbers, times and durations."""

import itertools
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ops.dashboard.formats import NOTHING, clock, duration, money, number, rate, share, since, size
from ops.dashboard.views import BANDS, View, bands, campaign_view, waits_for
from ops.readings import (
    AccountReading,
    ActiveTotals,
    CampaignPage,
    CampaignReading,
    Overview,
    Point,
    Price,
    Rates,
    Series,
    ServerReading,
    Throttle,
    WorkerReading,
    price_of,
)
from producer.contract.campaigns import Campaign, CampaignKind, CampaignState, Progress
from producer.contract.messages import AccountName, CampaignId
from producer.contract.series import Span
from producer.contract.states import State
from producer.directory import AccountEntry

NOW = datetime(2026, 11, 21, 12, 0, tzinfo=UTC)
ENTRY = AccountEntry(
    name=AccountName("athens"), family="smsc", host="h", login="l", rate=20.0, in_flight=4, batch=2, longest_text=1000
)
SENDER = WorkerReading(id="w", beat_ago=0.5, roles=frozenset({"send"}))
OPEN = AccountReading(entry=ENTRY, throttle=Throttle(ceiling=20.0, effective=20.0, slots_held=0, slots_limit=4))
BLOCKED = replace(OPEN, state="money")


def reading(
    states: dict[State, int],
    *,
    state: CampaignState = CampaignState.RUNNING,
    kind: CampaignKind = CampaignKind.BULK,
    not_before: datetime | None = None,
    not_after: datetime | None = None,
    finished_at: datetime | None = None,
) -> CampaignReading:
    campaign = Campaign(
        id=CampaignId("c"), account=ENTRY.name, text="t", kind=kind, not_before=not_before, not_after=not_after
    )
    progress = Progress(
        campaign=campaign.id,
        account=ENTRY.name,
        state=state,
        total=sum(states.values()),
        states=states,
        finished_at=finished_at,
    )
    return CampaignReading(campaign=campaign, progress=progress)


def overview(*accounts: AccountReading) -> Overview:
    return Overview(
        at=NOW,
        accounts=accounts,
        campaigns=CampaignPage(campaigns=(), total=0),
        active=ActiveTotals(),
        queues=(),
        workers=(SENDER,),
        server=ServerReading(),
    )


SOON = NOW + timedelta(hours=1)
QUEUED, SUBMITTED, DONE = {State.QUEUED: 2}, {State.SUBMITTED: 1, State.ENROUTE: 1}, {State.DELIVERED: 2}


@pytest.mark.parametrize(
    ("campaign", "account", "words"),
    [
        (reading(QUEUED), OPEN, ""),
        (reading(QUEUED), None, ""),
        (reading(QUEUED, state=CampaignState.PAUSED), BLOCKED, "paused by an operator"),
        (reading(QUEUED, not_before=SOON), BLOCKED, "starts at 21 Nov 2026, 13:00 UTC"),
        (reading(QUEUED, not_before=NOW - timedelta(hours=1)), OPEN, ""),
        (reading(QUEUED), BLOCKED, "account athens is blocked: no money"),
        (reading(SUBMITTED), BLOCKED, "all is sent; 2 reports are still to come"),
        (reading({State.ENROUTE: 1}), OPEN, "all is sent; 1 report is still to come"),
        (reading(SUBMITTED, state=CampaignState.CANCELLED), OPEN, "2 reports are still to come"),
        (reading({State.IN_FLIGHT: 1, State.SUBMITTED: 1}), OPEN, ""),
        (reading({State.UNCERTAIN: 1}), OPEN, "1 uncertain message"),
        (reading(DONE, kind=CampaignKind.SINGLE), OPEN, "gathers the single messages of its day"),
        (reading(DONE, state=CampaignState.FINISHED), BLOCKED, ""),
        (reading(DONE, state=CampaignState.CANCELLED, finished_at=NOW), BLOCKED, ""),
    ],
)
def test_a_campaign_that_does_not_go_on_says_why(
    campaign: CampaignReading, account: AccountReading | None, words: str
) -> None:
    assert waits_for(campaign, account, NOW) == words


@pytest.mark.parametrize(
    ("states", "seconds", "by"),
    [
        ({State.QUEUED: 400}, 10.0, "limits"),  # 20 requests a second of 2 messages each
        ({State.DEFERRED: 40, State.SUBMITTED: 9}, 1.0, "limits"),
        ({State.SUBMITTED: 9}, None, ""),
    ],
)
def test_before_anything_moves_the_time_to_go_follows_from_the_limits(
    states: dict[State, int], seconds: float | None, by: str
) -> None:
    view = campaign_view(reading(states), overview(OPEN), Rates(), {})
    assert (view["seconds_left"], view["seconds_left_by"]) == (seconds, by)


def test_once_it_moves_the_time_to_go_follows_from_its_speed() -> None:
    rates = Rates()
    rates.see(0.0, {"campaign:c": 0})
    rates.see(10.0, {"campaign:c": 100})
    view = campaign_view(reading({State.QUEUED: 400}), overview(OPEN), rates, {})
    assert (view["seconds_left"], view["seconds_left_by"]) == (40.0, "speed")
    assert view["all_sent_at"] == NOW + timedelta(seconds=40)
    assert words(view) == ["at its present speed"]


def words(view: View) -> list[str]:
    """The remarks; warnings end with an exclamation mark."""
    return [each["words"] + ("!" if each["is_warning"] else "") for each in view["outlook"]]


def test_what_the_time_to_go_is_reckoned_from_and_what_stands_in_the_way_is_said() -> None:
    slowed = replace(OPEN, throttle=replace(OPEN.throttle, effective=10.0, why="plain.9"), balance=50.0)
    late = reading({State.QUEUED: 400}, not_before=SOON, not_after=SOON + timedelta(seconds=5))
    options = {"time": "10-18"}
    late = replace(late, campaign=replace(late.campaign, options=options))
    beside = replace(late, campaign=replace(late.campaign, id=CampaignId("d")))
    beside = replace(beside, progress=replace(beside.progress, campaign=CampaignId("d")))
    seen = replace(overview(slowed), campaigns=CampaignPage(campaigns=(late, beside), total=2))
    view = campaign_view(late, seen, Rates(), {ENTRY.name: Price(message=0.5)})
    assert words(view) == [
        "at its account's limits, beside 1 other campaign",
        "the account is slowed to 10 of 20 requests a second",
        "the provider is asked to deliver later: time 10-18",
        "the balance ends in 1 h, after about 100 messages!",
        "about 300 messages will not be sent: the validity ends at 21 Nov 2026, 13:00:05 UTC!",
    ]
    assert (view["waits_for"], view["too_late"]) == ("starts at 21 Nov 2026, 13:00 UTC", 300)


@pytest.mark.parametrize(
    ("campaign", "account"),
    [
        (reading({State.QUEUED: 2}, state=CampaignState.PAUSED), OPEN),
        (reading({State.QUEUED: 2}), BLOCKED),
        (reading({State.QUEUED: 2}), None),
        (reading({State.DELIVERED: 2}, finished_at=NOW), OPEN),
    ],
)
def test_nobody_tells_when_something_goes_on_that_waits_for_a_person_or_is_over(
    campaign: CampaignReading, account: AccountReading | None
) -> None:
    view = campaign_view(campaign, overview(*[account] if account else []), Rates(), {})
    assert (view["seconds_left"], view["all_sent_at"], view["outlook"]) == (None, None, [])


def test_a_balance_that_ends_before_the_campaign_is_said() -> None:
    short = replace(overview(OPEN), runways={ENTRY.name: 5.0})
    assert campaign_view(reading({State.QUEUED: 400}), short, Rates(), {})["balance_ends_in"] == 5.0
    assert campaign_view(reading({State.QUEUED: 40}), short, Rates(), {})["balance_ends_in"] is None
    assert campaign_view(reading(DONE, finished_at=NOW), short, Rates(), {})["balance_ends_in"] is None


def test_a_campaign_that_nobody_sends_says_so_and_has_no_time_to_go() -> None:
    view = campaign_view(reading(QUEUED), replace(overview(OPEN), workers=()), Rates(), {})
    assert (view["waits_for"], view["seconds_left"]) == ("no send worker is alive", None)


def test_a_price_is_how_the_balance_fell_beside_what_was_accepted() -> None:
    def point(balance: float | None, accepted: int) -> Point:
        gauges = {} if balance is None else {"balance": balance}
        return Point(at=NOW, seconds=60, grown={"submitted": accepted}, gauges=gauges)

    def price(*points: Point) -> float | None:
        return price_of(Series(span=Span.DAY, points=points))

    assert price(point(100, 0), point(None, 50), point(90, 50)) == 0.1
    assert price(point(10, 0), point(110, 50), point(100, 50)) == 0.1, "a top-up is no income"
    assert price(point(100, 0), point(90, 19)) is None, "too few to say"
    assert price(point(100, 0), point(100, 50)) is None, "a balance that does not fall tells no price"
    assert price() is None


def test_every_state_has_its_place_in_the_bar() -> None:
    placed = [state for _, _, states in BANDS for state in states]
    assert sorted(placed) == sorted(State)


@given(st.dictionaries(st.sampled_from(State), st.integers(0, 10_000_000)))
def test_the_parts_of_a_bar_follow_each_other_and_fill_it(states: dict[State, int]) -> None:
    parts = bands(states, sum(states.values()))
    assert sum(part["count"] for part in parts) == sum(states.values())
    for before, after in itertools.pairwise(parts):
        assert after["start"] == pytest.approx(before["start"] + before["width"])
    if parts:
        assert parts[-1]["start"] + parts[-1]["width"] == pytest.approx(100)


def test_numbers_durations_and_sizes_are_written_for_people() -> None:
    assert [number(value) for value in (None, 0, 1234567, 12.5, 1.239)] == [NOTHING, "0", "1,234,567", "12.5", "1.24"]
    amounts = (None, 0, 0.012345, 0.5, 0.000301, 1, 2.5, 1234.567)
    written = [NOTHING, "0", "0.0123", "0.5", "0.000301", "1", "2.50", "1,234.57"]
    assert [money(value) for value in amounts] == written
    assert [rate(value) for value in (None, 0, 0.254, 3.42, 17.4, 1250.2)] == [
        NOTHING,
        "0",
        "0.25",
        "3.4",
        "17",
        "1,250",
    ]
    seconds = (None, 0, 4.4, 60, 95, 601, 3600, 7500, 86_400, 100_000)
    written = [NOTHING, "0 s", "4 s", "1 min", "1 min 35 s", "10 min", "1 h", "2 h 5 min", "1 d", "1 d 3 h"]
    assert [duration(value) for value in seconds] == written
    assert [size(value) for value in (0, 1023, 1536, 3 * 1024**3)] == ["0 B", "1023 B", "1.5 KiB", "3.0 GiB"]


def test_times_are_in_utc_and_relative_to_the_reading() -> None:
    assert clock(None) == since(None, NOW) == NOTHING
    assert clock(NOW) == "21 Nov 2026, 12:00:00 UTC"
    assert since(NOW - timedelta(seconds=4), NOW) == "4 s ago"
    assert since(NOW + timedelta(minutes=3), NOW) == "in 3 min"


def test_a_share_says_none_and_all_only_when_it_is() -> None:
    shares = [share(part, 1000) for part in (0, 1, 10, 999, 1000)]
    assert shares == ["0 %", "<1 %", "1 %", "99 %", "100 %"]
    assert share(0, 0) == "0 %"
