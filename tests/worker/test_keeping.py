"""Exchanges that are kept: all that failed up to a bound and a sample of the others, with nothing private in them."""

from dataclasses import replace
from itertools import product
from typing import Self

import orjson
import pytest
from msgspec import structs
from redis.exceptions import ConnectionError as RedisConnectionError

from producer.contract import keys
from producer.contract.campaigns import Lane
from producer.contract.exchanges import ExchangeRecord, Kept, is_about, put_back
from producer.contract.messages import CampaignId, MessageId, Msisdn, Reference
from producer.segments import is_gsm7
from tests.support_erasure import places_of
from tests.worker.scene import NAME, Scene, plain_account
from worker.hiding import LONGEST, Noted, hidden
from worker.keeping import ExchangeBook, Keeper
from worker.ledger import ClaimRequest
from worker.preparing import Prepared
from worker.providers.exchange import AnswerLost, NotSent
from worker.providers.interface import (
    Answer,
    Credentials,
    Deferred,
    Dialect,
    Outcome,
    Outgoing,
    Rejected,
    Submitted,
    Uncertain,
)
from worker.providers.pushes import message_token
from worker.providers.registry import FAMILIES
from worker.settings import Account, Limits

PERSON, OTHER = "306912345670", "306912345671"
SECRETS = {"login": "the-login", "password": "the-password", "key": "the-api-key"}
CALLBACK = {"callback": "https://us.example/callbacks/athens/0123456789abcdef", "callback_secret": "the-hook-secret"}
OWN = Reference("v0123456789abcdef")
CAMPAIGN = CampaignId("spring")

GOOD: tuple[Outcome, ...] = (Submitted(reference=Reference("7781234567")),)
BAD: tuple[Outcome, ...] = (Rejected(code="plain.7", words="never"),)


def account_of(family: str, dialect: Dialect, **secrets: str) -> Account:
    credentials = Credentials(base_url="https://p.test", dialect=dialect, **(CALLBACK | secrets))
    return Account(
        name=NAME,
        family=FAMILIES[family],
        credentials=credentials,
        limits=Limits(rate=1, in_flight=1, batch=100),
    )


def prepared_for(account: Account, *texts: str, **more: object) -> Prepared:
    """One request for so many people: the first is PERSON, the second OTHER."""
    people = [PERSON, OTHER, *(f"3069222{place:05}" for place in range(len(texts)))]
    outgoing = tuple(
        Outgoing(msisdn=Msisdn(to), text=text, sender="ACME", unicode=not is_gsm7(text), **more)
        for to, text in zip(people, texts, strict=False)
    )
    claim = ClaimRequest(
        campaign=CAMPAIGN,
        account=account.name,
        lane=Lane.BULK,
        messages=tuple(MessageId(campaign=CAMPAIGN, chunk=0, place=place) for place in range(len(texts))),
        reference=OWN,
        login="login",
    )
    request = account.family.sending.build(account.credentials, outgoing, OWN)
    return Prepared(claim=claim, outgoing=outgoing, request=request)


def kept_of(
    account: Account, prepared: Prepared, ending: Answer | NotSent | AnswerLost, outcomes: tuple[Outcome, ...] = GOOD
) -> ExchangeRecord:
    size = len(ending.body) if isinstance(ending, Answer) else 0
    noted = Noted(prepared=prepared, ending=ending, outcomes=outcomes, asked_at=1e9, seconds=0.25, size=size)
    return hidden(noted, account)


DIALECTS = [
    *(
        ("smsc", Dialect(format=form, charset=charset, rest=rest))
        for form, charset, rest in product("0123", ("", "windows-1251", "koi8-r"), (False, True))
    ),
    *(("restv2", Dialect(format=form, v3=v3)) for form, v3 in product(("json", "v2", "xml"), (False, True))),
]


def test_every_family_is_held_to_it() -> None:
    assert {family for family, _ in DIALECTS} == FAMILIES.keys()


@pytest.mark.parametrize("texts", [("Code 4711 Ελένη",), ("Dear Anna", "Dear Kyriaki"), ("same to all",) * 3])
@pytest.mark.parametrize(("family", "dialect"), DIALECTS)
def test_a_request_keeps_its_shape_and_loses_what_is_private(
    family: str, dialect: Dialect, texts: tuple[str, ...]
) -> None:
    secrets = {"key": SECRETS["key"]} if family == "restv2" else {n: SECRETS[n] for n in ("login", "password")}
    account = account_of(family, dialect, **secrets)
    if family == "restv2" and len(texts) > 1 and (not dialect.v3 or len(set(texts)) > 1):
        texts = texts[:1]  # nothing else can be sent together
    prepared = prepared_for(account, *texts)
    record = kept_of(account, prepared, AnswerLost(reason="answer timeout"))
    packed = record.pack()["exchange"].decode()
    private = [PERSON, OTHER, *texts, *secrets.values(), *CALLBACK.values()]
    token = message_token(OWN, CALLBACK["callback_secret"])
    assert [word for word in (*private, token) if word in packed] == []
    real = prepared.request
    assert [name for name, _ in record.request] == [name for name, _ in (*real.form, *real.credentials)]
    whole = {"path": record.path, **dict(record.request)}
    assert whole["path"] == real.path
    for name in ("id", "sender", "from", "charset", "fmt", "type", "ucs", "nl"):
        assert whole.get(name) == dict(real.form).get(name), name


def test_the_number_and_the_text_of_one_message_are_put_back_and_nobody_else_s() -> None:
    account = account_of("smsc", Dialect(), key="the-api-key")
    record = kept_of(account, prepared_for(account, "Dear Anna", "Dear Kyriaki"), NotSent(reason="no connection"))
    rows = dict(record.request)["list"]
    assert rows == "+{number 0.0}:{text 0.0}\n+{number 0.1}:{text 0.1}"
    first = MessageId(campaign=CAMPAIGN, chunk=0, place=0)
    assert put_back(rows, first, Msisdn(PERSON), "Dear Anna") == f"+{PERSON}:Dear Anna\n+{{number 0.1}}:{{text 0.1}}"
    assert put_back(rows, first, Msisdn(""), "") == rows, "forgotten"
    same = kept_of(account, prepared_for(account, "hello", "hello"), NotSent(reason="no connection"))
    assert put_back(dict(same.request)["mes"], first, Msisdn(PERSON), "hello") == "hello"


def test_an_answer_that_repeats_the_request_tells_nothing_of_it() -> None:
    """Error pages do: of a debugging framework, or of a proxy."""
    account = account_of("restv2", Dialect(v3=True), key="the-api-key")
    prepared = prepared_for(account, "Your code is 4711")
    token = message_token(OWN, CALLBACK["callback_secret"])
    page = (
        f"<h1>Error</h1> to=+{PERSON} text=Your code is 4711 key=the-api-key {{'x': 'the-api-key'}} s={token}\n"
        f"callback={CALLBACK['callback']} also 306955555555, id 7781234567, {OWN} \x1b[2J"
    )
    record = kept_of(account, prepared, Answer(status=500, body=page.encode()))
    for word in (PERSON, "4711", "the-api-key", token, "0123456789abcdef?", "306955555555", "\x1b"):
        assert word not in record.answer
    assert "to=+{number 0.0} text={text}" in record.answer
    assert "id 7781234567" in record.answer, "the provider's own reference is nobody's number"
    assert OWN in record.answer
    assert (record.status, record.size, record.ending) == (500, len(page), "")


def test_what_a_single_message_says_of_its_reader_is_not_kept() -> None:
    account = account_of("smsc", Dialect(), key="the-api-key")
    prepared = prepared_for(account, "hi", options=(("imgcode", "ab12"), ("userip", "192.0.2.7")))
    fields = dict(kept_of(account, prepared, NotSent(reason="no connection")).request)
    assert (fields["userip"], fields["imgcode"], fields["sender"]) == ("•••", "•••", "ACME")


@pytest.mark.parametrize("body", [b"\xff\xfe\x00", "Ответ".encode("cp1251"), b"", b"9" * 400, b"{"])
def test_any_answer_can_be_kept(body: bytes) -> None:
    account = account_of("smsc", Dialect(charset="windows-1251"), key="the-api-key")
    record = kept_of(
        account, prepared_for(account, "hi"), Answer(status=200, body=body, dialect=Dialect(charset="x"))
    )
    assert ExchangeRecord.unpack(record.pack()["exchange"]) == record
    assert "99999999" not in record.answer


async def test_a_long_answer_is_cut_and_no_half_of_a_text_is_left_at_the_cut() -> None:
    account = account_of("smsc", Dialect(), key="the-api-key")
    text = "a secret that is rather long " * 8
    prepared = prepared_for(account, text)
    keeper = Keeper(account)
    body = text.encode() * 2000
    keeper.note(prepared, Answer(status=200, body=body), BAD, 0.1)
    [noted] = keeper.take()
    record = hidden(noted, account)
    assert record.size == len(body)
    assert len(record.answer) < LONGEST + 100
    assert "a secret" not in record.answer


# --- which are kept ------------------------------------------------------------------------------------


def one_of(stage: Scene) -> Prepared:
    return prepared_for(stage.account, "hello")


async def entries(stage: Scene, kind: Kept) -> list[tuple[bytes, ExchangeRecord]]:
    rows = await stage.redis.xrange(keys.exchanges(NAME, kind))
    return [(fields[b"of"], ExchangeRecord.unpack(fields[b"exchange"])) for _, fields in rows]


async def test_failed_ones_and_a_sample_of_the_good_ones_are_kept_each_second(stage: Scene) -> None:
    book = ExchangeBook(stage.redis, length=1000, life=60)
    keeper = book.keeper(stage.account)
    assert keeper is not None
    for _ in range(2):
        for _ in range(200):
            keeper.note(one_of(stage), Answer(status=200, body=b'[["submitted","p1"]]'), GOOD, 0.1)
        for _ in range(20):
            keeper.note(one_of(stage), AnswerLost(reason="answer timeout"), _doubt(), 0.1)
        await book.flush()
    good, failed = await entries(stage, Kept.GOOD), await entries(stage, Kept.FAILED)
    assert (len(good), len(failed)) == (55, 40), "50 after a quiet time, then 5 a second"
    of, record = failed[0]
    assert is_about(of, MessageId(campaign=CAMPAIGN, chunk=0, place=0))
    assert not is_about(of, MessageId(campaign=CAMPAIGN, chunk=0, place=1))
    assert (record.ending, record.status, record.outcomes) == (
        "answer timeout",
        0,
        ("uncertain volley.answer_lost: perhaps",),
    )
    assert good[0][1].outcomes == ("submitted 7781234567",)
    assert good[0][1].answer == '[["submitted","p1"]]'
    assert 0 < await stage.redis.ttl(keys.exchanges(NAME, Kept.GOOD)) <= 60
    assert await places_of(stage.redis, PERSON, "hello") == []


async def test_a_storm_of_failures_is_bounded_in_each_second_and_in_redis(stage: Scene) -> None:
    book = ExchangeBook(stage.redis, length=60, life=60)
    keeper = book.keeper(stage.account)
    assert keeper is not None
    for _ in range(5):
        for _ in range(1000):
            keeper.note(one_of(stage), AnswerLost(reason="answer timeout"), _doubt(), 0.1)
        assert len(keeper.take()) == 50
        for _ in range(1000):
            keeper.note(one_of(stage), AnswerLost(reason="answer timeout"), _doubt(), 0.1)
        await book.flush()
    assert 60 <= await stage.redis.xlen(keys.exchanges(NAME, Kept.FAILED)) < 150  # trimmed by whole nodes


def test_a_campaign_takes_nothing_away_from_urgent_messages(stage: Scene) -> None:
    keeper = Keeper(stage.account)
    bulk = one_of(stage)
    urgent = structs.replace(bulk, claim=structs.replace(bulk.claim, lane=Lane.URGENT))
    for _ in range(200):
        keeper.note(bulk, Answer(status=200, body=b"[]"), GOOD, 0.1)
    keeper.note(urgent, Answer(status=200, body=b"[]"), GOOD, 0.1)
    assert [noted.prepared.claim.lane for noted in keeper.take()][-2:] == [Lane.BULK, Lane.URGENT]


async def test_a_mixed_answer_counts_as_failed(stage: Scene) -> None:
    book = ExchangeBook(stage.redis, length=60, life=60)
    keeper = book.keeper(stage.account)
    assert keeper is not None
    prepared = prepared_for(stage.account, "a", "b")
    mixed = (*GOOD, Deferred(code="plain.9", words="later"))
    keeper.note(prepared, Answer(status=200, body=b"[]"), mixed, 0.1)
    await book.flush()
    [(of, record)] = await entries(stage, Kept.FAILED)
    assert of == b"spring|0.0,0.1"
    assert record.outcomes == ("submitted 7781234567", "deferred plain.9: later")


def test_nothing_is_kept_where_nothing_is_to_be_kept(stage: Scene) -> None:
    assert ExchangeBook(stage.redis, length=0, life=60).keeper(plain_account()) is None


async def test_a_redis_that_is_away_costs_the_exchanges_and_nothing_else(
    stage: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    book = ExchangeBook(stage.redis, length=60, life=60)
    keeper = book.keeper(stage.account)
    assert keeper is not None

    class Away:
        async def __aenter__(self) -> Self:
            return self

        async def __aexit__(self, *_: object) -> None:
            pass

        def xadd(self, *_: object, **__: object) -> None:
            pass

        expire = xadd

        async def execute(self) -> None:
            raise RedisConnectionError("away")

    keeper.note(one_of(stage), AnswerLost(reason="answer timeout"), _doubt(), 0.1)
    with monkeypatch.context() as patch:
        patch.setattr(stage.redis, "pipeline", lambda **_: Away())
        await book.flush()
    keeper.note(one_of(stage), NotSent(reason="no connection"), _doubt(), 0.1)
    await book.flush()
    [(_, record)] = await entries(stage, Kept.FAILED)
    assert record.ending == "no connection"


async def test_a_family_that_cannot_build_from_labels_is_told_in_the_log(stage: Scene) -> None:
    """Its own checks may want digits where a label is; the other exchanges are kept all the same."""

    class Strict:
        def build(self, *_: object) -> None:
            raise ValueError("not a number")

    strict = replace(stage.account, family=replace(stage.account.family, sending=Strict()))
    book = ExchangeBook(stage.redis, length=60, life=60)
    keepers = [book.keeper(strict), book.keeper(stage.account)]
    for keeper in keepers:
        assert keeper is not None
        keeper.note(one_of(stage), NotSent(reason="no connection"), _doubt(), 0.1)
    await book.flush()
    assert len(await entries(stage, Kept.FAILED)) == 1


def test_what_a_newer_worker_says_besides_is_left_out() -> None:
    account = account_of("smsc", Dialect(), key="the-api-key")
    record = kept_of(account, prepared_for(account, "hi"), NotSent(reason="no connection"), _doubt())
    told = orjson.loads(record.pack()["exchange"]) | {"colour": "blue"}
    assert ExchangeRecord.unpack(orjson.dumps(told)) == record


def _doubt() -> tuple[Outcome, ...]:
    return (Uncertain(code="volley.answer_lost", words="perhaps"),)
