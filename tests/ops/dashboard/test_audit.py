"""The audit log: what operators did on the page and on the command line, whether it was done or not."""

import pytest
from click.testing import CliRunner
from redis import Redis as BlockingRedis

from ops.audit import LENGTH, AuditLog
from ops.commands.campaigns import pause
from ops.commands.suppression import add, remove
from ops.dashboard.acts import ACTS, act
from producer.contract import keys
from tests.browser.acts import ACTS as DONE
from tests.worker.scene import Scene


async def test_an_action_that_fails_is_written_with_its_reason_and_the_failure_goes_on(stage: Scene) -> None:
    log = AuditLog(stage.redis)
    with pytest.raises(ValueError, match="cannot be"):
        async with log.acting("olga", "campaign.pause", "spring", before="running"):
            raise ValueError("that cannot be")
    [entry] = (await log.read()).entries
    assert (entry.who, entry.action, entry.target, entry.before) == ("olga", "campaign.pause", "spring", "running")
    assert (entry.after, entry.failure) == ("", "ValueError: that cannot be")


async def test_pages_of_the_log_follow_each_other_without_a_gap(stage: Scene) -> None:
    log = AuditLog(stage.redis)
    for number in range(7):
        await log.write("olga", "act", str(number))
    first = await log.read(limit=3)
    second = await log.read(limit=3, before=first.older)
    third = await log.read(limit=3, before=second.older)
    told = [entry.target for page in (first, second, third) for entry in page.entries]
    assert told == ["6", "5", "4", "3", "2", "1", "0"]
    assert third.older == ""


async def test_the_log_is_bounded_and_so_is_each_of_its_texts(stage: Scene) -> None:
    log = AuditLog(stage.redis)
    await log.write("o" * 9000, "a", "\udcff" * 9000)
    [entry] = (await log.read()).entries
    assert len(entry.who) == 500
    async with stage.redis.pipeline(transaction=False) as pipe:
        for _ in range(LENGTH + 500):
            pipe.xadd(keys.AUDIT, {"who": "x"})
        await pipe.execute()
    await log.write("olga", "act", "last")
    assert await stage.redis.xlen(keys.AUDIT) < LENGTH + 200


def test_what_operators_do_is_told_in_words() -> None:
    done = {each.audited for each in DONE.values() if each.audited}
    assert done <= set(ACTS)
    assert act("campaign.pause") == "paused the campaign"
    assert act("act.of.tomorrow") == "act.of.tomorrow"


def test_the_command_line_writes_it_too(redis_url: str) -> None:
    """Without a campaign there is nothing to pause, and nothing was done; a number that was added is masked."""
    books = BlockingRedis.from_url(redis_url)
    books.flushall()
    runner = CliRunner()
    environment = {"REDIS_URL": redis_url}
    assert runner.invoke(pause, ["never"], env=environment).exit_code == 1
    assert runner.invoke(add, ["+306912345678", "--why", "asked"], env=environment).exit_code == 0
    assert runner.invoke(remove, ["+306912345678"], env=environment).exit_code == 0
    entries = [fields for _, fields in books.xrange(keys.AUDIT)]
    assert [entry[b"action"] for entry in entries] == [b"suppression.add", b"suppression.remove"]
    assert all(b"command line" in entry[b"who"] for entry in entries)
    assert all(b"12345678" not in value for entry in entries for value in entry.values())
    books.flushall()
