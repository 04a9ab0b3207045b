"""Which callbacks are due when, and in which order: a plan per event, drawn once with the account's own dice."""

import asyncio
import heapq
from collections.abc import Iterator
from dataclasses import dataclass, field
from enum import StrEnum
from itertools import count
from random import Random

from ops.sandbox.accounts import Account
from ops.sandbox.config import Pushing
from ops.sandbox.ledger import Message
from ops.sandbox.progress import Timing, end_of
from ops.sandbox.pushing.events import Incoming


class Stage(StrEnum):
    """What one callback is about."""

    ENROUTE = "enroute"
    FINAL = "final"
    INCOMING = "incoming"
    RING = "ring"  # no callback: a subscriber makes the call that is waited for


@dataclass(slots=True, kw_only=True)
class Plan:
    """The callbacks of one subject, made one after the other: (due at, stage). `url` is a message's own address.

    The subject of a ring is the phone that calls.
    """

    account: Account
    subject: Message | Incoming | str
    steps: list[tuple[float, Stage]]
    url: str = ""
    attempts: int = 0


@dataclass(slots=True)
class Pushes:
    """The plans that wait for their next step, soonest first."""

    _waiting: list[tuple[float, int, Plan]] = field(default_factory=list)
    _order: Iterator[int] = field(default_factory=count)
    woken: asyncio.Event = field(default_factory=asyncio.Event)

    def expect(self, plan: Plan, due: float | None = None) -> None:
        """Wait until a plan's next step is due (or until `due`, if that is later)."""
        at = max(plan.steps[0][0], due or 0.0)
        heapq.heappush(self._waiting, (at, next(self._order), plan))
        self.woken.set()

    def due(self, now: float) -> Iterator[Plan]:
        """Take out what is due."""
        while self._waiting and self._waiting[0][0] <= now:
            yield heapq.heappop(self._waiting)[2]
        if not self._waiting:
            self.woken.clear()

    def forget(self) -> None:
        """Drop every plan."""
        self._waiting.clear()

    def __len__(self) -> int:
        return len(self._waiting)


def plan_message(account: Account, message: Message, timing: Timing) -> Plan:
    """Plan the reports of an accepted message; one that is never reported has only its first."""
    left, end = message.received_at + message.delay + account.pushing.delay, end_of(message, timing)
    steps = [(left + timing.enroute_after, Stage.ENROUTE)]
    if end is not None:
        steps = [step for step in steps if step[0] <= left + end.after] + [(left + end.after, Stage.FINAL)]
    return Plan(account=account, subject=message, steps=drawn(steps, account.pushing, account.dice))


def plan_own_report(account: Account, message: Message, timing: Timing, url: str) -> Plan | None:
    """Plan the one report that a restv2 message's own address gets: the final one (B9)."""
    end = end_of(message, timing)
    if end is None:
        return None
    due = message.received_at + message.delay + account.pushing.delay + end.after
    steps = drawn([(due, Stage.FINAL)], account.pushing, account.dice)
    return Plan(account=account, subject=message, steps=steps, url=url)


def plan_incoming(account: Account, message: Incoming, now: float) -> Plan:
    """Plan the callback of an incoming message or call."""
    steps = drawn([(now + account.pushing.delay, Stage.INCOMING)], account.pushing, account.dice)
    return Plan(account=account, subject=message, steps=steps)


def drawn(steps: list[tuple[float, Stage]], pushing: Pushing, dice: Random) -> list[tuple[float, Stage]]:
    """Let chance repeat steps and turn their order round; two steps in the wrong order share the later time."""
    if pushing.twice:
        steps = [step for step in steps for _ in range(1 + (dice.random() < pushing.twice))]
    if pushing.shuffled and dice.random() < pushing.shuffled:
        last = steps[-1][0]
        steps = [(last, stage) for _, stage in reversed(steps)]
    return steps
