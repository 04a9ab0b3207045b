"""A provider that answers rubbish, or never: a campaign is not used up, and goes on by itself when it has healed."""

from ops.readings import blocked_why, read_accounts
from producer.contract import keys
from producer.contract.messages import AccountName
from producer.contract.states import State
from tests.support import wait_until
from tests.support_system import System, account, numbers

AFTER = 20
SLOTS = 8
TRIALS = 6
"""More than there is time for: pauses of 1, 2 and 4 seconds."""

TOTAL = 200


async def _start(system: System, family: str, total: int, **sending: float) -> None:
    system.accounts = {"athens": account(family, "north", rate=200, in_flight=SLOTS, batch=1)}
    system.sending = {"doubt_after": AFTER, "doubt_pause": 1, **sending}
    await system.announced()
    await system.producer.submit(
        account_name="athens", campaign_id="spring", text="Hello", recipients=numbers(total), default_region="GR"
    )


async def _trial_failed(system: System) -> None:
    """Wait until the account was closed for doubt, was tried, and was closed again for longer."""

    async def is_longer() -> bool:
        state, pause = await system.redis.hmget(keys.account(AccountName("athens")), ["state", "doubt_pause"])
        return state == b"doubtful" and float(pause) >= 2

    await wait_until(is_longer, description="a trial of the doubtful account has failed")


async def _check_reason(system: System, words: str) -> None:
    [reading] = await read_accounts(system.redis)
    assert reading.code == "volley.doubtful_answers"
    assert words in reading.words
    assert blocked_why(reading) == "is blocked: its answers do not say what became of the messages"
    assert reading.until is not None


async def test_a_page_of_html_to_every_request_uses_up_no_campaign(system: System) -> None:
    """Two processes count for themselves, and share what they found. Whoever was not sent to waits in the queue."""
    await _start(system, "restv2", TOTAL)
    await system.provider.switch("restv2/north", maintenance=True)
    async with system.worker("track"), system.worker("send"), system.worker("send"):
        await _trial_failed(system)
        await _check_reason(system, "restv2.answer")
        lost = (await system.states("spring")).get("uncertain", 0)
        assert AFTER <= lost <= 2 * AFTER + SLOTS + TRIALS
        assert await system.provider.accepted("restv2/north") == 0

        await system.provider.switch("restv2/north", maintenance=False)
        await system.settled("spring")

    states = await system.states("spring")
    assert lost <= states["uncertain"] <= 2 * AFTER + SLOTS + TRIALS
    assert states == {"uncertain": states["uncertain"], "delivered": TOTAL - states["uncertain"]}
    assert await system.provider.accepted("restv2/north") == states["delivered"]
    [reading] = await read_accounts(system.redis)
    assert reading.is_open
    await system.check_nobody_twice()
    await system.check_books("spring")


async def test_answers_that_never_come_use_up_no_campaign(system: System) -> None:
    """While nobody knows yet what the trial brings, nothing else leaves: not all slots full."""
    await _start(system, "restv2", TOTAL, request_timeout=1)
    await system.provider.switch("restv2/north", paused=True)
    async with system.worker("track"), system.worker("send"):
        await _trial_failed(system)
        await _check_reason(system, "volley.answer_lost")
        assert AFTER <= (await system.states("spring")).get("uncertain", 0) <= AFTER + SLOTS + TRIALS

        await system.provider.switch("restv2/north", paused=False)
        await system.settled("spring")

    states = await system.states("spring")
    assert states["uncertain"] <= AFTER + SLOTS + TRIALS
    assert states == {"uncertain": states["uncertain"], "delivered": TOTAL - states["uncertain"]}
    await system.check_nobody_twice()


async def test_what_was_in_doubt_is_looked_up_and_everybody_is_reached(system: System) -> None:
    """smsc can be asked: what it does not know was not sent, and is sent once it has healed."""
    await _start(system, "smsc", 60)
    await system.provider.switch("smsc/north", maintenance=True)
    async with system.worker("track"), system.worker("send"):
        await _trial_failed(system)
        await _check_reason(system, "smsc.answer")
        assert (await system.states("spring"))["queued"] >= 60 - (AFTER + SLOTS + TRIALS)
        await system.provider.switch("smsc/north", maintenance=False)
        await system.until("spring", lambda states, _: State.UNCERTAIN not in states, "nobody is uncertain")
        await system.time_passes("spring")  # the fence against identical requests: a minute
        await system.finished("spring")

    assert await system.states("spring") == {"delivered": 60}
    await system.check_nobody_twice()
