"""Targets: what stands in Redis and was put there by others, or by an older or broken version of ourselves."""

import zlib
from collections.abc import Coroutine
from typing import Any, Final

import orjson

from producer.checking import checked_template, checked_time
from producer.contract.campaigns import Campaign
from producer.contract.codec import decode_campaign, decode_chunk, encode_campaign
from producer.contract.messages import AccountName, CampaignId
from producer.msisdn import normalise
from producer.recipients import read_recipients
from producer.suppression import read_entry
from tests.fuzz.from_people import _ENTRY, _gathered
from worker.callbacks import keeping, kept
from worker.providers.pushes import PushRequest
from worker.receiving import Receiver

WORDS: Final = (
    *(
        b"campaign.submit\n",
        b"campaign.append\n",
        b"message.send\n",
        b"campaign.pause\n",
        b'{"campaign":"c","account":"a",',
    ),
    *(
        b'"text":"Hello $name"',
        b'"recipients":[{"to":"306912345678","name":"x"}]',
        b'"not_before":',
        b'"lane":"bulk"',
    ),
    *(
        b'"on_uncertain":"hold"',
        b'"region":"GR"',
        b'"key":"k"',
        b'"options":{',
        b'"values":{',
        b'"lines":[',
        b'"to":[',
    ),
)


class _Producer:
    """What a CampaignProducer does with a request before it stores anything; all it raises is the producer's own."""

    async def submit(self, *, account_name: str, text: str, recipients: Any, campaign_id: str, **rest: Any) -> None:
        template = checked_template(text, _ENTRY)
        campaign = Campaign(
            id=CampaignId(campaign_id),
            account=AccountName(account_name),
            text=text,
            sender=rest["sender"],
            lane=rest["lane"],
            not_before=checked_time(rest["not_before"], "not_before"),
            not_after=checked_time(rest["not_after"], "not_after"),
            on_uncertain=rest["on_uncertain"],
        )
        assert decode_campaign(encode_campaign(campaign)) == campaign
        rows = read_recipients(
            recipients, default_region=rest["default_region"], needed=template.names, keep_extras=False
        )
        _gathered(text, rows)

    async def append(self, campaign_id: str, recipients: Any, *, default_region: str | None = None) -> Any:
        assert campaign_id
        _gathered("$name", read_recipients(recipients, default_region=default_region, needed=("name",)))
        raise ValueError("taken as far as it goes without a Redis")

    async def send_one(self, *, to: str, text: str, **_: Any) -> None:
        normalise(to)
        orjson.dumps(text)

    async def pause(self, campaign_id: str) -> None:
        assert campaign_id

    resume = cancel = pause


def entry(data: bytes) -> None:
    """An entry of the intake stream: its type on the first line, its body behind it."""
    choice, rest = data[:1], data[1:]
    kind, _, body = rest.partition(b"\n")
    fields = {b"v": b"1", b"type": kind, b"body": body} if choice < b"\xf0" else {kind[:20]: body, b"v": kind[20:]}
    receiver = Receiver(None, _Producer(), "fuzz")  # type: ignore[arg-type]
    _finish(receiver.take("1-1", fields))


def chunk(data: bytes) -> None:
    """A stored chunk: raw bytes, and the same compressed as if they were one."""
    _refused_or_read(data)
    for recipient in decode_chunk(b"\x01" + zlib.compress(data, 1)):
        assert isinstance(recipient.msisdn, str)


def suppression(data: bytes) -> None:
    """An entry of the suppression list: whatever stands there, the number is on the list."""
    number, _, stored = data.partition(b"\n")
    found = read_entry(number, stored)
    assert isinstance(found.since, int)
    orjson.dumps([found.msisdn, found.since, found.why])


def stored_callback(data: bytes) -> None:
    """A callback as it is kept until it is applied: what was kept is what is read."""
    content_type, _, rest = data.partition(b"\n")
    line, _, body = rest.partition(b"\n")
    query = {line[:9].decode(errors="surrogateescape"): line[9:].decode(errors="surrogateescape")}
    push = PushRequest(query=query, body=body, content_type=content_type.decode(errors="surrogateescape"))
    stored = {
        name.encode(): value if isinstance(value, bytes) else value.encode() for name, value in keeping(push).items()
    }
    again = kept(stored)
    assert again.body == body
    assert kept({name.encode(): _bytes(value) for name, value in keeping(again).items()}) == again


def _bytes(value: str | bytes) -> bytes:
    return value if isinstance(value, bytes) else value.encode()


def _refused_or_read(data: bytes) -> None:
    try:
        decode_chunk(data)
    except ValueError:
        return


def _finish(work: Coroutine[Any, Any, None]) -> None:
    """Run what never waits: without an event loop, a hundred times as quick."""
    try:
        work.send(None)
    except StopIteration:
        return
    work.close()
    raise AssertionError("it waited for something")
