"""One message's page: its timeline, raw answers with what is private masked, decisions, asking the provider."""

import asyncio
import re
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from typing import Any

import pytest
from aiohttp.test_utils import TestClient
from arq.worker import Function, func

from ops import asking, story
from ops.dashboard.access import Access
from ops.dashboard.rooms import message as room
from ops.dashboard.rooms import uncertain as tray
from ops.web import FRAME
from producer.contract import keys
from producer.contract.client import Client
from producer.contract.jobs import PROVIDER_CALL, RESOLVE
from producer.contract.messages import MessageId
from producer.contract.states import Event, State
from tests.ops.dashboard.visiting import HOSTILE, VIEWER_TOKEN, credentials, look, send, token_of, visit
from tests.worker.scene import NAME, Scene
from worker.deciding import resolve
from worker.engine.control import ControlWorker
from worker.ledger import Journal

NUMBER = "306912345670"
PATH = "/campaigns/spring/messages/0.0"


async def doubted(stage: Scene, *, count: int = 1) -> list[MessageId]:
    """Messages that were perhaps sent, the first of them to NUMBER."""
    recipients = [NUMBER, *(f"3069123456{number}" for number in range(71, 70 + count))]
    messages = await stage.fed("spring", count, recipients=recipients)
    for place, message in enumerate(messages):
        await stage.claim(message, reference=f"v{place}")
        await stage.record(message, Event.DOUBT, reference=f"v{place}", code="volley.answer_lost")
    return messages


@asynccontextmanager
async def tracking(stage: Scene, *functions: Function | Callable[..., Awaitable[Any]]) -> AsyncIterator[None]:
    """A track worker's control queue with these functions."""
    context = {"reader": stage.reader, "ledger": stage.ledger, "give_up_after": 60.0}
    worker = ControlWorker(keys.CONTROL_TRACK, stage.redis, functions, context=context)
    running = asyncio.create_task(worker.async_run())
    try:
        yield
    finally:
        await worker.stop(5)
        await asyncio.gather(running, return_exceptions=True)


async def acts(page: TestClient) -> list[tuple[str, str, str, str]]:
    entries = (await page.app[FRAME].audit.read()).entries
    return [(entry.action, entry.target, entry.before, entry.after) for entry in entries]


async def test_the_names_of_jobs_are_those_of_the_workers_functions() -> None:
    assert (resolve.__name__, PROVIDER_CALL) == (RESOLVE, "provider_call")


async def test_the_timeline_goes_from_submission_to_what_comes_next(page: TestClient, stage: Scene) -> None:
    [message] = await stage.fed("spring", 1, recipients=[NUMBER])
    words = (await look(page, PATH)).plain
    assert words.index("submitted with its campaign") < words.index("may be taken by a worker")
    await stage.submitted(message, reference="77")
    words = (await look(page, PATH)).plain
    assert words.index("accepted by the provider") < words.index("the provider is asked what became of it")
    await stage.apply(message, Event.REPORT_UNDELIVERED, reference="77", code="plain.9")
    await stage.book.explain(NAME, {"plain.9": "the handset is off"})
    seen = await look(page, PATH)
    assert "not delivered, says the provider the handset is off (plain.9)" in seen.plain
    assert "is asked what became" not in seen.plain
    assert PATH in (await look(page, "/campaigns/spring/messages")).loads


async def test_raw_answers_that_name_the_message_are_shown_without_numbers_and_secrets(
    page: TestClient, stage: Scene
) -> None:
    [message] = await stage.fed("spring", 1, recipients=[NUMBER])
    await stage.submitted(message, reference="v0a")
    journal = Journal(redis=stage.redis, length=1000)
    await journal.write(NAME, "status", 200, b"id=v0ab&status=1")
    body = f'{{"id":"v0a","phone":"{NUMBER}","psw":"topsecret","note":"{HOSTILE[2:]}"}}'
    await journal.write(NAME, "status", 200, body.encode())
    await journal.write(NAME, "status", 500, b"\xff\xfe v0a \x00" + b"9" * 400)
    page.app[FRAME].shared.forget()
    seen = await look(page, PATH)
    assert seen.words.count("HTTP 200, ") == 1
    assert "HTTP 500" in seen.words
    assert "topsecret" not in seen.words
    assert NUMBER not in re.sub(r"Number\s+\d+", "", seen.plain)
    assert "3069•••••70" in seen.words
    assert "99999999" not in seen.words
    assert "<script>alert(1)</script>" in seen.words
    assert seen.tags["img"] == 0


async def test_the_journal_is_searched_once_for_many_looks_and_for_a_bounded_piece(
    page: TestClient, stage: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Pages look every second, and a journal entry may have a megabyte."""
    monkeypatch.setattr(story, "_MOST_ENTRIES", 100)
    [message] = await stage.fed("spring", 1, recipients=[NUMBER])
    await stage.submitted(message, reference="v0a")
    journal = Journal(redis=stage.redis, length=1000)
    await journal.write(NAME, "status", 200, b"id=v0a")
    for number in range(200):
        await journal.write(NAME, "status", 200, b"x" * 1000 + str(number).encode())
    assert "None among the 100 newest answers" in (await look(page, PATH)).plain
    searched = []

    async def find(redis: Client, told: story.Story) -> story.Found:
        searched.append(told.id)
        return await story.find(redis, told)

    monkeypatch.setattr(room, "find", find)
    page.app[FRAME].shared.forget()
    for _ in range(3):
        await (await page.get(PATH)).read()
    assert searched == [message]


async def test_viewers_see_neither_the_number_nor_its_text_nor_raw_answers(stage: Scene) -> None:
    wanted = {"text": "your code is $code", "recipients": [{"to": NUMBER, "code": "4711"}]}
    [message] = await stage.fed("spring", 1, **wanted)
    await stage.submitted(message, reference="v0a")
    await Journal(redis=stage.redis, length=1000).write(NAME, "status", 200, b"id=v0a&words=4711")
    known = credentials().bearer(VIEWER_TOKEN)
    async with visit(stage.redis, access=Access(credentials=credentials()), known=known) as page:
        seen = await look(page, PATH)
        for action in ("ask", "decide"):
            assert (await send(page, f"{PATH}/{action}", {"decision": "sent"})).status == 403
    assert NUMBER not in seen.words
    assert "4711" not in seen.words
    assert "your code is $code" in seen.words
    assert not [path for path in seen.posts if "messages" in path]


async def test_a_decision_is_carried_out_by_a_track_worker_and_kept_in_the_audit_log(
    page: TestClient, stage: Scene
) -> None:
    [message] = await doubted(stage)
    assert f"{PATH}/decide" in (await look(page, PATH)).posts
    async with tracking(stage, resolve):
        answer = await send(page, f"{PATH}/decide", {"decision": "sent"})
    assert (answer.status, answer.headers["Location"]) == (303, f"{PATH}?said=decided")
    assert await stage.state_of(message) is State.SUBMITTED
    assert await acts(page) == [("message.sent", "spring/0.0", "uncertain", "submitted")]
    seen = await look(page, PATH)
    assert "this machine: message.sent uncertain → submitted" in seen.plain
    assert f"{PATH}/decide" not in seen.posts
    assert (await send(page, f"{PATH}/decide", {"decision": "failed"})).status == 409


async def test_without_a_worker_a_decision_says_who_will_carry_it_out(
    page: TestClient, stage: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    [message] = await doubted(stage)
    monkeypatch.setattr(room, "_DECIDED_WITHIN", 0.0)
    answer = await send(page, f"{PATH}/decide", {"decision": "failed"})
    assert answer.status == 409
    assert "start one (volley worker track)" in await answer.text()
    assert await stage.state_of(message) is State.UNCERTAIN


@pytest.mark.parametrize("decision", ["", "never", HOSTILE])
async def test_what_is_no_decision_is_refused(page: TestClient, stage: Scene, decision: str) -> None:
    await doubted(stage)
    assert (await send(page, f"{PATH}/decide", {"decision": decision})).status == 400
    assert (await send(page, "/uncertain/decide", {"decision": decision, "message": "spring/0.0"})).status == 400
    assert await acts(page) == []


@pytest.mark.parametrize("place", ["0.9", "9.0", "0", "0.0.0", "...", "99999999999.1"])
async def test_a_message_that_is_not_there(page: TestClient, stage: Scene, place: str) -> None:
    await stage.fed("spring", 1)
    await look(page, f"/campaigns/spring/messages/{place}", status=404)
    await look(page, "/campaigns/never/messages/0.0", status=404)


# --- asking the provider -------------------------------------------------------------------------------


async def provider_call(
    _: Mapping[str, Any], account: str, call: str, given: Mapping[str, str], manner: Mapping[str, str], until: float
) -> dict[str, Any]:
    """Tells what it was asked."""
    if call == "status_sms":
        return {"error": "the host has no version 3"}
    asked = f"{account} {call} {given.get('id', '')} {given.get('phone', '')[-2:]}"
    return {"records": [{"id": asked, "phone": NUMBER, "status_name": HOSTILE, "cost": None}]}


@pytest.mark.parametrize(("family", "asked"), [("smsc", "north status v0 70"), ("restv2", "north status")])
async def test_the_provider_is_asked_by_its_own_call(page: TestClient, stage: Scene, family: str, asked: str) -> None:
    await doubted(stage)
    entry = (await stage.redis.hget(keys.ACCOUNTS, NAME)).replace(b'"plain"', f'"{family}"'.encode())
    await stage.redis.hset(keys.ACCOUNTS, NAME, entry)
    await page.app[FRAME].watch.look()
    async with tracking(stage, func(provider_call, keep_result=60)):
        answer = await send(page, f"{PATH}/ask")
    text = await answer.text()
    assert answer.status == 200, text
    assert asked.replace("north", NAME) in text
    assert "3069•••••70" in text
    assert "<script>alert" not in text
    assert await acts(page) == [("message.ask", "spring/0.0", "uncertain", "1 records")]


async def test_asking_without_a_worker_or_without_a_submission_says_so(
    page: TestClient, stage: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    await stage.fed("spring", 1)
    assert (await send(page, f"{PATH}/ask")).status == 409
    entry = (await stage.redis.hget(keys.ACCOUNTS, NAME)).replace(b'"plain"', b'"smsc"')
    await stage.redis.hset(keys.ACCOUNTS, NAME, entry)
    await stage.submitted(MessageId.parse("spring/0.0"), reference="v0")
    await page.app[FRAME].watch.look()
    monkeypatch.setattr(asking, "_BEGIN_WITHIN", 0.1)
    answer = await send(page, f"{PATH}/ask")
    assert answer.status == 503
    assert "start one (volley worker track); nothing was asked" in await answer.text()
    assert await stage.redis.zcard(keys.CONTROL_TRACK) == 0


async def test_an_account_that_no_worker_has_cannot_be_asked(page: TestClient, stage: Scene) -> None:
    await doubted(stage)
    await stage.redis.hdel(keys.ACCOUNTS, NAME)
    await page.app[FRAME].watch.look()
    assert "is not announced" in await (await send(page, f"{PATH}/ask")).text()


# --- the tray ------------------------------------------------------------------------------------------


async def test_the_tray_decides_about_the_chosen_ones_only(page: TestClient, stage: Scene) -> None:
    one, two, three = await doubted(stage, count=3)
    seen = await look(page, "/uncertain")
    assert f"/campaigns/spring/messages/{one.chunk}.{one.place}" in seen.loads
    assert seen.posts.count("/uncertain/decide") == 1
    form = [
        ("form_token", await token_of(page)),
        ("decision", "failed"),
        ("message", str(one)),
        ("message", str(two)),
    ]
    async with tracking(stage, resolve):
        answer = await page.post(
            "/uncertain/decide",
            data=form,
            headers={"Origin": str(page.make_url("/")).rstrip("/")},
            allow_redirects=False,
        )
    assert (answer.status, answer.headers["Location"]) == (303, "/uncertain?said=decided")
    assert [await stage.state_of(each) for each in (one, two, three)] == [
        State.REJECTED,
        State.REJECTED,
        State.UNCERTAIN,
    ]
    assert await acts(page) == [
        ("message.failed", str(two), "uncertain", "rejected"),
        ("message.failed", str(one), "uncertain", "rejected"),
    ]


async def test_the_tray_says_when_the_decision_is_still_to_be_carried_out(
    page: TestClient, stage: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    [message] = await doubted(stage)
    monkeypatch.setattr(tray, "_DECIDED_WITHIN", 0.0)
    answer = await send(page, "/uncertain/decide", {"decision": "resend", "message": str(message)})
    assert answer.headers["Location"] == "/uncertain?said=asked"
    assert await stage.redis.zcard(keys.CONTROL_TRACK) == 1
    assert await acts(page) == [("message.resend", str(message), "uncertain", "asked of a track worker")]


@pytest.mark.parametrize(
    ("message", "status"), [("spring/0.9", 303), ("never/0.0", 303), ("", 400), (HOSTILE, 400), ("spring", 400)]
)
async def test_what_is_not_uncertain_is_left_alone(page: TestClient, stage: Scene, message: str, status: int) -> None:
    await doubted(stage)
    assert (await send(page, "/uncertain/decide", {"decision": "resend", "message": message})).status == status
    assert await stage.redis.zcard(keys.CONTROL_TRACK) == 0
    assert await acts(page) == []


async def test_viewers_cannot_decide(stage: Scene) -> None:
    await doubted(stage)
    known = credentials().bearer(VIEWER_TOKEN)
    async with visit(stage.redis, access=Access(credentials=credentials()), known=known) as page:
        assert "/uncertain/decide" not in (await look(page, "/uncertain")).posts
        answer = await send(page, "/uncertain/decide", {"decision": "resend", "message": "spring/0.0"})
    assert answer.status == 403
