"""Every page in a real browser: narrow and wide, light and dark, by keyboard, and as assistive programs see it.

What pages there are is asked of the application: one that nobody looks at here fails a test.
"""

from typing import Any, Final

import pytest

from tests.browser import places
from tests.browser.marks import IN_A_BROWSER
from tests.browser.stage import LONG, LOST, SPRING, VIEWER, Stage
from tests.browser.visiting import DESKTOP, PHONE, Visit, visiting

pytestmark = IN_A_BROWSER

# what is opened for each address; more than one where a page looks different with other things on it
PAGES: Final[dict[str, tuple[str, ...]]] = {
    "/": ("/",),
    "/accounts": ("/accounts",),
    "/audit": ("/audit",),
    "/campaigns": ("/campaigns",),
    "/campaigns/{id}": (f"/campaigns/{SPRING}", f"/campaigns/{LONG}"),
    "/campaigns/{id}/messages": (f"/campaigns/{SPRING}/messages?state=not_delivered",),
    "/campaigns/{id}/messages/{place}": (f"/campaigns/{SPRING}/messages/0.60", f"/campaigns/{LOST}/messages/0.1"),
    "/dead": ("/dead",),
    "/submit": ("/submit",),
    "/charts": ("/charts", "/charts?account=moscow"),
    "/exports": ("/exports",),
    "/orders": ("/orders",),
    "/incoming": ("/incoming",),
    "/optouts": ("/optouts?number=%2B306912345678",),
    "/queues": ("/queues",),
    "/uncertain": ("/uncertain",),
}
ELSEWHERE: Final = {
    "/login": "test_coming_in",
    "/submit/{key}": "test_doing",
    "/orders/{id}": "test_doing, which stops one",
    "/enter/{key}": "test_coming_in",
    "/campaigns/{id}/messages.csv": "test_doing, which downloads it",
}
OPENED: Final = [path for paths in PAGES.values() for path in paths]

_CONTROLS = """() => {
  const found = [...document.querySelectorAll("a[href], button, summary, input, select, textarea")];
  const chosen = (it) => it.type !== "radio" || it === found.find((other) => other.name === it.name);  // one a group
  window.controls = found.filter((it) => !it.disabled && it.type !== "hidden" && it.checkVisibility() && chosen(it));
  return window.controls.map((it) => it.getAttribute("aria-label") || it.innerText || it.name || it.className);
}"""
_FOCUSED = """() => {
  const it = document.activeElement, style = getComputedStyle(it), box = it.getBoundingClientRect();
  const outlined = style.outlineStyle !== "none" && parseFloat(style.outlineWidth) > 0;
  const within = box.bottom > 0 && box.top < innerHeight && box.right > 0 && box.left < innerWidth;
  return { place: window.controls.indexOf(it), seen: outlined && within };
}"""
_SPOIL = """() => {
  const main = document.querySelector("main");
  for (const kind of ["button", "input", "p", "span"]) main.append(document.createElement(kind));
  const pale = main.lastChild.previousSibling;
  pale.textContent = "Hardly to be seen";
  pale.style.color = "#eeeeee";
  main.lastChild.className = "wide";
  main.lastChild.style.cssText = "display: block; width: 3000px; height: 1px";
  document.querySelector("a").style.outline = "none";
}"""
_PAPER = "() => getComputedStyle(document.body).backgroundColor"
_WIDER = """() => {
  const most = document.documentElement.clientWidth;
  const out = [...document.querySelectorAll("body *")].filter((it) => it.getBoundingClientRect().right > most + 1);
  const wide = document.documentElement.scrollWidth > most || out.some((it) => it.checkVisibility() && !clipped(it));
  function clipped(it) { return it.closest("caption, .hidden, .skip, thead, svg") !== null; }
  return wide ? out.filter((it) => !clipped(it)).map((it) => `${it.tagName} ${it.className} ${it.id}`) : [];
}"""


async def test_every_page_is_opened_in_a_browser() -> None:
    assert places.pages() == {*PAGES, *ELSEWHERE}


@pytest.mark.parametrize("path", OPENED)
async def test_a_page_is_for_everybody(visit: Visit, path: str) -> None:
    """By keyboard alone; on a desktop and a phone; read aloud, and in both lights, with everything unfolded."""
    assert await visit.go(path) == 200
    assert await left_by_keyboard(visit) == []
    for size in (DESKTOP, PHONE):
        await visit.page.set_viewport_size({"width": size[0], "height": size[1]})
        for is_open in ("false", "true"):
            await visit.ask(f"() => document.querySelectorAll('details').forEach((it) => {{ it.open = {is_open}; }})")
            assert (size, is_open, await visit.ask(_WIDER)) == (size, is_open, [])
    assert await violations(visit) == []
    paper = await visit.ask(_PAPER)
    await visit.page.emulate_media(color_scheme="dark")
    assert await visit.ask(_PAPER) != paper
    assert await violations(visit, only="color-contrast") == []


async def test_a_viewer_is_offered_no_order(browser: Any, stage: Stage, states: dict[str, Any]) -> None:
    async with visiting(browser, stage.page, state=states[VIEWER]) as visit:
        visit.expected = {403}
        for path in OPENED:
            assert (path, await visit.go(path)) in {(path, 200), (path, 403)}
            forms = await visit.ask(
                "() => [...document.querySelectorAll('form[method=post]')].map((it) => it.action)"
            )
            assert [form for form in forms if not form.endswith("/logout")] == []


async def test_what_is_wrong_with_a_page_is_found(visit: Visit) -> None:
    """So that a test that finds nothing means something."""
    await visit.go("/queues")
    await visit.ask(_SPOIL)
    found = await violations(visit)
    assert {each.partition(":")[0] for each in found} >= {"button-name", "color-contrast", "label"}
    assert any("SPAN wide" in each for each in await visit.ask(_WIDER))
    assert "Skip to content" in await left_by_keyboard(visit)


async def test_a_page_that_is_not_there_says_so(visit: Visit) -> None:
    visit.expected = {404}
    assert await visit.go("/campaigns/nowhere") == 404
    await visit.sees("There is no such campaign")
    assert await violations(visit) == []


async def left_by_keyboard(visit: Visit) -> list[str]:
    """The controls that as many presses of Tab do not reach, or that do not show when they are reached."""
    controls = await visit.ask(_CONTROLS)
    reached = set()
    for _ in controls:
        await visit.page.keyboard.press("Tab")
        focus = await visit.ask(_FOCUSED)
        reached |= {focus["place"]} if focus["seen"] else set()
    return [controls[place] for place in range(len(controls)) if place not in reached]


async def violations(visit: Visit, only: str = "") -> list[str]:
    """What axe finds, with the elements: names, roles, landmarks, headings, contrast and more, or one rule alone."""
    from axe_playwright_python.async_playwright import Axe  # noqa: PLC0415  # not on every platform

    found = await Axe().run(visit.page, options={"runOnly": [only]} if only else {})
    return [
        f"{each['id']}: {each['help']}: {[node['html'][:120] for node in each['nodes'][:3]]}"
        for each in found.response["violations"]
    ]
