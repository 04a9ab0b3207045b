"""Drafts: campaigns that are loaded, shown in a preview, and wait for a person's word; without one they go.

A draft's recipients lie in Redis as those of any campaign that is loading: invisible, and gone an hour after the last
was stored. So any process may show it, start it or drop it, and one that dies takes nothing with it.
"""

import time
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any, Final, Self

import orjson
from msgspec import structs

from producer.contract import keys
from producer.contract.campaigns import Campaign, Recipient, Refusal
from producer.contract.client import Client
from producer.contract.codec import decode_campaign, decode_chunk, encode_campaign, encode_chunk
from producer.contract.messages import CampaignId
from producer.errors import CampaignExistsError
from producer.intake import Intake, Loading
from producer.rendering import Template

LIFE: Final = 3600
"""Seconds that a draft is kept."""

MOST: Final = 8
"""Drafts that are kept at once; the oldest goes first."""

_SAMPLES: Final = 3
_MOST_REFUSALS: Final = 1000


@dataclass(frozen=True, slots=True, kw_only=True)
class Draft:
    """One draft. `file_name` is what the browser called the file: shown, never used as a path.

    `refusals` are the first thousand, `samples` the first recipients and the one with the longest text.
    """

    key: str
    owner: str
    campaign: Campaign
    token: str = field(repr=False)
    file_name: str
    chunks: int
    accepted: int
    duplicates: int = 0
    refused: int = 0
    segments: int = 0
    refusals: tuple[Refusal, ...] = ()
    samples: tuple[Recipient, ...] = ()


class Drafts:
    """The drafts of everybody who uses this Redis."""

    def __init__(self, redis: Client) -> None:
        self._redis = redis

    async def begin(self, campaign: Campaign) -> Loading:
        """Begin to load one. CampaignExistsError when the id is a campaign's already."""
        match await Intake(self._redis).begin(campaign):
            case "same" | "other":
                raise CampaignExistsError(f"campaign {campaign.id!r} exists already: take another id")
            case loading:
                return loading

    async def keep(self, draft: Draft) -> None:
        """Keep a draft whose recipients are stored; the oldest ones go when there are too many."""
        await self._loading(draft).store(())  # from now on it is kept for its whole life
        async with self._redis.pipeline(transaction=True) as pipe:
            pipe.hset(keys.draft(draft.key), mapping=_packed(draft))
            pipe.expire(keys.draft(draft.key), LIFE)
            pipe.zadd(keys.DRAFTS, {draft.key: time.time()})
            pipe.zremrangebyscore(keys.DRAFTS, "-inf", time.time() - LIFE)
            pipe.expire(keys.DRAFTS, LIFE)
            await pipe.execute()
        for name in await self._redis.zrange(keys.DRAFTS, 0, -1 - MOST):
            await self._drop(name.decode())

    async def find(self, key: str, owner: str) -> Draft | None:
        """A draft of this owner; None when there is none (any more), or another of the same campaign's id came."""
        draft = await self._read(key)
        return draft if draft is not None and draft.owner == owner else None

    async def start(self, draft: Draft) -> None:
        """Let it be sent. TakenOverError when it was dropped meanwhile; safe to repeat."""
        await self._loading(draft).commit(
            total=draft.accepted,
            chunks=draft.chunks,
            refusals=draft.refusals,
            refused=draft.refused,
            duplicates=draft.duplicates,
            segments=draft.segments,
        )
        await self._redis.hset(keys.campaign(draft.campaign.id), "created_at", str(int(time.time())))
        await self._forget(draft.key)
        await Intake(self._redis).wake(draft.campaign.account)

    async def drop(self, draft: Draft) -> None:
        """Take everything back."""
        await self._loading(draft).abandon()
        await self._forget(draft.key)

    async def drop_all(self) -> int:
        """Take all drafts back; how many there were."""
        names = await self._redis.zrange(keys.DRAFTS, 0, -1)
        for name in names:
            await self._drop(name.decode())
        return len(names)

    async def _drop(self, key: str) -> None:
        draft = await self._read(key)
        if draft is not None:
            await self._loading(draft).abandon()
        await self._forget(key)

    async def _read(self, key: str) -> Draft | None:
        fields = await self._redis.hgetall(keys.draft(key))
        if not fields:
            return None
        draft = _unpacked(key, fields)
        token = await self._redis.hget(keys.campaign(draft.campaign.id), "token")
        return draft if token == draft.token.encode() else None

    async def _forget(self, key: str) -> None:
        await self._redis.delete(keys.draft(key))
        await self._redis.zrem(keys.DRAFTS, key)

    def _loading(self, draft: Draft) -> Loading:
        return Loading(self._redis, draft.campaign, draft.token)


class Samples:
    """The first recipients of a campaign, and the one whose text is the longest."""

    def __init__(self, template: Template, known: Sequence[Recipient] = ()) -> None:
        self._template = template
        self._first = list(known[:_SAMPLES])
        self._longest: Recipient | None = None
        self._length = -1
        if template.names:
            self._measure(known)

    def take(self, chunk: Sequence[Recipient]) -> None:
        """See some more."""
        self._first += chunk[: _SAMPLES - len(self._first)]
        if self._template.names:
            self._measure(chunk)

    def _measure(self, chunk: Sequence[Recipient]) -> None:
        for recipient in chunk:
            if (length := self._template.length(recipient.values)) > self._length:
                self._longest, self._length = recipient, length

    def shown(self) -> tuple[Recipient, ...]:
        """Three or four of them, each once."""
        known = {each.msisdn: each for each in self._first}
        if self._longest is not None:
            known.setdefault(self._longest.msisdn, self._longest)
        return tuple(known.values())


@dataclass(frozen=True, slots=True, kw_only=True)
class Loaded:
    """How far a draft is that is loaded piece by piece: what the next piece must know of it, as JSON."""

    campaign: CampaignId
    token: str
    chunks: int = 0
    accepted: int = 0
    refused: int = 0
    segments: int = 0
    refusals: tuple[Refusal, ...] = ()
    samples: tuple[Recipient, ...] = ()

    def pack(self) -> str:
        """As JSON."""
        return orjson.dumps(self, default=structs.asdict).decode()

    @classmethod
    def unpack(cls, text: str) -> Self:
        """Read what `pack` wrote."""
        told: dict[str, Any] = orjson.loads(text)  # Any: JSON
        refusals = tuple(Refusal(**each) for each in told.pop("refusals"))
        samples = tuple(Recipient(**each) for each in told.pop("samples"))
        return cls(**told, refusals=refusals, samples=samples)


def _packed(draft: Draft) -> dict[str, str | bytes | int]:
    return {
        "owner": draft.owner,
        "campaign": encode_campaign(draft.campaign),
        "token": draft.token,
        "file_name": draft.file_name.encode(errors="backslashreplace"),  # a browser may send any bytes
        **{name: getattr(draft, name) for name in _COUNTS},
        "refusals": orjson.dumps([asdict(each) for each in draft.refusals[:_MOST_REFUSALS]]),
        "samples": encode_chunk(draft.samples),
    }


def _unpacked(key: str, fields: Mapping[bytes, bytes]) -> Draft:
    return Draft(
        key=key,
        owner=fields[b"owner"].decode(),
        campaign=decode_campaign(fields[b"campaign"]),
        token=fields[b"token"].decode(),
        file_name=fields[b"file_name"].decode(errors="replace"),
        refusals=tuple(Refusal(**each) for each in orjson.loads(fields[b"refusals"])),
        samples=decode_chunk(fields[b"samples"]),
        **{name: int(fields[name.encode()]) for name in _COUNTS},
    )


_COUNTS: Final = ("chunks", "accepted", "duplicates", "refused", "segments")
