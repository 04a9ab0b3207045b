"""The smsc limits: what one request may hold, and how often each call may be made.

Sources are sections and tags of PROVIDERS.md. All limits are per login, over all its connections. The
provider counts on its own clock and requests travel, so a documented minute is 61 of our seconds.
"""

from typing import Final

from worker.providers.interface import AtOnce, Rules, Window
from worker.providers.requests import LONGEST_LIST

_MINUTE: Final = 61.0
_HOUR: Final = 3610.0

WINDOWS: Final[dict[str, tuple[Window, ...]]] = {
    # A3 [G-net]: more than five identical cost requests a minute; one kept in reserve
    "cost": (Window(count=4, seconds=_MINUTE, identical=True),),
    # A4 [G-spo + 9 copies]: more than five a minute for the same message
    "status": (Window(count=5, seconds=_MINUTE, identical=True),),
    # A4 [G-spo, 1src]: more than one bulk status request a minute
    "status_bulk": (Window(count=1, seconds=_MINUTE),),
    # A5 [W-bal]: more than ten a minute; two kept in reserve for people at a prompt
    "balance": (Window(count=8, seconds=_MINUTE),),
    # A6 [S1]: more than three identical a minute, or more than thirty an hour
    "messages": (
        Window(count=2, seconds=_MINUTE, identical=True),
        Window(count=28, seconds=_HOUR),
    ),
    # A6 [S1]: more than three identical a minute
    "answers": (Window(count=3, seconds=_MINUTE, identical=True),),
    # A6 [S1]: the error says three identical, the text says three; the stricter reading
    "stat": (Window(count=3, seconds=_MINUTE),),
    # A6 [S1]: more than three identical a minute
    "price": (Window(count=3, seconds=_MINUTE, identical=True),),
    # A6 [S1]: more than three identical or a hundred of any kind a minute
    "operator": (
        Window(count=3, seconds=_MINUTE, identical=True),
        Window(count=80, seconds=_MINUTE),
    ),
    # A6 [S1]: more than three identical a minute
    "tinyurl": (Window(count=3, seconds=_MINUTE, identical=True),),
    # A7 [S3]: more than three identical actions a minute
    "templates": (Window(count=3, seconds=_MINUTE, identical=True),),
    # A7 [W-snd]: three identical lists or five creations a minute
    "senders": (Window(count=3, seconds=_MINUTE, identical=True),),
    # A7 [W-sub]: three a minute
    "subclients": (Window(count=3, seconds=_MINUTE),),
    # A8 [S4]: more than two identical a minute
    "numbers": (Window(count=2, seconds=_MINUTE, identical=True),),
    # A9 [S4]: more than fifty identical a minute
    "wait_call": (Window(count=50, seconds=_MINUTE, identical=True),),
    # A10 [S4]: more than three identical a minute, list or file
    "downloads": (Window(count=3, seconds=_MINUTE, identical=True),),
}

LONGEST: Final[dict[str, int]] = {
    # lists whose length is the provider's or a person's choice; a status row with its text (A4 `all`) is 7 KB at most
    **dict.fromkeys(("status_bulk", "messages", "answers", "templates", "downloads"), LONGEST_LIST),
    # A6, A8: a row a subclient, an operator, a number; of some hundred bytes each
    **dict.fromkeys(("stat", "price", "operator", "numbers"), 1024 * 1024),
}

_STATUS_AT_ONCE: Final = AtOnce(name="status", most=4)  # A4 [G-spo, 1src]: five or more status requests at once

RULES: Final = Rules(
    most_per_request=100,  # A3 consequence 4: not documented, so modest
    longest_text=1000,  # A3 [W-send]: `mes` up to 1000 characters
    rate=20.0,  # A13: no documented rate; the throttle adapts
    in_flight=10,  # A13: fifteen at once give error 9; ten by default
    most_in_flight=14,  # A3 consequence 5: one below the documented fifteen
    fence=_MINUTE,  # A3 error 9: one identical send request a minute
    retry_in=_MINUTE,  # the second attempt at a message is that identical request
    windows=WINDOWS,
    longest=LONGEST,
    at_once={"status": _STATUS_AT_ONCE, "status_bulk": _STATUS_AT_ONCE},
)
