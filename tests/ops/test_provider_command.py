"""`volley provider`: any call of an account's provider from the command line, against the real sandbox."""

import asyncio
import logging
import time
from collections.abc import AsyncIterator
from pathlib import Path

import orjson
import pytest
import structlog
from click.testing import CliRunner, Result
from redis.asyncio import Redis

from ops import asking
from ops.cli import main
from producer.client import CampaignProducer
from producer.contract import keys
from producer.contract.messages import AccountName
from tests.support import wait_until
from tests.support_provider import Provider
from tests.support_system import System, account
from worker.process import Role


@pytest.fixture
async def stage(
    redis: Redis, redis_url: str, provider: Provider, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[System]:
    """A tracking worker with one account of each family, which logs nothing into what the command prints."""
    monkeypatch.setenv("REDIS_URL", redis_url)
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.CRITICAL))
    accounts = {
        "moscow": account("smsc", "north", rate=100, in_flight=10),
        "athens": account("restv2", "north", rate=100, in_flight=8) | {"login": "north", "password": "north-secret"},
    }
    async with CampaignProducer.connected(redis_url) as producer:
        system = System(
            redis=redis,
            redis_url=redis_url,
            provider=provider,
            folder=tmp_path,
            producer=producer,
            accounts=accounts,
            tracking={"poll_every": 60},
        )
        async with system.inside(Role.TRACK):
            yield system
    structlog.reset_defaults()


async def volley(*words: str, command: str = "provider") -> Result:
    """`volley provider …`, as a person would type it."""
    return await asyncio.to_thread(CliRunner().invoke, main, [command, *words])


async def answered(*words: str) -> list[dict[str, object]]:
    ran = await volley(*words, "--json")
    assert ran.exit_code == 0, ran.stderr
    told = orjson.loads(ran.stdout)
    assert (told["account"], told["call"]) == words[:2]
    return told["records"]


@pytest.mark.parametrize("fmt", ["0", "1", "2", "3"])
async def test_the_balance_is_the_same_in_every_format(stage: System, fmt: str) -> None:
    [record] = await answered("moscow", "balance", "--fmt", fmt)
    [plain] = await answered("moscow", "balance", "cur=0", "--fmt", fmt)
    assert record["balance"] == plain["balance"]
    assert float(str(record["balance"])) > 0
    assert record["currency"] == "RUR"


@pytest.mark.parametrize("kind", ["v2", "json", "xml"])
async def test_a_restv2_account_answers_in_every_type(stage: System, kind: str) -> None:
    [balance] = await answered("athens", "balance", "--type", kind)
    [key] = await answered("athens", "key", "--type", kind)
    assert int(str(balance["balance"])) > 0
    assert key == {"key": "north-key"}


async def test_a_key_is_shown_and_kept_nowhere(stage: System) -> None:
    ran = await volley("athens", "key")
    assert ran.stdout == "key  north-key\n"
    kept = [name async for name in stage.redis.scan_iter(match="*")]
    values = [await stage.redis.dump(name) for name in kept]
    assert not any(b"north-key" in (value or b"") for value in values)


async def test_a_price_is_asked_for_and_nothing_is_sent(stage: System) -> None:
    [record] = await answered("moscow", "cost", "phones=79121234567,79121234568", "mes=Привет")
    assert record["cnt"] == 2
    assert await stage.provider.accepted() == 0


async def test_a_limit_is_kept_before_the_request_leaves(stage: System) -> None:
    """Three identical requests a minute are documented; the fourth never reaches the provider."""
    for _ in range(3):
        assert (await volley("moscow", "stat", "start=01.11.2026")).exit_code == 0
    refused = await volley("moscow", "stat", "start=01.11.2026")
    assert refused.exit_code == 1
    assert "the provider's limit allows the next request in " in refused.stderr


async def test_without_a_call_the_calls_are_listed(stage: System) -> None:
    ran = await volley("moscow")
    assert ran.exit_code == 0, ran.stderr
    assert "number_rent: rent a number: its cost is debited at once [--yes]" in ran.stdout
    assert "    start=  first day, DD.MM.YYYY (needed)" in ran.stdout
    listed = orjson.loads((await volley("athens", "--json")).stdout)
    assert [call["name"] for call in listed["calls"]][:4] == ["key", "key_reset", "balance", "status"]


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (["nowhere", "balance"], "unknown account 'nowhere'; known: moscow, athens"),
        (["moscow", "balanse"], "has no call 'balanse'; known: balance, cost, status"),
        (["moscow", "stat"], "stat needs start="),
        (["moscow", "stat", "begin=01.01.2026"], "no parameter 'begin'; it takes: start= (needed), end="),
        (["moscow", "stat", "start=2026-01-01"], "expected a day as DD.MM.YYYY"),
        (["moscow", "tinyurl"], "give link= or id="),
        (["moscow", "balance", "--type", "xml"], "takes --fmt 0, 1, 2, 3"),
        (["moscow", "balance", "--charset", "latin-1"], "knows charsets utf-8, windows-1251, koi8-r"),
        (["athens", "balance", "--fmt", "1"], "takes --type json, v2, xml"),
        (["moscow", "number_rent", "phone=79991234567"], "If that is meant, add --yes"),
        (
            ["moscow", "status", "phone=79991234567", "id=a", "del=1"],
            "status with del=1 (1: delete a message not sent yet). If that is meant, add --yes",
        ),
        (["athens", "key_reset"], "add --yes"),
        (["moscow", "stat", "start"], "'start' is not NAME=VALUE"),
        (["moscow", "stat", "start=1", "start=2"], "start= is given twice"),
    ],
)
async def test_wrong_usage_says_what_is_known(stage: System, words: list[str], says: str) -> None:
    ran = await volley(*words)
    assert ran.exit_code == 2
    assert says in " ".join(ran.stderr.split())


SMSC_CALLS = {
    "cost": ["phones=79121234567", "mes=Hello"],
    "messages": [],
    "answers": [],
    "stat": ["start=01.11.2026"],
    "price": [],
    "operator": ["phone=79121234567,306912345678"],
    "templates": [],
    "template_add": ["name=a", "msg=b", "--yes"],
    "numbers": [],
    "wait_call": ["phone=79121234567"],
    "downloads": [],
}


@pytest.mark.parametrize("fmt", ["0", "1", "2", "3"])
async def test_the_sandbox_answers_every_call_in_every_format(stage: System, fmt: str) -> None:
    for call, words in SMSC_CALLS.items():
        records = await answered("moscow", call, *words, "--fmt", fmt)
        assert records or call in {"messages", "answers", "templates", "downloads"}, call


@pytest.mark.parametrize("charset", ["utf-8", "windows-1251", "koi8-r"])
async def test_a_template_comes_back_in_every_charset(stage: System, charset: str) -> None:
    [made] = await answered("moscow", "template_add", "name=Привет", "msg=Пока, друг", "--yes", "--charset", charset)
    number = str(made["id"])
    [kept] = await answered("moscow", "templates", "--charset", charset, "--fmt", "1")
    assert (kept["name"], kept["message"]) == ("Привет", "Пока, друг")
    assert await answered("moscow", "template_change", f"id={number}", "msg=Нет", "--yes") == [{"result": "OK"}]
    assert await answered("moscow", "template_delete", f"id={number}", "--yes") == [{"result": "OK"}]
    assert await answered("moscow", "templates", "--fmt", "2") == []


@pytest.mark.parametrize("encoding", ["windows-1251", "utf-8", "utf-8-sig", "koi8-r"])
async def test_a_file_is_shown_in_its_own_encoding(stage: System, encoding: str) -> None:
    """A file has its maker's encoding, whatever charset the request named: it was shown as question marks."""
    url = f"{stage.provider.url}/sandbox/task"
    made = {"login": "north", "start_after": 0, "done_after": 0, "encoding": encoding, "rows": 3}
    async with stage.provider.session.post(url, data=orjson.dumps(made)) as answer:
        number = orjson.loads(await answer.read())["id"]
    [start] = await answered("moscow", "download", f"id={number}")
    assert str(start["beginning"]).startswith("ID;Телефон;Код статуса;Статус;")


@pytest.mark.parametrize(
    ("account", "says"),
    [
        ("athens", "account 'athens' is of family restv2, which has no deferred exports"),
        ("moscow", "volley.toml names no folder for exports: set folder in [exports]"),
        ("nowhere", "unknown account 'nowhere'; known: moscow, athens"),
    ],
)
async def test_an_account_without_exports_says_why(stage: System, account: str, says: str) -> None:
    ran = await volley(account, "--all", command="export")
    assert ran.exit_code == 1
    assert says in ran.stderr


async def test_a_number_is_rented_for_what_it_costs(stage: System) -> None:
    [first, *_] = await answered("moscow", "numbers")
    [rented] = await answered("moscow", "number_rent", f"phone={first['phone']}", "--yes")
    assert rented == {"cost": first["current_cost"]}
    changed = await answered("moscow", "number_change", f"phone={first['phone']}", "noprolong=1", "--yes")
    assert changed == [{"result": "OK"}]


async def test_what_the_provider_refuses_is_told_with_its_code(stage: System) -> None:
    ran = await volley("moscow", "status", "phone=79991234567", "id=nobody")
    assert ran.exit_code == 1
    assert "not found [smsc.error.3]" in ran.stderr


@pytest.mark.parametrize("fmt", ["0", "1", "2", "3"])
async def test_a_message_is_taken_back_in_every_format(stage: System, fmt: str) -> None:
    """`{"result":"OK"}` was told as a refusal without a usable row, though the message was gone."""
    asked = ["moscow", "status", "phone=+79121234567", f"id=back-{fmt}", "--fmt", fmt]
    sent = {"phones": "79121234567", "mes": "Back", "id": f"back-{fmt}", "time": "+1", "fmt": "3"}
    url = f"{stage.provider.url}/sys/send.php"
    async with stage.provider.session.post(url, data=sent | {"login": "north", "psw": "north-secret"}) as answer:
        assert "cnt" in orjson.loads(await answer.read())
    [waiting] = await answered(*asked)
    assert (waiting["id"], waiting["phone"], waiting["status"]) == (f"back-{fmt}", "79121234567", -1)
    assert str(waiting["changed_at"]).endswith("+00:00")
    [deleted] = await answered(*asked, "del=1", "--yes")
    assert deleted == {"id": f"back-{fmt}", "phone": "79121234567", "result": "deleted"}
    ran = await volley(*asked)
    assert "the provider refuses: not found [smsc.error.3]" in ran.stderr


async def test_reports_read_from_the_command_line_are_applied_too(stage: System) -> None:
    """A drain hands each status over once: whoever reads it must apply it."""
    async with stage.inside(Role.SEND):
        await stage.producer.submit(
            campaign_id="drained", account_name="athens", text="Hello", recipients=["306912345678"]
        )
        await stage.until("drained", lambda states, _: sum(states.values()) == 1, "registered")

        found: list[dict[str, object]] = []

        async def is_shown() -> bool:
            found.extend(await answered("athens", "status"))
            return any(record["words"] == "delivered" for record in found)

        await wait_until(is_shown, description="the report is read from the command line")
        await stage.finished("drained")
    journal = await stage.redis.xlen(keys.journal(AccountName("athens")))
    assert journal >= 1


async def test_a_confirming_call_is_waited_for(stage: System) -> None:
    asked = ["moscow", "wait_call", "phone=+79121234567"]
    await called(stage, ago=60)
    ran = await volley(*asked, "--wait", "0.2")
    assert ran.exit_code == 1, "an earlier call confirms nothing now"
    assert "no call came within 0.2 s" in ran.stderr
    waiting = asyncio.create_task(volley(*asked, "--wait", "20"))
    await called(stage, ago=-30)
    ran = await waiting
    assert ran.exit_code == 0, ran.stderr
    assert ran.stdout.startswith("phone")
    assert ran.stdout.splitlines()[-1] == "confirmed"
    told = (await volley(*asked, "--wait", "--json")).stdout.splitlines()
    assert orjson.loads(told[-1]) == {"account": "moscow", "call": "wait_call", "confirmed": True}


async def test_no_other_call_can_be_waited_for(stage: System) -> None:
    ran = await volley("moscow", "balance", "--wait")
    assert ran.exit_code == 2
    assert "wait_call only" in " ".join(ran.stderr.split())


async def called(stage: System, *, ago: int) -> None:
    """As worker.incoming notes a call."""
    name = keys.calls(AccountName("moscow"))
    await stage.redis.hset(name, "79121234567", int(time.time()) - ago)
    await stage.redis.expire(name, 900)


async def test_without_a_worker_nothing_is_asked_later(
    redis: Redis, redis_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A job that waits for a worker until tomorrow would rent a number when nobody expects it any more."""
    monkeypatch.setenv("REDIS_URL", redis_url)
    monkeypatch.setattr(asking, "_BEGIN_WITHIN", 0.3)
    ran = await volley("moscow", "number_rent", "phone=79991234567", "--yes")
    assert ran.exit_code == 1
    assert "no track worker answered" in ran.stderr
    assert await redis.zcard(keys.CONTROL_TRACK) == 0
