"""What chance decides in a kill storm, all from one seed: whose answers are lost, who dies, when Redis does."""

import random
from dataclasses import dataclass
from typing import Final

FAULTS: Final = {
    "981": "accepted, connection closed",
    "982": "connection closed before",
    "983": "accepted, answered too late",
    "984": "HTTP 503",
    "985": "HTTP 503 although accepted",
    "986": "garbage",
    "987": "empty",
    "988": "no id",
}
"""Endings of MSISDNs that have a fate at the sandbox, once each."""

RESTARTS: Final = 3
_SHARE: Final = 0.03
"""Of the recipients that meet a fault; a batch of ten meets those of all its members."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Weather:
    """`redis_at`: shares of all messages after whose acceptance Redis is killed."""

    recipients: dict[str, list[str]]
    redis_at: tuple[float, ...]
    chance: random.Random  # who dies next

    def faults(self) -> dict[str, int]:
        """How many recipients meet which fault."""
        endings = [who[-3:] for group in self.recipients.values() for who in group]
        return {words: endings.count(ending) for ending, words in FAULTS.items()}


def weather(seed: int, totals: dict[str, int]) -> Weather:
    """The storm of this seed, for so many recipients of each account."""
    chance = random.Random(seed)
    recipients = {name: [_recipient(chance, number) for number in range(total)] for name, total in totals.items()}
    redis_at = tuple(sorted(chance.uniform(0.1, 0.9) for _ in range(RESTARTS)))
    return Weather(recipients=recipients, redis_at=redis_at, chance=chance)


def _recipient(chance: random.Random, number: int) -> str:
    """An MSISDN of its own: the place is in its middle, the fate in its end."""
    ending = chance.choice(list(FAULTS)) if chance.random() < _SHARE else f"{chance.randrange(900):03}"
    return f"79{number:06}{ending}"
