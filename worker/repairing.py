"""`volley repair`: every queue and list rebuilt from the ledger, asked for by `ops` as arq jobs and done here.

A job does a piece and tells where to go on, so that no job is long, a worker that dies in one costs a piece that
is done again, and who asked sees how far it is. Nothing is taken away: what is there stays as it is.
"""

import time
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any, Final

import structlog

from producer.contract import keys
from producer.contract.campaigns import CampaignState
from producer.contract.client import Client
from producer.contract.messages import CampaignId
from worker.ledger import CampaignView, Ledger, LedgerReader
from worker.ledger.reading import CampaignPlace
from worker.sweeping import Sweeper

_PIECE: Final = 1.0
"""Seconds of one job: other jobs of the control queue run beside it."""

_CHUNKS_A_TRIP: Final = 20
_KEYS_A_TRIP: Final = 1000
_FIRST: Final = f"{keys.campaign(CampaignId(''))}"

log = structlog.get_logger(__name__)


@dataclass(kw_only=True)
class Repaired:
    """What one piece found. `campaigns` were gone through to their end; the others were missing where they belong:

    `listed` campaigns from the list of all, `jobs` from the queues, `lists` messages from the lists of who waits
    for evidence. `orphans` are keys that belong to no campaign: they are counted and left alone.
    """

    campaigns: int = 0
    chunks: int = 0
    listed: int = 0
    jobs: int = 0
    lists: int = 0
    orphans: int = 0


class Repairer:
    """Rebuilds from the ledger, piece by piece. Safe at any time, twice, beside workers and the sweeper."""

    def __init__(self, redis: Client, ledger: Ledger, reader: LedgerReader, sweeper: Sweeper) -> None:
        self._redis = redis
        self._ledger = ledger
        self._reader = reader
        self._sweeper = sweeper

    async def step(self, cursor: str, *, seconds: float = _PIECE) -> tuple[str, Repaired]:
        """A piece from `cursor` on (empty: from the beginning); where to go on (empty: all is done), what was found.

        Raises ValueError for a cursor that this did not give.
        """
        done, ends = Repaired(), time.monotonic() + seconds
        kind, _, place = (cursor or "keys:0").partition(":")
        if kind not in {"keys", "campaign"}:
            raise ValueError(f"not a cursor: {cursor[:80]!r}")
        while kind:
            kind, place = await (self._scan(place, done) if kind == "keys" else self._campaign(place, done))
            if time.monotonic() >= ends:
                break
        return (f"{kind}:{place}" if kind else ""), done

    # --- campaigns that nobody knows of -------------------------------------------------------------

    async def _scan(self, place: str, done: Repaired) -> tuple[str, str]:
        """Some of all keys: the campaigns among them are to be on the list of all."""
        cursor, names = await self._redis.scan(int(place), match=f"{_FIRST}*", count=_KEYS_A_TRIP)
        found = [name.decode().removeprefix(_FIRST) for name in names]
        for name in found:
            if ":" not in name:
                done.listed += await self._list(CampaignId(name))
        owners = {name.partition(":")[0] for name in found if ":" in name}
        gone = {owner for owner in owners if not await self._redis.exists(keys.campaign(CampaignId(owner)))}
        done.orphans += sum(name.partition(":")[0] in gone for name in found)
        return ("keys", str(cursor)) if cursor else ("campaign", "")

    async def _list(self, campaign: CampaignId) -> int:
        """Put a campaign on the list of all, by the time it was made; 1 when it was not there."""
        created_at = await self._redis.hget(keys.campaign(campaign), "created_at")
        return int(await self._redis.zadd(keys.CAMPAIGNS, {campaign: float(created_at or time.time())}, nx=True))

    # --- the messages of each campaign -----------------------------------------------------------------

    async def _campaign(self, place: str, done: Repaired) -> tuple[str, str]:
        """Some chunks of the campaign at `place` (`name/chunk`, or `name` for the one behind it)."""
        name, slash, chunk = place.partition("/")
        if not slash:
            behind = sorted(other.decode() for other in await self._redis.zrange(keys.CAMPAIGNS, 0, -1))
            following = next((other for other in behind if other > name), "")
            return ("campaign", f"{following}/0") if following else ("", "")
        view, at = await self._reader.campaign(CampaignId(name)), await self._reader.place(CampaignId(name))
        if view is None or at is None or at.state is CampaignState.LOADING:
            return "campaign", name
        last = 0 if at.state is CampaignState.FINISHED else min(at.fed + 1, at.chunks)
        wanted = range(int(chunk), min(int(chunk) + _CHUNKS_A_TRIP, last))
        await self._mend(view, at, wanted, done)
        if wanted.stop < last:
            return "campaign", f"{name}/{wanted.stop}"
        done.campaigns += 1
        return "campaign", name

    async def _mend(self, view: CampaignView, at: CampaignPlace, wanted: range, done: Repaired) -> None:
        campaign = view.campaign
        await self._sweeper.wake(view, at)
        done.jobs += await self._ledger.requeue(campaign.id, wanted, account=campaign.account, lane=campaign.lane)
        done.lists += await self._ledger.relist(campaign.id, wanted, account=campaign.account, lane=campaign.lane)
        done.chunks += len(wanted)


async def repair(ctx: Mapping[str, Any], cursor: str) -> dict[str, object]:  # Any: arq's context
    """The arq function: one piece of a repair; `cursor` is where to go on, empty when all is done."""
    repairer: Repairer = ctx["repairer"]
    following, done = await repairer.step(cursor)
    log.info("repaired", **asdict(done), is_done=not following)
    return {"cursor": following, **asdict(done)}
