"""Uncertain messages, resolved by the whole system: what evidence there is decides, then policy, then a person.

The audit is the sandbox's own ledger: a message that was accepted and whose answer was lost is there once, however it
was resolved. Beside these: a callback's own token (`tests/flow/test_pushes.py`), the decision on the page
(`tests/ops/dashboard/test_message_decisions.py`), each rule by itself (`tests/worker/test_lookups.py` and its
neighbours).
"""

import asyncio
import json
import logging
import os
import sys
import time
from collections import Counter
from subprocess import PIPE

import pytest

from ops.audit import AuditLog
from producer.contract.states import State
from tests.support import CHECKOUT
from tests.support_system import System, account, numbers, phone

LOG = logging.getLogger(__name__)

ACCEPTED = ("981", "985", "986", "987")  # taken, then: closed, 503, garbage, an empty body
NOT_TAKEN = ("982", "984")  # closed or 503 before anything was taken
GRACE = 1.5  # of tests.support_system


async def volley(system: System, *words: str) -> tuple[int, str]:
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "ops.cli", *words,
        cwd=CHECKOUT, env={**os.environ, **system.environment}, stdout=PIPE, stderr=PIPE,
    )  # fmt: skip
    said, complained = await process.communicate()
    return process.returncode or 0, (said + complained).decode()


def many(endings: tuple[str, ...], each: int, prefix: str = "7912") -> list[str]:
    """So many numbers of each fate."""
    return [f"{prefix}{place:04}{ending}" for place in range(each) for ending in endings]


# --- smsc: the provider is asked by our own id -----------------------------------------------------------


async def test_smsc_is_asked_by_client_id_and_each_lost_one_ends_once(system: System) -> None:
    """Answers lost in every way: what was taken is found, what was not is sent, nobody twice."""
    lost, never_came, usual = many(ACCEPTED, 15), many(NOT_TAKEN, 15), numbers(60)
    await system.announced()
    started = time.monotonic()
    async with system.inside():
        await system.producer.submit(
            account_name="moscow", campaign_id="asked", text="asked", recipients=[*lost, *never_came, *usual]
        )
        await system.until("asked", lambda states, _: states.get(State.UNCERTAIN, 0) > 0, "some are uncertain")
        await system.finished("asked", timeout=120)
    everybody = {*lost, *never_came, *usual}
    assert await system.states("asked") == {"delivered": len(everybody)}
    copies = await system.check_nobody_twice("asked")
    assert {who for who, _ in copies} == everybody
    await system.check_books("asked")
    LOG.info("smsc: %d recipients, all final after %.1f s, 0 twice", len(everybody), time.monotonic() - started)


async def test_not_found_is_not_believed_before_the_grace_is_over(system: System) -> None:
    """The provider's list may be behind its own acceptance: nothing is sent again before the grace time."""
    system.tracking = {"lookup_grace": 4}
    await system.announced()
    gone = phone("984")
    async with system.inside():
        await system.producer.submit(account_name="moscow", campaign_id="grace", text="grace", recipients=[gone])
        await system.until("grace", lambda states, _: states.get(State.UNCERTAIN) == 1, "uncertain")
        doubted_at = (await system.records("grace"))[gone].changed_at
        await system.until("grace", lambda states, _: State.UNCERTAIN not in states, "not found is believed")
        waited = time.time() - doubted_at
        await system.time_passes("grace")  # the fence against identical requests: a minute
        await system.finished("grace")
    assert waited >= 4
    records = await system.records("grace")
    assert records[gone].attempts == 2
    assert await system.states("grace") == {"delivered": 1}
    await system.check_nobody_twice()


async def test_an_uncertain_request_of_many_resolves_message_by_message(system: System) -> None:
    """One request, its answer lost: each number has its own fate at the provider, and ends in its own state."""
    system.accounts = {"moscow": account("smsc", "north", rate=100, in_flight=1, batch=10)}
    system.tracking = {"poll_every": 1.5}  # long enough in doubt to be seen so
    await system.announced()
    fates = {"981": State.DELIVERED, "922": State.UNDELIVERED, "903": State.EXPIRED, "001": State.DELIVERED}
    async with system.inside():
        await system.producer.submit(
            account_name="moscow", campaign_id="batch", text="batch", recipients=[phone(each) for each in fates]
        )
        await system.until("batch", lambda states, _: states.get(State.UNCERTAIN) == 4, "the whole request")
        await system.finished("batch")
    assert len(await system.provider.arrivals("smsc/north")) == 1, "one request, and none again"
    records = await system.records("batch")
    assert {who[-3:]: record.state for who, record in records.items()} == fates
    assert {record.attempts for record in records.values()} == {1}
    assert len({record.reference for record in records.values()}) == 1
    await system.check_nobody_twice()


# --- where nobody can be asked: policy -------------------------------------------------------------------


@pytest.mark.parametrize(
    ("policy", "state", "copies"),
    [("hold", State.UNCERTAIN, 1), ("assume_sent", State.SUBMITTED, 1), ("resend", State.DELIVERED, 2)],
)
async def test_where_nothing_tells_the_campaign_s_policy_decides(
    system: System, policy: str, state: State, copies: int
) -> None:
    """restv2 without version 3 and callbacks: accepted, and nobody can ask. Only `resend` sends twice, as it says.

    A campaign behind it goes through from end to end meanwhile: `hold` is no standstill.
    """
    await system.announced()
    lost = phone("981", prefix="306912345")
    async with system.inside():
        await system.producer.submit(
            account_name="athens", campaign_id="lost", text="lost", recipients=[lost], on_uncertain=policy
        )
        await system.until("lost", lambda states, _: states.get(State.UNCERTAIN) == 1, "uncertain")
        if state is not State.UNCERTAIN:
            await system.until("lost", lambda states, _: states.get(state) == 1, f"{policy} makes it {state}")
        await system.producer.submit(account_name="athens", campaign_id="next", text="next", recipients=numbers(20))
        await system.finished("next")
        assert await system.states("lost") == {state: 1}
    assert (await system.provider.copies("lost"))[lost, "lost"] == copies
    await system.check_books("lost")


# --- a person's decision ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("decision", "states", "copies"),
    [("sent", {State.SUBMITTED}, 1), ("failed", {State.REJECTED}, 1), ("resend", {State.DELIVERED}, 2)],
)
async def test_a_person_decides_by_command_line_and_the_audit_log_has_it(
    system: System, decision: str, states: set[State], copies: int
) -> None:
    await system.announced()
    lost = phone("987", prefix="306912345")
    async with system.inside():
        await system.producer.submit(account_name="athens", campaign_id="asked", text="x", recipients=[lost])
        await system.until("asked", lambda states, _: states.get(State.UNCERTAIN) == 1, "uncertain")
        status, said = await volley(system, "uncertain", "resolve", "asked/0.0", decision, "--yes", "--json")
        assert (status, json.loads(said)["message"]) == (0, "asked/0.0"), said
        await system.until("asked", lambda found, _: set(found) <= states, f"{decision} was carried out")
        status, said = await volley(system, "uncertain", "resolve", "asked/0.0", "resend", "--yes")
        assert status == 1
        assert "not uncertain" in said
    [first] = (await AuditLog(system.producer._redis).read()).entries
    assert (first.action, first.target, first.before, first.failure) == (
        f"message.{decision}", "asked/0.0", "uncertain", "",
    )  # fmt: skip
    assert (await system.provider.copies("x"))[lost, "x"] == copies


# --- restv2: evidence by what comes late -----------------------------------------------------------------


async def test_what_version_3_lists_resolves_a_whole_campaign_of_lost_answers(system: System) -> None:
    """Each lost answer is found by number, text and time; what was never taken is held, and not sent again."""
    await system.provider.switch("restv2/north", v3=True)
    system.accounts = {"athens": account("restv2", "north", rate=200, in_flight=8) | {"v3": True}}
    system.sending = {"doubt_after": 100}  # more than are lost here
    await system.announced()
    lost, dropped = many(("981", "987"), 10, "30691234"[:5]), many(("982",), 3, "30691234"[:5])
    started = time.monotonic()
    async with system.inside():
        people = [{"to": to, "name": to[-6:]} for to in (*lost, *dropped)]
        await system.producer.submit(account_name="athens", campaign_id="v3", text="v3 $name", recipients=people)
        await system.until(
            "v3", lambda states, _: states.get(State.DELIVERED) == len(lost), "all taken ones", timeout=90
        )
    fates = Counter(state for state, _ in (await system.fates("v3")).values())
    assert fates == {"delivered": len(lost), "uncertain": len(dropped)}
    copies = await system.check_nobody_twice("v3")
    assert {who for who, _ in copies} == set(lost)
    LOG.info("restv2: %d of %d lost answers found in %.1f s", len(lost), len(lost), time.monotonic() - started)
