"""A provider; and commands run inside this process, on an empty Redis in which one account is announced."""

from pathlib import Path

import orjson
import pytest
import redis as blocking
from click.testing import CliRunner, Result
from redis.asyncio import Redis

from ops.cli import main
from producer.contract import keys
from tests.ops.commanding import ENTRY, PEOPLE, SUBMIT, Volley
from tests.support_fixtures import provider, quick_sandbox_url

__all__ = ["provider", "quick_sandbox_url"]


@pytest.fixture
def books(redis: Redis, redis_url: str) -> blocking.Redis:
    """An empty Redis in which the account athens is announced."""
    client = blocking.Redis.from_url(redis_url)
    client.hset(keys.ACCOUNTS, "athens", orjson.dumps(ENTRY))
    return client


@pytest.fixture
def volley(books: blocking.Redis, redis_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Volley:
    """Run a command on that Redis, in a folder of its own with `people.csv`."""
    monkeypatch.setenv("REDIS_URL", redis_url)
    monkeypatch.chdir(tmp_path)
    (tmp_path / "people.csv").write_text(PEOPLE, encoding="utf-8")

    def run(*words: str, given: str | None = None) -> Result:
        return CliRunner().invoke(main, words, input=given)

    return run


@pytest.fixture
def submitted(volley: Volley) -> str:
    """The campaign c1 of three recipients."""
    assert volley(*SUBMIT, "--campaign", "c1").exit_code == 0
    return "c1"
