"""The accounts: whether they may send, and what the provider said when it was asked for the balance."""

from collections.abc import Iterator
from decimal import Decimal
from typing import Any, Final

from ops.diagnosis.check import Check, Health
from ops.diagnosis.clocks import clock_check
from ops.readings import AccountReading, AccountState, blocked_why
from ops.readings.verdict import BLOCKS

_CLOCK: Final = 5.0  # a Date header has whole seconds, and an answer its way
_REMEDIES: Final[dict[str, str]] = {
    AccountState.CREDENTIALS: "Correct login and password, or the key, in volley.toml; then restart the workers.",
    AccountState.MONEY: "Top it up.",
    AccountState.ADDRESS: "Allow this machine's address in the provider's cabinet, and wait until the block ends.",
    AccountState.UNREACHABLE: "Check base_url in volley.toml, name resolution, and whether a firewall lets us out.",
}
_UNFORESEEN: Final = "Check base_url in volley.toml; the words are the provider's own. `volley provider` asks again."

Account = dict[str, Any]  # Any: values of JSON, see worker.describing


def account_checks(account: Account, reading: AccountReading | None) -> Iterator[Check]:
    """What is to be said of one account; `account` has what became of its balance call."""
    if reading is not None:
        yield _state(reading)
    yield _provider(account)
    if account.get("clock_ahead") is not None:
        yield clock_check(
            "provider clock", account["clock_ahead"], whose="the provider's", allowed=_CLOCK, subject=account["name"]
        )


def _state(reading: AccountReading) -> Check:
    if reading.is_open:
        return Check(name="account", subject=reading.name, said="may send")
    words = f" ({reading.words})" if reading.words else ""
    return Check(
        name="account",
        subject=reading.name,
        health=Health.NOTICE if reading.state == AccountState.PAUSED else Health.WRONG,
        said=f"{blocked_why(reading)}{words}",
        remedy=BLOCKS.get(reading.state, ("", "Look at the page for what closed it."))[1],
    )


def _provider(account: Account) -> Check:
    """The balance, or why there is none."""
    name, subject = "provider", str(account["name"])
    if "retry_in" in account:
        said, remedy = f"not asked: {account['error']}", f"Try again in {account['retry_in']:.0f} s."
        return Check(name=name, subject=subject, health=Health.SKIPPED, said=said, remedy=remedy)
    if "error" in account:
        code = f" [{account['code']}]" if account.get("code") else ""
        remedy = _REMEDIES.get(account.get("block") or "", _UNFORESEEN)
        return Check(
            name=name,
            subject=subject,
            health=Health.WRONG,
            said=f"{account['base_url']}: {account['error']}{code}",
            remedy=remedy,
        )
    said = f"accepts us; balance {account['balance']} {account['currency'] or 'messages'}"
    if Decimal(account["balance"]) <= 0:
        return Check(name=name, subject=subject, health=Health.WRONG, said=said, remedy=_REMEDIES[AccountState.MONEY])
    return Check(name=name, subject=subject, said=said)
