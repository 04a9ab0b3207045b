"""From gathered rows to stored chunks: a campaign whole or not at all, an append piece by piece."""

import asyncio
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from typing import Final

from producer.checking import check_somebody
from producer.contract.campaigns import Campaign, Recipient, Refusal
from producer.contract.messages import CampaignId
from producer.errors import CampaignExistsError
from producer.gathering import Gathered, Gathering
from producer.intake import Intake, Loading
from producer.suppression import SuppressionList

_CHUNKS_AT_ONCE: Final = 20


@dataclass(frozen=True, slots=True, kw_only=True)
class Submitted:
    """What a submit (or append) stored. `segments` is the billing units of all accepted recipients.

    `is_new` is False when the same campaign had been submitted before; then nothing was changed and the
    numbers are those of the first time. `refusals` holds the first thousand of the `refused`.
    """

    campaign: CampaignId
    accepted: int
    duplicates: int
    refused: int
    segments: int = 0
    is_new: bool = True
    refusals: tuple[Refusal, ...] = field(default=())


class Storing:
    """Stores what a `Gathering` gives."""

    def __init__(self, intake: Intake, suppression: SuppressionList) -> None:
        self._intake = intake
        self._suppression = suppression

    async def load(
        self,
        campaign: Campaign,
        loading: Loading,
        gathering: Gathering,
        rows: Iterator[Recipient | Refusal],
        on_progress: Callable[[Gathered], None] | None,
    ) -> Submitted:
        """Store a campaign that is loading, and make it visible; a failure takes all of it back."""
        try:
            chunks = 0
            for given in _grouped(gathering.chunks(rows), _CHUNKS_AT_ONCE):
                await asyncio.sleep(0)  # reading is no await: let others run, and a cancellation (Ctrl-C) in
                group = await self._allowed(gathering, given)
                await loading.store(enumerate(group, start=chunks))
                chunks += len(group)
                if on_progress is not None:
                    on_progress(gathering.gathered)
            gathered = gathering.gathered
            check_somebody(gathered)
            await loading.commit(
                total=gathered.accepted,
                chunks=chunks,
                refusals=gathered.refusals,
                refused=gathered.refused,
                duplicates=gathered.duplicates,
                segments=gathered.segments,
            )
        except BaseException:
            # in a task of its own: in one that is being cancelled, asyncio.timeout(0) inside redis-py ends as a
            # cancellation, not as a time-out, before Python 3.11.4
            await asyncio.shield(asyncio.create_task(loading.abandon()))
            raise
        await self._intake.wake(campaign.account)
        return _submitted(campaign.id, gathered)

    async def append(
        self, campaign: Campaign, gathering: Gathering, rows: Iterator[Recipient | Refusal]
    ) -> Submitted:
        """Add rows to a campaign that is visible already, a chunk at a time."""
        shards = await self._intake.see(campaign.id)
        accepted = known = segments = 0
        for given in gathering.chunks(rows):
            await asyncio.sleep(0)  # as in load
            for chunk in await self._allowed(gathering, [given]):
                stored = await self._append(campaign, gathering, chunk, shards)
                accepted, known = accepted + len(stored), known + len(chunk) - len(stored)
                segments += sum(map(gathering.segments, stored))
        await self._intake.wake(campaign.account)
        told = _submitted(campaign.id, gathering.gathered)
        return replace(told, accepted=accepted, duplicates=told.duplicates + known, segments=segments)

    async def _append(
        self, campaign: Campaign, gathering: Gathering, chunk: list[Recipient], shards: int
    ) -> list[Recipient]:
        """Store one piece without those whom the campaign has; the others."""
        while chunk:
            segments = sum(map(gathering.segments, chunk))
            match await self._intake.append(campaign.id, campaign.account, chunk, shards, segments):
                case ():
                    return chunk
                case str(why):
                    raise CampaignExistsError(f"campaign {campaign.id!r} takes no more recipients: it is {why}")
                case places:
                    doubled = set(places)
                    chunk = [recipient for place, recipient in enumerate(chunk) if place not in doubled]
        return []

    async def _allowed(self, gathering: Gathering, chunks: Sequence[list[Recipient]]) -> list[list[Recipient]]:
        """Chunks without those who asked not to be written to; the claim looks again."""
        suppressed = await self._suppression.among([recipient.msisdn for chunk in chunks for recipient in chunk])
        if not suppressed:
            return list(chunks)
        return [kept for chunk in chunks if (kept := gathering.suppress(chunk, suppressed))]


def _submitted(campaign: CampaignId, gathered: Gathered) -> Submitted:
    return Submitted(
        campaign=campaign,
        accepted=gathered.accepted,
        duplicates=gathered.duplicates,
        refused=gathered.refused,
        segments=gathered.segments,
        refusals=tuple(gathered.refusals),
    )


def _grouped(chunks: Iterator[list[Recipient]], size: int) -> Iterator[list[list[Recipient]]]:
    group: list[list[Recipient]] = []
    for chunk in chunks:
        group.append(chunk)
        if len(group) == size:
            yield group
            group = []
    if group:
        yield group
