"""The locks: what they hold, that each is as new as what it is made of, and how an installed one is told."""

import re
import tomllib
from pathlib import Path
from typing import Final

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from ops.locked import count_pins, is_installed_here
from tests.support import CHECKOUT

_MADE_OF: Final = {
    "ops/requirements.lock": ("pyproject.toml", "local"),
    "ops/requirements-test.lock": ("pyproject.toml", "local", "test"),
    "ops/bench/requirements.lock": ("ops/bench/requirements.in",),
    "ops/bench/requirements-taskiq.lock": ("ops/bench/requirements-taskiq.in",),
    "tests/fuzz/requirements.lock": ("pyproject.toml", "tests/fuzz/requirements.in"),
}
"""Every lock, and its sources: files of requirements, and extras of pyproject.toml."""


def test_this_environment_has_the_locked_packages() -> None:
    assert is_installed_here(CHECKOUT / "ops" / "requirements-test.lock")


def test_a_package_with_a_marker_may_be_missing(tmp_path: Path) -> None:
    lock = tmp_path / "some.lock"
    lock.write_text("nowhere==1.0 ; sys_platform == 'win32' \\\n    --hash=sha256:00\n")
    assert is_installed_here(lock)
    lock.write_text("nowhere==1.0 \\\n    --hash=sha256:00\n")
    assert not is_installed_here(lock)
    lock.write_text("click==0.1 ; sys_platform == 'win32' \\\n    --hash=sha256:00\n")
    assert not is_installed_here(lock)
    assert count_pins(lock) == 1


def test_every_lock_is_in_the_table() -> None:
    found = {
        path.relative_to(CHECKOUT).as_posix()
        for folder in ("ops", "producer", "worker", "tests")
        for path in (CHECKOUT / folder).rglob("*.lock")
    }
    assert found | {path.name for path in CHECKOUT.glob("*.lock")} == set(_MADE_OF)


@pytest.mark.parametrize("name", _MADE_OF)
def test_the_locks_name_no_registry_and_hash_everything(name: str) -> None:
    text = (CHECKOUT / name).read_text()
    assert "://" not in text
    assert "--index" not in text
    pinned = re.findall(r"^\S+==.*\\\n    --hash=sha256:", text, re.MULTILINE)
    assert len(pinned) == sum(not line.startswith(" ") for line in text.splitlines()) > 20


@pytest.mark.parametrize("name", _MADE_OF)
def test_a_lock_holds_everything_that_it_is_made_of(name: str) -> None:
    text = (CHECKOUT / name).read_text()
    wanted = [requirement for source in _MADE_OF[name] for requirement in _requirements(source)]
    assert wanted
    assert _unmet(wanted, text) == [], f"{name} is older than {_MADE_OF[name][0]}: compile it anew"


def test_a_lock_that_is_older_than_its_sources_is_told() -> None:
    lock = "arq==0.28.0 \\\n    --hash=sha256:00\nmsgspec==0.19.0 \\\n    --hash=sha256:00\n"
    assert _unmet(["arq==0.28.*"], lock) == []
    assert _unmet(["arq==0.28.*", "orjson>=3.10,<4"], lock) == ["orjson>=3.10,<4"]
    assert _unmet(["msgspec>=0.20,<1"], lock) == ["msgspec>=0.20,<1"]
    assert _unmet(["redis[hiredis]>=5,<6"], "redis==5.3.1 \\\n") == ["redis[hiredis]>=5,<6"]


def test_the_fuzzer_runs_our_code_with_the_versions_of_production() -> None:
    runtime, fuzzing = (_read_pins(name) for name in ("ops/requirements.lock", "tests/fuzz/requirements.lock"))
    assert runtime.items() - fuzzing.items() == {pin for pin in runtime.items() if pin[0].startswith("valkey")}


@pytest.mark.parametrize("name", ["ops/bench/requirements.lock", "ops/bench/requirements-taskiq.lock"])
def test_the_peers_have_the_client_loop_and_parser_of_production(name: str) -> None:
    runtime, peers = _read_pins("ops/requirements.lock"), _read_pins(name)
    assert all(peers[each] == runtime[each] for each in ("aiohttp", "uvloop", "hiredis"))


def test_the_test_lock_holds_everything_of_the_runtime_lock() -> None:
    runtime, test = (_read_pins(name) for name in ("ops/requirements.lock", "ops/requirements-test.lock"))
    assert runtime.items() <= test.items()


def _requirements(source: str) -> list[str]:
    """What a source asks for: `pyproject.toml`, one of its extras, or a file of requirements."""
    if source.endswith(".in"):
        lines = [line.partition(" #")[0].strip() for line in (CHECKOUT / source).read_text().splitlines()]
        return [line for line in lines if line and not line.startswith("#")]
    project = tomllib.loads((CHECKOUT / "pyproject.toml").read_text())["project"]
    return list(project["dependencies"] if source == "pyproject.toml" else project["optional-dependencies"][source])


def _unmet(requirements: list[str], lock: str) -> list[str]:
    """Those without a package in the lock of a version that they allow. An extra here is a package of its name."""
    pins = _pins(lock)
    return [each for each in requirements if not _is_met(Requirement(each), pins)]


def _is_met(wanted: Requirement, pins: dict[str, frozenset[str]]) -> bool:
    versions = pins.get(canonicalize_name(wanted.name), frozenset())
    return any(version in wanted.specifier for version in versions) and wanted.extras <= pins.keys()


def _read_pins(name: str) -> dict[str, frozenset[str]]:
    return _pins((CHECKOUT / name).read_text())


def _pins(lock: str) -> dict[str, frozenset[str]]:
    """The versions of each package; two where a marker chooses."""
    pins: dict[str, frozenset[str]] = {}
    for name, version in re.findall(r"^([a-z0-9._-]+)==([^\s;\\]+)", lock, re.MULTILINE):
        pins[name] = pins.get(name, frozenset()) | {version}
    return pins
