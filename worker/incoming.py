"""Incoming messages (MO): each handed on exactly once, whichever way it came; stop words; confirmation calls."""

import hashlib
import re
import time
from typing import Final

import orjson
import structlog

from producer.contract import keys
from producer.contract.client import Client
from producer.contract.messages import AccountName
from producer.contract.scripts import Script
from worker.providers.pushes import CallConfirmed, Incoming
from worker.settings import Account

_INCOMING: Final = Script("worker.ledger", "incoming")
_REMEMBERED: Final = 8 * 86_400
"""Seconds an incoming message is known by: longer than the 168 hours that get_answers reaches back (A6)."""

_LENGTH: Final = 100_000
_CALL_LIFE: Final = 900
"""Seconds in which a confirmation call may come (PROVIDERS.md A9)."""

log = structlog.get_logger(__name__)


class IncomingBook:
    """The incoming messages of one account."""

    def __init__(self, account: Account, redis: Client) -> None:
        self._account = account
        self._redis = redis

    async def take(self, incoming: Incoming) -> bool:
        """Hand one message on; False when it was handed on before (by a callback or a poll)."""
        now = int(time.time())
        is_stop = _plain(incoming.text) in self._account.stop_words
        entry = orjson.dumps({"since": now, "why": f"said {incoming.text.strip()[:20]}"}) if is_stop else b""
        fields = {
            "account": self._account.name,
            "id": incoming.id,
            "from": incoming.msisdn,
            "to": incoming.to,
            "text": incoming.text,
            "at": str(int(incoming.received_at.timestamp()) if incoming.received_at else now),
            "stop": str(int(is_stop)),
        }
        answer = await _INCOMING.run(
            self._redis,
            [keys.incoming_seen(AccountName(self._account.name)), keys.INCOMING, keys.SUPPRESSED],
            [
                "\n".join(_identities(incoming)),
                now,
                now - _REMEMBERED,
                _LENGTH,
                entry,
                incoming.msisdn,
                *(part for pair in fields.items() for part in pair),
            ],
        )
        if answer:
            await self._redis.hincrby(keys.totals(AccountName(self._account.name)), "incoming", 1)
        if answer and is_stop:
            log.info("number_suppressed", account=self._account.name)
        return bool(answer)

    async def confirm(self, call: CallConfirmed) -> None:
        """Note that a subscriber called: whoever waits for the confirmation finds it."""
        name = keys.calls(AccountName(self._account.name))
        await self._redis.hset(name, call.msisdn, str(int(time.time())))
        await self._redis.expire(name, _CALL_LIFE)


def _plain(text: str) -> str:
    """The words alone: case, quotes and punctuation are not what somebody means by stop."""
    return " ".join(re.findall(r"\w+", text[:200])).casefold()


def _identities(incoming: Incoming) -> list[str]:
    """What the same message is recognised by when it comes again, perhaps another way: id; content and time."""
    found = [f"id:{incoming.id}"] if incoming.id else []
    if incoming.sent or not found:
        content = orjson.dumps([incoming.msisdn, incoming.to, incoming.text, incoming.sent])
        found.append(f"content:{hashlib.blake2b(content, digest_size=12).hexdigest()}")
    return found
