"""Making an account known that no worker has announced yet: `ops` asks the worker's program to read volley.toml."""

import asyncio
import os
from pathlib import Path
from typing import Final

from ops.commands.session import Session
from ops.errors import OpsError
from ops.programs import program, surroundings
from producer.contract.messages import AccountName
from producer.directory import accounts

_DEFAULT: Final = "volley.toml"
_WITHIN: Final = 60.0


async def make_known(session: Session, account: str) -> None:
    """Announce the accounts of volley.toml when this one is unknown and there is such a file. Raises OpsError.

    An account that is still unknown afterwards is for the producer to refuse: it lists the known ones.
    """
    if AccountName(account) in await accounts(session.redis):
        return
    if _has_settings():
        await _announce(session.url)


def _has_settings() -> bool:
    """A file that VOLLEY_CONFIG names and that is not there is for the worker's program to complain of."""
    return "VOLLEY_CONFIG" in os.environ or Path(_DEFAULT).exists()


async def _announce(url: str) -> None:
    command = program("worker", "announce")
    pipe = asyncio.subprocess.PIPE
    process = await asyncio.create_subprocess_exec(*command, env=surroundings(url), stdout=pipe, stderr=pipe)
    try:
        async with asyncio.timeout(_WITHIN):
            _, said = await process.communicate()
    finally:
        if process.returncode is None:
            process.kill()
    if process.returncode:
        lines = said.decode(errors="replace").strip().splitlines()
        raise OpsError((lines[-1] if lines else "the accounts cannot be announced").removeprefix("volley: "))
