"""Making an account known that no worker has announced yet: `ops` asks the worker's program to read volley.toml."""

from ops.commands import worker_looks
from ops.commands.session import Session
from producer.contract.messages import AccountName
from producer.directory import accounts


async def make_known(session: Session, account: str) -> None:
    """Announce the accounts of volley.toml when this one is unknown and there is such a file. Raises OpsError.

    An account that is still unknown afterwards is for the producer to refuse: it lists the known ones.
    """
    if AccountName(account) in await accounts(session.redis):
        return
    if worker_looks.has_settings():
        await worker_looks.announce(session.url)
