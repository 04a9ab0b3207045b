"""Bounds on the time and the memory that reading something takes, so that a test fails where a worker would hang."""

import math
import time
import tracemalloc
from collections.abc import Callable, Iterator
from contextlib import contextmanager


@contextmanager
def within(*, seconds: float, megabytes: float | None = None) -> Iterator[None]:
    """Fail when the block takes more CPU time of this thread, or (where it is given) has more memory at once.

    CPU time, because a busy machine is no defect; memory as Python's own allocators count it, which takes some
    three times as long: leave it out where the time is what matters.
    """
    if megabytes is not None:
        tracemalloc.start()
    began = time.thread_time()
    try:
        yield
    finally:
        took = time.thread_time() - began
        peak = tracemalloc.get_traced_memory()[1] / 2**20 if megabytes is not None else 0.0
        if megabytes is not None:
            tracemalloc.stop()
    assert took <= seconds, f"it took {took:.2f} s, at most {seconds:g} s are allowed"
    assert megabytes is None or peak <= megabytes, f"it took {peak:.0f} MB, at most {megabytes:g} are allowed"


def seconds_of(work: Callable[[], object], *, enough: float = math.inf) -> float:
    """CPU seconds of this thread that a piece of work takes.

    More than `enough` is measured twice more, and the least is told: one of them may have had to collect the garbage
    of all tests before it.
    """
    least = math.inf
    for _ in range(3):
        began = time.thread_time()
        work()
        least = min(least, time.thread_time() - began)
        if least < enough:
            break
    return least
