"""What waits ahead of the wire: urgent before bulk, however much of it there is, and each lane in its order."""

import time
from collections.abc import Sequence

from producer.contract import keys
from producer.contract.campaigns import Lane
from producer.contract.messages import MessageId
from tests.worker.scene import Scene, numbers
from worker.engine import AccountQueues, Taken
from worker.ledger import ClaimRequest
from worker.prefetching import Ahead, Prefetch
from worker.preparing import Prepared
from worker.providers.requests import HttpRequest

_BATCH = 20


class EachAlone:
    """Makes a request of each message, as where the host does not have the call for several."""

    def __init__(self, stage: Scene) -> None:
        self._stage = stage

    async def prepare(self, jobs: Sequence[Taken]) -> tuple[list[Prepared], list[Taken]]:
        return [self._prepared(self._stage.request([job.message], lane=job.lane)) for job in jobs], []

    def _prepared(self, claim: ClaimRequest) -> Prepared:
        return Prepared(claim=claim, outgoing=(), request=HttpRequest(call="send", path="/send", form=()))


async def single(stage: Scene, number: int) -> MessageId:
    """An urgent message of its own, enqueued."""
    return await stage.producer.send_one(account_name=stage.account.name, to=numbers(1, first=number)[0], text="code")


def prefetch(stage: Scene) -> Prefetch:
    """Five requests deep."""
    queues = AccountQueues(stage.redis, stage.account.name)
    return Prefetch(queues, EachAlone(stage), slots=4, batch=_BATCH, rate=lambda: 50.0)


def messages(ready: Sequence[Ahead]) -> list[MessageId]:
    return [message for ahead in ready for message in ahead.prepared.claim.messages]


async def test_urgent_messages_are_taken_however_many_requests_wait(stage: Scene) -> None:
    """A hundred messages that turned out to travel alone kept urgent ones out for five seconds."""
    await stage.fed(count=200)
    held = prefetch(stage)
    await held.fill()
    assert len(held) == 5 * _BATCH
    urgent = await single(stage, 0)
    await held.fill()
    assert messages(held.next(1)) == [urgent]


async def test_urgent_messages_are_sent_in_their_order(stage: Scene) -> None:
    """Each fill put its own before those of the last one."""
    held = prefetch(stage)
    taken = []
    for number in range(3):
        taken.append(await single(stage, number))
        await held.fill()
    assert messages(held.next(3)) == taken


async def test_urgent_messages_held_are_bounded(stage: Scene) -> None:
    await stage.fed(count=200)
    held = prefetch(stage)
    await held.fill()
    for number in range(5 * _BATCH + 10):
        await single(stage, number)
    await held.fill()
    once = len(held)
    await held.fill()
    assert len(held) == once < 5 * _BATCH * 3
    assert await stage.redis.zcount(keys.queue(stage.account.name, Lane.URGENT), "-inf", time.time() * 1000) == 10


async def test_what_may_have_been_claimed_stays_before_what_is_urgent(stage: Scene) -> None:
    """Its lease runs: what waits behind others until it ends is uncertain."""
    await stage.fed(count=1)
    held = prefetch(stage)
    await held.fill()
    [ahead] = held.next(1)
    held.put_back([Ahead(prepared=ahead.prepared, prepared_at=ahead.prepared_at, claimed_at=time.monotonic())])
    urgent = await single(stage, 0)
    await held.fill()
    assert messages(held.next(2)) == [*ahead.prepared.claim.messages], "by itself: it must not hold up the others"
    assert messages(held.next(2)) == [urgent]
