"""A process that kills itself: `python -m tests.reliability.killing_launcher POINT ROLE`.

Wraps the named call from outside, so that production code has no hooks for it, then runs the worker's (or the web
page's) own main. POINT `none`: nothing is wrapped.
"""

import asyncio
import functools
import importlib
import inspect
import os
import signal
import sys
from collections.abc import Callable
from typing import Any, Final

from ops.web import serve
from tests.reliability.killing_points import POINTS, Moment, Point
from worker.__main__ import main as work
from worker.throttle import Waiting

LATER: Final = 0.1
"""Seconds from the beginning of a call to a death in the middle of it."""


def arm(point: Point) -> None:
    """From now on the point's call ends this process."""
    module, _, path = point.place.partition(":")
    *owners, name = path.split(".")
    owner = functools.reduce(getattr, owners, importlib.import_module(module))
    setattr(owner, name, _Fuse(point).around(getattr(owner, name)))


class _Fuse:
    """Counts the calls that mean something: of the idle ones there is no end."""

    def __init__(self, point: Point) -> None:
        self._point = point
        self._left = point.nth

    def around(self, call: Callable[..., Any]) -> Callable[..., Any]:
        if not inspect.iscoroutinefunction(call):
            return functools.wraps(call)(lambda *args, **kwargs: self._plain(call, args, kwargs))

        async def wrapped(*args: Any, **kwargs: Any) -> Any:
            self._enter(args)
            given = await call(*args, **kwargs)
            self._leave(args, given)
            return given

        return functools.wraps(call)(wrapped)

    def _plain(self, call: Callable[..., Any], args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        self._enter(args)
        given = call(*args, **kwargs)
        self._leave(args, given)
        return given

    def _enter(self, args: tuple[Any, ...]) -> None:
        if self._point.moment is Moment.AFTER or _is_idle(args[1:]):
            return
        self._left -= 1
        if self._left == 0 and self._point.moment is Moment.DURING:
            asyncio.get_running_loop().call_later(LATER, die)
        elif self._left == 0:
            die()

    def _leave(self, args: tuple[Any, ...], given: Any) -> None:
        if self._point.moment is not Moment.AFTER or _is_idle(args[1:]) or _is_nothing(given):
            return
        self._left -= 1
        if self._left == 0:
            die()


def _is_idle(given: tuple[Any, ...]) -> bool:
    """A call that was given an empty list has nothing to do."""
    return any(value in ([], ()) for value in given)


def _is_nothing(answer: Any) -> bool:
    return answer in ([], (), 0) or isinstance(answer, Waiting)


def die() -> None:
    """As the kernel's memory killer would: no handler, no flush, no goodbye."""
    os.kill(os.getpid(), signal.SIGKILL)


def main(name: str, role: str) -> int:
    """Exit status of the role, when it outlives its point."""
    if name != "none":
        arm(POINTS[name])
    if role == "web":
        asyncio.run(serve(os.environ["REDIS_URL"]))
        return 0
    return work([role])


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
