"""What a process holds does not grow with the campaigns that it has seen."""

from contextlib import suppress
from functools import cache
from pathlib import Path

import pytest

from tests.reliability.holdings import growth, holdings
from tests.reliability.systems import system_in
from tests.support import wait_until
from tests.support_system import System, account, numbers
from worker.ledger import reading
from worker.ledger.recent import Recent
from worker.process import Process

CAMPAIGNS = 100
"""Of each round, half of them on each account, with a message each."""

RATE = 40
"""A second, on each account: what is kept for as long as a second is less than half of a round."""


async def test_a_hundred_campaigns_more_leave_nothing_more_behind(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The sweeper kept the name of each campaign that it had looked after. The first round fills pools and caches."""
    monkeypatch.setattr(reading, "_MOST_CAMPAIGNS", 50)
    monkeypatch.setattr(reading, "_MOST_CHUNKS", 50)
    accounts = {
        "moscow": account("smsc", "moscow", rate=RATE, in_flight=8, batch=10),
        "athens": account("restv2", "athens", rate=RATE, in_flight=8),
    }
    sandbox = ("--enroute-after", "0.1", "--final-after", "0.5")
    async with system_in(tmp_path, sandbox, accounts) as (system, _), system.inside() as process:
        await _done(system, process, "warm")
        once = holdings()
        await _done(system, process, "twice")
        grown: dict[str, int] = {}

        def is_flat() -> bool:
            grown.clear()
            grown.update(growth(once, holdings(), least=CAMPAIGNS // 2))
            return not grown

        with suppress(AssertionError):  # what is on its way at one look is gone at another
            await wait_until(is_flat, description="nothing more is held", timeout=20)
    assert grown == {}
    assert once["worker.ledger.recent.Recent._entries"] > CAMPAIGNS // 2, "what is held was not looked at"


async def _done(system: System, process: Process, name: str) -> None:
    """So many campaigns more, from submission to end, with the sweeper at work on them."""
    campaigns = [f"{name}-{number}" for number in range(CAMPAIGNS)]
    for number, campaign in enumerate(campaigns):
        await system.producer.submit(
            account_name=("moscow", "athens")[number % 2], campaign_id=campaign, text=campaign, recipients=numbers(1)
        )
    await process.app.sweeper.step()
    await system.finished(*campaigns)
    await process.app.sweeper.step()


def test_what_objects_hold_is_counted_within_containers_and_in_caches() -> None:
    @cache
    def cached(number: int) -> int:
        return number

    recent: Recent[str, list[int]] = Recent(10)
    before = holdings()
    recent.keep("a", [1, 2, 3])
    for number in range(7):
        cached(number)
    found = growth(before, holdings(), least=5)
    assert found["worker.ledger.recent.Recent._entries"] == 1 + 2 + 3  # the entry, its moment and value, and the list
    assert next(count for name, count in found.items() if name.endswith("cached (cache)")) == 7
