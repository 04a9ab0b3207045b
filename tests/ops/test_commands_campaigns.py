"""The commands that submit: what they print, what they refuse, and how they end."""

import json
from pathlib import Path

import orjson
import pytest
import redis as blocking

from producer.contract import keys
from producer.contract.messages import CampaignId
from tests.ops.commanding import SUBMIT, Volley


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
