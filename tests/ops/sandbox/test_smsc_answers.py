"""Incoming messages of the smsc family: get.php?get_answers=1 (PROVIDERS.md A6, S1)."""

import pytest

from tests.ops.sandbox.driving import Sandbox

PHONE = "79990000001"


async def _fill(sandbox: Sandbox, *texts: str, to: str = "100") -> None:
    for text in texts:
        await sandbox.happen("incoming", phone=PHONE, mes=text, to=to)


async def test_an_incoming_message_is_typed_as_documented(sandbox: Sandbox) -> None:
    assert await sandbox.happen("incoming", phone=PHONE, mes="Стоп", to="79120000000", ago=100) == {"id": 1}

    assert await sandbox.smsc("get", get_answers="1") == [
        {
            "id": 1,
            "received": "18.11.2026 14:06:40",
            "phone": PHONE,
            "message": "Стоп",
            "to_phone": "79120000000",
            "sent": "18.11.2026 14:05:00",
        }
    ]


# documented: S1; the first two messages came 30 h ago, the next two 5 h ago, one today
@pytest.mark.parametrize(
    ("form", "found"),
    [
        ({}, ["d", "e"]),
        ({"hour": "1"}, ["e"]),
        ({"hour": "6"}, ["c", "d", "e"]),
        ({"hour": "168"}, ["a", "b", "c", "d", "e"]),
        ({"hour": "168", "cnt": "2"}, ["a", "b"]),
        ({"after_id": "0", "cnt": "3"}, ["a", "b", "c"]),
        ({"after_id": "3"}, ["d", "e"]),
        ({"after_id": "5"}, []),
        ({"after_id": "1", "hour": "6"}, ["c", "d", "e"]),
        ({"hour": "168", "to_phone": "+200"}, ["d"]),
        ({"hour": "168", "to_phone": "300"}, []),
    ],
)
async def test_answers_are_the_first_ones_of_what_is_asked_for(
    sandbox: Sandbox, form: dict[str, str], found: list[str]
) -> None:
    """Without bounds: those of the current day in Moscow, where it is 14:06 at the start."""
    await _fill(sandbox, "a", "b")
    sandbox.time.now += 33 * 3600
    await _fill(sandbox, "c")
    sandbox.time.now += 3600
    await _fill(sandbox, "d", to="200")
    sandbox.time.now += 4 * 3600
    await _fill(sandbox, "e")

    assert [row["message"] for row in await sandbox.smsc("get", get_answers="1", **form)] == found


@pytest.mark.parametrize(
    "form", [{"cnt": "0"}, {"cnt": "10001"}, {"cnt": "x"}, {"hour": "0"}, {"hour": "169"}, {"after_id": "-1"}]
)
async def test_a_bound_beyond_the_documented_one_is_error_1(sandbox: Sandbox, form: dict[str, str]) -> None:
    assert (await sandbox.smsc("get", get_answers="1", **form))["error_code"] == 1
