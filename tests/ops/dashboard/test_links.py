"""One-time links, and the page of a machine without credentials."""

import pytest
from aiohttp.test_utils import TestClient

from ops.dashboard.access import make_link
from producer.contract.client import Client
from tests.ops.dashboard.entering import PAGES, log_in
from tests.ops.dashboard.visiting import look, visit


async def made_link(client: Client) -> str:
    """A new link, without the host."""
    return (await make_link(client, "http://x/")).removeprefix("http://x")


async def test_a_link_opens_the_page_once(local: TestClient, client: Client) -> None:
    link = await made_link(client)
    assert (await local.get(link)).url == local.make_url("/")
    assert "this machine" in (await look(local)).words
    again = await local.get(link)
    assert again.url == local.make_url("/"), "who is in goes on"
    async with visit(client, known=None) as stranger:
        answer = await stranger.get(link)
        assert answer.status == 403
        assert "used already" in await answer.text()


async def test_without_credentials_nothing_opens_the_page_but_a_link(local: TestClient) -> None:
    for path in PAGES:
        assert (await local.get(path, allow_redirects=False)).headers["Location"].startswith("/login")
    assert (await local.get("/metrics")).status == 401
    assert (await log_in(local, "", ""))[0] == 401
    seen = await look(local, "/login")
    assert f"volley link --port {local.port}" in seen.words
    assert not seen.posts


async def test_with_credentials_there_are_no_links(guarded: TestClient, client: Client) -> None:
    link = await made_link(client)
    assert (await guarded.get(link)).status == 403
    assert (await guarded.get("/", allow_redirects=False)).status == 303


@pytest.mark.parametrize("host", ["evil.example.com", "127.0.0.1.evil.example.com", "192.168.1.5:8425", "[::1", "@"])
async def test_on_loopback_another_name_is_refused_because_a_foreign_page_could_have_rebound_it(
    local: TestClient, client: Client, host: str
) -> None:
    link = await made_link(client)
    for path in ("/", "/login", link):
        answer = await local.get(path, headers={"Host": host})
        assert answer.status == 421
        assert "campaign" not in (await answer.text()).lower()


@pytest.mark.parametrize("host", ["127.0.0.1:8425", "localhost", "localhost:8425", "[::1]:8425"])
async def test_on_loopback_its_own_names_are_served(local: TestClient, host: str) -> None:
    assert (await local.get("/login", headers={"Host": host})).status == 200
