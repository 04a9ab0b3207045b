"""One worker process: the roles it plays, its heartbeat, and its stop."""

import asyncio
import os
import signal
import socket
import time
from collections.abc import Coroutine
from contextlib import suppress
from enum import StrEnum
from typing import Any, Final, cast

import structlog
from arq.cron import cron
from arq.typing import WorkerCoroutine
from arq.worker import func
from redis.exceptions import RedisError

from producer.contract import keys
from producer.contract.jobs import EXPORT, FEED, FORGET, LOOK_NOW, PROVIDER_CALL, REPAIR, RESOLVE, SEND_MESSAGE
from producer.contract.messages import MessageId
from producer.contract.series import EVERY
from producer.directory import announce
from producer.pool import connect
from worker.app import App
from worker.calling import provider_call
from worker.deciding import resolve
from worker.engine import ControlWorker, Taken
from worker.exporting import export, export_all
from worker.feeding import ask_for_feed, feed
from worker.forgetting import forget
from worker.looking import look_now
from worker.repairing import repair
from worker.sending_parts import SendingParts
from worker.settings import Account, Settings
from worker.starting import look_at_redis
from worker.stopping import end
from worker.tracking_parts import TrackingParts

_BEAT: Final = 1.0
_BEAT_LIFE: Final = 60
_HEALTH_EVERY: Final = 5
_AFTER_ERROR: Final = 1.0
_TAKE_OVER_EVERY: Final = 5.0
"""Seconds between two looks whether an account has a reader: its lease is twice as long."""

_SWEEP_SECONDS: Final = {0, 15, 30, 45}
_SAMPLE_SECONDS: Final = set(range(0, 60, EVERY))
_EXPORT_MINUTES: Final = {3, 13, 23, 33, 43, 53}
_FORGET_WORKER: Final = 86_400
_ANSWER_LIFE: Final = 60
_TRACES_WITHIN: Final = 2.0
_MANY_TRIES: Final = 10_000  # a job that is another process' to do is put back until that one takes it

log = structlog.get_logger(__name__)

Context = dict[str, Any]  # Any: arq's own type for a context


class Role(StrEnum):
    """What a process does: submit messages, or follow them to their end."""

    SEND = "send"
    TRACK = "track"


async def run(settings: Settings, roles: frozenset[Role]) -> None:
    """Work until SIGTERM or SIGINT, then stop within `settings.sending.stop_within` seconds."""
    redis = connect(settings.redis_url)
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    process = Process(App(settings, redis), roles)
    try:
        await process.start()
        watch = asyncio.create_task(process.failed())
        waiting = asyncio.create_task(stop.wait())
        await asyncio.wait({watch, waiting}, return_when=asyncio.FIRST_COMPLETED)
        waiting.cancel()
        failure = watch.exception() if watch.done() else None
        watch.cancel()
        log.info("worker_stopping", worker=process.app.worker)
        await process.stop(settings.sending.stop_within)
        log.info("worker_stopped", worker=process.app.worker)
        if failure is not None:
            raise failure
    finally:
        await redis.aclose()


class Process:
    """The roles of one process, each with its tasks. Every task has this owner, which awaits it."""

    def __init__(self, app: App, roles: frozenset[Role]) -> None:
        self.app = app
        self._roles = roles
        self._sending: list[SendingParts] = []
        self._tracking: list[TrackingParts] = []
        self._controls: list[ControlWorker] = []
        self._tasks: list[asyncio.Task[None]] = []
        self._senders: list[asyncio.Task[None]] = []
        self._started_at = time.time()
        self._beats = 0

    async def start(self) -> None:
        """Announce the accounts and start every role's tasks."""
        app = self.app
        await look_at_redis(app.redis)
        await announce(app.redis, app.entries())
        if Role.SEND in self._roles:
            self._sending = [app.sending(account) for account in app.settings.accounts.values()]
            self._start_sending()
        if Role.TRACK in self._roles:
            self._tracking = [app.tracking(account) for account in app.settings.accounts.values()]
            self._start_tracking()
        self._own(self._beat())
        log.info("worker_started", worker=app.worker, roles=sorted(self._roles), accounts=list(app.settings.accounts))

    async def failed(self) -> None:
        """Wait until a task ends by itself, which none should; raise what ended it."""
        done, _ = await asyncio.wait([*self._tasks, *self._senders], return_when=asyncio.FIRST_EXCEPTION)
        for task in done:
            task.result()

    async def stop(self, within: float) -> None:
        """Claim no more, let requests end, record everything, give leases back."""
        ends = time.monotonic() + within
        await asyncio.gather(*(parts.sender.stop(within * 0.8) for parts in self._sending))
        left = max(0.5, ends - time.monotonic())
        await asyncio.gather(*(control.stop(left) for control in self._controls))
        await end([*self._senders, *self._tasks])
        with suppress(RedisError, OSError):
            await self._leave()
        if self.app.witness is not None:
            await self.app.witness.close(_TRACES_WITHIN)
        for exchange in [parts.exchange for parts in self._sending] + [parts.exchange for parts in self._tracking]:
            await exchange.close()

    async def _leave(self) -> None:
        for sending in self._sending:
            await sending.learning.flush()
        await self.app.exchanges.flush()
        await self.app.flush_counts()
        for tracking in self._tracking:
            await tracking.poller.lease.release()
            if tracking.exporter is not None:
                await tracking.exporter.release()
            await tracking.gate.close()
        await self.app.redis.delete(keys.worker(self.app.worker))
        await self.app.redis.zrem(keys.WORKERS, self.app.worker)

    def _start_sending(self) -> None:
        context: Context = {
            "feeders": {parts.account.name: parts.feeder for parts in self._sending},
            "senders": {parts.account.name: parts.sender for parts in self._sending},
            "reader": self.app.reader,
            "redis": self.app.redis,
        }
        control = ControlWorker(
            keys.CONTROL_SEND,
            self.app.redis,
            [func(feed, name=FEED, max_tries=1), func(send_message, name=SEND_MESSAGE)],
            context=context,
        )
        self._start_control(control)
        self._own(self.app.recorder.run())
        self._own(self.app.exchanges.run())
        self._own(self.app.receiver.run())
        self._senders = [asyncio.create_task(_of(parts.account, parts.sender.run())) for parts in self._sending]

    def _start_tracking(self) -> None:
        control = ControlWorker(
            keys.CONTROL_TRACK,
            self.app.redis,
            [
                func(cast("WorkerCoroutine", resolve), name=RESOLVE, keep_result=_ANSWER_LIFE, max_tries=1),
                func(
                    cast("WorkerCoroutine", provider_call),
                    name=PROVIDER_CALL,
                    keep_result=_ANSWER_LIFE,
                    max_tries=_MANY_TRIES,
                ),
                func(
                    cast("WorkerCoroutine", look_now),
                    name=LOOK_NOW,
                    keep_result=_ANSWER_LIFE,
                    max_tries=_MANY_TRIES,
                ),
                func(cast("WorkerCoroutine", export), name=EXPORT, keep_result=_ANSWER_LIFE),
                func(cast("WorkerCoroutine", repair), name=REPAIR, keep_result=_ANSWER_LIFE, max_tries=1),
                func(cast("WorkerCoroutine", forget), name=FORGET, keep_result=_ANSWER_LIFE, max_tries=1),
            ],
            cron_jobs=[
                cron(cast("WorkerCoroutine", self._sweep), name="sweep", second=_SWEEP_SECONDS, max_tries=1),
                cron(cast("WorkerCoroutine", self._sample), name="sample", second=_SAMPLE_SECONDS, max_tries=1),
                cron(cast("WorkerCoroutine", export_all), name="exports", minute=_EXPORT_MINUTES, max_tries=1),
            ],
            context={
                "reader": self.app.reader,
                "ledger": self.app.ledger,
                "repairer": self.app.repairer,
                "forgetter": self.app.forgetter,
                "lookers": {parts.account.name: parts.looker for parts in self._tracking},
                "callers": {parts.account.name: parts.caller for parts in self._tracking},
                "exporters": {parts.account.name: parts.exporter for parts in self._tracking if parts.exporter},
                "give_up_after": self.app.settings.tracking.give_up_after,
            },
        )
        self._start_control(control)
        self._own(self.app.carrier.run())
        for parts in self._tracking:
            self._own(_of(parts.account, self._poll(parts)))
            self._own(_of(parts.account, parts.applier.run()))
            if parts.exporter is not None:
                self._own(_of(parts.account, parts.exporter.run()))

    def _start_control(self, control: ControlWorker) -> None:
        self._controls.append(control)
        self._own(control.async_run())

    def _own(self, work: Coroutine[Any, Any, None]) -> None:  # Any: what a coroutine yields and is sent
        self._tasks.append(asyncio.create_task(work))

    async def _sweep(self, _: Context) -> None:
        await self.app.sweeper.step()

    async def _sample(self, _: Context) -> None:
        """Arq gives each tick to one process alone."""
        await self.app.sampler.step()

    async def _poll(self, parts: TrackingParts) -> None:
        """Read the account, turn by turn; while another process does, look whether it still lives."""
        pause, is_reader = self.app.settings.tracking.poll_every, False
        while True:
            try:
                is_reader = await parts.poller.step()
                if is_reader and parts.collector is not None:
                    await parts.collector.step()
                await parts.gate.close()  # an idle tracker holds no slot
            except (RedisError, OSError) as error:
                log.warning("poller_waits_for_redis", error=type(error).__name__)
            await asyncio.sleep(pause if is_reader else min(pause, _TAKE_OVER_EVERY))

    async def _beat(self) -> None:
        while True:
            try:
                await self._heartbeat()
            except (RedisError, OSError) as error:
                log.warning("heartbeat_waits_for_redis", error=type(error).__name__)
            await asyncio.sleep(_BEAT)

    async def _heartbeat(self) -> None:
        """Say that this process lives; write what it counted; ask for the feeder where there is work."""
        self._beats += 1
        now = time.time()
        fields = {
            "roles": ",".join(sorted(self._roles)),
            "host": socket.gethostname(),
            "pid": str(os.getpid()),
            "started_at": str(int(self._started_at)),
            "beat_at": str(int(now)),
            **{f"on_wire:{parts.account.name}": str(parts.gate.in_flight) for parts in self._sending},
            **{f"waiting:{parts.account.name}": _why(parts) for parts in self._sending},
        }
        async with self.app.redis.pipeline(transaction=False) as pipe:
            pipe.hset(keys.worker(self.app.worker), mapping=fields)
            pipe.expire(keys.worker(self.app.worker), _BEAT_LIFE)
            pipe.zadd(keys.WORKERS, {self.app.worker: now})
            pipe.zremrangebyscore(keys.WORKERS, "-inf", now - _FORGET_WORKER)
            await pipe.execute()
        await self.app.flush_counts()
        for tracking in self._tracking:
            await tracking.poller.lease.renew()
        for parts in self._sending:
            await parts.learning.flush()
            if await self.app.redis.zcard(keys.active(parts.account.name)):
                await ask_for_feed(self.app.redis, parts.account.name)
            if self._beats % _HEALTH_EVERY == 1:
                await parts.queues.record_health(parts.gate.in_flight)


async def _of(account: Account, work: Coroutine[Any, Any, None]) -> None:  # Any: what a coroutine yields and is sent
    """Work for one account: every log line of it says so."""
    with structlog.contextvars.bound_contextvars(account=account.name):
        await work


async def send_message(ctx: Context, message_id: str) -> None:
    """The arq function of a message's job, for jobs that a stock arq worker runs or a stock producer made."""
    message = MessageId.parse(message_id)
    view = await ctx["reader"].campaign(message.campaign)
    if view is None:
        log.warning("job_without_campaign", message=message_id)
        return
    sender = ctx["senders"][view.campaign.account]
    await sender.send_now(message, Taken(message=message, lane=view.campaign.lane))


def _why(parts: SendingParts) -> str:
    return parts.gate.waiting.why if parts.gate.waiting else ""
