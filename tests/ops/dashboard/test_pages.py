"""The page shows what is there, as data, and its buttons do what they say."""

import asyncio
import re
import signal
import sys
from datetime import UTC, datetime
from subprocess import PIPE

import pytest
from aiohttp import ClientSession, CookieJar
from aiohttp.test_utils import TestClient
from redis.asyncio import Redis

from ops.redis_server import RedisServer
from ops.web import WATCH, serve
from producer.contract import keys
from producer.contract.campaigns import CampaignState, Refusal
from producer.contract.codec import encode_refusal
from producer.contract.states import Event
from producer.pool import connect
from tests.ops.dashboard.visiting import HOSTILE, look, send, visit
from tests.support import first_line, running, wait_until
from tests.worker.scene import NAME, Scene
from worker.providers.interface import Block


async def press(page: TestClient, campaign: str, action: str, **headers: str) -> int:
    """Press a button of a campaign's page."""
    return (await send(page, f"/campaigns/{campaign}/{action}", **headers)).status


async def beat(stage: Scene, fields: dict[str, str]) -> None:
    """A heartbeat of one worker, now."""
    await stage.redis.hset(keys.worker("w"), mapping=fields)
    await stage.redis.expire(keys.worker("w"), 60)
    await stage.redis.zadd(keys.WORKERS, {"w": datetime.now(UTC).timestamp()})


# --- what is shown -----------------------------------------------------------------------------------


async def test_an_empty_system_says_how_to_begin(redis: Redis, redis_url: str) -> None:
    client = connect(redis_url)
    async with visit(client) as page:
        words = (await look(page)).words
        assert "No account is announced." in (await look(page, "/accounts")).words
        assert "There is no campaign yet." in (await look(page, "/campaigns")).words
        assert "No worker has beaten" in (await look(page, "/queues")).words
    await client.aclose()
    assert "No account is announced." in words
    assert "There is no campaign yet." in words
    assert "0 send, 0 track" in words


async def test_the_first_page_has_the_verdict_and_every_part(page: TestClient, stage: Scene) -> None:
    one, *_ = await stage.fed("spring", 3)
    await stage.submitted(one)
    words = (await look(page)).words
    assert "No send worker is alive. Start one: volley worker send." in re.sub(r"\s+", " ", words)
    for expected in ("spring", NAME, "0 of 3 final (0 %)", "0 send, 0 track"):
        assert expected in words, expected


async def test_a_campaigns_page_has_states_reasons_and_masked_refusals(page: TestClient, stage: Scene) -> None:
    one, two = await stage.fed("spring", 2, recipients=["306912345678", "306912345679", "30691234567812345"])
    await stage.claim(one, two)
    await stage.record(one, Event.REJECT, reference="", code="plain.7")
    await stage.book.explain(NAME, {"plain.7": "the number does not exist"})
    words = (await look(page, "/campaigns/spring")).words
    for expected in ("1 of 2 final (50 %)", "in flight", "the number does not exist", "plain.7", "3069•••••45"):
        assert expected in words, expected
    assert "30691234567812345" not in words


async def test_a_blocked_account_says_so_in_the_verdict_and_in_its_row(page: TestClient, stage: Scene) -> None:
    await stage.book.block(NAME, Block.MONEY, code="plain.3", words="top up, please", seconds=60)
    words = re.sub(r"\s+", " ", (await look(page)).words)
    assert f"Account {NAME} is blocked: no money." in words
    assert "top up, please; looked at again in" in words


async def test_uncertain_messages_are_listed_and_counted_in_the_menu(page: TestClient, stage: Scene) -> None:
    one, *_ = await stage.fed()
    await stage.claim(one)
    await stage.record(one, Event.DOUBT, reference="", code="volley.answer_lost")
    words = (await look(page, "/uncertain")).words
    assert "spring/0.0" in words
    assert "its answer never came" in words
    assert "Uncertain 1" in re.sub(r"\s+", " ", words)


async def test_older_campaigns_are_a_link_away(page: TestClient, stage: Scene) -> None:
    for number in range(23):
        await stage.submit(f"campaign-{number:02}", 1)
        await stage.redis.zadd(keys.CAMPAIGNS, {f"campaign-{number:02}": 1_700_000_000 + number})
    first, rest = await look(page, "/campaigns"), await look(page, "/campaigns?offset=20")
    assert "/campaigns?offset=20" in first.loads
    assert "/campaigns/campaign-22" in first.loads
    assert [load for load in rest.loads if re.fullmatch(r"/campaigns/campaign-\d+", load)] == [
        f"/campaigns/campaign-0{number}" for number in (2, 1, 0)
    ]


async def test_without_scripts_the_page_reloads_itself_and_with_them_every_live_part_can_be_found(
    page: TestClient, stage: Scene
) -> None:
    await stage.submit()
    for path in ("/", "/uncertain", "/campaigns", "/campaigns/spring", "/audit"):
        text = await (await page.get(path)).text()
        assert '<noscript><meta http-equiv="refresh"' in text
        assert "data-live" in text


@pytest.mark.parametrize("path", ["/campaigns/never", "/no-such-page", "/campaigns/%3Cscript%3E", "/api"])
async def test_what_is_not_there_is_said_in_words(page: TestClient, path: str) -> None:
    await look(page, path, status=404)


@pytest.mark.parametrize("offset", ["-1", "x", "1e9", "99999999", "9" * 5000, "\u0661"])
async def test_an_offset_that_is_none_is_a_clear_error(page: TestClient, offset: str) -> None:
    await look(page, f"/campaigns?offset={offset}", status=400)


@pytest.mark.parametrize("path", ["/static/../pages.py", "/static/%2e%2e/pages.py", "/static/", "/static/nope.js"])
async def test_static_files_are_only_those(page: TestClient, path: str) -> None:
    assert (await page.get(path)).status in {403, 404}
    assert (await page.get("/static/live.js")).status == 200


# --- hostile values ----------------------------------------------------------------------------------


async def test_text_from_outside_is_shown_as_text_wherever_it_stands(page: TestClient, stage: Scene) -> None:
    name = HOSTILE.replace("/", "|")
    await stage.submit("spring", 1, text=f"hi {HOSTILE}", sender=HOSTILE)
    for key in (keys.campaign, keys.counts):
        await stage.redis.hset(key(name), mapping=await stage.redis.hgetall(key("spring")))
    await stage.redis.zadd(keys.CAMPAIGNS, {name: 1_800_000_000})
    await stage.redis.hset(keys.reasons(name), HOSTILE.replace(":", ""), "1")
    await stage.redis.hset(keys.campaign(name), "refused", "1")
    await stage.redis.rpush(keys.refusals(name), encode_refusal(Refusal(line=1, given=HOSTILE, reason=HOSTILE)))
    await stage.book.block(NAME, HOSTILE, code=HOSTILE, words=HOSTILE, seconds=60)
    await stage.book.note(NAME, {"balance": HOSTILE, "currency": HOSTILE, "report_at": HOSTILE})
    await stage.redis.hset(
        keys.worker("w"), mapping={"roles": HOSTILE, "host": HOSTILE, f"waiting:{HOSTILE}": HOSTILE}
    )
    await stage.redis.expire(keys.worker("w"), 60)
    await stage.redis.zadd(keys.WORKERS, {"w": datetime.now(UTC).timestamp()})
    first = await look(page)
    assert HOSTILE in first.words
    assert first.tags["img"] == 0
    [link] = [load for load in first.loads if "alert" in load]
    own = await look(page, link)
    assert own.tags["img"] == 0
    assert own.words.count(HOSTILE) >= 3


async def test_bytes_that_are_no_text_do_not_break_the_page(page: TestClient, stage: Scene) -> None:
    await stage.redis.hset(keys.account(NAME), mapping={"state": b"\xff\xfe", "words": b"\xc3", "until": b"soon"})
    await stage.redis.hset(keys.totals(NAME), mapping={"submitted": b"many", b"\xff": b"1"})
    assert "\\xff\\xfe" in (await look(page)).words


async def test_what_cannot_be_read_is_said_and_the_page_comes_back_by_itself(page: TestClient, stage: Scene) -> None:
    await stage.submit()
    await look(page)
    await stage.redis.hset(keys.campaign("spring"), "state", "a state of tomorrow")
    await wait_until(lambda: _says(page, "Something in Redis cannot be read."), description="it is said")
    await stage.redis.hset(keys.campaign("spring"), "state", "running")
    await wait_until(lambda: _says(page, "No send worker is alive."), description="the verdict is back")


async def _says(page: TestClient, words: str) -> bool:
    return words in (await look(page)).words


# --- buttons -----------------------------------------------------------------------------------------


async def test_pause_resume_and_cancel_do_what_they_say(page: TestClient, stage: Scene) -> None:
    await stage.submit()
    states = []
    for action in ("pause", "resume", "cancel"):
        assert await press(page, "spring", action) == 303
        states.append(await stage.campaign_state("spring"))
    assert states == [CampaignState.PAUSED, CampaignState.RUNNING, CampaignState.CANCELLED]


async def test_after_a_button_the_campaigns_page_is_shown_in_its_new_state(page: TestClient, stage: Scene) -> None:
    await stage.submit()
    await press(page, "spring", "pause")
    seen = await look(page, "/campaigns/spring")
    assert "paused by an operator" in seen.words
    assert "/campaigns/spring/resume" in seen.loads
    assert "/campaigns/spring/pause" not in seen.loads


async def test_a_form_from_another_site_changes_nothing(page: TestClient, stage: Scene) -> None:
    await stage.submit()
    assert await press(page, "spring", "cancel", Origin="http://evil.example.com") == 403
    assert (await send(page, "/campaigns/spring/cancel", {"form_token": ""})).status == 403
    assert await stage.campaign_state("spring") == CampaignState.RUNNING


async def test_a_button_cannot_be_pressed_by_a_link_nor_be_another_than_those(page: TestClient, stage: Scene) -> None:
    await stage.submit()
    assert (await page.get("/campaigns/spring/cancel")).status == 405
    assert await press(page, "spring", "delete") == 404
    assert await stage.campaign_state("spring") == CampaignState.RUNNING


async def test_a_button_of_a_campaign_that_is_gone_says_so(page: TestClient, stage: Scene) -> None:
    await stage.submit()
    answer = await send(page, "/campaigns/never/pause")
    assert answer.status == 404
    assert "There is no such campaign" in await answer.text()


async def test_a_form_larger_than_a_form_is_refused(page: TestClient, stage: Scene) -> None:
    await stage.submit()
    answer = await send(page, "/campaigns/spring/pause", {"more": "x" * 100_000})
    assert answer.status == 413


# --- for machines ------------------------------------------------------------------------------------


async def test_the_overview_as_json_has_what_the_page_has(page: TestClient, stage: Scene) -> None:
    await stage.submit()
    await page.app[WATCH].look()
    told = await (await page.get("/api/overview")).json()
    assert told["verdict"]["level"] == "wrong"
    assert [account["name"] for account in told["accounts"]] == [NAME]
    [campaign] = told["campaigns"]
    assert (campaign["id"], campaign["total"], campaign["to_send"], campaign["states"]["queued"]) == (
        "spring",
        3,
        3,
        3,
    )
    assert datetime.fromisoformat(told["at"]).tzinfo is not None


async def test_a_campaign_as_json_has_its_reasons_and_an_unknown_one_an_error(page: TestClient, stage: Scene) -> None:
    await stage.submit("spring", 1, recipients=["306912345678", "no number"])
    told = await (await page.get("/api/campaigns/spring")).json()
    assert (told["refused"], told["refusals"][0]["given"], told["reasons"]) == (1, "•••••er", [])
    answer = await page.get("/api/campaigns/never")
    assert (answer.status, set(await answer.json())) == (404, {"error"})


async def test_health_is_well_when_redis_and_both_roles_are(page: TestClient, stage: Scene) -> None:
    assert (await page.get("/health")).status == 503
    await beat(stage, {"roles": "send,track"})
    answer = await page.get("/health")
    assert answer.status == 200
    assert await answer.json() == {"status": "ok", "redis": "ok", "workers": {"send": 1, "track": 1}}


async def test_metrics_are_served_as_prometheus_reads_them(page: TestClient, stage: Scene) -> None:
    answer = await page.get("/metrics")
    assert answer.headers["Content-Type"].startswith("text/plain; version=")
    assert "volley_redis_up 1.0" in await answer.text()


# --- the process -------------------------------------------------------------------------------------


async def test_redis_being_away_is_said_on_every_page_and_it_comes_back_by_itself(
    own_redis_server: RedisServer,
) -> None:
    redis = connect(f"{own_redis_server.url}?socket_timeout=1")
    async with visit(redis) as page:
        await look(page)
        own_redis_server.kill()
        await wait_until(lambda: _says(page, "Redis has not answered for"), description="it is said", timeout=20)
        assert (await page.get("/health")).status == 503
        own_redis_server.start()
        await wait_until(lambda: _says(page, "Nothing to do"), description="the verdict is back", timeout=20)
    await redis.aclose()


async def test_it_serves_until_it_is_cancelled_and_leaves_nothing_open(redis: Redis, redis_url: str) -> None:
    address: asyncio.Future[str] = asyncio.get_running_loop().create_future()
    serving = asyncio.create_task(serve(redis_url, "127.0.0.1", 0, on_ready=address.set_result))
    url = await asyncio.wait_for(address, 10)
    async with ClientSession(cookie_jar=CookieJar(unsafe=True)) as session, session.get(url) as answer:
        assert answer.status == 200
        assert str(answer.url) == url.partition("enter/")[0]
    serving.cancel()
    await asyncio.wait([serving], timeout=10)
    assert serving.cancelled()
    async with ClientSession() as session:
        with pytest.raises(OSError, match="Cannot connect"):
            await session.get(url)


def test_sigterm_ends_the_process_in_order(redis_url: str) -> None:
    code = (
        "import asyncio, sys, structlog; from ops.web import serve; "
        "structlog.configure(logger_factory=structlog.PrintLoggerFactory(sys.stderr)); "
        "asyncio.run(serve(sys.argv[1], port=0, on_ready=lambda url: print(url, flush=True)))"
    )
    with running([sys.executable, "-c", code, redis_url], stdout=PIPE) as process:
        assert first_line(process).startswith("http://127.0.0.1:")
        process.send_signal(signal.SIGTERM)
        assert process.wait(10) == 0


async def test_the_list_has_the_orders_of_campaigns_that_are_not_over(page: TestClient, stage: Scene) -> None:
    await stage.submit("running", 1)
    await stage.submit("paused", 1)
    await stage.submit("over", 1)
    assert await press(page, "paused", "pause") == 303
    assert await press(page, "over", "cancel") == 303
    await stage.redis.hset(keys.campaign("over"), "finished_at", "1800000000")
    posts = (await look(page, "/campaigns")).posts
    assert sorted(each for each in posts if each != "/logout") == [
        "/campaigns/paused/cancel",
        "/campaigns/paused/resume",
        "/campaigns/running/cancel",
        "/campaigns/running/pause",
    ]
