"""Child processes that end with their parent, even when the parent is killed with SIGKILL."""

import os
import signal
import sys
from collections.abc import Sequence
from typing import Final

# A process of its own between fork and exec, because Python code in a forked child of a threaded parent
# may hang. 1 is PR_SET_PDEATHSIG. The parent may be dead before prctl: then getppid tells.
_TIE: Final = """
import ctypes, os, sys
parent, number, *command = sys.argv[1:]
ctypes.CDLL(None, use_errno=True).prctl(1, int(number), 0, 0, 0)
if os.getppid() != int(parent):
    sys.exit(1)
os.execvp(command[0], command)
"""


def with_parent(command: Sequence[str], *, number: signal.Signals = signal.SIGKILL) -> list[str]:
    """`command` so that its process gets signal `number` when this process dies. Its pid stays the same.

    Linux only; elsewhere the command is unchanged. The kernel watches the parent *thread*: start such a
    process from the main thread, or from one that lives as long as the child shall.
    """
    if sys.platform != "linux":
        return list(command)
    return [sys.executable, "-I", "-S", "-c", _TIE, str(os.getpid()), str(int(number)), *command]
