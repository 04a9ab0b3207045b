"""What `ops` may know of the settings, and what each provider says when it is asked for the balance: plain values.

`ops` reads no settings and knows no family, so it runs this program and reads JSON.
"""

import asyncio
from typing import Any, Final

from producer.contract.client import Client
from producer.pool import connect
from worker.app import App
from worker.asking import Asker
from worker.callbacks import path_of
from worker.calling import harmless
from worker.providers.exchange import AnswerLost, NotSent
from worker.providers.outcomes import Block
from worker.providers.registry import PUSHES
from worker.providers.reports import Balance, Refused
from worker.providers.requests import Answer
from worker.settings import Account, Settings
from worker.throttle import TooSoonError, Windows

_IN_ADDRESS_BLOCK: Final = "the provider has blocked this IP address for a while; asking now would prolong it"

Plain = dict[str, Any]  # Any: values of JSON


def described(settings: Settings) -> Plain:
    """The accounts of a configuration without their secrets; a callback's path has its token in it."""
    folder = settings.exports.folder
    return {
        "accounts": [_account(account) for account in settings.accounts.values()],
        "exports_folder": "" if folder is None else str(folder),
    }


async def examined(settings: Settings) -> Plain:
    """`described`, and for each account what became of one balance call. Each goes through the shared throttle."""
    redis = connect(settings.redis_url)
    try:
        app = App(settings, redis)
        told = await asyncio.gather(*(_asked(app, redis, account) for account in settings.accounts.values()))
    finally:
        await redis.aclose()
    found = described(settings)
    found["accounts"] = [{**account, **asked} for account, asked in zip(found["accounts"], told, strict=True)]
    return found


def _account(account: Account) -> Plain:
    rules = account.family.rules
    return {
        "name": account.name,
        "family": account.family.name,
        "base_url": account.credentials.base_url,
        "limits": {"rate": account.limits.rate, "in_flight": account.limits.in_flight, "batch": account.limits.batch},
        "usual": {"rate": rules.rate, "in_flight": rules.in_flight, "batch": rules.most_per_request},
        "callback": _callback(account),
    }


def _callback(account: Account) -> Plain | None:
    """Where its reports are received; `options` is None where nothing is to be written into a cabinet."""
    push = PUSHES.get(account.family.name)
    if push is None or not account.push_key.secret:
        return None
    path, address = path_of(account), account.credentials.callback
    return {"path": path, "options": push.options, "base": address.removesuffix(path)}


async def _asked(app: App, redis: Client, account: Account) -> Plain:
    """What one balance call gave: `balance` and `currency`, or `error` with `code` and `block`, or `retry_in`."""
    if await app.book.state(account.name) == Block.ADDRESS:
        return {"error": _IN_ADDRESS_BLOCK, "block": Block.ADDRESS}
    parts = app.tracking(account)
    windows = Windows(redis, parts.gate.login, account.family.rules.windows)
    asker = Asker(account, parts.exchange, parts.gate, windows, app.book)
    try:
        answer = await asker.attempt(account.family.balance.build(account.credentials))
        told = await _told(account, asker, answer)
    except TooSoonError as error:
        return {"error": str(error), "retry_in": error.retry_in}
    finally:
        await parts.gate.close()
        await parts.exchange.close()
    return {**told, "clock_ahead": parts.exchange.clock_ahead}


async def _told(account: Account, asker: Asker, answer: Answer | NotSent | AnswerLost) -> Plain:
    match answer:
        case NotSent(reason=reason) | AnswerLost(reason=reason):
            return {"error": reason, "block": Block.UNREACHABLE}
        case Answer():
            pass
    match account.family.balance.read(answer):
        case Refused() as refusal:
            await asker.refused("balance", harmless(refusal))
            return {"error": refusal.words, "code": refusal.code, "block": refusal.block}
        case Balance(amount=amount, currency=currency):
            return {"balance": str(amount), "currency": currency}
