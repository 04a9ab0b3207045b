"""What lands in Redis: a campaign with its chunks, an appended chunk, one urgent message, a flag."""

import hashlib
import secrets
import time
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from typing import Final, Literal

from redis.exceptions import ResponseError

from producer.contract import keys
from producer.contract.campaigns import Campaign, CampaignState, Recipient, Refusal
from producer.contract.client import Client
from producer.contract.codec import decode_chunk, encode_campaign, encode_chunk, encode_refusal
from producer.contract.jobs import FEED, JOB_LIFE, JOB_PREFIX, send_body_parts
from producer.contract.messages import AccountName, CampaignId, MessageId
from producer.contract.scripts import Argument, Script
from producer.refusing import takes_no_writes

_BEGIN: Final = Script("producer", "begin")
_LOAD: Final = Script("producer", "load")
_COMMIT: Final = Script("producer", "commit")
_ABANDON: Final = Script("producer", "abandon")
_APPEND: Final = Script("producer", "append")
_SEE: Final = Script("producer", "see")
_SINGLE: Final = Script("producer", "single")
_CONTROL: Final = Script("producer", "control")

_LOADING_LIFE: Final = 3600
_ONCE_LIFE: Final = 86_400
_SHARD: Final = 256
_MOST_REFUSALS: Final = 1000

Action = Literal["pause", "resume", "cancel"]


class TakenOverError(RuntimeError):
    """Another submit of the same campaign id began while this one was loading; this one stored nothing."""


class Intake:
    """The producer's writes. Every method is one step in Redis, safe to repeat after a lost connection."""

    def __init__(self, redis: Client) -> None:
        self._redis = redis

    async def begin(self, campaign: Campaign) -> "Loading | Literal['same', 'other']":
        """Open a campaign for loading; 'same' when it was submitted before, 'other' when the id is taken."""
        token = secrets.token_hex(8)
        created = campaign.created_at or datetime.now(UTC)
        answer = await _BEGIN.run(
            self._redis,
            [keys.campaign(campaign.id), keys.chunks(campaign.id)],
            [
                campaign.id,
                encode_campaign(campaign),
                digest(campaign),
                token,
                int(created.timestamp()),
                _LOADING_LIFE,
                int(campaign.not_after.timestamp()) if campaign.not_after else "",
                campaign.kind,
                campaign.account,
            ],
        )
        match answer:
            case b"new":
                return Loading(self._redis, campaign, token)
            case b"same":
                return "same"
            case _:
                return "other"

    async def see(self, campaign: CampaignId) -> int:
        """Make the sets of MSISDNs that the campaign has already; how many shards there are.

        Made once, by the first append; safe to make twice, and beside somebody being forgotten: whoever is taken out
        of a chunk before it is looked at is not put into a set, and whoever is taken out later leaves the set, too.
        """
        name = keys.campaign(campaign)
        shards, total = await self._redis.hmget(name, ["shards", "total"])
        if shards is not None:
            return int(shards)
        await self._redis.hsetnx(name, "seeing", str(max(1, int(total or 0) // _SHARD)))
        count = int(await self._redis.hget(name, "seeing") or 1)
        async for number, data in self._redis.hscan_iter(keys.chunks(campaign), count=10):
            await self._see_chunk(campaign, number, data, count)
        await self._redis.hsetnx(name, "shards", str(count))
        return int(await self._redis.hget(name, "shards") or count)

    async def _see_chunk(self, campaign: CampaignId, number: bytes, data: bytes | None, shards: int) -> None:
        while data is not None:
            msisdns = [recipient.msisdn for recipient in decode_chunk(data)]
            names = [keys.chunks(campaign), *(keys.seen(campaign, int(msisdn) % shards) for msisdn in msisdns)]
            if await _SEE.run(self._redis, names, [number, data, *msisdns]):
                return
            data = await self._redis.hget(keys.chunks(campaign), number.decode())

    async def append(
        self, campaign: CampaignId, account: AccountName, recipients: Sequence[Recipient], shards: int, segments: int
    ) -> tuple[int, ...] | str:
        """Add one chunk of so many segments; () when stored, else the places of recipients the campaign has already.

        A text instead says why nothing can be added: 'gone' or 'cancelled'.
        """
        answer = await _APPEND.run(
            self._redis,
            [
                keys.campaign(campaign),
                keys.chunks(campaign),
                keys.counts(campaign),
                keys.active(account),
                *(keys.seen(campaign, int(recipient.msisdn) % shards) for recipient in recipients),
            ],
            [
                campaign,
                int(time.time()),
                encode_chunk(recipients),
                segments,
                *(recipient.msisdn for recipient in recipients),
            ],
        )
        return answer.decode() if isinstance(answer, bytes) else tuple(answer)

    async def single(
        self, campaign: Campaign, recipient: Recipient, key: str, segments: int
    ) -> tuple[MessageId, bool]:
        """Store one urgent message of so many segments and its job; the id, and whether it is new for this `key`."""
        answer, new = await _SINGLE.run(
            self._redis,
            [
                keys.campaign(campaign.id),
                keys.chunks(campaign.id),
                keys.counts(campaign.id),
                keys.CAMPAIGNS,
                keys.queue(campaign.account, campaign.lane),
                keys.once(campaign.account, key),
            ],
            [
                campaign.id,
                encode_campaign(campaign),
                campaign.account,
                encode_chunk([recipient]),
                keys.records(campaign.id, 0)[:-1],
                _ONCE_LIFE,
                JOB_PREFIX,
                *send_body_parts(),
                JOB_LIFE,
                segments,
            ],
        )
        return MessageId.parse(answer.decode()), bool(new)

    async def control(
        self, campaign: CampaignId, account: AccountName, action: Action
    ) -> tuple[CampaignState | None, bool]:
        """Set a flag; the state afterwards (None: no such campaign) and whether this call changed it."""
        state, changed = await _CONTROL.run(
            self._redis,
            [keys.campaign(campaign), keys.active(account)],
            [campaign, action, int(time.time())],
        )
        if state == b"gone":
            return None, False
        return CampaignState(state.decode()), bool(changed)

    async def wake(self, account: AccountName) -> None:
        """Ask for the feeder now, rather than at its next look. A Redis that refuses leaves it at that."""
        slot = int(time.time() * 5)
        try:
            await self._redis.enqueue_job(
                FEED, account, _job_id=f"feed:{account}:{slot}", _queue_name=keys.CONTROL_SEND, _expires=60
            )
        except ResponseError as error:
            if not takes_no_writes(error):
                raise


class Loading:
    """A campaign while it is loading: invisible to the feeder, gone by itself when it is never committed."""

    def __init__(self, redis: Client, campaign: Campaign, token: str) -> None:
        self._redis = redis
        self._campaign = campaign
        self.token = token
        self._keys = [keys.campaign(campaign.id), keys.chunks(campaign.id)]

    async def store(self, chunks: Iterable[tuple[int, Sequence[Recipient]]]) -> None:
        """Store chunks by number; storing one again replaces it. Raises TakenOverError."""
        args: list[Argument] = [self.token, _LOADING_LIFE]
        for number, recipients in chunks:
            args += (number, encode_chunk(recipients))
        self._ours(await _LOAD.run(self._redis, self._keys, args))

    async def commit(
        self, *, total: int, chunks: int, refusals: Sequence[Refusal], refused: int, duplicates: int, segments: int
    ) -> None:
        """Make the campaign visible. Raises TakenOverError."""
        campaign = self._campaign
        also = [
            keys.counts(campaign.id),
            keys.CAMPAIGNS,
            keys.active(campaign.account),
            keys.refusals(campaign.id),
        ]
        args: list[Argument] = [self.token, campaign.id, total, chunks, refused, duplicates, segments]
        args += [int(time.time()), *map(encode_refusal, refusals[:_MOST_REFUSALS])]
        self._ours(await _COMMIT.run(self._redis, [*self._keys, *also], args))

    async def abandon(self) -> None:
        """Take everything back."""
        await _ABANDON.run(self._redis, self._keys, [self.token])

    def _ours(self, answer: int) -> None:
        if not answer:
            raise TakenOverError(
                f"another submit of campaign {self._campaign.id!r} took over; this one stored nothing"
            )


def digest(campaign: Campaign) -> str:
    """What makes two submits of one id the same: everything asked for but the time of asking."""
    asked = (
        campaign.account,
        campaign.text,
        campaign.lane,
        campaign.sender,
        _moment(campaign.not_before),
        _moment(campaign.not_after),
        campaign.on_uncertain,
        *sorted(f"{name}={value}" for name, value in campaign.options.items()),
    )
    return hashlib.blake2b("\0".join(asked).encode(), digest_size=16).hexdigest()


def _moment(moment: datetime | None) -> str:
    """The same text for the same moment, in whichever zone it was given."""
    return moment.astimezone(UTC).isoformat() if moment else ""
