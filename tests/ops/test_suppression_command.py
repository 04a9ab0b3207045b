"""`volley suppression`: what a person adds is refused, what is removed may be written to again."""

import asyncio
from collections.abc import Awaitable, Callable

import orjson
import pytest
from click.testing import CliRunner, Result
from redis.asyncio import Redis

from ops.cli import main

Run = Callable[..., Awaitable[Result]]


@pytest.fixture
def run(redis: Redis, redis_url: str, monkeypatch: pytest.MonkeyPatch) -> Run:
    monkeypatch.setenv("REDIS_URL", redis_url)

    async def ran(*arguments: str) -> Result:
        return await asyncio.to_thread(CliRunner().invoke, main, ["suppression", *arguments], standalone_mode=False)

    return ran


async def test_a_number_is_added_listed_and_removed_however_it_is_spelled(run: Run) -> None:
    added = await run("add", "+30 691 234 5678", "--why", "wrote to us", "--json")
    assert orjson.loads(added.output) == {"msisdn": "306912345678", "added": True}
    again = await run("add", "00306912345678", "--json")
    assert orjson.loads(again.output)["added"] is False
    listed = await run("list", "--json")
    assert orjson.loads(listed.output)["why"] == "wrote to us"
    removed = await run("remove", "6912345678", "--region", "GR")
    assert "off the suppression list" in removed.output
    assert (await run("list")).output == ""


async def test_a_national_number_is_told_what_it_needs(run: Run) -> None:
    """`6912345678` of Greece was put on the list as a number of Micronesia, without a word."""
    wrong = await run("add", "9121234567")
    assert (str(wrong.exception), "name its country, as in --region GR" in wrong.stderr) == ("1", True)
    assert "Read as +6912345678; if it is a national number" in (await run("add", "6912345678")).stderr
    assert (await run("add", "6912345678", "--region", "GR")).stderr == ""
    assert (await run("add", "306912345679")).stderr == ""


async def test_the_list_can_be_shown_without_the_numbers(run: Run) -> None:
    await run("add", "306912345678")
    shown = (await run("list", "--mask")).output
    assert "306912345678" not in shown
    assert shown.startswith("3069")


async def test_what_is_no_number_or_not_listed_is_an_error(run: Run) -> None:
    wrong = await run("add", "12ab")
    assert (str(wrong.exception), "letters in the number" in wrong.output) == ("1", True)
    absent = await run("remove", "306912345678")
    assert (str(absent.exception), "not on the suppression list" in absent.output) == ("1", True)
