"""`volley repair`: what it tells, what it asks for, and that it may run beside workers at any time."""

import asyncio
import json
import os
import sys
from subprocess import PIPE

from redis.asyncio import Redis

from ops.audit import AuditLog
from producer.contract import keys
from producer.contract.campaigns import Lane
from producer.contract.messages import AccountName
from tests.support import CHECKOUT, run_to_end
from tests.support_fixtures import provider, quick_sandbox_url, system
from tests.support_system import System, account, numbers

__all__ = ["provider", "quick_sandbox_url", "system"]

WHOLE = {"campaigns", "chunks", "listed", "jobs", "lists", "orphans"}


async def volley(system: System, *words: str) -> tuple[int, str, str]:
    done = await asyncio.to_thread(run_to_end, [sys.executable, "-m", "ops.cli", *words], env=system.environment)
    return done.returncode, done.stdout, done.stderr


async def lose_queues(redis: Redis) -> None:
    await redis.delete(*(keys.queue(AccountName(name), lane) for name in ("moscow", "athens") for lane in Lane))


async def test_a_repair_makes_lost_jobs_anew_and_is_in_the_audit_log(system: System) -> None:
    await system.announced()
    await system.producer.submit(account_name="athens", campaign_id="athens", text="Hello", recipients=numbers(30))
    async with system.inside():
        await system.until("athens", lambda states, _: states.get("delivered", 0) > 0, "work has begun")
        status, said, complained = await volley(system, "repair", "--json")
        assert (status, complained) == (0, "")
        assert set(json.loads(said)) == WHOLE
        assert json.loads(said)["campaigns"] == 1
        await system.finished("athens")
        status, said, _ = await volley(system, "repair")
        assert (status, said) == (0, "1 campaigns, 0 chunks looked at; nothing was missing\n")
    await system.check_nobody_twice()
    entry = (await AuditLog(system.producer._redis).read()).entries[0]
    assert (entry.action, entry.failure) == ("queues.repair", "")
    assert [name async for name in system.redis.scan_iter("arq:result:repair:*")] == []


async def test_repairs_beside_working_senders_send_to_nobody_twice(system: System) -> None:
    """Again and again, two at once, while queues are lost in mid-campaign."""
    system.accounts = {
        "moscow": account("smsc", "north", rate=5, in_flight=4, batch=10),
        "athens": account("restv2", "north", rate=40, in_flight=8),
    }
    await system.announced()
    for name in ("moscow", "athens"):
        await system.provider.switch(f"{'smsc' if name == 'moscow' else 'restv2'}/north", latency=0.05)
        await system.producer.submit(
            account_name=name, campaign_id=name, text=f"Hello {name}", recipients=numbers(300)
        )
    made = 0
    async with system.worker("send"), system.worker("all"):
        await system.until("athens", lambda states, _: states.get("queued", 0) < 280, "sending has begun")
        for _ in range(3):
            await lose_queues(system.redis)
            both = await asyncio.gather(volley(system, "repair", "--json"), volley(system, "repair", "--json"))
            assert [status for status, _, _ in both] == [0, 0]
            made += sum(json.loads(said)["jobs"] for _, said, _ in both)
        await system.sent("moscow", "athens")
        await system.finished("moscow", "athens")
    assert made > 0
    copies = await system.check_nobody_twice()
    assert len(copies) == 600
    for name in ("moscow", "athens"):
        assert await system.states(name) == {"delivered": 300}


async def test_without_a_track_worker_the_repair_says_what_to_start(system: System) -> None:
    """It waits as long as a piece may take, so the test shortens that."""
    system.settings()
    code = (
        "import ops.commands.repair as it; it._ANSWER_WITHIN = 0.5;"
        "from ops.cli import main; main(['repair'])"
    )  # fmt: skip
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-c", code, cwd=CHECKOUT, env={**os.environ, **system.environment}, stdout=PIPE, stderr=PIPE
    )
    _, complained = await process.communicate()
    assert process.returncode == 1
    assert b"volley worker track" in complained
