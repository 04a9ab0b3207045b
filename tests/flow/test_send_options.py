"""What a campaign or a message asks of its provider besides, as the provider's own record shows it."""

from typing import Any

import pytest

from producer.errors import OptionsError
from tests.support_system import System, account, numbers


@pytest.fixture
def optioned(system: System) -> System:
    """An account that transliterates all its messages, and one that has nothing of its own."""
    moscow = account("smsc", "east", rate=100, in_flight=4, batch=10)
    system.accounts = {
        "moscow": {**moscow, "send": {"translit": "1"}},
        "athens": account("restv2", "east", rate=100, in_flight=4),
    }
    return system


async def test_options_reach_the_provider_and_go_before_the_account_s(optioned: System) -> None:
    async with optioned.worker("send"):
        producer, to = optioned.producer, numbers(2, prefix="7977")
        asked = {"flash": "1", "maxsms": "1", "valid": "2"}
        await producer.submit(account_name="moscow", campaign_id="m1", text="Привет", recipients=to, options=asked)
        own = {"translit": "0"}
        await producer.submit(account_name="moscow", campaign_id="m2", text="Пока", recipients=to, options=own)
        await producer.submit(
            account_name="athens", campaign_id="a1", text="Option", recipients=to, options={"ucs": "true"}
        )
        await optioned.sent("m1", "m2", "a1")
    said = {message["text"]: message for message in await _of(optioned, to[0])}
    assert set(said) == {"Privet", "Пока", "Option"}
    assert (said["Privet"]["kind"], said["Privet"]["valid"]) == (1, 7200)
    assert said["Privet"]["parameters"]["maxsms"] == "1"
    assert said["Пока"]["kind"] == 0
    assert said["Option"]["parameters"]["ucs"] == "true"


async def test_a_captcha_goes_with_its_message_alone(optioned: System) -> None:
    async with optioned.worker("send"):
        first, second = numbers(2, prefix="7978")
        captcha = {"imgcode": "q7", "userip": "192.0.2.1"}
        await optioned.producer.send_one(account_name="moscow", to=first, text="Code 1", options=captcha)
        other = await optioned.producer.send_one(account_name="moscow", to=second, text="Code 2")
        await optioned.sent(other.campaign)
    [with_it] = await _of(optioned, first)
    [without] = await _of(optioned, second)
    assert {name: with_it["parameters"].get(name) for name in captcha} == captcha
    assert not captcha.keys() & without["parameters"].keys()
    assert with_it["text"] == "Code 1", "nothing of the options is in the text"


async def test_what_the_account_does_not_take_is_refused_at_once(optioned: System) -> None:
    async with optioned.worker("send"):
        with pytest.raises(
            OptionsError, match="account athens takes no option 'translit'; it takes: flash, timestamp"
        ):
            await optioned.producer.submit(
                account_name="athens", text="Hi", recipients=numbers(1), options={"translit": "1"}
            )


async def _of(system: System, phone: str) -> list[dict[str, Any]]:
    return await system.provider.messages(phone=phone)
