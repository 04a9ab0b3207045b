"""A worker's logs hide every secret of its settings, and name the account that a line is about."""

import asyncio
import json
import logging
from collections.abc import Iterator

import pytest
import structlog

from tests.worker.plain import plain_account
from worker.logs import configure_logs, secrets_of
from worker.process import _of
from worker.settings import SettingsError, parse

SECRETS = {
    "MOSCOW": "password-of-moscow",
    "ATHENS": "key-of-athens",
    "CALLBACK": "callback_secret_of_moscow",
}
DOCUMENT = {
    "accounts": {
        "moscow": {
            "family": "smsc",
            "base_url": "https://smscentre.com",
            "login": "alex",
            "password": "env:MOSCOW",
            "callback_secret": "env:CALLBACK",
        },
        "athens": {"family": "restv2", "base_url": "https://net2sms.gr", "key": "env:ATHENS"},
    }
}


@pytest.fixture
def _logging_restored() -> Iterator[None]:
    root = logging.getLogger()
    handlers, level, configured = root.handlers[:], root.level, structlog.get_config()
    yield
    root.handlers[:], root.level = handlers, level
    structlog.configure(**configured)


def test_every_secret_of_the_settings_is_known() -> None:
    settings = parse(DOCUMENT, {"REDIS_URL": "redis://localhost", **SECRETS})
    assert set(secrets_of(settings)) - {""} == set(SECRETS.values())


@pytest.mark.usefixtures("_logging_restored")
def test_they_are_hidden_wherever_a_line_has_them(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("VOLLEY_LOG", "json")
    settings = parse(DOCUMENT, {"REDIS_URL": "redis://localhost", **SECRETS})
    configure_logs().learn(secrets_of(settings))
    for secret in SECRETS.values():
        structlog.get_logger().error("provider_called", answer=f"<b>{secret}</b>", call=secret)
        logging.getLogger("aiohttp").error("cannot post %s", secret)
    _, err = capsys.readouterr()
    assert err.count("\n") == 6
    assert not [secret for secret in SECRETS.values() if secret in err]


@pytest.mark.usefixtures("_logging_restored")
async def test_a_line_of_an_accounts_work_names_the_account_also_from_tasks_that_it_starts(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("VOLLEY_LOG", "json")
    configure_logs()

    async def inner() -> None:
        structlog.get_logger().warning("sender_waits_for_redis", error="TimeoutError")

    async def work() -> None:
        await asyncio.create_task(inner())

    await asyncio.gather(*(_of(plain_account(name), work()) for name in ("athens", "moscow")))
    _, err = capsys.readouterr()
    assert [json.loads(line)["account"] for line in err.splitlines()] == ["athens", "moscow"]
    assert structlog.contextvars.get_contextvars() == {}


def test_a_wrong_word_is_a_wrong_setting(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("VOLLEY_LOG", "xml")
    with pytest.raises(SettingsError, match="VOLLEY_LOG must be one of json, console"):
        configure_logs()
