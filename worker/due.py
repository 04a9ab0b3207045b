"""What is due to be looked at: one message of a submission that has not ended."""

from dataclasses import dataclass

from producer.contract.campaigns import Lane, OnUncertain
from producer.contract.messages import MessageId, MessageRecord, Msisdn


@dataclass(frozen=True, slots=True, kw_only=True)
class Open:
    """One message of a due submission that is not final yet."""

    message: MessageId
    record: MessageRecord
    msisdn: Msisdn
    lane: Lane
    policy: OnUncertain
