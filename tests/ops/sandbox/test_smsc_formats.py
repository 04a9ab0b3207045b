"""Every answer of the smsc family in every format, as the documents write it, and every charset around it."""

from typing import Any
from urllib.parse import urlencode
from xml.etree import ElementTree as ET

import orjson
import pytest

from ops.sandbox.smsc import answers as said
from ops.sandbox.smsc.rendering import RENDERERS, render
from tests.ops.sandbox.driving import Sandbox
from tests.ops.sandbox.smsc_answers import CASES, PHONE, WHO


@pytest.mark.parametrize("name", CASES)
def test_an_answer_is_written_as_documented(name: str) -> None:
    answer, words, commas, xml = CASES[name]

    assert RENDERERS["0"](answer) == words
    assert RENDERERS["1"](answer) == commas
    assert RENDERERS["2"](answer).replace("\n", "") == xml


@pytest.mark.parametrize("name", CASES)
def test_xml_and_json_hold_the_same_values(name: str) -> None:
    answer = CASES[name][0]
    values = sorted(_leaves(orjson.loads(RENDERERS["3"](answer))))

    assert sorted(_texts(ET.fromstring(RENDERERS["2"](answer)))) == values


def _leaves(value: Any) -> list[str]:
    if isinstance(value, dict):
        return [leaf for inner in value.values() for leaf in _leaves(inner)]
    return [leaf for inner in value for leaf in _leaves(inner)] if isinstance(value, list) else [str(value)]


def _texts(element: ET.Element) -> list[str]:
    inside = [text for child in element for text in _texts(child)]
    own = [] if len(element) or element.tag in _LISTS else [element.text or ""]
    return [*element.attrib.values(), *own, *inside]


_LISTS = frozenset({"sms_answers"})


# every call over HTTP: what a success begins with in words; nothing is sent twice, so limits do not matter
CALLS: list[tuple[str, dict[str, str], str]] = [
    ("send", {"phones": PHONE, "mes": "hi"}, "OK - 1 SMS, ID - 1"),
    ("status", {"phone": PHONE, "id": "seen"}, "Status = -1, check_time = 18.11.2026 14:06:40"),
    ("balance", {}, "9999998.56"),
    ("get", {"get_messages": "1"}, "Status = -1, "),
    ("get", {"get_answers": "1"}, "id = 1, received = "),
    ("get", {"get_stat": "1", "start": "18.11.2026"}, "login = demo, sms = 1"),
    ("get", {"get_price": "1"}, "zone = 1, name = Sandbox"),
    ("info", {"get_operator": "1", "phone": "77010000001"}, "country = Казахстан, operator = Кселл"),
    ("tinyurls", {"get": "1", "id": "1"}, "id = 1, cnt = 0"),
    ("templates", {"get": "1"}, "id = 1, name = имя"),
    ("templates", {"add": "1", "name": "b", "msg": "c"}, "ID - 2"),
    ("templates", {"del": "1", "id": "1"}, "OK"),
    ("receive_phones", {"gets": "1"}, "phone = 79120000001, type = 1"),
    ("receive_phones", {"buy": "1", "phone": "79120000001"}, "cost = 216.66"),
    ("wait_call", {"phone": PHONE}, "phone = 74950000002, all_phones = "),
    ("downloads", {"get_list": "1"}, "id = 1, name = задача, status = 0"),
]


@pytest.mark.parametrize("charset", ["", "windows-1251", "utf-8", "koi8-r"])
@pytest.mark.parametrize(("script", "form", "words"), CALLS)
async def test_every_call_answers_in_every_format_and_charset(
    sandbox: Sandbox, script: str, form: dict[str, str], words: str, charset: str
) -> None:
    """Without `charset` it is windows-1251 (A1); the header says that whatever was asked for (recorded)."""
    await sandbox.smsc("send", phones=PHONE, mes="Привет", id="seen")
    await sandbox.smsc("templates", add="1", name="имя", msg="m")
    await sandbox.happen("incoming", phone=PHONE, mes="Стоп", to="1")
    await sandbox.happen("link", link="http://shop.example/")
    await sandbox.happen("task", name="задача")
    asked = form | ({"charset": charset} if charset else {})
    plain = await sandbox.call(f"/sys/{script}.php", **WHO, **asked)

    assert plain.body.decode(charset or "windows-1251").startswith(words)
    assert plain.content_type == "text/html; charset=windows-1251"
    if script in {"send", "templates", "receive_phones"} and "get" not in form and "gets" not in form:
        return
    xml = await sandbox.call(f"/sys/{script}.php", **WHO, **asked, fmt="2")
    json = await sandbox.call(f"/sys/{script}.php", **WHO, **asked, fmt="3")
    assert xml.body.decode(charset or "windows-1251").startswith("<")
    assert orjson.loads(json.body.decode(charset or "windows-1251"))


# documented: S1, S3, S4: the common error forms
@pytest.mark.parametrize("script", ["send", *sorted({script for script, _, _ in CALLS} - {"send"})])
@pytest.mark.parametrize(
    ("fmt", "body"),
    [
        ("0", b"ERROR = 2 (authorise error)"),
        ("1", b"0,-2"),
        ("2", b"<result>\n<error>authorise error</error>\n<error_code>2</error_code>\n</result>"),
        ("3", b'{"error":"authorise error","error_code":2}'),
        ("7", b"ERROR = 2 (authorise error)"),
    ],
)
async def test_every_script_says_in_every_format_who_is_a_stranger(
    sandbox: Sandbox, script: str, fmt: str, body: bytes
) -> None:
    assert (await sandbox.call(f"/sys/{script}.php", login="demo", psw="wrong", fmt=fmt)).body == body


@pytest.mark.parametrize("script", ["get", "info", "tinyurls", "templates", "receive_phones", "downloads"])
async def test_a_script_without_an_action_is_error_1(sandbox: Sandbox, script: str) -> None:
    assert (await sandbox.smsc(script))["error_code"] == 1


def test_what_a_charset_lacks_is_replaced() -> None:
    answer = said.Answers(found=(said.AnswerRow(id=1, received=0, phone="1", text="Я 😀", to_phone="", sent=0),))

    assert "Я ?" in render(answer, "3", "cp1251").decode("cp1251")
    assert "Я &#128512;" in render(answer, "2", "koi8-r").decode("koi8-r")


async def test_a_request_in_koi8_r_is_read_as_such(sandbox: Sandbox) -> None:
    body = urlencode(WHO | {"charset": "koi8-r", "phones": PHONE, "mes": "Привет"}, encoding="koi8-r")
    heard = await sandbox.request("GET", f"/sys/send.php?{body}")

    assert heard.body == b"OK - 1 SMS, ID - 1"
    assert (await sandbox.messages())[0]["text"] == "Привет"
