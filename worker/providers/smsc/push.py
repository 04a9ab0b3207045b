"""Reading smsc callbacks (A11): delivery reports, incoming messages, call confirmations; form, XML or JSON.

The handler's address carries `sha1=<secret>` (or md5, crc32); the provider puts the hash of
`id:phone:status:<secret>` in its place. For incoming messages and calls the hashed text is lost in the
documents; the provider's pattern suggests `phone:mes:to:<secret>` (A11 [?]). They are accepted with that
hash, and with the plain secret in the query (the `!` syntax), never with neither.
"""

import hashlib
import hmac
import zlib
from collections.abc import Callable, Iterable, Mapping
from typing import Final
from urllib.parse import parse_qsl
from xml.parsers import expat

from producer.contract.messages import Msisdn, Reference
from worker.providers import json_values
from worker.providers.pushes import CallConfirmed, Forged, Incoming, Pushed, PushKey, PushRequest, Unreadable
from worker.providers.reports import Report
from worker.providers.smsc import statuses
from worker.providers.smsc.dates import of_text

ANSWER: Final = "OK"  # A11: what is answered is not said anywhere; 200 is what counts

OPTIONS: Final = "?charset=utf-8&sha1=<callback_secret>"  # A11 [S4]

PROOFS: Final = frozenset({"sha1", "md5", "crc32", "secret"})

_MOST_FIELDS: Final = 64
_MOST_DEPTH: Final = 8
_CHARSETS: Final = {"utf-8": "utf-8", "windows-1251": "cp1251", "koi8-r": "koi8_r"}
_DEFAULT_CHARSET: Final = "windows-1251"  # A11 [S4]
WAITCALL_TEXT: Final = "[waitcall]"  # A9 [S4]: the call as an incoming message

_HASHES: Final[dict[str, Callable[[bytes], tuple[str, ...]]]] = {
    "sha1": lambda data: (hashlib.sha1(data, usedforsecurity=False).hexdigest(),),
    "md5": lambda data: (hashlib.md5(data, usedforsecurity=False).hexdigest(),),
    # 32 bits, linear: only where the account asks for it; whether written in hex or as PHP does is not said
    "crc32": lambda data: (f"{zlib.crc32(data):08x}", str(zlib.crc32(data))),
}

_SIGNED: Final[dict[str, tuple[tuple[str, ...], ...]]] = {
    "status": (("id", "phone", "status"),),  # A11 [S4]
    "mes": (("phone", "mes", "to"),),  # A11 [?]
    "waitcall": (("phone", "waitcall", "to"), ("phone", "mes", "to")),  # A11 [?]
}
"""What is hashed, with the secret behind it; where the documents lost it, what the pattern suggests."""

Fields = Mapping[str, str]


def read(request: PushRequest, key: PushKey) -> Pushed | Forged | Unreadable:
    """What one callback says, once its signature fits."""
    fields = _fields(request)
    if fields is None:
        return Unreadable(why="neither form, XML nor JSON")
    kind = "waitcall" if "waitcall" in fields else "mes" if "mes" in fields else "status"
    if not _is_signed(fields, request, _SIGNED[kind], key):
        return Forged(why=f"{kind}: signature missing or wrong")
    match kind:
        case "waitcall":
            return _confirmed(fields)
        case "mes":
            return _incoming(fields)
        case _:
            return _report(fields)


def charset_of(request: PushRequest) -> str:
    """The charset that the handler's address asked for: in the query, or posted back as a field."""
    asked = request.query.get("charset", "")
    if not asked:
        head = request.body[:4096].decode("latin-1")
        asked = dict(parse_qsl(head)).get("charset", "") if "charset=" in head and head[:1] not in "<{" else ""
    return _CHARSETS.get(asked.lower(), "" if asked else _CHARSETS[_DEFAULT_CHARSET]) or "utf-8"


def _fields(request: PushRequest) -> Fields | None:
    body = request.body.lstrip()
    if body[:1] == b"{":
        return _json(body)
    if body[:1] == b"<":
        return _xml(body)
    try:
        text = body.decode("ascii")
        pairs = parse_qsl(text, keep_blank_values=True, encoding=charset_of(request), max_num_fields=_MOST_FIELDS)
    except (UnicodeDecodeError, ValueError):
        return None
    return dict(pairs) or (dict(request.query) if request.query else None)


def _json(body: bytes) -> Fields | None:
    values = json_values.members(json_values.parse(body) or json_values.parse(_recoded(body)))
    if values is None or len(values) > _MOST_FIELDS:
        return None
    return {name: str(value) for name, value in values.items() if isinstance(value, str | int | float)}


def _xml(body: bytes) -> Fields | None:
    """The texts of the elements below the root, flat. A document type or an entity makes it unreadable."""
    found = _xml_in(body, None)
    return _xml_in(body, _DEFAULT_CHARSET) if found is None else found


def _recoded(body: bytes) -> bytes:
    """A body without any sign of its charset that is no UTF-8 is in the provider's default (A11 [S4])."""
    return body.decode(_CHARSETS[_DEFAULT_CHARSET], errors="replace").encode()


def _xml_in(body: bytes, encoding: str | None) -> Fields | None:
    found: dict[str, str] = {}
    path: list[str] = []
    parser = expat.ParserCreate(encoding)
    parser.buffer_text = True  # else each line end is a piece of its own

    def begin(name: str, _: object) -> None:
        path.append(name)
        if len(path) > _MOST_DEPTH or len(found) > _MOST_FIELDS:
            raise ValueError("too deep or too many")

    def text(data: str) -> None:
        if len(path) > 1:
            found[path[-1]] = found.get(path[-1], "") + data

    def refuse(*_: object) -> None:
        raise ValueError("a document type")

    parser.StartElementHandler = begin
    parser.EndElementHandler = lambda _: path.pop()
    parser.CharacterDataHandler = text
    parser.StartDoctypeDeclHandler = refuse
    parser.EntityDeclHandler = refuse
    try:
        parser.Parse(body, True)  # noqa: FBT003 - expat's own
    except (expat.ExpatError, ValueError, LookupError):
        return None
    return found


def _is_signed(fields: Fields, request: PushRequest, signed: Iterable[tuple[str, ...]], key: PushKey) -> bool:
    """One of the allowed hashes fits, in UTF-8 or in the charset of the transfer; compared in constant time."""
    if not key.secret:
        return False
    texts = [":".join((*(fields.get(name, "") for name in names), key.secret)) for names in signed]
    spelled = {text.encode(charset, errors="replace") for text in texts for charset in ("utf-8", charset_of(request))}
    for name in sorted(key.hashes & _HASHES.keys()):
        given = fields.get(name, request.query.get(name, "")).lower().encode(errors="replace")
        fitting = (hashed.encode() for data in spelled for hashed in _HASHES[name](data))
        if given and any(hmac.compare_digest(given, hashed) for hashed in fitting):
            return True
    given = request.query.get("secret", "").encode(errors="replace")
    return bool(given) and hmac.compare_digest(given, key.secret.encode())


def _report(fields: Fields) -> Pushed | Unreadable:
    status, err = json_values.whole(fields.get("status", "")), json_values.whole(fields.get("err", "0")) or 0
    msisdn = Msisdn(json_values.digits(fields.get("phone", "")))
    reference = Reference(fields.get("id", "")[:64])
    if status is None or not reference or not msisdn:
        return Unreadable(why="no id, phone or status")
    return Report(
        reference=reference,
        msisdn=msisdn,
        event=statuses.event(status),
        code=statuses.code(status, err),
        words=statuses.words(status, err),
        changed_at=json_values.moment(fields.get("ts", "")),
    )


def _incoming(fields: Fields) -> Pushed | Unreadable:
    msisdn = Msisdn(json_values.digits(fields.get("phone", "")))
    if not msisdn:
        return Unreadable(why="no phone")
    if fields["mes"].startswith(WAITCALL_TEXT):
        return CallConfirmed(msisdn=msisdn, to=fields.get("to", "")[:32])
    return Incoming(
        id=fields.get("id", "")[:32],
        msisdn=msisdn,
        to=fields.get("to", "")[:32],
        text=fields["mes"][:4000],
        sent=_sent(fields),
        received_at=json_values.moment(fields.get("ts", "")),
    )


def _sent(fields: Fields) -> str:
    """When it was sent, written as the inbox writes it: what came by both ways is told to be one message."""
    given = fields.get("sent") or fields.get("time", "")
    moment = of_text(given)
    return moment.isoformat() if moment else given[:32]


def _confirmed(fields: Fields) -> Pushed | Unreadable:
    msisdn = Msisdn(json_values.digits(fields.get("phone", fields.get("waitcall", ""))))
    return CallConfirmed(msisdn=msisdn, to=fields.get("to", "")[:32]) if msisdn else Unreadable(why="no phone")
