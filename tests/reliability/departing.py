"""A process that asks one login's throttle and does nothing else.

`python -m tests.reliability.departing URL NAME RATE SECONDS` prints when each of its requests left: times on the
machine's clock, as JSON.
"""

import asyncio
import json
import sys
import time

from producer.pool import connect
from worker.throttle import Admission, Gate, Waiting

_RESERVE = 0.985
_TAKES = 0.03
"""Seconds of each request: the slots are many, so that the rate alone holds."""


class Departures:
    """The departures of one process."""

    def __init__(self, door: Gate) -> None:
        self._door = door
        self._requests: set[asyncio.Task[None]] = set()
        self.times: list[float] = []

    async def run(self, seconds: float) -> None:
        """Ask for as much as there is, for so long."""
        ends = time.monotonic() + seconds
        while time.monotonic() < ends:
            match await self._door.admit(50):
                case Waiting(seconds=wait):
                    await asyncio.sleep(min(max(wait, 0.002), 0.1))
                case Admission() as admission:
                    for _ in range(admission.permits):
                        request = asyncio.create_task(self._request())
                        self._requests.add(request)
                        request.add_done_callback(self._requests.discard)
        await asyncio.gather(*self._requests)

    async def _request(self) -> None:
        if await self._door.pace(60):
            self.times.append(time.monotonic())
            await asyncio.sleep(_TAKES)
        self._door.left()


async def main(url: str, name: str, rate: float, seconds: float) -> None:
    """Depart, and tell when."""
    redis = connect(url)
    door = Gate(
        redis,
        account="athens",
        login="login",
        rate=rate * _RESERVE,
        slots=1000,
        worker=name,
        slot_lease=30,
        reserve=_RESERVE,
    )
    departures = Departures(door)
    await departures.run(seconds)
    await door.close()
    await redis.aclose()
    sys.stdout.write(json.dumps(departures.times))


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1], sys.argv[2], float(sys.argv[3]), float(sys.argv[4])))
