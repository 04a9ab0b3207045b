"""`volley provider ACCOUNT CALL name=value …`: any call of an account's provider, made by a track worker.

The worker alone knows providers and holds the limits: the call is an arq job, and its answer plain values.
"""

import secrets
import time
from collections.abc import Mapping, Sequence
from typing import Any, Final, cast

import click
from arq.connections import ArqRedis
from arq.constants import job_key_prefix, result_key_prefix
from arq.jobs import Job, ResultNotFound

from ops.commands.confirming import LONGEST, confirmed, number_to_wait_for
from ops.commands.provider_view import show_calls, show_records
from ops.commands.session import Session, json_option, print_json, with_redis
from ops.commands.values import pairs
from ops.errors import OpsError
from producer.contract import keys
from producer.contract.jobs import PROVIDER_CALL

_BEGIN_WITHIN: Final = 10.0
_END_WITHIN: Final = 75.0
"""A job that has begun waits for the throttle and for the provider's answer; a worker gives it 60 s."""

_LOOK_EVERY: Final = 0.05

Told = dict[str, Any]  # Any: the worker's plain values


@click.command
@click.argument("account")
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
    told = await _asked(session, account, call, given, manner)
    if "error" not in told:
        return told
    raise click.UsageError(told["error"]) if told.get("usage") else OpsError(_words(told))


def _words(told: Told) -> str:
    return f"{told['error']} [{told['code']}]" if told.get("code") else str(told["error"])


async def _asked(session: Session, *what: object) -> Told:
    """One job and its result, which is deleted once read: a key may be in it."""
    name = f"provider:{secrets.token_hex(8)}"
    until = time.time() + _BEGIN_WITHIN
    await session.redis.enqueue_job(
        PROVIDER_CALL, *what, until, _job_id=name, _queue_name=keys.CONTROL_TRACK, _expires=_BEGIN_WITHIN + 2
    )
    job = Job(name, cast("ArqRedis", session.redis), _queue_name=keys.CONTROL_TRACK)
    try:
        return await _result(job, session)
    finally:
        await session.redis.delete(result_key_prefix + name)


async def _result(job: Job, session: Session) -> Told:
    try:
        return dict(await job.result(_BEGIN_WITHIN, poll_delay=_LOOK_EVERY))
    except (TimeoutError, ResultNotFound):
        if await _taken_back(job, session):
            raise OpsError(
                f"no track worker answered within {_BEGIN_WITHIN:.0f} s: start one (volley worker track);"
                " nothing was asked"
            ) from None
    try:
        return dict(await job.result(_END_WITHIN, poll_delay=_LOOK_EVERY))
    except (TimeoutError, ResultNotFound):
        raise OpsError(
            "a worker asks the provider and does not come to an end; it may have been done: look before you ask again"
        ) from None


async def _taken_back(job: Job, session: Session) -> bool:
    """Whether nobody had begun the job: then nobody will."""
    if await session.redis.exists(f"arq:in-progress:{job.job_id}"):
        return False
    await session.redis.delete(job_key_prefix + job.job_id)
    return bool(await session.redis.zrem(keys.CONTROL_TRACK, job.job_id))
