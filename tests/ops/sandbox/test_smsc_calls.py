"""The smsc family's smaller calls: operators, links, templates, numbers, calls, statistics, tariff (A5-A9)."""

from decimal import Decimal
from typing import Any

import pytest

from ops.sandbox.config import AccountConfig, Family
from tests.ops.sandbox.driving import Handler, Sandbox, Start
from tests.support import wait_until

PHONE = "79990000001"
HOME = {
    "country": "Sandbox",
    "operator": "Sandbox Mobile",
    "region": "Loopback",
    "mcc": "250",
    "mnc": "01",
    "tz": "0",
}


async def test_one_operator_is_an_object_and_many_are_a_list_with_phones(sandbox: Sandbox) -> None:
    """Documented: S1; that an unknown number among known ones gives an empty row is a guess."""
    one = await sandbox.smsc("info", get_operator="1", phone=f"+{PHONE}")
    many = await sandbox.smsc("info", get_operator="1", phone=f"{PHONE},77010000001,15550000001")

    assert one == HOME
    assert many[0] == HOME | {"phone": PHONE}
    assert (many[1]["operator"], many[1]["tz"], many[1]["phone"]) == ("Кселл", "2", "77010000001")
    assert many[2] == dict.fromkeys(HOME, "") | {"phone": "15550000001"}


@pytest.mark.parametrize(("phone", "code"), [("", 1), ("15550000001", 3), ("7999", 3), ("x", 3)])
async def test_an_unknown_operator_is_error_3(sandbox: Sandbox, phone: str, code: int) -> None:
    assert (await sandbox.smsc("info", get_operator="1", phone=phone))["error_code"] == code


async def test_a_hundred_operator_requests_a_minute_are_enough(sandbox: Sandbox) -> None:
    codes = [
        (await sandbox.smsc("info", get_operator="1", phone=f"79990000{index:03}")).get("error_code", 0)
        for index in range(101)
    ]

    assert codes == [0] * 100 + [9]
    assert (await sandbox.summary("smsc/demo"))["violations"] == {"operator": 1}


async def test_a_link_in_a_text_is_shortened_and_its_clicks_are_counted(sandbox: Sandbox) -> None:
    """Three clicks on 18 November, two on 7 December, four on the 8th, today; documented: S1 tinyurls."""
    target = "http://shop.example/?a=1"
    await sandbox.smsc("send", phones=PHONE, mes=f"Buy {target} now", tinyurl="1")
    await sandbox.smsc("send", phones=PHONE, mes=f"Buy {target} later")
    for clicks, days in ((3, 19), (2, 1), (4, 0)):
        await sandbox.happen("link", link=target, clicks=clicks)
        sandbox.time.now += days * 86400

    assert [row["text"] for row in await sandbox.messages()] == [
        "Buy https://smsc.example/1 now",
        f"Buy {target} later",
    ]
    by_id = await sandbox.smsc("tinyurls", get="1", id="1")
    assert by_id == {
        "id": "1",
        "cnt": "9",
        "cnt_mon": "6",
        "cnt_day": "4",
        "cnt_yes": "2",
        "cnt_pmon": "3",
        "link": "https://smsc.example/1",
    }
    assert await sandbox.smsc("tinyurls", get="1", link=target) == by_id


@pytest.mark.parametrize(
    ("form", "code"),
    [({}, 1), ({"id": "1", "link": "x"}, 1), ({"id": "2"}, 3), ({"link": "http://other/"}, 3), ({"get": "0"}, 1)],
)
async def test_an_unknown_link_is_error_3(sandbox: Sandbox, form: dict[str, str], code: int) -> None:
    await sandbox.happen("link", link="http://shop.example/")

    assert (await sandbox.smsc("tinyurls", **({"get": "1"} | form)))["error_code"] == code


async def test_templates_are_added_changed_listed_and_deleted(sandbox: Sandbox) -> None:
    """Documented: S3, with its types."""

    async def call(action: str, **form: str) -> Any:
        return await sandbox.smsc("templates", **{action: "1"}, **form)

    assert await call("add", name="first", msg="Привет") == {"id": 1}
    assert await call("add", name="second", msg="b", format="flash", sender="ACME", **{"fl[1]": "1"}) == {"id": 2}
    assert await call("chg", id="1", msg="Пока") == {"result": "OK"}
    assert await call("get") == [
        {"id": 1, "name": "first", "format": "", "sender": "", "flag": 0, "message": "Пока"},
        {"id": 2, "name": "second", "format": "flash", "sender": "ACME", "flag": 1, "message": "b"},
    ]
    assert await call("del", id="1") == {"result": "OK"}
    assert [row["id"] for row in await call("get")] == [2]
    assert await call("add", name="third", msg="c") == {"id": 3}


# documented: S3 (codes 3 and 5); which mistakes give 5 is a guess
@pytest.mark.parametrize(
    ("form", "code"),
    [
        ({"add": "1", "name": "x"}, 1),
        ({"add": "1", "msg": "x"}, 1),
        ({"add": "1", "name": "x", "msg": "x", "format": "fax"}, 1),
        ({"add": "1", "name": "x", "msg": "x", "fl[1]": "2"}, 1),
        ({"add": "1", "name": "taken", "msg": "x"}, 5),
        ({"chg": "1"}, 1),
        ({"chg": "1", "id": "7"}, 3),
        ({"chg": "1", "id": "x"}, 3),
        ({"chg": "1", "id": "2", "name": "taken"}, 5),
        ({"del": "1"}, 1),
        ({"del": "1", "id": "7"}, 3),
        ({}, 1),
    ],
)
async def test_a_wrong_template_request_changes_nothing(sandbox: Sandbox, form: dict[str, str], code: int) -> None:
    for name in ("taken", "other"):
        await sandbox.smsc("templates", add="1", name=name, msg="m")

    assert (await sandbox.smsc("templates", **form))["error_code"] == code
    assert [row["name"] for row in await sandbox.smsc("templates", get="1")] == ["taken", "other"]


@pytest.mark.parametrize("flag", ["get", "gets"])
async def test_numbers_for_rent_cost_the_rest_of_the_month(sandbox: Sandbox, flag: str) -> None:
    """The clock stands at 18 November: 13 of 30 days are left."""
    rows = await sandbox.smsc("receive_phones", **{flag: "1"})

    assert [(row["phone"], row["type"], row["cost"], row["current_cost"]) for row in rows] == [
        ("79120000001", "1", "500", "216.66"),
        ("79120000002", "2", "300", "130"),
        ("79120000003", "4", "900", "390"),
    ]
    assert rows[1]["info"] == "Сим-хостинг, SMS и звонки"


async def test_a_number_is_rented_once_and_for_money(start: Start) -> None:
    account = AccountConfig(family=Family.SMSC, login="demo", secret="demo-secret", balance=Decimal(200))
    sandbox = await start(accounts=(account,))
    number = "79120000002"

    async def call(**form: str) -> Any:
        return await sandbox.smsc("receive_phones", **form)

    assert (await call(chg="1", phone=number, noprolong="1"))["error_code"] == 3
    assert await call(buy="1", phone=number) == {"cost": "130"}
    assert (await call(buy="1", phone=number))["error_code"] == 3
    assert (await call(buy="1", phone="79120000001"))["error_code"] == 5
    assert await call(chg="1", phone=number, noprolong="1") == {"result": "OK"}
    assert [row["phone"] for row in await call(get="1")] == ["79120000001", "79120000003"]
    assert await sandbox.smsc("balance") == {"balance": "70"}
    assert (await call(buy="1"))["error_code"] == 1
    assert (await call(chg="1", phone=number, noprolong="2"))["error_code"] == 1


async def test_a_confirming_call_is_an_incoming_message_and_a_callback(sandbox: Sandbox, handler: Handler) -> None:
    """Documented: S4 (15 minutes, the text `[waitcall]`, the field `waitcall`); the other fields are guesses."""
    await sandbox.switch(callback=handler.url)
    told = await sandbox.smsc("wait_call", phone=f"+{PHONE}")
    sandbox.time.now += 899
    assert await sandbox.happen("call", phone=PHONE) == {"id": 1}

    assert told == {"phone": "74950000002", "all_phones": "74950000001,74950000002"}
    (answer,) = await sandbox.smsc("get", get_answers="1")
    assert (answer["phone"], answer["message"]) == (PHONE, "[waitcall] 74950000002")
    (call,) = await handler.until(1)
    assert (call.form()["waitcall"], call.form()["phone"], "mes" in call.form()) == ("74950000002", PHONE, False)
    assert "error" in await sandbox.happen("call", phone=PHONE)


async def test_a_call_comes_too_late_after_a_quarter_of_an_hour(sandbox: Sandbox) -> None:
    await sandbox.smsc("wait_call", phone=PHONE)
    sandbox.time.now += 900

    assert "error" in await sandbox.happen("call", phone=PHONE)
    assert await sandbox.smsc("get", get_answers="1") == []


async def test_a_call_may_come_by_itself(start: Start) -> None:
    sandbox = await start(call_after=5.0)
    await sandbox.smsc("wait_call", phone=PHONE)
    sandbox.time.now += 5

    await wait_until(lambda: _has_called(sandbox), description="the call")


async def _has_called(sandbox: Sandbox) -> bool:
    return "error" in await sandbox.happen("call", phone=PHONE)  # nobody waits any more


@pytest.mark.parametrize("phone", ["", "x", "123"])
async def test_a_confirming_call_needs_a_phone(sandbox: Sandbox, phone: str) -> None:
    assert (await sandbox.smsc("wait_call", phone=phone))["error_code"] == 1


async def test_statistics_sum_up_a_period(sandbox: Sandbox) -> None:
    await sandbox.smsc("send", phones=PHONE, mes="x" * 161)
    sandbox.time.now += 86400
    await sandbox.smsc("send", phones=PHONE, mes="x")

    async def stat(**form: str) -> Any:
        return await sandbox.smsc("get", get_stat="1", **form)

    row = {"login": "demo", "sms": "1", "credit": "0", "debit": "2.88", "currency": "RUR"}
    assert await stat(start="18.11.2026", end="18.11.2026") == [row]
    assert (await stat(start="18.11.2026", end="19.11.2026"))[0]["sms"] == "2"
    assert (await stat())["error_code"] == 1
    assert (await stat(start="18.11.2026", end="x"))["error_code"] == 1


async def test_the_tariff_is_an_object_of_strings(sandbox: Sandbox) -> None:
    price = await sandbox.smsc("get", get_price="1")

    assert set(price) == {"zones", "codes", "mail"}
    assert set(price["zones"][0]) == {"zone", "name", "api", "mass", "mms", "hlr", "call"}
    assert price["codes"][0] == {"mccmnc": "25001", "cost": "1.44"}
    assert isinstance(price["mail"], str)


# documented: PROVIDERS.md A3; the letters of both translits are the sandbox's own
@pytest.mark.parametrize(
    ("form", "text", "segments"),
    [
        ({"translit": "1"}, "Schuka est'", 1),
        ({"translit": "0"}, "Щука есть", 1),
        ({"mes": "ж" * 300, "maxsms": "2"}, "ж" * 134, 2),
        ({"mes": "x" * 161, "maxsms": "1"}, "x" * 160, 1),
        ({"mes": "ж" * 71, "translit": "1"}, "zh" * 71, 1),
    ],
)
async def test_a_text_is_turned_before_it_is_counted(
    sandbox: Sandbox, form: dict[str, str], text: str, segments: int
) -> None:
    await sandbox.smsc("send", **({"phones": PHONE, "mes": "Щука есть"} | form))

    (message,) = await sandbox.messages()
    assert (message["text"], message["segments"]) == (text, segments)


@pytest.mark.parametrize("form", [{"imgcode": "12345", "userip": "1.2.3.4"}, {"period": "2"}, {"nonsense": "1"}])
async def test_other_parameters_are_taken_without_a_word(sandbox: Sandbox, form: dict[str, str]) -> None:
    assert await sandbox.smsc("send", phones=PHONE, mes="hi", **form) == {"id": 1, "cnt": 1}


async def test_a_flash_message_says_so_in_its_status(sandbox: Sandbox) -> None:
    await sandbox.smsc("send", phones=PHONE, mes="hi", flash="1", id="f")

    assert (await sandbox.smsc("status", phone=PHONE, id="f", all="1"))["type"] == 1


@pytest.mark.parametrize("translit", ["3", "yes"])
async def test_an_unknown_translit_is_error_1(sandbox: Sandbox, translit: str) -> None:
    assert (await sandbox.smsc("send", phones=PHONE, mes="hi", translit=translit))["error_code"] == 1
