"""What a person does wrong, or what is not there: the status, one line without a traceback, and in it what to do."""

import os
import socket
import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from redis.asyncio import Redis

from ops.cli import main
from producer.client import CampaignProducer
from producer.directory import announce
from producer.pool import connect
from tests.support import CHECKOUT
from tests.worker.plain import plain_account
from tests.worker.scene import entry, numbers

SUBMIT = ("submit", "--account", "athens", "--text", "Hello", "--recipients", "people.csv")


@pytest.fixture
async def folder(redis: Redis, redis_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder in which commands are given, on a Redis with one account and one campaign that is over."""
    client = connect(redis_url)
    await announce(client, [entry(plain_account("athens"))])
    producer = CampaignProducer(client)
    await producer.submit(account_name="athens", text="Hello", recipients=numbers(1), campaign_id="spring")
    await producer.cancel("spring")
    await client.aclose()
    monkeypatch.setenv("REDIS_URL", redis_url)
    monkeypatch.chdir(tmp_path)
    (tmp_path / "people.csv").write_text("to\n306912345678\n")
    (tmp_path / "headless.csv").write_text("306912345678\n306912345679\n")
    (tmp_path / "odd.txt").write_bytes(b"\xff\xfe\xfa")
    return tmp_path


def volley(*words: str) -> Result:
    return CliRunner().invoke(main, words)


@pytest.mark.parametrize(
    ("words", "status", "says"),
    [
        (["statsu"], 2, "Did you mean status"),
        (["xyzzy"], 2, "--help"),
        (["status", "nowhere"], 1, "`volley status` lists them"),
        (["messages", "nowhere"], 1, "`volley status` lists them"),
        (["messages", "spring", "--output", "no/such/folder.csv"], 1, "give another --output"),
        (["submit", "--account", "athens"], 2, "--recipients"),
        ([*SUBMIT[:3], "--text", "x", "--recipients", "nobody.csv"], 1, "give its path by --recipients"),
        ([*SUBMIT[:3], "--template", "none.txt", *SUBMIT[5:]], 1, "give the text's file by --template"),
        ([*SUBMIT[:3], "--template", "odd.txt", *SUBMIT[5:]], 1, "save it as utf-8"),
        ([*SUBMIT[:5], "--recipients", "headless.csv"], 1, "expected a line of column names"),
        ([*SUBMIT[:3], "--text", "Hello $name", *SUBMIT[5:]], 1, "found the columns 'to'"),
        ([*SUBMIT, "--not-after", "2020-01-01T00:00Z"], 2, "--not-after is past"),
        ([*SUBMIT, "--not-after", "tomorrow"], 2, "expected one such as 2026-11-20T10:00+02:00"),
        ([*SUBMIT, "--encoding", "cp-none"], 2, "expected one such as utf-8"),
        ([*SUBMIT, "--campaign", "spring", "--sender", "ACME"], 1, "take another id"),
        ([*SUBMIT, "--campaign", "a/b"], 2, "it takes 1 to 64 of"),
        (["submit", "--account", "sparta", *SUBMIT[3:]], 1, "(announced: athens)"),
        (["send", "--account", "athens", "--to", "12", "--text", "x"], 1, "too short"),
        (["uncertain", "resolve", "nonsense", "sent"], 2, "expected campaign/chunk.place"),
        (["uncertain", "resolve", "spring/9.9", "sent"], 1, "`volley uncertain list` lists them"),
        (["message", "nonsense"], 2, "expected campaign/chunk.place"),
        (["message", "spring/9.9"], 1, "`volley messages CAMPAIGN` lists them"),
        (["suppression", "remove", "306912345678"], 1, "`volley suppression list` shows who is"),
        (["provider", "athens", "balance", "cur"], 2, "is not NAME=VALUE"),
        (["export", "athens", "--all", "--watch"], 2, "exclude each other"),
        (["export", "sparta"], 1, "unknown account 'sparta' (announced: athens)"),
        (["web", "--port", "99999"], 2, "0<=x<=65535"),
    ],
)
def test_an_error_says_what_to_do(folder: Path, words: list[str], status: int, says: str) -> None:
    ran = volley(*words)
    assert ran.exit_code == status, ran.output
    assert says in " ".join(ran.stderr.split())
    assert isinstance(ran.exception, SystemExit)
    assert ran.stdout == ""


@pytest.mark.parametrize(
    ("url", "says"),
    [
        ("http://localhost", "an address of Redis begins with redis://"),
        ("redis://:secret@127.0.0.1:1", "see whether it runs, and whether REDIS_URL names it"),
    ],
)
def test_a_redis_that_cannot_be_used_is_told_without_its_password(
    url: str, says: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("ops.commands.session._ANSWERS_IN", 0.2)
    monkeypatch.setenv("REDIS_URL", url)
    ran = volley("status")
    assert ran.exit_code == 1
    assert says in ran.stderr
    assert "secret" not in ran.stderr


@pytest.mark.parametrize("words", [["ops.cli", "web"], ["ops.sandbox"]], ids=["web", "sandbox"])
def test_an_address_that_is_taken_is_told(folder: Path, words: list[str]) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        command = [sys.executable, "-m", *words, "--port", str(port)]
        environment = {**os.environ, "PYTHONPATH": os.fspath(CHECKOUT)}
        ran = subprocess.run(command, env=environment, cwd=folder, capture_output=True, text=True, check=False)
    assert ran.returncode in {1, 2}
    assert ran.stderr.splitlines()[-1].endswith("; give another --port")
    assert "Traceback" not in ran.stderr


def test_a_file_of_sandbox_accounts_that_is_not_there_is_told(folder: Path) -> None:
    command = [sys.executable, "-m", "ops.sandbox", "--accounts", "none.json"]
    environment = {**os.environ, "PYTHONPATH": os.fspath(CHECKOUT)}
    ran = subprocess.run(command, env=environment, cwd=folder, capture_output=True, text=True, check=False)
    assert (ran.returncode, ran.stdout) == (2, "")
    assert ran.stderr == (
        "sandbox: cannot read none.json: No such file or directory; name another file with --accounts\n"
    )


def test_a_wait_that_runs_out_says_what_the_message_waits_for(folder: Path) -> None:
    ran = volley("send", "--account", "athens", "--to", "306912345678", "--text", "x", "--wait", "0")
    message = ran.stdout.split()[0]
    assert ran.exit_code == 1
    assert "not final after 0 s" in ran.stdout
    assert ran.stderr == (
        "It waits: no send worker is alive (volley worker send); no track worker is alive (volley worker track). "
        f"`volley message {message}` tells what becomes of it.\n"
    )
