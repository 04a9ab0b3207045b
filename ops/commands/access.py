"""`volley user` and `volley link`: who may come in to the page."""

import os

import click

from ops.commands.session import Session, json_option, print_json, with_redis
from ops.dashboard.access.credentials import USERS_VARIABLE, Credentials, Role, name_of, row_of
from ops.dashboard.access.links import make_link
from ops.errors import OpsError

_PORT = 8080


@click.command
@click.argument("name", callback=lambda _ctx, _param, given: name_of(given), is_eager=True)
@click.option("--role", type=click.Choice([role.value for role in Role]), default="operator", show_default=True)
@click.password_option(help="Asked for when it is not given.")
@json_option
def user(*, name: str, role: str, password: str, as_json: bool) -> None:
    """Make a user of the page: print a row for VOLLEY_WEB_USERS, with a hash of the password.

    Several rows stand in the variable with a space between them. A viewer may look, an operator may act as well.
    """
    row = row_of(name, Role(role), password)
    if as_json:
        print_json({"name": name, "role": role, "row": row, "variable": USERS_VARIABLE})
        return
    click.echo(row)
    click.echo(f"Put this row into {USERS_VARIABLE} of every web process, and start them anew.", err=True)


@click.command
@click.option("--port", type=click.IntRange(1, 65_535), envvar="PORT", default=_PORT, show_default="$PORT or 8080")
@json_option
def link(*, port: int, as_json: bool) -> None:
    """Print a link that opens the page on this machine, once, within an hour.

    For a page without users and tokens (and with the same Redis).
    """
    if not Credentials.read(os.environ).is_empty:
        raise OpsError(
            "users or tokens of the page are set here: it takes no links then; log in as one of them, or with a token"
        )

    async def made(session: Session) -> str:
        return await make_link(session.redis, f"http://127.0.0.1:{port}/")

    address = with_redis(made)
    if as_json:
        print_json({"link": address})
    else:
        click.echo(address)
