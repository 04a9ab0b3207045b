"""Uncertain messages whose number the provider is asked for, where its list does not reach them."""

import pytest

from producer.contract import keys
from producer.contract.campaigns import OnUncertain
from producer.contract.messages import Reference
from producer.contract.states import State
from tests.worker.listed import MOST, desk, doubted, row
from tests.worker.scene import Scene, numbers


def newer() -> list[list[object]]:
    """A full list, all of it sent after what is looked for."""
    return [row(str(place), to="306999999999", ago=50) for place in range(MOST)]


async def test_what_a_page_does_not_reach_is_asked_for_by_number_in_the_same_turn(stage: Scene) -> None:
    """It was one request a turn, list and number in turns: at a turn a minute a number every other minute."""
    work = await desk(stage)
    first, second = await doubted(stage, count=2, on_uncertain=OnUncertain.RESEND)
    await stage.redis.expire(keys.reference("athens", Reference("v0")), 3600 - 100)
    await work.step(*newer(), then=[[row()], []])
    assert [await stage.state_of(each) for each in (first, second)] == [State.SUBMITTED, State.QUEUED]
    assert [to for _, to in work.asked] == ["", numbers(2)[0], numbers(2)[1]]
    assert await stage.mistakes("spring") == []


async def test_whose_number_cannot_be_asked_yet_waits_however_old_it_is(
    stage: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Policy may decide about a message that was looked for, or about a host that tells nothing."""
    monkeypatch.setattr("worker.lookups._MOST_SINGLE", 2)
    work = await desk(stage)
    first, second = await doubted(stage, count=2, age=2000, on_uncertain=OnUncertain.RESEND)
    await work.step(*newer(), then=[[]])
    assert sorted([await stage.state_of(first), await stage.state_of(second)]) == [State.QUEUED, State.UNCERTAIN]
    [one, other] = [to for _, to in work.asked]
    assert (one, other in numbers(2)) == ("", True)
    await work.step()
    assert [await stage.state_of(first), await stage.state_of(second)] == [State.QUEUED] * 2, "the next turn's"


async def test_a_number_that_gets_no_answer_is_postponed_alone(stage: Scene) -> None:
    work = await desk(stage)
    first, second = await doubted(stage, count=2, on_uncertain=OnUncertain.RESEND)
    await stage.redis.expire(keys.reference("athens", Reference("v0")), 3600 - 100)
    await work.step(*newer(), then=[])
    assert [await stage.state_of(each) for each in (first, second)] == [State.UNCERTAIN] * 2
    await work.step(*newer(), then=[[row()], []])
    assert [await stage.state_of(each) for each in (first, second)] == [State.SUBMITTED, State.QUEUED]


async def test_a_short_list_is_not_taken_for_the_whole(stage: Scene) -> None:
    """A host that gives fewer rows than it was asked for looked as if it had sent no more: policy sent once more."""
    work = await desk(stage)
    first, second = await doubted(stage, count=2, on_uncertain=OnUncertain.RESEND)
    await work.step(*newer()[: MOST - 3], then=[[row()], []])
    assert [await stage.state_of(each) for each in (first, second)] == [State.SUBMITTED, State.QUEUED]
    assert [to for _, to in work.asked] == ["", numbers(2)[0], numbers(2)[1]]


async def test_a_list_of_others_says_nothing_of_the_number_that_was_asked_for(stage: Scene) -> None:
    """`to` is a guess: a host that does not know it lists what was sent last, to whomever."""
    work = await desk(stage)
    [message] = await doubted(stage, on_uncertain=OnUncertain.RESEND)
    await work.step(*newer())
    assert await stage.state_of(message) is State.UNCERTAIN
    await work.step(row(), *newer())
    assert await stage.state_of(message) is State.SUBMITTED
