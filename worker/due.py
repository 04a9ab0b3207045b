"""What is due to be looked at: one message of a submission that has not ended."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from producer.contract.campaigns import Lane, OnUncertain
from producer.contract.messages import MessageId, MessageRecord, Msisdn, Reference
from producer.contract.states import Event, State
from worker.ledger import LedgerReader
from worker.providers.interface import Lookup
from worker.settings import Tracking

_SHORTEST_LOOK: Final = 20.0
_LONGEST_LOOK: Final = 3600.0
_HELD_LOOK: Final = 3600.0

_LAST_LOOKS: Final = 2.0
"""So many times `give_up_after` a submission waits for an answer of a provider that can be asked about it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Open:
    """One message of a due submission that is not final yet."""

    message: MessageId
    record: MessageRecord
    msisdn: Msisdn
    lane: Lane
    policy: OnUncertain


def first_piece(
    references: Sequence[Reference], behind: Mapping[Reference, Sequence[MessageId]], most: int
) -> list[Reference]:
    """So many of the references that they are about `most` messages at most; one at least."""
    taken: list[Reference] = []
    messages = 0
    for reference in references:
        messages += len(behind.get(reference, ()))
        if taken and messages > most:
            break
        taken.append(reference)
    return taken


async def open_messages(
    reader: LedgerReader, behind: Mapping[Reference, Sequence[MessageId]]
) -> dict[Reference, list[Open]]:
    """The messages of submissions that are not final and still wait for that submission."""
    messages = [message for group in behind.values() for message in group]
    records = await reader.records(messages)
    recipients = await reader.recipients(messages)
    found: dict[Reference, list[Open]] = {}
    for reference, group in behind.items():
        for message in group:
            record, recipient = records.get(message), recipients.get(message)
            view = await reader.campaign(message.campaign)
            if record is None or recipient is None or view is None:
                continue
            if record.reference == reference and not record.state.is_final:
                campaign = view.campaign
                found.setdefault(reference, []).append(
                    Open(
                        message=message,
                        record=record,
                        msisdn=recipient.msisdn,
                        lane=campaign.lane,
                        policy=campaign.on_uncertain,
                    )
                )
    return found


def by_policy(row: Open, most_attempts: int) -> Event | None:
    """What policy makes of an uncertain message about which nobody can be asked; None: it stays so. Pure."""
    match row.policy:
        case OnUncertain.RESEND if row.record.attempts < most_attempts:
            return Event.DISPROVE
        case OnUncertain.ASSUME_SENT:
            return Event.ASSUME
        case OnUncertain.HOLD | OnUncertain.RESEND:
            return None


def is_over(row: Open, now: float, settings: Tracking, *, is_asked_about: bool) -> bool:
    """Whether a submission without a report is to be given up: in its time, or somewhat later where the provider can
    be asked, because a tracker that was away must ask before it gives anything up. Pure.
    """
    patience = settings.give_up_after * (_LAST_LOOKS if is_asked_about else 1.0)
    return row.record.state in {State.SUBMITTED, State.ENROUTE} and now - row.record.changed_at >= patience


def next_look(row: Open, now: float, settings: Tracking, lookup: Lookup | None, *, is_looked_for: bool) -> float:
    """Seconds until a submission is looked at again: the older it is, the longer. Pure.

    `lookup` is what the host has; `is_looked_for`: uncertain ones are matched with what the provider lists as sent.
    """
    age = now - row.record.changed_at
    if row.record.state is State.UNCERTAIN:
        if age < settings.lookup_grace:
            return max(1.0, settings.lookup_grace - age)
        return _later(age, lookup, is_looked_for=is_looked_for)
    left = settings.give_up_after - age
    if lookup is None:
        return max(1.0, left)
    if age < lookup.after:
        return max(1.0, min(lookup.after - age, left))
    shortest = min(_SHORTEST_LOOK, settings.poll_every)
    return max(1.0, min(max(shortest, age / 2), _LONGEST_LOOK, max(left, 1.0)))


def _later(age: float, lookup: Lookup | None, *, is_looked_for: bool) -> float:
    """An uncertain submission past its grace; where nobody can be asked, it is held."""
    if is_looked_for:
        return min(max(_SHORTEST_LOOK, age), _HELD_LOOK)
    return _SHORTEST_LOOK if lookup is not None and lookup.by_own_id else _HELD_LOOK
