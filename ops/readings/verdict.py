"""The verdict in words: what the system does, the one thing that is wrong, what to do. Pure functions of readings."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from ops.readings.accounts import AccountReading, AccountState
from ops.readings.overview import Overview
from ops.readings.queues import CONTROL_SEND
from ops.readings.rates import Rates, messages_submitted
from ops.readings.server import concerns
from producer.contract.campaigns import CampaignState

_SLOWED: Final = 0.5
_STUCK: Final = 120.0
_DRY: Final = 3600.0
_REFUSES: Final = frozenset({"redis-cluster", "redis-replica", "redis-memory"})


class Level(StrEnum):
    """How much it matters: nothing is wrong, somebody should look, somebody must act."""

    OK = "ok"
    NOTICE = "notice"
    WRONG = "wrong"


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """Sentences. `name` (its section in ops/RUNBOOK.md), `wrong` and `remedy` are empty when nothing is wrong.

    `account` is the one that it is about, empty when it is about all.
    """

    level: Level
    doing: str
    wrong: str = ""
    remedy: str = ""
    name: str = ""
    account: str = ""

    def __str__(self) -> str:
        return " ".join(filter(None, (self.doing, self.wrong, self.remedy)))


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One thing that is not as it should be. `name` is its section in ops/RUNBOOK.md."""

    name: str
    level: Level
    wrong: str
    remedy: str
    account: str = ""


# what a blocked account waits for: what is wrong, what to do
BLOCKS: Final[dict[str, tuple[str, str]]] = {
    AccountState.PAUSED: ("is paused by an operator", "Resume it when it may send again."),
    AccountState.MONEY: (
        "is blocked: no money",
        "Top it up; it resumes by itself when the balance is positive.",
    ),
    AccountState.CREDENTIALS: (
        "is blocked: the provider refuses its login or key",
        "Correct them in volley.toml and restart the workers; it is probed again by itself.",
    ),
    AccountState.ADDRESS: (
        "is blocked: the provider refuses our IP address",
        "Allow the address at the provider if it goes on; it is tried again by itself.",
    ),
    AccountState.UNREACHABLE: (
        "cannot be reached",
        "Check the network and base_url if it goes on; it is tried again by itself.",
    ),
    AccountState.DOUBTFUL: (
        "is blocked: its answers do not say what became of the messages",
        "Ask the provider what is wrong; one request is tried now and then, and it resumes by itself.",
    ),
}


def verdict(overview: Overview, rates: Rates) -> Verdict:
    """What is to be said of `overview`; `rates` has seen it and some readings before it."""
    doing = _doing(overview, rates)
    finding = next(findings(overview), None)
    if finding is None:
        return Verdict(level=Level.OK, doing=doing)
    return Verdict(
        level=finding.level,
        doing=doing,
        wrong=finding.wrong,
        remedy=finding.remedy,
        name=finding.name,
        account=finding.account,
    )


def redis_away(seconds: float) -> Verdict:
    """The verdict when Redis has not answered for `seconds`."""
    return Verdict(
        level=Level.WRONG,
        doing="What is shown may be out of date.",
        wrong=f"Redis has not answered for {seconds:.0f} seconds.",
        remedy="Check REDIS_URL and the server; workers wait for it and go on by themselves.",
        name="redis-away",
    )


def findings(overview: Overview) -> Iterator[Finding]:
    """Everything that is not as it should be, the worst first."""
    for check in _CHECKS:
        yield from check(overview)


def _out_of_order(overview: Overview) -> Iterator[Finding]:
    """A Redis that refuses writes explains whatever else seems wrong: heartbeats are writes, too."""
    yield from (finding for finding in _server(overview) if finding.name in _REFUSES)


def _no_sender(overview: Overview) -> Iterator[Finding]:
    if not overview.live("send") and (overview.active.to_send or not overview.accounts):
        yield Finding(
            name="no-send-worker",
            level=Level.WRONG,
            wrong="No send worker is alive.",
            remedy="Start one: volley worker send.",
        )


def _no_tracker(overview: Overview) -> Iterator[Finding]:
    waits = overview.active.awaiting or overview.uncertain
    what = "reports are not fetched" if waits else "orders are not carried out"
    if not overview.live("track") and (waits or overview.backlogs.orders):
        yield Finding(
            name="no-track-worker",
            level=Level.WRONG,
            wrong=f"No track worker is alive: {what}.",
            remedy="Start one: volley worker track.",
        )


def _blocked(overview: Overview) -> Iterator[Finding]:
    for account in overview.accounts:
        if not account.is_open:
            what, remedy = blocked_why(account), BLOCKS.get(account.state, ("", ""))[1]
            level = Level.NOTICE if account.state == AccountState.PAUSED else Level.WRONG
            name = f"account-{account.state}" if account.state in BLOCKS else "account-blocked"
            wrong = f"Account {account.name} {what}."
            yield Finding(name=name, level=level, wrong=wrong, remedy=remedy, account=account.name)


def _stuck(overview: Overview) -> Iterator[Finding]:
    """The feeder works seconds ahead, so a job that is ready for minutes has nobody who takes it."""
    is_open = {account.name for account in overview.accounts if account.is_open}
    for queue in overview.queues:
        if queue.account in is_open and queue.ready and queue.oldest > _STUCK and overview.live("send"):
            yield Finding(
                name="nothing-sent",
                level=Level.WRONG,
                wrong=f"The {queue.lane} lane of account {queue.account} has had a job ready for"
                f" {queue.oldest / 60:.0f} minutes that nobody takes.",
                remedy="See what its senders wait for; it is safe to restart them.",
                account=queue.account,
            )


def _not_fed(overview: Overview) -> Iterator[Finding]:
    """Feeding is done in steps of seconds, each a job of its own: one that waits for minutes has nobody."""
    for queue in overview.queues:
        if queue.name == CONTROL_SEND and queue.ready and queue.oldest > _STUCK and overview.live("send"):
            yield Finding(
                name="not-fed",
                level=Level.WRONG,
                wrong=f"Campaigns have not been fed for {_minutes(queue.oldest)}: no send worker takes the job.",
                remedy="See the send workers' logs; it is safe to restart them.",
            )


def _runs_dry(overview: Overview) -> Iterator[Finding]:
    for account in overview.accounts:
        left = overview.runways.get(account.entry.name)
        if account.is_open and left is not None and left < _DRY:
            yield Finding(
                name="balance-runs-out",
                level=Level.NOTICE,
                wrong=f"The balance of account {account.name} lasts {_minutes(left)} at the last hour's speed.",
                remedy="Top it up; without money it stops by itself, and nothing is lost.",
                account=account.name,
            )


def _dead(overview: Overview) -> Iterator[Finding]:
    if overview.backlogs.dead:
        entries = _counted(overview.backlogs.dead, "entry that was", "entries that were")
        yield Finding(
            name="dead-letters",
            level=Level.NOTICE,
            wrong=f"{entries} handed over could not be taken.",
            remedy="See the dead letters: each says why.",
        )


def _settings(overview: Overview) -> Iterator[Finding]:
    yield from (finding for finding in _server(overview) if finding.name not in _REFUSES)


def _server(overview: Overview) -> Iterator[Finding]:
    for concern in concerns(overview.server):
        level = Level.WRONG if concern.is_grave else Level.NOTICE
        yield Finding(name=concern.name, level=level, wrong=concern.wrong, remedy=concern.remedy)


def _uncertain(overview: Overview) -> Iterator[Finding]:
    if overview.uncertain:
        were = _counted(overview.uncertain, "message is", "messages are")
        yield Finding(
            name="uncertain",
            level=Level.NOTICE,
            wrong=f"{were} uncertain: perhaps sent, perhaps not.",
            remedy="Evidence is looked for; what is left is yours to decide: volley uncertain list.",
        )


def _slowed(overview: Overview) -> Iterator[Finding]:
    for account in overview.accounts:
        throttle = account.throttle
        if throttle.effective < throttle.ceiling * _SLOWED:
            why = f": {throttle.why_words or throttle.why}" if throttle.why else ""
            yield Finding(
                name="account-slowed",
                level=Level.NOTICE,
                wrong=f"Account {account.name} is slowed to {throttle.effective:.3g} of {throttle.ceiling:g} "
                f"requests a second{why}.",
                remedy="It speeds up by itself.",
                account=account.name,
            )


_CHECKS: Final[tuple[Callable[[Overview], Iterator[Finding]], ...]] = (
    _out_of_order,
    _no_sender,
    _no_tracker,
    _blocked,
    _settings,
    _stuck,
    _not_fed,
    _runs_dry,
    _slowed,
    _uncertain,
    _dead,
)


def _doing(overview: Overview, rates: Rates) -> str:
    active = overview.active
    speeds = [rates.per_second(messages_submitted(account)[0]) or 0.0 for account in overview.accounts]
    senders = [speed for speed in speeds if speed > 0]
    if senders:
        return (
            f"Sending {round(sum(senders) * 60):,} messages a minute over "
            f"{_counted(len(senders), 'account', 'accounts')}."
        )
    if active.to_send:
        return f"{_counted(active.to_send, 'message waits', 'messages wait')} to be sent{_paused(overview)}."
    if active.awaiting:
        return f"All is sent; {_counted(active.awaiting, 'message waits', 'messages wait')} for a report."
    if overview.uncertain:
        others = _counted(overview.uncertain, "that is", "that are")
        return f"Nothing to send: every message is final but {others} uncertain."
    if overview.campaigns.total:
        return "Nothing to do: every message is final."
    return "Nothing to do: there is no campaign yet."


def _paused(overview: Overview) -> str:
    """Said when the pause explains all of the waiting."""
    campaigns = overview.active.campaigns
    only_paused = campaigns.get(CampaignState.PAUSED) and not campaigns.get(CampaignState.RUNNING)
    return "; every campaign is paused" if only_paused else ""


def _minutes(seconds: float) -> str:
    return "less than a minute" if seconds < 60 else _counted(int(seconds / 60), "minute", "minutes")


def _counted(count: int, one: str, many: str) -> str:
    return f"{count:,} {one if count == 1 else many}"


def blocked_why(account: AccountReading) -> str:
    """Why an account may not send, to be put after its name; BLOCKS has what to do about it."""
    return BLOCKS.get(account.state, (f"is closed: {account.state}", ""))[0]
