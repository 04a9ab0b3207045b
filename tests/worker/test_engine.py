"""The engine: batches on account queues, in arq's own format, beside stock arq producers and workers."""

import asyncio
from contextlib import suppress

from arq.connections import ArqRedis
from arq.worker import Worker, func
from redis.asyncio import Redis

from producer.contract import keys
from producer.contract.campaigns import Lane
from producer.contract.jobs import JOB_PREFIX, SEND_MESSAGE
from producer.contract.messages import MessageId
from tests.support import wait_until
from tests.worker.scene import Scene, numbers
from worker.engine import AccountQueues, ControlWorker, Taken
from worker.engine import queues as engine_queues


def queues(stage: Scene) -> AccountQueues:
    return AccountQueues(stage.redis, stage.account.name)


async def until_due(stage: Scene) -> None:
    """Stock arq rounds a job's time to the next millisecond; by Redis' clock it may be that much ahead."""

    async def are_due() -> bool:
        last = await stage.redis.zrange(keys.queue("athens", Lane.BULK), -1, -1, withscores=True)
        seconds, micros = await stage.redis.time()
        return last[0][1] < seconds * 1000 + micros // 1000

    await wait_until(are_due, description="every job is due")


async def test_what_one_process_took_no_other_sees(stage: Scene) -> None:
    messages = await stage.fed(count=10)
    one, two = queues(stage), queues(stage)
    taken = await one.take(6)
    rest = await two.take(100)
    assert len(taken) == 6
    assert {job.message for job in taken + rest} == set(messages)
    assert await one.take(100) == await two.take(100) == []
    assert await one.take(1) == []


async def test_takers_at_once_share_the_queue_and_double_nothing(stage: Scene) -> None:
    messages = await stage.fed(count=250)
    taken = await asyncio.gather(*(queues(stage).take(17) for _ in range(20)))
    found = [job.message for jobs in taken for job in jobs]
    assert sorted(found) == sorted(messages)


async def test_what_was_taken_and_never_claimed_comes_back_after_the_lease(stage: Scene, monkeypatch: object) -> None:
    monkeypatch.setattr(engine_queues, "_TAKE_LEASE", 50)
    messages = await stage.fed(count=3)
    await queues(stage).take(3)
    found = await wait_until(lambda: queues(stage).take(3), description="the jobs are visible again")
    assert {job.message for job in found} == set(messages)


async def test_urgent_comes_before_bulk(stage: Scene) -> None:
    await stage.fed(count=5)
    urgent = await stage.producer.send_one(account_name="athens", to=numbers(1)[0], text="code 1")
    work = queues(stage)
    assert await work.take(1) == [Taken(message=urgent, lane=Lane.URGENT)]
    assert {job.lane for job in await work.take(10)} == {Lane.BULK}


async def test_what_is_given_back_is_the_next_to_be_taken(stage: Scene) -> None:
    await stage.fed(count=10)
    work = queues(stage)
    first = await work.take(2)
    await work.give_back(first)
    assert sorted(job.message for job in await work.take(2)) == sorted(job.message for job in first)


async def test_giving_back_makes_no_job_that_has_ended(stage: Scene) -> None:
    [message] = await stage.fed(count=1)
    work = queues(stage)
    taken = await work.take(1)
    await stage.submitted(message)
    await work.give_back(taken)
    assert await stage.queued() == set()


async def test_a_dropped_job_is_gone_with_its_body(stage: Scene) -> None:
    [message] = await stage.fed(count=1)
    work = queues(stage)
    await work.drop(await work.take(1))
    assert await stage.queued() == set()
    assert not await stage.redis.exists(JOB_PREFIX + str(message))


async def test_jobs_whose_time_has_not_come_are_not_taken(stage: Scene) -> None:
    messages = await stage.fed(count=2)
    await stage.redis.zadd(keys.queue("athens", Lane.BULK), {str(messages[0]): 9_999_999_999_999})
    assert [job.message for job in await queues(stage).take(5)] == [messages[1]]


# --- beside stock arq ------------------------------------------------------------------------------------


async def test_jobs_of_other_kinds_are_moved_to_the_control_queue_and_run_there(stage: Scene) -> None:
    [message] = await stage.fed(count=1)
    name = keys.queue("athens", Lane.BULK)
    ran: list[tuple[str, int]] = []

    async def tidy(ctx: dict[str, object], word: str, *, count: int) -> None:
        ran.append((word, count))

    await stage.redis.enqueue_job("tidy", "now", count=3, _queue_name=name)
    await stage.redis.enqueue_job("tidy", "later", count=4, _queue_name=name, _job_id="named:job")
    await until_due(stage)
    assert [job.message for job in await queues(stage).take(10)] == [message]
    assert await stage.redis.zcard(keys.CONTROL_SEND) == 3, "two of them, and the producer's call for the feeder"
    control = ControlWorker(keys.CONTROL_SEND, stage.redis, [func(tidy, name="tidy"), func(tidy, name="feed")])
    task = asyncio.create_task(control.async_run())
    await wait_until(lambda: len(ran) == 2, description="both jobs have run")
    await control.stop(1)
    with suppress(asyncio.CancelledError):
        await task
    assert sorted(ran) == [("later", 4), ("now", 3)]


async def test_a_job_of_ours_enqueued_with_stock_arq_reaches_the_function(stage: Scene) -> None:
    """A service that knows only arq asks for a message by its id, under a job id of arq's own choice."""
    [message] = await stage.fed(count=1)
    await stage.redis.enqueue_job(SEND_MESSAGE, str(message), _queue_name=keys.queue("athens", Lane.BULK))
    got: list[str] = []

    async def send_message(ctx: dict[str, object], message_id: str) -> None:
        got.append(message_id)

    async def feed(ctx: dict[str, object], name: str) -> None:
        pass

    await until_due(stage)
    await queues(stage).take(10)
    control = ControlWorker(
        keys.CONTROL_SEND, stage.redis, [func(send_message, name=SEND_MESSAGE), func(feed, name="feed")]
    )
    task = asyncio.create_task(control.async_run())
    await wait_until(lambda: got == [str(message)], description="the function was called")
    await control.stop(1)
    with suppress(asyncio.CancelledError):
        await task


async def test_a_stock_arq_worker_runs_our_jobs(stage: Scene, redis_url: str) -> None:
    """Bodies that Lua put together, taken by arq's own worker loop without a change."""
    messages = await stage.fed(count=5)
    urgent = await stage.producer.send_one(account_name="athens", to=numbers(1)[0], text="code 1")
    got: list[MessageId] = []

    async def send_message(ctx: dict[str, object], message_id: str) -> None:
        got.append(MessageId.parse(message_id))

    for lane in Lane:
        async with Redis.from_url(redis_url) as plain:
            pool = ArqRedis(plain.connection_pool)
            worker = Worker(
                [func(send_message, name=SEND_MESSAGE)],
                queue_name=keys.queue("athens", lane),
                redis_pool=pool,
                burst=True,
                handle_signals=False,
                keep_result=0,
                poll_delay=0.01,
            )
            await worker.main()
            assert worker.jobs_failed == 0
    assert sorted(got) == sorted([*messages, urgent])


async def test_a_stopped_control_worker_lets_its_jobs_end(stage: Scene) -> None:
    begun, may_end, ended = asyncio.Event(), asyncio.Event(), asyncio.Event()

    async def slow(ctx: dict[str, object]) -> None:
        begun.set()
        await may_end.wait()
        ended.set()

    await stage.redis.enqueue_job("slow", _queue_name=keys.CONTROL_SEND)
    control = ControlWorker(keys.CONTROL_SEND, stage.redis, [func(slow, name="slow")])
    task = asyncio.create_task(control.async_run())
    await asyncio.wait_for(begun.wait(), 60)
    stopping = asyncio.create_task(control.stop(60))
    await asyncio.sleep(0)  # the stop has begun
    may_end.set()
    await stopping
    with suppress(asyncio.CancelledError):
        await task
    assert ended.is_set()


async def test_the_health_line_is_arqs_own(stage: Scene) -> None:
    await stage.fed(count=4)
    await queues(stage).record_health(2)
    line = await stage.redis.get(keys.queue("athens", Lane.BULK) + ":health-check")
    assert b"j_complete=0 j_failed=0 j_retried=0 j_ongoing=2 queued=4" in line
