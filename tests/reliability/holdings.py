"""What the objects of this process hold: how many things, by class and attribute."""

import functools
import gc
from collections import Counter, deque
from collections.abc import Iterator, Mapping
from typing import Any, Final

_OURS: Final = ("worker", "producer", "arq", "redis", "aiohttp")
_CONTAINERS: Final = (dict, set, frozenset, list, tuple, deque)
_DEEPEST: Final = 3

Holdings = Counter[str]


def holdings() -> Holdings:
    """Things in the containers of all objects of our packages (and of arq's, Redis' and aiohttp's clients).

    `Class.attribute` -> the number over all objects of the class, with what lies in containers within containers.
    Caches of functions are among them; a deque that has a greatest length is not.
    """
    gc.collect()
    found: Holdings = Counter()
    for each in gc.get_objects():
        kind = type(each)
        if isinstance(each, functools._lru_cache_wrapper):
            found[f"{each.__module__}.{each.__qualname__} (cache)"] += each.cache_info().currsize
        elif _is_ours(str(kind.__module__)):  # a class may have anything by that name
            for name, value in _attributes(each):
                found[f"{kind.__module__}.{kind.__qualname__}.{name}"] += _size(value)
    return found


def _is_ours(module: str) -> bool:
    """Each connection has a dispatcher of events: a pool on a busy machine has more, and a bound of its own."""
    return module.partition(".")[0] in _OURS and module != "redis.event"


def growth(before: Holdings, after: Holdings, *, least: int) -> Mapping[str, int]:
    """What has become more by `least` or more."""
    return {name: more for name, count in after.items() if (more := count - before[name]) >= least}


def _attributes(each: object) -> Iterator[tuple[str, Any]]:  # Any: whatever an object has
    yield from getattr(each, "__dict__", {}).items()
    for kind in type(each).__mro__:
        slots = vars(kind).get("__slots__", ())
        for name in (slots,) if isinstance(slots, str) else slots:
            if hasattr(each, name) and not name.startswith("__"):
                yield name, getattr(each, name)


def _size(value: object, depth: int = 1) -> int:
    if not isinstance(value, _CONTAINERS) or (isinstance(value, deque) and value.maxlen is not None):
        return 0
    if depth == _DEEPEST:
        return len(value)
    inner = value.values() if isinstance(value, dict) else value
    return len(value) + sum(_size(each, depth + 1) for each in list(inner))
