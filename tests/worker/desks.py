"""A desk for tests of look-ups: what asks about due submissions, on one account."""

import time
from dataclasses import dataclass

from producer.contract import keys
from producer.contract.campaigns import OnUncertain
from producer.contract.messages import MessageId
from producer.contract.states import Event, State
from tests.worker.plain import LOOKUP, FakeAsker, plain_account, plain_family
from tests.worker.scene import Scene
from worker.ledger import Journal
from worker.lookups import Lookups
from worker.providers.interface import Probe
from worker.providers.requests import Answer, HttpRequest
from worker.settings import Tracking
from worker.tracking import Tracker

PROBE = Probe(build=lambda _: HttpRequest(call="probe", path="/probe", form=()), read=lambda _: True)
GRACE = 90.0
GIVE_UP = 3600.0


@dataclass
class Desk:
    """Look-ups of the scene's account, with an asker that plays the provider."""

    stage: Scene
    asker: FakeAsker
    lookups: Lookups

    async def step(self) -> None:
        await self.stage.redis.zadd(keys.due("athens"), dict.fromkeys(await self.stage.due(), time.time() - 1))
        await self.lookups.step()

    def says(self, *answers: Answer | Exception | None, call: str = "status") -> None:
        self.asker.answers.setdefault(call, []).extend(answers)

    async def next_look_in(self, reference: str) -> float:
        due = dict(await self.stage.redis.zrange(keys.due("athens"), 0, -1, withscores=True))
        return due[reference.encode()] - time.time()


def desk(stage: Scene, *, lookup: bool) -> Desk:
    account = plain_account(family=plain_family(lookup=LOOKUP if lookup else None))
    asker = FakeAsker()
    lookups = Lookups(
        account=account,
        redis=stage.redis,
        asker=asker,
        ledger=stage.ledger,
        reader=stage.reader,
        journal=Journal(redis=stage.redis, length=1000),
        tracker=Tracker(account, stage.redis, stage.ledger, stage.reader, stage.book),
        settings=Tracking(poll_every=60, lookup_grace=GRACE, give_up_after=GIVE_UP),
    )
    return Desk(stage=stage, asker=asker, lookups=lookups)


async def doubted(stage: Scene, *, age: int = 100, **asked: object) -> MessageId:
    [message] = await stage.fed(count=1, **asked)
    await stage.claim(message, reference="v1")
    await stage.record(message, Event.DOUBT, reference="v1", code="volley.answer_lost")
    await stage.age(message, age)
    return message


POLICIES = {
    OnUncertain.HOLD: State.UNCERTAIN,
    OnUncertain.RESEND: State.QUEUED,
    OnUncertain.ASSUME_SENT: State.SUBMITTED,
}
