"""The smsc family's questions: status.php, balance.php and the history of get.php."""

from typing import Any

import pytest

from tests.ops.sandbox.driving import Sandbox

PHONE = "79990000001"
DAY = 86400


async def test_a_status_moves_on_with_the_clock_alone(sandbox: Sandbox) -> None:
    await sandbox.smsc("send", phones=PHONE, mes="hi", id="a")
    seen = []
    for step in (0.0, 0.49, 0.01, 1.49, 0.01):
        sandbox.time.now += step
        seen.append((await sandbox.smsc("status", phone=PHONE, id="a"))["status"])

    assert seen == [-1, -1, 0, 0, 1]


async def test_a_single_status_is_one_object_with_the_time_of_its_last_change(sandbox: Sandbox) -> None:
    """The clock stands at 2026-11-18 14:06:40 in Moscow."""
    await sandbox.smsc("send", phones=PHONE, mes="hi", id="a")
    sandbox.time.now += 60

    assert await sandbox.smsc("status", phone=PHONE, id="a") == {
        "status": 1,
        "last_date": "18.11.2026 14:06:42",
        "last_timestamp": 1_795_000_002,
    }


async def test_a_trailing_comma_forces_the_list_form(sandbox: Sandbox) -> None:
    await sandbox.smsc("send", phones=PHONE, mes="hi", id="a")

    (status,) = await sandbox.smsc("status", phone=f"+{PHONE},", id="a,")
    assert (status["status"], status["id"], status["phone"]) == (-1, "a", f"+{PHONE}")


async def test_unknown_messages_are_minus_3_in_a_list_and_error_3_alone(sandbox: Sandbox) -> None:
    await sandbox.smsc("send", phones=PHONE, mes="hi", id="5")
    several = await sandbox.smsc("status", phone=f"{PHONE},79990000002,{PHONE}", id="5,5,nobody")
    alone = await sandbox.smsc("status", phone=PHONE, id="6")

    assert [row["id"] for row in several] == [5, 5, "nobody"]
    assert several[1:] == [
        {"status": -3, "id": 5, "phone": "79990000002"},
        {"status": -3, "id": "nobody", "phone": PHONE},
    ]
    assert alone == {"error": "message not found", "error_code": 3}


async def test_of_two_messages_with_one_id_and_phone_the_last_is_reported(sandbox: Sandbox) -> None:
    await sandbox.smsc("send", phones=PHONE, mes="first", id="same")
    sandbox.time.now += 10
    await sandbox.smsc("send", phones=PHONE, mes="second", id="same")

    status = await sandbox.smsc("status", phone=PHONE, id="same", all="1")

    assert (status["status"], status["message"]) == (-1, "second")
    assert len(await sandbox.messages()) == 2


async def test_all_asks_for_details(sandbox: Sandbox) -> None:
    await sandbox.smsc("send", phones=PHONE, mes="hi", id="a", sender="ACME")
    some = await sandbox.smsc("status", phone=PHONE, id="a", all="1")
    more = await sandbox.smsc("status", phone=PHONE, id="a", all="2")

    assert some == {
        "status": -1,
        "last_date": "18.11.2026 14:06:40",
        "last_timestamp": 1_795_000_000,
        "send_date": "18.11.2026 14:06:40",
        "send_timestamp": 1_795_000_000,
        "phone": PHONE,
        "cost": "1.44",
        "sender_id": "ACME",
        "status_name": "Waiting to be sent",
        "message": "hi",
        "type": 0,
        "sms_cnt": 1,
    }
    assert set(more) - set(some) == {"country", "operator", "region", "mccmnc"}


# documented: PROVIDERS.md A4
@pytest.mark.parametrize(
    "form",
    [{}, {"phone": PHONE}, {"phone": f"{PHONE},{PHONE}", "id": "1"}, {"phone": PHONE, "id": "1", "all": "3"}],
)
async def test_a_status_request_that_does_not_pair_up_is_error_1(sandbox: Sandbox, form: dict[str, str]) -> None:
    assert (await sandbox.smsc("status", **form))["error_code"] == 1


@pytest.mark.parametrize("number", ["9" * 5000, "٣", "-1", "1.5"])
async def test_odd_ids_are_simply_unknown(sandbox: Sandbox, number: str) -> None:
    (status,) = await sandbox.smsc("status", phone=f"{PHONE},", id=f"{number},")

    assert status == {"status": -3, "id": number, "phone": PHONE}


async def test_a_message_not_yet_sent_can_be_taken_back_with_its_price(sandbox: Sandbox) -> None:
    await sandbox.smsc("send", phones=PHONE, mes="hi", id="a", time="+10")
    answer = await sandbox.smsc("status", phone=PHONE, id="a", **{"del": "1"})
    sandbox.time.now += 1000

    assert answer == {"result": "OK"}
    assert (await sandbox.smsc("status", phone=PHONE, id="a"))["error_code"] == 3
    assert (await sandbox.smsc("get", get_messages="1"))["error_code"] == 3
    assert await sandbox.smsc("balance") == {"balance": "10000000"}
    assert [row["removed"] for row in await sandbox.messages()] == [True]


@pytest.mark.parametrize("which", ["a", "nobody", "a,nobody"])
async def test_a_message_that_has_left_or_never_was_cannot_be_taken_back(sandbox: Sandbox, which: str) -> None:
    await sandbox.smsc("send", phones=PHONE, mes="hi", id="a")
    sandbox.time.now += 0.5
    phones = ",".join([PHONE] * (which.count(",") + 1))

    assert (await sandbox.smsc("status", phone=phones, id=which, **{"del": "1"}))["error_code"] == 5
    assert (await sandbox.smsc("status", phone=PHONE, id="a"))["status"] == 0


async def test_the_balance_is_a_string_and_names_its_currency_when_asked(sandbox: Sandbox) -> None:
    assert await sandbox.smsc("balance") == {"balance": "10000000"}
    assert await sandbox.smsc("balance", cur="1") == {"balance": "10000000", "currency": "RUR"}
    assert (await sandbox.smsc("balance", cur="2"))["error_code"] == 1


async def test_a_history_row_is_typed_as_documented(sandbox: Sandbox) -> None:
    await sandbox.smsc("send", phones="79990000945", mes="hi", id="7", sender="ACME")
    sandbox.time.now += 5

    assert await sandbox.smsc("get", get_messages="1") == [
        {
            "status": 20,
            "last_date": "18.11.2026 14:06:42",
            "last_timestamp": 1_795_000_002,
            "err": 245,
            "send_date": "18.11.2026 14:06:40",
            "send_timestamp": 1_795_000_000,
            "phone": "79990000945",
            "mccmnc": "25001",
            "country": "Sandbox",
            "operator": "Sandbox Mobile",
            "region": "Loopback",
            "cost": "1.44",
            "sender_id": "ACME",
            "status_name": "Undeliverable",
            "message": "hi",
            "type": 0,
            "id": 7,
            "int_id": "1",
            "sms_cnt": 1,
            "format": 0,
            "crc": 3633523372,
        }
    ]


async def test_history_pages_backwards_without_gaps_or_repeats(sandbox: Sandbox) -> None:
    for index in range(5):
        await sandbox.smsc("send", phones=f"7999000000{index},79991110000", mes=f"text {index}")
    seen: list[int] = []
    answer: Any = await sandbox.smsc("get", get_messages="1", cnt="4")
    while isinstance(answer, list):
        seen += [int(row["int_id"]) for row in answer]
        sandbox.time.now += 1
        answer = await sandbox.smsc("get", get_messages="1", cnt="4", prev_id=str(seen[-1]))

    assert seen == [10, 9, 8, 7, 6, 5, 4, 3, 2, 1]
    assert answer == {"error": "message not found", "error_code": 3}


async def test_history_of_some_phones_is_merged_newest_first(sandbox: Sandbox) -> None:
    for index in (0, 1, 2, 0, 1):
        await sandbox.smsc("send", phones=f"7999000000{index}", mes=str(sandbox.time.now))
        sandbox.time.now += 1

    rows = await sandbox.smsc("get", get_messages="1", phone="+79990000000,79990000001,79990000000", prev_id="5")
    assert [row["int_id"] for row in rows] == ["4", "2", "1"]


# documented: PROVIDERS.md A6, S1; messages on 18.11. at 14:06 and 19.11. at 14:06, Moscow time
@pytest.mark.parametrize(
    ("span", "found"),
    [
        ({}, ["2", "1"]),
        ({"start": "18.11.2026"}, ["2", "1"]),
        ({"start": "19.11.2026"}, ["2"]),
        ({"start": "18.11.2026", "end": "18.11.2026"}, ["1"]),
        ({"start": "18.11.2026", "end": "19.11.2026"}, ["2", "1"]),
        ({"start": "17.11.2026", "end": "17.11.2026"}, 3),
        ({"start": "20.11.2026"}, 3),
        ({"start": "18.11.2026", "end": "17.11.2026"}, 1),
        ({"start": "18.11.2026", "end": "18.11.2027"}, 1),
        ({"start": "2026-11-18"}, 1),
        ({"start": "31.02.2026"}, 1),
        ({"end": "18.11.2026"}, 1),
        ({"cnt": "0"}, 1),
        ({"cnt": "1001"}, 1),
        ({"cnt": "many"}, 1),
        ({"prev_id": "x"}, 1),
        ({"get_messages": "0"}, 1),
    ],
)
async def test_history_honours_its_parameters(sandbox: Sandbox, span: dict[str, str], found: list[str] | int) -> None:
    await sandbox.smsc("send", phones=PHONE, mes="day one")
    sandbox.time.now += DAY
    await sandbox.smsc("send", phones=PHONE, mes="day two")

    answer = await sandbox.smsc("get", **({"get_messages": "1"} | span))
    if isinstance(found, int):
        assert answer["error_code"] == found
    else:
        assert [row["int_id"] for row in answer] == found
