"""Whatever happens in whatever order: the scripts do what the transition table says, and the books fit together.

Three messages of one campaign go through random histories of claims, outcomes (also late, doubled and of
earlier attempts; several at once, also of one message), reports, policies, pauses, a cancellation, dead
workers, lost answers and lost queues, of a provider that takes our reference or counts for itself. After every
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
from worker.ledger.moves import ClaimAnswer, ClaimRequest

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
outcomes = st.sampled_from(OUTCOMES)
actions = st.one_of(
    st.tuples(st.just("claim"), st.sets(places, min_size=1), st.booleans()),
    st.tuples(st.just("claim"), st.sets(places, min_size=1), st.booleans()),
    st.tuples(st.just("claim again")),
    st.tuples(st.just("record"), st.lists(st.tuples(places, outcomes, st.integers(0, 2)), min_size=1, max_size=4)),
    st.tuples(st.just("record"), st.lists(st.tuples(places, outcomes, st.just(0)), min_size=1, max_size=4)),
    st.tuples(st.just("apply"), places, st.sampled_from(EVIDENCE), st.sampled_from(["own", "none", "other"])),
    st.tuples(st.just("time"), places),
    st.tuples(st.sampled_from(["pause", "resume", "lose the queue"])),
    st.tuples(st.just("cancel")),
)


@dataclass(frozen=True)
class Claim:
    """One claim that was given for one message. `told`: the provider takes our reference; else it has its own."""

    attempt: int
    reference: str
    told: bool


NONE = Claim(0, "", told=True)


@dataclass
class Model:
    """What the messages should be, by the table alone; and every claim that was ever given."""

    scene: Scene
    campaign: CampaignId
    messages: list[MessageId]
    states: list[State] = field(default_factory=lambda: [State.QUEUED] * COUNT)
    claims: list[list[Claim]] = field(default_factory=lambda: [[] for _ in range(COUNT)])
    current: list[Claim] = field(default_factory=lambda: [NONE] * COUNT)
    is_due: list[bool] = field(default_factory=lambda: [True] * COUNT)
    state: str = "running"
    newest: ClaimRequest | None = None
    recorded: set[str] = field(default_factory=set)
    counted: int = 4098  # by the provider: its references come to share a hash, and then begin another

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
            case ["claim", wanted, told]:
                self.newest = self.scene.request([self.messages[place] for place in sorted(wanted)], told=told)
                await self.claim(self.newest)
            case ["claim again"] if self.newest is not None and not self._is_left(self.newest):
                await self.claim(self.newest)
            case ["record", outcomes]:
                await self.record(outcomes)
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

    def _is_left(self, request: ClaimRequest) -> bool:
        """Whether anything of this request was recorded: then nobody asks for its claim again."""
        return request.reference in self.recorded

    async def claim(self, request: ClaimRequest) -> None:
        [claimed] = await self.scene.ledger.claim([request])
        for claim in claimed:
            place = claim.message.place
            if claim.answer is ClaimAnswer.CLAIMED:
                self._claimed(place, Claim(claim.attempt, request.reference, request.told))
            elif claim.answer is ClaimAnswer.DOUBT:
                assert self.states[place] is State.IN_FLIGHT
                assert self.is_due[place]
                self.states[place] = State.UNCERTAIN
            else:
                assert not self._could_be_claimed(place), claim

    def _claimed(self, place: int, claim: Claim) -> None:
        if self.states[place] is State.IN_FLIGHT and not self.is_due[place]:
            assert claim == self.current[place]  # asked again: answered as if for the first time
            return
        assert self.state == "running"
        assert self.states[place] in {State.QUEUED, State.DEFERRED}
        assert self.is_due[place]
        assert claim.attempt == self.current[place].attempt + 1
        self.states[place] = State.IN_FLIGHT
        self.is_due[place] = False
        self.current[place] = claim
        self.claims[place].append(claim)

    def _could_be_claimed(self, place: int) -> bool:
        waits = self.states[place] in {State.QUEUED, State.DEFERRED} and self.is_due[place]
        return waits and self.state == "running"

    async def record(self, outcomes: list[tuple[int, Event, int]]) -> None:
        """Record outcomes of the newest claims, or (late, doubled) of ones before them, in one call."""
        known = [each for each in outcomes if each[2] < len(self.claims[each[0]])]
        given = [(place, event, self.claims[place][-1 - back]) for place, event, back in known]
        writes = [
            self.scene.write(
                self.messages[place],
                event,
                attempt=claim.attempt,
                reference=self._reference(event, claim),
                told=claim.told,
                code="plain.code",
            )
            for place, event, claim in given
        ]
        recorded = await self.scene.ledger.record(writes)
        for (place, event, claim), write, answer in zip(given, writes, recorded, strict=True):
            assert answer.write == write
            self.recorded.add(claim.reference)
            self._recorded(place, event, claim, write.reference, is_stale=answer.stale)

    def _reference(self, event: Event, claim: Claim) -> str:
        if claim.told or event is not Event.SUBMIT:
            return claim.reference
        self.counted += 1
        return str(self.counted)

    def _recorded(self, place: int, event: Event, claim: Claim, reference: str, *, is_stale: bool) -> None:
        current = self.current[place]
        is_of_another = event is Event.RELEASE and claim.reference != current.reference
        assert is_stale == (claim.attempt != current.attempt or is_of_another)
        if is_stale:
            return
        if not self.move(place, event):
            if event is Event.SUBMIT and self.states[place] not in {State.QUEUED, State.DEFERRED}:
                self.current[place] = Claim(claim.attempt, reference, claim.told)  # late, and its id is kept
            return
        if event in {Event.RELEASE, Event.DEFER}:  # nothing was sent: no report can be about it
            self.current[place] = Claim(claim.attempt - (event is Event.RELEASE), "", claim.told)
        if event is Event.SUBMIT:
            self.current[place] = Claim(claim.attempt, reference, claim.told)

    async def apply(self, place: int, event: Event, whose: str) -> None:
        current = self.current[place]
        if self.states[place] is State.IN_FLIGHT and not current.told:
            return  # nobody outside knows the reference yet
        reference = {"own": current.reference, "none": "", "other": "vother"}[whose]
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
        assert [record.attempts for record in records] == [claim.attempt for claim in self.current]
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
