"""`volley messages`: every message of a campaign with its state and why, streamed as CSV or JSON lines."""

import csv
import sys
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Final

import click
import orjson

from ops.commands.session import Session, with_redis
from ops.errors import OpsError
from ops.messages import MessageReading, read_messages
from ops.readings import read_campaign
from producer.contract.messages import CampaignId
from producer.contract.states import State
from producer.msisdn import masked

COLUMNS: Final = ("message", "msisdn", "state", "attempts", "changed_at", "reference", "code", "words")

Row = dict[str, object]


@click.command
@click.argument("campaign")
@click.option("--state", type=click.Choice(list(map(str, State))), help="Only those in this state.")
@click.option("--format", "form", type=click.Choice(["csv", "jsonl"]), default="csv", show_default=True)
@click.option("--json", "as_json", is_flag=True, help="The same as --format jsonl.")
@click.option("--mask", is_flag=True, help="Hide the middle of every number.")
def messages(*, campaign: str, state: str | None, form: str, as_json: bool, mask: bool) -> None:
    """List the messages of a campaign: state, attempts, when it changed, the provider's reference, and why."""
    write = _json_lines() if as_json or form == "jsonl" else _csv_lines()
    wanted = State(state) if state else None
    with_redis(lambda session: _stream(session, CampaignId(campaign), wanted, write, mask=mask))


async def _stream(
    session: Session, campaign: CampaignId, wanted: State | None, write: Callable[[Row], object], *, mask: bool
) -> None:
    if await read_campaign(session.redis, campaign) is None:
        raise OpsError(f"there is no campaign {campaign[:80]!r}; `volley status` lists them")
    async for message in read_messages(session.redis, campaign):
        if wanted is None or message.record.state is wanted:
            write(_row(message, mask=mask))


def _row(message: MessageReading, *, mask: bool) -> Row:
    record = message.record
    changed = datetime.fromtimestamp(record.changed_at, UTC).isoformat() if record.changed_at else ""
    number = masked(message.msisdn) if mask else message.msisdn
    values = (str(message.id), number, record.state.value, record.attempts, changed)
    return dict(zip(COLUMNS, (*values, record.reference, record.code, message.words), strict=True))


def _csv_lines() -> Callable[[Row], object]:
    rows = csv.DictWriter(sys.stdout, COLUMNS, lineterminator="\n")
    rows.writeheader()
    return rows.writerow


def _json_lines() -> Callable[[Row], object]:
    return lambda row: sys.stdout.write(orjson.dumps(row).decode() + "\n")
