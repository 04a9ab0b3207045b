"""Callbacks from the socket to the ledger: kept, answered, applied once; forged ones counted, never applied."""

import hashlib
from collections.abc import AsyncIterator
from dataclasses import replace

import orjson
import pytest
from aiohttp import web
from aiohttp.test_utils import TestClient, TestServer

from producer.contract import keys
from producer.contract.states import State
from producer.masking import HIDDEN
from producer.suppression import SuppressionList
from tests.worker.plain import NAME
from tests.worker.scene import Scene
from worker.applying import PushApplier
from worker.callbacks import READY, mount, path_of
from worker.incoming import IncomingBook
from worker.ledger.accounts import AccountBook
from worker.providers.pushes import PushKey
from worker.providers.registry import FAMILIES
from worker.settings import Account, Settings
from worker.tracking import Tracker

SECRET = "a-secret-of-our-own"


class Post:
    """One smsc account on the stage, its callback address served, and what applies what comes."""

    def __init__(self, stage: Scene, account: Account, client: TestClient) -> None:
        self.stage = stage
        self.account = account
        self.client = client
        book = AccountBook(redis=stage.redis)
        tracker = Tracker(account, stage.redis, stage.ledger, stage.reader, book)
        incoming = IncomingBook(account, stage.redis)
        self.applier = PushApplier(account, stage.redis, tracker, incoming)

    async def call(self, fields: dict[str, str], *, secret: str = SECRET) -> int:
        names = ("phone", "mes", "to") if "mes" in fields else ("id", "phone", "status")
        text = ":".join((*(fields.get(name, "") for name in names), secret))
        signed = fields | {"sha1": hashlib.sha1(text.encode()).hexdigest(), "charset": "utf-8"}
        async with self.client.post(path_of(self.account), data=signed) as answer:
            return answer.status

    async def apply(self) -> None:
        while await self.applier.step():
            pass

    async def total(self, field: str) -> int:
        return int(await self.stage.redis.hget(keys.totals(NAME), field) or 0)


@pytest.fixture
async def post(stage: Scene) -> AsyncIterator[Post]:
    account = replace(stage.account, family=FAMILIES["smsc"], push_key=PushKey(secret=SECRET))
    app = web.Application()
    assert mount(app, stage.redis, Settings(redis_url="redis://", accounts={NAME: account})) == [NAME]
    async with TestClient(TestServer(app)) as client:
        yield Post(stage, account, client)


def status(reference: str, msisdn: str, number: int = 1) -> dict[str, str]:
    return {"id": reference, "phone": msisdn, "status": str(number), "err": "0", "ts": "1795220154"}


async def sent(stage: Scene) -> tuple[object, str]:
    [message, *_] = await stage.fed()
    await stage.submitted(message, reference="v-one")
    recipients = await stage.reader.recipients([message])
    return message, recipients[message].msisdn


async def test_a_signed_report_is_kept_answered_and_then_applied(post: Post) -> None:
    message, msisdn = await sent(post.stage)
    assert await post.call(status("v-one", msisdn)) == 200
    assert await post.stage.state_of(message) is State.SUBMITTED
    assert await post.stage.redis.xlen(keys.journal(NAME)) == 1
    await post.apply()
    assert await post.stage.state_of(message) is State.DELIVERED
    assert await post.stage.redis.xlen(keys.pushed(NAME)) == 0


async def test_the_fields_of_the_address_are_journalled_too_but_not_those_that_prove_who_calls(post: Post) -> None:
    """restv2 says everything in the address, and its body is empty."""
    address = f"{path_of(post.account)}?id=v-one&phone=1&status=1&secret={SECRET}"
    async with post.client.get(address) as answer:
        assert answer.status == 200
    [(_, fields)] = await post.stage.redis.xrange(keys.journal(NAME))
    assert fields[b"asked"].decode() == f"id=v-one&phone=1&status=1&secret={HIDDEN}"
    assert SECRET.encode() not in b"".join(fields.values())


async def test_a_look_whether_the_way_is_open_is_answered_and_neither_kept_nor_counted(post: Post) -> None:
    async with post.client.head(path_of(post.account)) as answer:
        assert (answer.status, answer.headers[READY]) == (204, NAME)
    assert await post.stage.redis.hgetall(keys.totals(NAME)) == {}
    assert await post.stage.redis.xlen(keys.journal(NAME)) == 0


async def test_doubled_and_reordered_reports_change_nothing_more(post: Post) -> None:
    message, msisdn = await sent(post.stage)
    for number in (1, 0, 1, 20):
        assert await post.call(status("v-one", msisdn, number)) == 200
    await post.apply()
    assert await post.stage.state_of(message) is State.DELIVERED
    assert await post.stage.mistakes(message.campaign) == []


async def test_a_report_may_come_while_the_message_is_on_the_wire(post: Post) -> None:
    [message, *_] = await post.stage.fed()
    await post.stage.claim(message, reference="v-wire")
    msisdn = (await post.stage.reader.recipients([message]))[message].msisdn
    await post.call(status("v-wire", msisdn))
    await post.apply()
    assert await post.stage.state_of(message) is State.DELIVERED


async def test_a_crash_between_applying_and_forgetting_applies_again_without_harm(post: Post) -> None:
    message, msisdn = await sent(post.stage)
    await post.call(status("v-one", msisdn))
    [(_, fields)] = await post.stage.redis.xrange(keys.pushed(NAME))
    await post.apply()
    await post.stage.redis.xadd(keys.pushed(NAME), {name.decode(): value for name, value in fields.items()})
    await post.apply()
    assert await post.stage.state_of(message) is State.DELIVERED
    assert await post.stage.mistakes(message.campaign) == []


async def test_a_forged_report_is_counted_and_never_applied(post: Post) -> None:
    message, msisdn = await sent(post.stage)
    assert await post.call(status("v-one", msisdn, 20), secret="guessed") == 403
    await post.apply()
    assert await post.stage.state_of(message) is State.SUBMITTED
    assert await post.total("callbacks_forged") == 1
    assert await post.stage.redis.xlen(keys.journal(NAME)) == 0


async def test_what_stands_in_the_stream_is_not_believed_for_standing_there(post: Post) -> None:
    """Whoever can write to the stream but does not know the secret cannot report a message delivered."""
    message, msisdn = await sent(post.stage)
    body = orjson.dumps(status("v-one", msisdn))
    await post.stage.redis.xadd(keys.pushed(NAME), {"query": b"{}", "body": body, "content_type": ""})
    await post.apply()
    assert await post.stage.state_of(message) is State.SUBMITTED


async def test_another_path_is_not_found_and_a_large_body_refused(post: Post) -> None:
    async with post.client.post(f"/callbacks/{NAME}/{'0' * 32}", data=b"x") as answer:
        assert answer.status == 404
    async with post.client.post(path_of(post.account), data=b"x" * 70_000) as answer:
        assert answer.status == 413
    assert await post.stage.redis.xlen(keys.pushed(NAME)) == 0


def test_the_path_follows_from_the_secret_and_shows_nothing_of_it(post: Post) -> None:
    other = replace(post.account, push_key=PushKey(secret=SECRET + "x"))
    assert path_of(post.account) != path_of(other)
    assert SECRET not in path_of(post.account)


# --- incoming messages -----------------------------------------------------------------------------------


def incoming(text: str, number: int = 7) -> dict[str, str]:
    return {
        "id": str(number),
        "phone": "306912345678",
        "mes": text,
        "to": "3069000000",
        "sent": "21.11.2026 10:00:00",
    }


async def test_an_incoming_message_is_handed_on_exactly_once(post: Post) -> None:
    for _ in range(3):
        assert await post.call(incoming("Hello")) == 200
    await post.apply()
    [(_, fields)] = await post.stage.redis.xrange(keys.INCOMING)
    assert (fields[b"from"], fields[b"text"], fields[b"account"]) == (b"306912345678", b"Hello", NAME.encode())
    assert await post.stage.redis.hget(keys.totals(NAME), "incoming") == b"1"


@pytest.mark.parametrize("word", ["STOP", " stop ", "Стоп!", "ΣΤΟΠ", "«Stop».", '"STOP"'])
async def test_a_stop_word_suppresses_the_number_for_producer_and_claim(post: Post, word: str) -> None:
    stage = post.stage
    [message, *_] = await stage.fed(count=2)
    msisdn = (await stage.reader.recipients([message]))[message].msisdn
    await post.call(incoming(word) | {"phone": msisdn})
    await post.apply()
    assert await SuppressionList(stage.redis).among([msisdn]) == {msisdn}
    [claimed] = await stage.ledger.claim([stage.request([message], msisdns=(msisdn,))])
    assert claimed[0].answer == "suppressed"
    assert await stage.state_of(message) is State.REJECTED
    assert (await stage.record_of(message)).code == "volley.suppressed"
    again = await stage.producer.submit(account_name=NAME, text="again", recipients=[msisdn, "306900000999"])
    assert (again.accepted, again.refused) == (1, 1)
    assert "suppression list" in again.refusals[0].reason


async def test_other_words_suppress_nobody(post: Post) -> None:
    await post.call(incoming("do not stop please"))
    await post.apply()
    assert await SuppressionList(post.stage.redis).is_empty()
