"""A consumer that meets what nobody foresaw: it is logged, nobody is lost or sent to twice, and the others go on."""

from collections import Counter

import pytest
from structlog.testing import capture_logs

from producer.contract.states import State
from tests.support import wait_until
from tests.worker.lines import accepted, all_are, line
from tests.worker.plain import Reply
from tests.worker.scene import Scene, numbers
from worker import outliving
from worker.providers.requests import HttpRequest

ODD = numbers(12)[::3]


def answer(request: HttpRequest) -> Reply:
    """What a defect in our own reading would do, for every third number."""
    if request.form[0][0] in ODD:
        raise KeyError("nobody foresaw this")
    return accepted(request)


async def test_a_request_that_fails_leaves_its_message_uncertain_and_its_consumer_alive(stage: Scene) -> None:
    """Each such exception ended a consumer without a word: with four of them nothing was sent any more."""
    messages = await stage.fed(count=12)
    with capture_logs() as logged:
        async with line(stage, answer, slots=2) as work:

            async def all_tried() -> bool:
                return await stage.counts("spring") == {"submitted": 8, "uncertain": 4}

            await wait_until(all_tried, description="everybody was tried")
            assert work.sent() == Counter(numbers(12))
        assert work.gate.in_flight == 0
    records = [await stage.record_of(message) for message in messages]
    assert {record.code for record in records if record.state is State.UNCERTAIN} == {"volley.worker_failed"}
    assert [entry["event"] for entry in logged].count("submission_failed") == 4
    assert await stage.mistakes("spring") == []


async def test_a_consumer_that_fails_is_replaced(stage: Scene, monkeypatch: pytest.MonkeyPatch) -> None:
    """What comes after the answer may fail as well: that message is left to its lease, the others are sent."""
    monkeypatch.setattr(outliving, "_AFTER_FAILURE", 0.0)
    await stage.fed(count=20)
    with capture_logs() as logged:
        async with line(stage, slots=2) as work:
            put, failures = work.sender._recorder.put, iter(range(3))

            async def failing(writes: object) -> None:
                if next(failures, None) is not None:
                    raise RuntimeError("nobody foresaw this")
                await put(writes)

            monkeypatch.setattr(work.sender._recorder, "put", failing)

            async def all_others() -> bool:
                return await stage.counts("spring") == {"submitted": 17, "in_flight": 3}

            await wait_until(all_others, description="all others are submitted")
            assert work.sent() == Counter(numbers(20))
        assert work.gate.in_flight == 0
    assert [entry["event"] for entry in logged].count("consumer_failed") == 3
    assert await stage.mistakes("spring") == []


async def test_a_stop_ends_consumers(stage: Scene) -> None:
    await stage.fed(count=3)
    async with line(stage) as work:
        await all_are(stage, State.SUBMITTED, 3)
    assert all(consumer.done() for consumer in work.sender._consumers)
