"""Claims that grew old, that were lost with their answer, or that cannot be made: sent once, and nobody held up."""

from collections import Counter
from collections.abc import Sequence

import pytest
from redis.exceptions import ConnectionError as RedisConnectionError

from producer.contract.states import Event, State
from tests.support import wait_until
from tests.worker.lines import all_are, line
from tests.worker.scene import Scene, numbers
from worker import sending
from worker.ledger import Claimed, Write
from worker.preparing import Prepared
from worker.providers.exchange import MayLeave


async def test_a_claim_that_grew_old_before_the_wire_is_given_up(
    stage: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A process that was suspended between claim and wire sent what another had taken over meanwhile."""
    given_up = []
    async with line(stage) as work:
        submit = work.sender._submitter.submit

        async def counted(prepared: Prepared, claimed: Sequence[Claimed], may_leave: MayLeave) -> list[Write]:
            writes = await submit(prepared, claimed, may_leave)
            given_up.extend(write for write in writes if write.event is Event.RELEASE)
            return writes

        monkeypatch.setattr(work.sender._submitter, "submit", counted)
        work.sender._fresh_for = -1.0
        await stage.fed(count=5)
        await wait_until(lambda: len(given_up) >= 5, description="five claims are given up")
        assert work.exchange.asked == []
        work.sender._fresh_for = 15.0
        await all_are(stage, State.SUBMITTED, 5)
        assert work.sent() == Counter(numbers(5))
    assert await stage.mistakes("spring") == []


class Forgetful:
    """A ledger whose first claim is done, and its answer lost."""

    def __init__(self, stage: Scene) -> None:
        self._stage = stage
        self.lost = 0

    async def claim(self, requests: Sequence[object]) -> object:
        answers = await self._stage.ledger.claim(requests)
        if not self.lost:
            self.lost = len(requests)
            raise RedisConnectionError("the answer was lost")
        return answers


async def test_a_claim_whose_answer_was_lost_is_claimed_again_and_sent_once(
    stage: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It stayed in flight with nobody sending it, and was uncertain when its lease ended."""
    monkeypatch.setattr(sending, "_AFTER_ERROR", 0.01)
    await stage.fed(count=20)
    forgetful = Forgetful(stage)
    async with line(stage, ledger=forgetful) as work:
        await all_are(stage, State.SUBMITTED, 20)
        assert work.sent() == Counter(numbers(20))
    assert forgetful.lost > 0
    assert work.gate.in_flight == 0
    assert await stage.mistakes("spring") == []


async def test_a_claim_whose_answer_was_lost_goes_back_when_nothing_may_be_sent(
    stage: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sending, "_AFTER_ERROR", 0.01)
    await stage.fed(count=20)
    await stage.redis.hset("volley:account:athens", mapping={"state": "open"})
    forgetful = Forgetful(stage)
    async with line(stage, ledger=forgetful) as work:
        claim = forgetful.claim

        async def blocking(requests: Sequence[object]) -> object:
            await stage.redis.hset("volley:account:athens", mapping={"state": "paused"})
            return await claim(requests)

        monkeypatch.setattr(forgetful, "claim", blocking)

        async def is_back() -> bool:
            return forgetful.lost > 0 and await stage.counts("spring") == {"queued": 20}

        await wait_until(is_back, description="everything is queued again")
        assert work.exchange.asked == []
    assert await stage.mistakes("spring") == []


async def test_a_lost_claim_that_cannot_be_released_at_once_is_released_later(
    stage: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What was taken out to be released was let go when Redis failed again: it was uncertain when its lease ended."""
    monkeypatch.setattr(sending, "_AFTER_ERROR", 0.01)
    await stage.fed(count=20)
    asked = 0

    class Failing:
        async def claim(self, requests: Sequence[object]) -> object:
            nonlocal asked
            asked += 1
            await stage.redis.hset("volley:account:athens", mapping={"state": "paused"})
            answers = await stage.ledger.claim(requests)
            if asked <= 2:
                raise RedisConnectionError("the answer was lost")
            return answers

    async with line(stage, ledger=Failing()) as work:

        async def is_back() -> bool:
            return asked > 2 and await stage.counts("spring") == {"queued": 20}

        await wait_until(is_back, description="everything is queued again")
        assert work.exchange.asked == []
    assert await stage.mistakes("spring") == []


async def test_a_campaign_whose_claims_cannot_be_made_holds_no_other_up(
    stage: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its claims were put back before all others and asked again, for ever."""
    monkeypatch.setattr(sending, "_AFTER_ERROR", 0.01)
    await stage.fed("broken", 5)
    await stage.fed("whole", 40)
    await stage.redis.delete("volley:campaign:broken:m:0")
    await stage.redis.set("volley:campaign:broken:m:0", "not a hash")
    async with line(stage) as work:

        async def is_sent() -> bool:
            return await stage.counts("whole") == {"submitted": 40}

        await wait_until(is_sent, description="the other campaign is sent")
        assert work.sent() == Counter(numbers(40))
    await stage.redis.delete("volley:campaign:broken:m:0")
