"""Reading restv2 per-message callbacks (version 3, B9): our own token in the address is all the proof there is."""

import hmac
from typing import Final
from urllib.parse import parse_qsl

from producer.contract.messages import Reference
from worker.providers import json_values
from worker.providers.pushes import Forged, Pushed, PushKey, PushRequest, TokenReport, Unreadable, message_token
from worker.providers.reports import Report
from worker.providers.restv2.drain import STATUSES

ANSWER: Final = "ACK/easysms"  # B9 [G-vend]: what the vendor's own receiver answers

PROOFS: Final = frozenset({"s"})

_MOST_FIELDS: Final = 32
_WORDS: Final = {"delivered": "d", "failed": "f"}  # B9 [G-kos, ?]: one integration spells them out


def read(request: PushRequest, key: PushKey) -> Pushed | Forged | Unreadable:
    """What one callback says. Its address must carry the token that we gave out for that very submission."""
    client_id, token = request.query.get("r", ""), request.query.get("s", "")
    fitting = message_token(client_id, key.secret).encode()
    if not key.secret or not client_id or not hmac.compare_digest(token.encode(errors="replace"), fitting):
        return Forged(why="token missing or wrong")
    fields = {**_posted(request.body), **request.query}
    number = json_values.whole(fields.get("msgid", ""))
    status = fields.get("status", "").strip().lower()[:16]
    if number is None or number <= 0 or not status:
        return Unreadable(why="no msgid or status")
    letter = _WORDS.get(status, status)
    event, words = STATUSES.get(letter, (None, "a status that no document lists"))
    report = Report(reference=Reference(str(number)), event=event, code=f"restv2.status.{letter}", words=words)
    return TokenReport(report=report, client_id=Reference(client_id))


def _posted(body: bytes) -> dict[str, str]:
    try:
        return dict(parse_qsl(body.decode("ascii"), max_num_fields=_MOST_FIELDS))
    except (UnicodeDecodeError, ValueError):
        return {}
