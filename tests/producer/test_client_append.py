"""CampaignProducer.append and send_one: repeatable, at once, and never twice."""

import asyncio
from dataclasses import replace
from datetime import UTC, datetime

import pytest

from producer.client import CampaignProducer
from producer.contract import keys
from producer.contract.campaigns import CampaignKind, CampaignState, Lane
from producer.contract.client import Client
from producer.contract.codec import decode_campaign, decode_chunk
from producer.contract.jobs import JOB_PREFIX
from producer.contract.states import State
from producer.directory import announce
from producer.errors import CampaignExistsError, TextError, UnknownAccountError
from producer.unreadable import NumberError
from tests.producer.asking import ATHENS, numbers, submit


async def recipients(client: Client, campaign: str = "spring") -> list[str]:
    chunks = await client.hgetall(keys.chunks(campaign))
    return sorted(recipient.msisdn for data in chunks.values() for recipient in decode_chunk(data))


async def test_appended_recipients_are_counted_and_fed(producer: CampaignProducer, client: Client) -> None:
    await submit(producer)
    appended = await producer.append("spring", numbers(4, first=2))
    assert (appended.accepted, appended.duplicates) == (3, 1)
    progress = await producer.progress("spring")
    assert (progress.total, progress.states) == (6, {State.QUEUED: 6})
    assert await recipients(client) == numbers(6)
    assert await client.zcard(keys.active("athens")) == 1


async def test_appending_the_same_again_changes_nothing(producer: CampaignProducer, client: Client) -> None:
    await submit(producer, recipients=numbers(700))
    await producer.append("spring", numbers(700, first=700))
    again = await producer.append("spring", numbers(1400))
    assert (again.accepted, again.duplicates) == (0, 1400)
    assert await recipients(client) == numbers(1400)


async def test_numbers_given_twice_in_one_append_are_duplicates_too(producer: CampaignProducer) -> None:
    """Only those that the campaign had already were told; the sum did not come to what was given."""
    await submit(producer)
    appended = await producer.append("spring", [*numbers(2, first=2), numbers(1, first=3)[0], "12"])
    assert (appended.accepted, appended.duplicates, appended.refused) == (1, 2, 1)


async def test_appends_at_once_store_everybody_once(producer: CampaignProducer, client: Client) -> None:
    await submit(producer, recipients=numbers(600))
    told = await asyncio.gather(*(producer.append("spring", numbers(900, first=300 * i)) for i in range(4)))
    assert await recipients(client) == numbers(1800)
    assert sum(each.accepted for each in told) == 1200
    assert (await producer.progress("spring")).total == 1800


async def test_appending_to_a_finished_campaign_opens_it_again(producer: CampaignProducer, client: Client) -> None:
    await submit(producer)
    await client.hset(keys.campaign("spring"), mapping={"state": "finished", "finished_at": 1})
    await producer.append("spring", numbers(1, first=9))
    progress = await producer.progress("spring")
    assert progress.state is CampaignState.RUNNING
    assert progress.finished_at is None


async def test_nothing_new_leaves_a_finished_campaign_finished(producer: CampaignProducer, client: Client) -> None:
    await submit(producer)
    await client.hset(keys.campaign("spring"), mapping={"state": "finished", "finished_at": 1})
    await producer.append("spring", numbers(3))
    assert (await producer.progress("spring")).state is CampaignState.FINISHED


async def test_a_cancelled_campaign_takes_no_more(producer: CampaignProducer, client: Client) -> None:
    await submit(producer)
    await producer.cancel("spring")
    with pytest.raises(CampaignExistsError, match="cancelled"):
        await producer.append("spring", numbers(1, first=9))
    assert await recipients(client) == numbers(3)


async def test_a_gathering_campaign_of_single_messages_takes_no_appended_recipients(
    producer: CampaignProducer,
) -> None:
    """The next single message moved the feeder's place past the appended chunk: it was never sent."""
    message = await producer.send_one(account_name="athens", to=numbers(1)[0], text="code 1")
    with pytest.raises(CampaignExistsError, match="single"):
        await producer.append(message.campaign, [{"msisdn": numbers(1, first=5)[0], "text": "x"}])


# --- one message ---------------------------------------------------------------------------------------


async def test_one_message_has_its_record_its_job_and_its_text_as_it_is(
    producer: CampaignProducer, client: Client
) -> None:
    message = await producer.send_one(account_name="athens", to="+30 691 0000000", text="pay 5$ to ${x}")
    [recipient] = decode_chunk(await client.hget(keys.chunks(message.campaign), str(message.chunk)))
    assert (recipient.msisdn, recipient.values) == (numbers(1)[0], {"text": "pay 5$ to ${x}"})
    campaign = decode_campaign(await client.hget(keys.campaign(message.campaign), "spec"))
    assert (campaign.kind, campaign.lane, campaign.text) == (CampaignKind.SINGLE, Lane.URGENT, "$text")
    assert await client.zcard(keys.queue("athens", Lane.URGENT)) == 1
    assert await client.exists(JOB_PREFIX + str(message))
    assert (await producer.progress(message.campaign)).states == {State.QUEUED: 1}


async def test_one_key_is_one_message_however_often_and_at_once(producer: CampaignProducer, client: Client) -> None:
    asked = {"account_name": "athens", "to": numbers(1)[0], "text": "code 1", "key": "order:42"}
    messages = await asyncio.gather(*(producer.send_one(**asked) for _ in range(20)))
    assert len(set(messages)) == 1
    assert await client.zcard(keys.queue("athens", Lane.URGENT)) == 1


async def test_without_a_key_each_call_is_a_message(producer: CampaignProducer, client: Client) -> None:
    asked = {"account_name": "athens", "to": numbers(1)[0], "text": "code 1"}
    messages = await asyncio.gather(*(producer.send_one(**asked) for _ in range(20)))
    assert len(set(messages)) == 20
    assert (await producer.progress(messages[0].campaign)).total == 20


async def test_each_message_goes_out_under_its_own_sender(producer: CampaignProducer, client: Client) -> None:
    """The day's single messages shared one campaign, and with it the sender ID of the day's first."""
    asked = {"account_name": "athens", "to": numbers(1)[0], "text": "code 1"}
    senders = []
    for sender in ("ACME", "Other Ltd.", ""):
        message = await producer.send_one(**asked, sender=sender)
        senders.append(decode_campaign(await client.hget(keys.campaign(message.campaign), "spec")).sender)
    assert senders == ["ACME", "Other Ltd.", ""]


async def test_a_long_account_name_keeps_day_and_lane_apart(client: Client) -> None:
    """The campaign's id was cut to 64 letters: of a long account name only the name was left.

    All days and lanes were then one campaign, and two days later it was finished: what came afterwards
    was stored and never sent.
    """
    name = "a" * 64
    await announce(
        client,
        [replace(ATHENS, name=name)],
    )
    producer = CampaignProducer(client)
    asked = {"account_name": name, "to": numbers(1)[0], "text": "x"}
    urgent = await producer.send_one(**asked)
    bulk = await producer.send_one(**asked, lane=Lane.BULK)
    assert urgent.campaign != bulk.campaign
    for message in (urgent, bulk):
        assert len(message.campaign) <= 64
        assert f"{datetime.now(UTC):%Y%m%d}" in message.campaign


@pytest.mark.parametrize(
    ("asked", "error"),
    [
        ({"account_name": "sparta"}, UnknownAccountError),
        ({"to": "12"}, NumberError),
        ({"text": ""}, TextError),
        ({"text": "x" * 161}, TextError),
    ],
)
async def test_a_wrong_message_is_refused_and_leaves_no_key(
    producer: CampaignProducer, client: Client, asked: dict[str, str], error: type[Exception]
) -> None:
    before = {key async for key in client.scan_iter()}
    with pytest.raises(error):
        await producer.send_one(**{"account_name": "athens", "to": numbers(1)[0], "text": "x", **asked})
    assert {key async for key in client.scan_iter()} == before


async def test_segments_are_counted_of_what_was_appended_and_of_single_messages(
    producer: CampaignProducer, client: Client
) -> None:
    """Those of the submit alone were counted, so what a segment costs could not be told."""

    async def segments(campaign: str) -> int:
        return int(await client.hget(keys.campaign(campaign), "segments"))

    await submit(producer, text="ж" * 71, recipients=numbers(2))
    appended = await producer.append("spring", numbers(3, first=1))
    assert (appended.accepted, appended.segments) == (2, 4)
    assert await segments("spring") == 8
    for text in ("short", "ж" * 71):
        message = await producer.send_one(account_name="athens", to=numbers(1)[0], text=text)
    assert await segments(message.campaign) == 3
