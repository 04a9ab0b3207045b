"""CampaignProducer.submit: all of a campaign or nothing, and repeatable."""

import asyncio
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta, timezone
from io import StringIO

import pytest

from producer.client import CampaignProducer
from producer.contract import keys
from producer.contract.campaigns import Campaign, CampaignState, Lane, OnUncertain, Recipient
from producer.contract.client import Client
from producer.contract.codec import decode_campaign, decode_chunk, decode_refusal
from producer.contract.messages import CampaignId, Msisdn
from producer.contract.states import State
from producer.errors import (
    CampaignExistsError,
    NoRecipientsError,
    ProducerError,
    TextError,
    UnknownAccountError,
    UnknownCampaignError,
)
from producer.intake import Intake, TakenOverError
from producer.suppression import SuppressionList
from producer.unreadable import HeaderError
from tests.producer.asking import numbers, submit


async def all_keys(client: Client) -> set[str]:
    return {key.decode() async for key in client.scan_iter()}


# --- what is stored ------------------------------------------------------------------------------------


async def test_a_campaign_is_stored_counted_and_running(producer: CampaignProducer, client: Client) -> None:
    given = [*numbers(3), numbers(1)[0], "12", "+30 69 1000 0002"]
    submitted = await submit(producer, recipients=given)
    assert (submitted.accepted, submitted.duplicates, submitted.refused) == (3, 2, 1)
    assert (submitted.segments, submitted.is_new) == (3, True)
    assert [refusal.line for refusal in submitted.refusals] == [5]
    progress = await producer.progress("spring")
    assert progress.state is CampaignState.RUNNING
    assert (progress.total, progress.refused, progress.duplicates) == (3, 1, 2)
    assert progress.states == {State.QUEUED: 3}
    assert progress.created_at is not None
    [chunk] = (await client.hgetall(keys.chunks("spring"))).values()
    assert [recipient.msisdn for recipient in decode_chunk(chunk)] == numbers(3)


async def test_refusals_are_told_in_the_order_of_their_lines(producer: CampaignProducer, client: Client) -> None:
    """Who is on the suppression list was told after all that are no numbers, whatever the lines."""
    await SuppressionList(client).add(Msisdn(numbers(1)[0]), "asked")
    submitted = await submit(producer, recipients=[*numbers(2), "12", "x"])
    assert [refusal.line for refusal in submitted.refusals] == [1, 3, 4]
    stored = map(decode_refusal, await client.lrange(keys.refusals(CampaignId("spring")), 0, -1))
    assert [refusal.line for refusal in stored] == [1, 3, 4]


async def test_what_was_asked_for_is_kept_whole(producer: CampaignProducer, client: Client) -> None:
    begins = datetime.now(UTC) + timedelta(hours=1)
    await submit(
        producer,
        text="Hi $name",
        recipients=[{"msisdn": numbers(1)[0], "name": "Άννα"}],
        sender="ACME",
        lane=Lane.URGENT,
        not_before=begins,
        not_after=begins + timedelta(hours=1),
        on_uncertain=OnUncertain.RESEND,
    )
    campaign = decode_campaign(await client.hget(keys.campaign("spring"), "spec"))
    assert (campaign.text, campaign.sender, campaign.lane) == ("Hi $name", "ACME", Lane.URGENT)
    assert (campaign.not_before, campaign.on_uncertain) == (begins, OnUncertain.RESEND)
    [recipient] = decode_chunk(await client.hget(keys.chunks("spring"), "0"))
    assert recipient.values == {"name": "Άννα"}


async def test_many_recipients_are_many_chunks(producer: CampaignProducer, client: Client) -> None:
    seen: list[int] = []
    submitted = await submit(
        producer, recipients=numbers(5001), on_progress=lambda gathered: seen.append(gathered.accepted)
    )
    assert submitted.accepted == 5001
    assert await client.hlen(keys.chunks("spring")) == 26
    assert seen == [4000, 5001]


async def test_only_the_values_that_the_text_needs_are_stored(producer: CampaignProducer, client: Client) -> None:
    rows = [{"msisdn": numbers(1)[0], "name": "Ann", "iban": "GR16 0110"}]
    await submit(producer, text="Hi $name", recipients=rows)
    [recipient] = decode_chunk(await client.hget(keys.chunks("spring"), "0"))
    assert recipient.values == {"name": "Ann"}


async def test_without_an_id_each_submit_is_a_campaign_of_its_own(producer: CampaignProducer) -> None:
    first, second = await submit(producer, campaign_id=""), await submit(producer, campaign_id="")
    assert first.campaign != second.campaign


async def test_a_text_too_long_with_its_values_refuses_that_recipient_alone(producer: CampaignProducer) -> None:
    rows = [{"msisdn": number, "name": "x" * length} for number, length in zip(numbers(3), (5, 200, 5), strict=True)]
    submitted = await submit(producer, text="Hi $name", recipients=rows)
    assert (submitted.accepted, submitted.refused) == (2, 1)
    assert "203 characters" in submitted.refusals[0].reason


# --- what stops before anything is stored ----------------------------------------------------------------

WRONG = {
    "unknown account": ({"account_name": "sparta"}, UnknownAccountError, "athens"),
    "empty text": ({"text": ""}, TextError, "empty"),
    "blank text": ({"text": " \n"}, TextError, "empty"),
    "too long text": ({"text": "x" * 161}, TextError, "161"),
    "too long without its values": ({"text": "x" * 161 + "$name"}, TextError, "161"),
    "dollar that means nothing": ({"text": "5 $ off"}, TextError, "character 3"),
    "missing column": (
        {"text": "Hi $name", "recipients": StringIO("msisdn\n306910000000\n")},
        HeaderError,
        "name",
    ),
    "no recipients": ({"recipients": []}, NoRecipientsError, "no recipient"),
    "all refused": ({"recipients": ["12", "13"]}, NoRecipientsError, "all 2"),
    "naive time": ({"not_after": datetime(2030, 1, 1)}, ProducerError, "time zone"),  # noqa: DTZ001
    "impossible id": ({"campaign_id": "a:b"}, ValueError, "campaign id"),
}


@pytest.mark.parametrize(("asked", "error", "words"), WRONG.values(), ids=WRONG)
async def test_a_wrong_request_says_why_and_leaves_no_key_at_all(
    producer: CampaignProducer, client: Client, asked: dict[str, object], error: type[Exception], words: str
) -> None:
    before = await all_keys(client)
    with pytest.raises(error, match=words):
        await submit(producer, **asked)
    assert await all_keys(client) == before


async def test_a_source_that_breaks_off_leaves_no_key_at_all(producer: CampaignProducer, client: Client) -> None:
    def broken() -> Iterator[str]:
        yield from numbers(6000)
        raise OSError("the disk is gone")

    before = await all_keys(client)
    with pytest.raises(OSError, match="disk"):
        await submit(producer, recipients=broken())
    assert await all_keys(client) == before


async def test_a_cancelled_submit_leaves_no_key_at_all(producer: CampaignProducer, client: Client) -> None:
    """Ctrl-C cancels the task while it reads recipients; redis-py's next zero-second time-out swallowed that."""
    task: asyncio.Task[object]

    def slow() -> Iterator[str]:
        for place, number in enumerate(numbers(10_000)):
            if place == 5000:
                task.cancel()
            yield number

    before = await all_keys(client)
    task = asyncio.create_task(submit(producer, recipients=slow()))
    with pytest.raises(asyncio.CancelledError):
        await task
    assert await all_keys(client) == before


# --- again ---------------------------------------------------------------------------------------------


async def test_the_same_again_changes_nothing_and_tells_the_first_numbers(
    producer: CampaignProducer, client: Client
) -> None:
    first = await submit(producer, recipients=[*numbers(3), "12"])
    before = await client.hgetall(keys.campaign("spring"))
    again = await submit(producer, recipients=numbers(9))
    assert not again.is_new
    assert (again.accepted, again.refused, again.segments) == (first.accepted, first.refused, first.segments)
    assert await client.hgetall(keys.campaign("spring")) == before


async def test_the_same_moment_in_another_zone_is_the_same_request(producer: CampaignProducer) -> None:
    """10:00+02:00 and 08:00Z are one time, and the second submit was called another campaign."""
    moment = datetime(2031, 1, 1, 10, tzinfo=timezone(timedelta(hours=2)))
    await submit(producer, not_after=moment)
    again = await submit(producer, not_after=moment.astimezone(UTC))
    assert not again.is_new


@pytest.mark.parametrize(
    "other",
    [
        {"text": "good bye"},
        {"sender": "ACME"},
        {"lane": Lane.URGENT},
        {"on_uncertain": OnUncertain.RESEND},
        {"not_after": datetime(2031, 1, 1, tzinfo=UTC)},
    ],
    ids=lambda other: next(iter(other)),
)
async def test_another_request_under_the_same_id_is_refused(
    producer: CampaignProducer, other: dict[str, object]
) -> None:
    await submit(producer)
    with pytest.raises(CampaignExistsError, match="spring"):
        await submit(producer, **other)


async def test_a_loading_campaign_is_invisible(producer: CampaignProducer, client: Client) -> None:
    seen: list[set[str]] = []

    async def look() -> None:
        with pytest.raises(UnknownCampaignError):
            await producer.progress("spring")
        with pytest.raises(UnknownCampaignError):
            await producer.append("spring", numbers(1))
        with pytest.raises(UnknownCampaignError):
            await producer.cancel("spring")
        seen.append(await all_keys(client))

    loading = await Intake(client).begin(_campaign())
    await loading.store([(0, [Recipient(msisdn="306910000000")])])
    await look()
    assert keys.active("athens") not in seen[0]
    assert keys.CAMPAIGNS not in seen[0]
    await loading.abandon()


async def test_a_submit_whose_process_died_is_gone_by_itself(client: Client) -> None:
    loading = await Intake(client).begin(_campaign())
    await loading.store([(0, [Recipient(msisdn="306910000000")])])
    for name in (keys.campaign("spring"), keys.chunks("spring")):
        assert 0 < await client.ttl(name) <= 3600


async def test_the_newest_submit_of_an_id_wins(producer: CampaignProducer, client: Client) -> None:
    intake = Intake(client)
    old = await intake.begin(_campaign())
    await old.store([(0, [Recipient(msisdn="306919999999")])])
    new = await submit(producer)
    assert new.is_new
    with pytest.raises(TakenOverError, match="spring"):
        await old.store([(1, [Recipient(msisdn="306918888888")])])
    with pytest.raises(TakenOverError, match="spring"):
        await old.commit(total=2, chunks=2, refusals=[], refused=0, duplicates=0, segments=2)
    await old.abandon()
    assert (await producer.progress("spring")).total == 3
    assert await client.hlen(keys.chunks("spring")) == 1


async def test_a_commit_sent_again_after_a_lost_connection_is_a_success(client: Client) -> None:
    """Redis had made the campaign visible, the connection broke, and the client sent the commit again.

    The second one found no campaign that was loading, and the caller was told that another submit had
    taken over and nothing was stored, while the campaign was running.
    """
    loading = await Intake(client).begin(_campaign())
    await loading.store([(0, [Recipient(msisdn="306910000000")])])
    for _ in range(2):
        await loading.commit(total=1, chunks=1, refusals=[], refused=0, duplicates=0, segments=1)
    await loading.abandon()
    assert (await CampaignProducer(client).progress("spring")).total == 1


def _campaign() -> Campaign:
    return Campaign(id="spring", account="athens", text="hello", created_at=datetime.now(UTC))


# --- flags ---------------------------------------------------------------------------------------------


async def test_pause_resume_and_cancel_say_the_state_afterwards(producer: CampaignProducer) -> None:
    await submit(producer)
    assert await producer.pause("spring") is CampaignState.PAUSED
    assert await producer.pause("spring") is CampaignState.PAUSED
    assert await producer.resume("spring") is CampaignState.RUNNING
    assert await producer.resume("spring") is CampaignState.RUNNING
    assert await producer.cancel("spring") is CampaignState.CANCELLED
    assert await producer.resume("spring") is CampaignState.CANCELLED
    assert await producer.pause("spring") is CampaignState.CANCELLED


@pytest.mark.parametrize("word", ["pause", "resume", "cancel", "progress"])
async def test_an_unknown_campaign_is_named(producer: CampaignProducer, word: str) -> None:
    with pytest.raises(UnknownCampaignError, match="nowhere"):
        await getattr(producer, word)("nowhere")


async def test_the_producer_asks_for_the_feeder_at_once(producer: CampaignProducer, client: Client) -> None:
    await submit(producer)
    assert await client.zcard(keys.CONTROL_SEND) == 1
