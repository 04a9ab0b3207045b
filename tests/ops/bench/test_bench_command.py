"""The bench command, and what it needs: its rooms, its locks."""

import json
import re
from importlib import import_module
from pathlib import Path

import pytest
from click.testing import CliRunner

from ops.bench import command
from ops.bench.plan import Bench

_FOLDER = Path(command.__file__).parent
_PINNED = re.compile(r"^([a-z-]+)(?:\[\w+\])?==(\S+)$", re.MULTILINE)


def test_every_room_is_a_module_that_runs() -> None:
    modules = {path.stem for path in (_FOLDER / "rooms").glob("*.py")} - {"__init__"}
    assert modules == set(command.ROOMS)
    assert all(callable(import_module(f"ops.bench.rooms.{room}").run) for room in command.ROOMS)


def test_an_unknown_room_is_refused_with_the_known_ones() -> None:
    done = CliRunner().invoke(command.bench, ["--only", "drain,nothing", "--no-peers"])
    assert done.exit_code == 2
    assert "nothing" in done.output
    assert "recovery" in done.output


def test_only_the_rooms_that_are_asked_for_run(monkeypatch: pytest.MonkeyPatch) -> None:
    ran: list[str] = []

    def run(made: Bench, rooms: list[str]) -> None:
        ran.extend(rooms)
        made.book.sheet("drain", "Drain").add("x", {"messages/s": 1.0})

    monkeypatch.setattr(command, "run", run)
    done = CliRunner().invoke(command.bench, ["--only", "limit,submit", "--no-peers", "--quick", "--json"])
    assert done.exit_code == 0, done.output
    told = json.loads(done.stdout)
    assert ran == ["submit", "limit"]
    assert told["machine"]["plan"] == "quick"
    assert told["sheets"][0]["medians"] == {"x": {"messages/s": 1.0}}
    assert {target["verdict"] for target in told["targets"]} == {"not measured"}


@pytest.mark.parametrize("name", ["requirements", "requirements-taskiq"])
def test_each_lock_has_what_its_list_asks_for_with_hashes_and_no_address(name: str) -> None:
    asked = dict(_PINNED.findall((_FOLDER / f"{name}.in").read_text()))
    lock = (_FOLDER / f"{name}.lock").read_text()
    assert len(asked) > 3
    assert all(f"\n{package}=={version} \\\n    --hash=sha256:" in f"\n{lock}" for package, version in asked.items())
    assert "//" not in lock
