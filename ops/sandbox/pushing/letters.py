"""How an event is written for an account's handler: form, XML or JSON, any charset, signed (A11, B9)."""

from dataclasses import dataclass
from hashlib import md5, sha1
from typing import Final
from urllib.parse import urlencode, urlsplit
from xml.sax.saxutils import escape
from zlib import crc32

import orjson

from ops.sandbox.accounts import PRICE, money
from ops.sandbox.config import Family
from ops.sandbox.pushing.addresses import Address
from ops.sandbox.pushing.events import Event, Incoming, Report
from ops.sandbox.smsc.dates import date_time

_NAMES: Final = {"cp1251": "windows-1251", "utf-8": "utf-8", "koi8-r": "koi8-r"}
_FORM: Final = "application/x-www-form-urlencoded"

Fields = dict[str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Letter:
    """One HTTP request of ours."""

    method: str
    url: str
    body: bytes
    content_type: str


def letter_for(event: Event, address: Address) -> Letter:
    """Write an event the way the account's address asks for it."""
    fields = fields_of(event)
    signed = _signed(fields, event, address)
    body = render_callback(signed, address.fmt, address.charset)
    return Letter(method="POST", url=address.url, body=body, content_type=_content_type(address))


def letter_about(report: Report, url: str, method: str) -> Letter:
    """Write a restv2 report for one message's own `callback` address (B9): msgid and status, d or f."""
    fields = urlencode({"msgid": report.message.provider_id, "status": report.ending.letter})
    if method == "POST":
        return Letter(method="POST", url=url, body=fields.encode(), content_type=_FORM)
    joint = "&" if urlsplit(url).query else "?"
    return Letter(method="GET", url=f"{url}{joint}{fields}", body=b"", content_type="")


def fields_of(event: Event) -> Fields:
    """Give the fields of A11, all of them strings."""
    if isinstance(event, Report):
        return _report(event)
    return _call(event) if event.is_call else _incoming(event)


def signature(event: Event, hashing: str, secret: str, charset: str) -> str:
    """Hash what S4 says: `id:phone:status:secret`; incoming `phone:mes:to:secret` and call are guesses (A11)."""
    fields = fields_of(event)
    names = ("id", "phone", "status")
    if isinstance(event, Incoming):
        names = ("phone", "waitcall", "to") if event.is_call else ("phone", "mes", "to")
    data = ":".join([*(fields[name] for name in names), secret]).encode(charset, "replace")
    match hashing:
        case "md5":
            return md5(data).hexdigest()  # noqa: S324 - the provider's choice, not ours
        case "sha1":
            return sha1(data).hexdigest()  # noqa: S324 - the provider's choice, not ours
        case _:
            return str(crc32(data))  # PHP's crc32() gives a decimal number; a guess


def render_callback(fields: Fields, fmt: str, charset: str) -> bytes:
    """Write fields as a form (fmt ""), XML ("2") or JSON ("3") in a codec; the XML tags are a guess."""
    match fmt:
        case "2":
            rows = "".join(f"<{name}>{escape(value)}</{name}>\n" for name, value in fields.items())
            text = f'<?xml version="1.0" encoding="{_NAMES[charset]}"?>\n<sms>\n{rows}</sms>'
            return text.encode(charset, "xmlcharrefreplace")
        case "3":
            return orjson.dumps(fields).decode().encode(charset, "replace")
        case _:
            return urlencode(fields, encoding=charset, errors="replace").encode()


def _signed(fields: Fields, event: Event, address: Address) -> Fields:
    """Add what stood after `?` in the address (S4: sent back by POST), the secret replaced by its hash."""
    sent_back = dict(address.extra)
    if address.hashing:
        sent_back[address.hashing] = signature(event, address.hashing, address.secret, address.charset)
    return sent_back | fields


def _content_type(address: Address) -> str:
    charset = _NAMES[address.charset]
    return {"2": f"text/xml; charset={charset}", "3": f"application/json; charset={charset}"}.get(address.fmt, _FORM)


def _report(report: Report) -> Fields:
    message, stamp = report.message, int(report.since)
    return {
        "id": message.provider_id,
        "phone": message.phone,
        "status": str(report.ending.status),
        "time": date_time(stamp),
        "ts": str(stamp),
        "err": str(report.ending.err),
        "cnt": str(message.segments),
        "cost": money(message.segments * PRICE[Family.SMSC]),
        "flag": "0",  # meaning not documented
        "type": str(message.kind),
    }


def _incoming(message: Incoming) -> Fields:
    return {
        "id": str(message.id),
        "phone": message.phone,
        "mes": message.text,
        "to": message.to,
        "sent": date_time(int(message.sent)),
        "time": date_time(int(message.received)),
    }


def _call(call: Incoming) -> Fields:
    return {
        "id": str(call.id),
        "phone": call.phone,
        "waitcall": call.to,
        "to": call.to,
        "time": date_time(int(call.received)),
        "ts": str(int(call.received)),
    }
