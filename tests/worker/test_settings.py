"""Settings: every wrong document names the setting and says what would be right, and nothing tells a secret."""

import traceback
from pathlib import Path
from typing import Any

import pytest

from worker.logs import configure_logs
from worker.settings import Settings, SettingsError, load, parse

SECRET = "hunter2-très-secret"  # a stand-in
ENVIRONMENT = {"REDIS_URL": f"redis://:{SECRET}@localhost:6379/0", "SMSC_PASSWORD": SECRET, "EMPTY": ""}


def moscow(**fields: Any) -> dict[str, Any]:
    account = {
        "family": "smsc",
        "base_url": "https://smscentre.com",
        "login": "alex",
        "password": "env:SMSC_PASSWORD",
        **fields,
    }
    return {"accounts": {"moscow": {name: value for name, value in account.items() if value is not None}}}


def with_tables(**tables: Any) -> dict[str, Any]:
    return {**moscow(), **tables}


def parsed(document: dict[str, Any]) -> Settings:
    return parse(document, ENVIRONMENT)


def test_a_whole_document_is_read() -> None:
    settings = parsed(
        {
            "accounts": {
                "moscow": {
                    **moscow()["accounts"]["moscow"],
                    "sender": "ACME",
                    "limits": {"rate": 7, "in_flight": 3},
                    "default_region": "ru",
                },
                "athens": {"family": "restv2", "base_url": "https://net2sms.gr/", "key": "env:SMSC_PASSWORD"},
            },
            "tracking": {"poll_every": 30},
            "sending": {"max_attempts": 2},
        }
    )
    account = settings.accounts["moscow"]
    assert (account.family.name, account.sender, account.default_region) == ("smsc", "ACME", "RU")
    assert (account.limits.rate, account.limits.in_flight) == (7.0, 3)
    assert account.credentials.password == SECRET
    assert settings.accounts["athens"].credentials.base_url == "https://net2sms.gr"
    assert (settings.tracking.poll_every, settings.sending.max_attempts) == (30.0, 2)


def test_what_is_not_set_has_the_familys_or_our_usual_value() -> None:
    settings = parsed(moscow())
    rules = settings.accounts["moscow"].family.rules
    limits = settings.accounts["moscow"].limits
    assert (limits.rate, limits.in_flight, limits.batch) == (rules.rate, rules.in_flight, rules.most_per_request)
    assert settings.sending.lease > settings.sending.request_timeout


WRONG = {
    "no accounts": ({}, ["[accounts.NAME] is missing", "base_url"]),
    "empty accounts": ({"accounts": {}}, ["[accounts.NAME] is missing"]),
    "accounts no table": ({"accounts": 7}, ["accounts must be a table"]),
    "account no table": ({"accounts": {"moscow": "smsc"}}, ["accounts.moscow must be a table"]),
    "impossible name": ({"accounts": {"a:b": moscow()["accounts"]["moscow"]}}, ["accounts.a:b", "A-Z a-z 0-9"]),
    "family missing": (moscow(family=None), ["accounts.moscow.family is missing"]),
    "family unknown": (moscow(family="smscc"), ["accounts.moscow.family", "restv2, smsc"]),
    "family no text": (moscow(family=7), ["accounts.moscow.family must be a text"]),
    "base_url missing": (moscow(base_url=None), ["accounts.moscow.base_url is missing"]),
    "base_url no address": (moscow(base_url="smscentre.com"), ["accounts.moscow.base_url", "https://smscentre.com"]),
    "base_url in the clear": (moscow(base_url="http://smscentre.com"), ["base_url", "https", "allow_http"]),
    "no credentials": (moscow(password=None), ["accounts.moscow", "key", "login and password"]),
    "secret not there": (moscow(password="env:NOPE"), ["accounts.moscow.password", "NOPE", "not set"]),
    "secret empty": (moscow(password="env:EMPTY"), ["accounts.moscow.password", "EMPTY", "empty"]),
    "unknown setting": (moscow(passwort="x"), ["accounts.moscow", "'passwort'", "password"]),
    "unknown table": (with_tables(trakcing={}), ["top level", "'trakcing'", "tracking"]),
    "unknown in a table": (with_tables(tracking={"poll": 3}), ["tracking", "'poll'", "poll_every"]),
    "rate no number": (moscow(limits={"rate": "20"}), ["accounts.moscow.limits.rate must be a number"]),
    "rate zero": (moscow(limits={"rate": 0}), ["accounts.moscow.limits.rate", "from 0.01"]),
    "rate not a number": (moscow(limits={"rate": float("nan")}), ["accounts.moscow.limits.rate"]),
    "rate endless": (moscow(limits={"rate": float("inf")}), ["accounts.moscow.limits.rate"]),
    "rate yes": (moscow(limits={"rate": True}), ["accounts.moscow.limits.rate"]),
    "too many at once": (moscow(limits={"in_flight": 15}), ["accounts.moscow.limits.in_flight", "from 1 to 14"]),
    "half a request": (moscow(limits={"in_flight": 1.5}), ["accounts.moscow.limits.in_flight", "whole number"]),
    "batch too large": (moscow(limits={"batch": 10_000}), ["accounts.moscow.limits.batch", "from 1 to"]),
    "unknown limit": (moscow(limits={"rps": 3}), ["accounts.moscow.limits", "'rps'", "rate"]),
    "allow_http no flag": (moscow(base_url="http://a.b", allow_http="yes"), ["allow_http", "true or false"]),
    "poll too often": (with_tables(tracking={"poll_every": 0}), ["tracking.poll_every", "from 0.1"]),
    "table no table": (with_tables(sending=5), ["sending must be a table"]),
    "attempts none": (with_tables(sending={"max_attempts": 0}), ["sending.max_attempts", "from 1"]),
    "exports without a folder": (moscow(exports=True), ["accounts.moscow.exports", "[exports] folder"]),
    "exports of a family without": (
        moscow(family="restv2", exports=True) | {"exports": {"folder": "files"}},
        ["accounts.moscow.exports", "restv2"],
    ),
    "export polls too often": (with_tables(exports={"poll_every": 24}), ["exports.poll_every", "from 25"]),
    "unknown column": (
        moscow(export_columns={"phone": "x"}),
        ["accounts.moscow.export_columns", "'phone'", "msisdn"],
    ),
    "retention short": (with_tables(retention={"finished_for": 1}), ["retention.finished_for", "from 60"]),
}


@pytest.mark.parametrize(("document", "words"), WRONG.values(), ids=WRONG)
def test_a_wrong_document_names_the_setting_and_says_what_would_be_right(
    document: dict[str, Any], words: list[str]
) -> None:
    with pytest.raises(SettingsError) as error:
        parsed(document)
    for word in words:
        assert word in str(error.value)
    assert SECRET not in "".join(traceback.format_exception(error.value))


@pytest.mark.parametrize("url", ["", "localhost:6379", f"http://:{SECRET}@localhost"])
def test_a_wrong_redis_url_is_named_and_not_repeated(url: str) -> None:
    with pytest.raises(SettingsError, match="REDIS_URL") as error:
        parse(moscow(), {**ENVIRONMENT, "REDIS_URL": url})
    assert SECRET not in str(error.value)


def test_no_secret_is_in_what_settings_show_of_themselves() -> None:
    settings = parsed(moscow())
    for shown in (repr(settings), str(settings), repr(settings.accounts["moscow"].credentials)):
        assert SECRET not in shown
        assert "alex" not in shown


def test_messages_are_traced_where_a_share_of_them_is_asked_for() -> None:
    assert parsed(moscow()).traces.share == 0.0
    assert parsed(with_tables(traces={"share": 0.25})).traces.share == 0.25


def test_exports_are_kept_in_a_folder_that_does_not_move_with_the_process() -> None:
    settings = parsed(moscow(exports=True, export_columns={"reference": "Our id"}) | {"exports": {"folder": "files"}})
    assert settings.exports.folder == Path.cwd() / "files"
    assert settings.accounts["moscow"].export_columns == {"reference": "Our id"}


def test_loopback_needs_no_https() -> None:
    assert parsed(moscow(base_url="http://127.0.0.1:8080"))
    assert parsed(moscow(base_url="http://localhost:8080"))


def test_settings_are_frozen() -> None:
    with pytest.raises(AttributeError):
        parsed(moscow()).sending.max_attempts = 9


# --- the file --------------------------------------------------------------------------------------------


def test_the_file_that_volley_config_names_is_read(tmp_path: Path) -> None:
    path = tmp_path / "mine.toml"
    path.write_text('[accounts.a]\nfamily = "restv2"\nbase_url = "https://net2sms.gr"\nkey = "env:SMSC_PASSWORD"\n')
    settings = load({**ENVIRONMENT, "VOLLEY_CONFIG": str(path)})
    assert list(settings.accounts) == ["a"]


def test_a_file_that_is_not_there_is_named_and_says_where_to_look(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="VOLLEY_CONFIG") as error:
        load({**ENVIRONMENT, "VOLLEY_CONFIG": str(tmp_path / "none.toml")})
    assert "none.toml" in str(error.value)


@pytest.mark.parametrize("content", [b"[accounts", f'password = "{SECRET}'.encode(), b"\xff\xfe"])
def test_a_file_that_is_no_toml_is_named_and_its_content_is_not_shown(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "volley.toml"
    path.write_bytes(content)
    with pytest.raises(SettingsError, match=r"volley\.toml") as error:
        load({**ENVIRONMENT, "VOLLEY_CONFIG": str(path)})
    assert SECRET not in str(error.value)


@pytest.mark.parametrize(("variable", "word"), [("VOLLEY_LOG", "xml"), ("VOLLEY_LOG_LEVEL", "loud")])
def test_a_wrong_word_for_the_logs_stops_the_start(monkeypatch: pytest.MonkeyPatch, variable: str, word: str) -> None:
    monkeypatch.setenv(variable, word)
    with pytest.raises(SettingsError, match=f"{variable} must be one of .*'{word}'"):
        configure_logs()


@pytest.mark.parametrize(
    ("table", "batch"),
    [
        ({}, 1),
        ({"v3": True}, 100),
        ({"v3": True, "callback_base": "https://sms.example.com", "callback_secret": "a" * 16}, 1),
        ({"v3": True, "limits": {"batch": 20}}, 20),
    ],
)
def test_restv2_sends_several_at_once_only_by_version_3(table: dict[str, Any], batch: int) -> None:
    """sms/bulk is a call of version 3, and carries no callback: who asked for callbacks keeps them."""
    account = {"family": "restv2", "base_url": "https://net2sms.gr", "key": "k", **table}
    [found] = parse({"accounts": {"one": account}}, {"REDIS_URL": "redis://localhost"}).accounts.values()
    assert found.limits.batch == batch


def test_restv2_without_version_3_cannot_be_told_to() -> None:
    account = {"family": "restv2", "base_url": "https://net2sms.gr", "key": "k", "limits": {"batch": 2}}
    with pytest.raises(SettingsError, match=r"limits\.batch must be a whole number from 1 to 1"):
        parse({"accounts": {"one": account}}, {"REDIS_URL": "redis://localhost"})
