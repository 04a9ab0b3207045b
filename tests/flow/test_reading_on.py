"""An account is read on when its reader is gone."""

import pytest

from producer.contract import keys
from producer.contract.messages import AccountName
from tests.support import wait_until
from tests.support_system import System
from worker.process import Role


async def test_a_tracker_takes_a_dead_one_s_place_long_before_its_own_next_turn(
    system: System, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With a minute between two turns the next look at a lease that had run out came up to a minute later."""
    monkeypatch.setattr("worker.process._TAKE_OVER_EVERY", 0.05)
    system.tracking = {"poll_every": 3600}
    names = [keys.reader(AccountName(name)) for name in system.accounts]
    for name in names:
        await system.redis.set(name, "another", ex=600)
    async with system.inside(Role.TRACK):
        await system.redis.delete(*names)  # its lease is over

        async def is_read() -> bool:
            return await system.redis.exists(*names) == len(names)

        await wait_until(is_read, description="another process reads them")
