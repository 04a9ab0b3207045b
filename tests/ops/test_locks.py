"""The locks of the two environments: what they hold, and how an installed one is told."""

from pathlib import Path

import pytest

from ops.locked import count_pins, is_installed_here
from tests.support import CHECKOUT


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


@pytest.mark.parametrize("name", ["requirements.lock", "requirements-test.lock"])
def test_the_locks_name_no_registry_and_hash_everything(name: str) -> None:
    lock = CHECKOUT / "ops" / name
    text = lock.read_text()
    assert "://" not in text
    assert "--index" not in text
    assert count_pins(lock) == sum(not line.startswith(" ") for line in text.splitlines()) > 20


def test_the_test_lock_holds_everything_of_the_runtime_lock() -> None:
    pins = [
        {line.split()[0] for line in (CHECKOUT / "ops" / name).read_text().splitlines() if "==" in line.split()[0]}
        for name in ("requirements.lock", "requirements-test.lock")
    ]
    assert pins[0] <= pins[1]
