"""What a kill storm gave, in figures."""

from collections import Counter
from dataclasses import dataclass, field
from typing import Any

from producer.contract.states import State
from tests.reliability.audit import Audit

Row = dict[str, Any]  # Any: JSON values


@dataclass(kw_only=True)
class Figures:
    """What a storm gave. `ever_uncertain`: by cause; `still_uncertain` of them are; the others evidence resolved.

    `recovery`: seconds from the last kill until it was so for good, by what it was; `requests`: what the provider was
    asked meanwhile, by account and call. `violations`: limits of the provider that were broken in all that time.
    `unreported`: with the provider, but the report was lost with a tracker that had just been given it.
    """

    messages: int
    seed: int
    appendfsync: str
    power_loss: bool
    faults: dict[str, int]
    kills: dict[str, int] = field(default_factory=dict)
    redis_kills: int = 0
    bytes_lost: int = 0
    storm_seconds: float = 0.0
    recovery: dict[str, float] = field(default_factory=dict)
    requests: dict[str, dict[str, int]] = field(default_factory=dict)
    violations: dict[str, int] = field(default_factory=dict)
    callbacks: dict[str, int] = field(default_factory=dict)
    ever_uncertain: dict[str, int] = field(default_factory=dict)
    resolved_by_evidence: int = 0
    still_uncertain: dict[str, int] = field(default_factory=dict)
    accepted: int = 0
    duplicates: int = 0
    lost: int = 0
    unreported: int = 0
    states: dict[str, int] = field(default_factory=dict)
    complaints: list[str] = field(default_factory=list)

    def take(self, found: Audit, doubted: dict[str, str]) -> None:
        """Write down what the audit found; `doubted`: message -> why it was uncertain for a while."""
        self.ever_uncertain = dict(Counter(doubted.values()))
        self.still_uncertain = dict(found.uncertain)
        self.resolved_by_evidence = len(doubted) - sum(found.uncertain.values())
        self.accepted, self.duplicates = found.accepted, found.twice
        self.lost = found.forgotten
        self.unreported = found.unreported + sum(found.states[state] for state in (State.SUBMITTED, State.ENROUTE))
        self.states, self.complaints = dict(found.states), found.complaints
