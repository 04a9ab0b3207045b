"""What providers' answers may hold, as hypothesis draws it, and the sandbox's answers of the smsc family from it."""

import re
from typing import Any

from hypothesis import strategies as st

from ops.sandbox.smsc import answers as sandbox
from worker.providers.registry import family

SMSC = family("smsc").calls
RESTV2 = family("restv2").calls


# what free text may hold in each place: fmt 0 and 1 quote nothing, so names have no commas there
LETTERS = "abcXYZ аяЖ 0123456789 .:!?<>&\"'()|-"
plain = st.text(LETTERS, max_size=20).map(str.strip)
free = st.text(LETTERS + ",=", max_size=40).map(str.strip)
digits = st.integers(10**10, 10**12).map(str)
money = st.decimals(0, 10**6, places=2).map(str)
stamps = st.integers(1_000_000_000, 4_000_000_000)
small = st.integers(0, 10**6)
ids = st.from_regex(r"[A-Za-z][A-Za-z0-9._-]{0,20}", fullmatch=True)
countries = plain.filter(lambda name: not re.fullmatch(r"[0-9.-]+", name))  # fmt 1 tells by it which order it has
places = st.builds(
    sandbox.Place, country=countries, operator=plain, region=plain, mccmnc=st.integers(10_000, 99_999).map(str)
)
sent = st.builds(
    sandbox.SentRow,
    status=st.sampled_from([-2, -1, 0, 1, 2, 3, 4, 20, 22, 23, 24, 25]),
    changed=stamps,
    err=st.sampled_from([0, 1, 6, 200, 255]),
    sent=stamps,
    phone=digits,
    cost=money,
    sender=plain,
    status_name=plain,
    text=free,
    place=places,
    kind=st.integers(0, 12),
    reference=ids,
    number=st.integers(1, 10**9),
    segments=st.integers(1, 10),
    crc=small,
)


NOWHERE = sandbox.Place(country="", operator="", region="", mccmnc="25001")
COMMAS_ALONE = sandbox.SentRow(
    status=-2,
    changed=10**9,
    err=0,
    sent=10**9,
    phone="79991234567",
    cost="0.00",
    sender="",
    status_name="",
    text=",,,",
    place=NOWHERE,
    kind=0,
    reference="A",
    number=1,
    segments=1,
    crc=0,
)


def some(of: Any) -> Any:
    return st.lists(of, min_size=1, max_size=4).map(tuple)


ANSWERS: dict[str, Any] = {
    "balance": st.builds(sandbox.Balance, amount=money, currency=st.sampled_from(["", "RUR", "EUR"])),
    "cost": st.builds(sandbox.Priced, cost=money, segments=st.integers(1, 100)),
    "status": st.builds(
        sandbox.Statuses, found=sent.map(lambda row: (row,)), detail=st.just(0), multiple=st.just(value=False)
    ),
    "messages": st.builds(sandbox.History, found=some(sent)),
    "answers": st.builds(
        sandbox.Answers,
        found=some(
            st.builds(
                sandbox.AnswerRow, id=small, received=stamps, phone=digits, text=free, to_phone=digits, sent=stamps
            )
        ),
    ),
    "stat": st.builds(
        sandbox.Stat,
        found=some(
            st.builds(
                sandbox.StatRow, login=ids, sms=small, credit=money, debit=money, currency=st.sampled_from(["RUR"])
            )
        ),
    ),
    "price": st.builds(
        sandbox.Price,
        zones=some(
            st.builds(
                sandbox.Zone,
                zone=small.map(str),
                name=plain,
                api=money,
                mass=money,
                mms=money,
                hlr=money,
                call=money,
            )
        ),
        codes=st.lists(st.tuples(st.integers(10_000, 99_999).map(str), money), max_size=3).map(tuple),
        mail=money,
    ),
    "operator": st.builds(
        sandbox.Operators,
        found=some(
            st.builds(
                sandbox.OperatorRow,
                phone=digits,
                country=ids,
                operator=plain,
                region=plain,
                mcc=st.just("250"),
                mnc=st.just("01"),
                tz=st.just("3"),
            )
        ),
        multiple=st.just(value=True),
    ),
    "tinyurl": st.builds(
        sandbox.TinyUrl,
        id=small.map(str),
        cnt=small,
        cnt_mon=small,
        cnt_day=small,
        cnt_yes=small,
        cnt_pmon=small,
        link=free.map(lambda path: "https://x/" + path),
    ),
    "templates": st.builds(
        sandbox.Templates,
        found=some(
            st.builds(
                sandbox.Template,
                id=small,
                name=plain,
                format=st.sampled_from(["", "sms"]),
                sender=plain,
                flag=st.integers(0, 1),
                text=free,
            )
        ),
    ),
    "template_add": st.builds(sandbox.TemplateAdded, id=small),
    "template_change": st.builds(sandbox.Done),
    "template_delete": st.builds(sandbox.Done),
    "numbers": st.builds(
        sandbox.Numbers,
        found=some(
            st.builds(
                sandbox.Number,
                phone=digits,
                type=st.sampled_from([1, 2, 4]),
                cost=money,
                current_cost=money,
                info=free,
            )
        ),
    ),
    "number_rent": st.builds(sandbox.Rented, cost=money),
    "number_change": st.builds(sandbox.Done),
    "wait_call": st.builds(sandbox.CallNumber, phone=digits, all_phones=some(digits)),
    "downloads": st.builds(
        sandbox.Tasks,
        found=some(
            st.builds(
                sandbox.TaskRow,
                id=small,
                name=plain,
                status=st.integers(0, 4),
                created=stamps,
                started=st.none() | stamps,
                file=ids,
            )
        ),
    ),
}
