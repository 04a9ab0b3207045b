"""Looking up one restv2 message by the provider's id (status/sms of version 3, B8); it consumes nothing.

The second source beside the drain: an answer of status/get that was lost took its reports with it (B7).
"""

from collections.abc import Sequence
from typing import Final

from producer.contract.messages import Msisdn, Reference
from worker.providers.reports import Refused, Report, Reports
from worker.providers.requests import Answer, Credentials, HttpRequest
from worker.providers.restv2 import errors, readings, version3
from worker.providers.restv2.drain import STATUSES

AFTER: Final = 300.0  # B7: "still sent after T"; not documented, ours: the drain brings most reports much sooner

Pair = tuple[Reference, Msisdn]


def takes(reference: Reference) -> bool:
    """Whether it is an id of the provider's, which are numbers (B4): ours mean nothing to it."""
    return reference.isascii() and reference.isdecimal()


def build(credentials: Credentials, pairs: Sequence[Pair]) -> HttpRequest:
    """One status/sms request, for exactly one pair. No limit is documented."""
    [(reference, _)] = pairs
    return version3.status_sms(credentials, sms_id=int(reference))


def read(pairs: Sequence[Pair], answer: Answer) -> Reports | Refused:
    """The reports about these; none where the answer has "Info: No report" or speaks of another message."""
    msisdns: dict[str, Msisdn] = dict(pairs)
    fields = readings.succeeded(answer)
    if not isinstance(fields, dict):
        return errors.refused(fields, answer)
    rows = (version3.message_row(fields) for fields in version3.rows_of(fields))
    return Reports(
        items=tuple(_report(row, msisdns[row.id]) for row in rows if row is not None and row.id in msisdns)
    )


def _report(row: version3.MessageRow, msisdn: Msisdn) -> Report:
    event, words = STATUSES.get(row.status.lower(), (None, "a status that no document lists"))
    code = f"restv2.status.{row.status}" if row.status else ""
    return Report(reference=Reference(row.id), event=event, code=code, words=words, msisdn=msisdn)
