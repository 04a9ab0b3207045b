"""The arq functions of exports: both only wish; the exporter of each account does the work, however long it takes."""

from collections.abc import Mapping, Sequence
from typing import Any

import structlog

from producer.contract.exports import ALL, Manner
from producer.contract.messages import AccountName
from worker.calling import Caller
from worker.exporting.exporter import Exporter
from worker.providers.registry import EXPORTS

log = structlog.get_logger(__name__)


async def export(ctx: Mapping[str, Any], account: str, tasks: Sequence[str], manner: str) -> dict[str, str]:
    """Wish for tasks of an account, by id or `*`. Empty when it is wished for, else `{"error": why not}`."""
    exporters: Mapping[AccountName, Exporter] = ctx["exporters"]
    exporter = exporters.get(AccountName(account))
    if exporter is None:
        return {"error": _why_not(account, ctx["callers"], exporters)}
    if not all(task == ALL or (task.isascii() and task.isdecimal() and len(task) < 19) for task in tasks):
        return {"error": "a task is a number"}
    await exporter.book.wish(tasks, Manner(manner))
    log.info("export_wished", account=account, tasks=len(tasks), manner=manner)
    return {}


def _why_not(account: str, callers: Mapping[AccountName, Caller], exporters: Mapping[AccountName, Exporter]) -> str:
    """Why an account has no exporter, and what to do."""
    caller = callers.get(AccountName(account))
    if caller is None:
        return f"unknown account {account[:80]!r}; known: {', '.join(callers)}"
    if (family := caller.account.family.name) not in EXPORTS:
        able = f"; accounts with exports: {', '.join(exporters)}" if exporters else ""
        return f"account {account!r} is of family {family}, which has no deferred exports{able}"
    return "volley.toml names no folder for exports: set folder in [exports], and restart the track workers"


async def export_all(ctx: Mapping[str, Any]) -> None:
    """Wish for every task, once each, of the accounts that have `exports = true`; the clock's own wish."""
    exporters: Mapping[AccountName, Exporter] = ctx["exporters"]
    for exporter in exporters.values():
        if exporter.account.exports:
            await exporter.book.wish([ALL], Manner.ONCE)
