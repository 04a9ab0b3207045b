"""Pause, resume, cancel and validity of a campaign that is running."""

from datetime import UTC, datetime, timedelta

from producer.contract import keys
from producer.contract.campaigns import CampaignState
from producer.contract.messages import CampaignId
from producer.contract.states import State
from tests.support import wait_until
from tests.support_system import QUICK_SENDING, System, account, numbers

TOTAL = 1200
LEASE = QUICK_SENDING["request_timeout"] + QUICK_SENDING["lease_margin"]


async def _under_way(system: System, *, accepted: int = 100, **asked: object) -> None:
    """A campaign on both accounts, and so many of its messages accepted on each."""
    for name in ("moscow", "athens"):
        await system.producer.submit(
            account_name=name, campaign_id=name, text=f"Hello {name}", recipients=numbers(TOTAL), **asked
        )

    async def both() -> bool:
        return min([await system.provider.accepted(name) for name in ("smsc/north", "restv2/north")]) >= accepted

    await wait_until(both, description=f"{accepted} accepted on both accounts")


async def _unsent(system: System, name: str) -> int:
    """How many are not with the provider, and neither claimed nor on the wire."""
    states = await system.states(name)
    return sum(states.get(word, 0) for word in ("queued", "deferred", "cancelled"))


async def _sent(system: System) -> dict[str, int]:
    return {name: len(await system.provider.messages(f"Hello {name}")) for name in ("moscow", "athens")}


async def _urgent_ones_go(system: System) -> None:
    """Both accounts send a message that was asked for only now: whatever else they had to send, they would have."""
    for name in ("moscow", "athens"):
        await system.producer.send_one(account_name=name, to="+79139000001", text=f"Urgent {name}")

    async def both() -> bool:
        return len(await system.provider.messages("Urgent")) == 2

    await wait_until(both, description="the urgent messages are accepted")


async def test_pause_takes_effect_at_once_and_resume_repeats_nothing(system: System) -> None:
    """From the answer to `pause` on nobody is claimed: at most what is on the wire, or about to be, still arrives."""
    system.accounts = {
        "moscow": account("smsc", "north", rate=40, in_flight=6, batch=10),
        "athens": account("restv2", "north", rate=200, in_flight=8),
    }
    async with system.worker():
        await _under_way(system)
        unsent = {}
        for name in ("moscow", "athens"):
            assert await system.producer.pause(name) is CampaignState.PAUSED
            unsent[name] = await _unsent(system, name)
            assert unsent[name] > 0
        await system.at_rest("moscow", "athens")
        sent = await _sent(system)
        for name in ("moscow", "athens"):
            assert sent[name] <= TOTAL - unsent[name]
        await _urgent_ones_go(system)
        assert await _sent(system) == sent

        for name in ("moscow", "athens"):
            assert await system.producer.resume(name) is CampaignState.RUNNING
        await system.sent("moscow", "athens")

    await system.check_nobody_twice()
    assert await _sent(system) == {"moscow": TOTAL, "athens": TOTAL}


async def test_cancel_leaves_no_queued_message_behind_and_ends_the_campaign(system: System) -> None:
    async with system.worker():
        await _under_way(system)
        unsent = {}
        for name in ("moscow", "athens"):
            assert await system.producer.cancel(name) is CampaignState.CANCELLED
            unsent[name] = await _unsent(system, name)
        await system.finished("moscow", "athens")
        await _urgent_ones_go(system)

    await system.check_nobody_twice()
    for name, sent in (await _sent(system)).items():
        assert sent <= TOTAL - unsent[name]
        assert await system.states(name) == {"delivered": sent, "cancelled": TOTAL - sent}
        assert await system.queued_jobs(name) == 0
        progress = await system.progress(name)
        assert progress.state is CampaignState.CANCELLED
        assert progress.finished_at is not None
        assert not await system.redis.hexists(keys.campaign(CampaignId(name)), "requeue")


async def test_a_paused_campaign_that_is_cancelled_ends_too(system: System) -> None:
    async with system.worker():
        await _under_way(system)
        for name in ("moscow", "athens"):
            await system.producer.pause(name)
            await system.producer.cancel(name)
        await system.finished("moscow", "athens")

    await system.check_nobody_twice()
    for name in ("moscow", "athens"):
        assert await system.queued_jobs(name) == 0
        assert set(await system.states(name)) == {"delivered", "cancelled"}


async def test_validity_that_ends_in_mid_campaign_ends_the_sending(system: System) -> None:
    """After `not_after` no message is claimed. What was sent by then is followed to its end, the rest expires."""
    system.accounts = {
        "moscow": account("smsc", "north", rate=10, in_flight=4, batch=10),
        "athens": account("restv2", "north", rate=60, in_flight=8),
    }
    async with system.worker():
        not_after = datetime.now(UTC).replace(microsecond=0) + timedelta(seconds=8)
        await _under_way(system, accepted=1, not_after=not_after)
        await system.finished("moscow", "athens")

    await system.check_nobody_twice()
    messages = await system.provider.messages()
    assert max(message["received_unix"] for message in messages) < not_after.timestamp() + LEASE, "claimed by then"
    for name in ("moscow", "athens"):
        sent = await system.provider.copies(f"Hello {name}")
        assert 0 < len(sent) < TOTAL
        assert await system.states(name) == {"delivered": len(sent), "expired": TOTAL - len(sent)}
        assert (await system.progress(name)).reasons["volley.past_validity"] == TOTAL - len(sent)


async def test_a_message_that_is_never_reported_expires_when_it_has_had_its_time(system: System) -> None:
    """980 is accepted and never reported. After `give_up_after` it is expired, and says why."""
    silent = [f"7912000{place}980" for place in range(3)]
    async with system.worker():
        for name in ("moscow", "athens"):
            await system.producer.submit(
                account_name=name, campaign_id=name, text="Hello", recipients=[*silent, *numbers(3)]
            )
        for name in ("moscow", "athens"):
            await system.until(name, lambda states, _: states.get(State.DELIVERED) == 3, "the others are delivered")
            await system.reports_are_overdue(name)
        await system.finished("moscow", "athens")

    for name in ("moscow", "athens"):
        fates = await system.fates(name)
        assert {fates[who] for who in silent} == {("expired", "volley.no_report")}
        assert await system.states(name) == {"delivered": 3, "expired": 3}
