"""How records become bytes in Redis and bytes become records again: campaigns, chunks, refusals."""

import zlib
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any, Final

import orjson

from producer.contract.campaigns import Campaign, CampaignKind, Lane, OnUncertain, Recipient, Refusal
from producer.contract.messages import FORGOTTEN, AccountName, CampaignId, Msisdn

_CHUNK_V1: Final = b"\x01"
_CHUNK_V2: Final = b"\x02"
_CHUNK_HEADS: Final = {_CHUNK_V1: 1, _CHUNK_V2: 3}
"""Bytes before what is compressed."""

_MOST_CHUNK_BYTES: Final = 16 * 1024 * 1024


def encode_campaign(campaign: Campaign) -> bytes:
    """The immutable part of a campaign as JSON."""
    return orjson.dumps(
        {
            "id": campaign.id,
            "account": campaign.account,
            "text": campaign.text,
            "lane": campaign.lane,
            "kind": campaign.kind,
            "sender": campaign.sender,
            "not_before": campaign.not_before,
            "not_after": campaign.not_after,
            "on_uncertain": campaign.on_uncertain,
            "created_at": campaign.created_at,
            "options": dict(campaign.options),
        }
    )


def decode_campaign(data: bytes) -> Campaign:
    """What `encode_campaign` wrote, before there were options too."""
    fields = orjson.loads(data)
    return Campaign(
        id=CampaignId(fields["id"]),
        account=AccountName(fields["account"]),
        text=fields["text"],
        lane=Lane(fields["lane"]),
        kind=CampaignKind(fields["kind"]),
        sender=fields["sender"],
        not_before=_time(fields["not_before"]),
        not_after=_time(fields["not_after"]),
        on_uncertain=OnUncertain(fields["on_uncertain"]),
        created_at=_time(fields["created_at"]),
        options=fields.get("options", {}),
    )


def encode_chunk(recipients: Sequence[Recipient]) -> bytes:
    """Recipients by column, compressed: 6 to 13 bytes each for a number and two short values.

    Layout: one version byte, how many recipients (two bytes, big end first), then zlib of the JSON object
    `{"to": [msisdn as integer…], "lines": [line…], "values": {name: [value…]}}`. A recipient that lacks a name
    has null there.
    """
    names = dict.fromkeys(name for recipient in recipients for name in recipient.values)
    columns = {
        "to": [int(recipient.msisdn) for recipient in recipients],
        "lines": _deltas([recipient.line for recipient in recipients]),
        "values": {name: [recipient.values.get(name) for recipient in recipients] for name in names},
    }
    return _CHUNK_V2 + len(recipients).to_bytes(2, "big") + zlib.compress(orjson.dumps(columns), 1)


def decode_chunk(data: bytes) -> tuple[Recipient, ...]:
    """What `encode_chunk` wrote, now or in its first version; ValueError when it is something else."""
    if data[:1] not in _CHUNK_HEADS:
        raise ValueError(f"chunk of unknown version {data[:1]!r}")
    try:
        return _recipients(orjson.loads(_unpacked(data)))
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise ValueError(f"chunk that cannot be read: {type(error).__name__}") from error


def msisdns_of(data: bytes) -> list[Msisdn]:
    """The MSISDNs of a chunk by place, and nothing else of it; ValueError when it is none."""
    if data[:1] not in _CHUNK_HEADS:
        raise ValueError(f"chunk of unknown version {data[:1]!r}")
    try:
        return [Msisdn(str(to)) for to in orjson.loads(_unpacked(data))["to"]]
    except (ValueError, KeyError, TypeError) as error:
        raise ValueError(f"chunk that cannot be read: {type(error).__name__}") from error


def places_of(data: bytes, msisdn: Msisdn) -> tuple[int, ...]:
    """Where in a chunk an MSISDN is; ValueError when it is none. Only a chunk that has it is read whole."""
    if data[:1] in _CHUNK_HEADS and msisdn.encode() not in _unpacked(data):
        return ()
    return tuple(place for place, recipient in enumerate(decode_chunk(data)) if recipient.msisdn == msisdn)


def without_recipient(data: bytes, place: int) -> bytes:
    """A chunk whose recipient at `place` is nobody any more: no number, no values, no line. The others stay."""
    recipients = list(decode_chunk(data))
    recipients[place] = Recipient(msisdn=FORGOTTEN)
    return encode_chunk(recipients)


def chunk_size(data: bytes) -> int:
    """How many recipients a chunk holds; ValueError when it is none. Reads three bytes (all of a first version's)."""
    if data[:1] == _CHUNK_V2 and len(data) > _CHUNK_HEADS[_CHUNK_V2]:
        return int.from_bytes(data[1:3], "big")
    return len(decode_chunk(data))


def _unpacked(data: bytes) -> bytes:
    try:
        return zlib.decompressobj().decompress(data[_CHUNK_HEADS[data[:1]] :], _MOST_CHUNK_BYTES)
    except zlib.error as error:
        raise ValueError("chunk that cannot be read: zlib") from error


def _recipients(columns: dict[str, Any]) -> tuple[Recipient, ...]:  # Any: JSON
    names = list(columns["values"])
    rows = zip(*columns["values"].values(), strict=True) if names else ((),) * len(columns["to"])
    return tuple(
        Recipient(
            msisdn=Msisdn(str(to)),
            values={name: value for name, value in zip(names, row, strict=True) if value is not None},
            line=line,
        )
        for to, line, row in zip(columns["to"], _sums(columns["lines"]), rows, strict=True)
    )


def encode_refusal(refusal: Refusal) -> bytes:
    """One refusal as JSON."""
    return orjson.dumps({"line": refusal.line, "given": refusal.given, "reason": refusal.reason})


def decode_refusal(data: bytes) -> Refusal:
    """What `encode_refusal` wrote."""
    return Refusal(**orjson.loads(data))


def _deltas(numbers: Sequence[int]) -> list[int]:
    """First number, then differences: consecutive lines become a run of ones, which compresses to nothing."""
    return [now - before for before, now in zip((0, *numbers), numbers, strict=False)]


def _sums(deltas: Sequence[int]) -> list[int]:
    total = 0
    return [total := total + delta for delta in deltas]


def _time(text: str | None) -> datetime | None:
    return datetime.fromisoformat(text).astimezone(UTC) if text else None
