"""`volley orders list|stop`: what is being done with many messages or dead letters at once, and an end to it."""

from datetime import UTC, datetime

import click

from ops.audit import at_terminal
from ops.commands.session import Session, json_option, print_json, with_redis
from ops.errors import OpsError
from producer.contract.orders import Order, OrderState
from producer.orders import OrderBook


@click.group
def orders() -> None:
    """List what is being done with many messages or dead letters at once, or stop one of these orders."""


@orders.command("list")
@click.option("--limit", type=click.IntRange(1, 200), default=20, show_default=True)
@json_option
def list_(*, limit: int, as_json: bool) -> None:
    """List orders, the newest first; they are kept for a week."""
    with_redis(lambda session: _list(session, limit, as_json=as_json))


@orders.command
@click.argument("order")
@json_option
def stop(*, order: str, as_json: bool) -> None:
    """Stop ORDER: nothing more of it is done; what was done stays so. Needs no worker."""
    with_redis(lambda session: _stop(session, order, as_json=as_json))


async def _list(session: Session, limit: int, *, as_json: bool) -> None:
    found = await OrderBook(session.redis).newest(limit=limit)
    if as_json:
        print_json({"orders": [_record(order) for order in found]})
        return
    for order in found:
        click.echo(_line(order))
    if not found:
        click.echo("There is no order.")


async def _stop(session: Session, name: str, *, as_json: bool) -> None:
    book = OrderBook(session.redis)
    order = await book.read(name)
    if order is None:
        raise OpsError(f"there is no order {name[:80]!r}; `volley orders list` lists them")
    if not await book.stop(order, at_terminal()):
        raise OpsError(f"order {order.id} is over already ({order.state}): there is nothing to stop")
    after = await book.read(name) or order
    if as_json:
        print_json(_record(after))
    else:
        click.echo(f"order {after.id} is stopped: {_count(after)}")


def _line(order: Order) -> str:
    asked = datetime.fromtimestamp(order.asked_at, UTC)
    wanted = f" ({order.wanted.query})" if order.wanted.query else ""
    state = order.state if order.share is None or order.state is not OrderState.OPEN else f"{order.share:.0%}"
    words = f", {order.words}" if order.words else ""
    about = f"{order.kind}  {order.target}{wanted}"
    return f"{order.id}  {asked:%Y-%m-%d %H:%M:%S} UTC  {about}  {state}: {_count(order)}{words}"


def _count(order: Order) -> str:
    return f"{order.done:,} {order.kind.participle}" + (f", {order.left:,} cannot be" if order.left else "")


def _record(order: Order) -> dict[str, object]:
    return {
        "order": order.id,
        "kind": order.kind,
        "target": order.target,
        "filter": {"state": order.wanted.state, "code": order.wanted.code, "prefix": order.wanted.prefix},
        "rate": order.rate or None,
        "state": order.state,
        "share": order.share,
        "done": order.done,
        "left": order.left,
        "who": order.who,
        "asked_at": order.asked_at,
        "ended_at": order.ended_at or None,
        "words": order.words,
    }
