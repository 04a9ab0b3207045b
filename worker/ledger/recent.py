"""A small cache: the newest so many entries, each believed for half a minute."""

import time
from collections import OrderedDict
from collections.abc import Callable
from typing import Final, Generic, TypeVar

K = TypeVar("K")
V = TypeVar("V")

BELIEVED_FOR: Final = 30.0


class Recent(Generic[K, V]):
    """Keeps at most `most` values; forgets one `BELIEVED_FOR` seconds after it was kept."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._entries: OrderedDict[K, tuple[float, V]] = OrderedDict()

    def get(self, key: K) -> V | None:
        """The value, unless it is not there or too old to be believed."""
        entry = self._entries.get(key)
        if entry is None:
            return None
        if entry[0] + BELIEVED_FOR < time.monotonic():
            del self._entries[key]
            return None
        return entry[1]

    def forget(self, key: K) -> None:
        """Forget one entry, if it is there."""
        self._entries.pop(key, None)

    def forget_where(self, is_meant: Callable[[K], bool]) -> None:
        """Forget all entries of which `is_meant` is true."""
        for key in [key for key in self._entries if is_meant(key)]:
            del self._entries[key]

    def keep(self, key: K, value: V) -> None:
        """Keep a value from now on; the oldest goes when there are too many."""
        self._entries[key] = (time.monotonic(), value)
        self._entries.move_to_end(key)
        if len(self._entries) > self._most:
            self._entries.popitem(last=False)
