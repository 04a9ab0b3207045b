"""`volley demo`: the whole system on this machine, a sample campaign over two accounts, until all is final."""

import asyncio
import json
import os
import signal
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Final

import click
from rich.console import Console

from ops.commands.session import Session, print_json, with_url
from ops.dashboard.access.links import make_link
from ops.demo_recipients import TEXT
from ops.demo_settings import ATHENS, MOSCOW
from ops.demo_stage import READY_WITHIN, Stage, set_up
from ops.demo_summary import Audit, Summary, record, show
from ops.errors import OpsError
from ops.progress_view import Pace, is_ended, line, progress_shown
from ops.readings import CampaignReading, read_campaign, read_refusals
from producer.client import CampaignProducer
from producer.contract.campaigns import OnUncertain
from producer.contract.messages import CampaignId
from producer.directory import accounts

_LOOK_EVERY: Final = 0.25


@click.command
@click.option("--recipients", type=click.IntRange(2, 1_000_000), default=2000, show_default=True, metavar="N")
@click.option("--keep", is_flag=True, help="Leave everything running until Ctrl-C.")
@click.option("--port", type=click.IntRange(0, 65_535), default=0, help="The page's port; a free one by default.")
@click.option("--json", "as_json", is_flag=True, help="Print the summary as JSON; progress goes to standard error.")
@click.pass_context
def demo(ctx: click.Context, *, recipients: int, keep: bool, port: int, as_json: bool) -> int:
    """Run the whole system on this machine with sample recipients, until every one of them is final.

    Nothing leaves this machine: both providers are played by the sandbox. Data are in a temporary folder
    and forgotten afterwards.
    """
    console = Console(stderr=as_json, highlight=False)
    calls = ctx.find_root().info_name or "volley"
    with _sigterm_as_ctrl_c(), set_up(recipients, port, console, calls) as stage:
        summary = with_url(stage.url, lambda session: _play(session, stage))
        if as_json:
            print_json(record(summary))
        else:
            show(summary, console)
        if keep:
            _keep(stage, summary, with_url(stage.url, lambda session: make_link(session.redis, stage.page)))
    if summary.audit.twice:
        raise OpsError(f"the provider accepted {summary.audit.twice} messages more than once")
    return 0


@contextmanager
def _sigterm_as_ctrl_c() -> Iterator[None]:
    before = signal.signal(signal.SIGTERM, lambda *_: _interrupt())
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)


def _interrupt() -> None:
    """As Ctrl-C does; a shell starts background jobs with it ignored, and then a SIGTERM must still count."""
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)
    signal.raise_signal(signal.SIGINT)


async def _play(session: Session, stage: Stage) -> Summary:
    """Submit both campaigns, follow them to their end, and ask the provider what it saw."""
    began = time.monotonic()
    await _ready(session, stage)
    campaigns = [await _submit(session.producer, stage, name) for name, count in stage.plan.counts.items() if count]
    readings = await _follow(session, stage, campaigns)
    refusals = [
        refusal for campaign in campaigns for refusal in await read_refusals(session.redis, campaign, limit=1000)
    ]
    return Summary(
        campaigns=readings,
        refusals=refusals,
        audit=await asyncio.to_thread(_audit, stage.sandbox),
        seconds=time.monotonic() - began,
        page=stage.page,
    )


async def _ready(session: Session, stage: Stage) -> None:
    """Wait until the workers have announced the accounts and the page answers."""
    until = time.monotonic() + READY_WITHIN
    while not ({MOSCOW, ATHENS} <= set(await accounts(session.redis)) and await _answers(stage.page)):
        stage.family.check()
        if time.monotonic() > until:
            raise OpsError(f"the workers and the page are not ready after {READY_WITHIN:.0f} s")
        await asyncio.sleep(_LOOK_EVERY)
    stage.console.print(f"The page: {await make_link(session.redis, stage.page)}", soft_wrap=True)


async def _answers(page: str) -> bool:
    host, _, port = page.removeprefix("http://").partition(":")
    try:
        _, writer = await asyncio.open_connection(host, int(port))
    except OSError:
        return False
    writer.close()
    return True


async def _submit(producer: CampaignProducer, stage: Stage, name: str) -> CampaignId:
    unique = f"-{os.getpid()}-{int(time.time())}" if "REDIS_URL" in os.environ else ""
    submitted = await producer.submit(
        account_name=name,
        text=TEXT,
        recipients=stage.folder / f"{name}.csv",
        campaign_id=f"demo-{name}{unique}",
        on_uncertain=OnUncertain.ASSUME_SENT if name == ATHENS else OnUncertain.HOLD,
    )
    stage.console.print(
        f"Submitted {submitted.campaign}: {submitted.accepted:,} accepted,"
        f" {submitted.duplicates:,} duplicates, {submitted.refused:,} refused."
    )
    return submitted.campaign


async def _follow(session: Session, stage: Stage, campaigns: list[CampaignId]) -> list[CampaignReading]:
    until = time.monotonic() + stage.plan.patience
    with progress_shown(stage.console.file, Pace()) as shown:
        while True:
            found = [await read_campaign(session.redis, campaign) for campaign in campaigns]
            readings = [reading for reading in found if reading is not None]
            shown(readings)
            if all(map(is_ended, readings)):
                return readings
            stage.family.check()
            if time.monotonic() > until:
                left = "; ".join(line(reading, Pace()) for reading in readings if not is_ended(reading))
                raise OpsError(f"not every recipient is final after {stage.plan.patience:.0f} s: {left}")
            await asyncio.sleep(_LOOK_EVERY)


def _audit(sandbox: str) -> Audit:
    with urllib.request.urlopen(f"{sandbox}/sandbox/summary", timeout=30) as answer:  # noqa: S310  # our own address
        seen: dict[str, Any] = json.load(answer)  # Any: JSON
    return Audit(accepted=seen["accepted"], twice=seen["duplicates"], over_limit=seen["violations"])


def _keep(stage: Stage, summary: Summary, link: str) -> None:
    """Wait for Ctrl-C, with what to try meanwhile."""
    stage.console.print("\nEverything goes on running; Ctrl-C ends it. Try, in another terminal:", style="bold")
    campaign = summary.campaigns[0].id
    tries = (
        *(
            [] if "REDIS_URL" in os.environ else [f"export REDIS_URL='{stage.url}'"]
        ),  # a given one may hold a password
        f"{stage.calls} status",
        f"{stage.calls} messages {campaign} --state undelivered",
        f"{stage.calls} send --account {ATHENS} --to 306920000001 --text 'Hello' --wait",
        f"{stage.calls} health",
        f"curl {stage.sandbox}/sandbox/summary",
    )
    for words in tries:
        stage.console.print(f"  {words}", markup=False, soft_wrap=True)
    stage.console.print(f"The page: {link}   Logs and settings: {stage.folder}", soft_wrap=True)
    sys.stdout.flush()
    try:
        while True:
            stage.family.check()
            time.sleep(_LOOK_EVERY)
    except KeyboardInterrupt:
        stage.console.print("ending it all")
