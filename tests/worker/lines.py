"""A sender at work for tests: its parts on one account of the stage, against an exchange that plays the provider."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass

import orjson
from redis.exceptions import ConnectionError as RedisConnectionError

from producer.contract.states import State
from tests.support import wait_until
from tests.worker.plain import FakeExchange, Reply, plain_account, plain_family
from tests.worker.scene import Scene
from worker.engine import AccountQueues
from worker.learning import Learning
from worker.ledger import Recorded
from worker.preparing import Preparer
from worker.providers.requests import Answer, HttpRequest
from worker.recording import Recorder
from worker.sending import Sender
from worker.stopping import end
from worker.submitting import Submitter
from worker.throttle import Gate


def accepted(request: HttpRequest) -> Reply:
    """Each message of the request under a reference of its own."""
    return Answer(status=200, body=orjson.dumps([("submitted", f"p{msisdn}") for msisdn, _ in request.form]))


@dataclass
class Line:
    """A sender with its parts, running."""

    sender: Sender
    gate: Gate
    exchange: FakeExchange
    queues: AccountQueues
    ledger: object

    def sent(self) -> Counter[str]:
        """How often each MSISDN was on the wire."""
        return Counter(msisdn for request in self.exchange.asked for msisdn, _ in request.form)


@asynccontextmanager
async def line(
    stage: Scene,
    answer: Callable[[HttpRequest], Reply] = accepted,
    *,
    batch: int = 1,
    slots: int = 4,
    wire: asyncio.Event | None = None,
    ledger: object = None,
    worker: str = "w1",
) -> AsyncIterator[Line]:
    account = plain_account(family=plain_family(), in_flight=slots, batch=batch)
    gate = Gate(stage.redis, account="athens", login="login", rate=5000.0, slots=slots, worker=worker, slot_lease=30)
    exchange = FakeExchange(answer, gate=wire)
    learning = Learning(account, gate, stage.book, probe_every=60.0)
    queues = AccountQueues(stage.redis, account.name)
    recorder = Recorder(stage.ledger, unusual)
    sender = Sender(
        queues=queues,
        gate=gate,
        preparer=Preparer(account, stage.reader, "login", lambda: 0.0),
        ledger=ledger or stage.ledger,
        submitter=Submitter(account, exchange, learning, most_attempts=3),
        recorder=recorder,
        consumers=slots,
        batch=batch,
    )
    recording, running = asyncio.create_task(recorder.run()), asyncio.create_task(sender.run())
    try:
        yield Line(sender=sender, gate=gate, exchange=exchange, queues=queues, ledger=sender._ledger)
    finally:
        await sender.stop(0.2)
        await end([running, recording])


async def unusual(answers: Sequence[Recorded]) -> None:
    raise AssertionError(answers)


async def all_are(stage: Scene, state: State, count: int) -> None:
    async def reached() -> bool:
        return await stage.counts("spring") == {state.value: count}

    await wait_until(reached, description=f"{count} messages are {state}")


class Slow:
    """A ledger whose claims take a while, or fail."""

    def __init__(self, stage: Scene, *, fails: int = 0) -> None:
        self._stage = stage
        self.fails = fails
        self.claiming = asyncio.Event()
        self.may_answer = asyncio.Event()

    async def claim(self, requests: Sequence[object]) -> object:
        if self.fails:
            self.fails -= 1
            raise RedisConnectionError("away")
        answers = await self._stage.ledger.claim(requests)
        self.claiming.set()
        await self.may_answer.wait()
        return answers


async def is_empty(stage: Scene) -> bool:
    return await stage.queued() == set()
