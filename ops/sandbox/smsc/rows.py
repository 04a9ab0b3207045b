"""A message of the ledger as the smsc family shows it."""

from typing import Final
from zlib import crc32

from ops.sandbox.accounts import PRICE, money
from ops.sandbox.config import Family
from ops.sandbox.gateway import Gateway
from ops.sandbox.ledger import Message
from ops.sandbox.smsc.answers import SentRow
from ops.sandbox.smsc.operators import place_of

PRICE_OF_ONE: Final = PRICE[Family.SMSC]  # hundredths a segment

# A4: status names
STATUS_NAMES: Final = {
    -1: "Waiting to be sent",
    0: "Handed to operator",
    1: "Delivered",
    2: "Read",
    3: "Expired",
    4: "Link clicked",
    20: "Undeliverable",
    22: "Wrong number",
    23: "Forbidden",
    24: "Not enough money",
    25: "Unavailable number",
}


def sent_row(gateway: Gateway, message: Message, spelling: str) -> SentRow:
    """Describe where a message stands now; `spelling` is the phone as it was asked for (A4)."""
    standing = gateway.standing(message)
    return SentRow(
        status=standing.status,
        changed=int(standing.since),
        err=standing.err,
        sent=int(message.received_unix),
        phone=spelling,
        cost="0" if message.refused else price_of(message.segments),
        sender=message.sender,
        status_name=STATUS_NAMES[standing.status],
        text=message.text,
        place=place_of(message.phone),
        kind=message.kind,
        reference=message.provider_id,
        number=message.number,
        segments=message.segments,
        crc=crc32(message.text.encode("utf-8", "replace")),
    )


def price_of(segments: int) -> str:
    """Write what that many segments cost."""
    return money(segments * PRICE_OF_ONE)
