"""The checkout's environment: made once, whole or not at all, and left alone where it is not needed.

The checkouts here hold the real `ops/__main__.py` and what it needs, a command line that only reports where
it runs, and locks of one or two tiny packages made on the spot. Nothing is fetched from anywhere.
"""

import base64
import hashlib
import json
import os
import shutil
import subprocess
import sys
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import pytest

from ops.environment import Environment
from tests.support import CHECKOUT

# Some make an environment, which takes seconds; where tests run at once, they share the first one in one process.
pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("environment")]


PYTHON: Final = getattr(sys, "_base_executable", sys.executable)  # one without our packages
REAL: Final = ("__init__.py", "__main__.py", "environment.py", "locked.py")
CLI: Final = """
import json, sys
import volley_probe
def main(args):
    print(json.dumps({"prefix": sys.prefix, "arguments": args, "probe": volley_probe.VERSION}))
    sys.exit(5 if "five" in args else 0)
if __name__ == "__main__":
    main(sys.argv[1:])
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Ran:
    status: int
    said: str
    report: dict[str, Any]  # Any: what the fake command line printed


@dataclass(frozen=True, slots=True, kw_only=True)
class FakeCheckout:
    folder: Path

    @property
    def env(self) -> Path:
        return self.folder / ".venv"

    def lock(self, *packages: tuple[str, str], name: str = "requirements.lock") -> None:
        lines = [
            f"{package}=={version} \\\n    --hash=sha256:{self._wheel(package, version)}"
            for package, version in packages
        ]
        (self.folder / "ops" / name).write_text("\n".join(lines) + "\n")

    def run(self, *arguments: str, env: Mapping[str, str] | None = None) -> Ran:
        with self.start(*arguments, env=env) as process:
            return ended(process)

    def start(self, *arguments: str, env: Mapping[str, str] | None = None) -> subprocess.Popen[str]:
        outside = {name: value for name, value in os.environ.items() if not name.startswith(("VOLLEY_", "PYTHON"))}
        offline = {"PIP_NO_INDEX": "1", "PIP_FIND_LINKS": os.fspath(self.folder / "wheels")}
        return subprocess.Popen(
            [PYTHON, "-m", "ops", *arguments],
            cwd=self.folder,
            env={**outside, **offline, **(env or {})},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def packages(self) -> set[str]:
        return {path.name.partition("-")[0] for path in self.env.glob("lib/*/site-packages/volley_*.dist-info")}

    def _wheel(self, package: str, version: str) -> str:
        """Make the wheel and return its hash."""
        path = self.folder / "wheels" / f"{package}-{version}-py3-none-any.whl"
        info = f"{package}-{version}.dist-info"
        files = {
            f"{package}.py": f"VERSION = {version!r}\n",
            f"{info}/METADATA": f"Metadata-Version: 2.1\nName: {package}\nVersion: {version}\n",
            f"{info}/WHEEL": "Wheel-Version: 1.0\nGenerator: tests\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
        }
        rows = [f"{name},sha256={_digest(text)},{len(text)}" for name, text in files.items()]
        files[f"{info}/RECORD"] = "\n".join([*rows, f"{info}/RECORD,,"]) + "\n"
        path.parent.mkdir(exist_ok=True)
        with zipfile.ZipFile(path, "w") as wheel:
            for name, text in files.items():
                wheel.writestr(zipfile.ZipInfo(name), text)
        return hashlib.sha256(path.read_bytes()).hexdigest()


def ended(process: subprocess.Popen[str]) -> Ran:
    """What a run gave, once it is over."""
    printed, said = process.communicate(timeout=300)
    return Ran(status=process.returncode, said=said, report=json.loads(printed) if printed else {})


def _digest(text: str) -> str:
    return base64.urlsafe_b64encode(hashlib.sha256(text.encode()).digest()).rstrip(b"=").decode()


def fresh(folder: Path) -> FakeCheckout:
    """A checkout that was never run."""
    made = FakeCheckout(folder=folder)
    (made.folder / "ops").mkdir(parents=True)
    for name in REAL:
        shutil.copy(CHECKOUT / "ops" / name, made.folder / "ops" / name)
    (made.folder / "ops" / "cli.py").write_text(CLI)
    (made.folder / "pyproject.toml").touch()
    made.lock(("volley_probe", "1.0"))
    made.lock(("volley_probe", "1.0"), ("volley_extra", "2.0"), name="requirements-test.lock")
    return made


@pytest.fixture
def checkout(tmp_path: Path) -> FakeCheckout:
    return fresh(tmp_path / "checkout")


@pytest.fixture(scope="module")
def first_runs(tmp_path_factory: pytest.TempPathFactory) -> tuple[FakeCheckout, Ran, Ran]:
    """The one checkout whose environment is made for all tests, by two first runs at once: the maker first."""
    made = fresh(tmp_path_factory.mktemp("first") / "checkout")
    with made.start("submit", "--text", "a b") as one, made.start("submit", "--text", "a b") as other:
        maker, second = sorted((ended(one), ended(other)), key=lambda ran: "making" not in ran.said)
    return made, maker, second


@pytest.fixture
def used(first_runs: tuple[FakeCheckout, Ran, Ran], tmp_path: Path) -> FakeCheckout:
    """A checkout that was run before: a copy, because making an environment takes seconds."""
    shutil.copytree(first_runs[0].folder, tmp_path / "used", symlinks=True)
    return FakeCheckout(folder=tmp_path / "used")


def test_the_first_run_makes_the_environment_and_runs_the_command_in_it(
    first_runs: tuple[FakeCheckout, Ran, Ran],
) -> None:
    made, ran, _ = first_runs
    assert ran.report == {"prefix": str(made.env), "arguments": ["submit", "--text", "a b"], "probe": "1.0"}
    assert ran.status == 0
    assert "making .venv with Python" in ran.said
    assert "installing 1 packages from ops/requirements.lock" in ran.said
    assert made.packages() == {"volley_probe"}


def test_the_second_run_finds_it_ready_and_gives_the_status_of_the_command(used: FakeCheckout) -> None:
    ran = used.run("five")
    assert (ran.status, ran.said) == (5, "")
    assert ran.report["prefix"] == str(used.env)


def test_a_test_command_adds_what_is_missing_to_the_same_environment(used: FakeCheckout) -> None:
    added = used.run("--verbose", "test", "-k", "status")
    assert "making" not in added.said
    assert "requirements-test.lock" in added.said
    assert used.packages() == {"volley_probe", "volley_extra"}
    assert used.run("status").said == "", "the test environment holds the runtime one"


def test_a_changed_lock_is_installed_into_the_environment_that_is_there(used: FakeCheckout) -> None:
    used.lock(("volley_probe", "1.1"))
    changed = used.run("status")
    assert changed.report["probe"] == "1.1"
    assert "making" not in changed.said


def test_an_environment_interrupted_in_the_making_is_made_anew(used: FakeCheckout) -> None:
    """A killed pip leaves packages that look installed and are not: nothing of it may be trusted."""
    (used.env / "volley-stamp.json").rename(used.env / "volley-making")
    (used.env / "left-over").touch()
    [module] = used.env.glob("lib/*/site-packages/volley_probe.py")
    module.unlink()
    again = used.run("status")
    assert again.report["probe"] == "1.0"
    assert not (used.env / "left-over").exists()
    assert not (used.env / "volley-making").exists()


def test_an_environment_made_by_hand_is_kept_and_completed(used: FakeCheckout) -> None:
    (used.env / "volley-stamp.json").unlink()
    (used.env / "mine").touch()
    kept = used.run("status")
    assert kept.report["prefix"] == str(used.env)
    assert "making" not in kept.said
    assert (used.env / "mine").exists()


def test_an_environment_whose_interpreter_is_gone_is_not_sound(used: FakeCheckout) -> None:
    environment = Environment(folder=used.env, locks=used.folder / "ops")
    assert environment._holds("requirements.lock")
    assert environment._is_sound()
    for name in ("python", "python3"):
        (used.env / "bin" / name).unlink()
        (used.env / "bin" / name).symlink_to("/nowhere/python3")
    assert not environment._holds("requirements.lock")
    assert not environment._is_sound()


def test_two_first_runs_at_once_make_one_environment(first_runs: tuple[FakeCheckout, Ran, Ran]) -> None:
    made, maker, second = first_runs
    assert (maker.status, second.status) == (0, 0)
    assert "making" in maker.said
    assert "making" not in second.said
    assert second.report["prefix"] == str(made.env)


def test_a_package_that_is_not_the_locked_one_stops_the_start(used: FakeCheckout) -> None:
    used.lock(("volley_probe", "1.1"))
    lock = used.folder / "ops" / "requirements.lock"
    lock.write_text(f"{lock.read_text().partition('sha256:')[0]}sha256:{'0' * 64}\n")
    refused = used.run("status")
    assert (refused.status, refused.report) == (1, {})
    assert "DO NOT MATCH THE HASHES" in refused.said
    assert "installing failed" in refused.said
    assert not (used.env / "volley-stamp.json").exists()


def test_a_python_without_ensurepip_says_what_to_install(checkout: FakeCheckout, tmp_path: Path) -> None:
    """Debian splits venv and ensurepip off into python3-venv."""
    (tmp_path / "sitecustomize.py").write_text("import sys\nsys.modules['ensurepip'] = None\n")
    told = checkout.run("status", env={"PYTHONPATH": str(tmp_path)})
    assert told.status == 2
    assert "apt install python3-venv" in told.said
    assert not checkout.env.exists()


def test_a_checkout_that_cannot_be_written_says_so(checkout: FakeCheckout) -> None:
    checkout.env.touch()
    told = checkout.run("status")
    assert told.status == 1
    assert "the environment cannot be made" in told.said


def test_an_older_python_is_told_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "version_info", (3, 10, 12))
    monkeypatch.setattr(sys, "version", "3.10.12 (main)")
    source = (CHECKOUT / "ops" / "__main__.py").read_text()
    with pytest.raises(SystemExit, match=r"needs Python 3\.11 or newer; this is 3\.10\.12"):
        exec(source, {"__name__": "__main__"})


def test_where_the_locked_packages_are_installed_no_environment_is_made(
    checkout: FakeCheckout, tmp_path: Path
) -> None:
    """A Procfile host installs requirements.txt and runs `python -m ops web`, with nothing to configure."""
    with zipfile.ZipFile(checkout.folder / "wheels" / "volley_probe-1.0-py3-none-any.whl") as wheel:
        wheel.extractall(tmp_path / "host")
    host = {"PYTHONPATH": str(tmp_path / "host")}
    assert checkout.run("web", env=host).report["prefix"] == sys.base_prefix
    assert not checkout.env.exists()


def test_volley_no_venv_runs_the_command_right_here(checkout: FakeCheckout, tmp_path: Path) -> None:
    told = checkout.run("status", env={"VOLLEY_NO_VENV": "1"})
    assert told.status == 2
    assert "package volley_probe is missing" in told.said
    (tmp_path / "volley_probe.py").write_text("VERSION = 'any'\n")
    ran = checkout.run("five", env={"VOLLEY_NO_VENV": "1", "PYTHONPATH": str(tmp_path)})
    assert (ran.status, ran.report["prefix"]) == (5, sys.base_prefix)
    assert not checkout.env.exists()


def test_an_installed_package_makes_no_environment(checkout: FakeCheckout, tmp_path: Path) -> None:
    (checkout.folder / "pyproject.toml").unlink()
    (tmp_path / "volley_probe.py").write_text("VERSION = 'any'\n")
    assert checkout.run("status", env={"PYTHONPATH": str(tmp_path)}).report["prefix"] == sys.base_prefix
    assert not checkout.env.exists()
