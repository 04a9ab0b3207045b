"""What is due to be looked at: one message of a submission that has not ended."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from producer.contract.campaigns import Lane, OnUncertain
from producer.contract.messages import MessageId, MessageRecord, Msisdn, Reference
from worker.ledger import LedgerReader


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
