"""The restv2 family: send, the drain of changed statuses, balance and keys."""

import re

import pytest

from tests.ops.sandbox.driving import Sandbox, Start

TO = "306900000001"


async def test_a_message_is_accepted_with_every_number_a_string(sandbox: Sandbox) -> None:
    answer = await sandbox.restv2("sms/send", to=TO, text="Γειά", ucs="true", **{"from": "ACME"})

    assert answer == {"status": "1", "id": "1000000001", "balance": "9999999", "remarks": "Success"}
    (message,) = await sandbox.messages()
    assert (message["family"], message["phone"], message["text"]) == ("restv2", TO, "Γειά")
    assert (message["sender"], message["client_id"], message["provider_id"]) == ("ACME", "", "1000000001")
    assert "key" not in message["parameters"]


# documented: PROVIDERS.md B2, B4; 40 and 106 guessed for these causes
@pytest.mark.parametrize(
    ("form", "error", "remarks"),
    [
        ({"to": ""}, "102", "Error: Parameter [to] is missing"),
        ({"to": "+306900000001"}, "103", "Error: Parameter [to] cannot be parsed"),
        ({"to": "1234567890123456"}, "103", "Error: Parameter [to] cannot be parsed"),
        ({"text": ""}, "104", "Error: Parameter [text] is missing"),
        ({"from": "TwelveLetter"}, "40", "Error: Invalid sender"),
        ({"timestamp": "soon"}, "106", "Error: Message couldnt be sent"),
        ({"text": "x" * 2001}, "106", "Error: Message couldnt be sent"),
    ],
)
async def test_a_bad_parameter_gives_its_documented_error(
    sandbox: Sandbox, form: dict[str, str], error: str, remarks: str
) -> None:
    answer = await sandbox.restv2("sms/send", **({"to": TO, "text": "hi"} | form))

    assert answer == {"status": "0", "id": "0", "balance": "10000000", "error": error, "remarks": remarks}
    assert await sandbox.messages() == []


async def test_the_same_message_twice_is_accepted_twice(sandbox: Sandbox) -> None:
    """This family has no duplicate guard (B4): only the ledger tells."""
    for _ in range(3):
        await sandbox.restv2("sms/send", to=TO, text="hi")

    summary = await sandbox.summary("restv2/demo")
    assert (summary["accepted"], summary["duplicates"], summary["extra_copies"]) == (3, 1, 2)


async def test_every_change_is_drained_exactly_once(sandbox: Sandbox) -> None:
    for phone in (TO, "306900000931"):
        await sandbox.restv2("sms/send", to=phone, text="hi")
    drained = []
    for step in (0.0, 0.5, 0.0, 1.5, 100.0):
        sandbox.time.now += step
        drained.append(await sandbox.restv2("status/get"))

    nothing = {"status": "1", "remarks": "Info: No pending reports", "total": "0", "error": "0"}
    assert drained == [
        nothing,
        {
            "0": {"id": "1000000001", "status": "s"},
            "1": {"id": "1000000002", "status": "s"},
            "status": "1",
            "total": "2",
            "remarks": "Success",
        },
        nothing,
        {
            "0": {"id": "1000000001", "status": "d"},
            "1": {"id": "1000000002", "status": "f"},
            "status": "1",
            "total": "2",
            "remarks": "Success",
        },
        nothing,
    ]


async def test_a_late_reader_gets_only_the_newest_status(sandbox: Sandbox) -> None:
    await sandbox.restv2("sms/send", to=TO, text="hi")
    sandbox.time.now += 10

    answer = await sandbox.restv2("status/get")
    assert (answer["total"], answer["0"]["status"]) == ("1", "d")
    assert (await sandbox.restv2("status/get"))["total"] == "0"


async def test_a_drain_is_bounded_and_loses_nothing(start: Start) -> None:
    sandbox = await start(drain_batch=2)
    for index in range(5):
        await sandbox.restv2("sms/send", to=f"30690000000{index}", text="hi")
    sandbox.time.now += 10
    totals = [(await sandbox.restv2("status/get"))["total"] for _ in range(4)]

    assert totals == ["2", "2", "1", "0"]


async def test_a_scheduled_message_reports_after_its_timestamp(sandbox: Sandbox) -> None:
    await sandbox.restv2("sms/send", to=TO, text="later", timestamp="1795000100")
    await sandbox.restv2("sms/send", to=TO, text="now")
    sandbox.time.now += 10
    early = await sandbox.restv2("status/get")
    sandbox.time.now += 100
    late = await sandbox.restv2("status/get")

    assert (early["total"], early["0"]["id"]) == ("1", "1000000002")
    assert (late["total"], late["0"]["id"]) == ("1", "1000000001")


async def test_each_segment_is_one_sms_of_the_balance(sandbox: Sandbox) -> None:
    await sandbox.switch(family="restv2", balance=2)
    answer = await sandbox.restv2("sms/send", to=TO, text="x" * 161)
    refused = await sandbox.restv2("sms/send", to=TO, text="hi")

    assert answer["balance"] == "0"
    assert (refused["status"], refused["error"], refused["balance"]) == ("0", "105", "0")
    assert await sandbox.restv2("balance/get") == {"status": "1", "balance": "0", "remarks": "Success"}


@pytest.mark.parametrize(("ucs", "violations"), [("", {"ucs_missing": 1}), ("true", {})])
async def test_a_greek_text_without_ucs_is_noticed(sandbox: Sandbox, ucs: str, violations: dict[str, int]) -> None:
    await sandbox.restv2("sms/send", to=TO, text="Καλημέρα", ucs=ucs)

    assert (await sandbox.summary("restv2/demo"))["violations"] == violations


# documented: PROVIDERS.md B1-B3
@pytest.mark.parametrize(
    "who",
    [
        {"key": "wrong"},
        {"key": ""},
        {"key": "demo-api-key"},  # the other family's key
        {"key": "wrong", "username": "demo", "password": "demo-secret"},
    ],
)
async def test_wrong_credentials_are_error_101(sandbox: Sandbox, who: dict[str, str]) -> None:
    assert await sandbox.restv2("balance/get", **who) == {
        "status": "0",
        "error": "101",
        "remarks": "Error: Check your credentials",
    }


async def test_name_and_password_open_every_call_and_alone_open_the_key_calls(sandbox: Sandbox) -> None:
    person = {"username": "demo", "password": "demo-secret", "type": "json"}

    assert (await sandbox.call("/api/balance/get", **person)).json["status"] == "1"
    assert (await sandbox.call("/api/balance/get", key="", **person)).json["status"] == "1"
    assert (await sandbox.call("/api/key/get", **person)).json["key"] == "demo-key"
    assert (await sandbox.restv2("key/get"))["error"] == "101"
    assert (await sandbox.restv2("key/reset"))["error"] == "101"


async def test_a_reset_key_is_worth_nothing_from_then_on(sandbox: Sandbox) -> None:
    person = {"username": "demo", "password": "demo-secret", "type": "json"}
    new = (await sandbox.call("/api/key/reset", **person)).json["key"]

    assert (await sandbox.restv2("balance/get"))["error"] == "101"
    assert (await sandbox.restv2("balance/get", key=new))["status"] == "1"
    assert (await sandbox.call("/api/key/get", **person)).json["key"] == new


async def test_the_plain_form_is_bare_values(sandbox: Sandbox) -> None:
    async def plain(verb: str, **form: str) -> str:
        return (await sandbox.call(f"/api/{verb}", key="demo-key", **form)).body.decode()

    assert await plain("sms/send", to=TO, text="hi") == "1000000001"
    assert await plain("sms/send", to=TO, text="ho", type="v2") == "1000000002"
    assert await plain("sms/send", text="no recipient") == "0"
    assert await plain("balance/get") == "9999998"
    sandbox.time.now += 10
    assert await plain("status/get") == "1000000001 | d |\n1000000002 | d"
    assert await plain("status/get") == ""


async def test_a_get_request_is_as_good_as_a_form(sandbox: Sandbox) -> None:
    query = {"key": "demo-key", "to": TO, "text": "Γειά ΔΘΩ", "type": "json", "ucs": "true"}
    heard = await sandbox.request("GET", "/api/sms/send", params=query)

    assert heard.json["status"] == "1"
    assert (await sandbox.messages())[0]["text"] == "Γειά ΔΘΩ"


async def test_xml_is_written_as_documented(sandbox: Sandbox) -> None:
    """Documented: S0 and S2, whose samples indent by three blanks."""

    async def xml(verb: str, **form: str) -> str:
        return (await sandbox.call(f"/api/{verb}", **({"key": "demo-key", "type": "xml"} | form))).body.decode()

    head = "   <status>1</status>\n   <id>1000000001</id>\n   <balance>9999999</balance>\n"
    sent = f"{head}   <remarks>Success</remarks>\n"
    failed = (
        "   <status>0</status>\n   <id>0</id>\n   <balance>9999999</balance>\n   <error>104</error>\n"
        "   <remarks>Error: Parameter [text] is missing</remarks>\n"
    )
    changed = (
        "   <status>1</status>\n   <total>1</total>\n   <remarks>Success</remarks>\n"
        "   <sms>\n      <id>1000000001</id>\n      <status>d</status>\n   </sms>\n"
    )
    assert await xml("sms/send", to=TO, text="hi") == f"<response>\n{sent}</response>"
    assert await xml("sms/send", to=TO) == f"<response>\n{failed}</response>"
    sandbox.time.now += 10
    assert await xml("status/get") == f"<response>\n{changed}</response>"
    assert "<total>0</total>" in await xml("status/get")
    assert "<error>101</error>" in await xml("balance/get", key="wrong")


async def test_status_lists_may_be_oddly_spaced(sandbox: Sandbox) -> None:
    await sandbox.switch(family="restv2", odd_pipes=True)
    for index in range(4):
        await sandbox.restv2("sms/send", to=f"30690000000{index}", text="hi")
    sandbox.time.now += 10
    body = (await sandbox.call("/api/status/get", key="demo-key")).body.decode()

    assert body == ("1000000001|d|\r\n 1000000002 | d |\r\n\r\n1000000003  |d | \n1000000004|d|\r\n")
    assert re.findall(r"(\d+)\s*\|\s*(\w)", body) == [(f"100000000{index}", "d") for index in range(1, 5)]


async def test_an_unknown_command_is_not_found(sandbox: Sandbox) -> None:
    heard = await sandbox.call("/api/sms/sing", key="demo-key", type="json")

    assert (heard.status, heard.body[:6]) == (404, b"<html>")
