"""`volley callbacks`: the addresses are those at which the web process receives."""

import asyncio
from pathlib import Path

import orjson
import pytest
from aiohttp import web
from aiohttp.test_utils import TestClient, TestServer
from click.testing import CliRunner, Result
from redis.asyncio import Redis

from ops.cli import main
from worker.callbacks import mount_configured

SETTINGS = (
    '[accounts.moscow]\nfamily = "smsc"\nbase_url = "https://smscentre.com"\nkey = "k"\n'
    'callback_secret = "{secret}"\n'
    '[accounts.athens]\nfamily = "restv2"\nbase_url = "https://net2sms.gr"\nkey = "k"\nv3 = true\n'
    'callback_secret = "{secret}"\ncallback_base = "https://reports.example.com"\n'
    '[accounts.rome]\nfamily = "restv2"\nbase_url = "https://net2sms.gr"\nkey = "k"\n'
)
SECRET = "a-secret-of-our-own"


@pytest.fixture
def settings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    path = tmp_path / "volley.toml"
    path.write_text(SETTINGS.replace("{secret}", SECRET))
    monkeypatch.setenv("VOLLEY_CONFIG", str(path))
    return path


def volley(*words: str) -> Result:
    return CliRunner().invoke(main, ["callbacks", *words])


def test_each_address_is_printed_with_what_to_do_with_it(settings: Path) -> None:
    ran = volley("--public", "https://sms.example.com/")
    assert ran.exit_code == 0, ran.stderr
    moscow, athens = ran.stdout.splitlines()
    assert moscow.startswith("moscow: https://sms.example.com/callbacks/moscow/")
    assert moscow.endswith("?charset=utf-8&sha1=<callback_secret>")
    assert athens.startswith("athens: https://reports.example.com/callbacks/athens/")
    assert athens.endswith("nothing is to be written anywhere)")
    assert SECRET not in ran.stdout
    assert volley().stdout.startswith("moscow: https://YOUR-HOST/callbacks/moscow/")


async def test_the_addresses_are_those_that_the_web_process_serves(settings: Path, redis: Redis) -> None:
    told = orjson.loads((await asyncio.to_thread(volley, "--json")).stdout)["accounts"]
    assert [(account["account"], account["in_cabinet"]) for account in told] == [("moscow", True), ("athens", False)]
    app = web.Application()
    mount_configured(app, redis, "redis://unused")
    async with TestClient(TestServer(app)) as client:
        for account in told:
            path = "/" + account["address"].split("/", 3)[3].split("?")[0]
            async with client.head(path) as answer:
                assert answer.status == 204


def test_an_account_without_callbacks_is_no_error(settings: Path) -> None:
    settings.write_text(SETTINGS[SETTINGS.index("[accounts.rome]") :])
    assert volley().stdout.startswith("No account has a callback_secret")
    assert orjson.loads(volley("--json").stdout) == {"accounts": []}


def test_settings_that_cannot_be_read_say_what_to_do(settings: Path) -> None:
    settings.unlink()
    ran = volley()
    assert ran.exit_code == 1
    assert "write one (README, 'A real account') or name it in VOLLEY_CONFIG" in ran.stderr
    settings.write_text('[accounts.moscow]\nfamily = "smcs"\n')
    assert "accounts.moscow.family" in volley().stderr


@pytest.mark.parametrize(
    "address", ["sms.example.com", "https://host/path", "ftp://host", "https://", "https://a:b@c"]
)
def test_the_public_address_is_a_scheme_and_a_host(settings: Path, address: str) -> None:
    ran = volley("--public", address)
    assert ran.exit_code == 2
    assert "expected https://sms.example.com" in " ".join(ran.stderr.split())


@pytest.mark.parametrize(
    ("settings", "says"),
    [
        ('[accounts.a]\nfamily = "smsc"\nbase_url = "http://localhost:1"\nlogin = "x"\n', "accounts.a"),
        ("[accounts.a", "not valid TOML"),
    ],
    ids=["a wrong account", "no TOML"],
)
async def test_wrong_settings_stop_the_page_instead_of_leaving_callbacks_out(
    redis: Redis, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, settings: str, says: str
) -> None:
    """It started without them, and reports to the accounts that were right were lost with 404."""
    path = tmp_path / "volley.toml"
    path.write_text(settings)
    monkeypatch.setenv("VOLLEY_CONFIG", str(path))
    with pytest.raises(ValueError, match=says):
        mount_configured(web.Application(), redis, "redis://unused")


async def test_without_settings_or_their_secrets_the_page_has_no_callbacks(
    redis: Redis, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "volley.toml"
    monkeypatch.setenv("VOLLEY_CONFIG", str(path))
    assert mount_configured(web.Application(), redis, "redis://unused") == []
    path.write_text('[accounts.a]\nfamily = "restv2"\nbase_url = "http://localhost:1"\nkey = "env:NOT_SET_HERE"\n')
    assert mount_configured(web.Application(), redis, "redis://unused") == []
