"""Volley in seven short stories. Read them first, from top to bottom: each shows one promise being kept.

Everything is real: a Redis, the sandbox in its own process (it plays both provider companies over HTTP), and
a worker, here inside the test's process. What a story claims, it asks of the sandbox's own ledger.
"""

from datetime import UTC, datetime, timedelta

from producer.contract.states import State
from tests.support import wait_until
from tests.support_system import System, numbers, phone


async def test_a_campaign_goes_from_submit_to_delivered_over_both_families(system: System) -> None:
    """Two accounts at two companies, a campaign on each. `submit` returns when the recipients are in Redis; the
    workers feed, claim, send and follow them until every single one is final.
    """
    async with system.inside():
        for account in ("moscow", "athens"):
            submitted = await system.producer.submit(
                account_name=account,
                campaign_id=f"spring-{account}",
                text="Spring sale from today",
                recipients=numbers(50),
            )
            assert submitted.accepted == 50
        await system.finished("spring-moscow", "spring-athens")

    assert await system.states("spring-moscow") == {"delivered": 50}
    assert await system.states("spring-athens") == {"delivered": 50}
    assert await system.provider.accepted("smsc/north") == 50
    assert await system.provider.accepted("restv2/north") == 50


async def test_everyone_gets_the_text_that_was_written_for_them(system: System) -> None:
    """The text is a template. Every extra column of a recipient is a value, in any alphabet."""
    guests = [
        {"to": "+7 912 000-00-01", "name": "Ольга", "table": "3"},
        {"to": "+7 912 000-00-02", "name": "Zoë", "table": "12"},
        {"to": "+7 912 000-00-03", "name": "O'Neil & Söhne | 100%", "table": "1"},
    ]
    async with system.inside():
        for account in ("moscow", "athens"):
            await system.producer.submit(
                account_name=account,
                campaign_id=f"invitation-{account}",
                text="Dear $name, your table is number $table.",
                recipients=guests,
            )
        await system.finished("invitation-moscow", "invitation-athens")

    for family in ("smsc", "restv2"):
        heard = {message["phone"]: message["text"] for message in await system.provider.messages(family=family)}
        assert heard == {
            "79120000001": "Dear Ольга, your table is number 3.",
            "79120000002": "Dear Zoë, your table is number 12.",
            "79120000003": "Dear O'Neil & Söhne | 100%, your table is number 1.",
        }


async def test_bad_rows_are_refused_with_their_line_and_the_rest_goes(system: System) -> None:
    """One bad row must not stop a campaign, and must not vanish either: it is refused with its line and reason.
    The same person twice in one campaign gets one message.
    """
    rows = ["+79120000001", "not a number", "+79120000002", "8 (912) 000-00-01", "123"]
    async with system.inside():
        submitted = await system.producer.submit(
            account_name="moscow",
            campaign_id="newsletter",
            text="News",
            recipients=rows,
            default_region="RU",
        )
        await system.finished("newsletter")

    assert (submitted.accepted, submitted.refused, submitted.duplicates) == (2, 2, 1)
    assert [refusal.line for refusal in submitted.refusals] == [2, 5]
    assert all(refusal.reason for refusal in submitted.refusals)
    assert await system.provider.copies() == {("79120000001", "News"): 1, ("79120000002", "News"): 1}


async def test_one_urgent_message_overtakes_a_campaign(system: System) -> None:
    """A one-time password cannot wait behind ten thousand advertisements: an account has two lanes, and `urgent`
    is always emptied first.
    """
    async with system.inside():
        await system.producer.submit(
            account_name="athens", campaign_id="catalogue", text="Our new catalogue", recipients=numbers(5000)
        )
        await wait_until(system.provider.accepted, description="the campaign is on its way")
        before = await system.provider.accepted()
        await system.producer.send_one(account_name="athens", to="+79129999001", text="Your code is 1234")

        async def is_accepted_as() -> int:
            return sum([found["number"] for found in await system.provider.messages("Your code is 1234")])

        overtaken_by = await wait_until(is_accepted_as, description="the urgent message has arrived") - before
        await system.producer.cancel("catalogue")
        await system.finished("catalogue")

    assert overtaken_by < 300, "what was on its way, and at most a second's worth"


async def test_a_failed_recipient_has_a_state_and_a_reason_in_words(system: System) -> None:
    """The sandbox decides a fate by the last digits: …931 is a number that does not exist, …966 is refused at
    once. Both are final, and the account's book of words says what each code means.
    """
    gone, forbidden = phone("931"), phone("966")
    async with system.inside():
        await system.producer.submit(
            account_name="moscow", campaign_id="reminder", text="See you tomorrow", recipients=[gone, forbidden]
        )
        await system.finished("reminder")

    fates = await system.fates("reminder")
    assert fates[gone] == ("undelivered", "smsc.err.1")
    assert fates[forbidden] == ("rejected", "smsc.err.253")
    words = await system.words("moscow")
    assert "does not exist" in words["smsc.err.1"]
    assert "spam" in words["smsc.err.253"]


async def test_submitting_again_changes_nothing(system: System) -> None:
    """A producer that lost its connection cannot know whether its submit arrived. So it submits again: with the
    same campaign id that is harmless, before the campaign runs, while it runs and when it is over.
    """
    asked = {
        "account_name": "athens",
        "campaign_id": "invoice-7",
        "text": "Your invoice is ready",
        "recipients": numbers(40),
    }
    first = await (await system.announced()).producer.submit(**asked)
    second = await system.producer.submit(**asked)
    async with system.inside():
        await system.finished("invoice-7")
        third = await system.producer.submit(**asked)

    assert (first.is_new, second.is_new, third.is_new) == (True, False, False)
    assert first.accepted == second.accepted == third.accepted == 40
    assert await system.states("invoice-7") == {"delivered": 40}
    await system.check_nobody_twice()


async def test_what_comes_too_late_is_not_sent(system: System) -> None:
    """`not_after` is the time after which sending is pointless. What is not claimed by then is expired, with a
    reason, and the provider never hears of it.
    """
    too_late = datetime.now(UTC) - timedelta(seconds=1)
    await (await system.announced()).producer.submit(
        account_name="athens", campaign_id="last-call", text="Last call!", recipients=numbers(30), not_after=too_late
    )
    async with system.inside():
        await system.finished("last-call")

    assert (await system.progress("last-call")).states == {State.EXPIRED: 30}
    assert await system.provider.accepted() == 0
