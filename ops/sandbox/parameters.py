"""Reading what a client sent, query and body, into plain parameters; anything odd is None, never an exception."""

import re
from typing import Final
from urllib.parse import unquote

import orjson

MOST_FIELDS: Final = 200
CHARSETS: Final = {"windows-1251": "cp1251", "utf-8": "utf-8", "koi8-r": "koi8-r"}  # PROVIDERS.md A1
_CHARSET: Final = re.compile(rb"(?:^|&)charset=([^&]*)")
_FORMAT: Final = re.compile(rb"(?:^|&)(fmt|type)=([0-9a-z]{1,4})(?=&|$)")
_SECRETS: Final = frozenset({"psw", "apikey", "password", "key", "list"})  # `list` is not secret, only long

Parameters = dict[str, str]


def read_smsc(query: bytes, body: bytes) -> Parameters | None:
    """Read a query and a form in the charset that one of them names (default windows-1251, A1)."""
    found = _CHARSET.search(body) or _CHARSET.search(query)
    asked = found[1].decode("ascii", "replace").lower() if found else "windows-1251"
    charset = CHARSETS.get(asked)
    return _read(query, body, charset) if charset else None


def read_restv2(query: bytes, body: bytes) -> Parameters | None:
    """Read a query and a form in UTF-8 (B1); many `to[]` become one with commas."""
    parameters = _read(query, body, "utf-8")
    if (parameters and b"to%5B%5D=" in query + body) or b"to[]=" in query + body:
        rows = [pair for part in (query, body) if part for pair in _pairs(part, "utf-8")]
        return {**dict(rows), "to[]": ",".join(value for name, value in rows if name == "to[]")}
    return parameters


def read_json(query: bytes, body: bytes) -> Parameters | None:
    """Read the JSON object of `/rest/send/`; numbers and booleans become the words a form would carry."""
    if query:
        return None
    try:
        loaded = orjson.loads(body)
    except orjson.JSONDecodeError:
        return None
    if not isinstance(loaded, dict) or not all(isinstance(v, str | int | float) for v in loaded.values()):
        return None
    return {"charset": "utf-8", "fmt": "3"} | {name: _word(value) for name, value in loaded.items()}


def salvage(query: bytes, body: bytes) -> Parameters:
    """Find in what cannot be read how its answer is wanted: `fmt` or `type`."""
    found = dict(_FORMAT.findall(body + b"&" + query))
    return {name.decode(): value.decode() for name, value in found.items()}


def salvage_json(_query: bytes, _body: bytes) -> Parameters:
    """Say how an unreadable `/rest/send/` is answered: as JSON, always."""
    return {"fmt": "3", "charset": "utf-8"}


def without_secrets(parameters: Parameters) -> bytes:
    """Write the parameters as a JSON object for the ledger."""
    written = orjson.dumps({name: value for name, value in parameters.items() if name not in _SECRETS})
    return bytes(
        memoryview(written)
    )  # orjson's own bytes keep kilobytes of room behind them: copy the few that count


def fingerprint(parameters: Parameters, *, id_counts: bool) -> int:
    """Say in one number which request this is: every parameter, in any order; the client `id` if it counts."""
    rows = ((name, value) for name, value in parameters.items() if id_counts or name != "id")
    return hash(tuple(sorted(rows)))


def _read(query: bytes, body: bytes, charset: str) -> Parameters | None:
    try:
        rows = [pair for part in (query, body) if part for pair in _pairs(part, charset)]
    except ValueError:  # too many fields, not ASCII, or not in that charset (UnicodeDecodeError)
        return None
    return dict(rows)


def _pairs(part: bytes, charset: str) -> list[tuple[str, str]]:
    """Split a form; like `urllib.parse.parse_qsl` but four times as fast, which the benchmarks feel."""
    fields = part.decode("ascii").split("&")
    if len(fields) > MOST_FIELDS:
        raise ValueError("too many fields")
    pairs = (field.partition("=") for field in fields if field)
    return [(_plain(name, charset), _plain(value, charset)) for name, _, value in pairs]


def _plain(text: str, charset: str) -> str:
    if "+" in text:
        text = text.replace("+", " ")
    return unquote(text, charset, "strict") if "%" in text else text


def _word(value: str | float) -> str:
    return str(int(value)) if isinstance(value, bool) else str(value)
