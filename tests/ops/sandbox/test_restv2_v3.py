"""Version 3 of the restv2 family, where an account has it: bulk, cancel, status, history, own callbacks."""

from typing import Any
from urllib.parse import parse_qs

import pytest

from ops.sandbox.config import AccountConfig, Family, Pushing
from tests.ops.sandbox.driving import Handler, Sandbox, Start

TO = "306900000001"
ACCOUNT = AccountConfig(family=Family.RESTV2, login="demo", secret="demo-secret", key="demo-key", v3=True)
VERBS = ["sms/bulk", "sms/cancel", "status/sms", "me/balance", "history/single/list", "mobile/check"]


@pytest.fixture
async def v3(start: Start) -> Sandbox:
    return await start(accounts=(ACCOUNT,))


@pytest.mark.parametrize("verb", VERBS)
@pytest.mark.parametrize("key", ["demo-key", "wrong"])
async def test_without_version_3_its_calls_are_not_there(sandbox: Sandbox, verb: str, key: str) -> None:
    """Guessed: an unknown command is a page that is not found."""
    heard = await sandbox.call(f"/api/{verb}", key=key, type="json", to=TO, text="hi", mobile=TO)

    assert (heard.status, heard.content_type, heard.body[:6]) == (404, "text/html; charset=utf-8", b"<html>")
    assert await sandbox.messages() == []


@pytest.mark.parametrize("verb", VERBS[:-1])
async def test_version_3_wants_credentials(v3: Sandbox, verb: str) -> None:
    assert (await v3.restv2(verb, key="wrong"))["error"] == "101"


async def test_a_send_tells_more(v3: Sandbox) -> None:
    """Documented: PROVIDERS.md B4 (G-pysc)."""
    assert await v3.restv2("sms/send", to=TO, text="hi") == {
        "status": "1",
        "id": "1000000001",
        "balance": "9999999",
        "cost": "1",
        "mcc": "202",
        "mnc": "01",
        "error": "0",
        "remarks": "Success: Accepted for delivery",
    }
    assert (await v3.restv2("me/balance"))["balance"] == "9999999"


# documented: PROVIDERS.md B5: commas (G-pysc) or to[] (G-tube)
@pytest.mark.parametrize(
    "to",
    [
        [("to", f"{TO},nonsense, 306900000967,306900000002")],
        [("to[]", TO), ("to[]", "nonsense"), ("to[]", "306900000967"), ("to[]", "306900000002")],
    ],
)
async def test_a_bulk_names_whom_it_accepted(v3: Sandbox, to: list[tuple[str, str]]) -> None:
    form = [("key", "demo-key"), ("type", "json"), ("text", "hi"), ("from", "ACME"), *to]
    answer = (await v3.request("POST", "/api/sms/bulk", data=form)).json

    first, second = "1000000001", "1000000002"
    assert answer == {
        "id": [first, second],
        "sms": [
            {"id": first, "smsId": first, "msisdn": TO},
            {"id": second, "smsId": second, "msisdn": "306900000002"},
        ],
        "status": "1",
        "error": "0",
        "balance": "9999998",
        "cost": "2",
        "accepted": "2",
        "rejected": "2",
        "remarks": "Success: Accepted for delivery: 2, Not accepted for delivery: 2",
    }
    assert [(row["phone"], row["provider_id"], row["sender"]) for row in await v3.messages()] == [
        (TO, first, "ACME"),
        ("306900000002", second, "ACME"),
    ]
    assert (await v3.summary("restv2/demo"))["max_accepted_sends_per_second"] == 1


@pytest.mark.parametrize(
    ("form", "error"), [({"to": ""}, "102"), ({"to": "x"}, "103"), ({"text": ""}, "104"), ({"from": "T" * 12}, "40")]
)
async def test_a_bulk_without_a_good_number_is_refused(v3: Sandbox, form: dict[str, str], error: str) -> None:
    assert (await v3.restv2("sms/bulk", **({"to": TO, "text": "hi"} | form)))["error"] == error
    assert await v3.messages() == []


async def test_a_bulk_is_paid_whole_or_not_at_all(v3: Sandbox) -> None:
    await v3.switch(balance=2)

    assert (await v3.restv2("sms/bulk", to=f"{TO},306900000002,306900000003", text="hi"))["error"] == "105"
    assert (await v3.restv2("me/balance"))["balance"] == "2"


async def test_one_status_can_be_asked_for_again_and_again(v3: Sandbox) -> None:
    await v3.restv2("sms/send", to=TO, text="hi")
    early = await v3.restv2("status/sms", smsId="1000000001")
    v3.time.now += 10
    late = [await v3.restv2("status/sms", smsId="1000000001") for _ in range(2)]

    row = {"id": "1000000001", "smsId": "1000000001", "status": "d", "cost": "1", "ttd": "2"}
    assert early == {"status": "1", "error": "0", "remarks": "Info: No report"}
    assert late == [{"0": row, "sms": row, "status": "1", "error": "0", "remarks": "Success"}] * 2


@pytest.mark.parametrize("sms_id", ["", "x", "1000000002", "999", "9" * 40])
async def test_nothing_is_known_of_a_message_that_is_not_there(v3: Sandbox, sms_id: str) -> None:
    await v3.restv2("sms/send", to=TO, text="hi")

    assert (await v3.restv2("status/sms", smsId=sms_id))["remarks"] == "Info: No report"
    assert (await v3.restv2("sms/cancel", smsId=sms_id))["status"] == "0"


async def test_a_scheduled_message_can_be_cancelled_and_is_never_reported(v3: Sandbox) -> None:
    await v3.restv2("sms/send", to=TO, text="later", timestamp="1795000100")
    await v3.restv2("sms/send", to=TO, text="now")
    cancelled = [await v3.restv2("sms/cancel", smsId=f"100000000{number}") for number in (1, 1, 2)]
    v3.time.now += 1000
    drained = await v3.restv2("status/get")

    assert cancelled[0] == {"status": "1", "error": "0", "remarks": "Success: Message purged"}
    assert [answer["status"] for answer in cancelled] == ["1", "0", "0"]
    assert (drained["total"], drained["0"]["id"]) == ("1", "1000000002")
    assert (await v3.restv2("me/balance"))["balance"] == "9999999"


async def test_the_history_tells_the_newest_first(v3: Sandbox) -> None:
    for index in (1, 2, 3):
        await v3.restv2("sms/send", to=f"30690000000{index % 2}", text=f"{index}", **{"from": "ACME"})
    v3.time.now += 1
    rows = await v3.restv2("history/single/list")
    some = await v3.restv2("history/single/list", to=TO, limit="1")

    assert [rows[place]["text"] for place in "012"] == ["3", "2", "1"]
    assert rows["0"] == {
        "smsId": "1000000003",
        "sender": "ACME",
        "to": TO,
        "text": "3",
        "timestamp": "1795000000",
        "status": "s",
        "cost": "1",
        "ttd": "",
    }
    assert (some["total"], some["0"]["smsId"]) == ("1", "1000000003")


async def test_a_number_is_explained_without_credentials(v3: Sandbox) -> None:
    answer = (await v3.call("/api/mobile/check", mobile="+306912345678", type="json")).json

    assert answer["mobile"] == {
        "msisdn": "306912345678",
        "national": "6912345678",
        "country": "GR",
        "countryCode": "30",
        "gsmCode": "",
        "number": "6912345678",
        "mcc": "202",
        "mnc": "01",
        "cost": "1",
    }
    assert (await v3.call("/api/mobile/check", mobile="x", type="json")).json["error"] == "103"


@pytest.mark.parametrize(("digits", "letter"), [("001", "d"), ("931", "f")])
@pytest.mark.parametrize("method", ["GET", "POST"])
async def test_a_message_has_its_own_callback(
    start: Start, handler: Handler, method: str, digits: str, letter: str
) -> None:
    """Documented: PROVIDERS.md B9 (G-vend): msgid and status beside one's own fields; only the end is told."""
    sandbox = await start(accounts=(ACCOUNT,), pushing=Pushing(method=method))
    callback = f"{handler.url}/r?j=token-1"
    await sandbox.restv2("sms/send", to=f"306900000{digits}", text="hi", callback=callback)
    sandbox.time.now += 1.9
    await sandbox.restv2("sms/send", to="306900000003", text="no callback")
    sandbox.time.now += 0.2

    (call,) = await handler.until(1)
    told = {"msgid": "1000000001", "status": letter}
    form = {name: values[0] for name, values in parse_qs(call.body.decode()).items()}
    assert (call.method, call.path) == (method, "/r")
    assert (call.query, form) == (({"j": "token-1"} | told, {}) if method == "GET" else ({"j": "token-1"}, told))


@pytest.mark.parametrize("account", [{}, {"accounts": (ACCOUNT,)}])
async def test_a_callback_off_this_machine_or_without_version_3_is_never_made(
    start: Start, handler: Handler, account: dict[str, Any]
) -> None:
    sandbox = await start(**account)
    url = "http://example.org/" if account else handler.url
    assert (await sandbox.restv2("sms/send", to=TO, text="hi", callback=url))["status"] == "1"
    sandbox.time.now += 10

    assert (await sandbox.summary("restv2/demo"))["callbacks"] == ({"refused": 1} if account else {})
    assert handler.calls == []
