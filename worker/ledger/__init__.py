"""The ledger: the only writer of message state. One typed function per Lua script, and the raw journal."""

from worker.ledger.journal import Journal, JournalEntry
from worker.ledger.ledger import Ledger
from worker.ledger.moves import ClaimAnswer, Claimed, ClaimRequest, Evidence, Recorded, Write
from worker.ledger.reading import CampaignView, LedgerReader

__all__ = [
    "CampaignView",
    "ClaimAnswer",
    "ClaimRequest",
    "Claimed",
    "Evidence",
    "Journal",
    "JournalEntry",
    "Ledger",
    "LedgerReader",
    "Recorded",
    "Write",
]
