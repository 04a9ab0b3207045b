"""Pages that are made from the code are up to date."""

from producer.contract import catalogue, diagram
from producer.contract.states import FINAL, Event, State
from tests.support import CHECKOUT


def test_the_page_of_keys_is_the_catalogue() -> None:
    page = (CHECKOUT / "producer" / "contract" / "KEYS.md").read_text(encoding="utf-8")
    assert page == catalogue.page(), "python -m producer.contract.catalogue > producer/contract/KEYS.md"


def test_the_readme_draws_the_states_as_they_are() -> None:
    readme = (CHECKOUT / "README.md").read_text(encoding="utf-8")
    assert f"```mermaid\n{diagram.mermaid()}\n```" in readme, "python -m producer.contract.diagram prints the text"


def test_the_diagram_shows_every_state_and_ends_the_final_ones() -> None:
    drawn = diagram.mermaid()
    assert all(f" {state}" in drawn for state in State)
    assert {state for state in State if f"{state} --> [*]" in drawn} == FINAL


def test_every_event_has_words() -> None:
    assert diagram._WORDS.keys() == set(Event)
