"""The uncertain tray: messages that were perhaps sent, oldest first, and a person's decision about them."""

import time
from collections.abc import Mapping
from contextlib import AbstractAsyncContextManager, AsyncExitStack
from typing import Final

from aiohttp import web

from ops.audit import Act
from ops.dashboard import views
from ops.dashboard.frame import Frame, Place, offset_of, visitor
from ops.deciding import DECISIONS, DecisionError, NotYetError, ask_to_decide, decided
from ops.messages import read_message
from ops.readings import read_uncertain
from producer.contract.messages import MessageId
from producer.contract.states import State

_PAGE: Final = 100
_DECIDED_WITHIN: Final = 5.0
_STILL_ASKED: Final = "asked of a track worker"
"""What the audit log says where the decision was not carried out yet."""


class UncertainRoom:
    """`/uncertain`, and the order below it."""

    place = Place(name="uncertain", title="Uncertain", path="/uncertain")

    def __init__(self, frame: Frame) -> None:
        self._frame = frame

    def routes(self) -> list[web.RouteDef]:
        """Its addresses."""
        return [web.get("/uncertain", self.show), web.post("/uncertain/decide", self.decide)]

    async def show(self, request: web.Request) -> web.Response:
        """A page of them; with `?choose=all` each is chosen already."""
        overview = await self._frame.overview()
        page = await read_uncertain(self._frame.redis, offset=offset_of(request), limit=_PAGE)
        is_chosen = request.query.get("choose") == "all"
        view = {**views.uncertain_view(page), "at": overview.at, "decisions": DECISIONS, "is_chosen": is_chosen}
        return self._frame.page("uncertain.html", request, {"view": view, "page": _PAGE})

    async def decide(self, request: web.Request) -> web.Response:
        """Decide about the chosen messages, each with an entry in the audit log; then back."""
        form, redis, who = await request.post(), self._frame.redis, visitor(request).name
        decision, chosen = str(form.get("decision", "")), _chosen([str(each) for each in form.getall("message", [])])
        if decision not in DECISIONS:
            raise web.HTTPBadRequest(text=f"A decision is one of {', '.join(DECISIONS)}.")
        records = {each: await read_message(redis, each) for each in chosen}
        waiting = {each: record for each, record in records.items() if record and record.state is State.UNCERTAIN}
        if not waiting:
            self._frame.back("/uncertain", "unchanged")
        async with AsyncExitStack() as acting:
            acts = {
                each: await acting.enter_async_context(self._acting(who, decision, each))
                for each in reversed(list(waiting))
            }
            jobs = await ask_to_decide(redis, waiting, decision, who)
            said = await self._carried_out(jobs, acts)
        await self._frame.watch.look()
        self._frame.back("/uncertain", said)

    def _acting(self, who: str, decision: str, message: MessageId) -> AbstractAsyncContextManager[Act]:
        return self._frame.audit.acting(who, f"message.{decision}", str(message), before=State.UNCERTAIN)

    async def _carried_out(self, jobs: Mapping[MessageId, str], acts: Mapping[MessageId, Act]) -> str:
        """What is said of the decisions once they were waited for; what became of each goes into `acts`."""
        until, said = time.monotonic() + _DECIDED_WITHIN, "decided"
        for message, job in jobs.items():
            try:
                left = max(0.0, until - time.monotonic())
                acts[message].after = await decided(self._frame.redis, message, job, within=left)
            except NotYetError:
                acts[message].after, said = _STILL_ASKED, "asked"
            except DecisionError as error:
                acts[message].failure = f"{type(error).__name__}: {error}"
                said = "overtaken" if said == "decided" else said
        return said


def _chosen(given: list[str]) -> list[MessageId]:
    """The messages whose boxes are ticked; 400 when there is none, or something else was sent."""
    if not given or len(given) > _PAGE:
        raise web.HTTPBadRequest(text=f"Choose messages first, at most {_PAGE}.")
    try:
        return [MessageId.parse(each) for each in dict.fromkeys(given)]
    except ValueError as error:
        raise web.HTTPBadRequest(text="That is no message.") from error
