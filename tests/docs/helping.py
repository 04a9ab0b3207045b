"""What a command's help says, for tests of what is written about it."""

import sys
from functools import cache

from tests.support import run_to_end


@cache
def help_of(command: str, *below: str) -> str:
    """The text of `volley COMMAND --help`, or of the command `below` it."""
    done = run_to_end([sys.executable, "-m", "ops.cli", command, *below, "--help"])
    assert done.returncode == 0, done.stderr
    return done.stdout
