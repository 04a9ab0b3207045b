"""How long delivery took: the share of final reports that had come by each bound of the histogram. Pure functions."""

from datetime import datetime, timedelta
from itertools import accumulate

from ops.dashboard.views.charts import HEIGHT, WIDTH, path
from ops.dashboard.views.kinds import View
from ops.readings import Series
from producer.contract.counters import DELIVERY
from producer.contract.series import RINGS, Span


def span_since(began: datetime | None, now: datetime) -> Span:
    """The finest series that reaches back to `began`; the coarsest when none does."""
    age = (now - began).total_seconds() if began else 0.0
    reaching = [span for span in Span if RINGS[span].step * RINGS[span].length > age]
    return reaching[0] if reaching else Span.WEEK


def delivery_view(series: Series, began: datetime | None, ended: datetime | None) -> View | None:
    """The curve over what the account's reports told between two moments; None where there were none."""
    step = timedelta(seconds=series.step)
    points = [
        point
        for point in series.points
        if (began is None or point.at >= began) and (ended is None or point.at <= ended + step)
    ]
    counts = [sum(point.grown.get(field, 0) for point in points) for field in DELIVERY.fields]
    total, named = sum(counts), dict(zip(DELIVERY.fields, map(float, counts), strict=True))
    if not total:
        return None
    shares = [count / total for count in accumulate(counts)][:-1]  # the last one has no bound
    return {
        "reports": total,
        "half": DELIVERY.quantile(0.5, named),
        "most": DELIVERY.quantile(0.95, named),
        "path": path([0.0, *shares], 1.0),
        "width": WIDTH,
        "height": HEIGHT,
        "rows": [
            {"within": bound, "reports": sum(counts[: place + 1]), "share": share}
            for place, (bound, share) in enumerate(zip(DELIVERY.bounds, shares, strict=True))
        ],
    }
