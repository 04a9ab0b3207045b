"""The checkout's own virtual environment, made from the hash-pinned lock. Standard library only.

`.venv` holds one of two environments: the runtime one, or the test one, which is a superset. A
stamp, written last, tells what is in it. While it is being made another file is there instead: an
environment that was interrupted in the making is made anew. One process at a time makes it.
"""

import fcntl
import hashlib
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Final, NoReturn

from ops.locked import count_pins, is_installed_here

TEST_COMMANDS: Final = frozenset({"test", "check", "bench", "screenshots"})
"""The commands that need the test environment."""

_CHECKOUT: Final = Path(__file__).resolve().parent.parent
_RUNTIME_LOCK: Final = "requirements.lock"
_TEST_LOCK: Final = "requirements-test.lock"
_WRONG_USAGE: Final = 2
_NO_VENV_MODULE: Final = """this Python ({python}) cannot make virtual environments.
Install what is missing (on Debian and Ubuntu: apt install python3-venv), then run this again."""


def run_in_environment(arguments: Sequence[str]) -> NoReturn:
    """Run the command line with `arguments`: in this interpreter if it has what is needed, else in `.venv`.

    This interpreter has it when VOLLEY_NO_VENV is set, when this is no checkout but an installed package,
    and when every package of the lock is installed in it in the locked version (a Procfile host).
    """
    lock = _lock_for(arguments)
    if os.environ.get("VOLLEY_NO_VENV") or not (_CHECKOUT / "pyproject.toml").exists():
        _run_here(arguments)
    environment = Environment(folder=_CHECKOUT / ".venv", locks=_CHECKOUT / "ops")
    if not environment.is_running_us and is_installed_here(_CHECKOUT / "ops" / lock):
        _run_here(arguments)
    environment.provide(lock)
    python = os.fspath(environment.python)
    os.execv(python, [python, "-m", "ops.cli", *arguments])  # noqa: S606  # no shell is the point


def _lock_for(arguments: Sequence[str]) -> str:
    command = next((word for word in arguments if not word.startswith("-")), "")
    return _TEST_LOCK if command in TEST_COMMANDS else _RUNTIME_LOCK


def _run_here(arguments: Sequence[str]) -> NoReturn:
    try:
        from ops.cli import main  # noqa: PLC0415  # only now is it known that its dependencies are here
    except ModuleNotFoundError as error:
        _give_up(f"package {error.name} is missing in {sys.executable}; install the packages of ops/{_RUNTIME_LOCK}")
    main(args=list(arguments))
    sys.exit()


@dataclass(frozen=True, slots=True, kw_only=True)
class Environment:
    """A virtual environment in `folder`, from the lock files in `locks`."""

    folder: Path
    locks: Path

    @property
    def python(self) -> Path:
        """Its interpreter."""
        return self.folder / "bin" / "python"

    @property
    def is_running_us(self) -> bool:
        """Whether this process runs in it."""
        return Path(sys.prefix).resolve() == self.folder.resolve()

    def provide(self, lock: str) -> None:
        """Make it hold the packages of `lock`; quick when it does already."""
        if self._holds(lock):
            return
        try:
            with _alone(self.folder.parent):
                if not self._holds(lock):
                    self._make(lock)
        except OSError as error:
            sys.exit(f"volley: the environment cannot be made: {error}")

    def _holds(self, lock: str) -> bool:
        """Read from the stamp alone: no import, no process."""
        try:
            stamp = json.loads(self._stamp.read_text())
            return bool(stamp["python"] == self._interpreter() and stamp["locks"][lock] == self._digest(lock))
        except (OSError, ValueError, KeyError, TypeError):
            return False

    def _make(self, lock: str) -> None:
        self._prepare()
        self._making.touch()
        self._stamp.unlink(missing_ok=True)
        self._install(lock)
        self._write_stamp(lock)
        self._making.unlink()

    def _prepare(self) -> None:
        """An interpreter with pip. A sound environment (of another lock, or made by hand) is kept."""
        if not self._making.exists() and self._is_sound():
            return
        if find_spec("venv") is None or find_spec("ensurepip") is None:
            _give_up(_NO_VENV_MODULE.format(python=sys.executable))
        _say(f"making {self.folder.name} with Python {_version()}")
        shutil.rmtree(self.folder, ignore_errors=True)
        self.folder.mkdir()
        self._making.touch()
        base = getattr(sys, "_base_executable", None) or sys.executable
        _run([base, "-m", "venv", os.fspath(self.folder)], "making the environment failed")

    def _is_sound(self) -> bool:
        ask = f"import sys, pip; sys.exit(sys.version_info[:2] != {sys.version_info[:2]})"
        try:
            return subprocess.run([self.python, "-c", ask], capture_output=True, check=False).returncode == 0  # noqa: S603  # our own words
        except OSError:
            return False

    def _install(self, lock: str) -> None:
        path = self.locks / lock
        _say(f"installing {count_pins(path)} packages from {path.parent.name}/{lock}")
        pip = [
            os.fspath(self.python),
            "-m",
            "pip",
            "install",
            "--quiet",
            "--no-input",
            "--no-user",
            "--require-hashes",
        ]
        options = ["--no-deps", "--disable-pip-version-check", "--progress-bar", "off"]
        _run([*pip, *options, "-r", os.fspath(path)], "installing failed")
        _say("ready")

    def _write_stamp(self, lock: str) -> None:
        held = (_RUNTIME_LOCK, _TEST_LOCK) if lock == _TEST_LOCK else (lock,)
        stamp = {"python": self._interpreter(), "locks": {name: self._digest(name) for name in held}}
        draft = self._stamp.with_suffix(".draft")
        draft.write_text(json.dumps(stamp))
        draft.replace(self._stamp)

    def _interpreter(self) -> list[str]:
        """What the environment's interpreter really is, and the version of Python that is asked for."""
        return [os.fspath(self.python.resolve(strict=True)), "{}.{}".format(*sys.version_info)]

    def _digest(self, lock: str) -> str:
        return hashlib.sha256((self.locks / lock).read_bytes()).hexdigest()

    @property
    def _stamp(self) -> Path:
        return self.folder / "volley-stamp.json"

    @property
    def _making(self) -> Path:
        return self.folder / "volley-making"


@contextmanager
def _alone(folder: Path) -> Iterator[None]:
    """One process at a time; the lock is on the folder itself, so that no file is left behind."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            _say("waiting for another process that makes the environment")
            fcntl.flock(handle, fcntl.LOCK_EX)
        yield
    finally:
        os.close(handle)


def _run(command: Sequence[str], failed: str) -> None:
    done = subprocess.run(  # noqa: S603  # our own words and paths
        command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False
    )
    if done.returncode:
        _say(done.stdout.strip())
        sys.exit(f"volley: {failed} (see above)")


def _version() -> str:
    return sys.version.split()[0]


def _say(text: str) -> None:
    print(f"volley: {text}", file=sys.stderr, flush=True)  # noqa: T201  # there is nothing else to speak with yet


def _give_up(text: str) -> NoReturn:
    _say(text)
    sys.exit(_WRONG_USAGE)
