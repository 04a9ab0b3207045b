"""What the demo is: how many recipients over which accounts, how fast, and its volley.toml."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

MOSCOW: Final = "moscow"
ATHENS: Final = "athens"

MOST_IN_MOSCOW: Final = 20_000
"""Without callbacks smsc tells at most 30,000 statuses an hour (PROVIDERS.md A13)."""

# what the sandbox's accounts are opened with; references in volley.toml, so that the demo shows how it is done
CREDENTIALS: Final[Mapping[str, str]] = {
    "DEMO_SMSC_PASSWORD": "demo-secret",
    "DEMO_RESTV2_KEY": "demo-key",
}

_GIVE_UP: Final = 15.0
_GIVE_UP_PAGES: Final = 150.0
_PAGE: Final = 1000  # messages that one request for moscow's history tells of
_WANTED_IN: Final = 60.0  # seconds that sending through athens may take
_LEAST_RATE: Final = 100.0
_MOST_RATE: Final = 2000.0
_BASE_TIME: Final = 120.0
_SLOWEST: Final = 25.0  # recipients a second that even a slow machine manages


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """How the demo runs for this many recipients in each account."""

    counts: Mapping[str, int]

    @property
    def total(self) -> int:
        """Rows of both lists."""
        return sum(self.counts.values())

    @property
    def athens_rate(self) -> float:
        """Requests a second: one message each, so that many recipients need many."""
        return min(max(_LEAST_RATE, self.counts[ATHENS] / _WANTED_IN), _MOST_RATE)

    @property
    def athens_at_once(self) -> int:
        """Requests at once that the rate needs on a slow machine."""
        return max(10, int(self.athens_rate / 20))

    @property
    def give_up_after(self) -> float:
        """Seconds that a report may take. The last page of moscow's is asked about one by one, ten a second."""
        return _GIVE_UP if self.counts[MOSCOW] <= _PAGE else _GIVE_UP_PAGES

    @property
    def patience(self) -> float:
        """Seconds after which something must be wrong."""
        return _BASE_TIME + self.total / _SLOWEST


def settings_text(sandbox: str, plan: Plan) -> str:
    """The demo's volley.toml, with the sandbox as both providers."""
    return f"""\
# The demo's settings: both accounts are at the sandbox, and everything is quicker than in real life.

[accounts.{MOSCOW}]
family = "smsc"
base_url = "{sandbox}"
login = "demo"
password = "env:DEMO_SMSC_PASSWORD"
limits = {{ rate = 20, in_flight = 10, batch = 50 }}

[accounts.{ATHENS}]
family = "restv2"
base_url = "{sandbox}"
key = "env:DEMO_RESTV2_KEY"
limits = {{ rate = {plan.athens_rate:g}, in_flight = {plan.athens_at_once} }}

[tracking]
poll_every = 1        # seconds; 60 in real life
lookup_grace = 3      # seconds before an unanswered submission is looked up
give_up_after = {plan.give_up_after:.0f}   # seconds until a message that nobody reports expires; 72 h in real life

[sending]
request_timeout = 5
"""
