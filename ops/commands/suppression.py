"""`volley suppression list|add|remove`: who asked not to be written to."""

from datetime import UTC, datetime
from typing import Final

import click

from ops.audit import AuditLog, at_terminal
from ops.commands.session import Session, json_option, print_json, with_redis
from ops.errors import OpsError
from producer.contract.messages import Msisdn
from producer.msisdn import masked, normalise
from producer.suppression import SuppressionList
from producer.unreadable import NumberError

_HINT: Final = "if it is a national number, name its country, as in --region GR"
_LONGEST_NATIONAL: Final = 10


@click.group
def suppression() -> None:
    """List, add or remove MSISDNs that are never to be written to, by any account."""


@suppression.command("list")
@click.option("--mask", is_flag=True, help="Hide the middle of each MSISDN.")
@json_option
def list_(*, mask: bool, as_json: bool) -> None:
    """List everybody on the list, in no order."""
    with_redis(lambda session: _list(session, mask=mask, as_json=as_json))


@suppression.command
@click.argument("number")
@click.option("--why", default="by hand", show_default=True, help="The reason that is kept.")
@click.option("--region", help="ISO code of the country of a national number, such as GR.")
@json_option
def add(*, number: str, why: str, region: str | None, as_json: bool) -> None:
    """Put NUMBER on the list: the producer refuses it, and what waits for it is not sent."""
    with_redis(lambda session: _add(session, _msisdn(number, region), why, as_json=as_json))


@suppression.command
@click.argument("number")
@click.option("--region", help="ISO code of the country of a national number, such as GR.")
@json_option
def remove(*, number: str, region: str | None, as_json: bool) -> None:
    """Take NUMBER off the list."""
    with_redis(lambda session: _remove(session, _msisdn(number, region), as_json=as_json))


def _msisdn(number: str, region: str | None) -> Msisdn:
    """The MSISDN, or NumberError; with what a national number needs, where it may be one.

    A short number without a country may be read as one of another country: `6912345678` is one of Micronesia.
    """
    is_international = region or number.strip().startswith(("+", "00")) or any(map(str.isalpha, number))
    try:
        msisdn = normalise(number, region)
    except NumberError as error:
        if is_international:
            raise
        raise NumberError(f"{error}; {_HINT}") from error
    if not is_international and len(msisdn) <= _LONGEST_NATIONAL:
        click.echo(f"Read as +{msisdn}; {_HINT}", err=True)
    return msisdn


async def _list(session: Session, *, mask: bool, as_json: bool) -> None:
    async for entry in SuppressionList(session.redis).entries():
        shown = masked(entry.msisdn) if mask else entry.msisdn
        if as_json:
            print_json({"msisdn": shown, "since": entry.since, "why": entry.why})
        else:
            click.echo(f"{shown}  since {datetime.fromtimestamp(entry.since, UTC):%Y-%m-%d %H:%M} UTC  {entry.why}")


async def _add(session: Session, msisdn: Msisdn, why: str, *, as_json: bool) -> None:
    is_new = await SuppressionList(session.redis).add(msisdn, why)
    await _log(session, "suppression.add", msisdn, after=why)
    if as_json:
        print_json({"msisdn": msisdn, "added": is_new})
    else:
        click.echo(f"{msisdn} is {'now' if is_new else 'already'} on the suppression list.")


async def _remove(session: Session, msisdn: Msisdn, *, as_json: bool) -> None:
    if not await SuppressionList(session.redis).remove(msisdn):
        raise OpsError(f"{msisdn} is not on the suppression list; `volley suppression list` shows who is")
    await _log(session, "suppression.remove", msisdn)
    if as_json:
        print_json({"msisdn": msisdn, "removed": True})
    else:
        click.echo(f"{msisdn} is off the suppression list.")


async def _log(session: Session, action: str, msisdn: Msisdn, *, after: str = "") -> None:
    await AuditLog(session.redis).write(at_terminal(), action, masked(msisdn), after=after)
