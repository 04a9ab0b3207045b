"""A worker process whose clocks are wrong: `python -m tests.reliability.skewed_worker ROLE SECONDS PACE`.

Its wall clock is SECONDS ahead of the truth, its monotonic clock runs PACE times as fast. Everything that asks Python
for the time is deceived (time.time, datetime.now, asyncio's own loop); Redis and the provider are not.
"""

import asyncio
import datetime as dt
import sys
import time
from typing import Any, Final

_REAL_WALL: Final = time.time
_REAL_MONOTONIC: Final = time.monotonic


def deceive(ahead: float, pace: float) -> None:
    """From now on this process' clocks are wrong."""
    began = _REAL_MONOTONIC()

    def wall() -> float:
        return _REAL_WALL() + ahead

    def monotonic() -> float:
        return began + 1e6 + (_REAL_MONOTONIC() - began) * pace

    class Moment(dt.datetime):
        @classmethod
        def now(cls, tz: Any = None) -> Any:
            return super().now(tz) + dt.timedelta(seconds=ahead)

    time.time, time.monotonic = wall, monotonic
    dt.datetime = Moment  # type: ignore[misc]


def main(role: str, ahead: float, pace: float) -> int:
    """Run a worker; asyncio's own loop is used, because uvloop reads the clock of the system."""
    deceive(ahead, pace)
    import worker.__main__ as program  # noqa: PLC0415 - only now: modules take `time` and `datetime` as they are

    program._loop_factory = lambda: asyncio.new_event_loop
    return program.main([role])


if __name__ == "__main__":
    sys.exit(main(sys.argv[1], float(sys.argv[2]), float(sys.argv[3])))
