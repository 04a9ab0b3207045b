"""One browser and one system for all tests of this room, and somebody who is logged in."""

from collections.abc import AsyncIterator
from typing import Any

import pytest
import pytest_asyncio

from ops.browser import browser as opened
from tests.browser.stage import OPERATOR, VIEWER, Stage, stage_in
from tests.browser.visiting import Visit, tab_in, visiting, window


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def stage(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Stage]:
    async with stage_in(tmp_path_factory.mktemp("browser")) as made:
        yield made


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def browser() -> AsyncIterator[Any]:
    async with opened() as found:
        yield found


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def states(browser: Any, stage: Stage) -> dict[str, Any]:
    """The cookies of both users, who have logged in by the form."""
    found = {}
    for who in (OPERATOR, VIEWER):
        async with visiting(browser, stage.page) as visit:
            await visit.go()
            await visit.log_in(who)
            await visit.page.get_by_role("heading", name="Campaigns").wait_for()
            found[who] = await visit.page.context.storage_state()
    return found


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def desk(browser: Any, stage: Stage, states: dict[str, Any]) -> AsyncIterator[Any]:
    """The window of an operator at a desktop. Its first tab stays open, and with it what draws the others."""
    async with window(browser, state=states[OPERATOR]) as context:
        await (await context.new_page()).goto(f"{stage.page}/health")
        yield context


@pytest_asyncio.fixture(loop_scope="session")
async def visit(desk: Any, stage: Stage) -> AsyncIterator[Visit]:
    """An operator at a desktop, in a new tab of their window: cookies are those of every tab."""
    async with tab_in(desk, stage.page) as made:
        yield made


@pytest_asyncio.fixture(loop_scope="session")
async def visit_alone(browser: Any, stage: Stage, states: dict[str, Any]) -> AsyncIterator[Visit]:
    """An operator at a desktop, in a window of their own, whose cookies, network and clock a test may change."""
    async with visiting(browser, stage.page, state=states[OPERATOR]) as made:
        yield made
