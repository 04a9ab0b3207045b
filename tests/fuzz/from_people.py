"""Targets: what people and programs of the house hand over: recipients, texts, settings, parameters, times."""

import io
import json
from typing import Any, Final

import click

from ops.commands import values
from producer.checking import checked_template, checked_time
from producer.contract.campaigns import Campaign, Recipient, Refusal
from producer.contract.codec import (
    decode_campaign,
    decode_chunk,
    decode_refusal,
    encode_campaign,
    encode_chunk,
    encode_refusal,
)
from producer.contract.messages import AccountName, CampaignId, Msisdn
from producer.directory import AccountEntry
from producer.errors import ProducerError, TextError
from producer.gathering import Gathering
from producer.msisdn import Normaliser, Unusable
from producer.recipients import read_recipients
from producer.rendering import Template
from producer.segments import measure
from producer.unreadable import RecipientsError
from tests.fuzz.from_providers import _file
from worker import wire
from worker.providers import parameters as kinds
from worker.providers.addresses import checked_base_url
from worker.providers.encoding import body_of
from worker.providers.registry import FAMILIES
from worker.providers.requests import Credentials
from worker.settings import SettingsError, load

UNREADABLE: Final = (RecipientsError,)
UNUSABLE_TEXT: Final = (TextError,)
WRONG_SETTING: Final = (SettingsError,)
NO_MOMENT: Final = (wire.WireError, ProducerError, click.BadParameter)
WORDS: Final = (
    *(b"to", b"phone", b"name", b"first name", b",", b";", b"\t", b'"', b'""', b"\r\n", b"\n", b"\r", b"\x00"),
    *(b"306912345678", b"+30 691 234 5678", b"3.07E+11", b"306912345678.0", b"'", b"\xef\xbb\xbf", b"\xff\xfe"),
    *(b'{"to":"306912345678","name":"x"}', b"[", b"{", b"NaN", b"Infinity", b"\\ud800", b"null", b"true", b"1e400"),
)
SETTING_WORDS: Final = (
    *(b"[accounts.a]\n", b'family = "smsc"\n', b'family = "restv2"\n', b'base_url = "https://x.example"\n'),
    *(b'login = "a"\n', b'password = "b"\n', b'key = "env:KEY"\n', b"limits = { rate = 5, in_flight = 2 }\n"),
    *(b"[sending]\n", b"[tracking]\n", b"[retention]\n", b"[exports]\n", b"poll_every = ", b"nan", b"inf", b'"""'),
    *(
        b"callback_secret = ",
        b"callback_base = ",
        b"stop_words = ",
        b"folder = ",
        b"[[",
        b"]]",
        b"{",
        b"}",
        b"\\u0000",
    ),
)
CALL_WORDS: Final = tuple(
    {
        f"{parameter.name}=".encode()
        for one in FAMILIES.values()
        for call in one.calls.values()
        for parameter in call.parameters
    }
)

_ENCODINGS: Final = ("utf-8", "utf-8-sig", "utf-16", "cp1253", "cp1251", "shift_jis", "utf-7", "iso2022_jp")
_TEXTS: Final = ("Hello", "Hello $name", "${first name}, your code is $code. $name!")
_LONGEST: Final = 1000
_ENTRY: Final = AccountEntry(
    name=AccountName("a"), family="smsc", host="", login="l", rate=1, in_flight=1, batch=1, longest_text=_LONGEST
)
_CREDENTIALS: Final = Credentials(
    base_url="https://x.example", login="a", password="secret-password", key="secret-key"
)


def recipients_file(data: bytes) -> None:
    """CSV or JSON lines: every row is a recipient or a refusal, and both can be stored and read again."""
    choice = data[0] if data else 0
    body, text = data[1:], _TEXTS[choice // 8 % 3]
    rows = read_recipients(
        io.BytesIO(body),
        encoding=_ENCODINGS[choice % 8],
        default_region="GR" if choice > 127 else None,
        needed=Template.parse(text).names,
        keep_extras=choice % 3 == 0,
    )
    assert _gathered(text, rows) <= body.count(b"\n") + body.count(b"\r") + body.count(b"\n\x00") + 1


def items(data: bytes) -> None:
    """Items of an iterable, as loosely as Python's own JSON reads them: NaN, endless numbers, half surrogates."""
    choice = data[0] if data else 0
    try:
        found = json.loads(data[1:].decode(errors="replace"))
    except (ValueError, RecursionError):
        return
    given = (
        found
        if isinstance(found, list)
        else [found, 10**5000, {"to": 10**5000}, {"to": "306912345678", "name": 10**5000}]
    )
    text = _TEXTS[choice % 3]
    rows = read_recipients(given, needed=Template.parse(text).names, keep_extras=choice > 127)
    assert _gathered(text, rows) == len(given)


def number(data: bytes) -> None:
    """A number as somebody wrote it, in a region: what comes out is its own spelling."""
    region, _, given = data.decode(errors="surrogateescape").partition("\n")
    found = Normaliser(region or None)(given)
    if isinstance(found, Unusable):
        assert found.reason
        assert found.reason.isprintable()
        return
    assert not given.lstrip().startswith("-")
    assert found.isascii()
    assert found.isdecimal()
    assert 5 <= len(found) <= 17
    assert Normaliser(region or None)("+" + found) == found


def template(data: bytes) -> None:
    """A campaign's text: what is promised of its length and its segments holds, and it can be stored."""
    text = data.decode(errors="surrogateescape")
    parsed = checked_template(text, _ENTRY)
    filled = {name: f"<{place}$%s>" for place, name in enumerate(parsed.names)}
    rendered = parsed.render(filled)
    assert len(rendered) == parsed.length(filled)
    segments = measure(rendered)
    assert 1 <= segments.count <= 1 + segments.units // 60
    campaign = Campaign(id=CampaignId("c"), account=AccountName("a"), text=text)
    assert decode_campaign(encode_campaign(campaign)) == campaign


def settings(data: bytes) -> None:
    """A volley.toml: what is accepted can be started with."""
    environment = {"REDIS_URL": "redis://localhost:6379/0", "KEY": "secret-secret-secret"}
    with _file(data) as path:
        found = load(environment | {"VOLLEY_CONFIG": str(path)})
    assert found.accounts
    for account in found.accounts.values():
        checked_base_url(account.credentials.base_url)
        assert 0.01 <= account.limits.rate <= 100_000
        assert account.limits.in_flight >= 1


def parameters(data: bytes) -> None:
    """`volley provider ACCOUNT CALL name=value …`: a request that can leave, or words about what is wrong."""
    one = tuple(FAMILIES.values())[data[0] % 2 if data else 0]
    call = tuple(one.calls.values())[data[1] % len(one.calls) if len(data) > 1 else 0]
    lines = data[2:].decode(errors="surrogateescape").split("\n")[:12]
    given = dict(line.partition("=")[::2] for line in lines if line)
    request = call.build(_CREDENTIALS, **kinds.parse(call, given))
    assert body_of(request).isascii()
    assert "secret" not in repr(request)


def moment(data: bytes) -> None:
    """A time, from the wire and from the command line: the same one, which can be stored and read again."""
    text = data.decode(errors="surrogateescape")
    read = wire.moment({"at": text}, "at")
    if read is None:
        return
    assert values.moment(text) == read
    at = checked_time(read, "at")
    campaign = Campaign(id=CampaignId("c"), account=AccountName("a"), text="t", not_before=at)
    assert decode_campaign(encode_campaign(campaign)) == campaign


def _gathered(text: str, rows: Any) -> int:
    """How many rows there were; the accepted and the refused go through the stored form and come back the same."""
    count = 0

    def counted() -> Any:
        nonlocal count
        for row in rows:
            count += 1
            assert isinstance(row, Recipient | Refusal)
            yield row

    gathering = Gathering(Template.parse(text), longest_text=_LONGEST)
    for chunk in gathering.chunks(counted()):
        assert all(_is_msisdn(recipient.msisdn) for recipient in chunk)
        assert list(decode_chunk(encode_chunk(chunk))) == chunk
    for refusal in gathering.gathered.refusals:
        assert refusal.reason
        assert decode_refusal(encode_refusal(refusal)) == refusal
    told = gathering.gathered
    assert told.accepted + told.duplicates + told.refused == count
    return count


def _is_msisdn(given: Msisdn) -> bool:
    return given.isascii() and given.isdecimal()
