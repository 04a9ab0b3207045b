"""Push: the receiver of provider callbacks, mounted in the web process; journal first, answer, apply after.

Each account has a secret path, `/callbacks/ACCOUNT/TOKEN`. What arrives is checked for its signature, put on
the account's stream of pushes in one step, and answered; the tracker applies it from there. A forged request
is counted and never kept. Body, fields and rate are bounded.
"""

import asyncio
import os
from collections.abc import Mapping
from typing import Final

import orjson
import structlog
from aiohttp import web
from aiolimiter import AsyncLimiter

from producer.contract import keys
from producer.contract.client import Client, Value
from producer.contract.messages import AccountName
from producer.masking import HIDDEN
from worker.ledger.journal import asked_field
from worker.providers.pushes import Forged, PushKey, PushRequest, Unreadable, path_for
from worker.providers.registry import PUSHES
from worker.settings import AbsentError, Account, Settings, load

READY: Final = "Volley-Callbacks"
"""The header by which `volley doctor` knows that it is us who answers at a callback's address."""

_MOST_BODY: Final = 64 * 1024
_MOST_QUERY: Final = 4096
_MOST_A_SECOND: Final = 2000
_SLOWEST: Final = 10.0
"""Seconds for a body of at most 64 KB; what is slower holds a connection and has nothing to say."""
_MOST_WAITING: Final = 200_000

log = structlog.get_logger(__name__)


def path_of(account: Account) -> str:
    """Where the provider is to call for this account."""
    return path_for(account.name, account.push_key.secret)


def addresses(settings: Settings) -> str:
    """What to write into each provider's cabinet, a line an account; its owner fills the secret in."""
    lines = [
        f"{account.name}: https://YOUR-HOST{path_of(account)}{options}"
        for account in settings.accounts.values()
        if account.push_key.secret and (options := _options(account)) is not None
    ]
    return "\n".join([*lines, ""]) if lines else "no account has a callback_secret (and a family that pushes)\n"


def _options(account: Account) -> str | None:
    push = PUSHES.get(account.family.name)
    return push.options if push else None


def mount(app: web.Application, redis: Client, settings: Settings) -> list[str]:
    """Add the routes of every account with a callback secret; their names, empty when there is none."""
    receivers = [
        Receiver(account, redis)
        for account in settings.accounts.values()
        if account.push_key.secret and account.family.name in PUSHES
    ]
    for receiver in receivers:
        app.router.add_route("*", path_of(receiver.account), receiver.receive)
    return [receiver.account.name for receiver in receivers]


def mount_configured(app: web.Application, redis: Client, redis_url: str) -> list[str]:
    """Mount what ./volley.toml (or VOLLEY_CONFIG) asks for; nothing where there is none, or its secrets are not here.

    ValueError, which names the setting, when something in it is wrong: callbacks that nobody receives are lost.
    """
    try:
        settings = load(os.environ | {"REDIS_URL": redis_url})
    except AbsentError as error:
        log.warning("callbacks_not_mounted", reason=str(error))
        return []
    return mount(app, redis, settings)


class Receiver:
    """Receives one account's callbacks."""

    def __init__(self, account: Account, redis: Client) -> None:
        self.account = account
        self._redis = redis
        self._push = PUSHES[account.family.name]
        self._rate = AsyncLimiter(_MOST_A_SECOND, 1.0)

    async def receive(self, request: web.Request) -> web.Response:
        """Answer 200 once the push is in Redis; 403 when it is forged, 413 and 503 when it is too much.

        No provider calls by HEAD: it is `volley doctor`, which looks whether the way here is open.
        """
        if request.method == "HEAD":
            return web.Response(status=204, headers={READY: self.account.name})
        if not self._rate.has_capacity():
            return web.Response(status=503, text="too many callbacks")
        await self._rate.acquire()
        if len(request.query_string) > _MOST_QUERY or (request.content_length or 0) > _MOST_BODY:
            return web.Response(status=413, text="too large")
        body = await _received(request)
        if isinstance(body, web.Response):
            return body
        push = PushRequest(query=dict(request.query), body=body, content_type=request.content_type)
        return await self._take(push)

    async def _take(self, push: PushRequest) -> web.Response:
        match self._push.read(push, self.account.push_key):
            case Forged(why=why):
                log.warning("callback_forged", account=self.account.name, why=why)
                await self._count("callbacks_forged")
                return web.Response(status=403, text="signature")
            case Unreadable(why=why):
                log.warning("callback_unreadable", account=self.account.name, why=why)
                await self._count("callbacks_unreadable")
            case _:
                await self._count("callbacks")
        await self._keep(push)
        return web.Response(text=self._push.answer)

    async def _keep(self, push: PushRequest) -> None:
        """Raw, before anything is done with it; also what could not be read, for a person to see."""
        name = AccountName(self.account.name)
        async with self._redis.pipeline(transaction=True) as pipe:
            pipe.xadd(keys.pushed(name), keeping(push), maxlen=_MOST_WAITING, approximate=True)
            pipe.xadd(
                keys.journal(name),
                {"call": "callback", "status": 200, "body": push.body, "asked": asked_field(self._shown(push))},
                maxlen=_MOST_WAITING,
                approximate=True,
            )
            await pipe.execute()

    def _shown(self, push: PushRequest) -> list[tuple[str, str]]:
        """The fields of the address, in which restv2 says everything; without those that prove who calls."""
        hidden = self._push.proofs
        return [(name, HIDDEN if name.lower() in hidden else value) for name, value in push.query.items()]

    async def _count(self, field: str) -> None:
        await self._redis.hincrby(keys.totals(AccountName(self.account.name)), field, 1)


async def _received(request: web.Request) -> bytes | web.Response:
    """The body, or what is answered where there is none to be had."""
    try:
        async with asyncio.timeout(_SLOWEST):
            body = await _body(request)
    except TimeoutError:
        return web.Response(status=408, text="too slow")
    except web.RequestPayloadError:  # chunks or a compression that are none
        return web.Response(status=400, text="unreadable")
    return web.Response(status=413, text="too large") if body is None else body


async def _body(request: web.Request) -> bytes | None:
    """The whole body, in however many pieces it comes; None when it is too large, before more of it is read."""
    body = bytearray()
    async for piece in request.content.iter_any():
        body += piece
        if len(body) > _MOST_BODY:
            return None
    return bytes(body)


def keeping(push: PushRequest) -> dict[str, Value]:
    """A push as it is kept. Bytes that are no text in its address or its headers are kept as `?`."""
    query = {_text(name): _text(value) for name, value in push.query.items()}
    return {"query": orjson.dumps(query), "body": push.body, "content_type": _text(push.content_type)}


def _text(given: str) -> str:
    return given.encode(errors="replace").decode()


def kept(fields: Mapping[bytes, bytes]) -> PushRequest:
    """A push as it was kept."""
    return PushRequest(
        query=orjson.loads(fields[b"query"]),
        body=fields[b"body"],
        content_type=fields[b"content_type"].decode(),
    )


__all__ = ["PushKey", "Receiver", "keeping", "kept", "mount", "mount_configured", "path_of"]
