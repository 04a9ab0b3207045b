"""Redis under Sentinel: `sentinel://[user:password@]host:port,host:port/service[/db][?option=value]`.

The Sentinels are asked where the primary is whenever a connection is made, and once a second. User, password and
options are those of the data servers; `sentinel_username`, `sentinel_password` log in at the Sentinels, `ssl=true`
means TLS to both.
"""

import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final, Self
from urllib.parse import parse_qsl, urlencode, urlsplit

from redis.asyncio import Redis
from redis.asyncio.connection import parse_url
from redis.exceptions import ConnectionError as RedisConnectionError
from redis.exceptions import RedisError

SCHEME: Final = "sentinel"

_PORT: Final = 26379
_ANSWERS_IN: Final = 1.0
_ASK_EVERY: Final = 1.0
_OWN: Final = ("sentinel_username", "sentinel_password", "ssl")
_FORM: Final = "sentinel://host:port,host:port/service[/db]"


class NoPrimaryError(RedisConnectionError):
    """No Sentinel could say where the primary is. A kind of ConnectionError, so it is retried."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Watched:
    """A service that Sentinels watch. `options` are redis-py's for a connection to a data server."""

    sentinels: tuple[tuple[str, int], ...]
    service: str
    tls: bool
    options: Mapping[str, Any] = field(repr=False)  # Any: redis-py's own options
    login: Mapping[str, str] = field(repr=False)

    @classmethod
    def read(cls, url: str) -> Self:
        """The parts of a URL; ValueError says what is wrong with it."""
        parts = urlsplit(url)
        who, _, places = parts.netloc.rpartition("@")
        service, _, db = parts.path.strip("/").partition("/")
        if parts.scheme != SCHEME or not places or not service or not (db or "0").isdecimal():
            raise ValueError(f"a Sentinel address has the form {_FORM}")
        query = dict(parse_qsl(parts.query))
        own = {name: query.pop(name) for name in _OWN if name in query}
        tls = own.pop("ssl", "false").lower() == "true"
        scheme = "rediss" if tls else "redis"
        options = dict(parse_url(f"{scheme}://{who}{'@' if who else ''}-/{db or 0}?{urlencode(query)}"))
        for name in ("host", "port", "connection_class"):
            options.pop(name, None)
        return cls(
            sentinels=tuple(map(_place, places.split(","))),
            service=service,
            tls=tls,
            options=options,
            login={name.removeprefix("sentinel_"): value for name, value in own.items()},
        )


class Sentinels:
    """Asks a service's Sentinels where its primary is, those first that were right before."""

    def __init__(self, watched: Watched) -> None:
        self._watched = watched
        self._order = list(watched.sentinels)
        self._asked_at = 0.0

    async def primary(self) -> tuple[str, int]:
        """Host and port, as the first Sentinel that knows them says. Raises NoPrimaryError."""
        self._asked_at = time.monotonic()
        failed = []
        for place in tuple(self._order):
            try:
                found = await self._ask(*place)
            except (RedisError, OSError, TimeoutError) as error:
                failed.append(f"{place[0]}:{place[1]} ({type(error).__name__})")
                self.distrust()
                continue
            if found:
                return found
            failed.append(f"{place[0]}:{place[1]} (does not know it)")
            self.distrust()
        raise NoPrimaryError(f"no Sentinel knows the primary of {self._watched.service!r}: {', '.join(failed)}")

    async def moved(self, place: tuple[str, int]) -> bool:
        """Whether the primary is known to be elsewhere. Asks once a second at most; no answer is no."""
        if time.monotonic() < self._asked_at + _ASK_EVERY:
            return False
        try:
            return await self.primary() != place
        except NoPrimaryError:
            return False

    def distrust(self) -> None:
        """What the first one said was wrong: it is asked last from now on."""
        self._order.append(self._order.pop(0))

    async def _ask(self, host: str, port: int) -> tuple[str, int] | None:
        watched = self._watched
        options: dict[str, Any] = {name: value for name, value in watched.options.items() if name.startswith("ssl_")}
        options |= {"host": host, "port": port, "ssl": watched.tls, "socket_timeout": _ANSWERS_IN, **watched.login}
        async with Redis(decode_responses=True, **options) as client:
            found = await client.sentinel_get_master_addr_by_name(watched.service)  # type: ignore[no-untyped-call]  # redis-py's
        return (str(found[0]), int(found[1])) if found else None


def _place(text: str) -> tuple[str, int]:
    """`host`, `host:port`, `[v6]:port`."""
    try:
        parts = urlsplit(f"//{text.strip()}")
        host, port = parts.hostname, parts.port
    except ValueError:
        host = None
    if not host:
        raise ValueError(f"a Sentinel address has the form {_FORM}")
    return host, port or _PORT
