"""`volley send`: one message now, and what becomes of it."""

import asyncio
import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

import click

from ops.commands.announcing import make_known
from ops.commands.completion_names import account_names
from ops.commands.session import Session, json_option, print_json, with_redis
from ops.commands.values import send_options as send_options_option
from ops.messages import explained, read_message
from ops.readings import read_accounts, read_workers
from ops.readings.verdict import blocked_why
from producer.contract.campaigns import Lane
from producer.contract.messages import AccountName, MessageId, MessageRecord
from producer.contract.states import State

_LOOK_EVERY: Final = 0.2


@dataclass(frozen=True, slots=True, kw_only=True)
class _Asked:
    """The message, as CampaignProducer.send_one takes it."""

    account_name: str
    to: str
    text: str
    sender: str
    key: str
    lane: Lane
    send_options: Mapping[str, str]


@click.command
@click.option(
    "--account", required=True, metavar="NAME", shell_complete=account_names, help="The account to send with."
)
@click.option("--to", required=True, metavar="MSISDN", help="Who gets it.")
@click.option("--text", required=True, help="The text, sent as it is.")
@click.option("--sender", default="", metavar="SENDER", help="Sender ID; the account's own by default.")
@click.option("--key", default="", metavar="K", help="Your own id: the same key within 24 h is the same message.")
@click.option("--lane", type=click.Choice(list(map(str, Lane))), default="urgent", show_default=True)
@send_options_option(single=True)
@click.option(
    "--wait",
    type=click.FloatRange(0),
    is_flag=False,
    flag_value=30.0,
    metavar="[SECONDS]",
    help="Wait until its state is final, 30 seconds unless told; exit status 0 only when it was delivered.",
)
@json_option
def send(
    *, account: str, lane: str, send_options: Mapping[str, str], wait: float | None, as_json: bool, **message: str
) -> int:
    """Send one message now, ahead of every campaign of the account; prints its id."""
    asked = _Asked(account_name=account, lane=Lane(lane), send_options=send_options, **message)
    return with_redis(lambda session: _send(session, asked, wait, as_json=as_json))


async def _send(session: Session, asked: _Asked, wait: float | None, *, as_json: bool) -> int:
    await make_known(session, asked.account_name)
    message = await session.producer.send_one(
        account_name=asked.account_name,
        to=asked.to,
        text=asked.text,
        sender=asked.sender,
        key=asked.key,
        lane=asked.lane,
        options=asked.send_options,
    )
    if wait is None:
        if as_json:
            print_json({"message": str(message)})
        else:
            click.echo(str(message))
        return 0
    if not as_json:
        click.echo(str(message))
    record = await _outcome(session, message, time.monotonic() + wait)
    words = await explained(session.redis, AccountName(asked.account_name), record.code)
    if as_json:
        print_json({"message": str(message), "state": record.state, "code": record.code, "words": words})
    else:
        still = "" if record.state.is_final else f", and not final after {wait:g} s"
        click.echo(f"{record.state}{still}" + (f": {record.code} {words}".rstrip() if record.code else ""))
        if not record.state.is_final:
            click.echo(await _next_step(session, AccountName(asked.account_name), message), err=True)
    return 0 if record.state is State.DELIVERED else 1


async def _next_step(session: Session, account: AccountName, message: MessageId) -> str:
    """What holds the message up, as far as that is known, and where it can be followed."""
    workers = await read_workers(session.redis)
    missing = [role for role in ("send", "track") if not any(w.is_live and role in w.roles for w in workers)]
    why = [f"no {role} worker is alive (volley worker {role})" for role in missing]
    why += [
        f"account {found.name} {blocked_why(found)}"
        for found in await read_accounts(session.redis)
        if found.entry.name == account and not found.is_open
    ]
    said = f"It waits: {'; '.join(why)}. " if why else ""
    return f"{said}`volley message {message}` tells what becomes of it."


async def _outcome(session: Session, message: MessageId, until: float) -> MessageRecord:
    """The message's record when it is final, or when the time is up."""
    while True:
        record = await read_message(session.redis, message) or MessageRecord(state=State.QUEUED)
        if record.state.is_final or time.monotonic() > until:
            return record
        await asyncio.sleep(_LOOK_EVERY)
