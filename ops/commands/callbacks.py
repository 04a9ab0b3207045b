"""`volley callbacks`: the addresses at which providers are to call us, as they are written into their cabinets."""

import asyncio
from typing import Any, Final

import click

from ops.commands import worker_looks
from ops.commands.session import json_option, print_json
from ops.commands.values import public_address

_NOBODY: Final = "https://YOUR-HOST"
_NONE: Final = (
    "No account has a callback_secret (and a family that calls back): set one in volley.toml, README says how."
)
_BY_ITSELF: Final = "each message names its own address beneath this one; nothing is to be written anywhere"

Account = dict[str, Any]  # Any: values of JSON


@click.command
@click.option(
    "--public",
    type=public_address,
    default=_NOBODY,
    metavar="URL",
    help="The address of `volley web` as the providers reach it, such as https://sms.example.com.",
)
@json_option
def callbacks(*, public: str, as_json: bool) -> None:
    """Print the address of every account that providers call: for delivery reports and incoming messages.

    Read from volley.toml (or the file that VOLLEY_CONFIG names). An address holds a token that only you and the
    provider may know. `volley doctor --public URL` tells whether the providers can reach it.
    """
    told = asyncio.run(worker_looks.describe())
    found = [_address(account, public) for account in told["accounts"] if account["callback"]]
    if as_json:
        print_json({"accounts": found})
        return
    for account in found:
        note = "" if account["in_cabinet"] else f"  ({_BY_ITSELF})"
        click.echo(f"{account['account']}: {account['address']}{note}")
    if not found:
        click.echo(_NONE)


def _address(account: Account, public: str) -> Account:
    callback = account["callback"]
    base = callback["base"] or public
    return {
        "account": account["name"],
        "address": f"{base}{callback['path']}{callback['options'] or ''}",
        "in_cabinet": callback["options"] is not None,
    }
