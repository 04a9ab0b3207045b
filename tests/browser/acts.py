"""Everything an operator can do on the page, done with a mouse. Each act ends when the page has said so."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Final

from ops.dashboard.frame import SAID
from ops.steering import Steering
from producer.contract import keys
from producer.contract.messages import AccountName, Msisdn
from producer.suppression import SuppressionList
from tests.browser.stage import LOST, OPERATOR, SPRING, Stage
from tests.browser.visiting import Visit

ATHENS: Final = AccountName("athens")

Doing = Callable[[Visit, Stage], Awaitable[None]]


@dataclass(frozen=True, slots=True)
class Act:
    """`audited` is what the audit log must say of it; empty where it says nothing. `failure`: how it ended there."""

    do: Doing
    audited: str
    failure: str


ACTS: Final[dict[str, Act]] = {}
"""By the place that the form is sent to (tests/browser/places.py)."""


def act(place: str, *, audited: str, failure: str = "") -> Callable[[Doing], Doing]:
    def known(do: Doing) -> Doing:
        ACTS[place] = Act(do, audited, failure)
        return do

    return known


@act("/campaigns/{id}/pause", audited="campaign.pause")
async def pause_a_campaign(visit: Visit, stage: Stage) -> None:
    await visit.go(f"/campaigns/{await stage.waiting('to-be-paused')}")
    await _press(visit, "Pause")
    await visit.says("Paused.")
    await visit.page.locator(".badge", has_text="paused").wait_for()


@act("/campaigns/{id}/resume", audited="campaign.resume")
async def resume_a_campaign(visit: Visit, stage: Stage) -> None:
    await stage.system.producer.pause(await stage.waiting("to-be-resumed"))
    await visit.go("/campaigns/to-be-resumed")
    await _press(visit, "Resume")
    await visit.says("Resumed.")
    await visit.page.locator(".badge", has_text="running").wait_for()


@act("/campaigns/{id}/cancel", audited="campaign.cancel")
async def cancel_a_campaign_which_asks_first(visit: Visit, stage: Stage) -> None:
    await visit.go(f"/campaigns/{await stage.waiting('to-be-cancelled')}")
    assert not await visit.page.get_by_role("button", name="Cancel the rest").is_visible()
    await _unfold(visit, "Cancel …")
    await visit.sees("4 messages that are still to be sent will not be")
    await _press(visit, "Cancel the rest")
    await visit.says("Cancelled")
    await visit.page.locator(".badge", has_text="cancelled").wait_for()


@act("/accounts/{name}/pause", audited="account.pause")
async def pause_an_account_which_asks_first(visit: Visit, stage: Stage) -> None:
    await visit.go("/accounts")
    pause = visit.page.locator("#account-athens").get_by_role("button", name="Pause now")
    assert not await pause.is_visible()
    await _unfold(visit, "Pause athens …")
    await pause.click()
    await visit.says("Paused.")
    await visit.page.locator("#account-athens .badge", has_text="paused").wait_for()
    await Steering(stage.system.producer._redis).resume(ATHENS, "a test")


@act("/accounts/{name}/resume", audited="account.resume")
async def resume_an_account(visit: Visit, stage: Stage) -> None:
    await Steering(stage.system.producer._redis).pause(ATHENS, "a test")
    await visit.go("/accounts")
    await _press(visit, "Resume athens")
    await visit.says("Resumed.")
    await visit.page.locator("#account-athens .badge", has_text="open").wait_for()


@act("/accounts/{name}/limits", audited="account.limits")
async def change_the_limits_of_an_account_and_take_it_back(visit: Visit, stage: Stage) -> None:
    await visit.go("/accounts")
    athens = visit.page.locator("#account-athens")
    await _unfold(visit, "Limits of athens …")
    await athens.get_by_label("Requests a second").fill("40")
    await athens.get_by_label("Requests at once").fill("3")
    await athens.get_by_role("button", name="Set limits").click()
    await visit.says("The limits were changed.")
    await athens.get_by_text("of 40").wait_for()
    await _unfold(visit, "Limits of athens …")
    await athens.get_by_role("button", name="As in volley.toml").click()
    await visit.says("The configured limits hold again.")
    await athens.get_by_text("of 50").wait_for()


@act("/uncertain/decide", audited="message.sent")
async def decide_about_uncertain_messages(visit: Visit, stage: Stage) -> None:
    await visit.go("/uncertain")
    boxes = visit.page.get_by_role("checkbox")
    names = [await boxes.nth(place).get_attribute("value") for place in (0, 1)]
    for name in names:
        await visit.page.get_by_role("checkbox", name=f"Choose {name}", exact=True).check()
    await visit.page.get_by_role("radio", name="They were sent").check()
    await _press(visit, "Decide so")
    await visit.says("The decision was carried out.")
    for name in names:
        await visit.page.get_by_role("checkbox", name=f"Choose {name}", exact=True).wait_for(state="detached")


@act("/campaigns/{id}/messages/{place}/decide", audited="message.failed")
async def decide_about_one_message(visit: Visit, stage: Stage) -> None:
    await visit.go(f"/campaigns/{LOST}/messages/0.9")
    await visit.page.locator(".badge", has_text="uncertain").wait_for()
    await _unfold(visit, "Decide what became of it …")
    await _press(visit, "It was not sent: end it")
    await visit.says("The decision was carried out.")
    await visit.page.locator(".badge", has_text="rejected").wait_for()


@act("/campaigns/{id}/messages/{place}/ask", audited="message.ask")
async def ask_the_provider_about_a_message(visit: Visit, stage: Stage) -> None:
    await visit.go(f"/campaigns/{SPRING}/messages/0.9")
    await _press(visit, "Ask the provider now")
    await visit.page.get_by_role("heading", name="What the provider says now").wait_for()
    await visit.sees("The books stay as they are: delivered.")
    await visit.page.get_by_role("heading", name="What was sent, and what came back").wait_for()
    await visit.sees("Answers and callbacks about it")
    await visit.go(f"/campaigns/{LOST}/messages/0.1")
    await visit.sees("connection lost, after")
    await visit.sees("key=•••")


@act("/exports/{account}", audited="export.ask")
async def ask_for_exports(visit: Visit, stage: Stage) -> None:
    await visit.go("/exports")
    await _unfold(visit, "Fetch exports of moscow …")
    await visit.page.locator("#exports-moscow-orders").get_by_role("button", name="Fetch").click()
    await visit.says("A track worker fetches it.")


@act("/optouts/add", audited="suppression.add")
async def put_a_number_on_the_list(visit: Visit, stage: Stage) -> None:
    await visit.go("/optouts")
    await _unfold(visit, "Add a number …")
    await visit.page.locator("#add-number").fill("+30 691 234 5999")
    await visit.page.locator("#add-why").fill("asked by telephone")
    await _press(visit, "Never write to it")
    await visit.says("The number is on the list.")
    await visit.sees("asked by telephone")


@act("/optouts/remove", audited="suppression.remove")
async def take_a_number_off_the_list(visit: Visit, stage: Stage) -> None:
    await SuppressionList(stage.system.redis).add(Msisdn("306912345888"), "asked")
    await visit.go("/optouts")
    await visit.sees("306912345888")
    await _unfold(visit, "Remove a number …")
    await visit.page.locator("#remove-number").fill("+30 691 234 5888")
    await _press(visit, "Write to it again")
    await visit.says("The number is off the list.")
    assert not await visit.page.get_by_text("306912345888").is_visible()


@act("/submit", audited="")
async def look_at_a_campaign_before_it_starts(visit: Visit, stage: Stage) -> None:
    await _preview(visit, "looked-at")
    for words in ("To send", "Hello Maria", "Refused recipients"):
        await visit.sees(words)
    assert await visit.page.locator(".facts div", has_text="Refused").inner_text() == "Refused\n1"


@act("/submit/{key}/price", audited="campaign.price")
async def ask_the_provider_for_the_price_before_the_start(visit: Visit, stage: Stage) -> None:
    await _preview(visit, "priced", account="moscow")
    await _press(visit, "Ask the provider for the price")
    await visit.says("The provider was asked what 2 of these texts would cost; nothing was sent.")
    await visit.sees("1.44 a message, 1.44 a segment, as the provider told it")
    sent = await stage.system.provider.messages("Hello Maria", phone="306970000001")
    assert "smsc" not in {message["family"] for message in sent}


@act("/submit/{key}/start", audited="campaign.submit")
async def start_a_campaign(visit: Visit, stage: Stage) -> None:
    await _preview(visit, "from-the-page")
    await _press(visit, "Send 2 messages")
    await visit.says(SAID["submitted"])
    await visit.sees("2 of 2 final")
    sent = await stage.system.provider.messages("Hello ")
    assert sorted(message["text"] for message in sent) == ["Hello Eleni", "Hello Maria"]


@act("/submit/{key}/drop", audited="")
async def drop_a_preview(visit: Visit, stage: Stage) -> None:
    await _preview(visit, "dropped")
    await _press(visit, "Drop it")
    await visit.says(SAID["dropped"])


@act("/campaigns/{id}/messages/again", audited="messages.again")
async def look_at_sending_again_to_those_who_did_not_get_it(visit: Visit, stage: Stage) -> None:
    undelivered = (await stage.system.states(SPRING))["undelivered"]
    await visit.go(f"/campaigns/{SPRING}/messages?state=undelivered")
    await _unfold(visit, "Send again to all that match …")
    await _press(visit, "Look at it")
    await visit.page.get_by_role("button", name=f"Send {undelivered} messages").wait_for()


@act("/campaigns/{id}/messages/cancel", audited="messages.cancel")
async def cancel_the_messages_that_match(visit: Visit, stage: Stage) -> None:
    campaign = await stage.waiting("cancelled-in-part")
    await visit.go(f"/campaigns/{campaign}/messages?state=queued")
    assert not await visit.page.get_by_role("button", name="Cancel them").is_visible()
    await _unfold(visit, "Cancel all that match …")
    await _press(visit, "Cancel them")
    await visit.says("Cancelled")
    await visit.sees("There is none.")
    assert (await stage.system.states(campaign))["cancelled"] == 4


@act("/dead/{id}/replay", audited="dead.replay")
async def put_a_dead_letter_back(visit: Visit, stage: Stage) -> None:
    await stage.bury()
    await visit.go("/dead")
    await visit.page.get_by_role("button", name="Put back", exact=True).first.click()
    await visit.says(SAID["replayed"])


@act("/dead/{id}/drop", audited="dead.drop")
async def drop_a_dead_letter(visit: Visit, stage: Stage) -> None:
    await stage.bury()
    await visit.go("/dead")
    await visit.page.get_by_role("button", name="Drop", exact=True).first.click()
    await visit.says(SAID["dead_dropped"])


@act("/dead/replay", audited="dead.replay")
async def put_all_of_a_kind_back(visit: Visit, stage: Stage) -> None:
    await stage.bury(2)
    await _begin_replay(visit, rate="1000")
    await visit.page.locator("#run p").first.get_by_text("done", exact=True).wait_for()


@act("/orders/{id}/stop", audited="dead.replay", failure=f"stopped by {OPERATOR}")
async def stop_an_order(visit: Visit, stage: Stage) -> None:
    await stage.bury(3)
    await _begin_replay(visit, rate="0.1")
    await _press(visit, "Stop it")
    await visit.says(SAID["stopped"])
    await visit.page.locator(".badge", has_text="stopped").wait_for()


@act("/dead/drop", audited="dead.drop")
async def drop_all_of_a_kind(visit: Visit, stage: Stage) -> None:
    await stage.bury(2)
    buried = [name.decode() for name, _ in await stage.system.redis.xrevrange(keys.DEAD, count=2)]
    await visit.go("/dead")
    await visit.sees(buried[0])
    await visit.page.locator("summary", has_text="…").first.click()
    await _press(visit, "Drop all of them for good")
    await visit.says(SAID["ordered"])
    await visit.page.locator("#run p").first.get_by_text("done", exact=True).wait_for()
    await visit.go("/dead")
    for name in buried:
        assert not await visit.page.get_by_text(name).is_visible()


async def _preview(visit: Visit, campaign: str, *, account: str = "athens") -> None:
    await visit.go("/submit")
    await visit.page.get_by_label("Account", exact=True).select_option(account)
    await visit.page.get_by_label("Text;").fill("Hello $name")
    rows = "to,name\n306970000001,Maria\n306970000002,Eleni\n12,Nobody\n"
    file = {"name": "people.csv", "mimeType": "text/csv", "buffer": rows.encode()}
    await visit.page.get_by_label("Recipients:").set_input_files(file)
    await _unfold(visit, "More …")
    await visit.page.get_by_label("Id of the campaign").fill(campaign)
    await _press(visit, "Look at it")
    await visit.page.get_by_role("heading", name=f"Preview of {campaign}").wait_for()


async def _begin_replay(visit: Visit, rate: str) -> None:
    await visit.go("/dead")
    await visit.page.locator("summary", has_text="…").first.click()
    await visit.page.get_by_label("Entries a second").first.fill(rate)
    await visit.page.get_by_role("button", name="Put all of them back").first.click()
    await visit.says(SAID["ordered"])


async def _press(visit: Visit, words: str) -> None:
    await visit.page.get_by_role("button", name=words, exact=True).click()


async def _unfold(visit: Visit, words: str) -> None:
    await visit.page.locator("summary", has_text=words).click()
