"""`volley provider ACCOUNT CALL name=value …`: any call of an account's provider, made by a track worker.

The worker alone knows providers and holds the limits: the call is an arq job, and its answer plain values.
"""

import time
from collections.abc import Mapping, Sequence

import click

from ops.asking import Told, ask_provider, failure
from ops.commands.completion_names import account_names
from ops.commands.confirming import LONGEST, confirmed, number_to_wait_for
from ops.commands.provider_view import show_calls, show_records
from ops.commands.session import Session, json_option, print_json, with_redis
from ops.commands.values import pairs
from ops.errors import OpsError


@click.command
@click.argument("account", shell_complete=account_names)
@click.argument("call", default="")
@click.argument("values", nargs=-1, metavar="[NAME=VALUE]…")
@click.option("--yes", is_flag=True, help="It is meant: the call spends money or changes the account.")
@click.option("--fmt", type=click.Choice(["0", "1", "2", "3"]), help="smsc: text, commas, XML or JSON.")
@click.option("--type", "type_", type=click.Choice(["v2", "json", "xml"]), help="restv2: plain text, JSON or XML.")
@click.option("--charset", metavar="NAME", help="smsc: utf-8, windows-1251 or koi8-r.")
@click.option(
    "--wait",
    is_flag=False,
    flag_value=float(LONGEST),
    type=click.FloatRange(0, LONGEST),
    metavar="[SECONDS]",
    help=f"wait_call: wait for the call that confirms the number, {LONGEST} s unless told otherwise.",
)
@json_option
def provider(
    *,
    account: str,
    call: str,
    values: Sequence[str],
    wait: float | None,
    as_json: bool,
    **how: str | bool | None,
) -> None:
    """Make a CALL of an ACCOUNT's provider, with the provider's own parameter names. Without CALL: list them."""
    given = pairs(values)
    manner = {name.rstrip("_"): str(value) for name, value in how.items() if value}
    awaited = number_to_wait_for(call, given) if wait is not None else ""

    async def work(session: Session) -> None:
        since = int(time.time())
        _show(account, call, await _told(session, account, call, given, manner), as_json=as_json)
        if wait is not None:
            await confirmed(session, account, awaited, since=since, within=wait)
            if as_json:
                print_json({"account": account, "call": call, "confirmed": True})
            else:
                click.echo("confirmed")

    with_redis(work)


def _show(account: str, call: str, told: Told, *, as_json: bool) -> None:
    if as_json:
        print_json({"account": account, "call": call, **told} if call else {"account": account, **told})
    elif call:
        show_records(told["records"])
    else:
        show_calls(account, told)


async def _told(
    session: Session, account: str, call: str, given: Mapping[str, str], manner: Mapping[str, str]
) -> Told:
    """What the worker told; wrong usage and failures are raised."""
    told = await ask_provider(session.redis, account, call, given, manner)
    if wrong := failure(told):
        raise click.UsageError(told["error"]) if told.get("usage") else OpsError(wrong)
    return told
