"""The audit: the provider's own ledger against ours, recipient by recipient, and what is left in Redis."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

from producer.contract import keys
from producer.contract.campaigns import Lane
from producer.contract.jobs import JOB_PREFIX
from producer.contract.messages import AccountName, MessageRecord
from producer.contract.states import State
from tests.support_system import System

_SENT: Final = {State.SUBMITTED, State.ENROUTE, State.DELIVERED, State.UNDELIVERED}
_OPEN: Final = {State.QUEUED, State.IN_FLIGHT, State.DEFERRED}


@dataclass(kw_only=True)
class Audit:
    """Figures of some campaigns; `complaints` is empty when every promise was kept."""

    recipients: int = 0
    accepted: int = 0
    twice: int = 0
    forgotten: int = 0
    uncertain: Counter[str] = field(default_factory=Counter)
    unreported: int = 0
    states: Counter[str] = field(default_factory=Counter)
    complaints: list[str] = field(default_factory=list)

    def complain(self, words: str) -> None:
        self.complaints.append(words)


async def audit(system: System, campaigns: Mapping[str, tuple[str, list[str]]]) -> Audit:
    """`campaigns`: id -> its account and its recipients; each campaign's text begins with `id:`."""
    found = Audit()
    messages = await system.provider.messages()
    for name, (account, recipients) in campaigns.items():
        copies = Counter(message["phone"] for message in messages if message["text"].startswith(f"{name}:"))
        records = await system.records(name)
        await _count(system, found, name, recipients, copies, records)
        await _locks(system, found, account)
    return found


async def _count(
    system: System,
    found: Audit,
    name: str,
    recipients: list[str],
    copies: Counter[str],
    records: Mapping[str, MessageRecord],
) -> None:
    progress = await system.progress(name)
    found.recipients += len(recipients)
    found.accepted += len(copies)
    twice = sum(count - 1 for count in copies.values())
    found.twice += twice
    found.states.update({state.value: count for state, count in progress.states.items()})
    if twice:
        found.complain(f"{name}: {twice} were sent twice: {[who for who, count in copies.items() if count > 1][:3]}")
    unregistered = progress.total - len(records)
    missing = len(set(recipients) - set(records)) - progress.states.get(State.CANCELLED, 0)
    if progress.total != len(recipients) or sum(progress.states.values()) != len(recipients) or missing > 0:
        found.forgotten += max(missing, 0)
        found.complain(f"{name}: {len(recipients)} recipients, {progress.total} in all, {progress.states}")
    counted = Counter(record.state for record in records.values())
    if not unregistered and counted != Counter({s: n for s, n in progress.states.items() if n}):
        found.complain(f"{name}: counters {progress.states} are not the records {counted}")
    for who, record in records.items():
        _judge(found, name, who, record, copies)
    listed = await system.redis.zcard(keys.uncertain(progress.account))
    if counted[State.UNCERTAIN] > listed:
        found.complain(f"{name}: {counted[State.UNCERTAIN]} are uncertain, {listed} are on the list")


def _judge(found: Audit, name: str, who: str, record: MessageRecord, copies: Mapping[str, int]) -> None:
    """One recipient: what we say of it against what the provider did."""
    if record.state in _OPEN:
        found.forgotten += 1
        found.complain(f"{name}: {who} is still {record.state}")
    elif record.state is State.UNCERTAIN:
        found.uncertain[record.code] += 1
        if not record.code:
            found.complain(f"{name}: {who} is uncertain, and nothing says why")
    elif record.code == "volley.no_report":
        found.unreported += 1
    elif record.state in _SENT and who not in copies:
        found.complain(f"{name}: {who} is {record.state} and never reached the provider")
    elif record.state not in _SENT and who in copies:
        found.complain(f"{name}: {who} is {record.state} ({record.code}), but the provider has it")


async def _locks(system: System, found: Audit, account: str) -> None:
    """Nothing is left that would hold anybody up."""
    name = AccountName(account)
    for lane in Lane:
        if jobs := await system.redis.zrange(keys.queue(name, lane), 0, 3):
            found.complain(f"{account}: jobs are left in the {lane} queue: {jobs}")
    bodies = [key async for key in system.redis.scan_iter(f"{JOB_PREFIX}*/*", count=1000)]
    if bodies:
        found.complain(f"bodies of jobs are left: {bodies[:3]}")
