"""Looking up smsc messages by our client id and MSISDN (status.php); reading a status consumes nothing (A4).

One pair is asked in the single form, whose limit is per message; several in the multi form, of which one a
minute is allowed. Only an answer that plainly speaks of the pair we asked for says anything about it: a
wrong "not found" here would send an SMS twice.
"""

from collections.abc import Iterator, Sequence
from typing import Final

from producer.contract.messages import Msisdn, Reference
from worker.providers.reports import NotFound, Refused, Report, Reports
from worker.providers.requests import Answer, Credentials, HttpRequest
from worker.providers.smsc import errors, forms, readings, statuses
from worker.providers.smsc.answers import Failed, StatusRow, Unreadable

MOST: Final = 200
"""Pairs in one request: not documented; 200 a minute are 12,000 statuses an hour (A4, part C 5)."""

Pair = tuple[Reference, Msisdn]


def build(credentials: Credentials, pairs: Sequence[Pair]) -> HttpRequest:
    """One status.php request for 1 to `MOST` pairs: lists of equal length in the same order (A4 [W-st])."""
    if not 1 <= len(pairs) <= MOST:
        raise ValueError(f"{len(pairs)} pairs in one status request (1 to {MOST} are possible)")
    fields = (
        ("phone", ",".join(msisdn for _, msisdn in pairs)),
        ("id", ",".join(reference for reference, _ in pairs)),
    )
    return forms.request("status" if len(pairs) == 1 else "status_bulk", "status.php", fields, credentials)


def read(pairs: Sequence[Pair], answer: Answer) -> Reports | Refused:
    """A report or NotFound for each pair that the answer speaks of, in the answer's order."""
    match readings.statuses(answer):
        case Failed(number=errors.NOT_FOUND) if len(pairs) == 1 and answer.status == 200:
            reference, msisdn = pairs[0]
            return Reports(items=(NotFound(reference=reference, msisdn=msisdn),))
        case Failed() | Unreadable() as failure:
            return errors.refused(failure, answer)
        case rows:
            return Reports(items=tuple(_items(rows, pairs)))


def report(row: StatusRow, reference: Reference, msisdn: Msisdn) -> Report:
    """A status row as a report about `reference`; history rows read the same way."""
    return Report(
        reference=reference,
        msisdn=msisdn,
        event=statuses.event(row.status),
        code=statuses.code(row.status, row.err),
        words=statuses.words(row.status, row.err),
        changed_at=row.changed_at,
        cursor=row.int_id,
    )


def _items(rows: Sequence[StatusRow], pairs: Sequence[Pair]) -> Iterator[Report | NotFound]:
    asked = {(reference, msisdn): (reference, msisdn) for reference, msisdn in pairs}
    for row in rows:
        if pair := _pair(row, pairs) if len(pairs) == 1 else asked.get((Reference(row.id), Msisdn(row.phone))):
            yield _item(row, *pair)


def _pair(row: StatusRow, pairs: Sequence[Pair]) -> Pair | None:
    """The one pair asked for: a single answer leaves id and phone out (A4 [G-rb]); if given, they must agree."""
    reference, msisdn = pairs[0]
    return pairs[0] if row.id in {"", reference} and row.phone in {"", msisdn} else None


def _item(row: StatusRow, reference: Reference, msisdn: Msisdn) -> Report | NotFound:
    if row.status == statuses.NOT_FOUND:
        return NotFound(reference=reference, msisdn=msisdn)
    return report(row, reference, msisdn)
