"""The settings as the worker's program describes them: which accounts, and whether their limits are usual."""

from collections.abc import Iterator, Mapping
from typing import Any

from ops.diagnosis.check import Check, Health
from producer.contract.messages import AccountName
from producer.directory import AccountEntry

Account = dict[str, Any]  # Any: values of JSON, see worker.describing


def configuration_checks(accounts: list[Account], announced: Mapping[AccountName, AccountEntry]) -> Iterator[Check]:
    """What is to be said of the settings, beside what workers that run now have announced."""
    names = ", ".join(f"{account['name']} ({account['family']})" for account in accounts)
    yield Check(
        name="configuration", said=f"{len(accounts)} {'account' if len(accounts) == 1 else 'accounts'}: {names}"
    )
    for account in accounts:
        yield _limits(account, announced.get(AccountName(account["name"])))
    for name in sorted(set(announced) - {AccountName(account["name"]) for account in accounts}):
        yield Check(
            name="configuration",
            subject=name,
            health=Health.NOTICE,
            said="a worker has announced it, and volley.toml here does not name it",
            remedy="If it is no longer used, that is no harm; else every process needs the same volley.toml.",
        )


def _limits(account: Account, entry: AccountEntry | None) -> Check:
    """The account's limits: those that workers know, and how they stand to the usual ones."""
    limits, usual, name = account["limits"], account["usual"], str(account["name"])
    said = f"{limits['rate']:g} requests a second, {limits['in_flight']} at once, {limits['batch']} messages in each"
    if entry is not None and (entry.rate, entry.in_flight, entry.batch) != tuple(limits.values()):
        return Check(
            name="limits",
            subject=name,
            health=Health.WRONG,
            said=f"{said}; workers run with {entry.rate:g}, {entry.in_flight}, {entry.batch}",
            remedy="Restart the workers: they read volley.toml when they start.",
        )
    higher = [word for word in ("rate", "in_flight") if limits[word] > usual[word]]
    if higher:
        than = ", ".join(f"{word} is usually {usual[word]:g}" for word in higher)
        return Check(
            name="limits",
            subject=name,
            health=Health.NOTICE,
            said=f"{said}; {than}",
            remedy="Make sure that the provider has granted it: whoever exceeds its limits is blocked for a while.",
        )
    return Check(name="limits", subject=name, said=said)
