"""The way of a callback: whether our own web process answers at the address that the provider is to call."""

import asyncio
from collections.abc import AsyncIterator, Mapping
from ipaddress import ip_address
from typing import Any, Final
from urllib.parse import urlsplit

import aiohttp

from ops.diagnosis.check import Check, Health

_READY: Final = "Volley-Callbacks"  # worker.callbacks answers HEAD with it
_WITHIN: Final = 10.0
_NAME: Final = "callbacks"

Account = dict[str, Any]  # Any: values of JSON, see worker.describing


async def callback_checks(
    accounts: list[Account], totals: Mapping[str, Mapping[str, int]], public: str
) -> AsyncIterator[Check]:
    """Ask each account's address, from this machine. `public`: the address of `web`, empty where nobody told it.

    `totals` are the counters of each account. Nothing is counted or kept by the asking.
    """
    async with aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=_WITHIN)) as session:
        for account in accounts:
            callback, name = account["callback"], account["name"]
            if callback is None:
                continue
            base = callback["base"] or public
            yield await _reached(session, name, base, callback["path"]) if base else _unknown(name)
            if base and is_open(base):
                yield _unencrypted(name, base)
            if forged := totals.get(name, {}).get("callbacks_forged"):
                yield _forged(name, forged)


async def _reached(session: aiohttp.ClientSession, account: str, base: str, path: str) -> Check:
    try:
        async with session.head(base + path, allow_redirects=False) as answer:
            return _answered(account, base, answer.status, answer.headers.get(_READY, ""))
    except (aiohttp.ClientError, OSError, ValueError) as error:
        return Check(
            name=_NAME,
            subject=account,
            health=Health.WRONG,
            said=f"{base} cannot be reached from here ({_reason(error)})",
            remedy="Start `volley web` behind it, and check the name, the certificate, the proxy and the firewall.",
        )


def _answered(account: str, base: str, status: int, ready: str) -> Check:
    if status == 204 and ready == account:
        return Check(name=_NAME, subject=account, said=f"{base} leads to us")
    return Check(
        name=_NAME,
        subject=account,
        health=Health.WRONG,
        said=f"{base} answers with HTTP {status}, and it is not our receiver",
        remedy="Let `volley web` run with this volley.toml, and the proxy pass /callbacks/ to it with every method.",
    )


def _reason(error: Exception) -> str:
    match error:
        case asyncio.TimeoutError():
            return f"no answer within {_WITHIN:.0f} s"
        case aiohttp.ClientConnectorDNSError():
            return "its name does not resolve"
        case aiohttp.ClientSSLError():
            return "its certificate is not accepted"
        case aiohttp.ClientConnectorError():
            return "nobody listens there"
        case _:
            return type(error).__name__


def is_open(base: str) -> bool:
    """Whether what goes there can be read on its way: anything but https, unless it stays on this machine."""
    parts = urlsplit(base)
    return parts.scheme != "https" and not _is_loopback(parts.hostname or "")


def _is_loopback(host: str) -> bool:
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def _unencrypted(account: str, base: str) -> Check:
    return Check(
        name="callback encryption",
        subject=account,
        health=Health.NOTICE,
        said=f"{base} is not https: everybody on the way can read reports and their token, and send false ones",
        remedy="Use https in callback_base and in the provider's cabinet: a proxy in front of `volley web`.",
    )


def _unknown(account: str) -> Check:
    return Check(
        name=_NAME,
        subject=account,
        health=Health.SKIPPED,
        said="not looked at: nobody told at which address the provider reaches `volley web`",
        remedy="Give it: volley doctor --public https://sms.example.com.",
    )


def _forged(account: str, count: int) -> Check:
    return Check(
        name="callback signatures",
        subject=account,
        health=Health.NOTICE,
        said=f"{count:,} callbacks came with a missing or wrong signature, since ever",
        remedy="If they are the provider's: its cabinet needs the address that `volley callbacks` prints, and the"
        " callback_secret of volley.toml.",
    )
