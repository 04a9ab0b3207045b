"""Reading what was sent, to find a message whose answer was lost: history/single/list of version 3 (B4, B10)."""

from typing import Final

from producer.contract.messages import Msisdn, Reference
from worker.providers.interface import Sent
from worker.providers.reports import Refused, Report
from worker.providers.requests import Answer, Credentials, HttpRequest
from worker.providers.restv2 import version3
from worker.providers.restv2.drain import STATUSES
from worker.providers.restv2.version3 import PastRow

MOST: Final = 200  # `limit` is not documented [?]; ours


def build(credentials: Credentials, msisdn: Msisdn) -> HttpRequest:
    """The newest rows, of one number or of all: a host that knows neither `to` nor `limit` gives all it wants."""
    return version3.history(credentials, to=msisdn, limit=MOST)


def read(answer: Answer) -> tuple[Sent, ...] | Refused:
    """The rows that name a number; never raises."""
    match version3.read_history(answer):
        case Refused() as refusal:
            return refusal
        case rows:
            return tuple(_sent(row) for row in rows if row.to)


def _sent(row: PastRow) -> Sent:
    event, words = STATUSES.get(row.status.lower(), (None, "a status that no document lists"))
    code = f"restv2.status.{row.status}" if row.status else ""
    report = Report(reference=Reference(row.id), event=event, code=code, words=words, msisdn=Msisdn(row.to))
    return Sent(report=report, text=row.text, sent_at=row.sent_at)
