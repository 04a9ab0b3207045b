"""Single messages are cancelled wherever they stand, and the campaign's books stay whole."""

import pytest

from producer.contract.campaigns import Lane
from producer.contract.messages import CampaignId
from producer.contract.states import Event, State
from tests.worker.plain import NAME
from tests.worker.scene import Scene
from worker.ledger.withdrawing import withdraw_messages

SPRING = CampaignId("spring")


async def cancel(stage: Scene, *places: int, chunk: int = 0) -> int:
    return await withdraw_messages(
        stage.redis, SPRING, {chunk: places}, "volley.withdrawn", account=NAME, lane=Lane.BULK
    )


async def test_fed_messages_are_cancelled_with_their_jobs(stage: Scene) -> None:
    one, two, three = await stage.fed("spring", 3)
    assert await cancel(stage, 0, 2) == 2
    assert [await stage.state_of(each) for each in (one, two, three)] == [
        State.CANCELLED,
        State.QUEUED,
        State.CANCELLED,
    ]
    assert await stage.queued() == {str(two)}
    assert (await stage.record_of(one)).code == "volley.withdrawn"
    assert await stage.mistakes(SPRING) == []
    assert await cancel(stage, 0, 2) == 0


async def test_messages_that_were_never_fed_are_cancelled_and_the_feeder_leaves_them(stage: Scene) -> None:
    await stage.submit("spring", 3)
    assert await cancel(stage, 1) == 1
    assert await stage.mistakes(SPRING) == []
    await stage.feeder.step()
    assert await stage.queued() == {"spring/0.0", "spring/0.2"}
    assert await stage.counts(SPRING) == {"queued": 2, "cancelled": 1}
    assert await stage.mistakes(SPRING) == []


@pytest.mark.parametrize("is_fed", [True, False])
async def test_a_campaign_ends_with_its_last_message(stage: Scene, is_fed: bool) -> None:  # noqa: FBT001 - a case
    await stage.submit("spring", 2)
    if is_fed:
        await stage.feeder.step()
    assert await cancel(stage, 0, 1) == 2
    assert await stage.campaign_state(SPRING) == "finished"
    assert await stage.mistakes(SPRING) == []


async def test_what_is_cancelled_alone_is_not_counted_again_when_the_rest_is_cancelled(stage: Scene) -> None:
    await stage.submit("spring", 5)
    await cancel(stage, 1, 3)
    await stage.producer.cancel("spring")
    await stage.close(SPRING)
    assert await stage.counts(SPRING) == {"cancelled": 5}
    assert await stage.mistakes(SPRING) == []


async def test_what_is_claimed_sent_or_final_stays(stage: Scene) -> None:
    one, two, three = await stage.fed("spring", 3)
    await stage.claim(one)
    await stage.submitted(two)
    await stage.claim(three, reference="r3")
    await stage.record(three, Event.REJECT, reference="r3")
    assert await cancel(stage, 0, 1, 2) == 0
    assert await stage.mistakes(SPRING) == []
