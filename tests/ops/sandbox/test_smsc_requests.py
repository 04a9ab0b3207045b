"""How a request may reach the smsc family: JSON, GET, credentials, charsets, bodies that cannot be read."""

from hashlib import md5
from typing import Any
from urllib.parse import urlencode

import pytest

from tests.ops.sandbox.driving import Sandbox, Start

PHONE = "79990000001"


async def test_the_json_address_takes_numbers_and_needs_no_format(sandbox: Sandbox) -> None:
    body = {"login": "demo", "psw": "demo-secret", "phones": PHONE, "mes": "Привет", "id": 14, "cost": 3}
    heard = await sandbox.request("POST", "/rest/send/", json=body)

    assert heard.json == {"id": 14, "cnt": 1, "cost": "1.44", "balance": "9999998.56"}
    assert (await sandbox.messages())[0]["text"] == "Привет"


@pytest.mark.parametrize("body", [b"", b"[]", b"{", b'{"phones": ["1"]}', b'{"mes": null}', b"\xff"])
async def test_an_unreadable_json_body_is_error_1(sandbox: Sandbox, body: bytes) -> None:
    assert (await sandbox.request("POST", "/rest/send/", data=body)).json["error_code"] == 1


async def test_a_get_request_is_as_good_as_a_form(sandbox: Sandbox) -> None:
    query = {"apikey": "demo-api-key", "fmt": "3", "phones": PHONE, "mes": "hi"}
    heard = await sandbox.request("GET", "/sys/send.php", params=query)

    assert (heard.status, heard.json) == (200, {"id": 1, "cnt": 1})


async def test_the_password_may_be_its_md5_in_lower_case(sandbox: Sandbox) -> None:
    """Documented: PROVIDERS.md A1; the client node-smsc sends nothing else."""
    hashed = md5(b"demo-secret").hexdigest()

    assert "balance" in await sandbox.smsc("balance", psw=hashed)
    assert (await sandbox.smsc("balance", psw=hashed.upper()))["error_code"] == 2
    person = {"username": "demo", "password": hashed, "type": "json"}
    assert (await sandbox.call("/api/key/get", **person)).json["error"] == "101"


# documented: PROVIDERS.md A1 (auth), A2 (HTTP 200 for every error)
@pytest.mark.parametrize(
    "who",
    [
        {},
        {"login": "demo"},
        {"login": "demo", "psw": "wrong"},
        {"login": "nobody", "psw": "demo-secret"},
        {"apikey": "wrong"},
        {"apikey": "demo-key"},  # the other family's key
        {"apikey": "demo-api-key", "login": "somebody"},
    ],
)
async def test_wrong_credentials_are_error_2_with_http_200(sandbox: Sandbox, who: dict[str, str]) -> None:
    heard = await sandbox.call("/sys/send.php", fmt="3", phones=PHONE, mes="hi", **who)

    assert (heard.status, heard.json) == (200, {"error": "authorise error", "error_code": 2})
    assert (await sandbox.request("GET", "/sandbox/summary")).json["strangers"] == {"send": 1}


@pytest.mark.parametrize(
    ("charset", "text"), [("utf-8", "Привет €"), ("windows-1251", "Привет €"), ("koi8-r", "Привет")]
)
async def test_texts_are_read_and_written_in_the_charset_that_was_asked_for(
    sandbox: Sandbox, charset: str, text: str
) -> None:
    form = {"login": "demo", "psw": "demo-secret", "fmt": "3", "charset": charset}
    body = _encoded(form | {"phones": PHONE, "mes": text}, charset)
    await sandbox.request("POST", "/sys/send.php", data=body)
    heard = await sandbox.request("POST", "/sys/get.php", data=_encoded(form | {"get_messages": "1"}, charset))

    assert (await sandbox.messages())[0]["text"] == text
    assert text in heard.body.decode(charset)
    assert heard.content_type == "application/json; charset=windows-1251"  # recorded: whatever was asked for


@pytest.mark.parametrize(
    "body",
    [
        b"charset=latin-1&fmt=3",
        b"fmt=3&charset=utf-8&mes=%ff",
        b"fmt=3&a=\xff",
        b"&".join([b"a=b"] * 201 + [b"fmt=3"]),
    ],
)
async def test_an_unreadable_form_is_error_1(sandbox: Sandbox, body: bytes) -> None:
    assert (await sandbox.request("POST", "/sys/send.php", data=body)).json["error_code"] == 1


async def test_a_body_beyond_the_bound_is_refused_unread(start: Start) -> None:
    sandbox = await start(most_bytes=2048)

    assert (await sandbox.call("/sys/send.php", mes="x" * 5000)).status == 413


def _encoded(form: dict[str, Any], charset: str) -> bytes:
    return urlencode(form, encoding=charset).encode()
