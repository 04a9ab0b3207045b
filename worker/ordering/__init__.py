"""Orders of operators about many messages or dead letters: taken, carried out piece by piece, ended."""

from producer.contract.client import Client
from producer.contract.orders import OrderKind
from producer.orders import OrderBook
from worker.ledger import LedgerReader
from worker.ordering.cancelling import Cancelling
from worker.ordering.carrier import Carrier
from worker.ordering.gathering import GatheringAgain
from worker.ordering.pieces import Doer
from worker.ordering.replaying import Dropping, Replaying

__all__ = ["Carrier", "carrier_of"]


def carrier_of(redis: Client, reader: LedgerReader) -> Carrier:
    """A carrier that knows every kind of order."""
    doers: dict[OrderKind, Doer] = {
        OrderKind.REPLAY: Replaying(redis),
        OrderKind.DROP: Dropping(redis),
        OrderKind.CANCEL: Cancelling(redis, reader),
        OrderKind.AGAIN: GatheringAgain(redis, reader),
    }
    return Carrier(OrderBook(redis), doers)
