""" "Ask the provider now": for every family, format and version the books follow the answer, though nobody polls."""

import functools
from collections.abc import AsyncIterator
from dataclasses import dataclass

import pytest

from ops.asking import Told, ask_about
from producer.contract import keys
from producer.contract.messages import AccountName, MessageId
from producer.contract.states import State
from tests.support import wait_until
from tests.support_system import System, Table, account, phone
from worker.ledger.journal import APPLIED

NAME = AccountName("one")
CLIENTS: dict[str, Table] = {
    **{f"smsc fmt {form}": account("smsc", "north", rate=100, in_flight=4) | {"fmt": form} for form in "0123"},
    "smsc in cp1251": account("smsc", "north", rate=100, in_flight=4) | {"charset": "windows-1251"},
    "smsc by rest": account("smsc", "north", rate=100, in_flight=4) | {"rest": True},
    **{
        f"restv2 {form}": account("restv2", "north", rate=100, in_flight=4) | {"type": form}
        for form in ("json", "v2", "xml")
    },
    **{
        f"restv2 version 3 {form}": account("restv2", "north", rate=100, in_flight=4) | {"type": form, "v3": True}
        for form in ("json", "v2", "xml")
    },
}


@dataclass
class Client:
    """One account of the system, which nobody polls."""

    system: System

    async def send(self, ending: str) -> MessageId:
        to = phone(ending, prefix="306912345")
        return await self.system.producer.send_one(account_name=NAME, to=to, text=f"to {ending}")

    async def ask(self, message: MessageId) -> Told:
        return await ask_about(self.system.producer._redis, message)

    async def is_at_rest_there(self) -> None:
        """Until the provider knows what became of the message."""

        async def is_final() -> bool:
            found = await self.system.provider.messages()
            return bool(found) and all(message["status"] > 0 for message in found)

        await wait_until(is_final, description="the provider's own final state")

    async def in_state(self, message: MessageId, state: State) -> None:
        await self.system.until(message.campaign, lambda states, _: states == {state: 1}, state)


@pytest.fixture
async def client(system: System, request: pytest.FixtureRequest) -> AsyncIterator[Client]:
    table: Table = CLIENTS[request.param]
    await system.provider.switch("restv2/north", v3=bool(table.get("v3")))
    system.accounts = {NAME: table}
    system.tracking = {"poll_every": 3600, "lookup_grace": 0 if table.get("v3") else 3600}
    system.sending = {"request_timeout": 3, "lease_margin": 1}
    await system.announced()
    async with system.inside():
        if table.get("v3"):

            async def is_known() -> bool:
                return bool(await system.redis.hget(keys.account(NAME), "v3"))

            await wait_until(is_known, description="the host was probed")
        if table["family"] == "restv2":
            has_drained = functools.partial(system.redis.hexists, keys.cursors(NAME), APPLIED)
            await wait_until(has_drained, description="the turn of the poller that every start begins with is over")
        yield Client(system)


@pytest.mark.parametrize("client", CLIENTS, indirect=True)
async def test_the_books_follow_the_answer(client: Client) -> None:
    message = await client.send("001")
    await client.in_state(message, State.SUBMITTED)
    await client.is_at_rest_there()
    told = await client.ask(message)
    assert "error" not in told, told
    assert (told["before"], told["state"]) == ("submitted", "delivered"), told
    assert [record["words"] for record in told["records"]] == ["delivered"]
    await client.system.finished(message.campaign)
    again = await client.ask(message)
    assert again["state"] == "delivered", again
    await client.system.check_books(message.campaign)


@pytest.mark.parametrize("client", [name for name in CLIENTS if name.startswith("smsc")], indirect=True)
async def test_a_message_whose_answer_was_lost_is_found_at_once(client: Client) -> None:
    message = await client.send("981")
    await client.in_state(message, State.UNCERTAIN)
    await client.is_at_rest_there()
    told = await client.ask(message)
    assert (told["before"], told["state"]) == ("uncertain", "delivered"), told
    await client.system.check_nobody_twice()


@pytest.mark.parametrize("client", [name for name in CLIENTS if "version 3" in name], indirect=True)
async def test_it_is_found_in_the_list_of_version_3_once_that_may_be_believed(client: Client) -> None:
    """A row as young as an answer that may still come is not: it could be another message's."""
    message = await client.send("981")
    await client.in_state(message, State.UNCERTAIN)
    await client.is_at_rest_there()

    async def is_delivered() -> bool:
        told = await client.ask(message)
        assert told["by"] == "history", told
        return bool(told["state"] == "delivered")

    await wait_until(is_delivered, description="the row is believed")
    await client.system.check_nobody_twice()
