"""Requests at once of some calls, per login and over all processes: fewer than all calls together may be."""

import asyncio
import time
import uuid
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager, suppress
from typing import Final

from redis.exceptions import RedisError

from producer.contract import keys
from producer.contract.client import Client
from producer.contract.scripts import Script
from worker.providers.interface import AtOnce
from worker.providers.requests import HttpRequest
from worker.throttle.windows import TooSoonError

_CROWD: Final = Script("worker.throttle", "crowd")
_LOOK_EVERY: Final = 0.05
_AGAIN_IN: Final = 1.0
"""Seconds: a place is free as soon as one of the requests is answered."""


class Crowd:
    """The places of one login's calls. `life`: seconds after which the place of a worker that died is free again;
    `patience`: seconds for which a request waits for one.
    """

    def __init__(
        self, redis: Client, login: str, table: Mapping[str, AtOnce], *, life: float, patience: float = 2.0
    ) -> None:
        self._patience = patience
        self._redis = redis
        self._login = login
        self._table = table
        self._life = life

    @asynccontextmanager
    async def place(self, request: HttpRequest) -> AsyncIterator[None]:
        """Hold a place while the request is made; TooSoonError when none gets free soon. Most calls need none."""
        limit = self._table.get(request.call)
        if limit is None:
            yield
            return
        name, member = keys.window(self._login, f"{limit.name}.at_once"), uuid.uuid4().hex
        ends = time.monotonic() + self._patience
        while not await _CROWD.run(self._redis, [name], [member, limit.most, int(self._life * 1000)]):
            if time.monotonic() >= ends:
                raise TooSoonError(request.call, _AGAIN_IN)
            await asyncio.sleep(_LOOK_EVERY)
        try:
            yield
        finally:
            with suppress(RedisError, OSError):  # it is free by itself when its life is over
                await self._redis.zrem(name, member)
