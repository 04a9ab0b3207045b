"""A submitter that tells the witness what each request gave."""

import time
from collections.abc import Sequence

from worker.keeping import Keeper
from worker.learning import Learning
from worker.ledger import Claimed, Write
from worker.preparing import Prepared
from worker.providers.exchange import Exchange, MayLeave
from worker.settings import Account
from worker.submitting import Submitter
from worker.tracing.witness import Witness


class TracedSubmitter(Submitter):
    """Submits as its base does, and traces it."""

    def __init__(
        self,
        account: Account,
        exchange: Exchange,
        learning: Learning,
        *,
        most_attempts: int,
        witness: Witness,
        keeper: Keeper | None = None,
    ) -> None:
        super().__init__(account, exchange, learning, most_attempts=most_attempts, keeper=keeper)
        self._witness = witness

    async def submit(self, prepared: Prepared, claimed: Sequence[Claimed], may_leave: MayLeave) -> list[Write]:
        """Send one request when it may leave; what is to be recorded for each of its messages. Raises nothing."""
        started_at = time.time_ns()
        writes = await super().submit(prepared, claimed, may_leave)
        self._witness.submitted(writes, started_at, time.time_ns())
        return writes
