"""The command line: quick to start, and every end has its status."""

import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping
from subprocess import PIPE
from typing import Any

import click
import pytest
from click.testing import CliRunner

from ops import cli, development, suite
from ops.cli import COMMANDS, LazyGroup
from ops.errors import OpsError
from tests.support import CHECKOUT, first_line, running


def _raise(error: BaseException) -> None:
    raise error


@pytest.fixture
def group(monkeypatch: pytest.MonkeyPatch) -> LazyGroup:
    """A group of commands that end in every way there is, loaded by name as the real ones are."""
    ends: Mapping[str, Callable[[], Any]] = {  # Any: what a command returns
        "done": lambda: None,
        "seven": lambda: 7,
        "failed": lambda: _raise(OpsError("there is no Redis")),
        "told": lambda: _raise(click.ClickException("told")),
        "misused": lambda: _raise(click.UsageError("not so")),
        "interrupted": lambda: _raise(KeyboardInterrupt()),
    }
    for name, end in ends.items():
        monkeypatch.setattr(cli, f"end_{name}", click.command(name)(end), raising=False)
    return LazyGroup(name="volley", table={name: (f"ops.cli:end_{name}", f"Ends {name}.") for name in ends})


@pytest.mark.parametrize(
    ("command", "status", "says"),
    [
        ("done", 0, ""),
        ("seven", 7, ""),
        ("failed", 1, "Error: there is no Redis"),
        ("told", 1, "Error: told"),
        ("misused", 2, "Error: not so"),
        ("interrupted", 130, "interrupted"),
        ("unheard-of", 2, "No such command"),
    ],
)
def test_every_end_has_its_status_and_no_traceback(group: LazyGroup, command: str, status: int, says: str) -> None:
    ran = CliRunner().invoke(group, [command])
    assert ran.exit_code == status
    assert says in ran.stderr
    assert ran.stdout == ""
    assert isinstance(ran.exception, SystemExit | None)


@pytest.mark.parametrize("name", COMMANDS)
def test_every_row_of_the_table_names_a_command(name: str) -> None:
    command = cli.main.get_command(click.Context(cli.main), name)
    assert command is not None
    assert command.name == name


RUN_ON = {"worker", "web", "check", "test", "sandbox", "screenshots"}  # they run on, and what they print is a log


def leaves(name: str, command: click.Command) -> Iterator[tuple[str, click.Command]]:
    """A command, or those of a group."""
    if not isinstance(command, click.Group):
        yield name, command
        return
    for inner in command.commands:
        yield from leaves(f"{name} {inner}", command.commands[inner])


@pytest.mark.parametrize("name", [name for name in COMMANDS if name not in RUN_ON])
def test_whatever_prints_can_print_json(name: str) -> None:
    command = cli.main.get_command(click.Context(cli.main), name)
    assert command is not None
    lacking = [path for path, leaf in leaves(name, command) if not any("--json" in one.opts for one in leaf.params)]
    assert lacking == []


def test_help_lists_every_command_and_imports_none() -> None:
    code = "import sys; from ops.cli import main\ntry: main(args=['--help'])\nfinally: print(*sorted(sys.modules))"
    shown = subprocess.run([sys.executable, "-c", code], cwd=CHECKOUT, capture_output=True, text=True, check=True)
    text, _, modules = shown.stdout.rstrip().rpartition("\n")
    for name, (_, line) in COMMANDS.items():
        assert name in text
        assert line.split()[0] in text
    heavy = {"ops.development", "redis", "arq", "aiohttp", "rich"}
    assert not heavy & set(modules.split())


def test_the_version_is_that_of_the_project() -> None:
    ran = CliRunner().invoke(cli.main, ["--version"])
    assert ran.output.startswith("volley ")
    assert f'version = "{ran.output.split()[1]}"' in (CHECKOUT / "pyproject.toml").read_text()


def test_check_runs_every_check_and_names_those_that_failed(
    monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    checks = (("good", ("python", "-c", "print('one')")), ("bad", ("python", "-c", "raise SystemExit(3)")))
    monkeypatch.setattr(development, "_CHECKS", (*checks, ("last", ("python", "-c", "print('three')"))))
    assert development.run_check() == 1
    printed = capfd.readouterr().out
    assert "one" in printed
    assert "three" in printed
    assert printed.endswith("failed: bad\n")


def test_check_passes_when_every_check_does(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(development, "_CHECKS", (("good", ("python", "-c", "")),))
    assert development.run_check() == 0


def test_a_missing_checker_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(development, "_CHECKS", (("none", ("no-such-program",)),))
    with pytest.raises(click.ClickException, match="no-such-program is missing"):
        development.run_check()


@pytest.mark.parametrize(
    ("arguments", "status"),
    [(["--version"], 0), (["--no-such-option"], 2), (["--collect-only", "-q", "-k", "nothing_has_this_name"], 1)],
)
def test_pytest_gets_the_arguments_and_its_end_is_ours(arguments: list[str], status: int) -> None:
    assert development.run_tests([*arguments, "tests/ops/test_cli.py"]) == status


def test_with_arguments_pytest_runs_what_they_say_and_no_more(monkeypatch: pytest.MonkeyPatch) -> None:
    ran: list[list[str]] = []
    monkeypatch.setattr(development, "_run", lambda words: ran.append([*words[1:]]) or 1)
    assert development.run_tests(["-x"]) == 1
    assert ran == [["-m", "pytest", "-x"]]


def test_without_arguments_the_whole_suite_runs(monkeypatch: pytest.MonkeyPatch) -> None:
    ran: list[list[str]] = []
    monkeypatch.setattr(development, "_run", lambda words: ran.append([*words[1:]]) or 0)
    assert development.run_tests([]) == 0
    assert ran == [["-m", "pytest", *suite.IN_PARALLEL, "--cache-clear"]]


def test_bytecode_is_kept_whatever_the_shell_says(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PYTHONDONTWRITEBYTECODE", "1")
    assert development._run([sys.executable, "-c", "import sys; sys.exit(7 + sys.dont_write_bytecode)"]) == 7


def test_ctrl_c_during_the_tests_waits_for_pytest_to_clean_up() -> None:
    code = "import os, sys; from ops.development import _run; sys.exit(_run([sys.executable, '-c', sys.argv[1]]))"
    child = (
        "import signal, time\n"
        "try:\n    print('ready', flush=True); time.sleep(60)\n"
        "except KeyboardInterrupt:\n    time.sleep(0.5); print('cleaned up', flush=True); raise SystemExit(9)\n"
    )
    with running([sys.executable, "-c", code, child], stdout=PIPE, start_new_session=True) as process:
        assert first_line(process) == "ready\n"
        os.killpg(process.pid, signal.SIGINT)
        assert first_line(process) == "cleaned up\n"
        assert process.wait(60) == 9
