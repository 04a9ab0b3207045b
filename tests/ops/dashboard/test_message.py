"""One message's page: its timeline, raw answers with what is private masked, decisions, asking the provider."""

import asyncio
import html
import re
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from typing import Any

import pytest
from aiohttp.test_utils import TestClient
from arq.worker import Function, func

from ops import asking, story, trail
from ops.dashboard.access import Access
from ops.dashboard.rooms import message as room
from ops.dashboard.rooms import uncertain as tray
from ops.web import FRAME
from producer.contract import keys
from producer.contract.client import Client
from producer.contract.exchanges import ExchangeRecord, Kept, number_label, text_label
from producer.contract.jobs import LOOK_NOW, PROVIDER_CALL, RESOLVE
from producer.contract.messages import MessageId
from producer.contract.states import Event, State
from tests.ops.dashboard.visiting import HOSTILE, VIEWER_TOKEN, credentials, look, send, token_of, visit
from tests.worker.scene import NAME, Scene
from worker import looking
from worker.calling import provider_call
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
    assert (resolve.__name__, provider_call.__name__) == (RESOLVE, PROVIDER_CALL)
    assert looking.look_now.__name__ == LOOK_NOW == look_now.__name__


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


async def test_an_answer_that_does_not_name_the_message_is_found_by_what_was_asked(
    page: TestClient, stage: Scene
) -> None:
    """A single status answer of smsc has neither id nor number; and a callback of restv2 has its address alone."""
    [message] = await stage.fed("spring", 1, recipients=[NUMBER])
    await stage.submitted(message, reference="7781234567890")
    journal = Journal(redis=stage.redis, length=1000)
    asked = (("phone", NUMBER), ("id", "7781234567890"))
    await journal.write(NAME, "status", 200, b'{"status":1,"err":0}', asked=asked)
    await journal.write(NAME, "status", 200, b'{"status":20}', asked=(("phone", "1"), ("id", "77812345678901")))
    address = (("msgid", "7781234567890"), ("status", "d"), ("s", "•••"))
    await journal.write(NAME, "callback", 200, b"", asked=address)
    page.app[FRAME].shared.forget()
    seen = await look(page, PATH)
    assert "phone=3069•••••70&id=7781234567890" in seen.words, "its own reference is nobody's number"
    assert '{"status":1,"err":0}' in seen.words
    assert '{"status":20}' not in seen.words
    assert "msgid=7781234567890&status=d&s=•••" in seen.words
    assert "the provider called back HTTP 200" in seen.plain


async def test_an_answer_about_a_neighbour_with_the_same_reference_is_not_its_own(
    page: TestClient, stage: Scene
) -> None:
    """Messages of one request of smsc have one id; whose report it is, the number tells."""
    messages = await stage.fed("spring", 2, recipients=[NUMBER, "306912345671"])
    await stage.claim(*messages, reference="v0a")
    for message in messages:
        await stage.record(message, Event.SUBMIT, reference="v0a")
    journal = Journal(redis=stage.redis, length=1000)
    for number, status in (("306912345671", 20), (NUMBER, 1)):
        await journal.write(NAME, "callback", 200, f"id=v0a&phone={number}&status={status}".encode())
    page.app[FRAME].shared.forget()
    seen = await look(page, PATH)
    assert "status=1" in seen.words
    assert "status=20" not in seen.words


# --- what was sent -------------------------------------------------------------------------------------


def kept(*messages: MessageId, **more: Any) -> ExchangeRecord:
    """An exchange of these messages, as a worker keeps it."""
    usual: dict[str, Any] = {
        "campaign": messages[0].campaign,
        "places": tuple(f"{message.chunk}.{message.place}" for message in messages),
        "outcomes": ("submitted v0a",) * len(messages),
        "asked_at": time.time() - 1,
        "seconds": 0.25,
        "path": "/sys/send.php",
        "request": (
            ("list", "\n".join(f"+{number_label(each)}:{text_label(each)}" for each in messages)),
            ("psw", "•••"),
        ),
        "status": 200,
        "answer": f'{{"id":"v0a","phone":"{number_label(messages[0])}","note":"{HOSTILE[2:]}"}}',
        "size": 77,
    }
    return ExchangeRecord(**(usual | more))


async def keep(stage: Scene, record: ExchangeRecord, kind: Kept = Kept.GOOD) -> None:
    await stage.redis.xadd(keys.exchanges(NAME, kind), record.pack())
    await stage.redis.expire(keys.exchanges(NAME, kind), 60)


async def test_what_was_sent_is_shown_to_an_operator_with_the_number_and_the_text_of_this_message_alone(
    page: TestClient, stage: Scene
) -> None:
    people = [{"to": NUMBER, "code": "4711"}, {"to": "306912345671", "code": "4712"}]
    messages = await stage.fed("spring", 2, text="your code is $code", recipients=people)
    await stage.submitted(messages[0], reference="v0a")
    await keep(stage, kept(*messages))
    await keep(stage, kept(messages[1], request=(("mes", "of the neighbour alone"),)), Kept.FAILED)
    page.app[FRAME].shared.forget()
    seen = await look(page, PATH)
    assert f"list=+{NUMBER}:your code is 4711\n+{{number 0.1}}:{{text 0.1}}" in seen.words
    assert "psw=•••" in seen.words
    assert f'{{"id":"v0a","phone":"{NUMBER}"' in seen.words
    assert "POST /sys/send.php with 1 more in it; HTTP 200, 77 B, after 0.25 s" in seen.plain, seen.plain
    assert "sent to the provider HTTP 200 after 0.25 s: submitted v0a" in seen.plain
    assert seen.plain.index("sent to the provider") < seen.plain.index("accepted by the provider")
    assert "neighbour" not in seen.words
    assert "4712" not in seen.words
    assert seen.tags["img"] == 0
    assert "<script>alert(1)</script>" in seen.words


async def test_a_viewer_sees_what_was_sent_without_the_number_and_the_text(stage: Scene) -> None:
    wanted = {"text": "your code is $code", "recipients": [{"to": NUMBER, "code": "4711"}]}
    [message] = await stage.fed("spring", 1, **wanted)
    await stage.submitted(message, reference="v0a")
    await keep(stage, kept(message))
    known = credentials().bearer(VIEWER_TOKEN)
    async with visit(stage.redis, access=Access(credentials=credentials()), known=known) as page:
        seen = await look(page, PATH)
    assert "list=+{number 0.0}:{text 0.0}" in seen.words
    assert NUMBER not in seen.words
    assert "4711" not in seen.words


async def test_every_attempt_is_told_and_what_is_not_kept_is_said(page: TestClient, stage: Scene) -> None:
    [message] = await stage.fed("spring", 1, recipients=[NUMBER])
    await stage.claim(message, reference="v0")
    await stage.record(message, Event.DEFER, reference="v0", code="plain.9")
    assert "is not kept" not in (await look(page, PATH)).plain, "it may not be written yet"
    await stage.age(message, 10)
    seen = await look(page, PATH)
    assert "None of this account's sends is kept: exchanges of [retention] is 0" in seen.plain
    other = MessageId.parse("spring/0.1")
    await keep(stage, kept(other))
    page.app[FRAME].shared.forget()
    assert "not kept, or no more: of what went well a sample is kept" in (await look(page, PATH)).plain
    refused = kept(message, outcomes=("deferred plain.9: later",), status=0, answer="", ending="answer timeout")
    blocked = kept(message, outcomes=("routeblocked volley.not_sent: no",), status=0, ending="no connection")
    await keep(stage, refused, Kept.FAILED)
    await keep(stage, blocked, Kept.FAILED)
    page.app[FRAME].shared.forget()
    seen = await look(page, PATH)
    assert "not kept" not in seen.plain
    assert "answer timeout after 0.25 s: deferred plain.9: later" in seen.plain
    await stage.make_due(message)
    await stage.claim(message, reference="v1")
    await stage.record(message, Event.SUBMIT, attempt=2, reference="v1")
    await stage.age(message, 10)
    page.app[FRAME].shared.forget()
    assert "kept of 1 of 2 attempts" in (await look(page, PATH)).plain, "a blocked account is no attempt"


async def test_the_exchange_of_an_earlier_message_with_the_same_id_is_not_its_own(
    page: TestClient, stage: Scene
) -> None:
    """A campaign's id may be used again after its retention."""
    [message] = await stage.fed("spring", 1, recipients=[NUMBER])
    await stage.submitted(message, reference="v0a")
    long_ago = f"{int((time.time() - 3600) * 1000)}-0"
    await stage.redis.xadd(keys.exchanges(NAME, Kept.GOOD), kept(message).pack(), id=long_ago)
    await stage.redis.expire(keys.exchanges(NAME, Kept.GOOD), 60)
    page.app[FRAME].shared.forget()
    assert "sent to the provider" not in (await look(page, PATH)).plain


async def test_many_exchanges_are_looked_through_and_not_for_ever(
    page: TestClient, stage: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(trail, "_EXCHANGES_PAGE", 10)
    [message, other] = await stage.fed("spring", 2)
    await stage.submitted(message, reference="v0a")
    await keep(stage, kept(message))
    for _ in range(35):
        await keep(stage, kept(other))
    assert "sent to the provider" in (await look(page, PATH)).plain
    monkeypatch.setattr(trail, "_MOST_EXCHANGES", 30)
    page.app[FRAME].shared.forget()
    assert "sent to the provider" not in (await look(page, PATH)).plain


async def test_the_journal_is_searched_once_for_many_looks_and_for_a_bounded_piece(
    page: TestClient, stage: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Pages look every second, and a journal entry may have a megabyte."""
    monkeypatch.setattr(trail, "_MOST_ENTRIES", 100)
    monkeypatch.setattr(room, "_FOUND_NEW_FOR", 60.0)
    [message] = await stage.fed("spring", 1, recipients=[NUMBER])
    await stage.submitted(message, reference="v0a")
    journal = Journal(redis=stage.redis, length=1000)
    await journal.write(NAME, "status", 200, b"id=v0a")
    for number in range(200):
        await journal.write(NAME, "status", 200, b"x" * 1000 + str(number).encode())
    assert "None among the 100 newest answers" in (await look(page, PATH)).plain
    searched = []

    async def find(redis: Client, told: story.Story) -> trail.Trail:
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


async def look_now(_: Mapping[str, Any], message_id: str, until: float) -> dict[str, Any]:
    """Tells what it was asked about, and what its stage wants."""
    told = dict(TOLD)
    return {name: message_id if value == "ID" else value for name, value in told.items()}


TOLD: dict[str, Any] = {}
ROW = {"code": "smsc.status.1", "words": HOSTILE, "changed_at": "2026-11-21T06:36:30+00:00"}


@pytest.mark.parametrize(
    ("told", "says", "after"),
    [
        (
            {"records": [ROW], "before": "uncertain", "state": "delivered"},
            ["smsc.status.1", "21 Nov 2026, 06:36:30 UTC", "The books follow: uncertain → delivered."],
            "delivered",
        ),
        (
            {"records": [], "before": "uncertain", "state": "uncertain"},
            ["Nothing new.", "The books stay as they are: uncertain."],
            "uncertain",
        ),
        (
            {"records": [], "unknown": True, "before": "uncertain", "state": "uncertain"},
            ["It knows no such message (yet).", "The books stay as they are"],
            "unknown to the provider, uncertain",
        ),
        (
            {"error": "status of one message: too often", "retry_in": 41.2},
            ["too often; in 41 s it may be asked again"],
            "status of one message: too often",
        ),
        ({"error": "the provider refuses: no", "code": "smsc.error.2"}, ["no [smsc.error.2]"], None),
        ({"error": "ID"}, ["spring/0.0"], "spring/0.0"),
    ],
)
async def test_what_the_provider_says_is_shown_with_what_the_books_made_of_it(
    page: TestClient, stage: Scene, told: dict[str, Any], says: list[str], after: str | None
) -> None:
    await doubted(stage)
    TOLD.clear()
    TOLD.update(told)
    async with tracking(stage, func(look_now, keep_result=60)):
        answer = await send(page, f"{PATH}/ask")
    text = await answer.text()
    assert answer.status == 200, text
    words = re.sub(r"\s+", " ", re.sub("<[^>]+>", " ", html.unescape(re.sub("<[^>]+>", " ", text))))
    for each in says:
        assert each in words
    assert "<script>alert" not in text
    expected = "the provider refuses: no [smsc.error.2]" if after is None else after
    assert await acts(page) == [("message.ask", "spring/0.0", "uncertain", expected)]


async def test_asking_without_a_worker_or_without_a_submission_says_so(
    page: TestClient, stage: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    await stage.fed("spring", 1)
    assert (await send(page, f"{PATH}/ask")).status == 409
    await stage.submitted(MessageId.parse("spring/0.0"), reference="v0")
    monkeypatch.setattr(asking, "_BEGIN_WITHIN", 0.1)
    answer = await send(page, f"{PATH}/ask")
    assert answer.status == 503
    assert "start one (volley worker track); nothing was asked" in await answer.text()
    assert await stage.redis.zcard(keys.CONTROL_TRACK) == 0


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
