"""The account directory: what workers announce of their accounts, so that a producer can refuse early."""

from dataclasses import asdict, dataclass

import orjson

from producer.contract import keys
from producer.contract.client import Client
from producer.contract.messages import AccountName
from producer.contract.options import SendOption, read_options
from producer.errors import UnknownAccountError


@dataclass(frozen=True, slots=True, kw_only=True)
class AccountEntry:
    """What everybody may know of an account; nothing of its credentials.

    `rate` requests a second and `in_flight` at once are the configured ceilings, `batch` messages go in one
    request, `longest_text` is in characters, `login` is the hashed login that its limits are kept under.
    `options` are what its campaigns and messages may ask for besides.
    """

    name: AccountName
    family: str
    host: str
    login: str
    rate: float
    in_flight: int
    batch: int
    longest_text: int
    sender: str = ""
    default_region: str = ""
    options: tuple[SendOption, ...] = ()


async def announce(redis: Client, entries: list[AccountEntry]) -> None:
    """Write the entries; accounts that other workers announced stay."""
    if entries:
        await redis.hset(keys.ACCOUNTS, mapping={entry.name: orjson.dumps(asdict(entry)) for entry in entries})


async def accounts(redis: Client) -> dict[AccountName, AccountEntry]:
    """All announced accounts by name."""
    found = await redis.hgetall(keys.ACCOUNTS)
    entries = map(_read, found.values())
    return {entry.name: entry for entry in sorted(entries, key=lambda entry: entry.name)}


async def account(redis: Client, name: AccountName) -> AccountEntry:
    """One announced account; UnknownAccountError, which lists the known ones, when there is none."""
    known = await accounts(redis)
    if name not in known:
        names = ", ".join(known) or "none: start a worker, or check that both use the same Redis"
        raise UnknownAccountError(f"unknown account {name[:80]!r} (announced: {names})")
    return known[name]


def _read(data: bytes) -> AccountEntry:
    """One entry; what a newer worker says of it besides is left out."""
    fields = {name: value for name, value in orjson.loads(data).items() if name in AccountEntry.__slots__}
    return AccountEntry(**{**fields, "options": read_options(fields.get("options", ()))})
