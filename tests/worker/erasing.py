"""A person forgotten in tests, as the command does it: piece by piece."""

from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path

from producer.contract.messages import Msisdn
from tests.worker.scene import Scene, numbers
from worker.forgetting import Forgetter
from worker.forgetting.needle import Needle

PERSON, OTHER = numbers(2)
NAME = "Zarathustra"


def people(count: int) -> list[dict[str, str]]:
    """The first of them is the person."""
    return [{"to": to, "name": NAME if to == PERSON else f"guest{to[-3:]}"} for to in numbers(count)]


async def forgotten(
    stage: Scene,
    *,
    msisdn: str = PERSON,
    cancel: bool = False,
    seconds: float = 1.0,
    served: Sequence[str] = ("athens",),
    folder: Path | None = None,
) -> dict[str, object]:
    """All pieces; everything they found."""
    work = Forgetter(stage.redis, stage.ledger, stage.reader, served, folder)
    needle, cursor, totals = Needle(Msisdn(msisdn)), "", None
    while True:
        cursor, found = await work.step(needle, cursor, cancel=cancel, seconds=seconds)
        told = asdict(found)
        totals = told if totals is None else {name: totals[name] + told[name] for name in told}
        if not cursor:
            return {name: value for name, value in totals.items() if value}
