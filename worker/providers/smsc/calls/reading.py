"""How a call's answer becomes its records or a refusal, the same for every smsc call."""

from collections.abc import Callable
from typing import TypeVar

from worker.providers.reports import Refused
from worker.providers.requests import Answer
from worker.providers.smsc import errors, readings
from worker.providers.smsc.answers import Failed, Unreadable
from worker.providers.smsc.layouts import Layout

Fields = dict[str, object]
Row = TypeVar("Row")


def rows(
    layout: Layout, fill: Callable[[Fields], Row | None], *, none_is_empty: bool = False
) -> Callable[[Answer], tuple[Row, ...] | Refused]:
    """A `Call.read`: `fill` on each row. `none_is_empty`: error 3 says that there are none (A6 [S1])."""

    def read(answer: Answer) -> tuple[Row, ...] | Refused:
        found = readings.rows(answer, layout, fill)
        match found:
            case Failed(number=errors.NOT_FOUND) if none_is_empty and answer.status == 200:
                return ()
            case Failed() | Unreadable() as failure:
                return errors.refused(failure, answer)
            case _:
                return found

    return read
