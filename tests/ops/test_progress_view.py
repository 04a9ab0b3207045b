"""Progress: the rate, the time to go, the line and the bar."""

from dataclasses import dataclass

import pytest

from ops.progress_view import Pace, bar, duration, is_ended, line
from ops.readings import CampaignReading
from producer.contract.campaigns import Campaign, CampaignState, Progress
from producer.contract.messages import AccountName, CampaignId
from producer.contract.states import State


@dataclass
class Clock:
    now: float = 0.0

    def __call__(self) -> float:
        return self.now


def reading(state: CampaignState = CampaignState.RUNNING, **states: int) -> CampaignReading:
    name, account = CampaignId("c1"), AccountName("athens")
    counts = {State(word): count for word, count in states.items()}
    progress = Progress(campaign=name, account=account, state=state, total=sum(states.values()), states=counts)
    return CampaignReading(campaign=Campaign(id=name, account=account, text="Hello"), progress=progress)


def seen(*steps: tuple[float, CampaignReading]) -> tuple[Pace, CampaignReading]:
    clock = Clock()
    pace = Pace(clock)
    for at, step in steps:
        clock.now = at
        pace.see([step])
    return pace, steps[-1][1]


def test_one_reading_tells_no_rate_and_no_end() -> None:
    pace, last = seen((0, reading(queued=100)))
    assert pace.rate(last) is None
    assert pace.eta(last) is None


def test_while_sending_the_end_is_that_of_the_sending() -> None:
    pace, last = seen((0, reading(queued=1000)), (10, reading(queued=800, enroute=200)))
    assert pace.rate(last) == 20
    assert pace.eta(last) == 40


def test_when_all_is_sent_the_end_is_that_of_the_reports() -> None:
    pace, last = seen((0, reading(enroute=50, delivered=50)), (5, reading(enroute=40, delivered=60)))
    assert pace.eta(last) == 20


def test_the_first_reports_tell_nothing_of_the_end() -> None:
    pace, last = seen((0, reading(enroute=1000)), (2, reading(enroute=999, delivered=1)))
    assert pace.eta(last) is None


def test_nobody_can_tell_when_a_paused_campaign_ends() -> None:
    paused = reading(CampaignState.PAUSED, queued=500, delivered=500)
    pace, last = seen((0, reading(queued=1000)), (10, paused))
    assert pace.eta(last) is None


def test_a_campaign_without_open_recipients_is_over_even_when_it_may_get_more() -> None:
    assert is_ended(reading(delivered=3))
    assert not is_ended(reading(delivered=3, uncertain=1))


def test_a_line_has_the_states_the_rate_and_the_end() -> None:
    pace, last = seen((0, reading(queued=1000)), (10, reading(queued=800, delivered=200)))
    assert line(last, pace) == "c1: 200 of 1,000 final, running; 20/s, about 40 s left; queued 800, delivered 200"


@pytest.mark.parametrize(("seconds", "words"), [(0.2, "1 s"), (45, "45 s"), (150, "2 min"), (8000, "2 h 13 min")])
def test_durations_are_said_as_people_say_them(seconds: float, words: str) -> None:
    assert duration(seconds) == words


def test_the_bar_is_full_and_shows_what_ended_first() -> None:
    drawn = bar(reading(queued=1, delivered=2, undelivered=1))
    assert len(drawn) == 36
    assert [str(span.style) for span in drawn.spans] == ["green", "red", "bright_black"]
