"""Pushes a signed smsc callback for each message that the gateway accepted, as fast as they are taken.

`python -m ops.bench.pusher URL SECRET GATEWAY COUNT`; a callback that is answered 503 (too many) is tried again.
"""

import asyncio
import hashlib
import json
import sys
import urllib.request
from collections.abc import Iterator
from typing import Final

import aiohttp
import uvloop

_AT_ONCE: Final = 50
_AGAIN_IN: Final = 0.05
_TOO_MANY: Final = 503


async def _push_all(url: str, secret: str, pairs: list[list[str]]) -> None:
    forms = (_form(name, phone, secret) for name, phone in pairs)
    async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=_AT_ONCE)) as session:
        await asyncio.gather(*(_push(session, url, forms) for _ in range(_AT_ONCE)))
    await asyncio.Event().wait()  # until ended: a child that ends by itself is a child that failed


async def _push(session: aiohttp.ClientSession, url: str, forms: Iterator[dict[str, str]]) -> None:
    for form in forms:
        while not await _is_taken(session, url, form):  # noqa: ASYNC110  # as a provider: it tries again later
            await asyncio.sleep(_AGAIN_IN)


async def _is_taken(session: aiohttp.ClientSession, url: str, form: dict[str, str]) -> bool:
    async with session.post(url, data=form) as response:
        if response.status not in {200, _TOO_MANY}:
            raise SystemExit(f"a callback was answered {response.status}")
        return response.status == 200


def _form(name: str, phone: str, secret: str) -> dict[str, str]:
    signature = hashlib.sha1(f"{name}:{phone}:1:{secret}".encode(), usedforsecurity=False).hexdigest()
    return {"id": name, "phone": phone, "status": "1", "err": "0", "charset": "utf-8", "sha1": signature}


def main(arguments: list[str]) -> None:
    """`URL SECRET GATEWAY COUNT`."""
    url, secret, gateway, count = arguments
    with urllib.request.urlopen(f"{gateway}/pairs", timeout=30) as answer:  # noqa: S310  # our own gateway
        pairs = json.loads(answer.read())[: int(count)]
    uvloop.run(_push_all(url, secret, pairs))


if __name__ == "__main__":
    main(sys.argv[1:])
