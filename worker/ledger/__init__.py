"""The ledger: the only writer of message state. One typed function per Lua script, and the raw journal."""

from worker.ledger.journal import Journal, JournalEntry
from worker.ledger.ledger import Claimed, ClaimRequest, Evidence, Ledger, Recorded, Write
from worker.ledger.reading import CampaignView, LedgerReader

__all__ = [
    "CampaignView",
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
