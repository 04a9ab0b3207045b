"""Every row of the providers' own tables is a row of ours, and every limited call has its window."""

import json
from pathlib import Path
from typing import Any

import pytest

from producer.contract.states import Event
from worker.providers.outcomes import Block
from worker.providers.registry import FAMILIES, UnknownFamilyError, family
from worker.providers.restv2 import drain
from worker.providers.restv2 import errors as restv2_errors
from worker.providers.smsc import errors as smsc_errors
from worker.providers.smsc import limits, statuses

CASES = Path(__file__).parent / "cases"


def _tables(name: str) -> dict[str, Any]:
    tables: dict[str, Any] = json.loads((CASES / name / "tables.json").read_text())
    return tables


def test_smsc_send_errors_are_complete() -> None:
    assert sorted(smsc_errors.SEND_ERRORS) == _tables("smsc")["send_errors"]
    assert all(row.words for row in smsc_errors.SEND_ERRORS.values())


def test_smsc_statuses_are_complete_and_mean_the_right_event() -> None:
    assert {str(code): row.event for code, row in statuses.STATUSES.items()} == _tables("smsc")["statuses"]
    assert all(row.words for row in statuses.STATUSES.values())


def test_smsc_err_codes_are_complete() -> None:
    assert sorted(statuses.ERRS) == _tables("smsc")["errs"]
    assert all(statuses.ERRS.values())


def test_every_documented_smsc_limit_has_a_window() -> None:
    assert sorted(limits.WINDOWS) == sorted(_tables("smsc")["limited_calls"])


def test_restv2_errors_are_complete() -> None:
    assert {str(number): row.about for number, row in restv2_errors.ERRORS.items()} == _tables("restv2")["errors"]
    assert all(row.words for row in restv2_errors.ERRORS.values())


def test_restv2_statuses_are_complete() -> None:
    assert {word: event for word, (event, _) in drain.STATUSES.items()} == _tables("restv2")["statuses"]


def test_no_table_uses_an_event_that_is_not_a_report() -> None:
    events = {row.event for row in statuses.STATUSES.values()} | {event for event, _ in drain.STATUSES.values()}
    assert all(event is None or event.name.startswith("REPORT_") for event in events)
    assert Event.REPORT_RETURNED in events
    assert {row.about for row in restv2_errors.ERRORS.values() if isinstance(row.about, Block)}


@pytest.mark.parametrize("name", FAMILIES)
def test_rules_are_possible(name: str) -> None:
    rules = family(name).rules
    assert 1 <= rules.in_flight <= rules.most_in_flight
    assert rules.most_per_request >= 1
    assert rules.rate > 0
    assert all(window.count >= 1 and window.seconds > 0 for row in rules.windows.values() for window in row)
    assert family(name).name == name


def test_an_unknown_family_is_named_with_the_known_ones() -> None:
    with pytest.raises(UnknownFamilyError, match=r"no provider family 'smcs'; known: smsc, restv2"):
        family("smcs")
