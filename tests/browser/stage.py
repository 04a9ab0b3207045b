"""What the browser looks at: the whole system at work, with something on every page."""

import sys
import time
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from subprocess import PIPE
from typing import Final

import orjson
from redis.asyncio import Redis

from ops.dashboard.access.credentials import USERS_VARIABLE, VARIABLES, Role, row_of
from ops.redis_server import RedisServer
from producer.client import CampaignProducer
from producer.contract import keys
from producer.contract.exports import ExportRecord, ExportState
from producer.contract.messages import AccountName, Msisdn
from producer.contract.orders import Filter, Order, OrderKind
from producer.orders import OrderBook
from producer.suppression import SuppressionList
from tests.support import first_line, key_leaks, running, wait_until
from tests.support_fixtures import TIMES, accounts_of
from tests.support_provider import provider_at, sandbox_process
from tests.support_system import System, account, numbers, phone

OPERATOR: Final = "olga"
VIEWER: Final = "viktor"
PASSWORD: Final = "a horse that nobody staples"
HOSTILE: Final = "\"'><script>alert(1)</script><img src=x onerror=alert(2)>{{7*7}}"

SPRING: Final = "spring-2026"
"""Final: delivered, failed for many reasons, refused."""
LOST: Final = "lost-answers"
"""Its answers were lost, and nobody can be asked: uncertain until a person decides."""
LONG: Final = "a-campaign-whose-name-is-as-long-as-names-may-be-0123456789abcde"
"""Not to be sent before tomorrow, and its text is hostile."""

_FATES: Final = ("903", "922", "923", "925", "931", "936", "943", "953", "955")
_LOST_ANSWERS: Final = 24


@dataclass(frozen=True, slots=True)
class Stage:
    """The system, and the addresses of its page: with users, and of one without any."""

    system: System
    page: str
    link: str

    async def waiting(self, campaign: str) -> str:
        """A campaign of four that is not sent before tomorrow; its name."""
        await self.submit(campaign, numbers(4), not_before=datetime.now(UTC) + timedelta(days=1))
        return campaign

    async def bury(self, count: int = 1) -> None:
        """So many dead letters more, which a worker buries: orders with a name that their type does not have."""
        redis, before = self.system.redis, await self.system.redis.xlen(keys.DEAD)
        order = {"v": "1", "type": "campaign.pause", "body": orjson.dumps({"campaign": SPRING, "loudly": True})}
        for _ in range(count):
            await redis.xadd(keys.INTAKE, order)

        async def are_dead() -> bool:
            return await redis.xlen(keys.DEAD) >= before + count

        await wait_until(are_dead, description="dead letters")

    async def submit(
        self,
        campaign: str,
        people: Sequence[str],
        *,
        account_name: str = "moscow",
        text: str = "",
        not_before: datetime | None = None,
    ) -> None:
        """A campaign; its text is its name."""
        await self.system.producer.submit(
            account_name=account_name,
            text=text or campaign,
            recipients=[{"to": number} for number in people],
            campaign_id=campaign,
            not_before=not_before,
        )


@asynccontextmanager
async def stage_in(folder: Path) -> AsyncIterator[Stage]:
    """Everything in processes of its own, on a Redis of its own; nothing uncatalogued may be left in it."""
    options = [*TIMES, *accounts_of("north", "south")]
    with RedisServer(folder / "redis") as server, sandbox_process(options) as sandbox:
        async with (
            Redis.from_url(server.url) as redis,
            provider_at(sandbox) as provider,
            CampaignProducer.connected(server.url) as producer,
        ):
            system = System(
                redis=redis,
                redis_url=server.url,
                provider=provider,
                folder=folder,
                producer=producer,
                accounts={
                    "moscow": account("smsc", "north", rate=50, in_flight=10, batch=10),
                    "athens": account("restv2", "south", rate=50, in_flight=8),
                },
                sending={"doubt_after": 2 * _LOST_ANSWERS},  # those of one campaign close no account
            )
            with _page(system, _users()) as page, _page(system, {}) as link:
                async with system.worker():
                    stage = Stage(system, page, link)
                    await _fill(stage)
                    yield stage
            leaks = await key_leaks(redis)
        assert not leaks, "\n".join(leaks)


def _users() -> dict[str, str]:
    rows = [row_of(OPERATOR, Role.OPERATOR, PASSWORD), row_of(VIEWER, Role.VIEWER, PASSWORD)]
    return {USERS_VARIABLE: " ".join(rows)}


@contextmanager
def _page(system: System, users: dict[str, str]) -> Iterator[str]:
    """A web process; its address, or where it has no users the one-time link that it prints."""
    environment = {**dict.fromkeys(VARIABLES, ""), **system.environment, **users}
    command = [sys.executable, "-m", "ops.cli", "web", "--port", "0"]
    log = system.folder / f"web-{len(users)}.log"
    with log.open("w+") as errors, running(command, env=environment, stdout=PIPE, stderr=errors) as process:
        yield first_line(process, errors).split()[-1]


async def _fill(stage: Stage) -> None:
    """Something for every page to show."""
    redis = stage.system.redis
    await stage.submit(SPRING, [*numbers(60), *map(phone, _FATES), "12", "not a number"])
    lost = [f"3069{place:05}981" for place in range(_LOST_ANSWERS)]
    await stage.submit(LOST, lost, account_name="athens")
    await stage.submit(LONG, numbers(4), text=HOSTILE, not_before=datetime.now(UTC) + timedelta(days=1))
    for text, stop in (("Thank you!", "0"), (HOSTILE, "0"), ("STOP", "1")):
        fields = {"account": "athens", "id": "1", "from": "306912345678", "to": "ACME", "text": text}
        await redis.xadd(keys.INCOMING, {**fields, "at": str(int(time.time())), "stop": stop})
    await SuppressionList(redis).add(Msisdn("306912345678"), "asked")
    done = ExportRecord(task=7, state=ExportState.DONE, name=HOSTILE, rows=10, matched=8, bad=1, first_bad=HOSTILE)
    await redis.hset(keys.exports(AccountName("moscow")), "7", done.pack())
    await stage.bury()
    await OrderBook(stage.system.producer._redis).ask(
        Order(id="", kind=OrderKind.CANCEL, target=HOSTILE, who=HOSTILE, wanted=Filter(code=HOSTILE), last="1")
    )
    await stage.system.finished(SPRING)
    await stage.system.settled(LOST)
