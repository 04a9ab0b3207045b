"""Deferred exports: which files of the provider were fetched, and how far their rows are applied."""

import secrets
from dataclasses import asdict
from typing import Final

from aiohttp import web

from ops.dashboard import views
from ops.dashboard.frame import Frame, Place, visitor
from ops.readings.exports import read_exports
from producer.contract import keys
from producer.contract.exports import ALL, ExportRecord, Manner
from producer.contract.jobs import EXPORT
from producer.contract.messages import AccountName

_MOST: Final = 100
"""Tasks of an account that are shown, the newest."""

_TAKEN_WITHIN: Final = 60.0
"""Seconds in which a track worker must take the wish up; after that nobody should be surprised by it."""


class ExportsRoom:
    """`/exports`, and the order below it."""

    place = Place(name="exports", title="Exports", path="/exports")

    def __init__(self, frame: Frame) -> None:
        self._frame = frame

    def routes(self) -> list[web.RouteDef]:
        """Its addresses."""
        return [web.get("/exports", self.show), web.post("/exports/{account:[^/]+}", self.ask)]

    async def show(self, request: web.Request) -> web.Response:
        """The exports of every account."""
        overview = await self._frame.overview()
        names = [account.entry.name for account in overview.accounts]
        view = {"at": overview.at, "accounts": [await self._account(name) for name in names]}
        return self._frame.page("exports.html", request, {"view": view})

    async def ask(self, request: web.Request) -> web.Response:
        """Wish for a task, or for all of them; a track worker fetches them."""
        overview, name = await self._frame.overview(), request.match_info["account"]
        form = await request.post()
        task, is_anew = str(form.get("task", ALL)), form.get("again") == "yes"
        if name not in [account.name for account in overview.accounts]:
            raise web.HTTPNotFound(text="There is no such account.")
        if task != ALL and not (task.isascii() and task.isdecimal() and len(task) <= 12):
            raise web.HTTPBadRequest(text="A task is a number.")
        manner = Manner.AGAIN if is_anew else Manner.RETRY
        who = visitor(request).name
        async with self._frame.audit.acting(who, "export.ask", f"{name} task {task}") as act:
            await self._wish(AccountName(name), task, manner)
            act.after = manner
        self._frame.back("/exports", "wished")

    async def _wish(self, account: AccountName, task: str, manner: Manner) -> None:
        await self._frame.redis.enqueue_job(
            EXPORT,
            account,
            [task],
            manner.value,
            _job_id=f"export:{secrets.token_hex(8)}",
            _queue_name=keys.CONTROL_TRACK,
            _expires=_TAKEN_WITHIN,
        )

    async def _account(self, name: AccountName) -> views.View:
        reading = await read_exports(self._frame.redis, name)
        newest = sorted(reading.records.items(), reverse=True)
        return {
            "name": name,
            "total": len(newest),
            "wishes": sorted("every task" if wish == ALL else f"task {wish}" for wish in reading.wishes),
            "tasks": [_task(record) for _, record in newest[:_MOST]],
        }


def _task(record: ExportRecord) -> views.View:
    """One task, without the path on the worker's host."""
    return {name: value for name, value in asdict(record).items() if name != "file"}
