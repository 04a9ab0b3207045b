"""`volley completion`: a real bash completes with the script, and it is installed where a shell looks for it."""

import os
import socket
import subprocess
import sys
import time
from pathlib import Path

import click
import orjson
import pytest
from click.testing import CliRunner, Result
from redis import Redis

from ops.cli import COMMANDS, main
from ops.commands.completion import SHELLS
from ops.commands.completion_names import campaign_names
from producer.contract import keys
from tests.support import CHECKOUT


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("HOME", str(tmp_path))
    for name in ("XDG_DATA_HOME", "XDG_CONFIG_HOME"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("SHELL", "/usr/bin/zsh")
    return tmp_path


@pytest.fixture
def program(tmp_path: Path) -> dict[str, str]:
    """An environment in which `volley` is a program, as when it is installed."""
    path = tmp_path / "bin" / "volley"
    path.parent.mkdir()
    path.write_text(
        f'#!/bin/sh\nexec {sys.executable} -c "from ops.cli import main; main(prog_name=\'volley\')" "$@"\n'
    )
    path.chmod(0o755)
    return {**os.environ, "PATH": f"{path.parent}:{os.environ['PATH']}", "PYTHONPATH": os.fspath(CHECKOUT)}


def volley(*words: str) -> Result:
    return CliRunner().invoke(main, ["completion", *words])


def completed(program: dict[str, str], *words: str, folder: Path = CHECKOUT) -> list[str]:
    """What bash, in this folder, offers for the last of the words."""
    script = (
        'source "$1"; shift; COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); _volley_completion volley;'
        ' printf "%s\\n" "${COMPREPLY[@]}"'
    )
    path = Path(program["PATH"].split(":")[0]).parent / "script"
    path.write_text(volley("bash").stdout)
    command = ["bash", "-c", script, "bash", os.fspath(path), "volley", *words]
    ran = subprocess.run(command, env=program, cwd=folder, capture_output=True, text=True, check=True)
    assert ran.stderr == ""
    return ran.stdout.split()


def test_bash_completes_commands_options_and_choices(program: dict[str, str]) -> None:
    assert completed(program, "st") == ["status"]
    assert set(completed(program, "")) == set(COMMANDS)
    assert "--watch" in completed(program, "status", "--w")
    assert completed(program, "worker", "s") == ["send"]
    assert completed(program, "messages", "c1", "--format", "p") == ["parquet"]


@pytest.mark.parametrize("words", [["submit", "--recipients"], ["submit", "--template"], ["messages", "--output"]])
def test_where_a_file_belongs_the_shell_completes_files(program: dict[str, str], words: list[str]) -> None:
    asked = {"_VOLLEY_COMPLETE": "bash_complete", "COMP_WORDS": f"volley {' '.join(words)} p", "COMP_CWORD": "3"}
    command = [sys.executable, "-c", "from ops.cli import main\nmain(prog_name='volley')"]
    ran = subprocess.run(command, env=program | asked, capture_output=True, text=True, check=False)
    assert ran.stdout.splitlines() == ["file,p"]


def test_completing_a_command_imports_none(program: dict[str, str]) -> None:
    code = (
        "import sys\nfrom ops.cli import main\n"
        "try: main(prog_name='volley')\nfinally: print(*sorted(sys.modules), file=sys.stderr)"
    )
    asked = {"_VOLLEY_COMPLETE": "bash_complete", "COMP_WORDS": "volley s", "COMP_CWORD": "1"}
    ran = subprocess.run(
        [sys.executable, "-c", code], env=program | asked, capture_output=True, text=True, check=False
    )
    assert "plain,status" in ran.stdout.splitlines()
    assert not {"redis", "arq", "aiohttp", "rich"} & set(ran.stderr.split())


def test_accounts_and_campaigns_are_completed_from_redis_and_the_configuration(
    program: dict[str, str], redis_url: str, tmp_path: Path
) -> None:
    books = Redis.from_url(redis_url)
    books.flushall()
    books.hset(keys.ACCOUNTS, mapping={"athens": "{}", "moscow": "{}"})
    books.zadd(keys.CAMPAIGNS, {"spring-old": 1, "spring-new": 2, "summer": 3})
    settings = tmp_path / "volley.toml"
    settings.write_text("[accounts.amsterdam]\n")
    here = program | {"REDIS_URL": redis_url, "VOLLEY_CONFIG": os.fspath(settings)}
    for words, names in (
        (["status", "sp"], ["spring-new", "spring-old"]),  # the newest first
        (["messages", "su"], ["summer"]),
        (["provider", ""], ["amsterdam", "athens", "moscow"]),
        (["submit", "--account", "a"], ["amsterdam", "athens"]),
    ):
        # on a machine that is very busy Redis may once not be waited for
        assert names in (completed(here, *words) for _ in range(4)), words
    books.flushall()


@pytest.mark.parametrize("trouble", ["refuses", "silent", "no address", "none"])
def test_where_redis_is_not_to_be_had_nothing_is_offered_and_nothing_said(
    program: dict[str, str], tmp_path: Path, trouble: str
) -> None:
    """`completed` allows nothing on standard error. An embedded server is not started for it."""
    with socket.create_server(("127.0.0.1", 0)) as silent:
        port = silent.getsockname()[1]
        urls = {"refuses": "redis://127.0.0.1:1", "silent": f"redis://127.0.0.1:{port}", "no address": "redis:/x"}
        given = {"REDIS_URL": urls[trouble]} if trouble in urls else {}
        here = {name: value for name, value in program.items() if name != "REDIS_URL"} | given
        assert completed(here, "status", "s", folder=tmp_path) == []
    assert completed(here, "provider", "a", folder=tmp_path) == []
    assert sorted(path.name for path in tmp_path.iterdir()) == ["bin", "script"]


def test_nobody_waits_at_the_prompt_for_a_redis_that_is_silent(monkeypatch: pytest.MonkeyPatch) -> None:
    """The client alone would wait for ten seconds, and try again for fifteen."""
    with socket.create_server(("127.0.0.1", 0)) as silent:
        monkeypatch.setenv("REDIS_URL", f"redis://127.0.0.1:{silent.getsockname()[1]}")
        before = time.monotonic()
        context = click.Context(main)
        assert campaign_names(context, context.command.params[0], "s") == []
        assert time.monotonic() - before < 8


@pytest.mark.parametrize(
    ("shell", "place"),
    [
        ("bash", ".local/share/bash-completion/completions/volley"),
        ("zsh", ".zfunc/_volley"),
        ("fish", ".config/fish/completions/volley.fish"),
    ],
)
def test_each_shell_has_its_script_in_its_place(home: Path, shell: str, place: str) -> None:
    for _ in range(2):  # a newer script replaces an older one
        ran = volley(shell, "--install")
        assert ran.exit_code == 0, ran.stderr
        assert ran.stdout.startswith(f"written: {home / place}\n")
        assert len(ran.stdout.splitlines()) > 1, "it says what is still to be done"
    assert (home / place).read_text() == volley(shell).stdout
    told = orjson.loads(volley(shell, "--install", "--json").stdout)
    assert told == {"shell": shell, "installed": str(home / place)}


def test_a_file_that_is_not_ours_is_left_alone(home: Path) -> None:
    (home / ".zfunc").mkdir()
    (home / ".zfunc" / "_volley").write_text("mine")
    ran = volley("--install")
    assert (ran.exit_code, (home / ".zfunc" / "_volley").read_text()) == (1, "mine")
    assert "is not ours: move it away" in ran.stderr


def test_ones_own_shell_is_taken_unless_it_is_unknown(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert orjson.loads(volley("--json").stdout)["shell"] == "zsh"
    monkeypatch.setenv("SHELL", "/bin/tcsh")
    ran = volley()
    assert ran.exit_code == 2
    assert f"your shell (tcsh) is none of {', '.join(SHELLS)}" in " ".join(ran.stderr.split())
