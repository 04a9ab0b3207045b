"""The switches of an account at the admin address: reading them strictly, turning them, showing them."""

from collections.abc import Callable
from dataclasses import asdict, replace
from decimal import Decimal, InvalidOperation
from typing import Any, Final

from ops.sandbox.accounts import Account
from ops.sandbox.config import ConfigError, Pushing
from ops.sandbox.pushing.addresses import Address, read_address

_SWITCHES: Final = ("no_money", "blocked", "wrong_credentials", "maintenance")
_OPTIONS: Final = ("v3", "odd_pipes")
_GATES: Final = {"paused": "doors_open", "hold_answers": "answers_flow"}
_NUMBERS: Final = {
    "callback_twice": "twice",
    "callback_shuffled": "shuffled",
    "callback_delay": "delay",
    "callback_retry_after": "retry_after",
    "callback_attempts": "attempts",
}
_BOOLEANS: Final = (*_SWITCHES, *_GATES, *_OPTIONS)
_FIELDS: Final = frozenset({"login", "family", "latency", "balance", "callback", *_BOOLEANS, *_NUMBERS})
_UNCHANGED: Final = object()

Wanted = dict[str, Any]  # Any: JSON values, checked here


def read_switch(wanted: object, *, any_address: bool) -> Callable[[Account], None]:
    """Check a switch request whole, and give what turns an account; raises ConfigError and has changed nothing."""
    if not isinstance(wanted, dict) or not isinstance(wanted.get("login"), str):
        raise ConfigError("a JSON object with login is needed")
    mistake = _mistake(wanted)
    if mistake:
        raise ConfigError(mistake)
    amount = _amount(wanted["balance"]) if "balance" in wanted else None
    handler: Address | object | None = _UNCHANGED
    if "callback" in wanted:
        handler = read_address(wanted["callback"], any_address=any_address)
    pushing = {name: wanted[field] for field, name in _NUMBERS.items() if field in wanted}
    replace(Pushing(), **pushing)  # raises ConfigError for what is out of bounds

    def switch(account: Account) -> None:
        _turn(account, wanted)
        if amount is not None:
            account.set_balance(amount)
        if isinstance(handler, Address) or handler is None:
            account.handler = handler
        account.pushing = replace(account.pushing, **pushing)

    return switch


def switches_of(account: Account) -> Wanted:
    """Show how an account is switched."""
    plain = {name: getattr(account.switches, name) for name in (*_SWITCHES, "latency")}
    gates = {name: not getattr(account, gate).is_set() for name, gate in _GATES.items()}
    options = {name: getattr(account, name) for name in _OPTIONS}
    pushing = asdict(account.pushing)
    callbacks = {field: pushing[name] for field, name in _NUMBERS.items()}
    url = account.handler.url if account.handler else ""  # not the secret behind `?`
    return plain | gates | options | {"callback": url} | callbacks


def _mistake(wanted: Wanted) -> str:
    """Say what is wrong with a switch request; "" if nothing is."""
    if unknown := set(wanted) - _FIELDS:
        return f"unknown: {', '.join(sorted(unknown))}"
    if any(not isinstance(wanted.get(name, False), bool) for name in _BOOLEANS):
        return "switches are true or false"
    if any(not _is_number(wanted.get(name, 0)) for name in (*_NUMBERS, "latency")):
        return "latency and callback_… are numbers"
    if not isinstance(wanted.get("callback_attempts", 1), int) or not 0 <= wanted.get("latency", 0) <= 3600:
        return "callback_attempts is a whole number; latency is 0 to 3600 seconds"
    if not isinstance(wanted.get("family", ""), str) or not isinstance(wanted.get("callback", ""), str):
        return "family is a name; callback is an address"
    return "balance is an amount of at least 0" if _amount(wanted.get("balance", 0)) is None else ""


def _turn(account: Account, wanted: Wanted) -> None:
    for name in (*_SWITCHES, "latency"):
        if name in wanted:
            setattr(account.switches, name, wanted[name])
    for name in _OPTIONS:
        setattr(account, name, wanted.get(name, getattr(account, name)))
    for name, gate in _GATES.items():
        if name in wanted:
            event = getattr(account, gate)
            event.clear() if wanted[name] else event.set()


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _amount(value: object) -> Decimal | None:
    try:
        amount = Decimal(str(value))
    except InvalidOperation:
        return None
    return amount if amount.is_finite() and 0 <= amount <= Decimal(10**15) else None
