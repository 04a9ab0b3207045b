"""`volley doctor`: looks at everything that sending depends on, and says of each what to do when it is wrong."""

import asyncio
import os
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import asdict
from typing import Any, Final

import click

from ops.commands import worker_looks
from ops.commands.session import DOCTOR_KNOWS, Session, json_option, place, print_json, with_redis
from ops.commands.values import public_address
from ops.diagnosis import (
    Check,
    Health,
    account_checks,
    callback_checks,
    configuration_checks,
    read_timing,
    server_checks,
    worker_checks,
)
from ops.errors import OpsError
from ops.readings import AccountReading, read_accounts, read_server, read_workers
from producer.contract.messages import AccountName
from producer.directory import accounts as announced

_COLOURS: Final = {Health.OK: "green", Health.NOTICE: "yellow", Health.WRONG: "red", Health.SKIPPED: "bright_black"}
_REDIS_REMEDY: Final = "Check REDIS_URL and that the server runs; without REDIS_URL an embedded Valkey is started."
_CONFIGURATION_REMEDY: Final = "Write or correct it; the README has every setting (Configuration)."
_EMBEDDED: Final = " (embedded: REDIS_URL is not set)"
_UNSEEN: Final = Check(
    name="workers and providers",
    health=Health.SKIPPED,
    said="not looked at to the end: that needs Redis",
    remedy="Run it again when Redis answers.",
)
_PROVIDER_REMEDY: Final = "Run it again; if it goes on, look at what Redis and the network do."

Account = dict[str, Any]  # Any: values of JSON, see worker.describing
Found = Callable[[Check], None]


@click.command
@click.option(
    "--public",
    type=public_address,
    metavar="URL",
    help="The address of `volley web` as the providers reach it, such as https://sms.example.com.",
)
@click.option("--offline", is_flag=True, help="Ask no provider and look at no callback address.")
@json_option
def doctor(*, public: str | None, offline: bool, as_json: bool) -> int:
    """Look at settings, Redis, workers, providers, callbacks and clocks; exit status 1 when something is wrong.

    Each provider is asked for the balance once, through the throttle that the workers share. Run it where the
    workers run: it reads the same volley.toml (or the file that VOLLEY_CONFIG names) and takes the same way out.
    """
    checks: list[Check] = []

    def found(check: Check) -> None:
        checks.append(check)
        if not as_json:
            _show(check)

    described = _described(found)
    totals = _with_redis(described, found, offline=offline)
    if not offline and described is not None:
        asyncio.run(_callbacks(described, totals, public or "", found))
    is_healthy = all(check.health is not Health.WRONG for check in checks)
    if as_json:
        print_json({"healthy": is_healthy, "checks": [asdict(check) for check in checks]})
    else:
        click.echo(_summary(checks))
    return 0 if is_healthy else 1


def _described(found: Found) -> list[Account] | None:
    """The accounts of the settings; None when they cannot be read."""
    try:
        accounts: list[Account] = asyncio.run(worker_looks.describe())["accounts"]
    except OpsError as error:
        found(Check(name="configuration", health=Health.WRONG, said=str(error), remedy=_CONFIGURATION_REMEDY))
        return None
    return accounts


def _with_redis(described: list[Account] | None, found: Found, *, offline: bool) -> dict[str, dict[str, int]]:
    """Everything that needs Redis, and the settings, which need it to be compared. The counters of each account."""
    seen: set[str] = set()

    def noted(check: Check) -> None:
        seen.add(check.name)
        found(check)

    try:
        return with_redis(lambda session: _look(session, described, noted, offline=offline))
    except OpsError as error:
        said = str(error).removesuffix(DOCTOR_KNOWS)
        found(Check(name="redis", health=Health.WRONG, said=said, remedy=_REDIS_REMEDY))
        if described is not None and "configuration" not in seen:
            _tell(configuration_checks(described, {}), found)
        found(_UNSEEN)
        return {}


async def _look(
    session: Session, described: list[Account] | None, found: Found, *, offline: bool
) -> dict[str, dict[str, int]]:
    found(Check(name="redis", said=f"answers at {place(session.url)}{'' if _is_named() else _EMBEDDED}"))
    if described is not None:
        _tell(configuration_checks(described, await announced(session.redis)), found)
    _tell(server_checks(await read_server(session.redis), await read_timing(session.redis)), found)
    _tell(worker_checks(await read_workers(session.redis)), found)
    readings = {reading.entry.name: reading for reading in await read_accounts(session.redis)}
    if described is not None and not offline:
        await _providers(session, readings, found)
    return {name: dict(reading.totals) for name, reading in readings.items()}


async def _providers(session: Session, readings: Mapping[AccountName, AccountReading], found: Found) -> None:
    try:
        examined = await worker_looks.examine(session.url)
    except OpsError as error:
        found(Check(name="provider", health=Health.WRONG, said=str(error), remedy=_PROVIDER_REMEDY))
        return
    for account in examined["accounts"]:
        _tell(account_checks(account, readings.get(AccountName(account["name"]))), found)


async def _callbacks(described: list[Account], totals: dict[str, dict[str, int]], public: str, found: Found) -> None:
    async for check in callback_checks(described, totals, public):
        found(check)


def _is_named() -> bool:
    return bool(os.environ.get("REDIS_URL"))


def _tell(checks: Iterable[Check], found: Found) -> None:
    for check in checks:
        found(check)


def _show(check: Check) -> None:
    mark = click.style(f"{check.health:<8}", fg=_COLOURS[check.health])
    subject = f" {check.subject}" if check.subject else ""
    click.echo(f"{mark}{check.name}{subject}: {check.said}")
    if check.remedy:
        click.echo(f"        -> {check.remedy}")


def _summary(checks: Sequence[Check]) -> str:
    counts = Counter(check.health for check in checks)
    words = {Health.WRONG: "wrong", Health.NOTICE: "worth a look", Health.SKIPPED: "not looked at"}
    said = ", ".join(f"{counts[health]} {word}" for health, word in words.items() if counts[health])
    return f"\n{len(checks)} checks: {said or 'all is well'}."
