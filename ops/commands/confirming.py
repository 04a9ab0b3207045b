"""Waiting for the call by which a person confirms a number (`volley provider ACCOUNT wait_call --wait`)."""

import asyncio
import time
from collections.abc import Mapping
from typing import Final

import click

from ops.commands.session import Session
from ops.errors import OpsError
from producer.contract import keys
from producer.contract.messages import AccountName

CALL: Final = "wait_call"
LONGEST: Final = 900
"""Seconds in which the call may come."""

_LOOK_EVERY: Final = 0.5


def number_to_wait_for(call: str, given: Mapping[str, str]) -> str:
    """The MSISDN that is to be confirmed. Wrong usage where nothing is to be waited for."""
    if call != CALL:
        raise click.UsageError(f"--wait waits for the call that confirms a number: it goes with {CALL} only")
    return "".join(letter for letter in given.get("phone", "") if letter in "0123456789")


async def confirmed(session: Session, account: str, msisdn: str, *, since: int, within: float) -> None:
    """Return once a call of `msisdn` has come at or after `since` (unix time); OpsError when none comes."""
    ends = time.monotonic() + within
    while True:
        called_at = await session.redis.hget(keys.calls(AccountName(account)), msisdn)
        if called_at is not None and int(called_at) >= since:
            return
        left = ends - time.monotonic()
        if left <= 0:
            raise OpsError(
                f"not confirmed: no call came within {within:g} s; ask for a new number, or wait longer"
                f" (--wait {LONGEST})"
            )
        await asyncio.sleep(min(_LOOK_EVERY, left))
