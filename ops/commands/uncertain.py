"""`volley uncertain list|resolve`: messages that were perhaps sent, and a person's decision about one."""

from typing import Final

import click

from ops.audit import AuditLog, at_terminal
from ops.commands.completion_names import account_names
from ops.commands.session import Session, agreed, json_option, print_json, with_redis, with_url
from ops.deciding import DECISIONS, ask_to_decide, decided, undecided
from ops.readings import UncertainReading, read_uncertain
from ops.redis_local import redis_url
from producer.contract.messages import AccountName, MessageId, MessageRecord

_WITHIN: Final = 10.0


@click.group
def uncertain() -> None:
    """List the messages that were perhaps sent, or decide about one."""


@uncertain.command("list")
@click.option("--account", metavar="NAME", shell_complete=account_names, help="Only those of this account.")
@click.option("--limit", type=click.IntRange(1, 100_000), default=100, show_default=True)
@json_option
def list_(*, account: str | None, limit: int, as_json: bool) -> None:
    """List uncertain messages, the oldest first."""
    with_redis(lambda session: _list(session, account, limit, as_json=as_json))


@uncertain.command
@click.argument("message")
@click.argument("decision", type=click.Choice(list(DECISIONS)))
@click.option("--yes", is_flag=True, help="Do not ask whether that is meant.")
@json_option
def resolve(*, message: str, decision: str, yes: bool, as_json: bool) -> int:
    """Decide about an uncertain MESSAGE: it was sent, it failed, or send it again."""
    try:
        address = MessageId.parse(message)
    except ValueError as error:
        raise click.BadParameter(str(error)) from error
    with redis_url() as url:
        before = with_url(url, lambda session: undecided(session.redis, address))
        if not yes:  # asked between two event loops: within one, Ctrl-C would wait for the answer
            agreed(f"{address}: {DECISIONS[decision]}. Go on?")
        return with_url(url, lambda session: _resolve(session, address, decision, before, as_json=as_json))


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


async def _resolve(
    session: Session, message: MessageId, decision: str, before: MessageRecord, *, as_json: bool
) -> int:
    who = at_terminal()
    async with AuditLog(session.redis).acting(who, f"message.{decision}", str(message), before=before.state) as act:
        jobs = await ask_to_decide(session.redis, {message: before}, decision, who)
        act.after = state = await decided(session.redis, message, jobs[message], within=_WITHIN)
    if as_json:
        print_json({"message": str(message), "state": state})
    else:
        click.echo(f"message {message} is {state}")
    return 0
