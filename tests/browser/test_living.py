"""Live updates and the policy in a real browser: changes are shown without a reload, what is not ours is not run."""

import asyncio
import re
from typing import Any

from tests.browser.marks import IN_A_BROWSER
from tests.browser.stage import HOSTILE, LONG, OPERATOR, SPRING, Stage
from tests.browser.test_every_page import violations
from tests.browser.visiting import Visit, visiting
from tests.support import PATIENCE, wait_until
from tests.support_system import numbers

pytestmark = IN_A_BROWSER

_STRANGERS = """() => {
  const script = document.createElement("script");
  script.textContent = "window.hacked = true";
  document.body.append(script);
  const image = document.createElement("img");
  image.alt = "";
  image.src = "http://localhost:1/stranger.png";
  document.body.append(image);
  document.body.setAttribute("style", "color: red");
  const form = document.createElement("form");
  form.action = "http://localhost:1/";
  document.body.append(form);
  form.requestSubmit();
}"""

_SAID = """() => {
  const place = document.getElementById("connection");
  window.said = [];
  new MutationObserver(() => window.said.push(place.textContent)).observe(place, { childList: true });
}"""  # every text in turn: what is shown for seconds is gone before a slow machine looks


_COUNT = """() => {
  const read = DOMParser.prototype.parseFromString;
  window.taken = 0;
  DOMParser.prototype.parseFromString = function (...given) { window.taken += 1; return read.apply(this, given); };
}"""  # answers that the page took in hand


async def test_a_new_campaign_is_followed_to_its_end_without_a_reload(visit: Visit, stage: Stage) -> None:
    await visit.go()
    await visit.ask("() => { window.mark = 'still here'; }")
    await stage.submit("followed", numbers(120, prefix="7913"))
    row = visit.page.locator("tr", has_text="followed")
    await row.wait_for()
    await row.get_by_text("120 of 120 final").first.wait_for()
    assert await visit.ask("() => window.mark") == "still here"
    assert (visit.loads, visit.streams) == (1, 1)


async def test_a_campaigns_page_draws_its_own_delivery_and_tells_what_it_cost_and_when_it_starts(
    visit: Visit,
) -> None:
    await visit.go(f"/campaigns/{SPRING}")
    await visit.page.locator("#cost", has_text="as the provider told it").wait_for()
    curve = visit.page.get_by_role("img", name=re.compile("Share of final reports by the time since the submission"))
    await curve.wait_for()
    box = await curve.locator("path.line").bounding_box()
    assert box is not None
    assert box["width"] > 100
    await visit.go(f"/campaigns/{LONG}")
    await visit.page.locator("#state", has_text="starts at").wait_for()
    await visit.page.locator(".ahead", has_text=re.compile("All sent in 2. h .*at its account's limits")).wait_for()


async def test_what_a_person_unfolded_stays_unfolded_and_stays_its_own(visit: Visit, stage: Stage) -> None:
    """Rows were once matched by their place: a new campaign pushed another one's orders under the finger."""
    await stage.waiting("unfolded")
    await visit.go("/campaigns")
    await visit.page.locator("#orders-unfolded > summary").click()
    form = visit.page.locator("details[open] form[action$='/pause']")
    await visit.ask("() => { window.row = document.querySelector('#orders-unfolded'); }")
    await stage.waiting("comes-later")
    await visit.page.locator("#orders-comes-later").wait_for()
    assert await form.get_attribute("action") == "/campaigns/unfolded/pause"
    assert await visit.ask("() => window.row === document.querySelector('details[open]')")


async def test_updates_are_stopped_and_go_on(
    visit_alone: Visit, browser: Any, stage: Stage, states: dict[str, Any]
) -> None:
    await visit_alone.go("/campaigns")
    await visit_alone.page.get_by_role("button", name="Stop updating").click()
    await stage.waiting("while-stopped")
    async with visiting(browser, stage.page, state=states[OPERATOR]) as other:
        await other.go("/campaigns")
        await other.sees("while-stopped")
        await stage.waiting("and-then")
        await other.sees("and-then")
    assert not await visit_alone.page.get_by_text("while-stopped").is_visible()
    await visit_alone.page.get_by_role("button", name="Go on updating").click()
    await visit_alone.sees("and-then")


async def test_a_look_that_is_on_its_way_when_updates_are_stopped_changes_nothing(
    visit_alone: Visit, stage: Stage
) -> None:
    """Somebody stopped the updates to read a row, and once more all rows moved."""
    page, come, released = visit_alone.page, asyncio.Event(), asyncio.Event()

    async def hold(route: Any) -> None:
        """The first answer that tells of the new campaign."""
        answer = await route.fetch()
        if "on-its-way" in await answer.text():
            come.set()
            await released.wait()
        await route.fulfill(response=answer)

    await visit_alone.go("/campaigns")
    await visit_alone.ask(_COUNT)
    await page.route("**/campaigns", hold)
    await stage.waiting("on-its-way")
    await asyncio.wait_for(come.wait(), PATIENCE)
    await page.get_by_role("button", name="Stop updating").click()
    taken = await visit_alone.ask("() => window.taken")
    released.set()
    await page.wait_for_function("(before) => window.taken > before", arg=taken)
    assert not await page.get_by_text("on-its-way").is_visible()
    await page.unroute_all(behavior="ignoreErrors")
    await page.get_by_role("button", name="Go on updating").click()
    await visit_alone.sees("on-its-way")


async def test_a_page_that_lost_its_server_says_so_until_it_is_back(visit_alone: Visit) -> None:
    """It was dimmed until its words could hardly be read, and nothing told those who do not see that."""
    told = visit_alone.page.get_by_role("status").and_(visit_alone.page.locator("#connection"))
    await visit_alone.page.clock.install()
    await visit_alone.go("/queues")
    assert await told.inner_text() == ""
    await visit_alone.page.context.set_offline(True)
    await visit_alone.page.clock.fast_forward(30_000)
    await told.get_by_text(re.compile(r"^Connection lost, figures of \d\d:\d\d:\d\d UTC\.")).wait_for()
    assert await visit_alone.ask("() => getComputedStyle(document.querySelector('main')).opacity") == "1"
    said = await told.inner_text()
    await visit_alone.page.clock.fast_forward(30_000)
    assert await told.inner_text() == said, "it is read aloud once"
    for light in ("light", "dark"):
        await visit_alone.page.emulate_media(color_scheme=light)
        assert await violations(visit_alone) == []
    await visit_alone.ask(_SAID)
    await visit_alone.page.context.set_offline(False)
    await visit_alone.page.clock.resume()
    await visit_alone.page.wait_for_function("() => window.said.at(-1) === ''")
    assert await visit_alone.ask("() => window.said") == ["Connected again, the figures are up to date.", ""]
    assert {"ERR_INTERNET_DISCONNECTED" in complaint for complaint in visit_alone.complaints} <= {True}
    visit_alone.complaints.clear()


async def test_the_policy_stops_what_is_not_ours_and_we_hear_of_it(visit: Visit) -> None:
    """So that a test without complaints means something."""
    await visit.go()
    await visit.ask(_STRANGERS)
    stopped = ("script-src-elem inline", "img-src http://localhost:1/", "style-src-attr inline", "form-action")

    def heard() -> bool:
        return all(any(f"policy: {words}" in each for each in visit.complaints) for words in stopped)

    await wait_until(heard, description=f"complaints about each of {stopped}: {visit.complaints}")
    assert await visit.ask("() => window.hacked") is None
    assert visit.path == "/"
    visit.complaints.clear()


async def test_hostile_text_is_text(visit: Visit) -> None:
    for path in (f"/campaigns/{LONG}", "/incoming", "/exports"):
        await visit.go(path)
        await visit.page.get_by_text(HOSTILE, exact=True).first.wait_for()
