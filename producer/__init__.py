"""Volley's producer side: what any service imports to hand campaigns to Volley over Redis.

    async with CampaignProducer.connected("redis://localhost:6379/0") as producer:
        done = await producer.submit(account_name="moscow", text="Hello $name", recipients="people.csv")
        progress = await producer.progress(done.campaign)

Everything else here may change; these names, and the wire contract in `producer/contract`, may not.
"""

from producer.client import CampaignProducer
from producer.contract.campaigns import CampaignState, Lane, OnUncertain, Progress, Recipient, Refusal
from producer.contract.messages import MessageId
from producer.contract.states import State
from producer.errors import (
    CampaignExistsError,
    NoRecipientsError,
    ProducerError,
    TextError,
    UnknownAccountError,
    UnknownCampaignError,
)
from producer.refusing import RedisRefusesError
from producer.storing import Submitted
from producer.unreadable import RecipientsError

__all__ = [
    "CampaignExistsError",
    "CampaignProducer",
    "CampaignState",
    "Lane",
    "MessageId",
    "NoRecipientsError",
    "OnUncertain",
    "ProducerError",
    "Progress",
    "Recipient",
    "RecipientsError",
    "RedisRefusesError",
    "Refusal",
    "State",
    "Submitted",
    "TextError",
    "UnknownAccountError",
    "UnknownCampaignError",
]
