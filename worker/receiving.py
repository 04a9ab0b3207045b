"""The wire: campaigns, messages and flags that any service put on the intake stream (contract version 1).

Several workers read the stream side by side, as consumers of one group. What becomes of an entry:

* taken: stored, then acknowledged and deleted. A crash in between takes it again: every handler may be repeated;
* refused (a ValueError): kept on the dead-letter stream with its reason;
* about a campaign that is not there: tried again for some seconds, because another worker may be storing
  that campaign just now; then refused;
* failed in another way: it stays pending, comes back after a minute, and is buried after some deliveries,
  so that what nobody foresaw neither stops the worker nor is lost.
"""

import asyncio
import traceback
from collections.abc import Awaitable, Callable
from dataclasses import asdict
from typing import Final

import orjson
import structlog
from redis.exceptions import ConnectionError as RedisConnectionError
from redis.exceptions import RedisError, ResponseError
from redis.exceptions import TimeoutError as RedisTimeoutError

from producer.client import CampaignProducer
from producer.contract import keys
from producer.contract.campaigns import Lane, OnUncertain
from producer.contract.client import Client, Fields, Value
from producer.contract.scripts import Script
from producer.errors import UnknownCampaignError
from producer.refusing import takes_no_writes
from worker import wire
from worker.wire import Body, WireError

GROUP: Final = "volley"

_DEAD_LENGTH: Final = 10_000
_MOST_KEPT: Final = 65_536  # bytes of one field on the dead-letter stream
_MOST_DELIVERIES: Final = 5
_MOST_WAITING: Final = 1000
_BLOCK_MS: Final = 500
_AT_ONCE: Final = 20
_RETRY_EVERY: Final = 0.25
_TIDY_EVERY: Final = 3600.0
_FORGET_AFTER_MS: Final = 86_400_000

_FORGET_CONSUMERS: Final = Script("worker", "forget_consumers")

log = structlog.get_logger(__name__)

Handler = Callable[[str, Body], Awaitable[object]]  # entry id, body


class Receiver:
    """Reads the intake stream as one consumer of its group.

    `idle`: seconds after which an entry that another consumer read and did not settle is taken over.
    `patience`: seconds for which an entry about an unknown campaign is tried again; shorter than `idle`.
    """

    def __init__(
        self,
        redis: Client,
        producer: CampaignProducer,
        consumer: str,
        *,
        idle: float = 60.0,
        patience: float = 20.0,
    ) -> None:
        self._redis = redis
        self._producer = producer
        self._consumer = consumer
        self._idle = idle
        self._patience = patience
        self._waiting: dict[bytes, tuple[Fields, float]] = {}  # entry -> its fields, until when it waits
        self._has_group = False
        self._retry_at = 0.0
        self._tidy_at = 0.0
        self._types: dict[str, tuple[Handler, tuple[str, ...]]] = {
            "campaign.submit": (self._submit, _SUBMIT),
            "campaign.append": (self._append, ("campaign", "recipients", "region")),
            "campaign.pause": (self._pause, ("campaign",)),
            "campaign.resume": (self._resume, ("campaign",)),
            "campaign.cancel": (self._cancel, ("campaign",)),
            "message.send": (self._send, ("account", "to", "text", "sender", "key", "lane", "options")),
        }

    async def run(self) -> None:
        """Take entries until cancelled. Redis being away is waited for."""
        while not _is_cancelled():
            try:
                if not self._has_group:
                    await self._make_group()
                    self._has_group = True
                await self._tidy()
                await self._take_over()
                await self._try_again()
                await self._read()
            except (RedisError, OSError) as error:
                self._has_group = False  # a Redis that lost the stream says so by an error
                log.warning("intake_waits_for_redis", error=type(error).__name__)
                await asyncio.sleep(1.0)

    async def take(self, entry_id: str, fields: Fields) -> None:
        """Take one entry. WireError, ProducerError and its kinds say why it cannot be taken."""
        kind, body = wire.read_entry(fields)
        if kind not in self._types:
            raise WireError(f"unknown type {kind[:80]!r} (known: {', '.join(self._types)})")
        handler, names = self._types[kind]
        wire.check_names(body, names)
        await handler(entry_id, body)

    # --- the stream --------------------------------------------------------------------------------

    async def _make_group(self) -> None:
        try:
            await self._redis.xgroup_create(keys.INTAKE, GROUP, "0", mkstream=True)
        except ResponseError as error:
            if "BUSYGROUP" not in str(error):
                raise

    async def _tidy(self) -> None:
        now = asyncio.get_running_loop().time()
        if now >= self._tidy_at:
            await _FORGET_CONSUMERS.run(self._redis, [keys.INTAKE], [GROUP, _FORGET_AFTER_MS])
            self._tidy_at = now + _TIDY_EVERY

    async def _take_over(self) -> None:
        """Entries that were read and not settled: by a consumer that died, or by anybody who failed."""
        idle = int(self._idle * 1000)
        answer = await self._redis.xautoclaim(keys.INTAKE, GROUP, self._consumer, idle, count=_AT_ONCE)
        await self._handle(answer[1])

    async def _try_again(self) -> None:
        now = asyncio.get_running_loop().time()
        if self._waiting and now >= self._retry_at:
            await self._handle([(entry_id, fields) for entry_id, (fields, _) in self._waiting.items()])
            self._retry_at = now + _RETRY_EVERY

    async def _read(self) -> None:
        block = int(_RETRY_EVERY * 1000) if self._waiting else _BLOCK_MS
        answer = await self._redis.xreadgroup(GROUP, self._consumer, {keys.INTAKE: ">"}, _AT_ONCE, block)
        for _, entries in answer or ():
            await self._handle(entries)

    async def _handle(self, entries: list[tuple[bytes, Fields]]) -> None:
        for entry_id, fields in entries:
            if entry_id:  # Redis 6.2 hands over a None for an entry that somebody deleted
                await self._settle(entry_id, fields or {})

    # --- one entry -----------------------------------------------------------------------------------

    async def _settle(self, entry_id: bytes, fields: Fields) -> None:
        try:
            await self.take(entry_id.decode(), fields)
        except (RedisConnectionError, RedisTimeoutError, OSError):
            raise  # Redis is away: this entry and those behind it stay ours and come back
        except UnknownCampaignError as error:
            if self._is_to_wait(entry_id, fields):
                return
            await self._bury(entry_id, fields, str(error))
        except ValueError as error:  # WireError, ProducerError and its kinds
            await self._bury(entry_id, fields, str(error))
        except Exception as error:  # the outermost edge of an entry: logged, kept, tried again
            if takes_no_writes(error):
                raise  # Redis is full: as when it is away
            if not await self._is_hopeless(entry_id, error):
                return
            await self._bury(entry_id, fields, f"failed {_MOST_DELIVERIES} times, last with {type(error).__name__}")
        await self._done(entry_id)

    def _is_to_wait(self, entry_id: bytes, fields: Fields) -> bool:
        """Whether an entry about an unknown campaign is to be tried again."""
        now = asyncio.get_running_loop().time()
        if entry_id not in self._waiting and len(self._waiting) >= _MOST_WAITING:
            return False
        _, until = self._waiting.setdefault(entry_id, (fields, now + self._patience))
        return now < until

    async def _is_hopeless(self, entry_id: bytes, error: Exception) -> bool:
        deliveries = await self._deliveries(entry_id)
        last = traceback.extract_tb(error.__traceback__)[-1]
        at = f"{last.filename}:{last.lineno}"
        # the error's own words may hold a text or a number
        log.error(
            "intake_entry_failed",
            entry=entry_id.decode(),
            error=type(error).__name__,
            at=at,
            deliveries=deliveries,
        )
        return deliveries >= _MOST_DELIVERIES

    async def _deliveries(self, entry_id: bytes) -> int:
        async with self._redis.pipeline(transaction=False) as pipe:
            pipe.xpending_range(keys.INTAKE, GROUP, entry_id, entry_id, 1)
            [rows] = await pipe.execute()
        return int(rows[0]["times_delivered"]) if rows else 0

    async def _bury(self, entry_id: bytes, fields: Fields, reason: str) -> None:
        log.warning("intake_entry_refused", entry=entry_id.decode())
        kept: dict[str, Value] = {}
        cut = []
        for name, value in list(fields.items())[:20]:
            shown = name.decode(errors="replace")[:80]
            kept[shown] = value[:_MOST_KEPT]
            if len(value) > _MOST_KEPT:
                cut.append(shown)
        kept |= {"entry": entry_id, "reason": reason[:1000]}
        if cut:
            kept["cut"] = ",".join(cut)
        await self._redis.xadd(keys.DEAD, kept, maxlen=_DEAD_LENGTH)

    async def _done(self, entry_id: bytes) -> None:
        self._waiting.pop(entry_id, None)
        async with self._redis.pipeline(transaction=True) as pipe:
            pipe.xack(keys.INTAKE, GROUP, entry_id)
            pipe.xdel(keys.INTAKE, entry_id)
            await pipe.execute()

    # --- the types -------------------------------------------------------------------------------------

    async def _submit(self, _: str, body: Body) -> None:
        await self._producer.submit(
            account_name=wire.text(body, "account"),
            text=wire.text(body, "text"),
            recipients=wire.recipients(body),
            campaign_id=wire.campaign_id(body),
            sender=wire.text(body, "sender", ""),
            lane=wire.choice(body, "lane", Lane.BULK),
            not_before=wire.moment(body, "not_before"),
            not_after=wire.moment(body, "not_after"),
            on_uncertain=wire.choice(body, "on_uncertain", OnUncertain.HOLD),
            options=wire.options(body),
            default_region=wire.text(body, "region", "") or None,
        )

    async def _append(self, entry_id: str, body: Body) -> None:
        """The campaign keeps the refusals of its submit alone; those of an append go to the dead letters."""
        campaign, region = wire.campaign_id(body), wire.text(body, "region", "") or None
        appended = await self._producer.append(campaign, wire.recipients(body), default_region=region)
        if appended.refused:
            refusals = [asdict(refusal) for refusal in appended.refusals]
            note: dict[str, Value] = {
                "v": wire.VERSION,
                "type": "campaign.append",
                "campaign": campaign,
                "entry": entry_id,
                "reason": f"taken, but {appended.refused} recipients were refused",
                "refusals": orjson.dumps(refusals),
            }
            await self._redis.xadd(keys.DEAD, note, maxlen=_DEAD_LENGTH)

    async def _pause(self, _: str, body: Body) -> None:
        await self._producer.pause(wire.campaign_id(body))

    async def _resume(self, _: str, body: Body) -> None:
        await self._producer.resume(wire.campaign_id(body))

    async def _cancel(self, _: str, body: Body) -> None:
        await self._producer.cancel(wire.campaign_id(body))

    async def _send(self, entry_id: str, body: Body) -> None:
        """Without a key of the caller's the entry's id is the key, so that taking it twice sends once."""
        await self._producer.send_one(
            account_name=wire.text(body, "account"),
            to=wire.text(body, "to"),
            text=wire.text(body, "text"),
            sender=wire.text(body, "sender", ""),
            key=wire.text(body, "key", "") or f"intake {entry_id}",
            lane=wire.choice(body, "lane", Lane.URGENT),
            options=wire.options(body),
        )


def _is_cancelled() -> bool:
    """Whether this task was cancelled. redis-py sends with `wait_for`, which in Python 3.11 can lose the error."""
    task = asyncio.current_task()
    return task is not None and task.cancelling() > 0


_SUBMIT: Final[tuple[str, ...]] = (
    *("campaign", "account", "text", "recipients", "sender", "lane"),
    *("not_before", "not_after", "on_uncertain", "options", "region"),
)
