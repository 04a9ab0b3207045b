"""The restv2 limits. Nothing about rates is documented anywhere (B2), so all of this is modest and ours."""

from typing import Final

from worker.providers.interface import Rules
from worker.providers.requests import LONGEST_LIST

RULES: Final = Rules(
    most_per_request=100,  # B5: how many sms/bulk takes is not documented [?]; ours, and modest
    is_grouped_by_probe=True,  # B4 [S0 S2]: v2 has one recipient per request; sms/bulk is v3
    longest_text=1000,  # not documented; ours
    rate=5.0,  # B2: not documented; ours
    in_flight=4,  # B2: not documented; ours
    most_in_flight=500,  # not documented, so the operator may know better; ours
    fence=0.0,  # B4: no duplicate guard
    retry_in=5.0,  # not documented; ours
    windows={},  # none documented for any call
    # B7: batch sizes are unknown, and what is too long is gone; B10: a host that knows no `limit` gives all it has
    longest={"drain": LONGEST_LIST, "history": LONGEST_LIST},
)
