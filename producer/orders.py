"""The book of orders: asked for by `ops`, taken and carried out by track workers, stopped by anybody who may."""

import secrets
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final

from producer.contract import keys
from producer.contract.client import Client
from producer.contract.messages import Msisdn
from producer.contract.orders import LIFE, Order, OrderKind, OrderState
from producer.contract.scripts import Argument, Script
from producer.errors import ProducerError

_ASK: Final = Script("producer", "ask_order")
_TAKE: Final = Script("producer", "take_order")
_ADVANCE: Final = Script("producer", "advance_order")
_END: Final = Script("producer", "end_order")

_MOST_OPEN: Final = 20
_MOST_KEPT: Final = 200
_AUDIT_LENGTH: Final = 10_000  # as ops.audit keeps
_WHEREVER: Final = "*"  # the order may be


class OrderRefusedError(ProducerError):
    """The order was not written down; says why."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Taken:
    """An order that is ours for a lease. `overdue`: seconds that it waited behind its time."""

    order: Order
    overdue: float


@dataclass(frozen=True, slots=True, kw_only=True)
class NoneDue:
    """No order is due; `seconds` until the next one is, None when none is open."""

    seconds: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Unreadable:
    """An order of another version: a worker that knows it will take it when the lease has run out."""

    id: str


class OrderBook:
    """The orders in one Redis."""

    def __init__(self, redis: Client) -> None:
        self._redis = redis

    async def ask(self, order: Order) -> Order:
        """Write an order down; as it was written. `id` and `asked_at` are made here.

        OrderRefusedError while one of the same kind (and campaign) is open, or twenty of any kind are.
        """
        asked = replace(order, id=secrets.token_hex(6), asked_at=int(time.time()), state=OrderState.OPEN)
        kind = asked.kind
        answer = await _ASK.run(
            self._redis,
            [keys.ORDERS, keys.OPEN_ORDERS, keys.order(asked.id)],
            [
                *(asked.id, keys.order(""), asked.asked_at, LIFE, _MOST_OPEN, _MOST_KEPT),
                *(kind.lock, "" if kind.lock == "dead" else asked.target),
                *_flat(asked.pack()),
            ],
        )
        match answer:
            case b"same":
                raise OrderRefusedError("the same is being done already: wait for it, or stop it (volley orders)")
            case b"full":
                raise OrderRefusedError(f"{_MOST_OPEN} orders are open: wait for one, or stop one (volley orders)")
        return asked

    async def read(self, order: str) -> Order | None:
        """One order; None when there is none (any more)."""
        [found] = await self._read([order])
        return found

    async def newest(self, *, limit: int = 50) -> list[Order]:
        """The newest orders, open or over; at most two hundred are kept."""
        names = await self._redis.zrange(keys.ORDERS, 0, limit - 1, desc=True)
        return [found for found in await self._read([name.decode() for name in names]) if found is not None]

    async def forget(self, msisdn: Msisdn) -> int:
        """Delete orders whose filter is this number, and stop all that gather recipients; how many were deleted."""
        known = await self.newest(limit=_MOST_KEPT)
        found = [order for order in known if order.wanted.prefix == msisdn]
        for order in known:
            if order in found or order.kind is OrderKind.AGAIN:
                await self.stop(order, "forgetting a person: order anew")
        for order in found:
            await self._redis.delete(keys.order(order.id))
            await self._redis.zrem(keys.ORDERS, order.id)
        return len(found)

    async def take(self, lease: float) -> Taken | NoneDue | Unreadable:
        """Take the order that is due first, for `lease` seconds; when nothing is heard of it, it comes back."""
        answer = await _TAKE.run(self._redis, [keys.OPEN_ORDERS], [keys.order(""), int(lease * 1000)])
        if not answer[0]:
            return NoneDue(seconds=answer[1] / 1000 if answer[1] >= 0 else None)
        name, overdue, flat = answer[0].decode(), answer[1] / 1000, answer[2]
        try:
            order = Order.unpack(dict(zip(flat[::2], flat[1::2], strict=True)))
        except ValueError:
            return Unreadable(id=name)
        return Taken(order=order, overdue=overdue)

    async def advance(
        self, order: Order, cursor: str, fields: Mapping[str, object] | None = None, *, wait: float = 0.0
    ) -> bool:
        """A piece is done, the next is due in `wait` seconds; False when the order was stopped, or is another's."""
        args: list[Argument] = [order.id, order.cursor, cursor, int(wait * 1000), LIFE]
        names = [keys.order(order.id), keys.OPEN_ORDERS]
        return bool(await _ADVANCE.run(self._redis, names, [*args, *_flat(fields or {})]))

    async def finish(self, order: Order, cursor: str, fields: Mapping[str, object] | None = None) -> bool:
        """The last piece is done; False when the order was stopped before, or is another worker's."""
        told = {**(fields or {}), "cursor": cursor, "memo": ""}
        return await self._end(order, order.cursor, OrderState.DONE, "", told)

    async def fail(self, order: Order, words: str) -> bool:
        """It cannot be done; `words` say why."""
        return await self._end(order, order.cursor, OrderState.FAILED, words[:300])

    async def stop(self, order: Order, who: str) -> bool:
        """Let nothing more of it be done; what was done stays so. False when it is over."""
        return await self._end(order, _WHEREVER, OrderState.STOPPED, f"stopped by {who}"[:300])

    async def _end(
        self, order: Order, before: str, state: OrderState, failure: str, fields: Mapping[str, object] | None = None
    ) -> bool:
        told = fields or {"words": failure, "memo": ""}
        args: list[Argument] = [order.id, before, state, order.kind.participle, failure, _AUDIT_LENGTH, LIFE]
        names = [keys.order(order.id), keys.OPEN_ORDERS, keys.AUDIT]
        return bool(await _END.run(self._redis, names, [*args, *_flat(told)]))

    async def _read(self, names: Sequence[str]) -> list[Order | None]:
        async with self._redis.pipeline(transaction=False) as pipe:
            for name in names:
                pipe.hgetall(keys.order(name))
            answers = await pipe.execute()
        return [_order(fields) for fields in answers]


def _order(fields: Mapping[bytes, bytes]) -> Order | None:
    try:
        return Order.unpack(fields) if fields else None
    except ValueError:  # of another version: it is not ours to show
        return None


def _flat(fields: Mapping[str, object]) -> list[Argument]:
    return [text for name, value in fields.items() for text in (name, str(value))]
