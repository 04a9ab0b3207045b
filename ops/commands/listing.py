"""`volley messages`: every message of a campaign with its state and why, streamed as CSV, JSON lines or Parquet."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import BinaryIO

import click

from ops.commands.completion_names import campaign_names
from ops.commands.session import Session, with_redis
from ops.errors import OpsError
from ops.messages import MessageReading, read_messages
from ops.readings import read_campaign
from ops.rows import COLUMNS, Format, Row, Write, file_written, rows_written
from producer.contract.messages import CampaignId
from producer.contract.states import State
from producer.msisdn import masked


@click.command
@click.argument("campaign", shell_complete=campaign_names)
@click.option("--state", type=click.Choice(list(map(str, State))), help="Only those in this state.")
@click.option(
    "--format", "form", type=click.Choice(list(map(str, Format))), help="csv unless told; parquet: pyarrow."
)
@click.option("--json", "as_json", is_flag=True, help="The same as --format jsonl.")
@click.option("--mask", is_flag=True, help="Hide the middle of every number.")
@click.option(
    "--output",
    type=click.Path(dir_okay=False, path_type=Path),
    metavar="FILE",
    help="Write to this file, which is there only once it is whole.",
)
def messages(
    *, campaign: str, state: str | None, form: str | None, as_json: bool, mask: bool, output: Path | None
) -> None:
    """List the messages of a campaign: state, attempts, when it changed, the provider's reference, and why.

    Memory does not grow with their number. Parquet needs the library pyarrow ('volley[parquet]').
    """
    wanted = State(state) if state else None
    with_redis(
        lambda session: _list(
            session, CampaignId(campaign), wanted, _format(form, as_json=as_json), output, mask=mask
        )
    )


def _format(form: str | None, *, as_json: bool) -> Format:
    if as_json and form not in {None, Format.JSONL}:
        raise click.UsageError(f"--json is --format jsonl: leave it out, or leave out --format {form}")
    return Format.JSONL if as_json else Format(form or Format.CSV)


async def _list(
    session: Session, campaign: CampaignId, wanted: State | None, form: Format, output: Path | None, *, mask: bool
) -> None:
    if await read_campaign(session.redis, campaign) is None:
        raise OpsError(f"there is no campaign {campaign[:80]!r}; `volley status` lists them")
    with _stream(output, form) as stream, rows_written(form, stream) as write:
        await _write(session, campaign, wanted, write, mask=mask)


@contextmanager
def _stream(output: Path | None, form: Format) -> Iterator[BinaryIO]:
    if output is not None:
        with file_written(output) as stream:
            yield stream
    elif form is Format.PARQUET and sys.stdout.isatty():
        raise click.UsageError("parquet is no text for a terminal: give --output FILE, or redirect standard output")
    else:
        yield sys.stdout.buffer


async def _write(session: Session, campaign: CampaignId, wanted: State | None, write: Write, *, mask: bool) -> None:
    async for message in read_messages(session.redis, campaign):
        if wanted is None or message.record.state is wanted:
            write(_row(message, mask=mask))


def _row(message: MessageReading, *, mask: bool) -> Row:
    record = message.record
    changed_at = datetime.fromtimestamp(record.changed_at, UTC) if record.changed_at else None
    number = masked(message.msisdn) if mask else message.msisdn
    values = (str(message.id), number, record.state.value, record.attempts, changed_at)
    return dict(zip(COLUMNS, (*values, record.reference, record.code, message.words), strict=True))
