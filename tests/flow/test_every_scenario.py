"""Every fate that the sandbox can play, once for each family, as the ledger tells it in the end."""

from collections.abc import AsyncIterator
from typing import Final

import pytest

from ops.sandbox.scenarios import TABLE
from producer.contract.states import State
from tests.support import wait_until
from tests.support_fixtures import accounts_of
from tests.support_provider import provider_at, sandbox_process
from tests.support_system import LONG, System, phone

ATTEMPTS: Final = 3
SILENT: Final = "980"

# Last digits -> state, code and accepted copies at smsc; the same at restv2, which knows `f` alone for a failure.
# `uncertain` is an end at restv2 only: nobody can be asked there, and the policy is `hold`.
FAILED: Final = ("undelivered", "restv2.status.f", 1)
ARRIVED: Final = ("delivered", "restv2.status.d", 1)
FOUND: Final = ("delivered", "smsc.status.1", 1)
EXPECTED: Final[dict[str, tuple[tuple[str, str, int], tuple[str, str, int]]]] = {
    "902": (("delivered", "smsc.status.2", 1), ARRIVED),
    "904": (("delivered", "smsc.status.4", 1), ARRIVED),
    "903": (("expired", "smsc.status.3", 1), FAILED),
    "920": (("undelivered", "smsc.status.20", 1), FAILED),
    "922": (("undelivered", "smsc.err.249", 1), FAILED),
    "923": (("undelivered", "smsc.err.252", 1), FAILED),
    # given back unsent each time: tried again, and not for ever
    "924": (("undelivered", "smsc.status.24", ATTEMPTS), FAILED),
    "925": (("undelivered", "smsc.err.248", 1), FAILED),
    "931": (("undelivered", "smsc.err.1", 1), FAILED),
    "936": (("undelivered", "smsc.err.6", 1), FAILED),
    "941": (("undelivered", "smsc.err.11", 1), FAILED),
    "942": (("undelivered", "smsc.err.12", 1), FAILED),
    "943": (("undelivered", "smsc.err.13", 1), FAILED),
    "944": (("undelivered", "smsc.err.200", 1), FAILED),
    "945": (("undelivered", "smsc.err.245", 1), FAILED),
    "947": (("undelivered", "smsc.err.247", 1), FAILED),
    "951": (("undelivered", "smsc.err.251", 1), FAILED),
    "953": (("undelivered", "smsc.err.253", 1), FAILED),
    "954": (("undelivered", "smsc.err.254", 1), FAILED),
    "955": (("undelivered", "smsc.err.255", 1), FAILED),
    "959": (("undelivered", "smsc.err.77", 1), FAILED),
    "961": (("rejected", "smsc.error.1", 0), ("rejected", "restv2.error.102", 0)),
    # no money, once: the account waits, the balance is probed, the message goes
    "963": (FOUND, ARRIVED),
    "965": (("rejected", "smsc.error.5", 0), ("rejected", "restv2.error.104", 0)),
    "966": (("rejected", "smsc.error.6", 0), ("rejected", "restv2.error.40", 0)),
    "967": (("rejected", "smsc.error.7", 0), ("rejected", "restv2.error.103", 0)),
    # restv2 106 may be temporary: the last of its attempts decides
    "968": (("rejected", "smsc.error.8", 0), ("rejected", "restv2.error.106", 0)),
    "969": (FOUND, ARRIVED),
    # not understood: smsc is asked whether it was taken (it was not), until the attempts are spent
    "975": (("rejected", "smsc.error.15", 0), ("uncertain", "restv2.error.199", 0)),
    "976": (FOUND, ARRIVED),
    "980": (("expired", "volley.no_report", 1), ("expired", "volley.no_report", 1)),
    # between gateway and client: smsc is looked up and, where it had nothing, sent again; each accepted once
    "981": (FOUND, ("uncertain", "volley.answer_lost", 1)),
    "982": (FOUND, ("uncertain", "volley.answer_lost", 0)),
    "983": (FOUND, ("uncertain", "volley.answer_lost", 1)),
    "984": (FOUND, ("uncertain", "restv2.http.503", 0)),
    "985": (FOUND, ("uncertain", "restv2.http.503", 1)),
    "986": (FOUND, ("uncertain", "restv2.answer.not_json", 1)),
    "987": (FOUND, ("uncertain", "restv2.answer.not_json", 1)),
    "988": (FOUND, ("uncertain", "restv2.answer.no_id", 1)),
}


@pytest.fixture
async def played(system: System) -> AsyncIterator[System]:
    """A provider for whom a request with another client id is another request: its minutes cannot be hurried."""
    times = ["--enroute-after", "0.1", "--final-after", "0.4", "--slow-for", "8"]
    with sandbox_process([*times, "--id-counts", *accounts_of("north")]) as url:
        async with provider_at(url) as provider:
            system.provider = provider
            system.sending = {"max_attempts": ATTEMPTS, "request_timeout": 4}
            yield system


def test_the_table_knows_every_scenario_of_the_sandbox() -> None:
    assert set(EXPECTED) == set(TABLE)


async def test_every_scenario_ends_as_it_should_in_both_families(played: System) -> None:
    """One campaign for each fate and family, so that no fate touches another; our minutes of waiting are hurried."""
    names = {(account, ending): f"{account}-{ending}" for account in ("moscow", "athens") for ending in EXPECTED}
    async with played.worker("track"), played.worker("send"):
        for (account, ending), campaign in names.items():
            await played.producer.submit(
                account_name=account, campaign_id=campaign, text=f"Hello {campaign}", recipients=[phone(ending)]
            )
        silent = [campaign for (_, ending), campaign in names.items() if ending == SILENT]
        found: dict[tuple[str, str], tuple[str, str]] = {}

        async def is_over() -> bool:
            await played.time_passes(*names.values())
            await played.reports_are_overdue(*silent)
            for key, campaign in names.items():
                found[key] = (await played.fates(campaign)).get(phone(key[1]), ("queued", ""))
            return all(_is_end(account, state) for (account, _), (state, _) in found.items())

        try:
            await wait_until(is_over, description="every fate has come to its end", timeout=LONG)
        except AssertionError as error:
            still = {names[key]: fate for key, fate in found.items() if not _is_end(key[0], fate[0])}
            raise AssertionError(f"{error}: {still}") from None

    copies = await played.provider.copies()
    for place, account in enumerate(("moscow", "athens")):
        wanted = {ending: both[place] for ending, both in EXPECTED.items()}
        seen = {end: (*found[account, end], copies[phone(end), f"Hello {account}-{end}"]) for end in EXPECTED}
        assert seen == wanted
    for name in ("smsc/north", "restv2/north"):
        assert (await played.provider.summary(name))["violations"] == {}


def _is_end(account: str, state: str) -> bool:
    return State(state).is_final or (account == "athens" and state == "uncertain")
