"""`volley top`: what the whole system does now, on a screen of its own, the busiest first."""

import click

from ops.commands.session import json_option
from ops.commands.watching import Manner, watch


@click.command
@click.option("--every", type=click.FloatRange(0.2, 3600), metavar="SECONDS", help="Between looks; 1, in lines 10.")
@click.option("--count", type=click.IntRange(1), metavar="N", help="End after so many looks.")
@click.option(
    "--campaigns", type=click.IntRange(1, 1000), default=10, show_default=True, help="How many of the newest to show."
)
@json_option
def top(*, every: float | None, count: int | None, campaigns: int, as_json: bool) -> int:
    """Show verdict, accounts, campaigns, queues and workers, again and again, until `q` or Ctrl-C.

    Where standard output is no terminal it prints lines, with --json a record for each look.
    """
    manner = Manner(every=every, count=count, campaigns=campaigns, machines=True, full=True, as_json=as_json)
    return watch(manner)
