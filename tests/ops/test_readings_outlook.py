"""When all of a campaign will be sent: limits that recover, other campaigns, hours, validity, balance."""

from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ops.readings import By, CampaignReading, Outlook, Price, Throttle, Work, outlook, work_of
from ops.readings.outlook import seconds_at
from producer.contract.campaigns import CampaignState, Lane
from producer.contract.messages import AccountName, CampaignId
from producer.contract.recovery import RECOVERY
from producer.contract.states import State
from tests.ops.dashboard.test_views import NOW, OPEN, reading

RATES = st.floats(0.05, 500)


def throttle(ceiling: float, effective: float) -> Throttle:
    return Throttle(ceiling=ceiling, effective=effective, slots_held=0, slots_limit=4)


def stepped(ceiling: float, effective: float, messages: int, later: float, step: float) -> float:
    """The same by going along, `step` seconds at a time."""
    rate, sent, at = min(ceiling, effective + ceiling * RECOVERY * later), 0.0, 0.0
    while sent < messages:
        sent, at = sent + rate * step, at + step
        rate = min(ceiling, rate + ceiling * RECOVERY * step)
    return at


@given(ceiling=RATES, share=st.floats(0.01, 1), messages=st.integers(1, 3000), later=st.floats(0, 100))
def test_a_lowered_rate_is_reckoned_as_it_recovers(ceiling: float, share: float, messages: int, later: float) -> None:
    found = seconds_at(throttle(ceiling, ceiling * share), 1, messages, later=later)
    step = found / 500
    assert stepped(ceiling, ceiling * share, messages, later, step) == pytest.approx(found, rel=0.02)


def test_several_messages_a_request_go_so_many_times_as_quickly() -> None:
    assert seconds_at(throttle(20, 20), 2, 400) == 10.0


def of(work: Work, **more: object) -> Outlook:
    found = outlook(work, replace(OPEN, **more), NOW)  # 20 requests a second of two messages each
    assert found is not None
    return found


def test_nothing_to_send_has_no_end() -> None:
    assert outlook(Work(to_send=0, others=5), OPEN, NOW) is None


def test_the_measured_speed_holds_and_is_never_more_than_the_limits_by_now() -> None:
    assert of(Work(to_send=400, measured=10.0)) == Outlook(seconds=40.0, by=By.SPEED)
    lowered = replace(OPEN.throttle, ceiling=5.0, effective=5.0)
    assert of(Work(to_send=400, measured=100.0), throttle=lowered) == Outlook(seconds=40.0, by=By.SPEED)
    assert of(Work(to_send=400, measured=0.0)) == Outlook(seconds=10.0, by=By.LIMITS)


def test_what_starts_later_ends_later_and_its_rate_has_recovered_by_then() -> None:
    slowed = replace(OPEN.throttle, effective=1.0)
    work = Work(to_send=400, not_before=NOW + timedelta(hours=1), measured=3.0)
    assert of(work, throttle=slowed) == Outlook(seconds=3610.0, by=By.LIMITS, starts_in=3600.0)


def beside(
    left: int, *, lane: Lane = Lane.BULK, account: str = "athens", state: CampaignState = CampaignState.RUNNING
) -> CampaignReading:
    made = reading({State.QUEUED: left}, state=state)
    return replace(
        made,
        campaign=replace(made.campaign, id=CampaignId(f"other-{left}"), lane=lane),
        progress=replace(made.progress, campaign=CampaignId(f"other-{left}"), account=AccountName(account)),
    )


def test_campaigns_of_an_account_go_round_and_urgent_ones_go_first() -> None:
    mine = reading({State.QUEUED: 100, State.DELIVERED: 50})
    others = [mine, beside(30), beside(1000), beside(7, account="moscow"), beside(9, state=CampaignState.PAUSED)]
    work = work_of(mine, others, None)
    assert (work.to_send, work.others, work.beside) == (100, 130, 2)
    first = work_of(mine, [beside(1000, lane=Lane.URGENT)], None)
    assert (first.others, first.beside) == (1000, 1)
    urgent = replace(mine, campaign=replace(mine.campaign, lane=Lane.URGENT))
    assert work_of(urgent, others, None).others == 0
    assert work_of(replace(mine, segments=300), [], None).segments_each == 2.0


@pytest.mark.parametrize(
    ("ends_in", "seconds", "too_late"), [(20, 10.0, 0), (10, 10.0, 0), (4, 4.0, 240), (-1, 0.0, 400)]
)
def test_what_is_not_sent_when_the_validity_ends_is_too_late(ends_in: int, seconds: float, too_late: int) -> None:
    found = of(Work(to_send=400, not_after=NOW + timedelta(seconds=ends_in)))
    assert (found.seconds, found.too_late) == (seconds, too_late)


@pytest.mark.parametrize(
    ("balance", "others", "enough_for", "ends_in"),
    [(100.0, 0, None, None), (50.0, 0, 200, 5.0), (150.0, 400, 600, 15.0), (0.0, 0, 0, 0.0), (-5.0, 0, 0, 0.0)],
)
def test_a_balance_that_is_not_enough_for_it_and_what_goes_beside_it_ends_before(
    balance: float, others: int, enough_for: int | None, ends_in: float | None
) -> None:
    work = Work(to_send=400, others=others, segments_each=2.5)
    for price in (Price(message=0.25), Price(message=9.9, segment=0.1)):
        found = outlook(work, replace(OPEN, balance=balance), NOW, price=price, lasts=1.0)
        assert found is not None
        assert (found.balance_for, found.balance_ends_in) == (enough_for, ends_in)


def test_without_a_price_the_speed_at_which_the_balance_falls_tells() -> None:
    work = Work(to_send=400)
    for lasts, ends_in in ((5.0, 5.0), (11.0, None), (None, None)):
        found = outlook(work, OPEN, NOW, lasts=lasts)
        assert found is not None
        assert (found.balance_ends_in, found.balance_for) == (ends_in, None)
