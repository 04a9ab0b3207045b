"""One gate used by several tasks at once, as a tracker's is by polls, look-ups, exports and people's calls."""

import asyncio

import pytest

from producer.contract import keys
from tests.worker.gates import LOGIN, gate, permits
from tests.worker.scene import Scene
from worker.throttle import gate as module


async def test_tasks_that_ask_at_once_get_no_more_slots_than_there_are(stage: Scene) -> None:
    """Each told Redis that nothing was in flight, because none had its answer yet: five got permits for two slots."""
    door, other = gate(stage, "w1", slots=2), gate(stage, "w2", slots=2)
    given = await asyncio.gather(*(permits(door, 1) for _ in range(5)))
    assert sum(given) == door.in_flight <= 2
    assert await permits(other, 2) == 2 - sum(given)


async def test_a_gate_is_not_closed_over_a_permit_that_is_on_its_way(
    stage: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A poll ended while a person's call asked for its permit: Redis had given it, this process did not know it yet.

    The share was deleted, and another worker could use the slot as well.
    """
    admit = module._ADMIT

    class Slow:
        async def run(self, *args: object) -> object:
            answer = await admit.run(*args)
            for _ in range(20):  # whatever was asked beside it is done before this answer arrives
                await stage.redis.ping()
            return answer

    monkeypatch.setattr(module, "_ADMIT", Slow())
    door = gate(stage, "w1", slots=1)
    asking = asyncio.create_task(permits(door, 1))
    await asyncio.sleep(0)
    await door.close()
    assert await asking == 1
    assert await stage.redis.hexists(keys.slots(LOGIN), "w1")
    assert await permits(gate(stage, "w2", slots=1), 1) == 0
    door.left()
    await door.close()
    assert not await stage.redis.hexists(keys.slots(LOGIN), "w1")
