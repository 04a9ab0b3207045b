"""The magic numbers: what the last three digits of a phone bring, in both families."""

import contextlib
from pathlib import Path

import aiohttp
import orjson
import pytest

import ops.sandbox
from ops.sandbox.scenarios import TABLE
from tests.ops.sandbox.driving import Sandbox, Start

# digits -> smsc final status, err, restv2 letter; codes documented in PROVIDERS.md A4
ENDINGS = {
    "001": (1, 0, "d"),
    "902": (2, 0, "d"),
    "903": (3, 0, "f"),
    "904": (4, 0, "d"),
    "920": (20, 0, "f"),
    "922": (22, 249, "f"),
    "923": (23, 252, "f"),
    "924": (24, 0, "f"),
    "925": (25, 248, "f"),
    "931": (20, 1, "f"),
    "936": (20, 6, "f"),
    "941": (20, 11, "f"),
    "942": (20, 12, "f"),
    "943": (20, 13, "f"),
    "944": (20, 200, "f"),
    "945": (20, 245, "f"),
    "947": (23, 247, "f"),
    "951": (23, 251, "f"),
    "953": (23, 253, "f"),
    "954": (23, 254, "f"),
    "955": (20, 255, "f"),
    "959": (20, 77, "f"),
    "980": (0, 0, None),
}

# digits -> smsc error_code (A3), restv2 error (B2), whether it happens once only
REFUSALS = {
    "961": (1, "102", False),
    "963": (3, "105", True),
    "965": (5, "104", False),
    "966": (6, "40", False),
    "967": (7, "103", False),
    "968": (8, "106", False),
    "975": (15, "199", False),
    "976": (15, "106", True),
}


@pytest.mark.parametrize(("digits", "ending"), ENDINGS.items())
async def test_a_message_ends_as_its_digits_say(
    sandbox: Sandbox, digits: str, ending: tuple[int, int, str | None]
) -> None:
    phone = f"79990000{digits}"
    await sandbox.smsc("send", phones=phone, mes="hi", id="a")
    await sandbox.restv2("sms/send", to=phone, text="hi")
    sandbox.time.now += 1000
    status = await sandbox.smsc("status", phone=phone, id="a")
    drained = await sandbox.restv2("status/get")

    assert (status["status"], status.get("err", 0), drained.get("0", {}).get("status")) == ending


@pytest.mark.parametrize(("digits", "expected"), REFUSALS.items())
async def test_a_message_is_refused_as_its_digits_say(
    sandbox: Sandbox, digits: str, expected: tuple[int, str, bool]
) -> None:
    phone, (smsc_error, restv2_error, once) = f"79990000{digits}", expected
    for form in ({"mes": "first"}, {"mes": "again"}):
        answer = await sandbox.smsc("send", phones=phone, **form)
        assert answer.get("error_code", 0) == (0 if once and form["mes"] == "again" else smsc_error)
        answer = await sandbox.restv2("sms/send", to=phone, text="hi")
        assert answer.get("error", "0") == ("0" if once and form["mes"] == "again" else restv2_error)

    assert len(await sandbox.messages()) == (2 if once else 0)


async def test_too_many_at_once_takes_nothing_and_remembers_nothing(sandbox: Sandbox) -> None:
    """The retry is the identical request: error 9 must not have entered it into the duplicate guard."""
    first = await sandbox.smsc("send", phones="79990000969", mes="hi")
    second = await sandbox.smsc("send", phones="79990000969", mes="hi")
    busy = await sandbox.call("/api/sms/send", key="demo-key", to="79990000969", text="hi")

    assert first == {"error": "too many concurrent requests", "error_code": 9}
    assert second == {"id": 1, "cnt": 1}
    assert busy.status == 429
    assert (await sandbox.restv2("sms/send", to="79990000969", text="hi"))["status"] == "1"


FAMILIES = [
    ("/sys/send.php", {"apikey": "demo-api-key", "fmt": "3", "mes": "hi"}, "phones"),
    ("/api/sms/send", {"key": "demo-key", "type": "json", "text": "hi"}, "to"),
]


@pytest.mark.parametrize(("path", "form", "to"), FAMILIES)
@pytest.mark.parametrize(("digits", "accepted"), [("981", 1), ("982", 0)])
async def test_the_connection_is_closed_without_an_answer(
    sandbox: Sandbox, path: str, form: dict[str, str], to: str, digits: str, accepted: int
) -> None:
    with pytest.raises(aiohttp.ClientConnectionError):
        await sandbox.call(path, **form, **{to: f"79990000{digits}"})

    assert len(await sandbox.messages()) == accepted


# digits -> HTTP status, what the body is, how many messages are accepted
@pytest.mark.parametrize(("path", "form", "to"), FAMILIES)
@pytest.mark.parametrize(
    ("digits", "status", "accepted"), [("984", 503, 0), ("985", 503, 1), ("986", 200, 1), ("987", 200, 1)]
)
async def test_the_answer_is_no_answer(
    sandbox: Sandbox, path: str, form: dict[str, str], to: str, digits: str, status: int, accepted: int
) -> None:
    heard = await sandbox.call(path, **form, **{to: f"79990000{digits}"})

    assert (heard.status, len(await sandbox.messages())) == (status, accepted)
    with pytest.raises(orjson.JSONDecodeError):
        _ = heard.json
    assert (heard.body == b"") == (digits == "987")
    assert heard.body.startswith(b"<html>") == (status == 503)


@pytest.mark.parametrize(("path", "form", "to"), FAMILIES)
async def test_a_success_may_lack_its_id(sandbox: Sandbox, path: str, form: dict[str, str], to: str) -> None:
    heard = await sandbox.call(path, **form, **{to: "79990000988"})

    assert "id" not in heard.json
    assert "error" not in heard.json
    assert len(await sandbox.messages()) == 1


async def test_a_slow_answer_takes_its_time_after_acceptance(start: Start) -> None:
    sandbox = await start(slow_for=7.5)

    assert (await sandbox.smsc("send", phones="79990000983", mes="hi"))["cnt"] == 1
    assert sandbox.time.slept == [7.5]


@pytest.mark.parametrize("digits", ["982", "984"])
async def test_what_dies_before_acceptance_goes_through_when_repeated(sandbox: Sandbox, digits: str) -> None:
    form = {"phones": f"79990000{digits}", "mes": "hi", "id": "a"}
    with pytest.raises((aiohttp.ClientConnectionError, ValueError)):
        await sandbox.smsc("send", **form)

    assert await sandbox.smsc("send", **form) == {"id": "a", "cnt": 1}


@pytest.mark.parametrize(("path", "form", "to"), FAMILIES)
@pytest.mark.parametrize("digits", ["981", "982", "983", "984", "985", "986", "987", "988"])
async def test_a_connection_fails_once_per_phone(
    sandbox: Sandbox, path: str, form: dict[str, str], to: str, digits: str
) -> None:
    """A minute lies between the two, so that smsc does not call the second a duplicate."""
    for _ in range(2):
        with contextlib.suppress(aiohttp.ClientConnectionError):
            heard = await sandbox.call(path, **form, **{to: f"79990000{digits}"})
        sandbox.time.now += 60

    assert (heard.status, "error" in heard.json, "id" in heard.json) == (200, False, True)
    assert len(sandbox.time.slept) == (digits == "983")
    assert len(await sandbox.messages()) == (1 if digits in {"982", "984"} else 2)


async def test_a_lost_answer_repeated_within_a_minute_is_a_duplicate_and_later_a_second_sms(
    sandbox: Sandbox,
) -> None:
    """Error 9 after a lost answer is evidence of acceptance; the id does not protect (A3)."""
    form = {"phones": "79990000981", "mes": "hi", "id": "a"}
    with pytest.raises(aiohttp.ClientConnectionError):
        await sandbox.smsc("send", **form)
    within = await sandbox.smsc("send", **form)
    sandbox.time.now += 60
    later = await sandbox.smsc("send", **form)

    assert (within["error_code"], later) == (9, {"id": "a", "cnt": 1})
    assert (await sandbox.summary("smsc/demo"))["extra_copies"] == 1


async def test_one_bad_connection_takes_the_whole_batch_with_it_once(sandbox: Sandbox) -> None:
    rows = "79990000001:a\n79990000982:b\n79990000985:c"
    with pytest.raises(aiohttp.ClientConnectionError):
        await sandbox.smsc("send", list=rows)

    assert await sandbox.messages() == []
    assert (await sandbox.smsc("send", list=rows))["cnt"] == 3


async def test_scenarios_can_be_switched_off(start: Start) -> None:
    sandbox = await start(scenarios=False)
    await sandbox.smsc("send", phones="79990000967,79990000981,79990000903", mes="hi")
    sandbox.time.now += 10

    assert [message["status"] for message in await sandbox.messages()] == [1, 1, 1]


def test_the_readme_tells_every_scenario_in_the_words_of_the_table() -> None:
    readme = (Path(ops.sandbox.__file__).parent / "README.md").read_text()

    missing = [digits for digits, row in TABLE.items() if f"| `{digits}` | {row.sentence} |" not in readme]
    assert missing == []
