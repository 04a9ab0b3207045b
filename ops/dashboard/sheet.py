"""The messages of a campaign that fit a filter as CSV, chunk by chunk, beside everything else that this process does.

A million messages are a million rows, so a row is made from the packed record as it lies in Redis, and text that
comes again (states, codes, times) is made once. Between two pieces the process is everybody else's for as long as the
piece took.
"""

import asyncio
import csv
import io
import time
from collections.abc import AsyncIterator, Callable
from datetime import UTC, datetime
from typing import Final

from ops.readings.fields import Fields
from ops.readings.reasons import explain
from producer.contract import keys
from producer.contract.client import Client
from producer.contract.codec import msisdns_of
from producer.contract.messages import FORGOTTEN, AccountName, CampaignId, Msisdn
from producer.contract.orders import Filter
from producer.contract.states import STATES_BY_LETTER
from producer.roster import Packed, Sieve, read_roster

COLUMNS: Final = ("message", "msisdn", "state", "attempts", "changed_at", "reference", "code", "words")

_CHUNKS_A_TRIP: Final = 4
_MOST_TIMES: Final = 10_000
_MOST_PAUSE: Final = 0.1
_STATES: Final = {letter.encode(): state.value for letter, state in STATES_BY_LETTER.items()}
_FORMULA: Final = ("=", "+", "-", "@", "\t", "\r")

Shown = Callable[[Msisdn], str]


async def sheet(redis: Client, campaign: CampaignId, wanted: Filter, shown: Shown) -> AsyncIterator[bytes]:
    """CSV in pieces of at most 800 rows, empty ones left out. What a spreadsheet would take for a formula is text."""
    account, chunks = await redis.hmget(keys.campaign(campaign), ["account", "chunks"])
    words = await redis.hgetall(keys.words(AccountName((account or b"").decode())))
    rows = _Rows(campaign, wanted, shown, words)
    yield (",".join(COLUMNS) + "\n").encode()
    for first in range(0, int(chunks or 0), _CHUNKS_A_TRIP):
        numbers = range(first, min(first + _CHUNKS_A_TRIP, int(chunks or 0)))
        chunks_read = await read_roster(redis, campaign, numbers)
        began = time.perf_counter()
        made = "".join([rows.of(chunk) for chunk in chunks_read])
        if made:
            yield made.encode()
        await asyncio.sleep(min(time.perf_counter() - began, _MOST_PAUSE))


class _Rows:
    """Makes the rows of one sheet."""

    def __init__(self, campaign: CampaignId, wanted: Filter, shown: Shown, words: Fields) -> None:
        self._campaign = campaign
        self._sieve = Sieve(wanted)
        self._shown = shown
        self._words = words
        self._reasons: dict[bytes, str] = {}
        self._times: dict[bytes, str] = {}

    def of(self, chunk: Packed) -> str:
        """The rows of those messages of a chunk that fit."""
        places = self._sieve.places(chunk)
        if chunk.data is None or not places:
            return ""
        made, address, msisdns = [], f"{self._campaign}/{chunk.number}.", msisdns_of(chunk.data)
        for place in places:
            record = chunk.records.get(b"%d" % place, chunk.absent)
            letter, attempts, changed_at, _, reference, code, *_ = record.split(b"|")
            number = "" if msisdns[place] == FORGOTTEN else self._shown(msisdns[place])
            cells = (number, _STATES[letter], attempts.decode(), self._time(changed_at), _cell(reference))
            made.append(f"{address}{place},{','.join(cells)},{self._reason(code)}\n")
        return "".join(made)

    def _time(self, seconds: bytes) -> str:
        """ISO 8601 in UTC; empty for never."""
        told = self._times.get(seconds)
        if told is None:
            if len(self._times) >= _MOST_TIMES:
                self._times.clear()
            at = int(seconds)
            told = self._times[seconds] = datetime.fromtimestamp(at, UTC).isoformat() if at else ""
        return told

    def _reason(self, code: bytes) -> str:
        """The cells of a code and its words."""
        told = self._reasons.get(code)
        if told is None:
            words = explain(code.decode(), self._words) if code else ""
            told = self._reasons[code] = f"{_cell(code)},{_cell(words.encode())}"
        return told


def _cell(data: bytes) -> str:
    """A text as a cell."""
    text = data.decode()
    if text.isalnum() or not text:
        return text
    line = io.StringIO(newline="")
    csv.writer(line, lineterminator="").writerow([f"'{text}" if text.startswith(_FORMULA) else text])
    return line.getvalue()
