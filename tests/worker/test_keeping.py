"""What is kept of an exchange: its shape, with nothing private in it."""

import orjson
import pytest

from producer.contract.exchanges import ExchangeRecord, put_back
from producer.contract.messages import MessageId, Msisdn
from tests.worker.exchanged import (
    BAD,
    CALLBACK,
    CAMPAIGN,
    DIALECTS,
    OTHER,
    OWN,
    PERSON,
    SECRETS,
    account_of,
    doubt,
    kept_of,
    prepared_for,
)
from worker.hiding import LONGEST, hidden
from worker.keeping import Keeper
from worker.providers.exchange import AnswerLost, NotSent
from worker.providers.pushes import message_token
from worker.providers.registry import FAMILIES
from worker.providers.requests import Answer, Dialect


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


def test_what_a_newer_worker_says_besides_is_left_out() -> None:
    account = account_of("smsc", Dialect(), key="the-api-key")
    record = kept_of(account, prepared_for(account, "hi"), NotSent(reason="no connection"), doubt())
    told = orjson.loads(record.pack()["exchange"]) | {"colour": "blue"}
    assert ExchangeRecord.unpack(orjson.dumps(told)) == record
