"""Coming in and going out in a real browser: passwords, their limit, one-time links, sessions that end."""

import re
from typing import Any

from tests.browser.marks import IN_A_BROWSER
from tests.browser.stage import OPERATOR, VIEWER, Stage
from tests.browser.test_every_page import violations
from tests.browser.visiting import PHONE, Visit, visiting

pytestmark = IN_A_BROWSER


async def test_a_wrong_password_is_said_and_the_right_one_leads_where_one_wanted(browser: Any, stage: Stage) -> None:
    async with visiting(browser, stage.page) as visit:
        visit.expected = {401}
        await visit.go("/queues")
        assert visit.path == "/login"
        assert await violations(visit) == []
        await visit.log_in(OPERATOR, "not this one")
        await visit.page.get_by_role("alert").filter(has_text="Name or password is wrong.").wait_for()
        assert await violations(visit) == []
        assert await visit.page.get_by_label("Password").input_value() == ""
        await visit.log_in(OPERATOR)
        await visit.page.get_by_role("heading", name="Queues and workers").wait_for()
        assert visit.path == "/queues"


async def test_too_many_attempts_are_not_looked_at(browser: Any, stage: Stage) -> None:
    async with visiting(browser, stage.page, size=PHONE) as visit:
        visit.expected = {401, 429}
        await visit.go("/login")
        for _ in range(5):
            await visit.log_in("somebody", "guessed")
            await visit.sees("Name or password is wrong.")
            await visit.go("/login")
        await visit.log_in("somebody", "guessed")
        told = re.compile(r"Too many attempts\. Wait 1[0-5] minutes, then try again\.")  # from the first attempt on
        await visit.page.get_by_text(told).wait_for()


async def test_logging_out_ends_the_session(browser: Any, stage: Stage) -> None:
    async with visiting(browser, stage.page) as visit:
        await visit.go()
        await visit.log_in(VIEWER)
        await visit.page.get_by_text("may look, not act").wait_for()
        cookies = await visit.page.context.cookies()
        await visit.page.get_by_role("button", name="Log out").click()
        await visit.page.get_by_role("heading", name="Log in").wait_for()
        await visit.page.context.add_cookies(cookies)  # whoever kept the cookie has nothing
        await visit.go("/accounts")
        assert visit.path == "/login"


async def test_a_one_time_link_opens_the_page_once(browser: Any, stage: Stage) -> None:
    address, _, _ = stage.link.partition("/enter/")
    path = stage.link.removeprefix(address)
    async with visiting(browser, address) as visit, visiting(browser, address) as other:
        await visit.go("/campaigns")
        await visit.sees("This page has no users yet.")
        await visit.go(path)
        await visit.page.get_by_role("heading", name="Campaigns").wait_for()
        assert visit.path == "/"
        other.expected = {403}
        await other.go(path)
        await other.sees("This link was used already, or is too old.")


async def test_a_page_whose_session_is_over_asks_for_a_login_by_itself(visit_alone: Visit) -> None:
    await visit_alone.go("/accounts")
    visit_alone.expected = {401}
    await visit_alone.page.context.clear_cookies()
    await visit_alone.page.wait_for_url("**/login?next=/accounts")
