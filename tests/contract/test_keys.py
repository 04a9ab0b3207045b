"""The key catalogue knows every key that can be built, and a caller's words never become part of one."""

import inspect
from collections.abc import Callable

import pytest

from producer.contract import key_rows, keys
from producer.contract.campaigns import Lane

ARGUMENTS = {
    "campaign_id": "spring-2026.a_b",
    "chunk": 7,
    "shard": 3,
    "name": "athens",
    "ref": "v0123456789abcdef",
    "key": "order:42",
    "login": "1a2b3c4d5e6f7a8b",
    "call": "status.0.abc",
    "fingerprint": "abc",
    "lane": Lane.URGENT,
    "worker_id": "host-123-ab12",
    "span": "hour",
    "hashed": "0a1b2c",
    "order_id": "0a1b2c3d4e5f",
    "draft_id": "0a1b2c3d4e5f",
    "number": 29_000_000,
    "kind": "good",
}
BUILDERS = [
    function
    for name, function in inspect.getmembers(keys, inspect.isfunction)
    if function.__module__ == keys.__name__ and not name.startswith("_")
]
CONSTANTS = [
    value for name, value in vars(keys).items() if name.isupper() and isinstance(value, str) and name != "PREFIX"
]


@pytest.mark.parametrize("build", BUILDERS, ids=lambda build: build.__name__)
def test_every_key_that_can_be_built_is_catalogued(build: Callable[..., str]) -> None:
    key = build(**{name: ARGUMENTS[name] for name in inspect.signature(build).parameters})
    assert key_rows.spec_of(key) is not None, key


@pytest.mark.parametrize("key", CONSTANTS)
def test_every_fixed_key_is_catalogued(key: str) -> None:
    assert key_rows.spec_of(key) is not None


def test_two_builders_never_share_a_row() -> None:
    rows = {}
    for build in BUILDERS:
        key = build(**{name: ARGUMENTS[name] for name in inspect.signature(build).parameters})
        spec = key_rows.spec_of(key)
        assert spec is not None
        assert rows.setdefault(spec.pattern, build.__name__) == build.__name__, key


@pytest.mark.parametrize(
    "key",
    ["arq:job:feed:athens:8931", "arq:job:spring/3.14", "arq:result:0a1b", "volley:queue:athens:bulk:health-check"],
)
def test_keys_that_arq_makes_are_catalogued(key: str) -> None:
    """The feeder's job ids have colons in them, and the catalogue took each for a leak."""
    assert key_rows.spec_of(key) is not None


@pytest.mark.parametrize("key", ["volley:campaign", "volley:campaign:a:nothing", "volley:x", "stray", ""])
def test_a_stray_key_is_known_for_one(key: str) -> None:
    assert key_rows.spec_of(key) is None


@pytest.mark.parametrize("given", ["order:42", "a b", "ключ", "\n", "x" * 10_000, "\ud800", ""])
def test_a_callers_key_may_be_any_text(given: str) -> None:
    """It went into the Redis key as it was: with a colon it fell out of the catalogue, and it had no bound."""
    key = keys.once("athens", given)
    spec = key_rows.spec_of(key)
    assert spec is not None
    assert spec.pattern == "volley:account:*:once:*"
    assert len(key) < 100


def test_different_keys_of_callers_stay_different() -> None:
    assert len({keys.once("athens", given) for given in ("a", "A", "a ", "a:b", "a.b", "")}) == 6


def test_every_row_says_who_writes_it_who_reads_it_and_when_it_goes() -> None:
    for spec in key_rows.CATALOGUE:
        assert all((spec.kind, spec.writer, spec.readers, spec.gone)), spec.pattern
