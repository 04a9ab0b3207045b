"""A few lines that do what redis-cli does, for machines without it: Redis' protocol over a unix socket."""

import re
import shlex
import socket
from collections.abc import Sequence
from typing import IO, Any

Answer = Any  # Any: text, number, None or a list of these


class RedisSaysNoError(Exception):
    """An error answer."""


def commands(script: str) -> list[list[str]]:
    """The words that a shell script hands to redis-cli, one list per call; nothing but such calls is understood."""
    found = []
    for line in re.sub(r"\\\n", " ", script).strip().splitlines():
        program, option, url, *words = shlex.split(line)
        assert (program, option, url) == ("redis-cli", "-u", "$REDIS_URL"), line
        found.append(words)
    return found


def ask(path: str, calls: Sequence[Sequence[str]]) -> list[Answer]:
    """The answers to the calls, on one connection to the socket at `path`."""
    with socket.socket(socket.AF_UNIX) as line:
        line.settimeout(60)
        line.connect(path)
        with line.makefile("rb") as stream:
            return [_ask(line, stream, words) for words in calls]


def _ask(line: socket.socket, stream: IO[bytes], words: Sequence[str]) -> Answer:
    encoded = [word.encode() for word in words]
    line.sendall(b"*%d\r\n" % len(encoded) + b"".join(b"$%d\r\n%s\r\n" % (len(word), word) for word in encoded))
    return _read(stream)


def _read(stream: IO[bytes]) -> Answer:
    first = stream.readline().rstrip(b"\r\n")
    kind, rest = first[:1], first[1:].decode()
    match kind:
        case b"+":
            return rest
        case b"-":
            raise RedisSaysNoError(rest)
        case b":":
            return int(rest)
        case b"$":
            return None if rest == "-1" else stream.read(int(rest) + 2)[:-2].decode()
        case b"*":
            return [_read(stream) for _ in range(int(rest))]
    raise AssertionError(f"not Redis' protocol: {first!r}")
