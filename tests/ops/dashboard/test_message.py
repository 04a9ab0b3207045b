"""One message's page: its timeline, raw answers with what is private masked, asking the provider."""

import html
import re
from collections.abc import Mapping
from typing import Any

import pytest
from aiohttp.test_utils import TestClient
from arq.worker import func

from ops import asking, story, trail
from ops.dashboard.access import Access
from ops.dashboard.rooms import message as room
from ops.web import FRAME
from producer.contract import keys
from producer.contract.client import Client
from producer.contract.jobs import LOOK_NOW, PROVIDER_CALL, RESOLVE
from producer.contract.messages import MessageId
from producer.contract.states import Event
from tests.ops.dashboard.messaging import NUMBER, PATH, acts, doubted, tracking
from tests.ops.dashboard.visiting import HOSTILE, VIEWER_TOKEN, credentials, look, send, visit
from tests.worker.plain import NAME
from tests.worker.scene import Scene
from worker import looking
from worker.calling import provider_call
from worker.deciding import resolve
from worker.ledger import Journal


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


async def test_what_comes_next_for_a_message_in_doubt_promises_no_answer(page: TestClient, stage: Scene) -> None:
    """A provider that cannot be asked was said to be asked in half an hour."""
    await doubted(stage)
    await page.app[FRAME].audit.write("olga", "message.ask", "spring/0.0", before="uncertain", after="uncertain")
    words = (await look(page, PATH)).plain
    assert "evidence is looked for where none tells, its campaign says: hold for a person" in words
    assert "is asked what became" not in words
    assert "olga asked the provider uncertain → uncertain" in words


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
