"""Scarce requests are remembered by the account, not by the process that made them."""

import time

from producer.contract.messages import AccountName
from producer.contract.states import Event
from tests.worker.scene import Scene
from worker.spacing import HistoryHour, Spacing

ATHENS = AccountName("athens")


async def test_a_reader_that_follows_another_knows_what_that_one_asked(stage: Scene) -> None:
    """Each new process began with nothing: in a kill storm thirty requests an hour were gone in minutes."""
    now = 1_000_000.0
    first, second = (Spacing(stage.book, ATHENS, "asked_at", clock=lambda: now) for _ in range(2))
    assert await second.past() == []
    await first.note()
    now += 4
    await first.note()
    assert await second.past() == [1_000_000.0, 1_000_004.0]


async def test_a_clock_that_is_ahead_shifts_no_request_into_the_future(stage: Scene) -> None:
    """A reader whose clock was a day ahead would have kept every other from asking for a day."""
    now = 1_000_000.0
    spacing = Spacing(stage.book, ATHENS, "asked_at", clock=lambda: now)
    await stage.book.note(ATHENS, {"asked_at": "999990.0 1000005.0 1086400.0"})
    assert await spacing.past() == [999_990.0, 1_000_000.0]


async def test_after_an_hour_a_request_is_forgotten_and_others_are_not(stage: Scene) -> None:
    now = 1_000_000.0
    spacing = Spacing(stage.book, ATHENS, "asked_at", clock=lambda: now)
    await spacing.note()
    now += 3599
    await spacing.note()
    now += 2
    assert await spacing.past() == [1_003_599.0]
    await spacing.note()
    assert await stage.book.fact(ATHENS, "asked_at") == "1003599.0 1003601.0"


async def test_requests_of_another_kind_or_account_are_not_counted(stage: Scene) -> None:
    await Spacing(stage.book, ATHENS, "asked_at").note()
    assert await Spacing(stage.book, ATHENS, "other_at").past() == []
    assert await Spacing(stage.book, AccountName("moscow"), "asked_at").past() == []


async def test_an_hour_s_history_counts_the_requests_of_every_reader_and_all_that_is_in_doubt(stage: Scene) -> None:
    now = time.time()
    first, second = (HistoryHour(stage.book, ATHENS, most=2, clock=lambda: now) for _ in range(2))
    for _ in range(4):
        await first.note_recall()
    assert await second.recall_in(0.0) > 10
    assert await second.recall_in(1.0) == 0
    for number, message in enumerate(await stage.fed(count=20)):
        await stage.claim(message, reference=f"v{number}")
        await stage.record(message, Event.DOUBT, reference=f"v{number}", code="volley.answer_lost")
    pages = 0
    while await second.page_in(1.0) == 0:
        await first.note_page()
        pages += 1
    assert pages == 26 - (4 + 10)
    assert await first.recall_in(1.0) == 0
