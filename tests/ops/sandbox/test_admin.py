"""The admin address: what it tells, and the switches that make an account difficult."""

import asyncio

import aiohttp
import orjson
import pytest

from tests.ops.sandbox.driving import Sandbox
from tests.support import wait_until

PHONE = "79990000001"


async def _send(sandbox: Sandbox, text: str = "hi", phone: str = PHONE) -> None:
    await sandbox.smsc("send", phones=phone, mes=text)


async def test_messages_page_in_order_of_acceptance_over_all_accounts(sandbox: Sandbox) -> None:
    for index in range(3):
        await _send(sandbox, f"smsc {index}")
        await sandbox.restv2("sms/send", to=PHONE, text=f"restv2 {index}")

    first = await sandbox.messages(limit="4")
    rest = await sandbox.messages(after=str(first[-1]["number"]))

    assert [row["number"] for row in first + rest] == [1, 2, 3, 4, 5, 6]
    assert [row["text"] for row in rest] == ["smsc 2", "restv2 2"]


async def test_messages_are_filtered_by_account_and_phone(sandbox: Sandbox) -> None:
    await _send(sandbox, phone="79990000002")
    await _send(sandbox, "a")
    await sandbox.restv2("sms/send", to=PHONE, text="b")
    await _send(sandbox, "c")

    assert [row["text"] for row in await sandbox.messages(phone=PHONE)] == ["a", "b", "c"]
    assert [row["text"] for row in await sandbox.messages(phone=PHONE, family="smsc")] == ["a", "c"]
    assert [row["text"] for row in await sandbox.messages(phone=PHONE, after="3")] == ["c"]
    assert await sandbox.messages(login="nobody") == []


async def test_no_secret_is_written_down(sandbox: Sandbox) -> None:
    await _send(sandbox)
    await sandbox.call("/sys/send.php", apikey="demo-api-key", fmt="3", phones=PHONE, mes="b")
    await sandbox.restv2("sms/send", to=PHONE, text="c")
    person = {"username": "demo", "password": "demo-secret"}
    await sandbox.call("/api/sms/send", to=PHONE, text="d", **person)

    shown = (await sandbox.request("GET", "/sandbox/messages")).body
    assert [secret for secret in (b"demo-secret", b"demo-api-key", b"demo-key") if secret in shown] == []
    assert shown.count(b'"number"') == 4


async def test_the_summary_counts_requests_by_call_and_duplicates_by_text(sandbox: Sandbox) -> None:
    await _send(sandbox, "a")
    await _send(sandbox, "b")
    sandbox.time.now += 60
    await _send(sandbox, "a")
    await sandbox.smsc("balance")
    heard = (await sandbox.request("GET", "/sandbox/summary")).json

    assert (heard["accepted"], heard["duplicates"], heard["violations"]) == (3, 1, {})
    row = heard["accounts"]["smsc/demo"]
    assert row["requests"] == {"send": 3, "balance": 1}
    assert (row["max_simultaneous"], row["max_accepted_sends_per_second"]) == (1, 2)
    assert heard["accounts"]["restv2/demo"]["accepted"] == 0


async def test_arrivals_tell_when_send_requests_came(sandbox: Sandbox) -> None:
    for step in (0.0, 0.25):
        sandbox.time.now += step
        await _send(sandbox)
    await sandbox.smsc("balance")

    heard = (await sandbox.request("GET", "/sandbox/arrivals", params={"login": "demo"})).json
    assert heard == {"now": 1000.25, "arrivals": {"smsc/demo": [1000.0, 1000.25], "restv2/demo": []}}


# what each switch brings: smsc send and balance (A2), restv2 send and balance (B2)
@pytest.mark.parametrize(
    ("switch", "smsc", "restv2"),
    [
        ("no_money", (3, 0), ("105", "0")),
        ("blocked", (4, 4), ("101", "101")),
        ("wrong_credentials", (2, 2), ("101", "101")),
    ],
)
async def test_a_switch_refuses_until_it_is_turned_off(
    sandbox: Sandbox, switch: str, smsc: tuple[int, int], restv2: tuple[str, str]
) -> None:
    async def errors(text: str) -> tuple[tuple[int, int], tuple[str, str]]:
        mine = [await sandbox.smsc("send", phones=PHONE, mes=text), await sandbox.smsc("balance")]
        theirs = [await sandbox.restv2("sms/send", to=PHONE, text=text), await sandbox.restv2("balance/get")]
        first, second = (answer.get("error_code", 0) for answer in mine)
        third, fourth = (answer.get("error", "0") for answer in theirs)
        return (first, second), (third, fourth)

    await sandbox.switch(**{switch: True})
    assert await errors("on") == (smsc, restv2)
    assert await sandbox.messages() == []
    await sandbox.switch(**{switch: False})
    assert await errors("off") == ((0, 0), ("0", "0"))


async def test_latency_comes_after_acceptance(sandbox: Sandbox) -> None:
    await sandbox.switch(latency=0.2)
    await _send(sandbox)

    assert sandbox.time.slept == [0.2]
    assert len(await sandbox.messages()) == 1


async def test_a_paused_account_decides_nothing_until_it_is_resumed(sandbox: Sandbox) -> None:
    await sandbox.switch(paused=True)
    waiting = asyncio.create_task(_send(sandbox))
    await _until_waiting(sandbox)
    assert await sandbox.messages() == []
    await sandbox.switch(paused=False)
    await waiting

    assert len(await sandbox.messages()) == 1


async def test_a_client_that_leaves_a_paused_account_has_sent_nothing(sandbox: Sandbox) -> None:
    await sandbox.switch(paused=True)
    async with aiohttp.ClientSession() as leaving:
        form = {"apikey": "demo-api-key", "fmt": "3", "phones": PHONE, "mes": "hi"}
        waiting = asyncio.create_task(_post(leaving, f"{sandbox.url}/sys/send.php", form))
        await _until_waiting(sandbox)
        waiting.cancel()
        await asyncio.wait([waiting])
    await sandbox.switch(paused=False)
    await wait_until(lambda: _idle(sandbox), description="the request is given up")

    assert await sandbox.messages() == []


async def test_held_answers_are_accepted_and_come_when_released(sandbox: Sandbox) -> None:
    await sandbox.switch(hold_answers=True)
    waiting = asyncio.create_task(_send(sandbox))
    await wait_until(sandbox.messages, description="the message is accepted")
    assert not waiting.done()
    await sandbox.switch(hold_answers=False)

    await waiting


async def _post(session: aiohttp.ClientSession, url: str, form: dict[str, str]) -> bytes:
    async with session.post(url, data=form) as answer:
        return await answer.read()


async def _until_waiting(sandbox: Sandbox) -> None:
    async def is_waiting() -> bool:
        return (await sandbox.summary("smsc/demo"))["simultaneous"] == 1

    await wait_until(is_waiting, description="a request waits at the door")


@pytest.mark.parametrize("path", ["/sys/send.php", "/sys/balance.php", "/api/sms/send", "/api/balance/get"])
async def test_in_maintenance_everything_is_answered_by_a_page_and_nothing_is_accepted(
    sandbox: Sandbox, path: str
) -> None:
    who = {"login": "demo", "psw": "demo-secret", "key": "demo-key"}
    message = {"phones": "306912345678", "mes": "hi", "to": "306912345678", "text": "hi"}
    for family in ("smsc", "restv2"):
        await sandbox.switch(family=family, maintenance=True)
    heard = await sandbox.call(path, **who, **message)
    assert (heard.status, heard.body[:6]) == (200, b"<html>")
    assert (await sandbox.request("GET", "/sandbox/summary")).json["accepted"] == 0


async def _idle(sandbox: Sandbox) -> bool:
    return (await sandbox.summary("smsc/demo"))["simultaneous"] == 0


@pytest.mark.parametrize(
    ("body", "status"),
    [
        (b"", 400),
        (b"[]", 400),
        (b"{}", 400),
        (b'{"login": "demo", "money": true}', 400),
        (b'{"login": "demo", "blocked": "yes"}', 400),
        (b'{"login": "demo", "latency": -1}', 400),
        (b'{"login": "demo", "balance": "lots"}', 400),
        (b'{"login": "demo", "balance": -1}', 400),
        (b'{"login": "demo", "balance": "nan"}', 400),
        (b'{"login": "nobody"}', 404),
        (b'{"login": "demo", "family": "smtp"}', 404),
    ],
)
async def test_a_switch_that_makes_no_sense_changes_nothing(sandbox: Sandbox, body: bytes, status: int) -> None:
    before = await sandbox.summary("smsc/demo")
    heard = await sandbox.request("POST", "/sandbox/account", data=body)

    assert (heard.status, "error" in heard.json) == (status, True)
    assert await sandbox.summary("smsc/demo") == before


@pytest.mark.parametrize("query", [{"after": "x"}, {"limit": "-1"}, {"after": "9" * 99}])
async def test_a_page_that_makes_no_sense_is_refused(sandbox: Sandbox, query: dict[str, str]) -> None:
    assert (await sandbox.request("GET", "/sandbox/messages", params=query)).status == 400


async def test_a_reset_brings_back_the_start(sandbox: Sandbox) -> None:
    before = (await sandbox.request("GET", "/sandbox/summary")).json
    await _send(sandbox)
    await sandbox.switch(no_money=True, balance=1)
    await sandbox.call("/api/key/reset", username="demo", password="demo-secret")
    await sandbox.request("POST", "/sandbox/reset")

    assert (await sandbox.request("GET", "/sandbox/summary")).json == before
    assert await sandbox.smsc("send", phones=PHONE, mes="hi") == {"id": 1, "cnt": 1}
    assert (await sandbox.messages())[0]["number"] == 1
    assert (await sandbox.restv2("balance/get"))["status"] == "1"


async def test_the_answer_of_a_switch_shows_the_account(sandbox: Sandbox) -> None:
    heard = await sandbox.switch(family="smsc", balance="12.5", latency=1)

    assert list(heard.json["accounts"]) == ["smsc/demo"]
    assert heard.json["accounts"]["smsc/demo"]["balance"] == "12.5"
    assert orjson.dumps(heard.json["accounts"]["smsc/demo"]["switches"]["latency"]) == b"1"
