"""Send options: only what the account takes, checked before anything is stored, kept with campaign or message."""

import pytest

from producer.client import CampaignProducer
from producer.contract import keys
from producer.contract.client import Client
from producer.contract.codec import decode_campaign, decode_chunk
from producer.contract.options import options_of
from producer.directory import AccountEntry, account, announce
from producer.errors import CampaignExistsError, OptionsError
from tests.producer.asking import ATHENS, numbers, submit
from worker.providers.registry import FAMILIES

TO = numbers(1)[0]


async def taking(client: Client, family: str) -> None:
    """The account `athens` takes the options of a family, as its workers announce them."""
    fields = {name: getattr(ATHENS, name) for name in AccountEntry.__slots__}
    await announce(client, [AccountEntry(**{**fields, "options": FAMILIES[family].send_options})])


async def kept(client: Client) -> dict[str, str]:
    return dict(decode_campaign(await client.hget(keys.campaign("spring"), "spec")).options)


async def test_a_campaign_keeps_its_options(producer: CampaignProducer, client: Client) -> None:
    await taking(client, "smsc")
    given = {"translit": "1", "time": "10-21", "tz": "-2", "valid": "01:30", "maxsms": "2", "flash": ""}
    await submit(producer, options=given)
    assert await kept(client) == given


async def test_what_workers_announce_comes_back_whole(client: Client) -> None:
    await taking(client, "smsc")
    assert (await account(client, ATHENS.name)).options == FAMILIES["smsc"].send_options


@pytest.mark.parametrize(
    ("family", "options", "says"),
    [
        ("smsc", {"speed": "1"}, "account athens takes no option 'speed'; it takes: translit, tinyurl, time"),
        ("smsc", {"cost": "1"}, "no option 'cost'"),
        ("smsc", {"translit": "3"}, "option translit='3' is not possible; expected one of 0, 1, 2"),
        ("smsc", {"maxsms": "256"}, "expected a whole number from 1 to 255"),
        ("smsc", {"time": "tomorrow"}, "expected other: when: DDMMYYhhmm"),
        ("smsc", {"valid": "00:00"}, "1 to 24"),
        ("smsc", {"valid": "25"}, "1 to 24"),
        ("smsc", {"period": "721"}, "0.1 to 720"),
        ("smsc", {"pp": "7" * 300}, "at most 200 characters"),
        ("smsc", {"imgcode": "q7", "userip": "192.0.2.1"}, "option imgcode is for single messages only"),
        ("restv2", {"translit": "1"}, "it takes: flash, timestamp, ucs"),
        ("restv2", {"flash": "1"}, "expected one of true, false"),
    ],
)
async def test_a_wrong_option_says_why_and_nothing_is_stored(
    producer: CampaignProducer, client: Client, family: str, options: dict[str, str], says: str
) -> None:
    await taking(client, family)
    with pytest.raises(OptionsError) as refused:
        await submit(producer, options=options)
    assert says in str(refused.value)
    assert not await client.exists(keys.campaign("spring"))


TIMES = ["0", "2012261030", "01893456000", "20.12.26 10:30", "9-21", "+90"]
PERIODS = ["0.1", "1", "24", "99.5", "719.9", "720"]
VALIDS = ["1", "9", "10", "24", "00:01", "23:59", "24:00"]


@pytest.mark.parametrize(
    ("name", "value"),
    [("time", each) for each in TIMES]
    + [("period", each) for each in PERIODS]
    + [("valid", each) for each in VALIDS],
)
async def test_every_documented_form_is_taken(
    producer: CampaignProducer, client: Client, name: str, value: str
) -> None:
    await taking(client, "smsc")
    await submit(producer, options={name: value})
    assert await kept(client) == {name: value}


async def test_other_options_are_another_request(producer: CampaignProducer, client: Client) -> None:
    await taking(client, "smsc")
    await submit(producer, options={"flash": "1", "tz": "0"})
    assert not (await submit(producer, options={"tz": "0", "flash": "1"})).is_new
    with pytest.raises(CampaignExistsError):
        await submit(producer, options={"flash": "1"})


async def test_a_single_message_keeps_its_own(producer: CampaignProducer, client: Client) -> None:
    await taking(client, "smsc")
    given = {"imgcode": "q7", "userip": "192.0.2.1"}
    first = await producer.send_one(account_name="athens", to=TO, text="$5", options=given)
    second = await producer.send_one(account_name="athens", to=TO, text="$6")
    assert first.campaign == second.campaign
    chunks = await client.hgetall(keys.chunks(first.campaign))
    recipients = {int(number): decode_chunk(data)[0] for number, data in chunks.items()}
    assert options_of(recipients[first.chunk]) == given
    assert recipients[first.chunk].values["text"] == "$5"
    assert options_of(recipients[second.chunk]) == {}


async def test_a_captcha_without_the_visitors_address_is_refused(producer: CampaignProducer, client: Client) -> None:
    await taking(client, "smsc")
    with pytest.raises(OptionsError, match="imgcode goes together with userip"):
        await producer.send_one(account_name="athens", to=TO, text="Hi", options={"imgcode": "q7"})


async def test_an_account_of_an_older_worker_takes_none(producer: CampaignProducer) -> None:
    with pytest.raises(OptionsError, match="it takes: none"):
        await submit(producer, options={"flash": "1"})


async def test_a_newer_worker_may_say_more(client: Client) -> None:
    await client.hset(
        keys.ACCOUNTS,
        "athens",
        b'{"name": "athens", "family": "f", "host": "h", "login": "l", "rate": 1, "in_flight": 1, "batch": 1,'
        b' "longest_text": 9, "mood": "good", "options": [{"name": "flash", "meaning": "m", "colour": "red"}]}',
    )
    found = await account(client, ATHENS.name)
    assert [option.name for option in found.options] == ["flash"]
