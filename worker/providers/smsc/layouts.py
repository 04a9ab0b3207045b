"""How each smsc answer is laid out in text (fmt=0), with commas (fmt=1) and in XML (fmt=2).

The names are those of JSON (fmt=3), so that every format gives the same fields. Layouts marked [?] were
never seen: they follow the provider's habit. Sources: A3 to A10 with the tags given there.
"""

import re
from dataclasses import dataclass
from typing import Final

_ID: Final = r"[A-Za-z0-9._-]{1,40}"
_MONEY: Final = r"-?[0-9]+(?:\.[0-9]+)?"


@dataclass(frozen=True, slots=True, kw_only=True)
class Layout:
    """One call's answer.

    `text`: the names of a fmt=0 row in their order (`name = value, …`). `whole`: patterns of a whole fmt=0
    answer that has no names. `columns`: the orders a fmt=1 row may have. `free`: the one column that may hold
    commas. `blocks`: the answer has parts of different layout, which `<blocks>_formats` reads in fmt 0 and 1.
    `may_be_empty`: an empty body in fmt 0 and 1 is an empty list [?], as JSON says `[]`.
    """

    text: tuple[str, ...] = ()
    whole: tuple[re.Pattern[str], ...] = ()
    columns: tuple[tuple[str, ...], ...] = ()
    free: str = ""
    blocks: str = ""
    may_be_empty: bool = False


MOST_ROWS: Final = 20_000
"""Of a list in text or with commas; the longest that can be asked for has 10,000 (A6 `get_answers`)."""

MOST_LINES: Final = 1_000_000
"""Of such a list: a thousand rows (A6 `get_messages`), each with a text of a thousand line ends (A3)."""

LISTS: Final = frozenset({"list", "sms_answers", "zones", "codes", "phones", "statuses"})
"""Elements of fmt=2 that hold rows (A6, A7 [S1 S3]); `phones` and `statuses` [?]."""

LABELS: Final = {"Status": "status", "check_time": "last_date", "ID": "id"}
"""fmt=0 names that differ from those of JSON (A4, A6)."""

_STATUS: Final = ("status", "last_timestamp", "err")

SUBMISSION: Final = Layout(
    # A3 [G-rb0, G-dev]; cost and balance appended [?]; cost=1: A3 [G-rb0]
    whole=(
        re.compile(
            rf"OK - (?P<cnt>[0-9]+) SMS, ID - (?P<id>{_ID})"
            rf"(?:, (?i:cost) - (?P<cost>{_MONEY}))?(?:, (?i:balance) - (?P<balance>{_MONEY}))?"
        ),
        re.compile(rf"(?P<cost>{_MONEY}) \((?P<cnt>[0-9]+) SMS\)"),
    ),
    columns=(("id", "cnt", "cost", "balance"), ("id", "cnt", "cost"), ("id", "cnt")),  # A3 [G-off]
    blocks="receipt",
)
COST: Final = Layout(whole=SUBMISSION.whole, columns=(("cost", "cnt"),), blocks="receipt")  # A3 [G-off]
STATUS: Final = Layout(
    text=(
        *("Status", "check_time", "err", "send_date", "phone", "mccmnc", "country", "operator", "region", "cost"),
        *("sender_id", "status_name", "message", "type", "ID", "int_id", "sms_cnt", "format", "crc"),
    ),  # A4 [W-st]; what `all` adds as in the history
    columns=(
        # A4 [G-off]: with all=2, then with all=1; the text is last
        (
            *(*_STATUS, "send_timestamp", "phone", "country", "operator", "region"),
            *("cost", "sender_id", "status_name", "message"),
        ),
        (*_STATUS, "send_timestamp", "phone", "cost", "sender_id", "status_name", "message"),
        (*_STATUS, "id", "phone"),  # several: the order of JSON [?]
        ("status", "last_timestamp", "id", "phone"),  # err may be absent [?]
        _STATUS,  # A4 [W-st]
        ("status", "last_timestamp"),
    ),
    free="message",
)
MESSAGES: Final = Layout(  # A6 [S1]
    text=STATUS.text,
    columns=(
        (
            *(
                "status",
                "last_timestamp",
                "err",
                "send_timestamp",
                "phone",
                "mccmnc",
                "country",
                "operator",
                "region",
            ),
            *("cost", "sender_id", "status_name", "message", "type", "id", "int_id", "sms_cnt", "format", "crc"),
        ),
    ),
    free="message",
)
ANSWERS: Final = Layout(  # A6 [S1]
    text=("id", "received", "phone", "message", "to_phone", "sent"),
    columns=(("id", "received", "phone", "to_phone", "sent", "message"),),
    free="message",
    may_be_empty=True,
)
BALANCE: Final = Layout(  # A5 [W-bal]: a bare number; with cur=1 the currency and the credit [?]
    whole=(
        re.compile(
            rf"(?P<balance>{_MONEY})(?:[, ]+(?P<currency>[A-Z]{{3}}))?"
            rf"(?:[, ]+(?:credit[ :=-]*)?(?P<credit>{_MONEY}))?"
        ),
    ),
    text=("balance", "currency", "credit"),
    columns=(("balance", "currency", "credit"), ("balance", "currency"), ("balance",)),
)
STAT: Final = Layout(  # A6 [S1]
    text=("login", "sms", "credit", "debit", "currency"),
    columns=(("login", "sms", "credit", "debit", "currency"),),
    may_be_empty=True,
)
ZONES: Final = ("zone", "name", "api", "mass", "mms", "hlr", "call")
CODES: Final = ("mccmnc", "cost")
OPERATOR: Final = Layout(  # A6 [S1]; where `phone` stands among several [?]
    text=("phone", "country", "operator", "region", "mcc", "mnc", "tz", "phone"),
    columns=(
        ("country", "operator", "region", "mcc", "mnc", "tz", "phone"),
        ("country", "operator", "region", "mcc", "mnc", "tz"),
    ),
)
TINYURL: Final = Layout(  # A6 [S1]
    text=("id", "cnt", "cnt_mon", "cnt_day", "cnt_yes", "cnt_pmon", "link"),
    columns=(("id", "cnt", "cnt_mon", "cnt_day", "cnt_yes", "cnt_pmon", "link"),),
    free="link",
)
TEMPLATES: Final = Layout(  # A7 [S3]
    text=("id", "name", "format", "sender", "flag", "message"),
    columns=(("id", "name", "format", "sender", "flag", "message"),),
    free="message",
    may_be_empty=True,
)
CREATED: Final = Layout(  # A7 [S3]
    whole=(re.compile(r"ID - (?P<id>[0-9]+)"),), columns=(("id",),)
)
DONE: Final = Layout(whole=(re.compile(r"(?P<result>OK)"),), columns=(("result",),))  # A7 [S3]
NUMBERS: Final = Layout(  # A8 [S4]: the records; the layouts by habit [?]
    text=("phone", "type", "cost", "current_cost", "info"),
    columns=(("phone", "type", "cost", "current_cost", "info"),),
    free="info",
    may_be_empty=True,
)
RENTED: Final = Layout(  # A8 [S4]: the record; the layouts by habit [?]
    text=("cost",),
    whole=(re.compile(rf"(?:OK - )?(?:cost - )?(?P<cost>{_MONEY})"),),
    columns=(("cost",),),
)
WAIT_CALL: Final = Layout(  # A9 [S4]: the record; the layouts by habit [?]
    text=("phone", "all_phones"), columns=(("phone", "all_phones"), ("phone",)), free="all_phones"
)
DOWNLOADS: Final = Layout(  # A10 [S4]: the record; the layouts by habit [?]
    text=("id", "name", "status", "created", "time", "file"),
    columns=(("id", "name", "status", "created", "time", "file"),),
    free="name",
    may_be_empty=True,
)
PRICE: Final = Layout(blocks="price")
