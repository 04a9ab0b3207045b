"""Keeping raw exchanges of sends for the message's page: all that failed, up to a bound, and a sample of the others.

The sender only notes an exchange, which costs a look at its outcomes; once a second one task makes what was noted
harmless (`hiding`) and writes it in one trip. What a crash or a Redis that is away takes is a second of exchanges:
nothing goes by them, and the books are kept by the recorder.
"""

import asyncio
import time
from collections.abc import Sequence
from typing import Final

import structlog
from redis.exceptions import RedisError

from producer.contract import keys
from producer.contract.campaigns import Lane
from producer.contract.client import Client
from producer.contract.exchanges import Kept
from worker.hiding import LONGEST, Noted, hidden
from worker.preparing import Prepared
from worker.providers.exchange import AnswerLost, NotSent
from worker.providers.outcomes import Outcome, Submitted
from worker.providers.requests import Answer
from worker.settings import Account

_EVERY: Final = 1.0
_MOST_GOOD: Final = 5
_MOST_FAILED: Final = 50
"""Exchanges of one account that one process keeps in a second; good ones of each lane."""

_AT_FIRST: Final = 50
"""Good ones that are kept in the first second after a quiet time: all of a small campaign's."""

_AS_ONE: Final = 10
"""So many messages of a good exchange count like one exchange more: making them harmless takes as long."""

_MOST_BYTES: Final = 4 * LONGEST
"""Of an answer in memory until it is written."""

log = structlog.get_logger(__name__)


class Keeper:
    """Notes the exchanges of one account."""

    def __init__(self, account: Account) -> None:
        self.account = account
        self._noted: list[Noted] = []
        self._good = dict.fromkeys(Lane, _AT_FIRST)  # a campaign takes nothing away from urgent messages
        self._failed = _MOST_FAILED

    def note(
        self,
        prepared: Prepared,
        ending: Answer | NotSent | AnswerLost,
        outcomes: Sequence[Outcome],
        seconds: float,
    ) -> None:
        """Keep this exchange, which took `seconds` until now, unless enough are kept of this second."""
        if _is_good(outcomes):
            lane = prepared.claim.lane
            if self._good[lane] <= 0:
                return
            self._good[lane] -= 1 + len(outcomes) // _AS_ONE
        else:
            if self._failed <= 0:
                return
            self._failed -= 1
        self._noted.append(_noted(prepared, ending, outcomes, seconds))

    def take(self) -> list[Noted]:
        """What was noted since the last call; the next second begins."""
        taken, self._noted = self._noted, []
        self._good = {lane: min(_AT_FIRST, left + _MOST_GOOD) for lane, left in self._good.items()}
        self._failed = _MOST_FAILED
        return taken


class ExchangeBook:
    """Writes what the keepers of this process noted. Of each account and kind about `length` are kept; 0: none.

    A stream to which nothing comes for `life` seconds goes whole.
    """

    def __init__(self, redis: Client, *, length: int, life: float) -> None:
        self._redis = redis
        self._length = length
        self._life = int(life)
        self._keepers: list[Keeper] = []

    def keeper(self, account: Account) -> Keeper | None:
        """A new keeper of the account; None when nothing is to be kept."""
        if not self._length:
            return None
        self._keepers.append(Keeper(account))
        return self._keepers[-1]

    async def run(self) -> None:
        """Write once a second until cancelled; `flush` once more then."""
        while True:
            await asyncio.sleep(_EVERY)
            await self.flush()

    async def flush(self) -> None:
        """Write what was noted, in one trip; what Redis does not take now is let go.

        Never raises: no defect in keeping what nothing goes by may end a worker, or hold up its stop.
        """
        try:
            await self._write()
        except Exception:
            log.exception("exchanges_failed")

    async def _write(self) -> None:
        found = {
            keeper.account.name: records
            for keeper in self._keepers
            if (records := await _hidden(keeper.account, keeper.take()))
        }
        if not found:
            return
        async with self._redis.pipeline(transaction=True) as pipe:  # no stream is ever without its expiry
            for name, records in found.items():
                for kind, packed in records:
                    pipe.xadd(keys.exchanges(name, kind), packed, maxlen=self._length, approximate=True)
                for kind in {kind for kind, _ in records}:
                    pipe.expire(keys.exchanges(name, kind), self._life)
            try:
                await pipe.execute()
            except (RedisError, OSError) as error:
                log.warning("exchanges_lost", count=sum(map(len, found.values())), error=type(error).__name__)


async def _hidden(account: Account, noted: Sequence[Noted]) -> list[tuple[Kept, dict[str, bytes]]]:
    """The exchanges as they are kept; other work of the process goes on between two of them."""
    found: list[tuple[Kept, dict[str, bytes]]] = []
    for each in noted:
        await asyncio.sleep(0)
        try:
            record = hidden(each, account)
        except ValueError as error:
            log.warning("exchange_not_kept", account=account.name, error=str(error)[:200])
            continue
        found.append((Kept.GOOD if _is_good(each.outcomes) else Kept.FAILED, record.pack()))
    return found


def _is_good(outcomes: Sequence[Outcome]) -> bool:
    for outcome in outcomes:  # noqa: SIM110 - for every message sent, and `all` takes four times as long
        if not isinstance(outcome, Submitted):
            return False
    return True


def _noted(
    prepared: Prepared, ending: Answer | NotSent | AnswerLost, outcomes: Sequence[Outcome], seconds: float
) -> Noted:
    size = 0
    if isinstance(ending, Answer):
        size = len(ending.body)
        ending = Answer(status=ending.status, body=ending.body[:_MOST_BYTES], dialect=ending.dialect)
    return Noted(
        prepared=prepared,
        ending=ending,
        outcomes=tuple(outcomes),
        asked_at=time.time() - seconds,
        seconds=seconds,
        size=size,
    )
