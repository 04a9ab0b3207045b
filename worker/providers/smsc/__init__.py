"""The smsc family: smscentre.com, smsc.ru and their white labels (`/sys/*.php`), as pure functions."""

from typing import Final

from worker.providers.interface import BalanceCall, Family, History, Lookup, Recall
from worker.providers.smsc import balance, forms, history, sending, status
from worker.providers.smsc.calls import CALLS
from worker.providers.smsc.limits import RULES
from worker.providers.smsc.options import SEND_OPTIONS

FAMILY: Final = Family(
    name="smsc",
    rules=RULES,
    own_reference=True,
    sending=sending,
    balance=BalanceCall(build=balance.build, read=balance.read),
    lookup=Lookup(most=status.MOST, build=status.build, read=status.read),
    history=History(build=history.build, read=history.read),
    recall=Recall(most=history.MOST_NUMBERS, build=history.recall, read=history.read_recalled),
    calls=CALLS,
    formats=forms.FORMATS,
    format_word="fmt",
    charsets=forms.CHARSETS,
    has_rest=True,
    send_options=SEND_OPTIONS,
)
