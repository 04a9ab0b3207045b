"""`volley forget` on the whole system: afterwards no key of Redis knows the person, and nobody is sent to twice."""

import asyncio
import json
import sys
from pathlib import Path

import orjson

from ops.audit import AuditLog
from ops.story import read_story
from producer.contract import keys
from producer.contract.messages import MessageId
from producer.suppression import SuppressionList
from tests.support import run_to_end, wait_until
from tests.support_erasure import places_of
from tests.support_fixtures import provider, quick_sandbox_url, system
from tests.support_system import System, log_of, numbers

__all__ = ["provider", "quick_sandbox_url", "system"]

PERSON = "79120001234"
NAME = "Zarathustra"
WORDS = "the code is 4711"
STOP_ERASED = "erased: the entry of the suppression list, so that the person may be written to again\n"


async def volley(system: System, *words: str) -> tuple[int, str, str]:
    done = await asyncio.to_thread(run_to_end, [sys.executable, "-m", "ops.cli", *words], env=system.environment)
    return done.returncode, done.stdout, done.stderr


async def lived(system: System) -> str:
    """The person is in campaigns of both families, a single message, refusals, incoming messages, the audit log.

    The campaign of the single message, once the incoming one is here.
    """
    people = [{"to": PERSON, "name": NAME}, *({"to": to, "name": "guest"} for to in numbers(30))]
    for name in ("moscow", "athens"):
        await system.producer.submit(
            account_name=name, campaign_id=name, text=f"Hello $name from {name}", recipients=people
        )
    await system.producer.submit(
        account_name="moscow", campaign_id="bad", text="Hello $name", recipients=[people[1], {"to": f"+{PERSON}"}]
    )
    await system.producer.append("athens", [{"to": numbers(1, first=900)[0], "name": "late"}])
    one = await system.producer.send_one(account_name="moscow", to=PERSON, text=WORDS, key=f"code for {PERSON}")
    body = orjson.dumps(
        {"login": "north", "family": "smsc", "phone": PERSON, "mes": "hello there", "to": "79990000000"}
    )
    async with system.provider.session.post(f"{system.provider.url}/sandbox/incoming", data=body) as answer:
        assert answer.status == 200
    await AuditLog(system.producer._redis).write("eve", "number.shown", PERSON)
    await wait_until(lambda: system.redis.xlen(keys.INCOMING), description="the incoming message")
    return one.campaign


async def test_nothing_of_a_person_is_left_in_redis_but_their_stop(system: System, tmp_path: Path) -> None:
    system.accounts = {name: {**table, "incoming": name == "moscow"} for name, table in system.accounts.items()}
    await system.announced()
    people_of = ("moscow", "athens", "bad")
    async with system.worker() as process:
        await system.producer.submit(
            account_name="athens", campaign_id="before", text="x", recipients=numbers(1, first=950)
        )
        single = await lived(system)
        await system.finished(*people_of, "before", single)
        await SuppressionList(system.producer._redis).add(PERSON, "said stop")
        await system.until("before", lambda states, _: states.get("delivered") == 1, "an early one")
        before = {name: await system.states(name) for name in people_of}
        status, said, complained = await volley(system, "forget", f"+{PERSON}", "--yes", "--cancel", "--json")
        told = json.loads(said)
        assert (status, complained) == (0, ""), said
        assert (told["recipients"], told["open"], told["waiting"]) == (3, 0, 0)
        assert (told["refusals"], told["audit"], told["suppressed"]) == (1, 1, "kept")
        assert {name: await system.states(name) for name in people_of} == before
        assert await places_of(system.redis, PERSON, NAME, WORDS) == [f"{keys.SUPPRESSED}: {PERSON}"]
        status, said, _ = await volley(system, "forget", PERSON, "--yes", "--suppression")
        assert (status, said) == (0, STOP_ERASED)
        assert await places_of(system.redis, PERSON, NAME, WORDS) == []
        status, said, _ = await volley(system, "messages", "moscow", "--format", "csv")
        assert said.splitlines()[1].startswith("moscow/0.0,,delivered,"), "no number, and everything else"
        story = await read_story(system.producer._redis, MessageId.parse("moscow/0.0"))
        assert story is not None
        assert (story.recipient.msisdn, story.text, story.record.state) == (
            "",
            "Hello $name from moscow",
            "delivered",
        )
    assert PERSON not in log_of(process)
    entry = (await AuditLog(system.producer._redis).read()).entries[0]
    assert (entry.action, entry.target, entry.failure) == ("person.forget", "7912•••••34", "")
    await system.check_nobody_twice()
    for name in people_of:
        await system.check_books(name)


async def test_a_stop_that_is_erased_is_said_and_kept_in_the_audit_log(system: System) -> None:
    """It was the only thing known of the person: "nothing was found" was said, and zeros were kept, while it went."""
    await system.announced()
    stopped = SuppressionList(system.producer._redis)
    await stopped.add(PERSON, "said stop")
    said: list[str] = []
    async with system.worker("track"):
        for flags in ([], ["--suppression"], ["--suppression"]):
            status, line, _ = await volley(system, "forget", PERSON, "--yes", *flags)
            assert status == 0
            said.append(line)
    assert said[0].startswith("erased: nothing was found\nkept: the entry of the suppression list")
    assert said[1:] == [STOP_ERASED, "erased: nothing was found\n"]
    assert await stopped.is_empty()
    newest_first = (await AuditLog(system.producer._redis).read()).entries
    ends = [entry.after.rpartition(", ")[2] for entry in newest_first]
    assert ends == ["0 waiting", "suppression list: erased", "suppression list: kept"]


async def test_what_is_open_is_named_and_the_exit_status_says_so(system: System) -> None:
    """Nobody sends here: the message stays queued, until --cancel."""
    await system.announced()
    await system.producer.submit(account_name="athens", campaign_id="open", text="x", recipients=[PERSON])
    async with system.worker("track"):
        status, said, _ = await volley(system, "forget", PERSON, "--yes")
        assert (status, said.splitlines()[-1]) == (1, "  open/0.0 queued")
        status, said, _ = await volley(system, "forget", PERSON, "--yes", "--cancel")
    assert (status, said.splitlines()[-1]) == (0, "1 of the recipients were cancelled before they were sent to")
    assert await system.states("open") == {"cancelled": 1}
    assert await places_of(system.redis, PERSON) == []


async def test_forgetting_beside_working_senders_costs_nobody_else_a_message(system: System) -> None:
    """Ten people, each once, while their campaign goes out: cancelled and erased, or sent once and left or erased."""
    await system.announced()
    everybody = numbers(200)
    for name in ("moscow", "athens"):
        await system.provider.switch(f"{'smsc' if name == 'moscow' else 'restv2'}/north", latency=0.05)
        await system.producer.submit(account_name=name, campaign_id=name, text=f"Hi {name}", recipients=everybody)
    leaving = everybody[5::20]
    async with system.worker("send"), system.worker("track"):
        ran = await asyncio.gather(*(volley(system, "forget", who, "--yes", "--cancel") for who in leaving[:5]))
        ran += await asyncio.gather(*(volley(system, "forget", who, "--yes", "--cancel") for who in leaving[5:]))
        assert {status for status, _, _ in ran} <= {0, 1}
        await system.finished("moscow", "athens")
        for who in leaving:
            assert (await volley(system, "forget", who, "--yes"))[0] == 0
    assert await places_of(system.redis, *leaving) == []
    copies = await system.check_nobody_twice()
    for name in ("moscow", "athens"):
        states = await system.states(name)
        got = {phone for phone, text in copies if text.endswith(name)}
        assert set(everybody) - set(leaving) <= got
        assert states == {"delivered": len(got), **({"cancelled": 200 - len(got)} if len(got) < 200 else {})}


async def test_a_number_that_is_none_and_no_answer_to_the_question_change_nothing(system: System) -> None:
    system.settings()
    status, _, complained = await volley(system, "forget", "30692", "--yes")
    assert status == 2
    assert "too short" in complained
    status, _, complained = await volley(system, "forget", PERSON)
    assert status != 0
    assert [name async for name in system.redis.scan_iter()] == []
    assert complained
