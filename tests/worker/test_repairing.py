"""The repair: whatever queue or list is lost, the ledger has what it takes to make it anew; and it harms nothing."""

from collections import Counter
from dataclasses import asdict

import pytest

from producer.contract import keys
from producer.contract.campaigns import CHUNK_SIZE, Lane
from producer.contract.jobs import JOB_PREFIX
from producer.contract.messages import MessageId
from producer.contract.states import Event, State
from tests.worker.scene import Scene, numbers
from worker.ledger.moves import ClaimAnswer
from worker.repairing import Repaired, Repairer
from worker.settings import Retention
from worker.sweeping import Sweeper


def repairer(stage: Scene) -> Repairer:
    return Repairer(
        stage.redis, stage.ledger, stage.reader, Sweeper(stage.redis, stage.ledger, stage.reader, Retention())
    )


async def repaired(stage: Scene, *, seconds: float = 1.0) -> Counter[str]:
    """A whole repair, and everything it found; always the same `Repaired` when nothing is missing."""
    work, cursor, found = repairer(stage), "", Counter[str]()
    while True:
        cursor, done = await work.step(cursor, seconds=seconds)
        found.update(asdict(done))
        if not cursor:
            return found


async def in_every_state(stage: Scene) -> dict[str, MessageId]:
    names = ("queued", "in_flight", "deferred", "submitted", "enroute", "uncertain", "delivered")
    messages = dict(zip(names, await stage.fed(count=len(names)), strict=True))
    await stage.claim(messages["in_flight"])
    await stage.claim(messages["deferred"])
    await stage.record(messages["deferred"], Event.DEFER)
    for number, name in enumerate(("submitted", "enroute", "delivered")):
        await stage.submitted(messages[name], reference=f"7000{number}")
    await stage.apply(messages["enroute"], Event.REPORT_ENROUTE)
    await stage.apply(messages["delivered"], Event.REPORT_DELIVERED)
    await stage.claim(messages["uncertain"], reference="v1")
    await stage.record(messages["uncertain"], Event.DOUBT, reference="v1", code="volley.answer_lost")
    return messages


async def lose(stage: Scene, *patterns: str) -> None:
    for pattern in patterns:
        async for name in stage.redis.scan_iter(pattern):
            await stage.redis.delete(name.decode())


async def test_every_queue_and_list_is_made_anew_from_the_records_alone(stage: Scene) -> None:
    """Jobs, their bodies, the due, the uncertain, the references and the list of campaigns: all gone."""
    messages = await in_every_state(stage)
    queued, due, uncertain = await stage.queued(), await stage.due(), await stage.uncertain()
    await lose(
        stage, "volley:queue:athens:*", f"{JOB_PREFIX}*/*", "volley:account:athens:due",
        "volley:account:athens:uncertain", "volley:account:athens:ref:*", keys.CAMPAIGNS,
    )  # fmt: skip
    assert await stage.mistakes("spring") != []
    found = await repaired(stage)
    assert await stage.mistakes("spring") == []
    assert (await stage.queued(), await stage.uncertain()) == (queued, uncertain)
    assert await stage.due() == due - {"70002"}, "a delivered message needs no look"
    assert found == Counter(campaigns=1, chunks=1, listed=1, jobs=3, lists=3)
    behind = await stage.reader.behind("athens", ["70000", "70001", "v1"])
    assert behind == {
        "70000": (messages["submitted"],),
        "70001": (messages["enroute"],),
        "v1": (messages["uncertain"],),
    }


async def test_a_second_repair_finds_nothing_and_changes_nothing(stage: Scene) -> None:
    await in_every_state(stage)
    before = {name: await stage.redis.dump(name) async for name in stage.redis.scan_iter()}  # type: ignore[attr-defined]
    for _ in range(2):
        assert await repaired(stage) == Counter(campaigns=1, chunks=1)
    after = {name: await stage.redis.dump(name) async for name in stage.redis.scan_iter()}  # type: ignore[attr-defined]
    assert after == before


async def test_a_repair_goes_piece_by_piece_and_a_piece_may_be_done_twice(stage: Scene) -> None:
    for campaign in ("autumn", "spring", "winter"):
        await stage.fed(campaign, CHUNK_SIZE + 5)
    await lose(stage, "volley:queue:athens:*")
    work, cursor, found, steps = repairer(stage), "", Counter[str](), 0
    while True:
        again, _ = await work.step(cursor, seconds=0)
        cursor, done = await work.step(cursor, seconds=0)
        assert cursor == again
        found.update(asdict(done))
        steps += 1
        if not cursor:
            break
    assert steps > 6
    assert found["campaigns"] == 3
    assert found["jobs"] == 0, "each piece's first run had made them"
    for campaign in ("autumn", "spring", "winter"):
        assert await stage.mistakes(campaign) == []


async def test_keys_of_no_campaign_are_counted_and_left_alone(stage: Scene) -> None:
    """They may be those of a campaign that is being stored just now."""
    await stage.redis.hset("volley:campaign:ghost:m:0", "0", "q|0|1|0||")
    assert (await repaired(stage))["orphans"] == 1
    assert await stage.redis.exists("volley:campaign:ghost:m:0")
    await stage.redis.delete("volley:campaign:ghost:m:0")


async def test_a_paused_campaign_gets_no_jobs_and_a_stuck_one_is_fed_again(stage: Scene) -> None:
    await stage.fed("spring")
    await stage.producer.pause("spring")
    await stage.submit("stuck", recipients=numbers(3, first=50))
    await lose(stage, "volley:queue:athens:*", keys.active("athens"))
    assert (await repaired(stage))["jobs"] == 0
    assert await stage.queued() == set()
    await stage.feeder.step()
    assert {name.partition("/")[0] for name in await stage.queued()} == {"stuck"}


async def test_an_urgent_message_gets_its_job_back_in_its_own_lane(stage: Scene) -> None:
    message = await stage.producer.send_one(account_name="athens", to=numbers(1)[0], text="code 1")
    await lose(stage, "volley:queue:athens:*")
    assert (await repaired(stage))["jobs"] == 1
    assert await stage.queued(Lane.URGENT) == {str(message)}


async def test_a_claim_whose_worker_and_job_are_gone_becomes_uncertain(stage: Scene) -> None:
    """Nobody holds it, no queue knows it: the repair gives it a job, and the next claim sees that it had died."""
    [message] = await stage.fed(count=1)
    await stage.claim(message)
    await lose(stage, "volley:queue:athens:*", f"{JOB_PREFIX}*/*")
    await stage.make_due(message)
    assert (await repaired(stage))["jobs"] == 1
    [again] = await stage.claim(message)
    assert again.answer is ClaimAnswer.DOUBT
    record = await stage.record_of(message)
    assert (record.state, record.code) == (State.UNCERTAIN, "volley.claim_died")
    assert await stage.mistakes("spring") == []


async def test_neighbours_of_a_lost_reference_keep_what_they_are_known_for(stage: Scene) -> None:
    """A hundred references share a hash: the repair adds the lost one to it."""
    first, second = await stage.fed(count=2)
    await stage.submitted(first, reference="500001")
    await stage.submitted(second, reference="500002")
    name = keys.reference("athens", "500001")
    await stage.redis.hdel(name, "500001")
    assert (await repaired(stage))["lists"] == 1
    assert await stage.reader.behind("athens", ["500001", "500002"]) == {"500001": (first,), "500002": (second,)}


@pytest.mark.parametrize("cursor", ["nonsense", "keys", "keys:x", "campaign:a/b"])
async def test_a_cursor_of_somebody_else_s_is_refused(stage: Scene, cursor: str) -> None:
    await stage.submit("a")
    with pytest.raises(ValueError, match=r"cursor|int"):
        await repairer(stage).step(cursor)


def test_what_a_piece_finds_is_numbers_alone() -> None:
    """The command adds them up."""
    assert set(asdict(Repaired()).values()) == {0}
