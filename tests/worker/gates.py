"""Gates of one login for tests, and what is asked of them."""

from tests.worker.scene import Scene
from worker.throttle import Admission, Gate

LOGIN = "login"


def gate(
    stage: Scene,
    worker: str = "w1",
    *,
    rate: float = 1000.0,
    slots: int = 100,
    lease: float = 30.0,
    reserve: float = 1.0,
) -> Gate:
    """A door at which `rate` is the provider's; the share of it that may be used is all of it, unless told."""
    return Gate(
        stage.redis,
        account="athens",
        login=LOGIN,
        rate=rate * reserve,
        slots=slots,
        worker=worker,
        slot_lease=lease,
        reserve=reserve,
    )


async def admitted(door: Gate, wanted: int) -> Admission:
    answer = await door.admit(wanted)
    assert isinstance(answer, Admission), answer
    return answer


def finish(door: Gate, count: int) -> None:
    for _ in range(count):
        door.left()


async def server_ms(stage: Scene) -> float:
    seconds, micros = await stage.redis.time()
    return seconds * 1000 + micros / 1000


async def is_admitted(door: Gate) -> bool:
    return isinstance(await door.admit(1), Admission)


async def permits(door: Gate, wanted: int) -> int:
    answer = await door.admit(wanted)
    return answer.permits if isinstance(answer, Admission) else 0
