"""What reaches a log: campaign, message and account; never a secret, a text or a full number, whoever wrote it."""

import json
import logging
import re
import subprocess
import sys
from collections.abc import Iterator
from typing import Any

import pytest
import structlog
from hypothesis import given
from hypothesis import strategies as some

from producer.contract.messages import CampaignId, MessageId
from producer.logs import LogSettingsError, configure_logs
from producer.masking import HIDDEN, Mask
from tests.support import CHECKOUT

NUMBER = "306912345678"
SECRET = "hunter2&très/secret"


@pytest.fixture
def logging_restored() -> Iterator[None]:
    """Other tests log as they did before."""
    root = logging.getLogger()
    handlers, level, configured = root.handlers[:], root.level, structlog.get_config()
    yield
    root.handlers[:], root.level = handlers, level
    structlog.configure(**configured)


@pytest.fixture(params=["json", "console"])
def form(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch, logging_restored: None) -> str:
    monkeypatch.setenv("VOLLEY_LOG", request.param)
    monkeypatch.delenv("VOLLEY_LOG_LEVEL", raising=False)
    return request.param


def said(capsys: pytest.CaptureFixture[str]) -> str:
    out, err = capsys.readouterr()
    assert not out, "logs go to the standard error"
    return err


def fail(words: str) -> None:
    raise ValueError(words)


def seen(**fields: Any) -> dict[str, Any]:
    return Mask([SECRET]).fields(fields)


@pytest.mark.parametrize("is_terminal", [False, True], ids=["file", "terminal"])
def test_only_a_terminal_gets_colours(
    *, is_terminal: bool, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], logging_restored: None
) -> None:
    monkeypatch.setenv("VOLLEY_LOG", "console")
    monkeypatch.setattr(sys.stderr, "isatty", lambda: is_terminal)
    configure_logs()
    structlog.get_logger().warning("stale_outcome", account="athens")
    assert ("\x1b[" in said(capsys)) is is_terminal


# --- lines ---------------------------------------------------------------------------------------------


def test_a_line_has_time_level_event_account_campaign_and_message(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], logging_restored: None
) -> None:
    monkeypatch.setenv("VOLLEY_LOG", "json")
    configure_logs()
    message = MessageId(campaign=CampaignId("athens-20261121-031500-a1b2c3"), chunk=0, place=7)
    structlog.get_logger().warning("stale_outcome", account="athens", message=message, outcome="submit")
    line = json.loads(said(capsys))
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d+Z", line.pop("timestamp"))
    assert line == {
        "event": "stale_outcome",
        "level": "warning",
        "account": "athens",
        "campaign": "athens-20261121-031500-a1b2c3",
        "message": "athens-20261121-031500-a1b2c3/0.7",
        "outcome": "submit",
    }


def test_what_is_bound_to_a_task_is_on_its_lines(form: str, capsys: pytest.CaptureFixture[str]) -> None:
    configure_logs()
    with structlog.contextvars.bound_contextvars(account="athens"):
        structlog.get_logger().info("sender_waits")
    line = said(capsys)
    assert "athens" in line
    assert line.count("\n") == 1


def test_what_other_libraries_log_takes_the_same_way(form: str, capsys: pytest.CaptureFixture[str]) -> None:
    mask = configure_logs()
    mask.learn([SECRET])
    logging.getLogger("arq.worker").warning("job for %s with %s", NUMBER, SECRET, extra={"password": "x" * 9})
    try:
        fail(f"no route to +{NUMBER}")
    except ValueError:
        logging.getLogger("asyncio").exception("Task exception was never retrieved")
    text = said(capsys)
    assert NUMBER not in text
    assert SECRET not in text
    assert "x" * 9 not in text
    assert "3069•••••78" in text
    assert "Traceback" in text
    assert "ValueError: no route to" in text
    if form == "json":
        assert [json.loads(line)["level"] for line in text.splitlines()] == ["warning", "error"]


def test_an_exception_is_masked_and_cannot_forge_a_line(form: str, capsys: pytest.CaptureFixture[str]) -> None:
    configure_logs().learn([SECRET])
    try:
        fail(f"bad answer {SECRET} for {NUMBER}\n2026-11-21T00:00:00Z [info] all is well\x1b[2J")
    except ValueError:
        structlog.get_logger().exception("page_failed", path="/")
    text = said(capsys)
    assert SECRET not in text
    assert NUMBER not in text
    assert "\x1b[2J" not in text
    assert not any(line.startswith("2026-11-21T00:00:00Z") for line in text.splitlines())


@pytest.mark.parametrize(
    "hostile", ["a\nlevel=critical", "a\r\x1b[31mred", "\u202egnp.exe", "\u2028next", "\ud800", "\x00"]
)
def test_a_value_from_outside_stays_on_its_line(form: str, capsys: pytest.CaptureFixture[str], hostile: str) -> None:
    configure_logs()
    structlog.get_logger().warning("intake_entry_refused", why=hostile, **{f"name{hostile}": 1})
    text = said(capsys)
    assert text.count("\n") == 1
    for character in set(hostile) & set("\r\u202e\u2028\ud800\x00"):
        assert character not in text
    assert "\x1b[31mred" not in text


def test_the_secrets_of_the_environment_are_known_by_their_names(
    form: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("SMSC_PASSWORD", "swordfish-one")
    monkeypatch.setenv("NET2SMS_KEY", "swordfish-two")
    monkeypatch.setenv("VOLLEY_WEB_TOKEN", "swordfish-three")
    monkeypatch.setenv("REDIS_URL", "redis://:swordfish%2Ffour@localhost")
    monkeypatch.setenv("TOKENIZERS", "true")
    configure_logs()
    for word in ("swordfish-one", "swordfish-two", "swordfish-three", "swordfish/four"):
        structlog.get_logger().info("tried", why=f"with {word}", is_true="true")
    text = said(capsys)
    assert "swordfish" not in text
    assert text.count(HIDDEN) == 4
    assert text.count("true") >= 4


@pytest.mark.parametrize(("variable", "word"), [("VOLLEY_LOG", "xml"), ("VOLLEY_LOG_LEVEL", "loud")])
def test_a_word_that_is_none_is_refused(monkeypatch: pytest.MonkeyPatch, variable: str, word: str) -> None:
    monkeypatch.setenv(variable, word)
    with pytest.raises(LogSettingsError, match=f"{variable} must be one of .*, it is '{word}'"):
        configure_logs()


# --- what is masked ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "value",
    [
        NUMBER,
        f"+{NUMBER}",
        f"00{NUMBER}",
        f"to {NUMBER}, please",
        f"x{NUMBER}y",
        int(NUMBER),
        float(NUMBER),
        [NUMBER],
        (NUMBER, {"msisdn": NUMBER}),
        {NUMBER: NUMBER},
        "+30 691 234 5678",
        "(30) 691-234-5678",
        "٣٠٦٩١٢٣٤٥٦٧٨",
        NUMBER.encode(),
        ValueError(f"refused: {NUMBER}"),
    ],
)
def test_a_number_is_never_whole_in_whatever_it_stands(value: Any) -> None:
    for name in ("given", "message", "campaign", "event", "why"):
        if name in {"message", "campaign", "event"} and isinstance(value, str) and " " in value:
            continue  # an id has no spaces
        shown = str(seen(**{name: value}))
        digits = "".join(character for character in shown if character.isdigit())
        assert NUMBER not in digits.translate({0x660 + place: str(place) for place in range(10)}), shown


@pytest.mark.parametrize(
    "value",
    [
        *(
            "2026-11-21 03:15:00",
            "2026-11-21T03:15:00Z",
            "athens-20261121-031500-a1b2c3/12.345",
            "192.168.100.200:6379",
        ),
        *("smsc.error.7", "v0123456789abcdef"[:9], "1.5", "12345678", "volley.answer_lost"),
    ],
)
def test_times_ids_addresses_and_codes_stay_as_they_are(value: str) -> None:
    assert seen(why=value)["why"] == value
    assert seen(message=value)["message"] == value


def test_amounts_and_the_ids_of_entries_stay_as_they_are() -> None:
    fields = {
        "bytes": 4_294_967_296,
        "count": 12,
        "seconds": 0.25,
        "entry": "1732158000000-0",
        "moved": True,
        "of": None,
    }
    assert seen(**fields) == fields
    assert seen(entry=f"{NUMBER}")["entry"] != NUMBER


@pytest.mark.parametrize(
    "name",
    [
        *("password", "PASSWORD", "psw", "db_password", "api_key", "apikey", "api-key", "key", "callback_secret"),
        *("token", "web_token", "Authorization", "cookie", "signature", "credentials", "otp"),
        *("text", "texts", "body", "raw", "template", "values", "recipients", "mes"),
    ],
)
def test_a_field_that_holds_a_secret_or_a_text_is_hidden_whatever_is_in_it(name: str) -> None:
    for value in ("swordfish", ["swordfish"], {"a": "swordfish"}, b"swordfish", 12345):
        assert seen(**{name: value}) == {name: HIDDEN}
        assert "swordfish" not in str(seen(request={"inner": [{name: value}]}))


@pytest.mark.parametrize("name", ["keys_moved", "monkey", "account", "tokyo", "context", "bodyguard", "spinning"])
def test_a_field_that_only_sounds_like_one_is_shown(name: str) -> None:
    assert seen(**{name: "swordfish"}) == {name: "swordfish"}


@pytest.mark.parametrize(
    "text",
    [
        *("redis://user:swordfish@host:6379/0", "https://host/sys/send.php?login=swordfish&psw=swordfish&phones=1"),
        *(
            "POST key=swordfish&x=1",
            '{"password": "swordfish"}',
            "Authorization: Bearer swordfish",
            "apikey%3dswordfish",
        ),
        *("/callbacks/athens/swordfish refused", "basic swordfish==", "{'token': 'swordfish', 'a': 1}"),
    ],
)
def test_a_secret_inside_a_text_is_hidden_by_what_stands_before_it(text: str) -> None:
    assert "swordfish" not in seen(why=text)["why"]


def test_the_secrets_of_the_configuration_are_hidden_by_their_value_wherever_they_stand() -> None:
    shown = str(seen(why=f"bad {SECRET}!", inner=[{"a": SECRET}], error=ValueError(SECRET), message=SECRET))
    assert SECRET not in shown
    assert Mask(["no", ""]).text("no news") == "no news", "words of two letters cannot be told from words"


def test_a_longer_secret_is_hidden_before_the_shorter_one_in_it() -> None:
    assert Mask(["abcd", "abcdefgh"]).text("it is abcdefgh") == f"it is {HIDDEN}"


def test_a_line_has_an_end() -> None:
    shown = seen(why="x" * 100_000, many=list(range(1000)), deep={"a": {"b": {"c": {"d": {"e": {}}}}}})
    assert len(str(shown)) < 4000
    assert shown["why"].endswith("… (4000 characters)")


@given(some.text(), some.text(), some.integers(), some.binary())
def test_whatever_is_logged_can_be_written_and_read_back(name: str, text: str, number: int, data: bytes) -> None:
    shown = Mask([SECRET]).fields({name: text, "n": number, "d": data, "e": {text: [name]}})
    written = json.dumps(shown, ensure_ascii=False)
    assert "\n" not in written
    written.encode()
    assert json.loads(written) == shown


def test_the_producer_does_not_load_the_logs_by_itself() -> None:
    """A service that imports the producer keeps its own logging."""
    program = "import sys, producer; print([name for name in sys.modules if name in ('structlog', 'producer.logs')])"
    done = subprocess.run([sys.executable, "-c", program], cwd=CHECKOUT, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
