"""What the demo ends with: states per account, refusals and failures with their reasons, the provider's audit."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from rich.console import Console
from rich.table import Table

from ops.progress_view import duration
from ops.readings import CampaignReading
from producer.contract.campaigns import Refusal
from producer.contract.states import State


@dataclass(frozen=True, slots=True, kw_only=True)
class Audit:
    """What the provider saw: `twice` counts recipients it accepted the same text for more than once.

    `over_limit` counts requests beyond a limit, by the limit's name.
    """

    accepted: int
    twice: int
    over_limit: Mapping[str, int]


@dataclass(frozen=True, slots=True, kw_only=True)
class Summary:
    """A demo that ran to its end. `refusals` are those of both campaigns, the first thousand each."""

    campaigns: Sequence[CampaignReading]
    refusals: Sequence[Refusal]
    audit: Audit
    seconds: float
    page: str

    @property
    def states(self) -> Counter[State]:
        """Recipients of both accounts by state."""
        total: Counter[State] = Counter()
        for reading in self.campaigns:
            total.update(reading.progress.states)
        return total

    @property
    def refused_because(self) -> Counter[str]:
        """Refusals by reason."""
        return Counter(refusal.reason for refusal in self.refusals)

    @property
    def refused_where(self) -> Counter[str]:
        """Refusals by reason, with the first lines of each."""
        lines: dict[str, list[int]] = {}
        for refusal in self.refusals:
            lines.setdefault(refusal.reason, []).append(refusal.line)
        return Counter({f"{reason}  ({_lines(found)})": len(found) for reason, found in lines.items()})

    @property
    def failed_because(self) -> Counter[tuple[str, str]]:
        """Messages that failed or waited, by code and plain words."""
        return Counter(
            {
                (reading.progress.account + ": " + reason.code, reason.words): reason.count
                for reading in self.campaigns
                for reason in reading.reasons
            }
        )


def record(summary: Summary) -> dict[str, object]:
    """The summary for `--json`."""
    progress = [reading.progress for reading in summary.campaigns]
    return {
        "total": sum(each.total for each in progress),
        "states": {state: summary.states[state] for state in State},
        "duplicates": sum(each.duplicates for each in progress),
        "refused": sum(each.refused for each in progress),
        "refusals": dict(summary.refused_because.most_common()),
        "reasons": [
            {"code": code, "words": words, "count": count}
            for (code, words), count in summary.failed_because.most_common()
        ],
        "campaigns": [
            {
                "campaign": each.campaign,
                "account": each.account,
                "state": each.state,
                "total": each.total,
                "states": each.states,
            }
            for each in progress
        ],
        "accepted_by_provider": summary.audit.accepted,
        "accepted_more_than_once": summary.audit.twice,
        "requests_over_limit": summary.audit.over_limit,
        "seconds": round(summary.seconds, 1),
        "page": summary.page,
    }


def show(summary: Summary, console: Console) -> None:
    """The summary for a person."""
    console.print("\nWhat became of the recipients", style="bold")
    console.print(_states(summary))
    _show_counts(console, "Refused before anything was sent, with their lines in the file", summary.refused_where)
    failures = Counter(
        {f"{code}  {words}".rstrip(): count for (code, words), count in summary.failed_because.items()}
    )
    _show_counts(console, "Why messages failed, waited or stayed without a report", failures)
    audit = summary.audit
    over = sum(audit.over_limit.values())
    console.print(f"\nThe provider's own record: {audit.accepted:,} messages accepted,")
    console.print(f"  accepted more than once: {audit.twice}")
    console.print(f"  requests over a limit: {over}" + (f" {dict(audit.over_limit)}" if over else ""))
    console.print(
        f"\nEvery recipient is final after {duration(summary.seconds)}. The page was at {summary.page}",
        soft_wrap=True,
    )


def _states(summary: Summary) -> Table:
    table = Table()
    table.add_column("state")
    for reading in summary.campaigns:
        table.add_column(reading.progress.account, justify="right")
    table.add_column("all", justify="right")
    for state in State:
        if summary.states[state]:
            _add(table, state, [reading.progress.states.get(state, 0) for reading in summary.campaigns])
    table.add_section()
    _add(table, "recipients", [reading.progress.total for reading in summary.campaigns])
    _add(table, "duplicates left out", [reading.progress.duplicates for reading in summary.campaigns])
    _add(table, "refused", [reading.progress.refused for reading in summary.campaigns])
    return table


def _add(table: Table, name: str, counts: Sequence[int]) -> None:
    table.add_row(name, *(f"{count:,}" for count in (*counts, sum(counts))))


def _show_counts(console: Console, title: str, counts: Counter[str]) -> None:
    if counts:
        console.print(f"\n{title}", style="bold")
    for what, count in counts.most_common():
        console.print(f"{count:>8,}  {what}", markup=False, soft_wrap=True)


def _lines(numbers: Sequence[int]) -> str:
    shown = ", ".join(str(number) for number in sorted(numbers)[:5])
    more = f" and {len(numbers) - 5} more" if len(numbers) > 5 else ""
    return f"line{'s' if len(numbers) > 1 else ''} {shown}{more}"
