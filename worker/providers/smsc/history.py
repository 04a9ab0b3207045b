"""Reading back what was sent (get.php get_messages), newest first, a thousand rows a page.

Its rows carry our client id (A6 [S1]), so it is the second witness of an uncertain submission, too: `recall` asks
for the rows of some numbers. Thirty requests an hour are allowed, so nothing here is for polling.
"""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Final

from producer.contract.messages import Msisdn, Reference
from worker.providers.reports import Refused, Report, Reports
from worker.providers.requests import Answer, Credentials, HttpRequest
from worker.providers.smsc import errors, forms, readings
from worker.providers.smsc.answers import Failed, StatusRow, Unreadable
from worker.providers.smsc.dates import day
from worker.providers.smsc.layouts import MESSAGES
from worker.providers.smsc.status import report

PAGE: Final = 1000  # A6 [S1]: the largest `cnt`
MOST_NUMBERS: Final = 500  # A6 [S1]: `phone` takes a list, its length is not documented [?]; ours

_UNREADABLE: Final = Refused(
    code="smsc.history.unreadable", words="a row of the history cannot be read", is_understood=False
)


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


def recall(credentials: Credentials, since: datetime, msisdns: Sequence[Msisdn], cursor: str) -> HttpRequest:
    """One page of what was sent to these numbers from the day of `since` until now, older than `cursor`.

    In JSON, whatever the account speaks: fmt=1 cannot tell a text from the columns behind it (A6 [S1]). Raises
    ValueError for more than `MOST_NUMBERS`, or none.
    """
    if not 1 <= len(msisdns) <= MOST_NUMBERS:
        raise ValueError(f"{len(msisdns)} numbers in one history request (1 to {MOST_NUMBERS} are possible)")
    credentials = replace(credentials, dialect=replace(credentials.dialect, format="3"))
    fields = [("get_messages", "1"), ("start", day(since)), ("phone", ",".join(msisdns)), ("cnt", str(PAGE))]
    if cursor:
        fields.append(("prev_id", cursor))
    return forms.request("messages", "get.php", fields, credentials)


def read_recalled(answer: Answer) -> Reports | Refused:
    """All rows of a page; refused where one lacks status, id, phone or place: it might be the one looked for."""
    match readings.statuses(answer, MESSAGES):
        case Failed(number=errors.NOT_FOUND) if answer.status == 200:
            return Reports()  # A6 [S1]: error 3, none found
        case Failed() | Unreadable() as failure:
            return errors.refused(failure, answer)
        case rows:
            items = tuple(_reports(rows))
            is_whole = len(items) == readings.count(answer, MESSAGES)
            return Reports(items=items, more=len(items) >= PAGE) if is_whole else _UNREADABLE


def _reports(rows: Sequence[StatusRow]) -> Iterator[Report]:
    """A row that lacks id, phone or place in the history is about nobody, and nothing can go on from it."""
    for row in rows:
        if row.id and row.phone and row.int_id:
            yield report(row, Reference(row.id), Msisdn(row.phone))
