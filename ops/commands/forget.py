"""`volley forget`: one person out of everything that is kept, piece by piece, by a track worker."""

import secrets
import sys
from typing import Any, Final, cast

import click
from arq.connections import ArqRedis
from arq.constants import job_key_prefix, result_key_prefix
from arq.jobs import Job, ResultNotFound

from ops.audit import AuditLog, at_terminal
from ops.commands.session import Session, agreed, json_option, print_json, with_redis
from ops.errors import OpsError
from producer.contract import keys
from producer.contract.jobs import FORGET
from producer.contract.messages import Msisdn
from producer.msisdn import masked, normalise
from producer.suppression import SuppressionList
from producer.unreadable import NumberError

_ANSWER_WITHIN: Final = 60.0
_LOOK_EVERY: Final = 0.05
_MOST_SHOWN: Final = 20

_ERASED: Final = {
    "recipients": "recipients of campaigns",
    "refusals": "refused recipients",
    "incoming": "incoming messages",
    "answers": "raw answers of providers",
    "reports": "reports of unknown submissions",
    "rows": "rows of exported files",
    "calls": "confirmation calls",
    "dead": "dead letters",
    "audit": "entries of the audit log",
}

_IN_USE: Final = "and is in use or no export: forget again, or delete it"

Told = dict[str, Any]  # Any: the worker's plain values: numbers, and lists of texts


@click.command
@click.argument("number")
@click.option("--region", help="ISO code of the country of a national number, such as GR.")
@click.option("--cancel", is_flag=True, help="Cancel what waits to be sent to the person first.")
@click.option("--suppression", is_flag=True, help="Erase the person's STOP, too: the number may be written to again.")
@click.option("--yes", is_flag=True, help="Do not ask whether that is meant.")
@json_option
def forget(*, number: str, region: str | None, cancel: bool, suppression: bool, yes: bool, as_json: bool) -> int:
    """Erase one person: NUMBER, and the values that were given with it.

    States, codes and counters stay. What is not final is named and left; exit status 1 tells that something is left.
    Needs a track worker.
    """
    try:
        msisdn = normalise(number, region)
    except NumberError as error:
        raise click.BadParameter(str(error)) from error
    if not yes:
        agreed(f"Erase {msisdn} from everything? It cannot be undone.")
    return with_redis(
        lambda session: _forget(session, msisdn, cancel=cancel, suppression=suppression, as_json=as_json)
    )


async def _forget(session: Session, msisdn: Msisdn, *, cancel: bool, suppression: bool, as_json: bool) -> int:
    async with AuditLog(session.redis).acting(at_terminal(), "person.forget", masked(msisdn)) as act:
        told = await _whole(session, msisdn, cancel=cancel)
        told["suppressed"] = await _suppressed(session, msisdn, erase=suppression)
        counts = [f"{told[name]} {name}" for name in (*_ERASED, "ended", "open", "waiting")]
        act.after = ", ".join([*counts, *_consent(told["suppressed"])])
    if as_json:
        print_json(told)
    else:
        for line in _lines(told):
            click.echo(line)
    return int(bool(told["open"] or told["waiting"] or told["files"] or told["elsewhere"]))


async def _suppressed(session: Session, msisdn: Msisdn, *, erase: bool) -> str:
    """What is with the suppression list now: 'no', 'kept' or 'erased'."""
    listed = SuppressionList(session.redis)
    if erase:
        return "erased" if await listed.remove(msisdn) else "no"
    return "kept" if await listed.among([msisdn]) else "no"


def _consent(suppressed: str) -> list[str]:
    """What the audit log keeps of the person's STOP: whether it was taken away matters long after."""
    return [] if suppressed == "no" else [f"suppression list: {suppressed}"]


async def _whole(session: Session, msisdn: Msisdn, *, cancel: bool) -> Told:
    """All pieces, one behind the other; what they found together."""
    totals: Told = {}
    cursor = ""
    while True:
        told = await _piece(session, msisdn, cursor, cancel=cancel)
        cursor = str(told.pop("cursor"))
        totals = {name: totals[name] + value if name in totals else value for name, value in told.items()}
        _show_progress(totals, is_last=not cursor)
        if not cursor:
            return totals


async def _piece(session: Session, msisdn: Msisdn, cursor: str, *, cancel: bool) -> Told:
    """One job and its result. Neither stays: the number is in one. A piece may be asked for again."""
    job_id = f"forget:{secrets.token_hex(8)}"
    await session.redis.enqueue_job(
        FORGET,
        msisdn,
        cursor,
        "cancel" if cancel else "",
        _job_id=job_id,
        _queue_name=keys.CONTROL_TRACK,
        _expires=_ANSWER_WITHIN,
    )
    job = Job(job_id, cast("ArqRedis", session.redis), _queue_name=keys.CONTROL_TRACK)
    try:
        return dict(await job.result(_ANSWER_WITHIN, poll_delay=_LOOK_EVERY))
    except (TimeoutError, ResultNotFound):
        raise OpsError(
            f"no track worker answered within {_ANSWER_WITHIN:.0f} s: start one (volley worker track), and forget"
            " again; what was erased stays erased"
        ) from None
    finally:
        await session.redis.zrem(keys.CONTROL_TRACK, job_id)
        await session.redis.delete(result_key_prefix + job_id, job_key_prefix + job_id)


def _show_progress(totals: Told, *, is_last: bool) -> None:
    if sys.stderr.isatty():
        click.echo(f"\r{totals['campaigns']:,} campaigns, {totals['chunks']:,} chunks", nl=is_last, err=True)


def _lines(told: Told) -> list[str]:
    erased = [f"{told[name]:,} {what}" for name, what in _ERASED.items() if told[name]]
    if told["suppressed"] == "erased":
        erased.append("the entry of the suppression list, so that the person may be written to again")
    lines = [f"erased: {', '.join(erased) or 'nothing was found'}"]
    if told["ended"]:
        lines.append(f"{told['ended']:,} of the recipients were cancelled before they were sent to")
    if told["suppressed"] == "kept":
        lines.append("kept: the entry of the suppression list, so that nobody writes to the person (--suppression)")
    if told["open"]:
        lines.append(f"left: {told['open']:,} messages that are not final; forget again when they are")
        lines += [f"  {each}" for each in told["messages"][:_MOST_SHOWN]]
    if told["waiting"]:
        lines.append(f"left: {told['waiting']:,} entries that workers take within seconds; forget again")
    lines += [f"left: {each} holds the number, {_IN_USE}" for each in told["files"]]
    lines += [f"left: {each} is not on the worker's host; look into it" for each in told["elsewhere"]]
    return lines
