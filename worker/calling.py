"""Provider calls that a person makes from the command line: arq jobs of `ops`, answered with plain values."""

import time
from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from datetime import date, datetime
from decimal import Decimal
from functools import partial
from typing import Any, Final, cast

import structlog
from arq.worker import Retry

from producer.contract.messages import AccountName
from worker.asking import Asker
from worker.digesting import digested
from worker.ledger.accounts import AccountBook
from worker.polling import NotTheReaderError, Poller
from worker.probing import Prober
from worker.providers import parameters
from worker.providers.exchange import AnswerLost, NotSent
from worker.providers.interface import Call
from worker.providers.outcomes import Block
from worker.providers.reports import Refused
from worker.providers.requests import Answer, Credentials, HttpRequest
from worker.settings import Account
from worker.throttle import TooSoonError

_OTHER_PROCESS_IN: Final = 0.1
ADDRESS_BLOCKED: Final = "the provider has blocked this IP address for a while; asking now would prolong it"
TOO_LATE: Final = "no worker was free in time; nothing was asked"
_BROKEN_OFF: Final = "a worker stopped while it asked; the provider may have acted, so look before asking again"

log = structlog.get_logger(__name__)

Plain = dict[str, object]


@dataclass(frozen=True, slots=True, kw_only=True)
class Wish:
    """What a person asked for: a call of an account, its parameters, and how.

    `manner` may hold `yes` (spending and changing is meant), `fmt` or `type`, and `charset`. Not begun after
    `until` (unix seconds).
    """

    account: str
    call: str
    given: Mapping[str, str]
    manner: Mapping[str, str]
    until: float


class WrongUsageError(ValueError):
    """The person asked for something that does not exist, or did not confirm it."""


class Caller:
    """Runs calls for one account: the call's window and the account's throttle come before the wire."""

    def __init__(self, account: Account, asker: Asker, poller: Poller, book: AccountBook) -> None:
        self.account = account
        self._asker = asker
        self._poller = poller
        self._book = book
        self._prober = Prober(account, asker, book)

    async def run(self, wish: Wish) -> Plain:
        """The records that came, or the error, as `{"records": […]}` or `{"error": …}`.

        Raises WrongUsageError, NotTheReaderError (a drain, and another process is the reader), TooSoonError.
        """
        call = self._call(wish)
        request = self._request(call, wish)
        if await self._book.state(self.account.name) == Block.ADDRESS:
            return {"error": ADDRESS_BLOCKED}
        if call.is_optional and (missing := await self._missing()):
            return {"error": missing}
        answer = await (self._poller.drain_for(request) if call.is_drain else self._asker.attempt(request))
        if not isinstance(answer, Answer):
            return {"error": _without_answer(call, answer)}
        return await self._read(call, request, answer)

    def table(self) -> list[Plain]:
        """The account's calls with their parameters."""
        return [_described(call) for call in self.account.family.calls.values()]

    def is_drain(self, name: str) -> bool:
        """Whether reading by this call consumes what it reads."""
        call = self.account.family.calls.get(name)
        return call is not None and call.is_drain

    def _call(self, wish: Wish) -> Call:
        calls = self.account.family.calls
        if wish.call not in calls:
            raise WrongUsageError(
                f"{self.account.name} ({self.account.family.name}) has no call {wish.call[:40]!r};"
                f" known: {', '.join(calls)}"
            )
        call = calls[wish.call]
        if (risk := parameters.risk(call, wish.given)) and not wish.manner.get("yes"):
            raise WrongUsageError(f"{risk}. If that is meant, add --yes")
        return call

    def _request(self, call: Call, wish: Wish) -> HttpRequest:
        credentials = self._credentials(wish.manner)
        try:
            return call.build(credentials, **parameters.parse(call, wish.given))
        except ValueError as error:
            raise WrongUsageError(str(error)) from error

    def _credentials(self, manner: Mapping[str, str]) -> Credentials:
        """The account's, with the format and the charset of this one call."""
        family, dialect = self.account.family, self.account.credentials.dialect
        for word in ("fmt", "type"):
            if word in manner and (word != family.format_word or manner[word] not in family.formats):
                known = ", ".join(sorted(family.formats))
                raise WrongUsageError(f"{self.account.name} ({family.name}) takes --{family.format_word} {known}")
        if manner.get("charset", family.charsets[0]) not in family.charsets:
            raise WrongUsageError(f"{self.account.name} ({family.name}) knows charsets {', '.join(family.charsets)}")
        dialect = replace(
            dialect,
            format=manner.get(family.format_word, dialect.format),
            charset=manner.get("charset", dialect.charset),
            rest=dialect.rest and family.format_word not in manner,
        )
        return replace(self.account.credentials, dialect=dialect)

    async def _missing(self) -> str:
        """Why the account has no optional calls; empty when it has. The host is asked once, and it is remembered."""
        name = self.account.name
        if not self._prober.is_wanted:
            return f"{name} has no calls of version 3: set v3 = true in [accounts.{name}] if its host offers them"
        offers = await self._prober.offers(even_blocked=True)
        if offers is None:
            return "whether the host has version 3 could not be found out; nothing was asked"
        return "" if offers else f"the host of {name} has no version 3 (probed once, and remembered)"

    async def _read(self, call: Call, request: HttpRequest, answer: Answer) -> Plain:
        match await digested(partial(_records, call, request), answer):
            case Refused() as refusal:
                if not call.is_drain:
                    await self._asker.refused(call.name, harmless(refusal))
                unclear = "; it may have been done" if call.needs_yes and not refusal.is_understood else ""
                return {"error": refusal.sentence + unclear, "code": refusal.code}
            case records:
                return {"records": records}


async def provider_call(
    ctx: Mapping[str, Any],  # Any: arq's context
    account: str,
    call: str,
    given: Mapping[str, str],
    manner: Mapping[str, str],
    until: float,
) -> Plain:
    """The arq function: the table of an account's calls when `call` is empty, else what the call gave.

    Never fails: what went wrong is `error`, with `usage` when the person must ask differently and `retry_in`
    seconds when it may be tried again. A drain waits until the process that reads the account takes the job.
    """
    callers: Mapping[AccountName, Caller] = ctx["callers"]
    caller = callers.get(AccountName(account))
    if caller is None:
        return {"error": f"unknown account {account[:80]!r}; known: {', '.join(callers)}", "usage": True}
    if not call:
        return {"family": caller.account.family.name, "calls": caller.table()}
    if time.time() > until:
        return {"error": TOO_LATE}
    if ctx.get("job_try", 1) > 1 and not caller.is_drain(call):
        return {"error": _BROKEN_OFF}
    return await _run(caller, Wish(account=account, call=call, given=given, manner=manner, until=until))


async def _run(caller: Caller, wish: Wish) -> Plain:
    try:
        told = await caller.run(wish)
    except WrongUsageError as error:
        return {"error": str(error), "usage": True}
    except TooSoonError as error:
        return {"error": str(error), "retry_in": error.retry_in}
    except NotTheReaderError:
        raise Retry(defer=_OTHER_PROCESS_IN) from None
    log.info("provider_called", account=wish.account, call=wish.call, code=told.get("code", ""))
    return told


def _records(call: Call, request: HttpRequest, answer: Answer) -> list[Plain] | Refused:
    """The records of an answer as plain values: thousands of them take as long as their reading."""
    found = call.read(answer)
    if isinstance(found, Refused):
        return found
    return [plain(record) for record in (call.complete(found, request) if call.complete else found)]


def plain(record: object) -> Plain:
    """A record as values that JSON and pickle know: money as text, times in ISO 8601."""
    return {field.name: _plain_value(getattr(record, field.name)) for field in fields(cast("Any", record))}


def _plain_value(value: object) -> object:
    match value:
        case Decimal():
            return str(value)
        case datetime() | date():
            return value.isoformat()
        case tuple():
            return [_plain_value(item) for item in value]
        case str():
            return str(value)
        case _:
            return value


def _described(call: Call) -> Plain:
    rows = [
        {
            "name": parameter.name,
            "meaning": parameter.meaning,
            "required": parameter.required,
            "needs_yes": parameter.needs_yes,
        }
        for parameter in call.parameters
    ]
    return {"name": call.name, "meaning": call.meaning, "needs_yes": call.needs_yes, "parameters": rows}


def harmless(refusal: Refused) -> Refused:
    """A person's call slows down and keeps away from a blocked address, but does not block the account.

    Its credentials may be others than those that sending uses (key/get needs the password).
    """
    return refusal if refusal.block is Block.ADDRESS else replace(refusal, block=None)


def _without_answer(call: Call, ending: NotSent | AnswerLost) -> str:
    match ending:
        case NotSent(reason=reason):
            return f"nothing was sent: {reason}"
        case AnswerLost(reason=reason):
            return f"the answer was lost ({reason})" + ("; it may have been done" if call.needs_yes else "")
