"""The arq functions of exports: both only wish; the exporter of each account does the work, however long it takes."""

from collections.abc import Mapping, Sequence
from typing import Any

import structlog

from producer.contract.exports import ALL, Manner
from producer.contract.messages import AccountName
from worker.exporting.exporter import Exporter

log = structlog.get_logger(__name__)


async def export(ctx: Mapping[str, Any], account: str, tasks: Sequence[str], manner: str) -> dict[str, str]:
    """Wish for tasks of an account, by id or `*`. Empty when it is wished for, else `{"error": why not}`."""
    exporters: Mapping[AccountName, Exporter] = ctx["exporters"]
    if not exporters:
        return {"error": "no account of this worker has exports, or volley.toml names no folder in [exports]"}
    exporter = exporters.get(AccountName(account))
    if exporter is None:
        return {"error": f"account {account[:80]!r} has no exports; those with: {', '.join(exporters)}"}
    if not all(task == ALL or (task.isascii() and task.isdecimal() and len(task) < 19) for task in tasks):
        return {"error": "a task is a number"}
    await exporter.book.wish(tasks, Manner(manner))
    log.info("export_wished", account=account, tasks=len(tasks), manner=manner)
    return {}


async def export_all(ctx: Mapping[str, Any]) -> None:
    """Wish for every task, once each, of the accounts that have `exports = true`; the clock's own wish."""
    exporters: Mapping[AccountName, Exporter] = ctx["exporters"]
    for exporter in exporters.values():
        if exporter.account.exports:
            await exporter.book.wish([ALL], Manner.ONCE)
