"""The smsc family's send.php: what is accepted, what is refused, and what becomes of it."""

from typing import Any

import pytest

from tests.ops.sandbox.driving import Sandbox, Start

PHONE = "79990000001"


async def test_a_message_is_accepted_and_written_down_whole(sandbox: Sandbox) -> None:
    answer = await sandbox.smsc("send", phones=f"+{PHONE}", mes="Привет", id="v-1", sender="ACME")

    assert answer == {"id": "v-1", "cnt": 1}
    (message,) = await sandbox.messages()
    assert message["parameters"].pop("phones") == f"+{PHONE}"
    assert message == {
        "number": 1,
        "family": "smsc",
        "login": "demo",
        "client_id": "v-1",
        "provider_id": "v-1",
        "phone": PHONE,
        "text": "Привет",
        "sender": "ACME",
        "segments": 1,
        "received_at": 1000.0,
        "received_unix": 1_795_000_000.0,
        "request": 1,
        "parameters": {
            "login": "demo",
            "fmt": "3",
            "charset": "utf-8",
            "mes": "Привет",
            "id": "v-1",
            "sender": "ACME",
        },
        "status": -1,
        "err": 0,
        "letter": "",
        "kind": 0,
        "delay": 0.0,
        "valid": 86400.0,
        "removed": False,
    }


# documented: PROVIDERS.md A1 (types), A3 (cost)
@pytest.mark.parametrize(
    ("form", "expected"),
    [
        ({}, {"id": 1, "cnt": 1}),
        ({"id": "77"}, {"id": 77, "cnt": 1}),
        ({"id": "a.b-c_d"}, {"id": "a.b-c_d", "cnt": 1}),
        ({"cost": "2"}, {"id": 1, "cnt": 1, "cost": "1.44"}),
        ({"cost": "3"}, {"id": 1, "cnt": 1, "cost": "1.44", "balance": "9999998.56"}),
        ({"cost": "1"}, {"cnt": 1, "cost": "1.44"}),
        ({"mes": "x" * 161}, {"id": 1, "cnt": 2}),
        ({"mes": "ж" * 71, "cost": "2"}, {"id": 1, "cnt": 2, "cost": "2.88"}),
        ({"mes": "ж" * 300, "maxsms": "3"}, {"id": 1, "cnt": 3}),
        ({"op": "1"}, {"id": 1, "cnt": 1, "phones": [{"phone": PHONE, "mccmnc": "25001", "cost": "1.44"}]}),
        ({"err": "1"}, {"id": 1, "cnt": 1}),
        ({"phones": f"{PHONE};79990000002,79990000003"}, {"id": 1, "cnt": 3}),
    ],
)
async def test_an_accepted_send_answers_as_documented(sandbox: Sandbox, form: dict[str, str], expected: Any) -> None:
    assert await sandbox.smsc("send", **({"phones": PHONE, "mes": "hi"} | form)) == expected


# documented: PROVIDERS.md A3 (parameters and errors)
@pytest.mark.parametrize(
    ("form", "code"),
    [
        ({"phones": ""}, 1),
        ({"mes": ""}, 1),
        ({"mes": "x" * 1001}, 1),
        ({"list": f"{PHONE}:hi"}, 1),  # both `phones` and `list`
        ({"id": "0"}, 1),
        ({"id": "2147483648"}, 1),
        ({"id": "x" * 41}, 1),
        ({"id": "has space"}, 1),
        ({"cost": "4"}, 1),
        ({"op": "yes"}, 1),
        ({"valid": "25"}, 1),
        ({"valid": "00:00"}, 1),
        ({"maxsms": "0"}, 1),
        ({"sender": "TwelveLetter"}, 1),
        ({"time": "tomorrow"}, 5),
        ({"time": "3213130000"}, 5),
        ({"phones": "not-a-phone"}, 7),
        ({"phones": "123"}, 7),
    ],
)
async def test_a_bad_parameter_gives_its_documented_error_and_nothing_is_accepted(
    sandbox: Sandbox, form: dict[str, str], code: int
) -> None:
    answer = await sandbox.smsc("send", **({"phones": PHONE, "mes": "hi"} | form))

    assert answer["error_code"] == code
    assert ("id" in answer) == (code == 7)
    assert await sandbox.messages() == []


@pytest.mark.parametrize("form", [{"valid": "24"}, {"valid": "24:00"}, {"valid": "00:30"}, {"sender": "."}])
async def test_a_good_parameter_is_accepted(sandbox: Sandbox, form: dict[str, str]) -> None:
    assert await sandbox.smsc("send", phones=PHONE, mes="hi", **form) == {"id": 1, "cnt": 1}


async def test_errors_that_use_up_an_id_are_seen_in_the_next_id(sandbox: Sandbox) -> None:
    """Recorded (G-rb): sent id 33, then error 7 with id 34."""
    await sandbox.smsc("send", phones=PHONE, mes="hi")
    refused = await sandbox.smsc("send", phones="79990000967", mes="hi")
    accepted = await sandbox.smsc("send", phones=PHONE, mes="next")

    assert refused == {"error": "invalid number", "error_code": 7, "id": 2}
    assert accepted["id"] == 3


async def test_a_list_carries_many_texts_under_one_id(sandbox: Sandbox) -> None:
    rows = f"{PHONE}:one: with colon\n79990000002;two\r\nACME,2|79990000003:three\\nlines\n"
    answer = await sandbox.smsc("send", list=rows, nl="1", sender="Other")

    assert answer == {"id": 1, "cnt": 3}
    seen = [(row["phone"], row["text"], row["sender"]) for row in await sandbox.messages()]
    assert seen == [
        (PHONE, "one: with colon", "Other"),
        ("79990000002", "two", "Other"),
        ("79990000003", "three\nlines", "ACME"),
    ]


@pytest.mark.parametrize("rows", ["79990000001", "79990000001:", "|", "79990000001:ok\nbroken"])
async def test_one_broken_list_row_spoils_the_whole_request(sandbox: Sandbox, rows: str) -> None:
    assert (await sandbox.smsc("send", list=rows))["error_code"] == 1
    assert await sandbox.messages() == []


async def test_refused_rows_of_a_batch_are_named_only_when_asked_for(sandbox: Sandbox) -> None:
    phones = f"{PHONE},79990000966,79990000967,79990000968"
    silent = await sandbox.smsc("send", phones=phones, mes="a")
    named = await sandbox.smsc("send", phones=phones, mes="b", err="1")

    assert silent == {"id": 1, "cnt": 1}
    assert [(row["phone"], row["status"], row["error"]) for row in named["phones"]] == [
        ("79990000966", "23", "253"),
        ("79990000967", "22", "249"),
        ("79990000968", "25", "248"),
    ]
    assert [row["phone"] for row in await sandbox.messages()] == [PHONE, PHONE]


async def test_a_refused_row_is_found_by_its_status_at_once(sandbox: Sandbox) -> None:
    await sandbox.smsc("send", phones=f"{PHONE},79990000967", mes="a", id="b1")

    status = await sandbox.smsc("status", phone="79990000967", id="b1")

    assert (status["status"], status["err"]) == (22, 249)


async def test_a_batch_without_a_good_row_is_refused_as_a_whole(sandbox: Sandbox) -> None:
    answer = await sandbox.smsc("send", phones="79990000968,79990000967", mes="a", err="1")

    assert answer == {"error": "can't to deliver", "error_code": 8, "id": 1}


async def test_one_fatal_row_refuses_its_whole_batch(sandbox: Sandbox) -> None:
    assert (await sandbox.smsc("send", phones=f"{PHONE},79990000975", mes="a"))["error_code"] == 15
    assert await sandbox.messages() == []


# documented: PROVIDERS.md A3 `time`; the clock stands at 2026-11-18 11:06:40 UTC, 14:06:40 in Moscow
@pytest.mark.parametrize(
    ("time", "after"),
    [
        ({"time": "0"}, 0),
        ({"time": "+10"}, 600),
        ({"time": "01795000300"}, 300),
        ({"time": "1811261407"}, 20),
        ({"time": "18.11.26 14:07"}, 20),
        ({"time": "18.11.26 16:07", "tz": "2"}, 20),
        ({"time": "18.11.25 13:27"}, 0),
        ({"time": "9-20"}, 0),
        ({"time": "15-20"}, 3200),
        ({"time": "9-10"}, 9 * 3600 + 86400 - 50800),
    ],
)
async def test_a_scheduled_message_waits_for_its_time(sandbox: Sandbox, time: dict[str, str], after: int) -> None:
    await sandbox.smsc("send", phones=PHONE, mes="hi", id="1", **time)
    sandbox.time.now += after + 0.4
    before = (await sandbox.smsc("status", phone=PHONE, id="1"))["status"]
    sandbox.time.now += 0.1

    assert (before, (await sandbox.smsc("status", phone=PHONE, id="1"))["status"]) == (-1, 0)


async def test_each_segment_costs_and_an_empty_account_refuses_with_an_id(sandbox: Sandbox) -> None:
    await sandbox.switch(family="smsc", balance="3")
    assert "error" not in await sandbox.smsc("send", phones=f"{PHONE},79990000002", mes="hi")

    assert (await sandbox.smsc("balance"))["balance"] == "0.12"
    assert await sandbox.smsc("send", phones=PHONE, mes="more") == {
        "error": "no money",
        "error_code": 3,
        "id": 2,
    }
    assert len(await sandbox.messages()) == 2


async def test_a_phone_twice_in_one_batch_is_accepted_twice_and_counted(sandbox: Sandbox) -> None:
    await sandbox.smsc("send", phones=f"{PHONE},{PHONE}", mes="hi")

    summary = await sandbox.summary("smsc/demo")
    assert (summary["accepted"], summary["duplicates"], summary["extra_copies"]) == (2, 1, 1)
    assert summary["violations"] == {"phone_twice": 1}


# documented: PROVIDERS.md A3 (`list`, extended row). The clock stands at 14:06:40 in Moscow.
@pytest.mark.parametrize(
    ("time", "delays"),
    [("18.11.26 17:07", [10_820, 3620, 10_820]), ("+10", [600, 600, 600])],
)
async def test_a_list_row_may_carry_its_own_sender_and_zone(sandbox: Sandbox, time: str, delays: list[int]) -> None:
    """Two hours east of Moscow it is 17:07 two hours earlier; a zone says nothing about minutes from now."""
    rows = [f"+{PHONE}:a", "SHOP,2|79990000002:b", "SHOP|79990000003;c"]
    await sandbox.smsc("send", list="\n".join(rows), sender="ACME", time=time)

    messages = await sandbox.messages()
    assert [message["sender"] for message in messages] == ["ACME", "SHOP", "SHOP"]
    assert [message["delay"] for message in messages] == delays


async def test_a_bad_zone_in_one_row_is_a_bad_date_for_all(sandbox: Sandbox) -> None:
    answer = await sandbox.smsc("send", list=f"{PHONE}:a\nSHOP,x|79990000002:b", time="18.11.26 17:07")
    assert answer["error_code"] == 5
    assert await sandbox.messages() == []


# documented: PROVIDERS.md A3 `valid`, A4 status 3
@pytest.mark.parametrize(
    ("form", "after", "status"),
    [
        ({"valid": "00:01"}, 59, 0),
        ({"valid": "00:01"}, 60, 3),
        ({"valid": "00:01"}, 5000, 3),
        ({"valid": "2"}, 5000, 1),
        ({"valid": "1"}, 4000, 3),
        ({"valid": "1", "time": "+10"}, 4000, 0),
        ({}, 4999, 0),
        ({}, 5000, 1),
        ({"phones": "79990000980", "valid": "00:01"}, 5000, 0),
    ],
)
async def test_a_message_expires_when_its_life_is_over_before_its_end(
    start: Start, form: dict[str, str], after: float, status: int
) -> None:
    """It counts from when the message leaves; scenario 980 is never reported, whatever its life."""
    sandbox = await start(enroute_after=1.0, final_after=5000.0)
    asked = {"phones": PHONE, "mes": "hi", "id": "v-1", **form}
    await sandbox.smsc("send", **asked)
    sandbox.time.now += after
    assert (await sandbox.smsc("status", phone=asked["phones"], id="v-1"))["status"] == status
