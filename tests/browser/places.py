"""The addresses of the page, read from the application itself: what people look at, and what they do."""

import re
from typing import Final

from redis.asyncio import Redis

from ops.web import create_app

_ALTERNATIVES: Final = re.compile(r"\(\?P<action>([a-z_|]+)\)")
_FOR_MACHINES: Final = re.compile(r"/(api/.*|metrics|health|live|static.*|callbacks/.*)")


def pages() -> set[str]:
    """What people open in a browser."""
    return {path for method, path in _routes() if method == "GET" and not _FOR_MACHINES.fullmatch(path)}


def orders() -> set[str]:
    """What forms are sent to; each word of `{action:pause|resume}` by itself."""
    return {path for method, path in _routes() if method == "POST" and not _FOR_MACHINES.fullmatch(path)}


def fits(path: str, place: str) -> bool:
    """Whether an address is one of a place such as `/campaigns/{id}/pause`."""
    return re.fullmatch(re.sub(r"\{\w+\}", "[^/]+", place), path) is not None


def _routes() -> set[tuple[str, str]]:
    found = set()
    for route in create_app(Redis()).router.routes():
        resource = route.resource
        assert resource is not None
        words = _ALTERNATIVES.search(getattr(resource.get_info().get("pattern"), "pattern", ""))
        for word in words[1].split("|") if words else ["{action}"]:
            found.add((route.method, resource.canonical.replace("{action}", word)))
    return found
