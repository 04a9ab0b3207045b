"""`volley submit`: hand a campaign over, with what was accepted, doubled and refused."""

import gc
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import Any, Final

import click

from ops.commands.announcing import make_known
from ops.commands.completion_names import account_names, file_names
from ops.commands.session import Session, json_option, print_json, with_redis
from ops.commands.values import check_validity, encoding_name, moment, name, recipients_in, send_options, text_of
from ops.readings import read_refusals
from producer.contract.campaigns import Lane, OnUncertain, Refusal
from producer.gathering import Gathered
from producer.msisdn import masked
from producer.storing import Submitted

_COLLECT_AFTER: Final = (50_000, 50, 50)
"""Objects before Python looks for cycles: rows make none, and at its default of 700 looking took a fifth."""

_SHOWN: Final = 10
_KEPT: Final = 1000


@dataclass(frozen=True, slots=True, kw_only=True)
class _Asked:
    """The options of the campaign itself, as CampaignProducer.submit takes them."""

    account_name: str
    campaign_id: str | None
    sender: str
    lane: Lane
    not_before: datetime | None
    not_after: datetime | None
    on_uncertain: OnUncertain
    send_options: Mapping[str, str]
    column: str | None
    default_region: str | None


@click.command
@click.option(
    "--account",
    "account_name",
    required=True,
    metavar="NAME",
    shell_complete=account_names,
    help="The account to send with.",
)
@click.option("--text", help="The text; $name stands for the value of a column.")
@click.option("--template", type=click.Path(path_type=Path), metavar="FILE", help="The file the text is in (utf-8).")
@click.option(
    "--recipients",
    "file",
    required=True,
    metavar="FILE",
    shell_complete=file_names,
    help="CSV or JSON lines; - is standard input.",
)
@click.option("--campaign", "campaign_id", type=name, metavar="ID", help="Its id; submitted again, nothing doubles.")
@click.option("--sender", default="", metavar="SENDER", help="Sender ID; the account's own by default.")
@click.option(
    "--not-before", type=moment, metavar="TIME", help="When sending may begin, e.g. 2026-11-20T10:00+02:00."
)
@click.option("--not-after", type=moment, metavar="TIME", help="The validity: what is not sent by then expires.")
@click.option("--lane", type=click.Choice(list(map(str, Lane))), default="bulk", show_default=True)
@click.option(
    "--on-uncertain",
    type=click.Choice(list(map(str, OnUncertain))),
    default="hold",
    show_default=True,
    help="What becomes of messages that were perhaps sent, when no evidence tells.",
)
@send_options(single=False)
@click.option("--region", "default_region", metavar="GR", help="Where numbers without a country code belong.")
@click.option("--column", metavar="NAME", help="The column that holds the number, when its name does not tell.")
@click.option("--encoding", type=encoding_name, metavar="NAME", help="How the file was saved; utf-8 by default.")
@json_option
def submit(
    *,
    text: str | None,
    template: Path | None,
    file: str,
    encoding: str | None,
    as_json: bool,
    **options: Any,  # Any: the fields of _Asked
) -> None:
    """Submit a campaign: one text to the recipients of a file.

    Nothing is stored when the account, the text, the file or its columns are wrong; single bad rows are
    refused with their line and reason, and the rest is accepted.
    """
    gc.set_threshold(*_COLLECT_AFTER)
    lane, policy = Lane(options.pop("lane")), OnUncertain(options.pop("on_uncertain"))
    asked = _Asked(lane=lane, on_uncertain=policy, **options)
    check_validity(asked.not_before, asked.not_after)
    words = text_of(text, template)
    submitted = with_redis(lambda session: _submit(session, asked, words, file, encoding))
    if as_json:
        print_json(_record(submitted))
    else:
        _show(submitted)


async def _submit(session: Session, asked: _Asked, text: str, file: str, encoding: str | None) -> Submitted:
    await make_known(session, asked.account_name)
    with recipients_in(file, encoding) as source, _progress_shown() as shown:
        submitted = await session.producer.submit(
            account_name=asked.account_name,
            text=text,
            recipients=source,
            campaign_id=asked.campaign_id or "",
            sender=asked.sender,
            lane=asked.lane,
            not_before=asked.not_before,
            not_after=asked.not_after,
            on_uncertain=asked.on_uncertain,
            options=asked.send_options,
            column=asked.column,
            default_region=asked.default_region,
            on_progress=shown,
        )
    if submitted.is_new:
        return submitted
    return replace(submitted, refusals=await read_refusals(session.redis, submitted.campaign, limit=_KEPT))


@contextmanager
def _progress_shown() -> Iterator[Callable[[Gathered], None]]:
    """Show on standard error how far the file is read; nothing where it is no terminal."""
    if not sys.stderr.isatty():
        yield lambda _: None
        return
    from rich.console import Console  # noqa: PLC0415  # slow to import, and seldom needed

    with Console(stderr=True).status("reading recipients") as status:
        yield lambda gathered: status.update(
            f"{gathered.accepted:,} accepted, {gathered.duplicates:,} duplicates, {gathered.refused:,} refused"
        )


def _record(submitted: Submitted) -> dict[str, object]:
    return {
        "campaign": submitted.campaign,
        "accepted": submitted.accepted,
        "duplicates": submitted.duplicates,
        "refused": submitted.refused,
        "refusals": [
            {"line": refusal.line, "given": masked(refusal.given), "reason": refusal.reason}
            for refusal in submitted.refusals
        ],
    }


def _show(submitted: Submitted) -> None:
    if not submitted.is_new:
        click.echo("This campaign was submitted before; nothing was changed. It holds:")
    click.echo(f"campaign    {submitted.campaign}")
    click.echo(f"accepted    {submitted.accepted:,} ({submitted.segments:,} segments)")
    click.echo(f"duplicates  {submitted.duplicates:,}")
    click.echo(f"refused     {submitted.refused:,}")
    for refusal in submitted.refusals[:_SHOWN]:
        click.echo(f"  {_line(refusal)}")
    if submitted.refused > _SHOWN and submitted.refusals:
        click.echo(f"  and {submitted.refused - _SHOWN:,} more (--json lists the first thousand)")


def _line(refusal: Refusal) -> str:
    return f"line {refusal.line}: {masked(refusal.given)}  {refusal.reason}"
