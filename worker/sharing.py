"""How an account's history requests are shared: whether back-fill or recall may make one now, or in how long. Pure.

Back-fill reads pages of what was sent, recall asks about messages in doubt; smsc allows thirty requests of both in an
hour, of which the call's window lets 28 through and these rules use 26: the others are for people. Six are always
back-fill's, eight always recall's. The others are for whoever comes first, only that back-fill leaves as many free as
recall needs for all that is in doubt now, and two at least. Places are free again when their request is an hour old.

Of its places each kind keeps a quarter for requests that are worth it: one that is full goes at once, and the emptier
one is, the longer it waits, with the cube of the requests that its kind made in the last hour.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final

HOUR: Final = 3600.0
SHARED: Final = 26
PAGES_KEPT: Final = 6
RECALLS_KEPT: Final = 8

_LEFT_FREE: Final = 2
"""Places that back-fill leaves to recall whatever that has used: nobody knows how much is in doubt in a minute."""

_EMPTY_SHARE: Final = 0.75
"""Of a kind's places that empty requests use up in an hour, if they come without end."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Hour:
    """Unix times of the requests of the last hour, oldest first, and how many more recall `needs` now."""

    pages: Sequence[float] = ()
    recalls: Sequence[float] = ()
    needs: int = 0

    def at(self, moment: float) -> "Hour":
        """What is left of it at a later moment when no more are made."""
        pages, recalls = ([at for at in times if at + HOUR > moment] for times in (self.pages, self.recalls))
        return Hour(pages=pages, recalls=recalls, needs=self.needs)


def page_in(hour: Hour, fullness: float, now: float) -> float:
    """Seconds until back-fill may ask for a page of which so much (0 to 1) is waited for; 0: now."""
    return _moment(hour, _page_from, fullness, now) - now


def recall_in(hour: Hour, fullness: float, now: float) -> float:
    """Seconds until recall may make a request that is so full (0 to 1) of numbers; 0: now."""
    return _moment(hour, _recall_from, fullness, now) - now


def _page_from(hour: Hour, fullness: float) -> float | None:
    left_to_recall = max(RECALLS_KEPT, len(hour.recalls) + max(_LEFT_FREE, hour.needs))
    return _next(hour.pages, max(PAGES_KEPT, SHARED - left_to_recall), fullness)


def _recall_from(hour: Hour, fullness: float) -> float | None:
    return _next(hour.recalls, SHARED - max(PAGES_KEPT, len(hour.pages)), fullness)


def _next(made: Sequence[float], most: int, fullness: float) -> float | None:
    """The earliest time of the next request behind those `made`, of which there may be `most`; None: there are."""
    if len(made) >= most:
        return None
    if not made:
        return 0.0
    # n requests with pauses of c, 8c, … cn³ take cn⁴/4 seconds: an hour, when n is the share
    return made[-1] + (1 - fullness) * 4 * HOUR / (_EMPTY_SHARE * most) ** 4 * len(made) ** 3


def _moment(hour: Hour, next_from: Callable[[Hour, float], float | None], fullness: float, now: float) -> float:
    """The earliest time from `now` on: what is allowed changes whenever a request is an hour old, and only then."""
    moments = [now, *sorted(at + HOUR for at in (*hour.pages, *hour.recalls) if at + HOUR > now)]
    for moment, then in zip(moments, (*moments[1:], float("inf")), strict=True):
        earliest = next_from(hour.at(moment), fullness)
        if earliest is not None and earliest < then:
            return max(moment, earliest)
    raise AssertionError("an hour in which nothing was asked has room")
