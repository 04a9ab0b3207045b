"""Targets are held against the figures of the book, and no target looks where no room writes."""

import pytest

from ops.bench.reach import TARGETS
from ops.bench.sheet import Book
from ops.bench.targets import Target, Verdict, compared, figure, highest, last, lowest, ratio, worst


def _book() -> Book:
    book = Book()
    sheet = book.sheet("drain", "Drain")
    for rate in (100.0, 300.0, 200.0):
        sheet.add("small", {"messages/s": rate})
    sheet.add("large", {"messages/s": 50.0})
    return book


def test_the_figure_is_the_median_of_the_rounds() -> None:
    assert figure("drain", "small", "messages/s")(_book()) == 200


def test_a_ratio_needs_both_figures() -> None:
    small, large = figure("drain", "small", "messages/s"), figure("drain", "large", "messages/s")
    assert ratio(small, large)(_book()) == 4
    assert ratio(small, figure("drain", "nobody", "messages/s"))(_book()) is None


def test_rows_of_a_sheet_are_compared_round_by_round() -> None:
    """The machine was half as quick in the second round: for both."""
    book = Book()
    sheet = book.sheet("drain", "Drain")
    for ours, theirs in ((90.0, 100.0), (45.0, 50.0), (100.0, 100.0)):
        sheet.add("ours", {"messages/s": ours})
        sheet.add("theirs", {"messages/s": theirs})
    sheet.add("idle", {"messages/s": 0.0})
    found = compared("drain", "ours", "theirs", "messages/s")
    assert found(book) == 0.9
    assert compared("drain", "ours", "nobody", "messages/s")(book) is None
    assert compared("drain", "ours", "idle", "messages/s")(book) is None
    assert compared("nothing", "ours", "theirs", "messages/s")(book) is None
    assert worst(found, compared("drain", "theirs", "ours", "messages/s"))(book) == 0.9
    assert worst()(book) is None


def test_rows_are_chosen_by_their_names() -> None:
    book = _book()
    assert (lowest("drain", "messages/s")(book), highest("drain", "messages/s")(book)) == (50, 200)
    assert last("drain", "messages/s", "sm")(book) == 200


@pytest.mark.parametrize(
    ("least", "most", "verdict"),
    [
        (200, None, Verdict.REACHED),
        (201, None, Verdict.NOT_REACHED),
        (None, 200, Verdict.REACHED),
        (None, 199, Verdict.NOT_REACHED),
    ],
)
def test_a_bound_is_reached_when_it_is_met(least: float | None, most: float | None, verdict: Verdict) -> None:
    target = Target(text="x", figure=figure("drain", "small", "messages/s"), least=least, most=most)
    assert target.judged(_book()).verdict is verdict


def test_what_was_not_measured_is_not_reached_and_says_so() -> None:
    assert {target.judged(Book()).verdict for target in TARGETS} == {Verdict.NOT_MEASURED}


def test_every_target_has_one_bound_and_a_name_of_its_own() -> None:
    assert all((target.least is None) != (target.most is None) for target in TARGETS)
    assert len({target.text for target in TARGETS}) == len(TARGETS)
