"""From jobs to requests: few requests, one campaign and lane each, and nobody in two of them."""

from dataclasses import replace

import pytest

from producer.contract.campaigns import Lane
from producer.contract.messages import MessageId
from producer.contract.options import SendOption
from producer.contract.states import Event
from producer.directory import announce
from tests.worker.plain import plain_account, plain_family
from tests.worker.scene import Scene, entry, numbers
from worker.engine import Taken
from worker.preparing import Preparer
from worker.probing import Offer, finding
from worker.providers.interface import Probe
from worker.providers.requests import Dialect, HttpRequest
from worker.settings import Account

PROBE = Probe(build=lambda _: HttpRequest(call="probe", path="/probe", form=()), read=lambda _: True)


def preparer(stage: Scene, *, batch: int = 10, fence: float = 0.0) -> Preparer:
    account = plain_account(batch=batch, family=plain_family(fence=fence))
    return Preparer(account, stage.reader, "login", lambda: 1_000_000.0)


def optional(stage: Scene, *, batch: int = 10, **family: object) -> tuple[Preparer, Account]:
    """A preparer of an account that asks for optional calls, by which its family groups."""
    plain = replace(plain_family(), probe=PROBE, **family)
    plain = replace(plain, rules=replace(plain.rules, is_grouped_by_probe=True))
    account = plain_account(batch=batch, family=plain)
    account = replace(account, credentials=replace(account.credentials, dialect=Dialect(v3=True)))
    offer = Offer(account, stage.book, iter(range(100)).__next__)
    return Preparer(account, stage.reader, "login", lambda: 1_000_000.0, offer), account


def jobs(messages: list[MessageId], lane: Lane = Lane.BULK) -> list[Taken]:
    return [Taken(message=message, lane=lane) for message in messages]


async def test_messages_of_one_campaign_travel_together_up_to_the_batch_size(stage: Scene) -> None:
    messages = await stage.fed(count=25)
    prepared, lost = await preparer(stage).prepare(jobs(messages))
    assert [len(each.outgoing) for each in prepared] == [10, 10, 5]
    assert [message for each in prepared for message in each.claim.messages] == messages
    assert lost == []


async def test_each_message_has_its_own_number_and_text(stage: Scene) -> None:
    given = [{"msisdn": number, "name": f"N{i}"} for i, number in enumerate(numbers(3))]
    messages = await stage.fed(text="Hi $name", recipients=given)
    [prepared], _ = await preparer(stage).prepare(jobs(messages))
    assert [(out.msisdn, out.text) for out in prepared.outgoing] == [
        (number, f"Hi N{i}") for i, number in enumerate(numbers(3))
    ]


async def test_campaigns_and_lanes_never_share_a_request(stage: Scene) -> None:
    one, two = await stage.fed("one", 3), await stage.fed("two", 3)
    urgent = await stage.producer.send_one(account_name="athens", to=numbers(1)[0], text="code")
    prepared, _ = await preparer(stage).prepare([*jobs([urgent], Lane.URGENT), *jobs(one), *jobs(two)])
    assert [(each.claim.campaign, each.claim.lane, len(each.outgoing)) for each in prepared] == [
        (urgent.campaign, Lane.URGENT, 1),
        ("one", Lane.BULK, 3),
        ("two", Lane.BULK, 3),
    ]


async def test_a_second_attempt_travels_alone(stage: Scene) -> None:
    messages = await stage.fed(count=5)
    await stage.claim(messages[2])
    await stage.record(messages[2], Event.DEFER)
    prepared, _ = await preparer(stage).prepare(jobs(messages))
    assert sorted(len(each.outgoing) for each in prepared) == [1, 4]
    assert next(each.claim.messages for each in prepared if len(each.outgoing) == 1) == (messages[2],)


async def test_jobs_without_a_message_are_told(stage: Scene) -> None:
    [message] = await stage.fed(count=1)
    strangers = [
        MessageId(campaign="nowhere", chunk=0, place=0),
        MessageId(campaign="spring", chunk=9, place=0),
        MessageId(campaign="spring", chunk=0, place=400),
    ]
    prepared, lost = await preparer(stage).prepare(jobs([*strangers, message]))
    assert [each.claim.messages for each in prepared] == [(message,)]
    assert [job.message for job in lost] == strangers


async def test_every_request_has_a_reference_of_its_own(stage: Scene) -> None:
    messages = await stage.fed(count=30)
    work = preparer(stage, batch=1)
    prepared = [*(await work.prepare(jobs(messages)))[0], *(await work.prepare(jobs(messages)))[0]]
    references = {each.claim.reference for each in prepared}
    assert len(references) == 60
    assert all(reference.startswith("v") and not reference.isdecimal() for reference in references)


async def test_the_claim_carries_the_fence_of_the_family(stage: Scene) -> None:
    [message] = await stage.fed(count=1)
    [prepared], _ = await preparer(stage, fence=61.0).prepare(jobs([message]))
    assert (prepared.claim.fence, prepared.claim.fingerprint) == (61.0, prepared.request.fingerprint)


async def test_nothing_taken_is_nothing_prepared(stage: Scene) -> None:
    assert await preparer(stage).prepare([]) == ([], [])


async def test_messages_travel_alone_until_the_host_is_known_to_take_several(stage: Scene) -> None:
    """Nothing is assumed of an optional call; and what was found of another host says nothing about this one."""
    messages = await stage.fed(count=4)
    work, account = optional(stage)
    elsewhere = replace(account, credentials=replace(account.credentials, base_url="https://elsewhere.test"))
    for noted in ("", finding(account, found=False), finding(elsewhere, found=True)):
        await stage.book.note(account.name, {"v3": noted})
        prepared, _ = await work.prepare(jobs(messages))
        assert [len(each.outgoing) for each in prepared] == [1, 1, 1, 1]
    await stage.book.note(account.name, {"v3": finding(account, found=True)})
    prepared, _ = await work.prepare(jobs(messages))
    assert [len(each.outgoing) for each in prepared] == [4]


async def test_what_the_account_does_not_ask_for_is_not_used(stage: Scene) -> None:
    messages = await stage.fed(count=2)
    _, account = optional(stage)
    await stage.book.note(account.name, {"v3": finding(account, found=True)})
    quiet = replace(account, credentials=replace(account.credentials, dialect=Dialect()))
    work = Preparer(quiet, stage.reader, "login", lambda: 1_000_000.0, Offer(quiet, stage.book))
    prepared, _ = await work.prepare(jobs(messages))
    assert [len(each.outgoing) for each in prepared] == [1, 1]


FLASH = SendOption(name="flash", meaning="flash SMS", choices=("0", "1"))
CODE = SendOption(name="code", meaning="captcha", pattern="[a-z]+", single=True)


async def test_a_message_carries_the_options_of_its_campaign_or_its_own(stage: Scene) -> None:
    account = plain_account(family=replace(plain_family(), send_options=(FLASH, CODE)), batch=10)
    await announce(stage.redis, [replace(entry(account), options=(FLASH, CODE))])
    messages = await stage.fed(count=2, options={"flash": "1"})
    to = numbers(1)[0]
    own = await stage.producer.send_one(account_name="athens", to=to, text="$5", options={"code": "abc"})
    plain = await stage.producer.send_one(account_name="athens", to=to, text="$6")
    work = Preparer(account, stage.reader, "login", lambda: 1_000_000.0)
    prepared, _ = await work.prepare([*jobs(messages), *jobs([own, plain], Lane.URGENT)])
    found = {out.text: out.options for each in prepared for out in each.outgoing}
    assert found == {"hello": (("flash", "1"),), "$5": (("code", "abc"),), "$6": ()}


@pytest.mark.parametrize("known", [(FLASH,), ()])
async def test_an_option_that_the_account_s_new_provider_lacks_is_left_out(
    stage: Scene, known: tuple[SendOption, ...]
) -> None:
    await announce(stage.redis, [replace(entry(stage.account), options=(FLASH,))])
    messages = await stage.fed(count=1, options={"flash": "1"})
    moved = plain_account(family=replace(plain_family(), send_options=known))
    [prepared], _ = await Preparer(moved, stage.reader, "login", lambda: 1_000_000.0).prepare(jobs(messages))
    assert prepared.outgoing[0].options == ((("flash", "1"),) if known else ())
