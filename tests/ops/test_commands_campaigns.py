"""The commands about campaigns: what they print, what they refuse, and how they end."""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from subprocess import PIPE
from typing import Any

import orjson
import pytest
import redis as blocking
from click.testing import CliRunner, Result
from redis.asyncio import Redis

from ops.cli import main
from producer.contract import keys
from producer.contract.messages import AccountName, CampaignId, MessageRecord, Reference
from producer.contract.states import State
from tests.support import CHECKOUT, first_line, running

Volley = Callable[..., Result]

ENTRY = {
    "name": "athens",
    "family": "restv2",
    "host": "net2sms.gr",
    "login": "hashed",
    "rate": 5.0,
    "in_flight": 4,
    "batch": 1,
    "longest_text": 1000,
    "options": [{"name": "flash", "meaning": "flash SMS", "choices": ["true", "false"]}],
}
PEOPLE = (
    "number,name\n306920000001,Maria\n+30 696 000 00 02,Nikos\n306920000001,Again\nbad,Kostas\n306920000003,Ελένη\n"
)


@pytest.fixture
def books(redis: Redis, redis_url: str) -> blocking.Redis:
    """An empty Redis in which the account athens is announced."""
    client = blocking.Redis.from_url(redis_url)
    client.hset(keys.ACCOUNTS, "athens", orjson.dumps(ENTRY))
    return client


@pytest.fixture
def volley(books: blocking.Redis, redis_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Volley:
    """Run a command on that Redis, in a folder of its own with `people.csv`."""
    monkeypatch.setenv("REDIS_URL", redis_url)
    monkeypatch.chdir(tmp_path)
    (tmp_path / "people.csv").write_text(PEOPLE, encoding="utf-8")

    def run(*words: str, given: str | None = None) -> Result:
        return CliRunner().invoke(main, words, input=given)

    return run


@pytest.fixture
def submitted(volley: Volley) -> str:
    """The campaign c1 of three recipients."""
    assert volley(*SUBMIT, "--campaign", "c1").exit_code == 0
    return "c1"


SUBMIT = ("submit", "--account", "athens", "--text", "Hello $name", "--recipients", "people.csv")


def record(books: blocking.Redis, place: int, record: MessageRecord) -> None:
    books.hset(keys.records(CampaignId("c1"), 0), str(place), record.pack())


def test_submit_prints_what_was_accepted_doubled_and_refused(volley: Volley) -> None:
    ran = volley(*SUBMIT, "--campaign", "c1", "--json")
    assert ran.exit_code == 0, ran.stderr
    assert list(json.loads(ran.stdout).items()) == [
        ("campaign", "c1"),
        ("accepted", 3),
        ("duplicates", 1),
        ("refused", 1),
        ("refusals", [{"line": 5, "given": "•••••", "reason": "letters in the number"}]),
    ]


def test_a_refused_number_is_shown_with_its_line_and_reason_but_masked(volley: Volley, tmp_path: Path) -> None:
    (tmp_path / "people.csv").write_text("to,name\n306920000001,A\n3069200000012345,B\n")
    ran = volley(*SUBMIT)
    assert "line 3: 3069•••••45  too long for +30" in ran.stdout
    assert "3069200000012345" not in ran.stdout


def test_submitting_the_same_again_changes_nothing_and_says_the_same(volley: Volley, submitted: str) -> None:
    again = volley(*SUBMIT, "--campaign", "c1", "--json")
    assert json.loads(again.stdout)["accepted"] == 3
    assert json.loads(again.stdout)["refusals"][0]["line"] == 5
    assert "nothing was changed" in volley(*SUBMIT, "--campaign", "c1").stdout


def test_options_are_kept_with_the_campaign(volley: Volley, books: blocking.Redis) -> None:
    assert volley(*SUBMIT, "--campaign", "c1", "--option", "flash=true").exit_code == 0
    spec = books.hget(keys.campaign(CampaignId("c1")), "spec")
    assert orjson.loads(spec)["options"] == {"flash": "true"}


def test_a_single_message_takes_options_too(volley: Volley) -> None:
    one = ("send", "--account", "athens", "--to", "306920000001", "--text", "Hi")
    assert volley(*one, "--option", "flash=true").exit_code == 0
    refused = volley(*one, "--option", "imgcode=q7")
    assert refused.exit_code == 1
    assert "account athens takes no option 'imgcode'; it takes: flash" in refused.stderr


def test_recipients_come_from_standard_input_and_the_text_from_a_file(volley: Volley, tmp_path: Path) -> None:
    (tmp_path / "text.txt").write_text("Γεια $name\n", encoding="utf-8")
    given = '{"to": "306920000001", "name": "Maria"}\n{"to": "306920000002"}\n'
    words = ("submit", "--account", "athens", "--template", "text.txt", "--recipients", "-", "--json")
    ran = volley(*words, given=given)
    assert json.loads(ran.stdout)["accepted"] == 1
    assert json.loads(ran.stdout)["refusals"][0]["reason"] == "no value 'name'"


def test_a_file_in_another_encoding_is_read_when_it_is_named(volley: Volley, tmp_path: Path) -> None:
    (tmp_path / "people.csv").write_bytes("κινητό;name\r\n6920000001;Μαρία\r\n".encode("cp1253"))
    refused = volley(*SUBMIT, "--region", "GR")
    assert refused.exit_code == 1
    assert "encoding" in refused.stderr
    assert volley(*SUBMIT, "--region", "GR", "--encoding", "cp1253").exit_code == 0


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"--account": "sparta"}, "unknown account 'sparta' (announced: athens)"),
        ({"--text": "  "}, "the text is empty"),
        ({"--text": "x" * 1001}, "the text has 1001 characters"),
        ({"--text": "Hello $nome"}, "the text needs 'nome'; found the columns 'number', 'name'"),
        ({"--recipients": "missing.csv"}, "cannot read missing.csv: No such file or directory"),
        ({"--recipients": "."}, "cannot read .: Is a directory"),
        ({"--column": "nr"}, "expected a column 'nr'"),
        ({"--region": "XX"}, "unknown region 'XX'"),
        ({"--encoding": "utf-16"}, "people.csv is not utf-16"),
        ({"--option": "speed=1"}, "account athens takes no option 'speed'; it takes: flash"),
        ({"--option": "flash=maybe"}, "option flash='maybe' is not possible; expected one of true, false"),
    ],
)
def test_what_cannot_be_sent_stops_before_anything_is_stored(
    volley: Volley, books: blocking.Redis, changes: dict[str, str], says: str
) -> None:
    options = {"--account": "athens", "--text": "Hello", "--recipients": "people.csv", **changes}
    ran = volley("submit", *(word for option in options.items() for word in option))
    assert ran.exit_code == 1
    assert ran.stderr.startswith("Error: ")
    assert ran.stderr.count("\n") == 1
    assert says in ran.stderr
    assert books.keys("volley:campaign*") == []


@pytest.mark.parametrize(
    ("options", "says"),
    [
        (["--lane", "slow"], "'slow' is not one of 'urgent', 'bulk'"),
        (["--template", "text.txt"], "give the text by --text, or the file it is in by --template"),
        (["--campaign", "a b"], "the id 'a b' is not usable"),
        (["--not-before", "2030-01-01T10:00"], "needs its time zone"),
        (["--not-after", "tomorrow"], "is no time"),
        (["--not-after", "2020-01-01T10:00Z"], "--not-after is past"),
        (["--not-before", "2031-01-01T10:00Z", "--not-after", "2030-01-01T10:00Z"], "must be later"),
        (["--encoding", "klingon"], "'klingon' is no encoding"),
        (["--option", "flash"], "'flash' is not NAME=VALUE"),
        (["--option", "flash=true", "--option", "flash=false"], "flash= is given twice"),
    ],
)
def test_wrong_usage_ends_with_status_two(volley: Volley, options: list[str], says: str) -> None:
    ran = volley(*SUBMIT, *options)
    assert ran.exit_code == 2
    assert says in ran.stderr


SETTINGS = '[accounts.sparta]\nfamily = "restv2"\nbase_url = "https://net2sms.gr"\nkey = "env:SPARTA_KEY"\n'


def test_an_account_that_no_worker_announced_is_looked_for_in_the_settings(
    volley: Volley, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "volley.toml").write_text(SETTINGS)
    words = ("submit", "--account", "sparta", "--text", "Hello", "--recipients", "people.csv")
    wrong = volley(*words)
    assert wrong.exit_code == 1
    assert wrong.stderr.startswith("Error: accounts.sparta.key is taken from the environment variable SPARTA_KEY")
    monkeypatch.setenv("SPARTA_KEY", "secret")
    assert volley(*words).exit_code == 0


def test_status_counts_every_recipient_in_one_state(volley: Volley, submitted: str) -> None:
    volley("pause", "c1")
    status = json.loads(volley("status", "c1", "--json").stdout)
    assert list(status)[:4] == ["campaign", "state", "total", "states"]
    assert (status["campaign"], status["state"], status["total"]) == ("c1", "paused", 3)
    assert status["states"] == dict.fromkeys(State, 0) | {"queued": 3}
    assert (status["account"], status["refused"], status["duplicates"]) == ("athens", 1, 1)
    assert status["rate"] is None


def test_status_lists_campaigns_the_newest_first(volley: Volley) -> None:
    assert "no campaign yet" in volley("status").stdout
    for name in ("first", "second"):
        volley(*SUBMIT, "--campaign", name)
    listed = json.loads(volley("status", "--json").stdout)
    assert {row["campaign"] for row in listed["campaigns"]} == {"first", "second"}
    assert listed["count"] == 2
    assert "second: 0 of 3 final, running" in volley("status").stdout


def test_ctrl_c_ends_a_watch_cleanly(volley: Volley, submitted: str, redis_url: str) -> None:
    command = [sys.executable, "-m", "ops.cli", "status", "c1", "--watch"]
    with running(command, env={"REDIS_URL": redis_url}, stdout=PIPE, stderr=PIPE) as process:
        assert first_line(process) == "c1: 0 of 3 final, running; queued 3\n"
        process.send_signal(signal.SIGINT)
        assert process.wait(60) == 0
        assert process.stderr is not None
        assert process.stderr.read() == ""


def test_a_watch_ends_by_itself_when_every_recipient_is_final(
    volley: Volley, books: blocking.Redis, submitted: str
) -> None:
    books.hset(keys.counts(CampaignId("c1")), mapping={"queued": 0, "delivered": 2, "rejected": 1})
    books.hset(keys.reasons(CampaignId("c1")), "restv2.error.103", 1)
    books.hset(keys.words(AccountName("athens")), "restv2.error.103", "the number is wrong")
    ran = volley("status", "c1", "--watch")
    assert ran.exit_code == 0
    assert "c1: 3 of 3 final" in ran.stdout
    assert "restv2.error.103        the number is wrong" in ran.stdout


def test_pause_resume_and_cancel_say_what_they_did(volley: Volley, submitted: str) -> None:
    assert volley("pause", "c1").stdout == "campaign c1 is paused\n"
    assert volley("pause", "c1").stdout == "campaign c1 is paused already\n"
    assert json.loads(volley("resume", "c1", "--json").stdout) == {
        "campaign": "c1",
        "state": "running",
        "changed": True,
    }
    assert volley("cancel", "c1").exit_code == 0
    ended = volley("resume", "c1")
    assert ended.exit_code == 1
    assert ended.stderr == "Error: campaign 'c1' is cancelled: there is nothing to resume\n"


@pytest.mark.parametrize("command", ["pause", "resume", "cancel", "status", "messages"])
def test_a_campaign_that_is_not_there_is_said_so(volley: Volley, command: str) -> None:
    ran = volley(command, "nowhere")
    assert ran.exit_code == 1
    assert "there is no campaign 'nowhere'" in ran.stderr


def test_messages_give_every_recipient_its_state_and_why(
    volley: Volley, books: blocking.Redis, submitted: str
) -> None:
    books.hset(keys.words(AccountName("athens")), "restv2.status.f", "failed, for once")
    reference = Reference("1000000001")
    record(
        books,
        1,
        MessageRecord(
            state=State.UNDELIVERED,
            attempts=2,
            changed_at=1_700_000_000,
            reference=reference,
            code="restv2.status.f",
        ),
    )
    ran = volley("messages", "c1")
    assert ran.stdout.splitlines() == [
        "message,msisdn,state,attempts,changed_at,reference,code,words",
        "c1/0.0,306920000001,queued,0,,,,",
        'c1/0.1,306960000002,undelivered,2,2023-11-14T22:13:20+00:00,1000000001,restv2.status.f,"failed, for once"',
        "c1/0.2,306920000003,queued,0,,,,",
    ]


def test_recipients_that_ended_with_the_rest_of_the_campaign_are_listed_so(
    volley: Volley, books: blocking.Redis, submitted: str
) -> None:
    books.hset(keys.campaign(CampaignId("c1")), "rest", "expired")
    record(books, 0, MessageRecord(state=State.DELIVERED, attempts=1))
    rows = [json.loads(line) for line in volley("messages", "c1", "--format", "jsonl").stdout.splitlines()]
    assert [row["state"] for row in rows] == ["delivered", "expired", "expired"]
    assert rows[1]["code"] == "volley.past_validity"
    assert rows[1]["words"]


def test_messages_can_be_of_one_state_and_masked(volley: Volley, books: blocking.Redis, submitted: str) -> None:
    record(books, 2, MessageRecord(state=State.DELIVERED, attempts=1))
    ran = volley("messages", "c1", "--state", "delivered", "--mask", "--json")
    [row] = [json.loads(line) for line in ran.stdout.splitlines()]
    assert (row["message"], row["msisdn"]) == ("c1/0.2", "3069•••••03")


def test_messages_of_many_chunks_come_in_the_order_of_the_file(volley: Volley, tmp_path: Path) -> None:
    numbers = [str(306920000000 + serial) for serial in range(2600)]
    (tmp_path / "people.csv").write_text("\n".join(["to", *numbers]))
    volley("submit", "--account", "athens", "--text", "Hello", "--recipients", "people.csv", "--campaign", "c1")
    rows = volley("messages", "c1").stdout.splitlines()[1:]
    assert [row.split(",")[1] for row in rows] == numbers


def test_a_reader_that_has_enough_ends_the_list_without_a_word(
    volley: Volley, tmp_path: Path, redis_url: str
) -> None:
    (tmp_path / "people.csv").write_text("\n".join(["to", *(str(306920000000 + serial) for serial in range(9000))]))
    volley("submit", "--account", "athens", "--text", "Hello", "--recipients", "people.csv", "--campaign", "c1")
    ran = subprocess.run(
        f"{sys.executable} -m ops.cli messages c1 | head -1",
        shell=True,
        cwd=CHECKOUT,
        env={**os.environ, "REDIS_URL": redis_url},
        capture_output=True,
        text=True,
        check=True,
    )
    assert ran.stdout.startswith("message,msisdn")
    assert ran.stderr == ""


def test_a_redis_that_is_away_is_named_without_its_password(volley: Volley, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("ops.commands.session._ANSWERS_IN", 0.1)
    monkeypatch.setenv("REDIS_URL", "redis://user:secret@127.0.0.1:1/0")
    ran = volley("status")
    assert ran.exit_code == 1
    assert "redis://127.0.0.1:1/0 does not answer" in ran.stderr
    assert "secret" not in ran.stderr


def test_every_command_that_prints_takes_json(volley: Volley, submitted: str) -> None:
    calls: list[tuple[tuple[str, ...], type[Any]]] = [
        (("status",), dict),
        (("status", "c1"), dict),
        (("pause", "c1"), dict),
        (("uncertain", "list"), dict),
        (("message", "c1/0.0"), dict),
        (("health",), dict),
        (("send", "--account", "athens", "--to", "306920000001", "--text", "Hi"), dict),
    ]
    for words, kind in calls:
        assert isinstance(json.loads(volley(*words, "--json").stdout), kind), words
