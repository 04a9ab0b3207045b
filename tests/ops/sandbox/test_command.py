"""`python -m ops.sandbox`: its options, its ready line, its end."""

import ast
import signal
import sys
import urllib.request
from decimal import Decimal
from pathlib import Path
from subprocess import PIPE
from typing import Any

import orjson
import pytest

import ops.sandbox
from ops.sandbox.__main__ import _parser, config_from, main
from ops.sandbox.clock import Clock
from ops.sandbox.config import DEMO_ACCOUNTS, ConfigError, Family, OverRate, Pushing, SandboxConfig
from ops.sandbox.gateway import Gateway
from ops.sandbox.segments import count_segments
from ops.sandbox.server import check_host
from tests.support import first_line, running


def _config(*options: str) -> SandboxConfig:
    return config_from(_parser().parse_args(options))


def test_without_options_both_demo_accounts_are_there() -> None:
    assert _config() == SandboxConfig()
    assert _config().accounts == DEMO_ACCOUNTS


def test_an_account_option_without_a_family_makes_one_in_each() -> None:
    config = _config("--account", "login=a,secret=s,key=k,rate=20,over_rate=count,balance=7.5,latency=0.1")

    assert [account.family for account in config.accounts] == [Family.SMSC, Family.RESTV2]
    first = config.accounts[0]
    assert (first.login, first.secret, first.key, first.rate) == ("a", "s", "k", 20)
    assert (first.over_rate, first.balance, first.latency) == (OverRate.COUNT, Decimal("7.5"), 0.1)
    assert "'s'" not in repr(first)


def test_an_account_option_takes_a_callback_with_its_own_options() -> None:
    url = "http://127.0.0.1:9/cb/!token=t?sha1=s&fmt=3"
    (account,) = _config("--account", f"login=a,secret=s,family=smsc,callback={url},v3=true").accounts

    assert (account.callback, account.v3) == (url, True)


def test_a_callback_off_this_machine_stops_the_start_unless_told_otherwise(capsys: Any) -> None:
    options = ["--port", "0", "--account", "login=a,secret=s,callback=http://example.org/"]

    assert main(options) == 2
    assert "example.org is not a loopback address" in capsys.readouterr().err
    Gateway(_config(*options, "--any-address"), Clock())


def test_callback_options_reach_the_accounts() -> None:
    options = ["twice=0.5", "shuffled=0.25", "delay=1.5", "attempts=7", "retry-after=9", "seed=3", "method=POST"]
    config = _config(*(f"--callback-{option}" for option in options))

    wanted = Pushing(twice=0.5, shuffled=0.25, delay=1.5, attempts=7, retry_after=9, seed=3, method="POST")
    assert [account.pushing for account in Gateway(config, Clock()).accounts] == [wanted, wanted]


def test_accounts_come_from_a_file_too(tmp_path: Path) -> None:
    file = tmp_path / "accounts.json"
    file.write_bytes(orjson.dumps([{"login": "a", "secret": "s", "family": "smsc", "rate": 5}]))
    config = _config("--accounts", str(file), "--account", "login=b,secret=s,family=restv2")

    assert [(account.family, account.login, account.rate) for account in config.accounts] == [
        ("restv2", "b", 0),
        ("smsc", "a", 5),
    ]


@pytest.mark.parametrize(
    "options",
    [
        ["--account", "login"],
        ["--account", "login=a"],
        ["--account", "login=a,secret=s,colour=red"],
        ["--account", "login=a,secret=s,family=smtp"],
        ["--account", "login=a,secret=s,rate=fast"],
        ["--account", "login=a,secret=s,rate=-1"],
        ["--account", "login=a,secret=s,balance=nan"],
        ["--account", "login=a,secret=s,balance=x"],
        ["--account", "login=a,secret=s,latency=nan"],
        ["--account", "login=a,secret=s", "--account", "login=a,secret=t"],
        ["--account", "login=a,secret=s,key=k", "--account", "login=b,secret=t,key=k"],
        ["--enroute-after", "3", "--final-after", "2"],
        ["--drain-batch", "0"],
        ["--account", "login=a,secret=s,v3=perhaps"],
        ["--callback-twice", "1.5"],
        ["--callback-shuffled", "-1"],
        ["--callback-delay", "-1"],
        ["--callback-attempts", "0"],
        ["--callback-method", "PUT"],
        ["--callback-senders", "0"],
        ["--call-after", "-1"],
    ],
)
def test_a_wrong_option_stops_the_start_and_says_why(options: list[str], capsys: Any) -> None:
    with pytest.raises(ConfigError):
        _config(*options)
    assert main(options) == 2
    assert capsys.readouterr().err.startswith("sandbox: ")


@pytest.mark.parametrize("content", ["{", "{}", "[1]", '[{"login": "a"}]'])
def test_a_broken_accounts_file_stops_the_start(tmp_path: Path, content: str) -> None:
    file = tmp_path / "accounts.json"
    file.write_text(content)
    with pytest.raises(ConfigError):
        _config("--accounts", str(file))


@pytest.mark.parametrize(
    ("host", "allowed"),
    [("127.0.0.1", True), ("127.9.9.9", True), ("::1", True), ("localhost", True)]
    + [(host, False) for host in ("0.0.0.0", "::", "192.168.1.5", "example.org", "")],
)
def test_only_loopback_is_bound_unless_told_otherwise(host: str, *, allowed: bool) -> None:
    check_host(host, any_address=True)
    if allowed:
        check_host(host, any_address=False)
    else:
        with pytest.raises(ConfigError, match="--any-address"):
            check_host(host, any_address=False)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_it_names_its_address_in_one_line_and_ends_cleanly(number: signal.Signals) -> None:
    command = [sys.executable, "-m", "ops.sandbox", "--port", "0"]
    with running(command, stdout=PIPE, stderr=PIPE) as process:
        url = orjson.loads(first_line(process))["sandbox"]
        with urllib.request.urlopen(f"{url}/sandbox/summary", timeout=60) as answer:
            assert answer.status == 200
        process.send_signal(number)
        rest, errors = process.communicate(timeout=60)

    assert (process.returncode, rest, errors) == (0, "", "")


def test_the_sandbox_imports_nothing_of_ours() -> None:
    """It is the oracle: what it shares with the sender, it cannot judge."""
    ours = {"producer", "worker", "ops", "tests"}
    found = {
        name
        for file in Path(ops.sandbox.__file__).parent.rglob("*.py")
        for node in ast.walk(ast.parse(file.read_text()))
        for name in _imported(node)
        if name.partition(".")[0] in ours
    }

    assert {name for name in found if not name.startswith("ops.sandbox")} == set()


def _imported(node: ast.AST) -> list[str]:
    if isinstance(node, ast.Import):
        return [alias.name for alias in node.names]
    return [node.module or ""] if isinstance(node, ast.ImportFrom) else []


# 3GPP TS 23.038, 23.040
@pytest.mark.parametrize(
    ("text", "segments"),
    [
        ("", 1),
        ("a" * 160, 1),
        ("a" * 161, 2),
        ("a" * 306, 2),
        ("a" * 307, 3),
        ("€" * 80, 1),
        ("€" * 81, 2),
        ("ж" * 70, 1),
        ("ж" * 71, 2),
        ("ж" * 135, 3),
        ("😀" * 35, 1),
        ("😀" * 36, 2),
    ],
)
def test_segments_are_counted_as_operators_bill_them(text: str, segments: int) -> None:
    assert count_segments(text) == segments
