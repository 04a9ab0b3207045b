"""The documented request limits: what is refused, what is counted, and when it is allowed again."""

import asyncio
from typing import Any

import pytest

from ops.sandbox.config import AccountConfig, Family, OverRate
from tests.ops.sandbox.driving import Sandbox, Start
from tests.support import wait_until

PHONE = "79990000001"


# documented: PROVIDERS.md A13; how many are admitted, the seconds they hold, and the violation
@pytest.mark.parametrize(
    ("script", "form", "most", "within", "violation"),
    [
        ("send", {"phones": PHONE, "mes": "hi"}, 1, 60, "identical_send"),
        ("send", {"phones": PHONE, "mes": "hi", "cost": "1"}, 5, 60, "identical_cost"),
        ("status", {"phone": PHONE, "id": "a"}, 5, 60, "same_status"),
        ("status", {"phone": PHONE + ",", "id": "a,"}, 1, 60, "bulk_status"),
        ("balance", {}, 10, 60, "balance"),
        ("get", {"get_messages": "1"}, 3, 60, "identical_history"),
        ("get", {"get_answers": "1"}, 3, 60, "identical_answers"),
        ("get", {"get_stat": "1", "start": "01.01.2026"}, 3, 60, "stat"),
        ("get", {"get_price": "1"}, 3, 60, "identical_price"),
        ("info", {"get_operator": "1", "phone": PHONE}, 3, 60, "identical_operator"),
        ("tinyurls", {"get": "1", "id": "1"}, 3, 60, "identical_tinyurl"),
        ("templates", {"get": "1"}, 3, 60, "identical_template"),
        ("templates", {"del": "1", "id": "1"}, 3, 60, "identical_template"),
        ("templates", {"add": "1", "name": "a", "msg": "b"}, 3, 60, "identical_template"),
        ("receive_phones", {"get": "1"}, 2, 60, "identical_number"),
        ("receive_phones", {"buy": "1", "phone": "79120000001"}, 2, 60, "identical_number"),
        ("wait_call", {"phone": PHONE}, 50, 60, "identical_wait_call"),
        ("downloads", {"get_list": "1"}, 3, 60, "identical_download"),
        ("downloads", {"get_file": "1", "id": "1"}, 3, 60, "identical_download"),
    ],
)
async def test_one_request_too_many_is_error_9_until_the_window_has_passed(
    sandbox: Sandbox, script: str, form: dict[str, str], most: int, within: float, violation: str
) -> None:
    async def error() -> int:
        answer = await sandbox.smsc(script, **form)
        return answer.get("error_code", 0) if isinstance(answer, dict) else 0

    admitted = [await error() for _ in range(most)]
    refused = await error()
    sandbox.time.now += within - 0.001
    still_refused = await error()
    sandbox.time.now += 0.002

    assert 9 not in admitted
    assert (refused, still_refused) == (9, 9)
    assert await error() != 9
    assert (await sandbox.summary("smsc/demo"))["violations"] == {violation: 2}


async def test_more_than_30_histories_an_hour_are_refused_however_they_differ(sandbox: Sandbox) -> None:
    async def history(index: int) -> int:
        sandbox.time.now += 100
        return (await sandbox.smsc("get", get_messages="1", cnt=str(index)))["error_code"]

    codes = [await history(index) for index in range(1, 32)]

    assert codes == [3] * 30 + [9]
    assert (await sandbox.summary("smsc/demo"))["violations"] == {"history": 1}


# what makes a request another one: by default the client id does not (the strict reading of A3)
@pytest.mark.parametrize(
    ("id_counts", "change", "code"),
    [
        (False, {"id": "b"}, 9),
        (True, {"id": "b"}, 0),
        (False, {"mes": "other"}, 0),
        (False, {"sender": "ACME"}, 0),
        (False, {"phones": "79990000002"}, 0),
        (True, {}, 9),
    ],
)
async def test_identical_means_the_same_parameters(
    start: Start, *, id_counts: bool, change: dict[str, str], code: int
) -> None:
    sandbox = await start(id_counts=id_counts)
    form = {"phones": PHONE, "mes": "hi", "id": "a"}
    await sandbox.smsc("send", **form)

    assert (await sandbox.smsc("send", **(form | change))).get("error_code", 0) == code


async def test_status_limits_are_per_message(sandbox: Sandbox) -> None:
    codes = [(await sandbox.smsc("status", phone=PHONE, id=name))["error_code"] for name in "abc" for _ in range(5)]

    assert codes == [3] * 15


async def test_the_fifteenth_request_at_once_is_refused(sandbox: Sandbox) -> None:
    await sandbox.switch(family="smsc", hold_answers=True)
    waiting = [asyncio.create_task(_send(sandbox, index)) for index in range(14)]
    await wait_until(lambda: _at_once(sandbox, 14), description="14 requests at once")
    refused = await _send(sandbox, 14)
    await sandbox.switch(family="smsc", hold_answers=False)

    assert refused == {"error": "too many concurrent requests", "error_code": 9}
    assert all("error" not in answer for answer in await asyncio.gather(*waiting))
    summary = await sandbox.summary("smsc/demo")
    assert (summary["max_simultaneous"], summary["violations"]) == (15, {"simultaneous": 1})
    assert (await _send(sandbox, 14))["cnt"] == 1


async def test_the_fifth_status_request_at_once_is_refused(sandbox: Sandbox) -> None:
    """Whatever else the login asks meanwhile: only status requests count (documented: PROVIDERS.md A4)."""
    await _send(sandbox, 0)
    await sandbox.switch(family="smsc", hold_answers=True)
    waiting = [asyncio.create_task(_send(sandbox, index)) for index in range(1, 4)]
    waiting += [asyncio.create_task(sandbox.smsc("status", phone=PHONE, id=f"s{index}")) for index in range(4)]
    await wait_until(lambda: _at_once(sandbox, 7), description="7 requests at once")
    refused = await sandbox.smsc("status", phone=PHONE, id="s4")
    await sandbox.switch(family="smsc", hold_answers=False)

    assert refused == {"error": "too many concurrent requests", "error_code": 9}
    assert [answer.get("error_code", 0) for answer in await asyncio.gather(*waiting)] == [0] * 3 + [3] * 4
    summary = await sandbox.summary("smsc/demo")
    assert (summary["max_simultaneous_of"]["status"], summary["violations"]) == (5, {"simultaneous_status": 1})
    assert (await sandbox.smsc("status", phone=PHONE, id="s4"))["error_code"] == 3


async def _send(sandbox: Sandbox, index: int) -> Any:
    return await sandbox.smsc("send", phones=PHONE, mes=f"text {index}")


async def _at_once(sandbox: Sandbox, number: int) -> bool:
    return (await sandbox.summary("smsc/demo"))["simultaneous"] == number


def _limited(family: Family, over_rate: OverRate) -> AccountConfig:
    return AccountConfig(
        family=family,
        login="demo",
        secret="demo-secret",
        key="demo-key",
        rate=3,
        over_rate=over_rate,
    )


async def test_an_account_rate_refuses_by_any_one_second_window(start: Start) -> None:
    sandbox = await start(accounts=(_limited(Family.SMSC, OverRate.REFUSE),))
    codes = []
    for step in (0.0, 0.5, 0.4, 0.09, 0.02, 0.4, 0.5):
        sandbox.time.now += step
        codes.append((await sandbox.smsc("send", phones=PHONE, mes=str(len(codes)))).get("error_code", 0))

    assert codes == [0, 0, 0, 9, 0, 9, 0]
    summary = await sandbox.summary("smsc/demo")
    assert (summary["violations"], summary["max_accepted_sends_per_second"]) == ({"rate": 2}, 3)


async def test_a_restv2_account_over_its_rate_hears_429(start: Start) -> None:
    sandbox = await start(accounts=(_limited(Family.RESTV2, OverRate.REFUSE),))
    statuses = [(await sandbox.call("/api/sms/send", key="demo-key", to=PHONE, text="hi")).status for _ in range(4)]

    assert statuses == [200, 200, 200, 429]
    assert len(await sandbox.messages()) == 3


async def test_a_rate_can_be_counted_without_refusing(start: Start) -> None:
    sandbox = await start(accounts=(_limited(Family.SMSC, OverRate.COUNT),))
    for index in range(5):
        await _send(sandbox, index)

    summary = await sandbox.summary("smsc/demo")
    assert (summary["accepted"], summary["violations"]) == (5, {"rate": 2})
    assert summary["max_accepted_sends_per_second"] == 5
