"""A process that has imported our programs, and forks them: `python -m tests.support_nursery SOCKET`.

With an order come four files: the streams of the new process, and a line. On the line its process id is told, and
when it has ended its wait status. The nursery ends with the socket's other end, and all that it has forked with it.
"""

import ctypes
import gc
import importlib
import os
import pkgutil
import runpy
import signal
import socket
import sys
import warnings
from collections.abc import Iterator
from contextlib import suppress
from typing import Any, Final

import orjson

import ops.commands

_IMPORTED: Final = ("ops.sandbox.server", "ops.web", "worker.callbacks", "worker.describing", "worker.process")
_LARGEST: Final = 1 << 20  # bytes of an order: an environment may be long
_FILES: Final = 4
_DIE_WITH_PARENT: Final = 1  # PR_SET_PDEATHSIG


def import_programs() -> None:
    """Everything but the programs' own first modules, which each of them runs."""
    for name in (*_IMPORTED, *_commands()):
        importlib.import_module(name)
    gc.collect()
    gc.freeze()  # no collection touches, and so copies, what all have in common


def _commands() -> Iterator[str]:
    yield from (f"ops.commands.{found.name}" for found in pkgutil.iter_modules(ops.commands.__path__))


def take_orders(orders: socket.socket) -> dict[str, Any]:
    """Fork for every order; returns in the new processes alone, with theirs."""
    while True:
        told, files, _, _ = socket.recv_fds(orders, _LARGEST, _FILES)
        if not told:
            os._exit(0)
        if not _fork():
            orders.close()
            _fork_and_tell(files)
            return orjson.loads(told)
        for file in files:
            os.close(file)
        with suppress(ChildProcessError):
            while os.waitpid(-1, os.WNOHANG)[0]:
                pass


def _fork_and_tell(files: list[int]) -> None:
    """Returns in the new process alone, its streams in place; its parent stays to wait for it."""
    *streams, line = files
    if pid := _fork():
        for stream in streams:
            os.close(stream)
        with suppress(BrokenPipeError):
            os.write(line, str(pid).encode())
            os.write(line, str(os.waitpid(pid, 0)[1]).encode())
        os._exit(0)
    os.close(line)
    for own, stream in enumerate(streams):
        os.dup2(stream, own)
        os.close(stream)


def _fork() -> int:
    """As `os.fork`, but the child is killed when its parent dies."""
    parent = os.getpid()
    if pid := os.fork():
        return pid
    ctypes.CDLL(None).prctl(_DIE_WITH_PARENT, int(signal.SIGKILL), 0, 0, 0)
    if os.getppid() != parent:
        os._exit(1)
    return 0


def become(order: dict[str, Any]) -> None:
    """Take on session, environment, folder, streams, signals and arguments."""
    if order["session"]:
        os.setsid()
    os.environ.clear()
    os.environ.update(order["environment"])
    os.chdir(order["folder"])
    sys.stdin, sys.stdout = open(0, closefd=False), open(1, "w", closefd=False)  # noqa: SIM115
    sys.stderr = open(2, "w", buffering=1, errors="backslashreplace", closefd=False)  # noqa: SIM115
    sys.argv = [order["program"], *order["arguments"]]
    signal.signal(signal.SIGINT, signal.default_int_handler)


if __name__ == "__main__":
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C ends the tests, and they end us
    import_programs()
    _order = take_orders(socket.socket(fileno=int(sys.argv[1])))
    become(_order)
    warnings.filterwarnings("ignore", "'ops.cli' found in sys.modules", RuntimeWarning)
    runpy.run_module(_order["program"], run_name="__main__", alter_sys=True)
