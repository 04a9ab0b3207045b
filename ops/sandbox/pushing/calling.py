"""Making the callbacks: one watcher hands due plans to a few senders; a failure is tried again, boundedly."""

import asyncio
from contextlib import AsyncExitStack
from typing import Final

import aiohttp

from ops.sandbox.gateway import Gateway
from ops.sandbox.ledger import Message
from ops.sandbox.progress import end_of
from ops.sandbox.pushing.events import HANDED_ON, Event, Incoming, Report
from ops.sandbox.pushing.letters import Letter, letter_about, letter_for
from ops.sandbox.pushing.plans import Plan, Stage

TICK: Final = 0.01  # real seconds between two looks; what is due is decided on the gateway's own clock
_QUEUED: Final = 200  # plans taken out ahead of the senders
_PATIENCE: Final = aiohttp.ClientTimeout(total=10)


class Caller:
    """Makes every callback. `run` serves until it is cancelled, and ends with its senders."""

    def __init__(self, gateway: Gateway) -> None:
        self._gateway = gateway
        self._queue: asyncio.Queue[Plan] = asyncio.Queue(_QUEUED)

    async def run(self) -> None:
        """Look for due callbacks and make them."""
        async with AsyncExitStack() as stack:
            session = await stack.enter_async_context(aiohttp.ClientSession(timeout=_PATIENCE))
            group = await stack.enter_async_context(asyncio.TaskGroup())
            for _ in range(self._gateway.config.callback_senders):
                group.create_task(self._send(session))
            await self._watch()

    async def _watch(self) -> None:
        pushes = self._gateway.pushes
        while True:
            await pushes.woken.wait()
            for plan in pushes.due(self._gateway.clock.monotonic()):
                if isinstance(plan.subject, str):
                    self._gateway.ring(plan.account, plan.subject)
                else:
                    await self._queue.put(plan)
            await asyncio.sleep(TICK)

    async def _send(self, session: aiohttp.ClientSession) -> None:
        while True:
            plan = await self._queue.get()
            letter = self._next_letter(plan)
            if letter is not None:
                self._note(plan, answered=await _deliver(session, letter))

    def _next_letter(self, plan: Plan) -> Letter | None:
        """Write a plan's next callback; None when nobody is to be called any more."""
        account, subject = plan.account, plan.subject
        gone = isinstance(subject, Message) and account.ledger.is_removed(subject)
        if account.retired or gone:
            return None
        if isinstance(subject, Message):
            event: Event = self._report(subject, plan.steps[0][1])
        elif isinstance(subject, Incoming):
            event = subject
        if plan.url and isinstance(event, Report):
            return letter_about(event, plan.url, account.pushing.method)
        return letter_for(event, account.handler) if account.handler else None

    def _report(self, message: Message, stage: Stage) -> Report:
        timing = self._gateway.timing
        left = message.received_unix + message.delay
        end = end_of(message, timing)
        if stage is Stage.ENROUTE or end is None:
            return Report(message=message, ending=HANDED_ON, since=left + timing.enroute_after)
        return Report(message=message, ending=end.ending, since=left + end.after)

    def _note(self, plan: Plan, *, answered: bool) -> None:
        """Count what became of a callback, and plan the next step, or the same one again."""
        plan.attempts += 1
        counts, pushing = plan.account.books.callbacks, plan.account.pushing
        counts["answered" if answered else "failed"] += 1
        if not answered and plan.attempts < pushing.attempts:
            self._gateway.pushes.expect(plan, self._gateway.clock.monotonic() + pushing.retry_after)
            return
        counts["given_up"] += not answered
        plan.steps, plan.attempts = plan.steps[1:], 0
        if plan.steps:
            self._gateway.pushes.expect(plan)


async def _deliver(session: aiohttp.ClientSession, letter: Letter) -> bool:
    """Make one call; whether the client answered with 2xx."""
    headers = {"Content-Type": letter.content_type} if letter.content_type else {}
    try:
        async with session.request(
            letter.method, letter.url, data=letter.body or None, headers=headers, allow_redirects=False
        ) as answer:
            await answer.read()
            return 200 <= answer.status < 300
    except (aiohttp.ClientError, TimeoutError, ValueError):
        return False
