"""The restv2 family: "REST SMS API v.2" of SMSCenter.gr, net2sms.gr and other brands, as pure functions."""

from typing import Final

from worker.providers.interface import BalanceCall, Drain, Family, KeyCall, Lookup, Matching, Probe
from worker.providers.restv2 import balance, drain, forms, key, past, sending, status, version3
from worker.providers.restv2.calls import CALLS
from worker.providers.restv2.limits import RULES

FAMILY: Final = Family(
    name="restv2",
    rules=RULES,
    own_reference=False,
    sending=sending,
    balance=BalanceCall(build=balance.build, read=balance.read),
    lookup=Lookup(
        most=1,
        build=status.build,
        read=status.read,
        by_own_id=False,
        after=status.AFTER,
        is_optional=True,
        takes=status.takes,
    ),
    matching=Matching(most=past.MOST, build=past.build, read=past.read),
    drain=Drain(build=drain.build, read=drain.read),
    key=KeyCall(build=key.build, read=key.read),
    calls={**CALLS, **version3.CALLS},
    probe=Probe(build=version3.probe, read=version3.read_probe),
    formats=forms.FORMATS,
    format_word="type",
    send_options=sending.OPTIONS,
)
