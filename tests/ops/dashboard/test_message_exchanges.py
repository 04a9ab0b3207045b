"""What was sent and what came back, on a message's page: found, masked, and bounded."""

import time
from typing import Any

import pytest
from aiohttp.test_utils import TestClient

from ops import trail
from ops.dashboard.access import Access
from ops.dashboard.views import message as view
from ops.web import FRAME
from producer.contract import keys
from producer.contract.exchanges import ExchangeRecord, Kept, number_label, text_label
from producer.contract.messages import MessageId
from producer.contract.states import Event
from tests.ops.dashboard.messaging import NUMBER, PATH
from tests.ops.dashboard.visiting import HOSTILE, VIEWER_TOKEN, credentials, look, visit
from tests.worker.plain import NAME
from tests.worker.scene import Scene


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


async def test_every_attempt_is_told_and_what_is_not_kept_is_said(
    page: TestClient, stage: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(view, "_WRITTEN_WITHIN", 60.0)  # not over before the page is looked at
    [message] = await stage.fed("spring", 1, recipients=[NUMBER])
    await stage.claim(message, reference="v0")
    await stage.record(message, Event.DEFER, reference="v0", code="plain.9")
    assert "is not kept" not in (await look(page, PATH)).plain, "it may not be written yet"
    await stage.age(message, 100)
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
    await stage.age(message, 100)
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
