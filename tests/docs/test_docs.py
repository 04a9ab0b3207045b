"""What the pages say is so: commands and files exist, settings and variables are all there, examples run."""

import asyncio
import os
import re
import shlex
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from redis.asyncio import Redis

from ops.cli import COMMANDS
from producer.directory import announce
from producer.pool import connect
from tests.contract.readme import examples
from tests.contract.receiving import ATHENS
from tests.docs.helping import help_of
from tests.support import CHECKOUT
from worker.settings import SettingsError, parse

README = CHECKOUT / "README.md"
ENVIRONMENT = {"REDIS_URL": "redis://localhost", "SMSC_PASSWORD": "x", "NET2SMS_KEY": "y"}
PLAIN = {"family": "smsc", "base_url": "https://smscentre.com", "key": "k"}

_LINK = re.compile(r"\]\((?!https?://|#|mailto:)([^)#\s]+)(#[^)]*)?\)")
_COMMAND = re.compile(r"(?:python3? -m ops|(?<![\w./-])volley) ([a-z]+)\b(?![:=.])")
_VARIABLE = re.compile(r"\bVOLLEY_[A-Z_]+\b")

Row = list[str]


@cache
def committed() -> tuple[Path, ...]:
    """Every file that git knows."""
    if not (CHECKOUT / ".git").exists():
        pytest.skip("this is no checkout of git")
    names = subprocess.run(["git", "ls-files", "-z"], cwd=CHECKOUT, capture_output=True, check=True).stdout
    paths = [CHECKOUT / name.decode() for name in names.split(b"\0") if name]
    return tuple(path for path in paths if path.is_file())


def pages() -> list[Path]:
    return [path for path in committed() if path.suffix == ".md"]


# --- commands ----------------------------------------------------------------------------------------


def test_the_readme_begins_with_the_two_commands() -> None:
    found = _COMMAND.findall(README.read_text(encoding="utf-8"))
    assert found[:2] == ["demo", "test"]


def test_the_readme_has_every_command_once_in_a_table() -> None:
    assert sorted(name for row in table("Command line") for name in _names(row)) == sorted(COMMANDS)


def test_every_command_that_a_page_names_exists() -> None:
    """In code only: `volley` in a sentence is the program's name."""
    wrong = [
        f"{path.relative_to(CHECKOUT)}: {name}"
        for path in [*pages(), CHECKOUT / "Procfile"]
        for code in _code(path)
        for name in _COMMAND.findall(code)
        if name not in COMMANDS
    ]
    assert wrong == []


# --- files ---------------------------------------------------------------------------------------------


def test_every_link_leads_to_a_file() -> None:
    wrong = [
        f"{path.relative_to(CHECKOUT)}: {link}"
        for path in pages()
        for link, _ in _LINK.findall(path.read_text(encoding="utf-8"))
        if not (path.parent / link).exists()
    ]
    assert wrong == []


def test_a_link_inside_the_readme_leads_to_a_heading() -> None:
    text = README.read_text(encoding="utf-8")
    headings = re.findall(r"^#+ (.*)$", text, re.MULTILINE)
    anchors = {re.sub(r"[^\w -]", "", heading.lower()).replace(" ", "-") for heading in headings}
    assert set(re.findall(r"\]\(#([^)]+)\)", text)) <= anchors


def test_no_file_knows_this_machine_or_a_registry() -> None:
    """Built from pieces, so that this file is not found itself."""
    hosts = ["pypi" + ".org", "python" + "hosted.org", "registry.npm" + "js.org", "proxy.golang" + ".org"]
    options = ["--index" + "-url", "--extra-index" + "-url", "PIP_INDEX" + "_URL"]
    places = [os.fspath(CHECKOUT) + "/", os.fspath(Path.home()) + "/", "/work/" + "main", "/work/" + "shared"]
    wrong = [
        f"{path.relative_to(CHECKOUT)}: {word}"
        for path in committed()
        for word in (*hosts, *options, *places)
        if word.encode() in path.read_bytes()
    ]
    assert wrong == []


def test_a_procfile_host_finds_what_it_needs() -> None:
    assert (CHECKOUT / "requirements.txt").read_text() == "-r ops/requirements.lock\n"
    lines = (CHECKOUT / "Procfile").read_text().splitlines()
    assert [line.partition(":")[0] for line in lines] == ["web", "send", "track"]


# --- settings and variables ---------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("heading", "path"),
    [
        ("`[accounts.NAME]`", ("accounts", "moscow")),
        ("`[accounts.NAME.limits]`", ("accounts", "moscow", "limits")),
        ("`[accounts.NAME.export_columns]`", ("accounts", "moscow", "export_columns")),
        ("`[exports]`", ("exports",)),
        ("`[sending]`", ("sending",)),
        ("`[tracking]`", ("tracking",)),
        ("`[retention]`", ("retention",)),
        ("`[traces]`", ("traces",)),
    ],
)
def test_the_readme_lists_every_setting_that_there_is(heading: str, path: tuple[str, ...]) -> None:
    """The settings say themselves which they know, when they are asked for one that they do not."""
    known: set[str] = set()
    for family in ("smsc", "restv2"):  # each has words of its own
        with pytest.raises(SettingsError) as refused:
            parse(_document(path, "no_such_setting", 1, family=family), ENVIRONMENT)
        told = re.search(r"\(known: (.*)\)", str(refused.value))
        assert told is not None, refused.value
        known |= set(told[1].split(", "))
    assert sorted(name for row in table(heading) for name in _names(row)) == sorted(known)


@pytest.mark.parametrize("name", ["sending", "tracking", "retention", "traces"])
def test_the_readme_has_the_defaults_of_the_settings(name: str) -> None:
    usual = getattr(parse(_document((), "", None), ENVIRONMENT), name)
    for row in table(f"`[{name}]`"):
        [setting] = _names(row)
        assert float(row[1]) == getattr(usual, setting), setting


@pytest.mark.parametrize("family", ["smsc", "restv2"])
def test_the_readme_has_the_limits_of_each_family(family: str) -> None:
    usual = parse(_document((), "", None, family=family), ENVIRONMENT).accounts["moscow"].limits
    for row in table("`[accounts.NAME.limits]`"):
        [setting] = _names(row)
        told = re.search(rf"{family} ([\d.]+)", row[1])
        assert told is not None
        assert float(told[1]) == getattr(usual, setting), setting


@pytest.mark.parametrize("name", ["sending", "tracking", "retention", "traces"])
def test_the_readme_has_the_bounds_of_the_settings(name: str) -> None:
    for row in table(f"`[{name}]`"):
        [setting] = _names(row)
        least, most = (float(word) if "." in word else int(word) for word in row[2].split(" to "))
        for value in (least, most):
            parse(_document((name,), setting, value), ENVIRONMENT)
        for value in (least * 0.99 - 0.001, most * 1.01 + 1):
            with pytest.raises(SettingsError, match=setting):
                parse(_document((name,), setting, value), ENVIRONMENT)


def test_the_settings_file_of_the_readme_is_one() -> None:
    [text] = examples(README, "volley.toml")
    settings = parse(tomllib.loads(text), ENVIRONMENT)
    assert {name: account.family.name for name, account in settings.accounts.items()} == {
        "moscow": "smsc",
        "athens": "restv2",
    }


def test_the_readme_lists_every_variable_of_the_environment() -> None:
    listed = {name for row in table("Environment") for name in _names(row)}
    sources = [path for path in committed() if path.suffix == ".py" and path.parts[-2] != "tests"]
    ours = [path for path in sources if path.relative_to(CHECKOUT).parts[0] in {"producer", "worker", "ops"}]
    used = {name for path in ours for name in _VARIABLE.findall(path.read_text(encoding="utf-8"))}
    assert used | {"REDIS_URL", "PORT"} == listed


# --- examples ------------------------------------------------------------------------------------------


async def test_the_python_example_runs(redis: Redis, redis_url: str) -> None:
    client = connect(redis_url)
    await announce(client, [ATHENS])
    await client.aclose()
    [program] = examples(README, "python")
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-c", program),
        env={**os.environ, "REDIS_URL": redis_url},
        cwd=CHECKOUT,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    said, complaint = await process.communicate()
    assert process.returncode == 0, complaint.decode()
    first, second = said.decode().splitlines()
    assert first == "2 0 0"
    assert second.startswith("running 3 ")


def test_the_commands_of_the_five_minutes_are_used_rightly() -> None:
    """Every command of the walk through, parsed by the command it names: no option that does not exist."""
    text = _section("A real account in five minutes")
    lines = [line.strip() for line in text.splitlines() if line.strip().startswith("python3 -m ops ")]
    assert len(lines) >= 6
    for line in lines:
        command, *words = shlex.split(line, comments=True)[3:]
        help_text = help_of(command)
        for word in words:
            if word.startswith("--"):
                assert word in help_text, line


# --- reading pages -----------------------------------------------------------------------------------------


def _section(heading: str) -> str:
    """The text under a heading, up to the next one."""
    found = re.split(r"^#{2,3} (.*)$", README.read_text(encoding="utf-8"), flags=re.MULTILINE)
    return dict(zip(found[1::2], found[2::2], strict=True))[heading]


def table(heading: str) -> Iterator[Row]:
    """The rows of the first table under a heading."""
    lines = [line for line in _section(heading).splitlines() if line.startswith(("| ", "|-"))]
    for line in lines[2:]:
        yield [cell.strip() for cell in line.strip("|").split("|")]


def _names(row: Row) -> list[str]:
    return re.findall(r"`([^`]+)`", row[0])


def _code(path: Path) -> list[str]:
    """Fenced and indented blocks, and words in backticks; the whole file when it is no page."""
    text = path.read_text(encoding="utf-8")
    if path.suffix != ".md":
        return [text]
    fenced = re.findall(r"^```\w*\n(.*?)^```$", text, re.DOTALL | re.MULTILINE)
    indented = re.findall(r"^(?: {4}|\t)+(.*)$", text, re.MULTILINE)
    return [*fenced, *indented, *re.findall(r"`([^`\n]+)`", text)]


def _document(path: tuple[str, ...], name: str, value: Any, *, family: str = "smsc") -> dict[str, Any]:
    """A good document with one setting more."""
    document: dict[str, Any] = {"accounts": {"moscow": {**PLAIN, "family": family}}}
    place = document
    for step in path:
        place = place.setdefault(step, {})
    if name:
        place[name] = value
    return document
