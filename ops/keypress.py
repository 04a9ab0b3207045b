"""Single keys pressed on the terminal, without Enter."""

import asyncio
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def pressed(keys: str) -> Iterator[asyncio.Event]:
    """An event that is set once one of `keys` was pressed; never where standard input is no terminal (or no Unix).

    The terminal is as before afterwards. Ctrl-C stays what it is.
    """
    event = asyncio.Event()
    if sys.platform == "win32" or not sys.stdin.isatty() or not sys.stdout.isatty():
        yield event
        return
    import termios  # noqa: PLC0415  # not on Windows
    import tty  # noqa: PLC0415  # not on Windows

    handle, loop = sys.stdin.fileno(), asyncio.get_running_loop()
    before = termios.tcgetattr(handle)

    def read() -> None:
        if set(os.read(handle, 64).decode(errors="replace")) & set(keys):
            event.set()

    tty.setcbreak(handle)
    loop.add_reader(handle, read)
    try:
        yield event
    finally:
        loop.remove_reader(handle)
        termios.tcsetattr(handle, termios.TCSADRAIN, before)
