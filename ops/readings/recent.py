"""What happened to submissions in the last minutes: how many were accepted, which codes the others got."""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Final

from ops.readings.fields import Fields, counts, read_clock
from ops.readings.reasons import explain
from producer.contract import keys
from producer.contract.client import Client
from producer.contract.messages import AccountName

MINUTES: Final = 5
_ACCEPTED: Final = "submitted"


@dataclass(frozen=True, slots=True, kw_only=True)
class Ending:
    """How submissions ended other than accepted. `code` and `words` are empty where nobody said."""

    outcome: str
    code: str
    words: str
    count: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Recent:
    """The last `MINUTES` minutes and the one that runs, of one account. `endings` come most frequent first."""

    accepted: int = 0
    total: int = 0
    endings: tuple[Ending, ...] = ()


async def read_recent(redis: Client, accounts: Iterable[AccountName]) -> dict[AccountName, Recent]:
    """Of each account, in two round trips."""
    names = list(accounts)
    last = int((await read_clock(redis)).timestamp()) // 60
    async with redis.pipeline(transaction=False) as pipe:
        for name in names:
            pipe.hgetall(keys.words(name))
            for number in range(last - MINUTES, last + 1):
                pipe.hgetall(keys.minute(name, number))
        answers = await pipe.execute()
    each = MINUTES + 2
    return {
        name: _recent(answers[place * each], answers[place * each + 1 : (place + 1) * each])
        for place, name in enumerate(names)
    }


def _recent(words: Fields, minutes: Iterable[Fields]) -> Recent:
    total: Counter[str] = Counter()
    for minute in minutes:
        total.update(counts(minute))
    return Recent(
        accepted=sum(count for field, count in total.items() if field.split(" ")[0] == _ACCEPTED),
        total=sum(total.values()),
        endings=tuple(_endings(total, words)),
    )


def _endings(total: Mapping[str, int], words: Fields) -> Iterable[Ending]:
    for field, count in sorted(total.items(), key=lambda item: (-item[1], item[0])):
        outcome, _, code = field.partition(" ")
        if outcome != _ACCEPTED:
            yield Ending(outcome=outcome, code=code, words=explain(code, words), count=count)
