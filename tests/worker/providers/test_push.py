"""smsc callbacks (A11): every form, charset and signature; what is forged, and what nobody can read."""

import hashlib
import zlib
from collections.abc import Callable
from urllib.parse import urlencode

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from producer.contract.states import Event
from worker.providers.pushes import CallConfirmed, Forged, Incoming, PushKey, PushRequest, Unreadable
from worker.providers.reports import Report
from worker.providers.smsc import push

SECRET = "s3cret-of-the-account"
KEY = PushKey(secret=SECRET)
STATUS = {"id": "v0011aabbccddeeff", "phone": "79991234567", "status": "1", "ts": "1795220154", "err": "0"}
MESSAGE = {
    "id": "17",
    "phone": "79991234567",
    "mes": "Привет, СТОП!",
    "to": "79160000000",
    "sent": "21.11.2026 10:00:00",
}

Writer = Callable[..., PushRequest]

HASHES = {
    "sha1": lambda data: hashlib.sha1(data).hexdigest(),
    "md5": lambda data: hashlib.md5(data).hexdigest(),
    "crc32": lambda data: f"{zlib.crc32(data):08x}",
}


def signed(
    fields: dict[str, str], hashing: str = "sha1", charset: str = "utf-8", secret: str = SECRET
) -> dict[str, str]:
    names = ("phone", "mes", "to") if "mes" in fields or "waitcall" in fields else ("id", "phone", "status")
    text = ":".join((*(fields.get(name, "") for name in names), secret))
    return fields | {hashing: HASHES[hashing](text.encode(charset))}


def form(fields: dict[str, str], charset: str = "utf-8", **query: str) -> PushRequest:
    body = urlencode(fields, encoding=charset).encode()
    return PushRequest(query=query, body=body, content_type="application/x-www-form-urlencoded")


def xml(fields: dict[str, str], charset: str = "utf-8", *, declared: bool = True) -> PushRequest:
    inside = "".join(f"<{name}>{value}</{name}>" for name, value in fields.items())
    head = f'<?xml version="1.0" encoding="{charset}"?>' if declared else ""
    return PushRequest(query={}, body=f"{head}<data>{inside}</data>".encode(charset))


def json(fields: dict[str, str], charset: str = "utf-8") -> PushRequest:
    return PushRequest(query={}, body=orjson.dumps(fields).decode().encode(charset))


@pytest.mark.parametrize("hashing", ["sha1", "md5"])
@pytest.mark.parametrize("written", [form, xml, json])
def test_a_signed_status_is_a_report_in_every_form(written: Writer, hashing: str) -> None:
    report = push.read(written(signed(STATUS, hashing)), KEY)
    assert isinstance(report, Report)
    assert (report.reference, report.msisdn, report.event) == (STATUS["id"], STATUS["phone"], Event.REPORT_DELIVERED)
    assert report.changed_at is not None


@pytest.mark.parametrize("charset", ["utf-8", "windows-1251", "koi8-r"])
def test_an_incoming_message_is_read_in_the_charset_that_the_address_asked_for(charset: str) -> None:
    fields = signed(MESSAGE | {"charset": charset}, charset=charset)
    incoming = push.read(form(fields, charset), KEY)
    assert isinstance(incoming, Incoming)
    assert incoming.text == MESSAGE["mes"]


@pytest.mark.parametrize("written", [xml, json])
def test_without_a_word_about_the_charset_it_is_the_providers_default(written: Writer) -> None:
    fields = signed(MESSAGE, charset="cp1251")
    request = xml(fields, "cp1251", declared=False) if written is xml else json(fields, "cp1251")
    incoming = push.read(request, KEY)
    assert isinstance(incoming, Incoming)
    assert incoming.text == MESSAGE["mes"]


def test_an_unsuccessful_status_keeps_its_code() -> None:
    report = push.read(form(signed(STATUS | {"status": "20", "err": "6"})), KEY)
    assert isinstance(report, Report)
    assert (report.event, report.code) == (Event.REPORT_UNDELIVERED, "smsc.err.6")


@pytest.mark.parametrize(
    "fields",
    [
        {"phone": "79991234567", "waitcall": "1", "to": "78000000000"},
        {"phone": "79991234567", "mes": "[waitcall] 79991234567", "to": "78000000000"},
    ],
)
def test_a_call_confirms_the_number_in_both_of_its_forms(fields: dict[str, str]) -> None:
    assert push.read(form(signed({"mes": "", **fields} if "waitcall" in fields else fields)), KEY) == CallConfirmed(
        msisdn="79991234567", to="78000000000"
    )


FORGERIES = {
    "no signature": form(STATUS),
    "another secret": form(signed(STATUS, secret="guessed")),
    "another status under the same signature": form(signed(STATUS) | {"status": "20"}),
    "crc32, which the account does not allow": form(signed(STATUS, "crc32")),
    "an empty signature": form(STATUS | {"sha1": ""}),
    "the secret itself as the hash": form(STATUS | {"sha1": SECRET}),
    "not even a letter of ASCII": form(STATUS | {"sha1": "Ж" * 40}),
}


@pytest.mark.parametrize("request_", FORGERIES.values(), ids=FORGERIES)
def test_a_forged_push_is_forged(request_: PushRequest) -> None:
    assert isinstance(push.read(request_, KEY), Forged)


def test_crc32_may_be_written_as_php_writes_it() -> None:
    key = PushKey(secret=SECRET, hashes=frozenset({"crc32"}))
    decimal = str(int(signed(STATUS, "crc32")["crc32"], 16))
    assert isinstance(push.read(form(STATUS | {"crc32": decimal}), key), Report)


def test_crc32_counts_where_the_account_allows_it() -> None:
    key = PushKey(secret=SECRET, hashes=frozenset({"crc32"}))
    assert isinstance(push.read(form(signed(STATUS, "crc32")), key), Report)


def test_the_plain_secret_in_the_query_is_a_signature_too() -> None:
    assert isinstance(push.read(form(STATUS, secret=SECRET), KEY), Report)
    assert isinstance(push.read(form(STATUS, secret=SECRET + "x"), KEY), Forged)


def test_without_a_secret_nothing_is_believed() -> None:
    assert isinstance(push.read(form(signed(STATUS, secret="")), PushKey(secret="")), Forged)


UNREADABLE = {
    "an entity bomb": b'<?xml version="1.0"?><!DOCTYPE d [<!ENTITY a "aaaa">]><d><id>&a;</id></d>',
    "a JSON array": b"[1,2,3]",
    "deep JSON": b'{"a":' * 2000,
    "broken XML": b"<data><id>1</data>",
    "too many fields": ("&".join(f"f{number}=1" for number in range(1000))).encode(),
}


@pytest.mark.parametrize("body", UNREADABLE.values(), ids=UNREADABLE)
def test_what_cannot_be_read_is_neither_believed_nor_fatal(body: bytes) -> None:
    assert isinstance(push.read(PushRequest(query={}, body=body), KEY), Unreadable | Forged)


@given(body=st.binary(max_size=400), query=st.dictionaries(st.text(max_size=8), st.text(max_size=20), max_size=4))
def test_nothing_is_ever_raised_and_nothing_unsigned_believed(body: bytes, query: dict[str, str]) -> None:
    assert isinstance(push.read(PushRequest(query=query, body=body), KEY), Forged | Unreadable)
