"""The runbook says what is so: a section for every alert and verdict, and commands that are what they seem."""

import ast
import os
import re
import shlex
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Final

import pytest
from redis import Redis

from ops.cli import COMMANDS
from ops.readings.verdict import BLOCKS
from tests.docs.helping import help_of
from tests.reliability.redis_servers import PortServer, port_server
from tests.support import CHECKOUT

RUNBOOK = CHECKOUT / "ops" / "RUNBOOK.md"
TEXT = RUNBOOK.read_text(encoding="utf-8")
UNITS = sorted((CHECKOUT / "ops" / "systemd").glob("*.service"))

_NAMING = ("ops/readings/verdict.py", "ops/dashboard/watch.py", "producer/server.py")
_ELSEWHERE = {"wait"}  # needs a replica


def headings() -> set[str]:
    return {line.lstrip("#").strip() for line in TEXT.splitlines() if line.startswith("#")}


def anchors() -> set[str]:
    return {re.sub(r"[^\w -]", "", heading.lower()).replace(" ", "-") for heading in headings()}


def code() -> list[str]:
    """Every line of an indented block (continued ones joined), and every word in backticks."""
    blocks = re.findall(r"^ {4}(.*)$", re.sub(r"\\\n +", "", TEXT), re.MULTILINE)
    return blocks + re.findall(r"`([^`\n]+)`", TEXT)


def kebab(name: str) -> str:
    return re.sub(r"(?<!^)(?=[A-Z])", "-", name).lower()


def alerts() -> dict[str, str]:
    """Each alert and the anchor that it leads to."""
    rules = (CHECKOUT / "ops" / "alerts.yml").read_text(encoding="utf-8")
    names = re.findall(r"- alert: (\w+)", rules)
    return dict(zip(names, re.findall(r"runbook: ops/RUNBOOK\.md#([\w-]+)", rules), strict=True))


def verdicts() -> set[str]:
    """Every name that a finding, a concern or a verdict is given in the sources."""
    found = {f"account-{state}" for state in BLOCKS}
    for path in _NAMING:
        for node in ast.walk(ast.parse((CHECKOUT / path).read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and getattr(node.func, "id", "") in {"Finding", "Verdict", "Concern"}:
                given = [word.value for word in node.keywords if word.arg == "name"]
                found |= {value.value for value in given if isinstance(value, ast.Constant)}
    return found


# --- sections ------------------------------------------------------------------------------------------


def test_every_alert_leads_to_its_section() -> None:
    assert len(alerts()) > 10
    assert {name: kebab(name) for name in alerts()} == alerts()
    assert set(alerts().values()) <= headings()


def test_every_verdict_has_its_section() -> None:
    assert len(verdicts()) > 12
    assert verdicts() <= headings()


def test_every_section_of_a_verdict_is_one() -> None:
    """A section that nothing leads to any more is taken away."""
    named = {heading for heading in headings() if re.fullmatch(r"[a-z]+(-[a-z]+)*", heading)}
    assert named - verdicts() - set(alerts().values()) <= {"account-blocked"}


def test_every_link_inside_leads_to_a_heading() -> None:
    assert set(re.findall(r"\]\(#([^)]+)\)", TEXT)) <= anchors()


# --- commands ------------------------------------------------------------------------------------------


_WITH_COMMANDS_BELOW: Final = {"orders", "suppression", "uncertain"}


def test_every_option_of_a_command_exists() -> None:
    lines = [line for line in code() if re.match(r"volley [a-z]", line)]
    assert len(lines) > 20
    for line in lines:
        _, command, *words = shlex.split(line, comments=True)
        assert command in COMMANDS, line
        options = [word for word in words if word.startswith("--")]
        below = words[:1] if command in _WITH_COMMANDS_BELOW else []
        assert not options or set(options) <= set(help_of(command, *below).split()), line


@pytest.mark.parametrize("command", ["repair", "forget"])
def test_commands_for_emergencies_are_told_of(command: str) -> None:
    """Those that only a runbook leads to."""
    if command in COMMANDS:
        assert f"volley {command}" in TEXT


def test_every_command_to_redis_is_one(tmp_path: Path) -> None:
    lines = {line for line in code() if line.startswith('redis-cli -u "$REDIS_URL" ')}
    assert len(lines) > 8
    with port_server(tmp_path / "redis") as server:
        for line in sorted(lines):
            words = [word for word in shlex.split(line, comments=True)[3:] if word != "…"]
            if words and words[0] not in _ELSEWHERE and not words[0].startswith("--"):
                for child in ("aof_rewrite_in_progress", "rdb_bgsave_in_progress"):
                    _until(server.client, child, 0)
                server.client.execute_command(*words)


def test_every_event_that_is_named_is_logged_somewhere() -> None:
    named = set(re.findall(r"`([a-z]+(?:_[a-z]+)+)`", TEXT))
    sources = [path for room in ("producer", "worker", "ops") for path in (CHECKOUT / room).rglob("*.py")]
    text = "\n".join(path.read_text(encoding="utf-8") for path in sources)
    assert {name for name in named if name not in text} == set()
    assert "sender_waits_for_redis" in named


# --- backups, as they are described --------------------------------------------------------------------


@pytest.mark.parametrize("form", ["snapshot", "append-only file"])
def test_a_backup_is_restored_as_described(form: str, tmp_path: Path) -> None:
    with port_server(tmp_path / "old") as server:
        server.client.hset("volley:accounts", "athens", "{}")
        _back_up(server, form, tmp_path / "old", tmp_path / "new")
        server.client.hset("volley:accounts", "later", "{}")
    appends = "no" if form == "snapshot" else "yes"
    with port_server(tmp_path / "new", appendonly=appends) as server:
        assert server.client.hkeys("volley:accounts") == [b"athens"]
        server.client.config_set("appendonly", "yes")
        _until(server.client, "aof_rewrite_in_progress", 0)
        _until(server.client, "aof_rewrite_scheduled", 0)
        assert server.info("aof_enabled") == 1
    with port_server(tmp_path / "new") as server:
        assert server.client.hkeys("volley:accounts") == [b"athens"], "and it stays after a restart"


def _back_up(server: PortServer, form: str, old: Path, new: Path) -> None:
    new.mkdir()
    if form == "snapshot":
        server.client.bgsave()
        _until(server.client, "rdb_bgsave_in_progress", 0)
        shutil.copy(old / "dump.rdb", new)
    else:
        server.client.config_set("auto-aof-rewrite-percentage", 0)
        _until(server.client, "aof_rewrite_in_progress", 0)
        shutil.copytree(old / "appendonlydir", new / "appendonlydir")


def _until(client: Redis, name: str, value: int) -> None:
    while client.info("persistence")[name] != value:
        pass


# --- what is deployed ----------------------------------------------------------------------------------


def test_the_units_are_of_all_roles_and_start_commands_that_exist() -> None:
    started = {unit.stem.rstrip("@"): re.findall(r"-m ops (\w+) ?(\w*)", unit.read_text()) for unit in UNITS}
    assert started == {
        "volley-send": [("worker", "send")],
        "volley-track": [("worker", "track")],
        "volley-web": [("web", "")],
    }
    for unit in UNITS:
        assert unit.stem.rstrip("@") in TEXT


@pytest.mark.skipif(shutil.which("systemd-analyze") is None, reason="systemd-analyze is not on this machine")
@pytest.mark.parametrize("unit", UNITS, ids=lambda unit: unit.name)
def test_systemd_takes_the_units(unit: Path, tmp_path: Path) -> None:
    copy = tmp_path / unit.name
    copy.write_text(unit.read_text().replace("/srv/volley/.venv/bin/python", sys.executable))
    said = subprocess.run(
        ["systemd-analyze", "verify", copy], capture_output=True, text=True, check=False, timeout=120
    )
    assert unit.stem.rstrip("@") not in said.stderr, said.stderr


def test_the_environment_file_has_variables_that_are_read() -> None:
    readme = (CHECKOUT / "README.md").read_text(encoding="utf-8")
    lines = (CHECKOUT / "ops/systemd/volley.env").read_text().splitlines()
    names = [line.partition("=")[0] for line in lines if line and not line.startswith("#")]
    assert len(names) > 4
    for name in names:
        assert f"`{name}`" in readme or f'env:{name}"' in readme


def test_the_image_holds_all_that_the_commands_need(tmp_path: Path) -> None:
    """What the container file copies, copied: every role's command starts from it, as far as its help."""
    lines = (CHECKOUT / "ops/Containerfile").read_text().splitlines()
    for line in lines:
        if line.startswith("COPY "):
            _, source, target = line.split()
            place = tmp_path / target
            place.parent.mkdir(parents=True, exist_ok=True)
            if (CHECKOUT / source).is_dir():
                shutil.copytree(
                    CHECKOUT / source, place, dirs_exist_ok=True, ignore=shutil.ignore_patterns("__pycache__")
                )
            else:
                shutil.copy(CHECKOUT / source, place)
    for role in (["worker", "--help"], ["web", "--help"], ["health", "--help"]):
        ran = subprocess.run(
            [sys.executable, "-m", "ops", *role],
            cwd=tmp_path,
            env={**os.environ, "VOLLEY_NO_VENV": "1", "PYTHONPATH": ""},
            capture_output=True,
            text=True,
            check=False,
        )
        assert ran.returncode == 0, ran.stderr
    assert lines[-1] == 'CMD ["worker", "all"]'
