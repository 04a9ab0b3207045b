"""The page shows what is there, as data, and its buttons do what they say."""

import re
from datetime import UTC, datetime

import pytest
from aiohttp.test_utils import TestClient
from redis.asyncio import Redis

from producer.contract import keys
from producer.contract.campaigns import CampaignState, Refusal
from producer.contract.codec import encode_refusal
from producer.contract.states import Event
from producer.pool import connect
from tests.ops.dashboard.messaging import doubted
from tests.ops.dashboard.pressing import press, says
from tests.ops.dashboard.visiting import HOSTILE, look, send, visit
from tests.support import wait_until
from tests.worker.plain import NAME
from tests.worker.scene import Scene
from worker.providers.outcomes import Block


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


async def test_all_uncertain_messages_of_a_page_are_chosen_at_once(page: TestClient, stage: Scene) -> None:
    """A worker that died left two hundred, and each wanted a click of its own."""
    await doubted(stage, count=3)
    seen = await look(page, "/uncertain")
    assert "/uncertain?offset=0&choose=all" in seen.loads
    assert (await (await page.get("/uncertain")).text()).count(" checked ") == 0
    assert (await (await page.get("/uncertain?choose=all")).text()).count(" checked ") == 3


async def test_where_there_is_no_campaign_the_way_to_one_is_shown(page: TestClient) -> None:
    for path in ("/", "/campaigns"):
        seen = await look(page, path)
        assert "There is no campaign yet. Submit one here, or with volley submit" in seen.plain
        assert "/submit" in seen.loads


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
    await wait_until(lambda: says(page, "Something in Redis cannot be read."), description="it is said")
    await stage.redis.hset(keys.campaign("spring"), "state", "running")
    await wait_until(lambda: says(page, "No send worker is alive."), description="the verdict is back")


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
