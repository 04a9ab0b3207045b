"""Visitors of the page for tests: somebody who is in, what a browser makes of a page, forms sent as browsers do."""

import re
from collections import Counter
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from html.parser import HTMLParser
from typing import Any

from aiohttp import ClientResponse, CookieJar, FormData
from aiohttp.test_utils import TestClient, TestServer

from ops.dashboard.access import HEADERS, THIS_MACHINE, Access, Credentials, Known
from ops.web import FRAME, WATCH, create_app
from producer.contract.client import Client

HOSTILE = "\"'><script>alert(1)</script><img src=x onerror=alert(2)>{{7*7}}"
TOKEN = "a long enough random text"
_APART = {"td", "th", "dt", "dd", "li", "p", "small"}  # as they are drawn
VIEWER_TOKEN = "another long and random text"


def credentials(**more: str) -> Credentials:
    """Both tokens, no users."""
    return Credentials.read({"VOLLEY_WEB_TOKEN": TOKEN, "VOLLEY_WEB_VIEWER_TOKEN": VIEWER_TOKEN, **more})


@asynccontextmanager
async def visit(
    redis: Client, *, known: Known | None = THIS_MACHINE, access: Access | None = None
) -> AsyncIterator[TestClient]:
    """A browser at a new web process, in as `known`; None: not in."""
    app = create_app(redis, access=access)
    async with TestClient(TestServer(app), cookie_jar=CookieJar(unsafe=True)) as page:
        if known is not None:
            cookie = await app[FRAME].sessions.begin(known)
            page.session.cookie_jar.update_cookies({f"volley_{page.port}": cookie}, page.make_url("/"))
        yield page


class Seen(HTMLParser):
    """What a browser would make of a page: elements, text, and what it would load or run."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: Counter[str] = Counter()
        self.loads: list[str] = []
        self.handlers: list[str] = []
        self.ids: list[str] = []
        self.labels: list[str] = []
        self.unnamed: list[str] = []
        self.posts: list[str] = []
        self.words = ""
        self.feed(text)

    @property
    def plain(self) -> str:
        """The text with every run of white space as one space."""
        return re.sub(r"\s+", " ", self.words)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags[tag] += 1
        self.words += " " if tag in _APART else ""
        given = {name: value or "" for name, value in attrs}
        self.handlers += [f"{tag} {name}" for name in given if name.startswith("on") or name == "style"]
        self.loads += [given[name] for name in ("src", "href", "action") if name in given]
        self.ids += [given["id"]] if "id" in given else []
        if tag == "label":
            self.labels.append(given.get("for", ""))
        if tag in {"input", "select", "textarea"} and given.get("type") != "hidden" and "aria-label" not in given:
            self.unnamed.append(given.get("id", f"a nameless {tag}"))
        if tag == "form" and given.get("method", "get").lower() == "post":
            self.posts.append(given.get("action", ""))

    def handle_data(self, data: str) -> None:
        self.words += data


def check(text: str) -> Seen:
    """The page, checked for what every page must hold: nothing inline, nothing from outside, every control named."""
    seen = Seen(text)
    assert seen.tags["script"] <= 1
    assert not seen.handlers
    assert all(re.match(r"/[^/]|/$|#main$", load) for load in seen.loads), seen.loads
    assert len(seen.ids) == len(set(seen.ids)), [name for name, count in Counter(seen.ids).items() if count > 1]
    assert seen.tags["table"] == seen.tags["caption"]
    assert set(seen.unnamed) <= set(seen.labels), seen.unnamed
    assert text.count('name="form_token"') == len([action for action in seen.posts if action != "/login"])
    live = re.findall(r"<[^>]*data-live[^>]*>", text)
    assert all(" id=" in part for part in live), live
    return seen


async def look(page: TestClient, path: str = "/", *, status: int = 200) -> Seen:
    """The page as of now, checked."""
    await page.app[WATCH].look()
    answer = await page.get(path)
    text = await answer.text()
    assert answer.status == status, text
    assert {name: answer.headers.get(name) for name in HEADERS} == dict(HEADERS)
    return check(text)


def origin(page: TestClient) -> dict[str, str]:
    """What a browser says of a form from our own page."""
    return {"Origin": str(page.make_url("/")).rstrip("/")}


async def token_of(page: TestClient, path: str = "/") -> str:
    """The form token that a page carries."""
    found = re.search(r'name="form_token" value="(\w+)"', await (await page.get(path)).text())
    return found[1] if found else ""


async def send(
    page: TestClient, path: str, values: Mapping[str, str] | FormData | None = None, **headers: str
) -> ClientResponse:
    """Send a form as a browser does, with the session's token; redirects are not followed."""
    data: Any = values if isinstance(values, FormData) else {"form_token": await token_of(page), **(values or {})}
    return await page.post(path, data=data, headers=origin(page) | headers, allow_redirects=False)
