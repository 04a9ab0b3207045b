"""What the worker's program knows and ops does not: the settings. It is asked as a child process.

`worker` and `ops` do not import each other; `python -m worker announce|describe|examine` is what they share.
"""

import asyncio
import os
from pathlib import Path
from typing import Any, Final

import orjson

from ops.errors import OpsError
from ops.programs import program, surroundings

_DEFAULT: Final = "volley.toml"
_UNUSED: Final = "redis://unused"  # describing the settings asks no Redis

Record = dict[str, Any]  # Any: values of JSON


def has_settings() -> bool:
    """Whether there are settings. Where VOLLEY_CONFIG names a file that is not there, the program complains."""
    return "VOLLEY_CONFIG" in os.environ or Path(_DEFAULT).exists()


async def announce(url: str, *, within: float = 60.0) -> None:
    """Let the accounts of volley.toml be announced at the Redis of `url`. Raises OpsError."""
    await _look("announce", url, within)


async def describe(*, within: float = 60.0) -> Record:
    """The accounts of volley.toml without their secrets (`worker.describing`). Raises OpsError."""
    return _read(await _look("describe", _UNUSED, within))


async def examine(url: str, *, within: float = 60.0) -> Record:
    """`describe`, and what became of one balance call of each account, made through the shared throttle."""
    return _read(await _look("examine", url, within))


def _read(said: bytes) -> Record:
    found: Record = orjson.loads(said)
    return found


async def _look(what: str, url: str, within: float) -> bytes:
    """What the worker's program prints; OpsError with its last word when it fails."""
    pipe = asyncio.subprocess.PIPE
    environment = surroundings(url, {"VOLLEY_LOG": "json"})
    process = await asyncio.create_subprocess_exec(
        *program("worker", what), env=environment, stdout=pipe, stderr=pipe
    )
    try:
        async with asyncio.timeout(within):
            printed, said = await process.communicate()
    except TimeoutError as error:
        raise OpsError(f"looking at the settings ({what}) did not end within {within:g} s; try it again") from error
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
    if process.returncode:
        lines = said.decode(errors="replace").strip().splitlines()
        raise OpsError((lines[-1] if lines else f"the settings cannot be read ({what})").removeprefix("volley: "))
    return printed
