"""`volley uncertain list|resolve`: messages that were perhaps sent, and a person's decision about one."""

import asyncio
import getpass
import time
from typing import Final

import click

from ops.audit import AuditLog, at_terminal
from ops.commands.session import Session, json_option, print_json, with_redis
from ops.errors import OpsError
from ops.messages import read_message
from ops.readings import UncertainReading, read_uncertain
from producer.contract import keys
from producer.contract.messages import AccountName, MessageId
from producer.contract.states import State

_DECISIONS: Final = {
    "sent": "taken as sent; a report may still come",
    "failed": "ended as rejected; it is never sent again",
    "resend": "sent again; its recipient may get it twice",
}
_JOB: Final = "resolve"  # worker.deciding.resolve
_WITHIN: Final = 10.0
_LOOK_EVERY: Final = 0.1


@click.group
def uncertain() -> None:
    """List the messages that were perhaps sent, or decide about one."""


@uncertain.command("list")
@click.option("--account", metavar="NAME", help="Only those of this account.")
@click.option("--limit", type=click.IntRange(1, 100_000), default=100, show_default=True)
@json_option
def list_(*, account: str | None, limit: int, as_json: bool) -> None:
    """List uncertain messages, the oldest first."""
    with_redis(lambda session: _list(session, account, limit, as_json=as_json))


@uncertain.command
@click.argument("message")
@click.argument("decision", type=click.Choice(list(_DECISIONS)))
@click.option("--yes", is_flag=True, help="Do not ask whether that is meant.")
@json_option
def resolve(*, message: str, decision: str, yes: bool, as_json: bool) -> int:
    """Decide about an uncertain MESSAGE: it was sent, it failed, or send it again."""
    try:
        address = MessageId.parse(message)
    except ValueError as error:
        raise click.BadParameter(str(error)) from error
    return with_redis(lambda session: _resolve(session, address, decision, yes=yes, as_json=as_json))


async def _list(session: Session, account: str | None, limit: int, *, as_json: bool) -> None:
    page = await read_uncertain(session.redis, account=AccountName(account) if account else None, limit=limit)
    if as_json:
        print_json({"total": page.total, "messages": [_record(message) for message in page.messages]})
        return
    for message in page.messages:
        click.echo(
            f"{message.message}  {message.account}  since {message.since:%Y-%m-%d %H:%M:%S} UTC  {_why(message)}"
        )
    if page.total > len(page.messages):
        click.echo(f"and {page.total - len(page.messages):,} more (--limit N lists them)")
    elif not page.total:
        click.echo("No message is uncertain.")


def _why(message: UncertainReading) -> str:
    return message.words or message.code


def _record(message: UncertainReading) -> dict[str, object]:
    return {
        "message": str(message.message),
        "account": message.account,
        "since": message.since,
        "code": message.code,
        "words": message.words,
    }


async def _resolve(session: Session, message: MessageId, decision: str, *, yes: bool, as_json: bool) -> int:
    before = await read_message(session.redis, message)
    if before is None:
        raise OpsError(f"there is no message {str(message)[:80]!r}; `volley uncertain list` lists them")
    if before.state is not State.UNCERTAIN:
        raise OpsError(f"message {message} is {before.state}, not uncertain: there is nothing to decide")
    if not yes and not click.confirm(f"{message}: {_DECISIONS[decision]}. Go on?", err=True):
        raise OpsError("nothing was changed; --yes answers beforehand")
    log = AuditLog(session.redis)
    async with log.acting(at_terminal(), f"message.{decision}", str(message), before=before.state) as act:
        await _ask(session, message, decision)
        act.after = state = await _changed(session, message)
    if as_json:
        print_json({"message": str(message), "state": state})
    else:
        click.echo(f"message {message} is {state}")
    return 0


async def _ask(session: Session, message: MessageId, decision: str) -> None:
    """Only the ledger moves messages, so the decision is a job for a track worker."""
    await session.redis.enqueue_job(
        _JOB,
        str(message),
        decision,
        _operator(),
        _job_id=f"resolve:{message}:{decision}",
        _queue_name=keys.CONTROL_TRACK,
    )


def _operator() -> str:
    """Who decides; in a container there may be no name for it."""
    try:
        return getpass.getuser()
    except (OSError, KeyError, ImportError):
        return "unknown"


async def _changed(session: Session, message: MessageId) -> State:
    until = time.monotonic() + _WITHIN
    while time.monotonic() < until:
        record = await read_message(session.redis, message)
        if record is not None and record.state is not State.UNCERTAIN:
            return record.state
        await asyncio.sleep(_LOOK_EVERY)
    raise OpsError(
        f"no track worker answered within {_WITHIN:.0f} s: start one (volley worker track), and it carries the"
        " decision out"
    )
