"""How long delivery took: the share of a campaign's final reports that had come by each bound. Pure functions."""

from collections.abc import Mapping, Sequence
from itertools import accumulate
from typing import Final

from ops.dashboard.views.charts import HEIGHT, WIDTH, path
from ops.dashboard.views.kinds import View
from producer.contract.counters import CAMPAIGN_DELIVERY

_MARKS: Final = 4
"""Marks on the axis: the curve ends at the first of them by which all reports had come."""


def delivery_view(counts: Mapping[str, int]) -> View | None:
    """The curve over a campaign's counts by bucket; None where there are none."""
    sizes = [counts.get(field, 0) for field in CAMPAIGN_DELIVERY.fields]
    total = sum(sizes)
    if not total:
        return None
    by_then = list(accumulate(sizes))[:-1]  # the last one has no bound
    shown = _shown(by_then, total)
    return {
        "reports": total,
        "half": CAMPAIGN_DELIVERY.quantile(0.5, counts),
        "most": CAMPAIGN_DELIVERY.quantile(0.95, counts),
        "path": path([0.0, *(count / total for count in by_then[:shown])], 1.0),
        "width": WIDTH,
        "height": HEIGHT,
        "marks": CAMPAIGN_DELIVERY.bounds[shown // _MARKS - 1 : shown : shown // _MARKS],
        "rows": [
            {"within": bound, "reports": count, "share": count / total}
            for bound, count in zip(CAMPAIGN_DELIVERY.bounds, by_then, strict=True)
        ],
    }


def _shown(by_then: Sequence[int], total: int) -> int:
    """How many bounds the curve goes over: as many as it takes, in whole parts of the axis."""
    needed = next((place for place, count in enumerate(by_then, 1) if count == total), len(by_then))
    return -(-needed // _MARKS) * _MARKS
