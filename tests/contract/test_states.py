"""The transition table: total, forward only, and every state can come to an end."""

import pytest

from producer.contract.states import (
    FINAL,
    LETTERS,
    STATES_BY_LETTER,
    TRANSITIONS,
    Event,
    State,
    letter_to,
    letters_from,
    step,
)


@pytest.mark.parametrize("state", State)
@pytest.mark.parametrize("event", Event)
def test_every_state_has_an_answer_to_every_event(state: State, event: Event) -> None:
    after = step(state, event)
    assert after is None or after in State


@pytest.mark.parametrize("state", sorted(FINAL))
def test_a_final_state_never_moves(state: State) -> None:
    assert [event for event in Event if step(state, event)] == []


@pytest.mark.parametrize("state", State)
def test_from_every_state_a_final_one_can_be_reached(state: State) -> None:
    reached, fresh = {state}, {state}
    while fresh:
        fresh = {after for each in fresh for event in Event if (after := step(each, event))} - reached
        reached |= fresh
    assert reached & FINAL


@pytest.mark.parametrize("state", State)
def test_every_state_can_be_reached_from_queued(state: State) -> None:
    reached, fresh = {State.QUEUED}, {State.QUEUED}
    while fresh:
        fresh = {after for each in fresh for event in Event if (after := step(each, event))} - reached
        reached |= fresh
    assert state in reached


def test_only_a_claim_puts_a_message_in_flight() -> None:
    assert {event for event, (_, target) in TRANSITIONS.items() if target is State.IN_FLIGHT} == {Event.CLAIM}


def test_an_uncertain_message_is_never_claimed_as_it_is() -> None:
    """Only evidence, a policy or a person takes it back to the queue: DISPROVE (or the provider's own word)."""
    assert step(State.UNCERTAIN, Event.CLAIM) is None
    back = {event for event in Event if step(State.UNCERTAIN, event) in {State.QUEUED, State.DEFERRED}}
    assert back == {Event.DISPROVE, Event.DEFER, Event.REPORT_RETURNED}


@pytest.mark.parametrize("event", [Event.REPORT_DELIVERED, Event.REPORT_UNDELIVERED, Event.REPORT_EXPIRED])
@pytest.mark.parametrize("state", [State.IN_FLIGHT, State.UNCERTAIN, State.SUBMITTED, State.ENROUTE])
def test_a_final_report_ends_whatever_may_have_been_sent(state: State, event: Event) -> None:
    after = step(state, event)
    assert after is not None
    assert after.is_final


def test_every_event_is_in_the_table_and_every_letter_is_its_own() -> None:
    assert set(TRANSITIONS) == set(Event)
    assert len(set(LETTERS.values())) == len(State)
    assert {STATES_BY_LETTER[state.letter] for state in State} == set(State)
    assert all(len(letter) == 1 and letter.islower() for letter in LETTERS.values())


@pytest.mark.parametrize("event", Event)
def test_the_letters_for_the_scripts_say_what_step_says(event: Event) -> None:
    for state in State:
        assert (state.letter in letters_from(event)) == (step(state, event) is not None)
        if (after := step(state, event)) is not None:
            assert after.letter == letter_to(event)
