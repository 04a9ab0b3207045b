"""One-time links: how somebody on this machine comes in where no credentials are configured."""

import hashlib
import secrets
from typing import Final

from producer.contract import keys
from producer.contract.client import Client

PATH: Final = "/enter/"
LIFE: Final = 3600
"""Seconds for which a link opens the page, once."""


async def make_link(redis: Client, page: str) -> str:
    """A new link to the page at `page` (`http://127.0.0.1:8080/`). Whoever may write to this Redis can make one."""
    key = secrets.token_urlsafe(32)
    await redis.set(_name(key), 1, ex=LIFE)
    return f"{page.rstrip('/')}{PATH}{key}"


async def use_link(redis: Client, key: str) -> bool:
    """Use a link's key up; False when there is no such link (any more)."""
    return bool(await redis.delete(_name(key)))


def _name(key: str) -> str:
    return keys.web_link(hashlib.sha256(key.encode(errors="surrogatepass")).hexdigest())
