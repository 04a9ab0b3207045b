"""The uncertain tray: messages that were perhaps sent, oldest first, and a person's decision about them."""

from contextlib import AbstractAsyncContextManager, AsyncExitStack
from typing import Final

from aiohttp import web

from ops.audit import Act
from ops.dashboard import views
from ops.dashboard.frame import Frame, Place, offset_of, visitor
from ops.deciding import DECISIONS, DecisionError, ask_to_decide, decided
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
        waiting = [each for each in chosen if await self._state(each) is State.UNCERTAIN]
        if not waiting:
            self._frame.back("/uncertain", "unchanged")
        async with AsyncExitStack() as acting:
            acts = {
                each: await acting.enter_async_context(self._acting(who, decision, each))
                for each in reversed(waiting)
            }
            await ask_to_decide(redis, waiting, decision, who)
            said = await self._carried_out(waiting[-1])  # they are carried out in their order
            for message, act in acts.items():
                state = await self._state(message)
                act.after = _STILL_ASKED if state in (None, State.UNCERTAIN) else state
        await self._frame.watch.look()
        self._frame.back("/uncertain", said)

    def _acting(self, who: str, decision: str, message: MessageId) -> AbstractAsyncContextManager[Act]:
        return self._frame.audit.acting(who, f"message.{decision}", str(message), before=State.UNCERTAIN)

    async def _carried_out(self, message: MessageId) -> str:
        """What is said of a decision once it was carried out, or nobody came to it for a while."""
        try:
            await decided(self._frame.redis, message, within=_DECIDED_WITHIN)
        except DecisionError:
            return "asked"
        return "decided"

    async def _state(self, message: MessageId) -> State | None:
        record = await read_message(self._frame.redis, message)
        return record.state if record else None


def _chosen(given: list[str]) -> list[MessageId]:
    """The messages whose boxes are ticked; 400 when there is none, or something else was sent."""
    if not given or len(given) > _PAGE:
        raise web.HTTPBadRequest(text=f"Choose messages first, at most {_PAGE}.")
    try:
        return [MessageId.parse(each) for each in dict.fromkeys(given)]
    except ValueError as error:
        raise web.HTTPBadRequest(text="That is no message.") from error
