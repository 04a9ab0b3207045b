"""SIGTERM in mid-campaign: a stop within the grace time that gives everything back, and no guess about the wire."""

import pytest

from producer.contract import keys
from producer.contract.exchanges import Kept, is_about
from producer.contract.messages import AccountName
from tests.support import wait_until
from tests.support_system import System, account, numbers, phone, terminate

GRACE = 20.0


async def test_a_stopped_worker_gives_back_what_it_has_not_sent(system: System) -> None:
    """A deployment stops the senders in mid-campaign, twice. Requests on the wire end, what was claimed goes
    back, nothing is in_flight afterwards, and nobody is uncertain, because nothing is unknown.
    """
    system.sending = {"stop_within": GRACE}
    system.accounts = {
        "batches": account("smsc", "north", rate=12, in_flight=4, batch=10),
        "singles": account("smsc", "south", rate=80, in_flight=8, batch=1),
        "athens": account("restv2", "north", rate=80, in_flight=8),
    }
    totals = {"batches": 240, "singles": 120, "athens": 160}
    for name in ("smsc/north", "smsc/south", "restv2/north"):
        await system.provider.switch(name, latency=0.1)

    async with system.worker("track"):
        await system.announced()
        for name, total in totals.items():
            await system.producer.submit(
                account_name=name, campaign_id=name, text=f"Hello {name}", recipients=numbers(total)
            )
        for moment in (80, 200):
            async with system.worker("send") as sender:

                async def has_come(at: int = moment) -> bool:
                    return await system.provider.accepted() >= at

                await wait_until(has_come, description=f"{moment} accepted")
                assert await terminate(sender) < GRACE, "it did not wait for its time to be over"
            for name, total in totals.items():
                states = await system.states(name)
                assert "in_flight" not in states
                assert "uncertain" not in states
                sent = await system.provider.copies(f"Hello {name}")
                assert states.get("queued", 0) + len(sent) == total
        async with system.worker("send"):
            await system.sent(*totals)

    await system.check_nobody_twice()
    for name, total in totals.items():
        assert len(await system.provider.copies(f"Hello {name}")) == total
        await system.check_books(name)


async def test_what_is_on_the_wire_when_the_grace_time_ends_is_uncertain(system: System) -> None:
    """The provider takes half a minute to answer, the stop may take three seconds. Nobody can know whether the
    message was taken: smsc is asked later (it was), restv2 cannot be asked, so there it stays uncertain.
    """
    system.sending = {"stop_within": 3, "request_timeout": 25}
    slow = phone("983")
    await system.announced()
    for name in ("moscow", "athens"):
        await system.producer.submit(account_name=name, campaign_id=name, text=f"Slow {name}", recipients=[slow])
    async with system.worker("send") as sender:

        async def both_taken() -> bool:
            return await system.provider.accepted() == 2

        await wait_until(both_taken, description="both are on the wire")
        assert await terminate(sender) < 20, "it did not wait for the answers"
    states = [(await system.records(name))[slow] for name in ("moscow", "athens")]
    assert {record.code for record in states} == {"volley.stopped_on_wire"}
    async with system.worker("track"):
        await system.finished("moscow")

    assert await system.fates("moscow") == {slow: ("delivered", "smsc.status.1")}
    assert await system.fates("athens") == {slow: ("uncertain", "volley.stopped_on_wire")}
    await system.check_nobody_twice()


async def test_what_was_sent_just_before_a_stop_is_on_the_message_s_page_too(
    system: System, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("worker.keeping._EVERY", 3600.0)  # so nothing else writes it
    await system.announced()
    async with system.inside():
        to = numbers(1)[0]
        message = await system.producer.send_one(account_name="moscow", to=to, text="Hello")
        await system.sent(message.campaign)
    [(_, fields)] = await system.redis.xrange(keys.exchanges(AccountName("moscow"), Kept.GOOD))
    assert is_about(fields[b"of"], message)
