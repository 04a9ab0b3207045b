"""A desk for tests of matching: what looks for uncertain messages in a list of what the provider sent."""

import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime

import orjson

from producer.contract import keys
from producer.contract.messages import MessageId, Msisdn, Reference
from producer.contract.states import Event
from tests.worker.plain import FakeAsker, plain_account, plain_family
from tests.worker.scene import Scene, numbers
from worker.ledger import Journal
from worker.lookups import Lookups
from worker.matching import Matcher
from worker.probing import Prober, finding
from worker.providers.interface import Matching, Probe, Sent
from worker.providers.reports import Refused, Report
from worker.providers.requests import Answer, Credentials, Dialect, HttpRequest
from worker.settings import Tracking
from worker.tracking import Tracker

GRACE = 90.0
MOST = 5
HELLO = "hello\n you"


def _read(answer: Answer) -> Sequence[Sent] | Refused:
    told = orjson.loads(answer.body)
    return Refused(code="plain.no", words="no") if told is None else [_row(*row) for row in told]


def _row(reference: str, msisdn: str, text: str, at: float, event: str | None) -> Sent:
    report = Report(
        reference=Reference(reference),
        msisdn=Msisdn(msisdn),
        event=Event(event) if event else None,
        code=f"plain.{event}",
        words="so",
    )
    return Sent(report=report, text=text, sent_at=datetime.fromtimestamp(at, UTC))


def _build(credentials: Credentials, msisdn: Msisdn) -> HttpRequest:
    return HttpRequest(call="history", path="/history", form=(("to", msisdn),))


MATCHING = Matching(most=MOST, build=_build, read=_read)
PROBE = Probe(
    build=lambda _: HttpRequest(call="probe", path="/probe", form=()), read=lambda answer: answer.body == b"yes"
)


@dataclass
class Desk:
    """Look-ups with a matcher, whose asker plays the provider. The host is known to list what it sent."""

    stage: Scene
    asker: FakeAsker
    lookups: Lookups

    async def step(self, *rows: object, silent: bool = False, then: Sequence[Sequence[object]] = ()) -> None:
        """One turn, in which the provider lists these rows, `then` others when it is asked again."""
        lists = [None if silent else rows, *then]
        self.asker.answers["history"] = [
            None if each is None else Answer(status=200, body=orjson.dumps(each)) for each in lists
        ]
        await self.stage.redis.zadd(keys.due("athens"), dict.fromkeys(await self.stage.due(), time.time() - 1))
        await self.lookups.step()

    @property
    def asked(self) -> list[tuple[str, str]]:
        return [(request.call, dict(request.form).get("to", "")) for request in self.asker.asked]


async def desk(stage: Scene, *, offered: str = "1") -> Desk:
    account = plain_account(family=replace(plain_family(), matching=MATCHING, probe=PROBE))
    account = replace(account, credentials=replace(account.credentials, dialect=Dialect(v3=True)))
    if offered:
        await stage.book.note(account.name, {"v3": finding(account, found=offered == "1")})
    asker, journal = FakeAsker(), Journal(redis=stage.redis, length=1000)
    tracker = Tracker(account, stage.redis, stage.ledger, stage.reader, stage.book)
    matcher = Matcher(
        account=account,
        matching=MATCHING,
        prober=Prober(account, asker, stage.book),
        asker=asker,
        ledger=stage.ledger,
        reader=stage.reader,
        journal=journal,
        tracker=tracker,
        grace=GRACE,
    )
    lookups = Lookups(
        account=account,
        redis=stage.redis,
        asker=asker,
        ledger=stage.ledger,
        reader=stage.reader,
        journal=journal,
        tracker=tracker,
        settings=Tracking(poll_every=60, lookup_grace=GRACE, give_up_after=3600),
        matcher=matcher,
    )
    return Desk(stage=stage, asker=asker, lookups=lookups)


async def doubted(stage: Scene, count: int = 1, *, age: int = 100, **asked: object) -> list[MessageId]:
    messages = await stage.fed(count=count, **{"text": "hello you", **asked})
    for message in messages:
        await stage.claim(message, reference=f"v{message.place}")
        await stage.record(message, Event.DOUBT, reference=f"v{message.place}", code="volley.answer_lost")
        await stage.age(message, age)
    return messages


def row(
    reference: str = "77",
    *,
    to: str = numbers(1)[0],
    text: str = HELLO,
    ago: float = 100,
    event: str | None = None,
) -> list[object]:
    return [reference, to, text, time.time() - ago, event]
