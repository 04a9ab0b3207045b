"""Moving messages: one typed function for each of the ledger's scripts."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final

from producer.contract import keys
from producer.contract.campaigns import Lane
from producer.contract.client import Client
from producer.contract.jobs import JOB_LIFE, send_body_parts
from producer.contract.messages import AccountName, CampaignId, MessageId, Msisdn
from producer.contract.scripts import Argument, Script, execute
from producer.contract.states import STATES_BY_LETTER, Event, State
from worker.ledger import calls, scripts
from worker.ledger.moves import ClaimAnswer, Claimed, ClaimRequest, Evidence, Recorded, Slice, Write

_CHUNKS_PER_TRIP: Final = 64
_FORGOTTEN: Final = "volley.forgotten"


@dataclass(frozen=True, slots=True, kw_only=True)
class Ledger:
    """Message state in Redis. All waits are seconds. Redis errors are raised as they come."""

    redis: Client
    lease: int
    reference_life: int
    first_look: float
    grace: float

    async def register(self, slices: Sequence[Slice], *, account: AccountName, lane: Lane) -> list[str]:
        """Make records and jobs for slices of one campaign, each following the one before; one round trip for all.

        Returns for each 'fed', 'all fed', 'moved' (another feeder was here first), or the state of a campaign that
        is not running. Each is a step of its own, and idempotent: a record that exists stays as it is.
        """
        head, tail = send_body_parts()
        asked = []
        for each in slices:
            campaign, chunk, place = each.first.campaign, each.first.chunk, each.first.place
            names = [*calls.campaign_keys(campaign, account, lane), keys.records(campaign, chunk)]
            asked.append((names, _arguments(campaign, chunk, place, each.places, each.size, head, tail, JOB_LIFE)))
        return [bytes(answer).decode() for answer in await execute(self.redis, scripts.REGISTER, asked)]

    async def claim(self, requests: Sequence[ClaimRequest]) -> list[tuple[Claimed, ...]]:
        """Claim the messages of several requests, one round trip for all; the answers in their order."""
        groups = calls.claims_together(requests)
        waits = (self.lease, self.reference_life, self.grace)
        answers = await execute(self.redis, scripts.CLAIM, [calls.claim(group, *waits) for group in groups])
        claimed: dict[int, tuple[Claimed, ...]] = {}
        for group, answer in zip(groups, answers, strict=True):
            told = iter(answer)
            for request in group:
                claimed[id(request)] = tuple(_claimed(message, next(told)) for message in request.messages)
        return [claimed[id(request)] for request in requests]

    async def record(self, writes: Sequence[Write]) -> list[Recorded]:
        """Record what submissions gave; one round trip for all. The order of the answers is by campaign."""
        groups = calls.together(writes)
        waits = (self.reference_life, self.first_look, self.grace)
        answers = await execute(self.redis, scripts.RECORD, [calls.record(group, *waits) for group in groups])
        recorded = []
        for group, answer in zip(groups, answers, strict=True):
            words = dict(zip(answer[::2], answer[1::2], strict=True))
            recorded += [_recorded(write, words.get(place)) for place, write in enumerate(group, 1)]
        return recorded

    async def apply(self, items: Sequence[Evidence]) -> list[tuple[Evidence, State | None, bool]]:
        """Apply evidence; per item the state the message now has (None: no such submission) and if it moved."""
        groups = calls.together(items)
        answers = await execute(self.redis, scripts.APPLY, [calls.apply(group) for group in groups])
        return [
            (item, STATES_BY_LETTER.get(letter.lower()), letter.isupper())
            for group, answer in zip(groups, answers, strict=True)
            for item, letter in zip(group, bytes(answer).decode(), strict=True)
        ]

    async def close(
        self, campaign: CampaignId, chunks: int, event: Event, code: str, *, account: AccountName, lane: Lane
    ) -> int:
        """End every message of the campaign that was not claimed, registered or not; how many that were.

        `event` is CANCEL or EXPIRE. Safe to repeat.
        """
        names = calls.campaign_keys(campaign, account, lane)
        asked = [
            ([*names, keys.records(campaign, chunk)], _arguments(campaign, chunk, event, code))
            for chunk in range(chunks)
        ]
        ended = await self._sum(scripts.CLOSE, asked)
        rest = await scripts.CLOSE_REST.run(self.redis, names[:4], [campaign, event, code])
        return ended + int(rest)

    async def requeue(self, campaign: CampaignId, chunks: Iterable[int], *, account: AccountName, lane: Lane) -> int:
        """Make the jobs that open messages of these chunks lack; how many were missing. Safe at any time."""
        head, tail = send_body_parts()
        names = calls.campaign_keys(campaign, account, lane)
        asked = [
            ([*names, keys.records(campaign, chunk)], _arguments(campaign, chunk, head, tail, JOB_LIFE))
            for chunk in chunks
        ]
        return await self._sum(scripts.REQUEUE, asked)

    async def relist(self, campaign: CampaignId, chunks: Iterable[int], *, account: AccountName, lane: Lane) -> int:
        """Put messages of these chunks that wait for evidence back on the lists by which they are found.

        Returns how many were missing from one. Safe at any time.
        """
        names = [*calls.campaign_keys(campaign, account, lane), keys.due(account), keys.uncertain(account)]
        asked = [
            (
                [*names, keys.records(campaign, chunk)],
                _arguments(campaign, chunk, calls.references(account), self.reference_life),
            )
            for chunk in chunks
        ]
        return await self._sum(scripts.RELIST, asked)

    async def forget(
        self,
        message: MessageId,
        msisdn: Msisdn,
        chunk: tuple[bytes, bytes],
        *,
        account: AccountName,
        lane: Lane,
        event: Event | None = None,
    ) -> str:
        """Take the recipient of a message, `msisdn`, out of its chunk, if the message is final: one step.

        `chunk`: as it was read, and as it is to be. `event` ends what waits to be sent first; it is CANCEL or None.
        Returns 'forgotten', 'ended' (by this call, and forgotten), 'changed' (the chunk is another by now), or the
        state of a message that is not final; in these two cases nothing was changed.
        """
        answer = await scripts.FORGET.run(
            self.redis,
            [
                *calls.campaign_keys(message.campaign, account, lane),
                keys.records(message.campaign, message.chunk),
                keys.chunks(message.campaign),
            ],
            [
                *(message.campaign, message.chunk, message.place),
                *chunk,
                *(event or "", _FORGOTTEN, msisdn, keys.seen(message.campaign, 0)[:-1]),
            ],
        )
        return bytes(answer).decode()

    async def _sum(self, script: Script, asked: Sequence[calls.Call]) -> int:
        total = 0
        for start in range(0, len(asked), _CHUNKS_PER_TRIP):
            total += sum(await execute(self.redis, script, asked[start : start + _CHUNKS_PER_TRIP]))
        return total


def _arguments(*values: Argument) -> list[Argument]:
    return list(values)


def _claimed(message: MessageId, answer: bytes | int) -> Claimed:
    if isinstance(answer, int):
        return Claimed(message=message, answer=ClaimAnswer.CLAIMED, attempt=answer)
    return Claimed(message=message, answer=ClaimAnswer(answer.decode()))


def _recorded(write: Write, word: bytes | None) -> Recorded:
    match word:
        case None | b"late":
            return Recorded(write=write)
        case b"stale":
            return Recorded(write=write, stale=True)
        case _:
            return Recorded(write=write, orphan=word)
