"""Connections that leave a server which is no longer the primary, and find the one that is.

redis-py alone waits nested (a call that meets a lost connection connects again, and each of its own tries is one
of the call's), and stays for ever on a primary that was demoted while its connections were left open.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Final, Protocol

from redis.asyncio.connection import AbstractConnection, Connection, SSLConnection, UnixDomainSocketConnection
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from redis.exceptions import ConnectionError as RedisConnectionError
from redis.exceptions import ReadOnlyError, ResponseError

Place = tuple[str, int]
"""Host and port."""

_ONCE: Final = Retry(NoBackoff(), 0)
_DEMOTED: Final = "READONLY"  # in the words, when a script of Redis 6.2 met it
_PRIMARY: Final = b"master"
_CLOSED: Final = "the handler is closed"  # uvloop's RuntimeError, where asyncio raises an OSError or nothing


class NotPrimaryError(RedisConnectionError):
    """The server is a replica: nothing was changed there. A kind of ConnectionError, so it is tried again."""


class SteadyConnection(AbstractConnection):
    """A connection that one call tries to renew once at a time, and that is given up when its server is demoted."""

    async def send_packed_command(self, command: Any, check_health: bool = True) -> None:  # noqa: FBT001, FBT002 - redis-py's
        """Send; what was lost is connected once, because the call that sends tries again itself."""
        with _closed_is_lost():
            if not self.is_connected:
                usual, self.retry = self.retry, _ONCE
                try:
                    await self.connect()  # type: ignore[no-untyped-call]  # redis-py's
                finally:
                    self.retry = usual
            await super().send_packed_command(command, check_health)

    async def read_response(self, *args: Any, **options: Any) -> Any:  # Any: redis-py's own signature
        """Read an answer; a server that may not write any more is left."""
        try:
            with _closed_is_lost():
                return await super().read_response(*args, **options)
        except ResponseError as error:
            if not isinstance(error, ReadOnlyError) and _DEMOTED not in str(error):
                raise
            await self.disconnect(nowait=True)
            raise NotPrimaryError(f"{self._host_error()} is a replica, it takes no writes") from error


@contextmanager
def _closed_is_lost() -> Iterator[None]:
    """A connection that was closed between two of its own steps is lost, like any other that is."""
    try:
        yield
    except RuntimeError as error:
        if _CLOSED not in str(error):
            raise
        raise RedisConnectionError("the connection was closed while it was used") from error


class TcpConnection(SteadyConnection, Connection):
    """A steady connection for `redis://`."""


class TlsConnection(SteadyConnection, SSLConnection):
    """A steady connection for `rediss://`."""


class UnixConnection(SteadyConnection, UnixDomainSocketConnection):
    """A steady connection for `unix://`."""


class Guide(Protocol):
    """Knows where the primary is."""

    async def primary(self) -> Place:
        """Ask for it. ConnectionError when nobody knows."""
        ...

    async def moved(self, place: Place) -> bool:
        """Whether it is known to be elsewhere than at `place`. Asks now and then, and raises nothing."""
        ...

    def distrust(self) -> None:
        """What was said last turned out to be wrong: ask somebody else first."""
        ...


class FollowingConnection(TcpConnection):
    """A connection that asks where the primary is whenever it connects, and leaves a server that is no longer it."""

    def __init__(self, *, guide: Guide, **options: Any) -> None:  # Any: redis-py's own options
        super().__init__(**options)
        self._guide = guide

    async def connect(self) -> None:
        """Connect, or make sure that the server we are connected to is still named: the pool asks before each use."""
        if self.is_connected and await self._guide.moved((self.host, self.port)):
            await self.disconnect(nowait=True)
        await super().connect()  # type: ignore[no-untyped-call]  # redis-py's

    async def _connect(self) -> None:
        self.host, self.port = await self._guide.primary()
        try:
            await super()._connect()  # type: ignore[no-untyped-call]  # redis-py's
        except OSError:
            self._guide.distrust()
            raise

    async def on_connect(self) -> None:
        """Log in, and ask for the server's own word: a Sentinel may be behind."""
        await super().on_connect()
        await self.send_command("ROLE", check_health=False)
        role = await self.read_response(disable_decoding=True)
        if role[0] != _PRIMARY:
            self._guide.distrust()
            raise NotPrimaryError(f"{self._host_error()} is a replica; its Sentinel does not know yet")


class FollowingTlsConnection(FollowingConnection, TlsConnection):
    """The same with TLS."""


STEADY: Final[dict[type[AbstractConnection], type[AbstractConnection]]] = {
    Connection: TcpConnection,
    SSLConnection: TlsConnection,
    UnixDomainSocketConnection: UnixConnection,
}
"""redis-py's kind of connection -> ours."""
