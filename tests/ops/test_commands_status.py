"""The commands about campaigns: their states, orders and messages, what is refused, and how they end."""

import json
import os
import signal
import subprocess
import sys
from pathlib import Path
from subprocess import PIPE
from typing import Any

import pytest
import redis as blocking

from producer.contract import keys
from producer.contract.messages import AccountName, CampaignId, MessageRecord, Reference
from producer.contract.states import State
from tests.ops.commanding import SUBMIT, Volley, record
from tests.support import CHECKOUT, first_line, running


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
