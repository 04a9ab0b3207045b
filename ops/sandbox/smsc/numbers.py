"""Deciding about dedicated numbers and confirming calls: receive_phones.php, wait_call.php (A8, A9, S4)."""

from calendar import monthrange
from time import gmtime
from typing import Final

from ops.sandbox.accounts import money
from ops.sandbox.gateway import Gateway, Visit
from ops.sandbox.limits import IDENTICAL_NUMBER, IDENTICAL_WAIT_CALL
from ops.sandbox.parameters import fingerprint
from ops.sandbox.smsc.answers import TOO_MANY, Answer, CallNumber, Done, Number, Numbers, Refusal, Rented
from ops.sandbox.smsc.dates import MOSCOW
from ops.sandbox.smsc.reading import BAD, bare_phone, is_phone

# phone, type, hundredths a month, info (S4: types 1 and 4 virtual, 2 SIM hosting; the rows are invented)
FOR_RENT: Final = (
    ("79120000001", 1, 50_000, "Sandbox Mobile, SMS"),
    ("79120000002", 2, 30_000, "Сим-хостинг, SMS и звонки"),
    ("79120000003", 4, 90_000, "Sandbox Mobile, SMS"),
)
# country prefix -> numbers that a subscriber may be told to call (invented)
_TO_CALL: Final = {"7": ("74950000001", "74950000002"), "": ("302100000001", "302100000002")}
_TOO_MANY: Final = Refusal(code=9, text=TOO_MANY)
_NO_NUMBER: Final = Refusal(code=3, text="number not found")  # S4's table is lost: a guess
_NO_MONEY: Final = Refusal(code=5, text="no money")  # S4's table is lost: a guess


def decide_numbers(gateway: Gateway, visit: Visit) -> Answer:
    """Answer `get=1` or `gets=1`: the numbers nobody has rented."""
    if not _admits(visit):
        return _TOO_MANY
    rented = visit.account.cabinet.rented
    return Numbers(found=tuple(_number(gateway, row) for row in FOR_RENT if row[0] not in rented))


def decide_rent(gateway: Gateway, visit: Visit) -> Answer:
    """Answer `buy=1`: the remaining days of this month are paid at once."""
    phone, rented = bare_phone(visit.parameters.get("phone", "")), visit.account.cabinet.rented
    if not phone:
        return BAD
    if not _admits(visit):
        return _TOO_MANY
    row = next((row for row in FOR_RENT if row[0] == phone and phone not in rented), None)
    if row is None:
        return _NO_NUMBER
    cost = _rest_of_month(gateway.unix(), row[2])
    if not visit.account.spend(cost):
        return _NO_MONEY
    rented[phone] = True
    return Rented(cost=money(cost))


def decide_prolong(_gateway: Gateway, visit: Visit) -> Answer:
    """Answer `chg=1`: `noprolong=1` ends the rent with this month."""
    phone, wanted = bare_phone(visit.parameters.get("phone", "")), visit.parameters.get("noprolong", "0")
    if not phone or wanted not in {"0", "1"}:
        return BAD
    if not _admits(visit):
        return _TOO_MANY
    if phone not in visit.account.cabinet.rented:
        return _NO_NUMBER
    visit.account.cabinet.rented[phone] = wanted == "0"
    return Done()


def decide_wait_call(gateway: Gateway, visit: Visit) -> Answer:
    """Answer `wait_call.php`: the number that this phone has to call within 15 minutes."""
    phone = bare_phone(visit.parameters.get("phone", ""))
    if not is_phone(phone):
        return BAD
    key = fingerprint(visit.parameters, id_counts=True)
    if not visit.account.limits.admits(IDENTICAL_WAIT_CALL, key, visit.arrived):
        return _TOO_MANY
    pool = next(pool for prefix, pool in _TO_CALL.items() if phone.startswith(prefix))
    number = pool[int(phone) % len(pool)]
    gateway.await_call(visit.account, phone, number)
    return CallNumber(phone=number, all_phones=pool)


def _admits(visit: Visit) -> bool:
    key = fingerprint(visit.parameters, id_counts=True)
    return visit.account.limits.admits(IDENTICAL_NUMBER, key, visit.arrived)


def _number(gateway: Gateway, row: tuple[str, int, int, str]) -> Number:
    phone, kind, cost, info = row
    current = money(_rest_of_month(gateway.unix(), cost))
    return Number(phone=phone, type=kind, cost=money(cost), current_cost=current, info=info)


def _rest_of_month(unix: float, cost: int) -> int:
    """Price the days from today to the month's end, in hundredths."""
    date = gmtime(unix + MOSCOW)
    days = monthrange(date.tm_year, date.tm_mon)[1]
    return cost * (days - date.tm_mday + 1) // days
