"""Reading back what was sent (get.php get_messages), newest first, a thousand rows a page.

The second witness of an uncertain submission: its rows carry our client id (A6 [S1]). Thirty requests an
hour are allowed, so it is for back-fill, not for polling.
"""

from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Final

from producer.contract.messages import Msisdn, Reference
from worker.providers.interface import Answer, Credentials, HttpRequest, Refused, Report, Reports
from worker.providers.smsc import errors, forms, readings
from worker.providers.smsc.answers import Failed, StatusRow, Unreadable
from worker.providers.smsc.dates import day
from worker.providers.smsc.layouts import MESSAGES
from worker.providers.smsc.status import report

PAGE: Final = 1000  # A6 [S1]: the largest `cnt`


def build(credentials: Credentials, first: datetime, last: datetime, cursor: str) -> HttpRequest:
    """One page of the days from `first` to `last` (aware; at most six months, A6), older than `cursor`."""
    fields = [("get_messages", "1"), ("start", day(first)), ("end", day(last)), ("cnt", str(PAGE))]
    if cursor:
        fields.append(("prev_id", cursor))
    return forms.request("messages", "get.php", fields, credentials)


def read(answer: Answer) -> Reports | Refused:
    """The page's reports. `more` when the page was full: go on from the last item's cursor."""
    match readings.statuses(answer, MESSAGES):
        case Failed(number=errors.NOT_FOUND):
            return Reports()  # A6 [S1]: error 3, none found
        case Failed() | Unreadable() as failure:
            return errors.refused(failure, answer)
        case rows:
            items = tuple(_reports(rows))
            return Reports(items=items, more=len(rows) >= PAGE and bool(items))


def _reports(rows: Sequence[StatusRow]) -> Iterator[Report]:
    """A row that lacks id, phone or place in the history is about nobody, and nothing can go on from it."""
    for row in rows:
        if row.id and row.phone and row.int_id:
            yield report(row, Reference(row.id), Msisdn(row.phone))
