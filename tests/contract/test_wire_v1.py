"""Wire contract v1, case by case: every fixture of `wire_v1/` goes through the intake stream of a real Redis.

A fixture is one story: `entries` as any service puts them (a `body` that is an object is written as JSON,
`{"base64": …}` as those bytes), and what is `expected` of them. Fixtures are append-only: services in other
languages were written against them. A new case is a new file and a line in `DIGESTS`; a case that would
have to change needs version 2.
"""

import base64
import fnmatch
import hashlib
import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest
from redis.asyncio import Redis

from producer.contract import keys
from producer.contract.codec import decode_chunk
from producer.contract.messages import CampaignId
from tests.contract.receiving import dead, put, take_all
from worker.wire import MOST_BYTES, MOST_RECIPIENTS

FOLDER = Path(__file__).parent / "wire_v1"
FIXTURES = sorted(FOLDER.glob("*.json"))

Json = Any  # Any: what a fixture holds


@pytest.fixture(params=FIXTURES, ids=lambda path: path.stem)
def fixture(request: pytest.FixtureRequest) -> Json:
    return json.loads(request.param.read_text(encoding="utf-8"))


async def test_an_entry_becomes_what_its_fixture_says(fixture: Json, redis: Redis, redis_url: str) -> None:
    for entry in fixture["entries"]:
        await redis.xadd(keys.INTAKE, {name: _bytes(value) for name, value in entry.items()})
    await take_all(redis, redis_url)
    expected = fixture["expected"]
    _check_dead(await dead(redis), expected["dead"])
    await _check_campaigns(redis, expected.get("campaigns", {}))
    for queue, length in expected.get("queues", {}).items():
        assert await redis.zcard(queue) == length, queue


def test_fixtures_are_only_ever_added() -> None:
    listed = dict(line.split()[::-1] for line in (FOLDER / "DIGESTS").read_text().splitlines())
    found = {path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in FIXTURES}
    assert {name for name in listed if found.get(name) != listed[name]} == set(), "a fixture was changed or removed"
    assert found.keys() == listed.keys(), "list a new fixture: sha256sum NAME >> DIGESTS"


async def test_an_entry_may_have_ten_thousand_recipients_and_no_more(redis: Redis, redis_url: str) -> None:
    numbers = [str(306900000000 + place) for place in range(MOST_RECIPIENTS + 1)]
    body = {"account": "athens", "text": "Hello"}
    await put(redis, "campaign.submit", json.dumps({**body, "campaign": "most", "recipients": numbers[:-1]}))
    await put(redis, "campaign.submit", json.dumps({**body, "campaign": "more", "recipients": numbers}))
    await take_all(redis, redis_url)
    assert await redis.hget(keys.campaign(CampaignId("most")), "total") == str(MOST_RECIPIENTS).encode()
    assert not await redis.exists(keys.campaign(CampaignId("more")))
    [refused] = await dead(redis)
    assert refused["reason"] == f"an entry may have {MOST_RECIPIENTS} recipients; send the rest as campaign.append"


async def test_an_entry_may_have_a_megabyte_and_no_more(redis: Redis, redis_url: str) -> None:
    await put(redis, "campaign.submit", json.dumps({"campaign": "x", "text": "y" * MOST_BYTES}))
    await take_all(redis, redis_url)
    [refused] = await dead(redis)
    assert refused["reason"].startswith(f"an entry may have {MOST_BYTES} bytes")


def _bytes(value: Json) -> bytes:
    match value:
        case str():
            return value.encode()
        case {"base64": str(data), **rest} if not rest:
            return base64.b64decode(data)
    return json.dumps(value, ensure_ascii=False).encode()


def _check_dead(found: Sequence[Mapping[str, str]], expected: Sequence[Mapping[str, Json]]) -> None:
    assert len(found) == len(expected), [entry["reason"] for entry in found]
    for entry, wanted in zip(found, expected, strict=True):
        assert "entry" in entry
        for name, value in wanted.items():
            match name:
                case "reason_has":
                    assert value in entry["reason"]
                case "refusals_at":
                    assert [refusal["line"] for refusal in json.loads(entry["refusals"])] == value
                case _:
                    assert entry[name] == value


async def _check_campaigns(redis: Redis, expected: Mapping[str, Mapping[str, Json]]) -> None:
    found = [name.decode() for name in await redis.zrange(keys.CAMPAIGNS, 0, -1)]
    assert len(found) == len(expected), found
    for pattern, wanted in expected.items():
        [name] = fnmatch.filter(found, pattern)
        campaign = CampaignId(name)
        for field, value in wanted.items():
            match field:
                case "counts":
                    assert _words(await redis.hgetall(keys.counts(campaign))) == value
                case "refusals":
                    await _check_refusals(redis, campaign, value)
                case "asked":
                    asked = json.loads(await redis.hget(keys.campaign(campaign), "spec"))
                    assert {each: asked[each] for each in value} == value
                case "recipients":
                    chunk = decode_chunk(await redis.hget(keys.chunks(campaign), "0"))
                    assert [[recipient.msisdn, dict(recipient.values)] for recipient in chunk] == value
                case _:
                    assert await redis.hget(keys.campaign(campaign), field) == value.encode(), field


async def _check_refusals(redis: Redis, campaign: CampaignId, expected: Sequence[tuple[int, str]]) -> None:
    found = [json.loads(data) for data in await redis.lrange(keys.refusals(campaign), 0, -1)]
    assert [refusal["line"] for refusal in found] == [line for line, _ in expected]
    for refusal, (_, reason) in zip(found, expected, strict=True):
        assert reason in refusal["reason"]


def _words(fields: Mapping[bytes, bytes]) -> dict[str, str]:
    return {name.decode(): value.decode() for name, value in fields.items()}
