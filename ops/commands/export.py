"""`volley export ACCOUNT`: the files of deferred tasks, fetched and applied by a track worker.

The worker writes the files into its own folder; here they are asked for, followed, and perhaps copied.
"""

import asyncio
import secrets
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Final, cast

import click
from arq.connections import ArqRedis
from arq.jobs import Job, ResultNotFound

from ops.commands.completion_names import account_names
from ops.commands.export_view import done_before, line, plain, save_copy, unchanged
from ops.commands.session import Session, json_option, print_json, with_redis
from ops.errors import OpsError
from ops.readings.exports import ExportsReading, read_exports
from producer.contract import keys
from producer.contract.exports import ALL, ExportRecord, ExportState, Manner
from producer.contract.jobs import EXPORT
from producer.contract.messages import AccountName
from producer.directory import account as account_entry

_ANSWER_WITHIN: Final = 10.0
_LOOK_EVERY: Final = 0.5
_WATCH_EVERY: Final = 60.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Wish:
    """What was asked for on the command line. `task`: an id, or `ALL`."""

    account: AccountName
    task: str
    manner: Manner
    folder: Path | None
    as_json: bool


@click.command
@click.argument("account", shell_complete=account_names)
@click.option("--task", type=click.IntRange(1, 10**12), help="This task, as soon as the provider has its file.")
@click.option("--all", "all_", is_flag=True, help="Every task that the provider lists.")
@click.option("--watch", is_flag=True, help="Every task, and those that are made later, until Ctrl-C.")
@click.option(
    "--folder",
    type=click.Path(file_okay=False, path_type=Path),
    help="Copy the files to this folder too (the worker's own must be on this machine).",
)
@click.option("--again", is_flag=True, help="Fetch anew what was exported already.")
@click.option("--forget", type=click.IntRange(1, 10**12), metavar="TASK", help="Drop what is known of a failed task.")
@json_option
def export(  # noqa: PLR0913 - click options
    *,
    account: str,
    task: int | None,
    all_: bool,
    watch: bool,
    folder: Path | None,
    again: bool,
    forget: int | None,
    as_json: bool,
) -> int:
    """Fetch the files of deferred tasks and apply their rows as delivery reports.

    Without --task, --all or --watch: show the exports of the ACCOUNT so far. Exit status 1 when one failed.
    """
    if (task is not None) + all_ + watch + (forget is not None) > 1:
        raise click.UsageError("--task, --all, --watch and --forget exclude each other")
    manner = Manner.AGAIN if again else Manner.RETRY
    wish = Wish(
        account=AccountName(account),
        task=str(task or forget or ALL),
        manner=Manner.FORGET if forget else manner,
        folder=folder,
        as_json=as_json,
    )
    if watch:
        return _until_interrupted(wish)
    if forget:
        return with_redis(lambda session: _forget(session, wish))
    return with_redis(lambda session: _export(session, wish) if task or all_ else _show(session, wish))


def _until_interrupted(wish: Wish) -> int:
    try:
        return with_redis(lambda session: _watch(session, wish))
    except KeyboardInterrupt:
        return 0


async def _show(session: Session, wish: Wish) -> int:
    records = (await read_exports(session.redis, wish.account)).of(ALL)
    if not records:
        await account_entry(session.redis, wish.account)  # a name that nobody knows is no account without exports
    if not wish.as_json:
        click.echo("\n".join(map(line, records)) or "Nothing was exported yet.")
    _end(wish, records)
    return _status(records)


async def _forget(session: Session, wish: Wish) -> int:
    """Have a failed task forgotten; OpsError when there is none. A worker does it, the one writer of records."""
    reading = await read_exports(session.redis, wish.account)
    if not any(record.state is ExportState.FAILED for record in reading.of(wish.task)):
        known = "".join(map(line, reading.of(wish.task))) or f"nothing is known of task {wish.task}"
        raise OpsError(f"only a failed task can be forgotten: {known}")
    await _ask(session, wish, wish.manner)
    while True:
        reading = await read_exports(session.redis, wish.account)
        if wish.task not in reading.wishes:
            break
        await asyncio.sleep(_LOOK_EVERY)
    if not wish.as_json:
        click.echo("\n".join(map(line, reading.of(wish.task))) or f"Task {wish.task} is forgotten.")
    _end(wish, reading.of(wish.task))
    return int(bool(reading.of(wish.task)))


async def _export(session: Session, wish: Wish) -> int:
    """Ask once, and follow what was asked for to its end. Of `ALL`, what had failed before is no failure now."""
    first = before = await read_exports(session.redis, wish.account)
    await _ask(session, wish, wish.manner)
    while True:
        reading = await read_exports(session.redis, wish.account)
        if not wish.as_json:
            _say(_changed(before, reading, wish))
        if not reading.is_open(wish.task):
            changed, found = _changed(first, reading, wish), reading.of(wish.task)
            if not wish.as_json and (said := done_before(changed, found) if changed else unchanged(found)):
                click.echo(said)
            _end(wish, found)
            return _status(changed if wish.task == ALL else found)
        before = reading
        await asyncio.sleep(_LOOK_EVERY)


async def _watch(session: Session, wish: Wish) -> int:
    """Ask again and again; for what was exported already only the first time."""
    before, manner, ask_at = await read_exports(session.redis, wish.account), wish.manner, 0.0
    while True:
        if time.monotonic() >= ask_at:
            await _ask(session, wish, manner)
            manner, ask_at = Manner.ONCE, time.monotonic() + _WATCH_EVERY
        reading = await read_exports(session.redis, wish.account)
        changed = _changed(before, reading, wish)
        if wish.as_json:
            for record in changed:
                print_json(plain(record))
        else:
            _say(changed)
        _copied(wish, [record for record in changed if record.state is ExportState.DONE])
        before = reading
        await asyncio.sleep(_LOOK_EVERY)


async def _ask(session: Session, wish: Wish, manner: Manner) -> None:
    """A job for a track worker, which only notes the wish; OpsError in its words when it cannot."""
    job_id = f"export:{secrets.token_hex(8)}"
    await session.redis.enqueue_job(
        EXPORT,
        wish.account,
        [wish.task],
        manner.value,
        _job_id=job_id,
        _queue_name=keys.CONTROL_TRACK,
        _expires=_ANSWER_WITHIN,
    )
    job = Job(job_id, cast("ArqRedis", session.redis), _queue_name=keys.CONTROL_TRACK)
    try:
        told: dict[str, str] = await job.result(_ANSWER_WITHIN, poll_delay=0.05)
    except (TimeoutError, ResultNotFound):
        raise OpsError(
            f"no track worker answered within {_ANSWER_WITHIN:.0f} s: start one (volley worker track)"
        ) from None
    if "error" in told:
        raise OpsError(told["error"])


def _changed(before: ExportsReading, now: ExportsReading, wish: Wish) -> list[ExportRecord]:
    return [record for record in now.of(wish.task) if before.records.get(record.task) != record]


def _say(records: list[ExportRecord]) -> None:
    for record in records:
        click.echo(line(record))


def _end(wish: Wish, records: list[ExportRecord]) -> None:
    copies = _copied(wish, records)
    if wish.as_json:
        tasks = [plain(record) | {"copy": copies.get(record.task)} for record in records]
        print_json({"account": wish.account, "tasks": tasks})


def _status(records: list[ExportRecord]) -> int:
    return int(any(record.state is ExportState.FAILED for record in records))


def _copied(wish: Wish, records: list[ExportRecord]) -> dict[int, str]:
    """Where copies of the whole files among these were put."""
    if wish.folder is None:
        return {}
    return {record.task: str(save_copy(record, wish.folder)) for record in records if record.file}
