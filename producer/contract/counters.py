"""What is counted of an account since ever: fields of its totals (`keys.totals`), and bounds of histograms.

Workers gather counts in memory and add them in one round trip, so a field costs nothing per message. A histogram
is a field for each bucket, `NAME_le_BOUND` (seconds), that counts what fell into this bucket alone.
"""

from bisect import bisect_left
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Final

from producer.contract.states import State

OUTCOMES: Final = ("submitted", "rejected", "deferred", "routeblocked", "uncertain")
"""What one submission can give, as the totals count it."""

REPORTED: Final = (State.ENROUTE, State.DELIVERED, State.UNDELIVERED, State.EXPIRED, State.DEFERRED)
"""The states that a delivery report can move a message to; counted as `report_STATE`."""


@dataclass(frozen=True)  # without slots: its fields are made once
class Histogram:
    """Durations by size. `bounds` are the upper bounds of its buckets in seconds; one more has no bound."""

    name: str
    bounds: tuple[float, ...]

    @cached_property
    def fields(self) -> tuple[str, ...]:
        """The totals' fields of its buckets, in their order."""
        return (*(f"{self.name}_le_{bound:g}" for bound in self.bounds), f"{self.name}_le_inf")

    def bucket(self, seconds: float) -> str:
        """The field of the bucket that a duration falls into."""
        return self.fields[bisect_left(self.bounds, seconds)]

    def quantile(self, share: float, counts: Mapping[str, float]) -> float | None:
        """Below how many seconds `share` (0 to 1) of the durations are; None where nothing was counted.

        Exact to a bucket: inside it the durations are taken as evenly spread. What is beyond the last bound
        counts as the last bound.
        """
        sizes = [max(0.0, counts.get(field, 0)) for field in self.fields]
        wanted = sum(sizes) * share
        if not wanted:
            return None
        lower = 0.0
        for bound, size in zip(self.bounds, sizes, strict=False):
            if size >= wanted:
                return lower + (bound - lower) * wanted / size
            wanted, lower = wanted - size, bound
        return lower


SUBMISSION: Final = Histogram("request", (0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 20.0))
"""From the first byte of a submission request to its answer."""

DELIVERY: Final = Histogram("delivery", (2.0, 5.0, 10.0, 30.0, 60.0, 300.0, 900.0, 3600.0, 14_400.0, 86_400.0))
"""From the claim of a message to the report that ended it."""

CAMPAIGN_DELIVERY: Final = Histogram(
    "delivery",
    (
        *(1.0, 2.0, 5.0, 10.0, 20.0, 30.0, 60.0, 120.0, 300.0, 600.0),
        *(1800.0, 3600.0, 10_800.0, 21_600.0, 43_200.0, 86_400.0),
    ),
)
"""The same for one campaign (`keys.delivery`), to whole seconds, counted by the ledger for every message."""


def reported(state: State) -> str:
    """The totals' field of reports that moved a message to `state`."""
    return f"report_{state}"
