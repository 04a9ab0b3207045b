"""`volley health`: whether Redis answers and every role has a live worker; the exit status says it, too."""

from collections.abc import Sequence
from typing import Final

import click

from ops.commands.session import Session, json_option, print_json, with_redis
from ops.errors import OpsError
from ops.readings import ServerReading, WorkerReading, read_server, read_workers
from ops.readings.server import concerns

ROLES: Final = ("send", "track")


@click.command
@click.option(
    "--role", "roles", type=click.Choice(ROLES), multiple=True, help="Only this role is needed; both unless told."
)
@json_option
def health(*, roles: Sequence[str], as_json: bool) -> int:
    """Exit with 0 when Redis answers and a live worker plays each role, otherwise with 1: for probes and scripts."""
    try:
        workers, server = with_redis(_read)
    except OpsError as error:
        if not as_json:
            raise
        print_json(
            {"healthy": False, "redis": False, "workers": {}, "oldest_beat_seconds": None, "why": [str(error)]}
        )
        return 1
    record = verdict(workers, roles or ROLES) | {"concerns": [concern.name for concern in concerns(server)]}
    if as_json:
        print_json(record)
    else:
        _show(workers, record)
        for concern in concerns(server):
            click.echo(f"warning: {concern.wrong} {concern.remedy}")
    return 0 if record["healthy"] else 1


def verdict(workers: Sequence[WorkerReading], roles: Sequence[str] = ROLES) -> dict[str, object]:
    """What is to be said of the workers that Redis knows, where these roles are to be played.

    A worker that died a while ago is no complaint.
    """
    live = [worker for worker in workers if worker.is_live]
    playing = {role: sum(role in worker.roles for worker in live) for role in ROLES}
    missing = [f"no {role} worker is alive: volley worker {role}" for role in roles if not playing[role]]
    return {
        "healthy": not missing,
        "redis": True,
        "workers": playing,
        "oldest_beat_seconds": round(max(worker.beat_ago for worker in live), 1) if live else None,
        "why": missing,
    }


async def _read(session: Session) -> tuple[Sequence[WorkerReading], ServerReading]:
    return await read_workers(session.redis), await read_server(session.redis)


def _show(workers: Sequence[WorkerReading], record: dict[str, object]) -> None:
    click.echo("Redis answers.")
    for worker in workers:
        roles = ", ".join(sorted(worker.roles)) or "worker"
        since = f"last heartbeat {worker.beat_ago:.0f} s ago"
        click.echo(f"{worker.id}: {roles}, {since}" + ("" if worker.is_live else " (dead)"))
    why = record["why"]
    assert isinstance(why, list)  # noqa: S101  # it is `missing` of `verdict`
    click.echo("\n".join(why) if why else "healthy")
