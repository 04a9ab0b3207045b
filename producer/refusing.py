"""A Redis that takes no writes for now: told to whoever asked, in words, with nothing half-written."""

from collections.abc import Awaitable, Callable, Coroutine
from functools import wraps
from typing import Any, Final, ParamSpec, TypeVar

from redis.exceptions import ResponseError

P = ParamSpec("P")
T = TypeVar("T")

_WHY: Final = {
    "used memory > 'maxmemory'": "its memory is full: raise maxmemory",
    "NOREPLICAS": "it has lost its replicas: look at them",
    "MISCONF": "it cannot write to its disk: look at its log",
}
"""Redis' words for it, wherever they stand (in a script, in a pipeline), and what to do."""


class RedisRefusesError(ResponseError):
    """Redis takes no writes for now. What was asked for was not stored, and may be asked for again as it is."""


def takes_no_writes(error: BaseException) -> str:
    """Why the server takes no writes for now, when that is what `error` says; otherwise the empty text."""
    if isinstance(error, RedisRefusesError):
        return str(error)
    words = str(error) if isinstance(error, ResponseError) else ""
    return next((why for known, why in _WHY.items() if known in words), "")


def will_never_be_done(error: BaseException) -> bool:
    """Whether a script met data it cannot work on (a key of another kind, a record nobody can read): asking again
    gives the same, and what else was asked in the same call should not wait for it.
    """
    words = str(error) if isinstance(error, ResponseError) else ""
    return "WRONGTYPE" in words or words.startswith("user_script:")


def plain_when_refused(
    method: Callable[P, Awaitable[T]],
) -> Callable[P, Coroutine[Any, Any, T]]:  # Any: a coroutine's own
    """The method, whose refusals by Redis are a RedisRefusesError."""

    @wraps(method)
    async def told(*args: P.args, **options: P.kwargs) -> T:
        try:
            return await method(*args, **options)
        except RedisRefusesError:
            raise
        except ResponseError as error:
            if why := takes_no_writes(error):
                raise RedisRefusesError(
                    f"Redis takes no writes now ({why}). Nothing was stored; ask for the same again"
                ) from error
            raise

    return told
