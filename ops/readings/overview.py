"""Everything at a glance: what the page, the metrics and the terminal view are made from."""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from ops.readings.accounts import AccountReading, read_accounts
from ops.readings.active import Census
from ops.readings.backlogs import Backlogs, read_backlogs
from ops.readings.campaigns import ActiveTotals, CampaignPage, read_campaigns
from ops.readings.fields import read_clock
from ops.readings.queues import QueueReading, read_queues
from ops.readings.runway import read_runways
from ops.readings.server import ServerReading, read_server
from ops.readings.workers import WorkerReading, read_workers
from producer.contract.client import Client
from producer.contract.messages import AccountName
from producer.directory import accounts as announced


@dataclass(frozen=True, slots=True, kw_only=True)
class Overview:
    """One reading of the whole system, at Redis' time `at`. Its parts are read beside each other, not as one.

    `runways` are the seconds that balances last, of accounts that spend.
    """

    at: datetime
    accounts: tuple[AccountReading, ...]
    campaigns: CampaignPage
    active: ActiveTotals
    queues: tuple[QueueReading, ...]
    workers: tuple[WorkerReading, ...]
    server: ServerReading
    backlogs: Backlogs = field(default_factory=Backlogs)
    runways: Mapping[AccountName, float] = field(default_factory=dict)

    @property
    def uncertain(self) -> int:
        """Uncertain messages of all accounts."""
        return sum(account.uncertain for account in self.accounts)

    def live(self, role: str) -> int:
        """How many live workers play `role` (`send` or `track`)."""
        return sum(1 for worker in self.workers if worker.is_live and role in worker.roles)

    def on_wire(self, account: str) -> int:
        """Requests of an account that are on the wire now, by the heartbeats of all live workers."""
        return sum(worker.on_wire.get(account, 0) for worker in self.workers if worker.is_live)


async def read_overview(redis: Client, *, campaigns: int = 20, census: Census | None = None) -> Overview:
    """Read it all, with the newest `campaigns`; about twenty round trips, six deep.

    Whoever looks again and again has a `census`, which need not read every campaign each time.
    """
    at = await read_clock(redis)
    names = list(await announced(redis))
    accounts, page, active, queues, workers, server = await asyncio.gather(
        read_accounts(redis),
        read_campaigns(redis, limit=campaigns),
        (census or Census(redis)).read(),
        read_queues(redis),
        read_workers(redis),
        read_server(redis),
    )
    backlogs, runways = await asyncio.gather(read_backlogs(redis, names), read_runways(redis, names))
    return Overview(
        at=at,
        accounts=accounts,
        campaigns=page,
        active=active,
        queues=queues,
        workers=workers,
        server=server,
        backlogs=backlogs,
        runways=runways,
    )
