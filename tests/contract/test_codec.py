"""Campaigns, chunks and refusals survive their bytes; other bytes are refused as what they are."""

import zlib
from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from producer.contract.campaigns import Campaign, CampaignKind, Lane, OnUncertain, Recipient, Refusal
from producer.contract.codec import (
    chunk_size,
    decode_campaign,
    decode_chunk,
    decode_refusal,
    encode_campaign,
    encode_chunk,
    encode_refusal,
)

texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=30)
zones = st.integers(-12 * 60, 14 * 60).map(lambda minutes: timezone(timedelta(minutes=minutes)))
moments = st.none() | st.datetimes(
    min_value=datetime(1971, 1, 1),  # noqa: DTZ001 - hypothesis adds the zone
    max_value=datetime(2100, 1, 1),  # noqa: DTZ001
    timezones=zones,
)
recipients = st.builds(
    Recipient,
    msisdn=st.from_regex(r"[1-9][0-9]{6,14}", fullmatch=True),
    values=st.dictionaries(texts, texts, max_size=4),
    line=st.integers(0, 10**7),
)
campaigns = st.builds(
    Campaign,
    id=st.just("spring"),
    account=st.just("athens"),
    text=texts,
    lane=st.sampled_from(Lane),
    kind=st.sampled_from(CampaignKind),
    sender=texts,
    not_before=moments,
    not_after=moments,
    on_uncertain=st.sampled_from(OnUncertain),
    created_at=moments,
)


@given(campaign=campaigns)
def test_a_campaign_reads_back_as_itself(campaign: Campaign) -> None:
    assert decode_campaign(encode_campaign(campaign)) == campaign


def test_times_read_back_in_utc() -> None:
    moment = datetime(2030, 1, 1, 10, tzinfo=timezone(timedelta(hours=2)))
    campaign = Campaign(id="spring", account="athens", text="x", not_after=moment)
    assert decode_campaign(encode_campaign(campaign)).not_after.tzinfo is UTC


@given(chunk=st.lists(recipients, max_size=30))
def test_a_chunk_reads_back_as_itself(chunk: list[Recipient]) -> None:
    assert list(decode_chunk(encode_chunk(chunk))) == chunk


def test_recipients_of_a_chunk_may_have_different_values() -> None:
    chunk = (
        Recipient(msisdn="306900000001", values={"a": "1"}, line=5),
        Recipient(msisdn="306900000002", values={"b": ""}, line=3),
        Recipient(msisdn="306900000003"),
    )
    assert decode_chunk(encode_chunk(chunk)) == chunk


@given(chunk=st.lists(recipients, max_size=30))
def test_the_size_of_a_chunk_is_read_from_its_head(chunk: list[Recipient]) -> None:
    assert chunk_size(encode_chunk(chunk)) == len(chunk)


def test_a_chunk_of_the_first_version_reads_as_before() -> None:
    chunk = (Recipient(msisdn="306900000001", values={"a": "1"}, line=5),)
    first = b"\x01" + encode_chunk(chunk)[3:]
    assert decode_chunk(first) == chunk
    assert chunk_size(first) == 1


def test_a_full_chunk_is_a_few_bytes_a_recipient() -> None:
    chunk = [Recipient(msisdn=str(306900000000 + i * 37), line=i + 2) for i in range(500)]
    assert len(encode_chunk(chunk)) <= 500 * 6


@pytest.mark.parametrize(
    "data",
    [b"", b"\x03abc", b"\x02", b"\x02\x00\x01", b"\x01", b"\x01not zlib", b"\x01" + zlib.compress(b"{}"), b"{}"],
    ids=["empty", "version 3", "no size", "only a size", "nothing", "not zlib", "no columns", "json"],
)
def test_what_is_no_chunk_is_a_value_error(data: bytes) -> None:
    """Only the version was checked: other bytes came out as zlib.error or KeyError, which nobody expects."""
    with pytest.raises(ValueError, match="chunk"):
        decode_chunk(data)


def test_a_chunk_cut_short_is_a_value_error() -> None:
    whole = encode_chunk([Recipient(msisdn="306900000001")] * 50)
    for length in range(1, len(whole) - 8):
        with pytest.raises(ValueError, match="chunk"):
            decode_chunk(whole[:length])


@given(line=st.integers(0, 10**7), given_text=texts, reason=texts)
def test_a_refusal_reads_back_as_itself(line: int, given_text: str, reason: str) -> None:
    refusal = Refusal(line=line, given=given_text, reason=reason)
    assert decode_refusal(encode_refusal(refusal)) == refusal
