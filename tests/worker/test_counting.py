"""What reports moved is counted by state, and how long messages took, without a round trip for each message."""

import pytest

from producer.contract import keys
from producer.contract.messages import MessageId, Reference
from producer.contract.states import Event
from tests.worker.plain import NAME
from tests.worker.scene import Scene
from worker.counting import ReportCounter
from worker.ledger import Recorded
from worker.providers.reports import Report
from worker.tracking import Tracker


@pytest.fixture
def tracker(stage: Scene) -> Tracker:
    return Tracker(stage.account, stage.redis, stage.ledger, stage.reader, stage.book)


async def totals(stage: Scene) -> dict[str, int]:
    return {name.decode(): int(count) for name, count in (await stage.redis.hgetall(keys.totals(NAME))).items()}


def report(reference: str, event: Event) -> Report:
    return Report(reference=Reference(reference), event=event, code="plain.1", words="so")


async def submitted(stage: Scene, count: int) -> list[MessageId]:
    """Messages submitted under r0, r1, …"""
    messages = await stage.fed(count=count)
    for place, message in enumerate(messages):
        await stage.submitted(message, reference=f"r{place}")
    return messages


async def test_reports_are_counted_by_the_state_they_moved_to_and_not_when_repeated(
    stage: Scene, tracker: Tracker
) -> None:
    await submitted(stage, 3)
    delivered, failed = report("r0", Event.REPORT_DELIVERED), report("r1", Event.REPORT_UNDELIVERED)
    for _ in range(2):
        await tracker.apply([delivered, failed, report("r2", Event.REPORT_ENROUTE)])
    assert await totals(stage) == {}, "nothing is written before the flush"
    await tracker.counter.flush()
    found = await totals(stage)
    assert {name: count for name, count in found.items() if name.startswith("report_")} == {
        "report_delivered": 1,
        "report_undelivered": 1,
        "report_enroute": 1,
    }
    await tracker.counter.flush()
    assert await totals(stage) == found, "written once"


async def test_final_reports_are_timed_from_their_claim(stage: Scene) -> None:
    await submitted(stage, 2)
    late = ReportCounter(NAME, stage.reader, stage.book, reference_life=stage.ledger.reference_life + 40)
    tracker = Tracker(stage.account, stage.redis, stage.ledger, stage.reader, stage.book)
    tracker.counter = late
    await tracker.apply([report("r0", Event.REPORT_DELIVERED), report("r1", Event.REPORT_ENROUTE)])
    await late.flush()
    found = await totals(stage)
    assert found["delivery_le_60"] == 1, found
    assert 40 <= found["delivery_s"] < 60
    assert sum(count for name, count in found.items() if name.startswith("delivery_le_")) == 1


async def test_so_many_durations_are_taken_and_no_more(
    stage: Scene, tracker: Tracker, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("worker.counting._MEASURED", 2)
    await submitted(stage, 5)
    await tracker.apply([report(f"r{place}", Event.REPORT_DELIVERED) for place in range(5)])
    await tracker.counter.flush()
    found = await totals(stage)
    assert found["report_delivered"] == 5
    assert sum(count for name, count in found.items() if name.startswith("delivery_le_")) == 2


async def test_stale_outcomes_are_counted(stage: Scene, tracker: Tracker) -> None:
    [message] = await stage.fed(count=1)
    await tracker.recorded([Recorded(write=stage.write(message, Event.SUBMIT), stale=True)])
    await tracker.counter.flush()
    assert (await totals(stage))["stale"] == 1
