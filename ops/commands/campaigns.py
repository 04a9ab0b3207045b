"""`volley status`, `pause`, `resume`, `cancel`: how far campaigns are, and steering them."""

import asyncio
import sys
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Final

import click

from ops.audit import AuditLog, at_terminal
from ops.commands import watching
from ops.commands.completion_names import campaign_names
from ops.commands.session import Session, json_option, print_json, with_redis
from ops.errors import OpsError
from ops.glance_record import campaign_record
from ops.progress_view import Pace, duration, is_ended, line, progress_shown
from ops.readings import (
    AccountState,
    CampaignReading,
    Reason,
    blocked_why,
    read_accounts,
    read_campaign,
    read_campaigns,
)
from producer.contract.campaigns import CampaignState
from producer.contract.messages import CampaignId

_LOOK_EVERY: Final = 0.5
_APART: Final = 1.0
_WORDS: Final = {"pause": "paused", "resume": "running", "cancel": "cancelled"}


@click.command
@click.argument("campaign", required=False, shell_complete=campaign_names)
@click.option("--watch", is_flag=True, help="Go on: until every recipient is final; without CAMPAIGN, until Ctrl-C.")
@click.option(
    "--last", type=click.IntRange(1, 1000), default=20, show_default=True, help="How many campaigns to list."
)
@json_option
def status(*, campaign: str | None, watch: bool, last: int, as_json: bool) -> int:
    """Tell how far a campaign is; without CAMPAIGN, list the newest ones.

    With --watch and without CAMPAIGN: the verdict, the accounts and the newest campaigns, live.

    Rate (recipients a second that are sent to) and ETA (until all are final) come of successive readings,
    so that the status of a running campaign takes a second.
    """
    if campaign is None and watch:
        return watching.watch(watching.Manner(campaigns=last, as_json=as_json))
    if campaign is None:
        return with_redis(lambda session: _list(session, last, as_json=as_json))
    name = CampaignId(campaign)
    if not watch:
        return with_redis(lambda session: _status(session, name, as_json=as_json))
    try:
        return with_redis(lambda session: _watch(session, name, as_json=as_json))
    except KeyboardInterrupt:
        return 0


@click.command
@click.argument("campaign", shell_complete=campaign_names)
@json_option
def pause(*, campaign: str, as_json: bool) -> int:
    """Stop sending a campaign at once; what is on the wire ends."""
    return with_redis(lambda session: _steer(session, "pause", campaign, as_json=as_json))


@click.command
@click.argument("campaign", shell_complete=campaign_names)
@json_option
def resume(*, campaign: str, as_json: bool) -> int:
    """Go on with a paused campaign."""
    return with_redis(lambda session: _steer(session, "resume", campaign, as_json=as_json))


@click.command
@click.argument("campaign", shell_complete=campaign_names)
@json_option
def cancel(*, campaign: str, as_json: bool) -> int:
    """End a campaign: what was not claimed yet is never sent."""
    return with_redis(lambda session: _steer(session, "cancel", campaign, as_json=as_json))


async def _list(session: Session, last: int, *, as_json: bool) -> int:
    page = await read_campaigns(session.redis, limit=last)
    if as_json:
        print_json(
            {"campaigns": [campaign_record(reading, Pace()) for reading in page.campaigns], "count": page.total}
        )
        return 0
    for reading in page.campaigns:
        click.echo(line(reading, Pace()))
    if page.total > len(page.campaigns):
        click.echo(f"and {page.total - len(page.campaigns):,} older ones (--last N lists more)")
    elif not page.total:
        click.echo("There is no campaign yet.")
    return 0


async def _status(session: Session, campaign: CampaignId, *, as_json: bool) -> int:
    pace = Pace()
    reading = await _read(session, campaign)
    pace.see([reading])
    if reading.progress.state is CampaignState.RUNNING and not is_ended(reading):
        await asyncio.sleep(_APART)
        reading = await _read(session, campaign)
        pace.see([reading])
    if as_json:
        print_json(campaign_record(reading, pace))
        return 0
    _show(reading, pace)
    for account in await read_accounts(session.redis):
        if account.name == reading.progress.account and account.state != AccountState.OPEN:
            said = f" ({account.words})" if account.words else ""
            click.echo(f"waiting     account {account.name} {blocked_why(account)}{said}")
    return 0


async def _watch(session: Session, campaign: CampaignId, *, as_json: bool) -> int:
    pace = Pace()
    if as_json:
        async for reading in _readings(session, campaign, _APART):
            pace.see([reading])
            print_json(campaign_record(reading, pace))
        return 0
    with progress_shown(sys.stdout, pace) as show:
        async for reading in _readings(session, campaign, _LOOK_EVERY):
            show([reading])
    _show_reasons(reading.reasons)
    return 0


async def _readings(session: Session, campaign: CampaignId, every: float) -> AsyncIterator[CampaignReading]:
    """Readings until one in which all is over, that one too."""
    while True:
        reading = await _read(session, campaign)
        yield reading
        if is_ended(reading):
            return
        await asyncio.sleep(every)


async def _read(session: Session, campaign: CampaignId) -> CampaignReading:
    reading = await read_campaign(session.redis, campaign)
    if reading is None:
        raise OpsError(f"there is no campaign {campaign[:80]!r}; `volley status` lists them")
    return reading


def _show(reading: CampaignReading, pace: Pace) -> None:
    progress = reading.progress
    click.echo(f"campaign    {reading.id}, {progress.state}, account {progress.account}")
    click.echo(f"recipients  {progress.total:,} ({progress.duplicates:,} duplicates, {progress.refused:,} refused)")
    for state, count in progress.states.items():
        click.echo(f"  {state:<12}{count:>10,}{count / max(1, progress.total):>8.1%}")
    if not is_ended(reading):
        _show_pace(reading, pace)
    _show_reasons(reading.reasons)


def _show_pace(reading: CampaignReading, pace: Pace) -> None:
    rate, eta = pace.rate(reading), pace.eta(reading)
    if rate is not None and reading.to_send:
        left = "`volley top` tells why" if eta is None else f"about {duration(eta)} left"
        click.echo(f"rate        {rate:,.1f} a second, {left}")
    elif eta is not None:
        click.echo(f"all sent    about {duration(eta)} until the last report")


def _show_reasons(reasons: tuple[Reason, ...]) -> None:
    for reason in reasons:
        click.echo(f"  {reason.count:>10,}  {reason.code:<24}{reason.words}".rstrip())


async def _steer(session: Session, action: str, campaign: str, *, as_json: bool) -> int:
    """Exit status 0 when the campaign is now as asked for, 1 when it cannot be."""
    before = (await _read(session, CampaignId(campaign))).progress
    wanted = CampaignState(_WORDS[action])
    if before.state is not wanted and before.finished_at is not None:
        raise OpsError(f"campaign {campaign!r} is over ({before.state}): there is nothing to {action}")
    actions: dict[str, Callable[[str], Awaitable[CampaignState]]] = {
        "pause": session.producer.pause,
        "resume": session.producer.resume,
        "cancel": session.producer.cancel,
    }
    log = AuditLog(session.redis)
    async with log.acting(at_terminal(), f"campaign.{action}", campaign, before=before.state) as act:
        act.after = state = await actions[action](campaign)
    if state is not wanted:
        raise OpsError(f"campaign {campaign!r} is {state}: there is nothing to {action}")
    changed = state is not before.state
    if as_json:
        print_json({"campaign": campaign, "state": state, "changed": changed})
    else:
        click.echo(f"campaign {campaign} is {state}" + ("" if changed else " already"))
    return 0
