"""A Redis that is killed in a storm: as a process, whose writes the system still has, or as a machine without power.

A killed process loses nothing: it writes to its append-only file before it answers, and only the sync comes later
(`everysec`). A machine that loses its power loses what was not synced, up to a second or two. That is imitated by
cutting the file to the length it had a second before.
"""

import os
import time
from collections import deque
from pathlib import Path
from typing import Final

import redis

from ops.redis_server import RedisServer

_UNSYNCED: Final = 1.0
"""Seconds of writes that `everysec` may not have synced yet."""


class StormyRedis:
    """Kills the server and starts it on its data. `loses_tail`: with the last second gone, unless it was synced."""

    def __init__(self, server: RedisServer, *, appendfsync: str, loses_tail: bool) -> None:
        self._server = server
        self._appendfsync = appendfsync
        self._loses_tail = loses_tail and appendfsync != "always"
        self._lengths: deque[tuple[float, Path, int]] = deque(maxlen=100)
        self._settle()

    def note(self) -> None:
        """Remember how long the file is now."""
        file = self._file()
        self._lengths.append((time.monotonic(), file, file.stat().st_size))

    def crash(self) -> int:
        """Kill it and start it again; how many bytes of its file are gone."""
        self._server.kill()
        lost = self._cut() if self._loses_tail else 0
        self._server.start()
        self._settle()
        return lost

    def _cut(self) -> int:
        file, size = self._file(), self._file().stat().st_size
        before = time.monotonic() - _UNSYNCED
        kept = max((length for at, path, length in self._lengths if path == file and at <= before), default=size)
        os.truncate(file, kept)
        return size - kept

    def _file(self) -> Path:
        """The part of the append-only file that is being written."""
        return max(self._server.folder.glob("*/appendonlydir/*.incr.aof"), key=lambda path: path.stat().st_mtime)

    def _settle(self) -> None:
        client = redis.Redis(unix_socket_path=os.fspath(self._server.socket))
        client.config_set("appendfsync", self._appendfsync)
        client.close()
        self._lengths.clear()
        self.note()
