"""Sessions: who came in, kept in Redis under a hash of the cookie, so that every web process knows them."""

import asyncio
import hashlib
import hmac
import secrets
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final

from redis.exceptions import RedisError

from ops.dashboard.access.credentials import Credentials, Known
from producer.contract import keys
from producer.contract.client import Client

IDLE: Final = 12 * 3600
"""Seconds without a request after which a session is over."""

LONGEST: Final = 7 * 86_400
"""Seconds after the login when it is over in any case."""

_TRUSTED: Final = 5.0
"""Seconds for which a session that was found is believed without asking Redis: a logout elsewhere takes so long."""

_TRUSTED_AWAY: Final = 300.0
"""The same while Redis is away: the page must be able to say that it is."""

_ANSWERS_IN: Final = 2.0
_MOST_KNOWN: Final = 1000


@dataclass(frozen=True, slots=True, kw_only=True)
class Session:
    """Somebody who is in. `form_token` is what every form of this session carries; it says nothing of the cookie."""

    known: Known
    form_token: str = field(repr=False)


@dataclass(slots=True, kw_only=True)
class _Found:
    """A session that Redis told of; `asked_at` is when it was asked last, whether it answered or not."""

    session: Session
    found_at: float
    asked_at: float


class Sessions:
    """The sessions of all web processes on one Redis."""

    def __init__(
        self, redis: Client, credentials: Credentials, *, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._redis = redis
        self._credentials = credentials
        self._clock = clock
        self._found: dict[str, _Found] = {}

    async def begin(self, known: Known) -> str:
        """A new session; what its cookie holds."""
        cookie = secrets.token_urlsafe(32)
        name = keys.web_session(_hashed(cookie))
        async with self._redis.pipeline(transaction=True) as pipe:
            pipe.hset(name, mapping={"who": known.name, "mark": known.mark, "began_at": int(time.time())})
            pipe.expire(name, IDLE)
            await pipe.execute()
        return cookie

    async def find(self, cookie: str) -> Session | None:
        """The session of a cookie, None when there is none (any more). It lives on from now.

        While Redis is away, sessions that this process has found lately stand, and others raise its error.
        """
        hashed, now = _hashed(cookie), self._clock()
        kept = self._found.get(hashed)
        if kept is not None and now - kept.asked_at < _TRUSTED:
            return kept.session
        try:
            async with asyncio.timeout(_ANSWERS_IN):
                session = await self._look(cookie, hashed)
        except (RedisError, OSError, TimeoutError):
            if kept is None or now - kept.found_at > _TRUSTED_AWAY:
                raise
            kept.asked_at = self._clock()
            return kept.session
        self._found.pop(hashed, None)
        if session is not None:
            self._remember(hashed, session)
        return session

    async def end(self, cookie: str) -> None:
        """Log out."""
        self._found.pop(_hashed(cookie), None)
        await self._redis.delete(keys.web_session(_hashed(cookie)))

    async def _look(self, cookie: str, hashed: str) -> Session | None:
        name = keys.web_session(hashed)
        who, mark, began_at = await self._redis.hmget(name, ["who", "mark", "began_at"])
        if who is None or mark is None or began_at is None:
            return None
        known = self._credentials.still(who.decode(), mark.decode())
        left = int(began_at) + LONGEST - time.time()
        if known is None or left <= 0:
            await self._redis.delete(name)
            return None
        await self._redis.expire(name, max(1, min(IDLE, int(left))))
        return Session(known=known, form_token=form_token(cookie))

    def _remember(self, hashed: str, session: Session) -> None:
        while len(self._found) >= _MOST_KNOWN:
            self._found.pop(next(iter(self._found)))
        now = self._clock()
        self._found[hashed] = _Found(session=session, found_at=now, asked_at=now)


def form_token(cookie: str) -> str:
    """What the forms of the session with this cookie carry."""
    return hmac.new(cookie.encode(errors="surrogatepass"), b"volley form v1", "sha256").hexdigest()


def _hashed(cookie: str) -> str:
    """What Redis knows a cookie by: nobody comes in with what stands there."""
    return hashlib.sha256(cookie.encode(errors="surrogatepass")).hexdigest()
