"""`volley repair`: every queue and list rebuilt from the ledger, piece by piece, by a track worker."""

import secrets
import sys
from collections import Counter
from typing import Final, cast

import click
from arq.connections import ArqRedis
from arq.constants import result_key_prefix
from arq.jobs import Job, ResultNotFound

from ops.audit import AuditLog, at_terminal
from ops.commands.session import Session, json_option, print_json, with_redis
from ops.errors import OpsError
from producer.contract import keys
from producer.contract.jobs import REPAIR

_ANSWER_WITHIN: Final = 30.0
_LOOK_EVERY: Final = 0.05

Told = dict[str, object]


@click.command
@json_option
def repair(*, as_json: bool) -> None:
    """Rebuild all queues and lists from the ledger.

    Safe at any time, twice, and beside running workers: what is missing is made anew, what is there stays. Needs a
    track worker.
    """
    with_redis(lambda session: _repair(session, as_json=as_json))


async def _repair(session: Session, *, as_json: bool) -> None:
    async with AuditLog(session.redis).acting(at_terminal(), "queues.repair", "") as act:
        totals = await _whole(session)
        act.after = ", ".join(f"{count} {name}" for name, count in totals.items())
    if as_json:
        print_json(totals)
    else:
        click.echo(_words(totals))


async def _whole(session: Session) -> Counter[str]:
    """All pieces, one behind the other; what they found together."""
    totals: Counter[str] = Counter()
    cursor = ""
    while True:
        told = await _piece(session, cursor)
        cursor = str(told.pop("cursor"))
        totals.update({name: int(str(count)) for name, count in told.items()})
        _show_progress(totals, is_last=not cursor)
        if not cursor:
            return totals


async def _piece(session: Session, cursor: str) -> Told:
    """One job and its result. A worker that died in it is not waited for: the piece can be asked for again."""
    job_id = f"repair:{secrets.token_hex(8)}"
    await session.redis.enqueue_job(
        REPAIR, cursor, _job_id=job_id, _queue_name=keys.CONTROL_TRACK, _expires=_ANSWER_WITHIN
    )
    job = Job(job_id, cast("ArqRedis", session.redis), _queue_name=keys.CONTROL_TRACK)
    try:
        return dict(await job.result(_ANSWER_WITHIN, poll_delay=_LOOK_EVERY))
    except (TimeoutError, ResultNotFound):
        raise OpsError(
            f"no track worker answered within {_ANSWER_WITHIN:.0f} s: start one (volley worker track), and repair"
            " again"
        ) from None
    finally:
        await session.redis.delete(result_key_prefix + job_id)


def _show_progress(totals: Counter[str], *, is_last: bool) -> None:
    if sys.stderr.isatty():
        click.echo(f"\r{totals['campaigns']:,} campaigns, {totals['chunks']:,} chunks", nl=is_last, err=True)


def _words(totals: Counter[str]) -> str:
    looked = f"{totals['campaigns']:,} campaigns, {totals['chunks']:,} chunks looked at"
    made = {
        "campaigns put back on the list": totals["listed"],
        "jobs made anew": totals["jobs"],
        "messages put back among those that wait for evidence": totals["lists"],
        "keys that belong to no campaign (left alone)": totals["orphans"],
    }
    found = [f"{count:,} {what}" for what, count in made.items() if count]
    return f"{looked}; {', '.join(found) or 'nothing was missing'}"
