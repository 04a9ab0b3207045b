"""Forked processes: at work like any other, and dead with whoever asked for them."""

from pathlib import Path
from subprocess import TimeoutExpired

import pytest

from tests.reliability.nursery import Nursery
from tests.reliability.supervisor import Supervisor
from tests.support import wait_until
from tests.support_system import System


async def test_a_forked_worker_works_is_killed_and_followed(system: System) -> None:
    with Supervisor(system, ["send"], is_forked=True) as workers:
        [first] = workers.processes
        await system.at_work(first)  # type: ignore[arg-type] - its pid and end are all that is asked for
        workers.kill(0)
        [second] = workers.processes
        assert (first.poll(), second.poll()) == (0, None)
        await system.at_work(second)  # type: ignore[arg-type]
    assert second.poll() == 0
    assert str(second.pid) not in await system.beating(), "it was told to stop and said goodbye"


def test_a_child_dies_with_its_nursery_and_says_so(tmp_path: Path) -> None:
    with Nursery(tmp_path / "log") as nursery:
        child = nursery.start("nothing", {})
        assert child.wait(60) == 0
    assert "usage: python -m worker" in (tmp_path / "log").read_text()


async def test_a_child_that_lives_is_waited_for_in_vain(system: System) -> None:
    system.settings()
    with Nursery(system.folder / "log") as nursery:
        child = nursery.start("track", system.environment)
        await system.at_work(child)  # type: ignore[arg-type]
        with pytest.raises(TimeoutExpired):
            child.wait(0.01)
        assert child.poll() is None
    await wait_until(lambda: child.poll() == 0, description="it died with its nursery")
