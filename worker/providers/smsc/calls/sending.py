"""send.php with all its parameters (A3): pricing a send, and the one place that knows what a send may carry.

Campaigns are sent by `smsc.sending`; what they may carry besides text and numbers is in `smsc.options`.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Final

from worker.providers.interface import Call, Parameter
from worker.providers.json_values import amount, whole
from worker.providers.parameters import flag, one_of, phones
from worker.providers.requests import Credentials, HttpRequest
from worker.providers.smsc import forms
from worker.providers.smsc.calls.reading import Fields, rows
from worker.providers.smsc.layouts import COST
from worker.providers.smsc.options import SEND_OPTIONS

Numbers = Sequence[str]

_BETWEEN_ATTEMPTS: Final = frozenset({"id", "valid"})

CONTENT: Final = (
    Parameter(name="phones", meaning="numbers in international form, separated by commas", kind=phones),
    Parameter(name="mes", meaning="the text, at most 1000 characters"),
    Parameter(name="list", meaning="several texts: rows of number:text, one a line", argument="list_"),
    Parameter(name="nl", meaning="1: texts in list contain line ends, written \\n", kind=flag),
)
OPTIONS: Final = (
    Parameter(name="sender", meaning="sender ID, registered with the account"),
    *(Parameter(name=option.name, meaning=option.meaning, kind=option.checked) for option in SEND_OPTIONS),
    Parameter(name="bin", meaning="1: binary, 2: binary in hex", kind=one_of("0", "1", "2"), argument="bin_"),
    Parameter(name="push", meaning="1: wap-push", kind=flag),
    Parameter(name="hlr", meaning="1: HLR request", kind=flag),
    Parameter(name="ping", meaning="1: ping SMS", kind=flag),
    Parameter(name="mms", meaning="1: MMS", kind=flag),
    Parameter(name="mail", meaning="1: e-mail", kind=flag),
    Parameter(name="viber", meaning="1: Viber", kind=flag),
    Parameter(name="call", meaning="1: voice call", kind=flag),
    Parameter(name="tg", meaning="1: Telegram", kind=flag),
    Parameter(name="subj", meaning="subject of an e-mail or MMS"),
    Parameter(name="voice", meaning="voice of a call"),
    Parameter(name="param", meaning="settings of a call"),
    Parameter(name="fileurl", meaning="address of a file to send"),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Cost:
    """What a send would cost: `cost` in the account's currency, `cnt` SMS (segments times recipients)."""

    cost: Decimal
    cnt: int


def build(
    credentials: Credentials,
    *,
    cost: int,
    phones: Numbers = (),
    mes: str = "",
    list_: str = "",
    nl: bool = False,
    id_: str = "",
    **options: object,
) -> HttpRequest:
    """One send.php request for `phones` and `mes`, or for `list` (A3).

    `cost` 0 sends, 1 tells the price and sends nothing, 2 sends and tells the cost, 3 sends and tells cost and
    new balance. `id_` is the client id (40 of `A-Za-z0-9._-`): a key to look up by, not against repeats. The
    others are `OPTIONS`, by the provider's names. Errors 1 to 9 (`errors.SEND_ERRORS`); an identical send is
    refused for a minute, five identical prices a minute, fifteen requests at once. Raises ValueError.
    """
    if bool(phones and mes) == bool(list_):
        raise ValueError("give phones= and mes=, or list=")
    unknown = set(options) - {option.argument or option.name for option in OPTIONS}
    if unknown:
        raise ValueError(f"send has no parameter {min(unknown)!r}")
    if options.get("imgcode") and not options.get("userip"):
        raise ValueError("imgcode= needs userip=")
    values = {"phones": phones, "mes": mes, "list": list_, "nl": nl, "id": id_, **options}
    fields = (*forms.fields(values), ("cost", str(cost)))
    asker = forms.rest_request if credentials.dialect.rest else _form_request
    return asker("cost" if cost == 1 else "send", fields, credentials, besides=_BETWEEN_ATTEMPTS)


def price(credentials: Credentials, **values: object) -> HttpRequest:
    """What a send would cost in the account's currency, and how many SMS it has; nothing is sent (A3 [G-net]).

    Parameters as of `build`. Errors 1 to 9. At most five identical requests a minute.
    """
    return build(credentials, cost=1, **values)  # type: ignore[arg-type]  # checked by the parameters' kinds


def _form_request(
    call: str, fields: forms.Fields, credentials: Credentials, *, besides: frozenset[str]
) -> HttpRequest:
    return forms.request(call, "send.php", fields, credentials, besides=besides)


def _cost(fields: Fields) -> Cost | None:
    cost, count = amount(fields.get("cost")), whole(fields.get("cnt"))
    return Cost(cost=cost, cnt=count) if cost is not None and count is not None else None


COST_CALL: Final = Call(
    name="cost",
    meaning="what a send would cost; nothing is sent",
    parameters=(*CONTENT, *OPTIONS),
    build=price,
    read=rows(COST, _cost),
)
