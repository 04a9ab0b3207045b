"""Every order of the page given in a real browser: with the mouse, by keyboard alone, and without scripts."""

from typing import Any, Final

import pytest

from ops.audit import AuditLog
from tests.browser import places
from tests.browser.acts import ACTS
from tests.browser.marks import IN_A_BROWSER
from tests.browser.stage import OPERATOR, SPRING, Stage
from tests.browser.visiting import Visit, visiting

pytestmark = IN_A_BROWSER

ELSEWHERE: Final = {"/login", "/logout"}  # test_coming_in


async def test_every_order_is_given_in_a_browser() -> None:
    assert places.orders() == {*ACTS, *ELSEWHERE}


@pytest.mark.parametrize("place", ACTS)
async def test_an_operator_does(visit: Visit, stage: Stage, place: str) -> None:
    """The browser has sent this very form, and the audit log knows who did it."""
    await ACTS[place].do(visit, stage)
    assert [path for path in visit.posted if places.fits(path, place)]
    entries = (await AuditLog(stage.system.redis).read()).entries
    done = [entry for entry in entries if entry.action == ACTS[place].audited]
    if ACTS[place].audited:
        assert [(entry.who, entry.failure) for entry in done[:1]] == [(OPERATOR, ACTS[place].failure)]


async def test_an_order_that_asks_first_is_given_by_keyboard_alone(visit: Visit, stage: Stage) -> None:
    await visit.go(f"/campaigns/{await stage.waiting('cancelled-by-keyboard')}")
    await visit.page.locator("summary", has_text="Cancel …").focus()
    await visit.page.keyboard.press("Enter")
    await visit.page.keyboard.press("Tab")
    await visit.page.keyboard.press("Space")
    await visit.says("Cancelled")


async def test_an_order_is_given_without_scripts(browser: Any, stage: Stage, states: dict[str, Any]) -> None:
    await stage.waiting("paused-without-scripts")
    async with visiting(browser, stage.page, state=states[OPERATOR], java_script_enabled=False) as visit:
        await visit.go("/campaigns/paused-without-scripts")
        await visit.page.get_by_role("button", name="Pause", exact=True).click()
        await visit.says("Paused.")
        assert visit.streams == 0


async def test_who_did_not_get_it_is_one_click_away(visit: Visit, stage: Stage) -> None:
    await visit.go(f"/campaigns/{SPRING}")
    async with visit.page.expect_download() as download:
        await visit.page.get_by_role("link", name="Who did not get it").click()
    found = await download.value
    assert found.suggested_filename == f"{SPRING}-not_delivered.csv"
    rows = (await found.path()).read_text().splitlines()
    undelivered = (await stage.system.states(SPRING)).get("undelivered", 0)
    assert undelivered > 0
    assert sum(",undelivered," in row for row in rows) == undelivered
    assert not any(",delivered," in row for row in rows)


async def test_a_campaigns_messages_are_filtered(visit: Visit) -> None:
    await visit.go(f"/campaigns/{SPRING}/messages")
    await visit.page.get_by_label("State").select_option("expired")
    await visit.page.get_by_label("Number begins with").fill("+7912")
    await visit.page.get_by_role("button", name="Show").click()
    await visit.page.get_by_text("79120000903").wait_for()
    assert await visit.page.locator("tbody tr").count() == 1
    await visit.page.locator("tbody a").first.click()
    await visit.page.get_by_role("heading", name="Timeline").wait_for()
