"""Whatever happens in whatever order: the scripts do what the transition table says, and the books fit together.

Three messages of one campaign go through random histories of claims, outcomes (also late, doubled and of
earlier attempts), reports, policies, pauses, a cancellation, dead workers and lost queues. After every
event the ledger's record is compared with `states.step`, and all counters and indexes with the records.
"""

import asyncio
from dataclasses import dataclass, field

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from redis.asyncio import Redis

from producer.contract import keys
from producer.contract.campaigns import Lane
from producer.contract.jobs import JOB_PREFIX
from producer.contract.messages import CampaignId, MessageId
from producer.contract.states import Event, State, step
from tests.worker.scene import Scene, scene
from worker.ledger.moves import ClaimAnswer

COUNT = 3
OUTCOMES = (Event.SUBMIT, Event.REJECT, Event.DEFER, Event.RELEASE, Event.DOUBT)
EVIDENCE = (
    *(event for event in Event if event.startswith("report_")),
    Event.DISPROVE,
    Event.ASSUME,
    Event.EXPIRE,
    Event.SUBMIT,
)

places = st.integers(0, COUNT - 1)
actions = st.one_of(
    st.tuples(st.just("claim"), st.sets(places, min_size=1)),
    st.tuples(st.just("claim"), st.sets(places, min_size=1)),
    st.tuples(st.just("record"), places, st.sampled_from(OUTCOMES), st.integers(0, 2)),
    st.tuples(st.just("record"), places, st.sampled_from(OUTCOMES), st.just(0)),
    st.tuples(st.just("apply"), places, st.sampled_from(EVIDENCE), st.sampled_from(["own", "none", "other"])),
    st.tuples(st.just("time"), places),
    st.tuples(st.sampled_from(["pause", "resume", "lose the queue"])),
    st.tuples(st.just("cancel")),
)


@dataclass
class Model:
    """What the messages should be, by the table alone; and every claim that was ever given."""

    scene: Scene
    campaign: CampaignId
    messages: list[MessageId]
    states: list[State] = field(default_factory=lambda: [State.QUEUED] * COUNT)
    claims: list[list[tuple[int, str]]] = field(default_factory=lambda: [[] for _ in range(COUNT)])
    current: list[tuple[int, str]] = field(default_factory=lambda: [(0, "")] * COUNT)
    is_due: list[bool] = field(default_factory=lambda: [True] * COUNT)
    state: str = "running"

    def move(self, place: int, event: Event) -> bool:
        after = step(self.states[place], event)
        if after is None:
            return False
        if self.state == "cancelled" and after in {State.QUEUED, State.DEFERRED}:
            after = State.CANCELLED
        self.states[place] = after
        self.is_due[place] = after is not State.DEFERRED
        return True

    async def act(self, action: tuple) -> None:
        match action:
            case ["claim", wanted]:
                await self.claim(sorted(wanted))
            case ["record", place, event, back]:
                await self.record(place, event, back)
            case ["apply", place, event, whose]:
                await self.apply(place, event, whose)
            case ["time", place]:
                await self.scene.make_due(self.messages[place])
                self.is_due[place] = True
            case ["pause"]:
                await self.scene.producer.pause(self.campaign)
                self.state = "paused" if self.state == "running" else self.state
            case ["resume"]:
                await self.scene.producer.resume(self.campaign)
                await self.scene.feeder.step()
                self.state = "running" if self.state == "paused" else self.state
            case ["cancel"]:
                await self.cancel()
            case ["lose the queue"]:
                await self.lose()

    async def claim(self, wanted: list[int]) -> None:
        request = self.scene.request([self.messages[place] for place in wanted])
        [claimed] = await self.scene.ledger.claim([request])
        for place, claim in zip(wanted, claimed, strict=True):
            if claim.answer is ClaimAnswer.CLAIMED:
                assert self.state == "running"
                assert self.states[place] in {State.QUEUED, State.DEFERRED}
                assert self.is_due[place]
                assert claim.attempt == self.current[place][0] + 1
                self.states[place] = State.IN_FLIGHT
                self.is_due[place] = False
                self.current[place] = (claim.attempt, request.reference)
                self.claims[place].append(self.current[place])
            elif claim.answer is ClaimAnswer.DOUBT:
                assert self.states[place] is State.IN_FLIGHT
                assert self.is_due[place]
                self.states[place] = State.UNCERTAIN
            else:
                assert not self._could_be_claimed(place), claim

    def _could_be_claimed(self, place: int) -> bool:
        waits = self.states[place] in {State.QUEUED, State.DEFERRED} and self.is_due[place]
        return waits and self.state == "running"

    async def record(self, place: int, event: Event, back: int) -> None:
        """Record an outcome of the newest claim, or (late, doubled) of one before it."""
        if back >= len(self.claims[place]):
            return
        attempt, reference = self.claims[place][-1 - back]
        message = self.messages[place]
        recorded = await self.scene.record(message, event, attempt=attempt, reference=reference, code="plain.code")
        is_stale = attempt != self.current[place][0] or (
            event is Event.RELEASE and reference != self.current[place][1]
        )
        assert recorded.stale == is_stale
        if is_stale or not self.move(place, event):
            return
        if event in {Event.RELEASE, Event.DEFER}:  # nothing was sent: no report can be about it
            self.current[place] = (attempt - (event is Event.RELEASE), "")
        if event is Event.SUBMIT:
            self.current[place] = (attempt, reference)

    async def apply(self, place: int, event: Event, whose: str) -> None:
        reference = {"own": self.current[place][1], "none": "", "other": "vother"}[whose]
        state, moved = await self.scene.apply(self.messages[place], event, reference=reference, code="plain.said")
        if whose == "other":
            assert (state, moved) == (None, False)
            return
        assert moved == self.move(place, event)
        assert state is self.states[place]
        if moved and state is State.DEFERRED:  # returned, and to be sent again in 0 s: at once
            self.is_due[place] = True

    async def cancel(self) -> None:
        await self.scene.producer.cancel(self.campaign)
        if self.state in {"running", "paused"} and not all(state.is_final for state in self.states):
            self.state = "cancelled"
            for place, state in enumerate(self.states):
                if state in {State.QUEUED, State.DEFERRED}:
                    self.states[place] = State.CANCELLED
        await self.scene.feeder.step()

    async def lose(self) -> None:
        names = [JOB_PREFIX + str(message) for message in self.messages]
        await self.scene.redis.delete(keys.queue(self.scene.account.name, Lane.BULK), *names)
        await self.scene.requeue(self.campaign)

    async def check(self) -> None:
        records = [await self.scene.record_of(message) for message in self.messages]
        assert [record.state for record in records] == self.states
        assert [record.attempts for record in records] == [attempt for attempt, _ in self.current]
        assert await self.scene.mistakes(self.campaign) == []


@settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
@given(history=st.lists(actions, max_size=25))
def test_scripts_follow_the_table_and_the_books_always_fit(redis_url: str, history: list[tuple]) -> None:
    async def play() -> None:
        async with Redis.from_url(redis_url) as redis:
            await redis.flushall()
        async with scene(redis_url) as stage:
            messages = await stage.fed(count=COUNT)
            model = Model(scene=stage, campaign=messages[0].campaign, messages=messages)
            for action in history:
                await model.act(action)
                await model.check()

    asyncio.run(play())
