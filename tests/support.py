"""What tests of every part use: waiting until, processes that die with us, keys that should not be there."""

import asyncio
import inspect
import os
import signal
import subprocess
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any, Final

from redis.asyncio import Redis

from ops.children import with_parent
from producer.contract.key_rows import spec_of
from tests.support_forking import Forked, is_forkable

CHECKOUT: Final = Path(__file__).resolve().parent.parent

PATIENCE: Final = 60.0
"""Seconds for whatever must happen. It costs nothing where it does, and a busy machine may need them."""

_STEP: Final = 0.01
_LONGEST_STEP: Final = 0.5


async def wait_until(
    check: Callable[[], Any],  # Any: a value, or an awaitable of one
    *,
    description: str,
    timeout: float = PATIENCE,  # noqa: ASYNC109  # asyncio.timeout could not say what was waited for
) -> Any:  # Any: what `check` gives
    """The first true value of `check()`; AssertionError that names what was waited for.

    Asked every 10 ms, and less often where asking takes longer than that: whoever is waited for needs the time.
    """
    until = time.monotonic() + timeout
    while True:
        asked_at = time.monotonic()
        value = check()
        found = await value if inspect.isawaitable(value) else value
        if found:
            return found
        if time.monotonic() > until:
            raise AssertionError(f"after {timeout:g} s still not: {description} (last: {found!r})")
        await asyncio.sleep(min(max(_STEP, 3 * (time.monotonic() - asked_at)), _LONGEST_STEP))


@contextmanager
def running(
    command: Sequence[str | os.PathLike[str]],
    *,
    env: Mapping[str, str] | None = None,
    stop_in: float = PATIENCE,
    cold: bool = False,
    **options: Any,
) -> Iterator[subprocess.Popen[str]]:
    """A process in text mode that dies with us; at the end it gets SIGTERM, and SIGKILL if that is not enough.

    `env` is added to our environment. Working directory: the checkout. Our own programs are forked (`Forked`),
    unless `cold`, where the start itself or the memory matters.
    """
    words = [os.fspath(word) for word in command]
    options |= {"text": True, "env": {**os.environ, **(env or {})}}
    is_here = options.setdefault("cwd", CHECKOUT) == CHECKOUT
    forks = is_here and not cold and is_forkable(words)
    with Forked(words, **options) if forks else subprocess.Popen(with_parent(words), **options) as process:
        try:
            yield process
        finally:
            _end(process, stop_in)


def run_to_end(
    command: Sequence[str | os.PathLike[str]], *, env: Mapping[str, str] | None = None, given: str | None = None
) -> subprocess.CompletedProcess[str]:
    """A process as of `running`, run until it ends: its exit status and what it printed. `given` is its input."""
    stdin = subprocess.DEVNULL if given is None else subprocess.PIPE
    with running(command, env=env, stdin=stdin, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        printed, said = process.communicate(given, timeout=PATIENCE)
    return subprocess.CompletedProcess(process.args, process.returncode, printed, said)


def _end(process: subprocess.Popen[str], stop_in: float) -> None:
    if process.poll() is None:
        process.send_signal(signal.SIGTERM)
    try:
        process.wait(stop_in)
    except subprocess.TimeoutExpired:
        process.kill()


def first_line(process: subprocess.Popen[str], log: IO[str] | None = None) -> str:
    """The first line that a process prints; AssertionError with its log when it ends without one."""
    assert process.stdout is not None, "start it with stdout=PIPE"
    if line := process.stdout.readline():
        return line
    if log is not None:
        log.seek(0)
    raise AssertionError(f"{process.args!r} ended with {process.wait()}: {log.read() if log else ''}")


async def key_leaks(client: Redis) -> list[str]:
    """One sentence for every key that is not in the catalogue, or lacks the TTL that its row demands."""
    return [leak async for key in client.scan_iter(count=1000) if (leak := await _leak(client, key))]


async def _leak(client: Redis, key: bytes) -> str | None:
    name = key.decode(errors="backslashreplace")
    spec = spec_of(name)
    if spec is None:
        return f"key {name!r} is not in the catalogue of producer/contract/key_rows.py"
    if spec.expires and await client.pttl(key) == -1:
        return f"key {name!r} has no TTL, but its row {spec.pattern!r} demands one"
    return None
