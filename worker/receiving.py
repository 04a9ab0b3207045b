"""The wire: campaigns, messages and flags that any service put on the intake stream (contract version 1)."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from datetime import datetime
from typing import Any, Final

import orjson
import structlog
from redis.exceptions import RedisError, ResponseError

from producer.client import CampaignProducer
from producer.contract import keys
from producer.contract.campaigns import Lane, OnUncertain
from producer.contract.client import Client, Fields

VERSION: Final = "1"
GROUP: Final = "volley"
MOST_BYTES: Final = 1024 * 1024
MOST_RECIPIENTS: Final = 10_000
_DEAD_LENGTH: Final = 10_000
_IDLE_MS: Final = 60_000
_BLOCK_MS: Final = 500
_AT_ONCE: Final = 20

log = structlog.get_logger(__name__)

Body = Mapping[str, Any]  # Any: JSON from outside, checked field by field


class WireError(ValueError):
    """An entry that cannot be taken; the message is kept with it on the dead-letter stream."""


class Receiver:
    """Reads the intake stream as one consumer of its group. An entry is acknowledged once it is stored."""

    def __init__(self, redis: Client, producer: CampaignProducer, consumer: str) -> None:
        self._redis = redis
        self._producer = producer
        self._consumer = consumer
        self._types: dict[str, Callable[[str, Body], Awaitable[object]]] = {
            "campaign.submit": self._submit,
            "campaign.append": self._append,
            "campaign.pause": self._control,
            "campaign.resume": self._control,
            "campaign.cancel": self._control,
            "message.send": self._send,
        }

    async def run(self) -> None:
        """Take entries until cancelled. Redis being away is waited for."""
        while True:
            try:
                await self._make_group()
                await self._take_over()
                await self._read()
            except (RedisError, OSError) as error:
                log.warning("intake_waits_for_redis", error=type(error).__name__)
                await asyncio.sleep(1.0)

    async def take(self, entry_id: str, fields: Fields) -> None:
        """Take one entry. WireError and ProducerError say why it cannot be taken."""
        kind, body = _checked(fields)
        handler = self._types.get(kind)
        if handler is None:
            raise WireError(f"unknown type {kind[:80]!r} (known: {', '.join(self._types)})")
        await handler(entry_id if not kind.startswith("campaign.") else kind, body)

    async def _make_group(self) -> None:
        try:
            await self._redis.xgroup_create(keys.INTAKE, GROUP, "0", mkstream=True)
        except ResponseError as error:
            if "BUSYGROUP" not in str(error):
                raise

    async def _take_over(self) -> None:
        """Entries that a dead consumer read and never acknowledged: every handler is safe to repeat."""
        answer = await self._redis.xautoclaim(keys.INTAKE, GROUP, self._consumer, _IDLE_MS, count=_AT_ONCE)
        await self._handle(answer[1])

    async def _read(self) -> None:
        answer = await self._redis.xreadgroup(GROUP, self._consumer, {keys.INTAKE: ">"}, _AT_ONCE, _BLOCK_MS)
        for _, entries in answer or ():
            await self._handle(entries)

    async def _handle(self, entries: list[tuple[bytes, Fields]]) -> None:
        for entry_id, fields in entries:
            try:
                await self.take(entry_id.decode(), fields or {})
            except ValueError as error:  # WireError, ProducerError, RecipientsError, TemplateError
                await self._bury(entry_id, fields or {}, str(error))
            await self._redis.xack(keys.INTAKE, GROUP, entry_id)
            await self._redis.xdel(keys.INTAKE, entry_id)

    async def _bury(self, entry_id: bytes, fields: Fields, reason: str) -> None:
        log.warning("intake_entry_refused", entry=entry_id.decode(), reason=reason[:200])
        kept = {name.decode(errors="replace")[:80]: value[:65_536] for name, value in list(fields.items())[:20]}
        await self._redis.xadd(keys.DEAD, {**kept, "entry": entry_id, "reason": reason[:1000]}, maxlen=_DEAD_LENGTH)

    async def _submit(self, _: str, body: Body) -> None:
        await self._producer.submit(
            account_name=_text(body, "account"),
            text=_text(body, "text"),
            recipients=_recipients(body),
            campaign_id=_text(body, "campaign"),
            sender=_text(body, "sender", ""),
            lane=Lane(_text(body, "lane", Lane.BULK)),
            not_before=_moment(body, "not_before"),
            not_after=_moment(body, "not_after"),
            on_uncertain=OnUncertain(_text(body, "on_uncertain", OnUncertain.HOLD)),
            default_region=_text(body, "region", "") or None,
        )

    async def _append(self, _: str, body: Body) -> None:
        region = _text(body, "region", "") or None
        await self._producer.append(_text(body, "campaign"), _recipients(body), default_region=region)

    async def _control(self, kind: str, body: Body) -> None:
        action = {
            "campaign.pause": self._producer.pause,
            "campaign.resume": self._producer.resume,
            "campaign.cancel": self._producer.cancel,
        }[kind]
        await action(_text(body, "campaign"))

    async def _send(self, entry_id: str, body: Body) -> None:
        await self._producer.send_one(
            account_name=_text(body, "account"),
            to=_text(body, "to"),
            text=_text(body, "text"),
            sender=_text(body, "sender", ""),
            key=_text(body, "key", entry_id),
            lane=Lane(_text(body, "lane", Lane.URGENT)),
        )


def _checked(fields: Fields) -> tuple[str, Body]:
    if sum(map(len, fields.values())) > MOST_BYTES:
        raise WireError(f"an entry may have {MOST_BYTES} bytes; send the rest as campaign.append")
    version = fields.get(b"v", b"").decode(errors="replace")
    if version != VERSION:
        raise WireError(f"field v must be {VERSION}, it is {version[:20]!r}")
    try:
        body = orjson.loads(fields.get(b"body", b""))
    except orjson.JSONDecodeError as error:
        raise WireError(f"field body is not JSON: {error}") from error
    if not isinstance(body, dict):
        raise WireError("field body must be a JSON object")
    return fields.get(b"type", b"").decode(errors="replace"), body


def _text(body: Body, name: str, default: str | None = None) -> str:
    value = body.get(name, default)
    if value is None:
        raise WireError(f"{name!r} is missing")
    if not isinstance(value, str):
        raise WireError(f"{name!r} must be a string")
    return value


def _moment(body: Body, name: str) -> datetime | None:
    text = _text(body, name, "")
    try:
        return datetime.fromisoformat(text) if text else None
    except ValueError as error:
        raise WireError(f"{name!r} must be a time such as 2026-11-20T10:00:00+02:00") from error


def _recipients(body: Body) -> list[Any]:  # Any: rows are checked by the producer
    rows = body.get("recipients")
    if not isinstance(rows, list) or not rows:
        raise WireError("'recipients' must be a list that is not empty")
    if len(rows) > MOST_RECIPIENTS:
        raise WireError(f"an entry may have {MOST_RECIPIENTS} recipients; send the rest as campaign.append")
    return rows
