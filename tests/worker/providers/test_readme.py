"""The README's table: one row for every documented call, and everything it names exists."""

import re
from pathlib import Path

import pytest

import worker.providers
from tests.support import CHECKOUT
from worker.providers.registry import FAMILIES, family

FOLDER = Path(worker.providers.__file__).parent
SECTIONS = (FOLDER / "README.md").read_text().split("\n## ")[1:]
ROWS = [
    (section.split("\n", 1)[0].strip(), [cell.strip() for cell in line.strip("| ").split(" | ")])
    for section in SECTIONS
    for line in section.split("\n")
    if line.startswith("| `")
]
BESIDES = {"smsc": {"send", "rest/send"}, "restv2": {"send", "bulk"}}


@pytest.mark.parametrize("name", FAMILIES)
def test_every_call_has_one_row(name: str) -> None:
    rows = [cells[0].strip("`") for section, cells in ROWS if section == name]
    assert sorted(rows) == sorted({*family(name).calls, *BESIDES[name]})


@pytest.mark.parametrize(("section", "cells"), ROWS, ids=lambda cell: cell if isinstance(cell, str) else cell[0])
def test_a_row_names_what_exists(section: str, cells: list[str]) -> None:
    call, request, formats, _, limit, implemented, shown = cells
    name = call.strip("`")
    for path in re.findall(r"`([^`]+)`", implemented):
        assert (FOLDER / path).is_file(), path
    file, _, test = shown.strip("`").partition("::")
    [found] = CHECKOUT.glob(f"tests/**/{file}")
    assert f"def {test}(" in found.read_text()
    known = family(section).calls.get(name)
    assert known is None or ("*yes*" in request) == (
        known.needs_yes or any(row.needs_yes for row in known.parameters)
    )
    assert formats
    assert limit


def test_every_window_belongs_to_a_row_or_is_not_a_call_of_ours() -> None:
    """Limits that are known for calls nobody makes stay in the table, so that whoever adds the call has them."""
    not_made = {"senders", "subclients"}
    covered = {"status_bulk"} | {
        name for section, cells in ROWS if section == "smsc" for name in [cells[0].strip("`")]
    }
    assert set(family("smsc").rules.windows) - covered == not_made
