"""Scarce requests are remembered by the account, not by the process that made them."""

from producer.contract.messages import AccountName
from tests.worker.scene import Scene
from worker.spacing import Spacing

ATHENS = AccountName("athens")


def by_five(made: int) -> float:
    return 5.0 * made


async def test_a_reader_that_follows_another_knows_what_that_one_asked(stage: Scene) -> None:
    """Each new process began with nothing: in a kill storm thirty requests an hour were gone in minutes."""
    now = 1_000_000.0
    first, second = (Spacing(stage.book, ATHENS, "asked_at", clock=lambda: now) for _ in range(2))
    assert await second.pause(by_five) <= 0
    await first.note()
    now += 4
    await first.note()
    assert await second.past() == [1_000_000.0, 1_000_004.0]
    assert await second.pause(by_five) == 10.0
    now += 7
    assert await second.pause(by_five) == 3.0


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
