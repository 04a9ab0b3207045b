"""Collecting incoming messages by asking (get.php get_answers, A6): only those after the last id that was kept."""

from typing import Final

from producer.contract.messages import Msisdn
from worker.providers.pushes import CallConfirmed, Collected, Inbox, Incoming
from worker.providers.reports import Refused
from worker.providers.requests import Answer, Credentials, HttpRequest
from worker.providers.smsc.calls.messages import ANSWERS_CALL, IncomingRow, answers
from worker.providers.smsc.push import WAITCALL_TEXT

_PAGE: Final = 1000
_REACH: Final = 168  # hours, A6 [S1]: the furthest back that can be asked for


def build(credentials: Credentials, cursor: int) -> HttpRequest:
    """The next page after `cursor`; the server gives the first `cnt` after it, so nothing is skipped (A6)."""
    return answers(credentials, cnt=_PAGE, hour=_REACH, after_id=cursor or None)


def read(answer: Answer, cursor: int) -> Collected | Refused:
    """The messages of one page, oldest first."""
    rows = ANSWERS_CALL.read(answer)
    if isinstance(rows, Refused):
        return rows
    found = sorted((row for row in rows if isinstance(row, IncomingRow) and row.phone), key=lambda row: row.id)
    newest = max((row.id for row in found), default=cursor)
    return Collected(items=tuple(map(_item, found)), cursor=max(newest, cursor), more=len(rows) >= _PAGE)


def _item(row: IncomingRow) -> Incoming | CallConfirmed:
    if row.message.startswith(WAITCALL_TEXT):
        return CallConfirmed(msisdn=Msisdn(row.phone), to=row.to_phone)
    return Incoming(
        id=str(row.id),
        msisdn=Msisdn(row.phone),
        to=row.to_phone,
        text=row.message,
        sent=row.sent_at.isoformat() if row.sent_at else "",
        received_at=row.received_at,
    )


INBOX: Final = Inbox(build=build, read=read)
