"""The four accounts of a kill storm: both families, each with and without what makes it easier to know."""

from typing import Any, Final

from producer.contract.messages import AccountName
from tests.support_system import System, account
from worker.callbacks import path_of

SHARES: Final = {"batches": 0.4, "singles": 0.2, "athens": 0.2, "listed": 0.2}
"""Of all messages: smsc, ten a request, with callbacks; smsc, one; restv2; version 3, five a request."""

ASKED_BY_OUR_ID: Final = ("batches", "singles")
FAMILIES: Final = {"batches": "smsc", "singles": "smsc", "athens": "restv2", "listed": "restv2"}

_SECRET: Final = "a-secret-of-our-own"
_MOST_A_SECOND: Final = 240.0
_TWICE_AS_FAST: Final = 2
"""Singles have no callbacks: a request each sends them, another asks for their report, at the same rate."""

_LEAST_SECONDS: Final = 20.0


def accounts(messages: int) -> dict[str, Any]:
    """Their settings, with rates at which all of it takes twenty seconds at least."""
    rate = min(messages / _LEAST_SECONDS, _MOST_A_SECOND)
    single = rate * SHARES["singles"] * _TWICE_AS_FAST
    smsc, restv2 = {"family": "smsc", "in_flight": 14}, {"family": "restv2", "in_flight": 14}
    made = {
        "batches": account(login="batches", rate=rate * SHARES["batches"] / 10, batch=10, **smsc),
        "singles": account(login="singles", rate=single, batch=1, **smsc),
        "athens": account(login="athens", rate=rate * SHARES["athens"], **restv2),
        "listed": account(login="listed", rate=rate * SHARES["listed"] / 5, batch=5, **restv2),
    }
    return made | {
        "batches": {**made["batches"], "callback_secret": _SECRET},
        "listed": {**made["listed"], "v3": True},
    }


async def open_up(system: System, port: int) -> None:
    """At the provider: version 3 for the one, and callbacks to us on `port` for the other."""
    await system.provider.switch("restv2/listed", v3=True)
    path = path_of(system.settings().accounts[AccountName("batches")])
    address = f"http://127.0.0.1:{port}{path}?charset=utf-8&sha1={_SECRET}"
    await system.provider.switch("smsc/batches", callback=address, callback_attempts=100)
