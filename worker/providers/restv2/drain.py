"""Reading restv2 delivery reports (status/get). To be treated as destructive: each changed status comes once.

The caller has one reader per key, journals the answer before reading it, and asks until `more` is False (B7).
"""

from collections.abc import Sequence
from typing import Final

from producer.contract.messages import Reference
from producer.contract.states import Event
from worker.providers.reports import Refused, Report, Reports
from worker.providers.requests import Answer, Credentials, HttpRequest
from worker.providers.restv2 import errors, forms, readings
from worker.providers.restv2.answers import Drained, StatusRow

_NOT_DELIVERED: Final = "not delivered; this provider gives no reason"

# B7: letters [S2], digits on some installations [G-school]. `s` is not final.
STATUSES: Final[dict[str, tuple[Event, str]]] = {
    "s": (Event.REPORT_ENROUTE, "sent"),
    "d": (Event.REPORT_DELIVERED, "delivered"),
    "f": (Event.REPORT_UNDELIVERED, _NOT_DELIVERED),
    "1": (Event.REPORT_ENROUTE, "sent"),
    "2": (Event.REPORT_DELIVERED, "delivered"),
    "3": (Event.REPORT_UNDELIVERED, _NOT_DELIVERED),
}


def build(credentials: Credentials) -> HttpRequest:
    """The messages whose status has changed (status/get, B7 [S2]): reading consumes. Error 101; no limit is known."""
    return forms.request("drain", "status/get", (), credentials)


def read(answer: Answer) -> Reports | Refused:
    """All reports in the answer. `more` unless it was empty ("No pending reports"): batch sizes are unknown (B7)."""
    match readings.drained(answer):
        case Drained(rows=rows, announced=announced):
            return Reports(items=_reports(rows), more=announced > 0)
        case failure:
            return errors.refused(failure, answer)


def _reports(rows: Sequence[StatusRow]) -> tuple[Report, ...]:
    return tuple(map(_report, rows))


def _report(row: StatusRow) -> Report:
    event, words = STATUSES.get(row.status.lower(), (None, "a status that no document lists"))
    return Report(reference=Reference(row.id), event=event, code=f"restv2.status.{row.status}", words=words)
