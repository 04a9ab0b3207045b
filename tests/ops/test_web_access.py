"""Who may look at the page, and which forms are taken."""

import base64
from collections.abc import AsyncIterator

import pytest
from aiohttp import web
from aiohttp.test_utils import TestClient, TestServer, make_mocked_request
from redis.asyncio import Redis

from ops.dashboard.access import Access, OpenToAllError, is_loopback
from ops.web import create_app, default_port, serve
from producer.pool import connect

TOKEN = "a long enough random text"


@pytest.fixture
async def guarded(redis: Redis, redis_url: str) -> AsyncIterator[TestClient]:
    """A page that was bound to all addresses, with a token."""
    client = connect(redis_url)
    async with TestClient(TestServer(create_app(client, access=Access.for_address("0.0.0.0", TOKEN)))) as page:
        yield page
    await client.aclose()


@pytest.fixture
async def local(redis: Redis, redis_url: str) -> AsyncIterator[TestClient]:
    """A page on loopback, without a token."""
    client = connect(redis_url)
    async with TestClient(TestServer(create_app(client))) as page:
        yield page
    await client.aclose()


def basic(text: str) -> dict[str, str]:
    return {"Authorization": "Basic " + base64.b64encode(text.encode()).decode()}


# --- binding -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.168.1.5", "example.com", "localhost.example.com", ""])
def test_another_address_than_loopback_is_refused_without_a_token(host: str) -> None:
    with pytest.raises(OpenToAllError, match="VOLLEY_WEB_TOKEN"):
        Access.for_address(host, "")
    assert Access.for_address(host, TOKEN).token == TOKEN


@pytest.mark.parametrize("host", ["127.0.0.1", "127.8.8.8", "localhost", "LOCALHOST", "::1"])
def test_loopback_needs_none(host: str) -> None:
    assert is_loopback(host)
    assert not Access.for_address(host, "").token


def test_a_short_token_is_refused_even_on_loopback() -> None:
    with pytest.raises(OpenToAllError, match="too short"):
        Access.for_address("127.0.0.1", "short")


async def test_the_process_refuses_to_start_before_it_connects_to_anything(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("VOLLEY_WEB_TOKEN", raising=False)
    with pytest.raises(OpenToAllError):
        await serve("redis://127.0.0.1:1/0", "0.0.0.0", 0)


def test_the_token_is_not_in_the_text_form_of_anything() -> None:
    assert TOKEN not in repr(Access.for_address("0.0.0.0", TOKEN))


def test_the_port_is_the_hosts_when_it_gives_one(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PORT", "5005")
    assert default_port() == 5005
    monkeypatch.setenv("PORT", "not a port")
    assert default_port() == 8080
    monkeypatch.delenv("PORT")
    assert default_port() == 8080


# --- asking ------------------------------------------------------------------------------------------

PATHS = [
    "/",
    "/campaigns/x",
    "/uncertain",
    "/metrics",
    "/api/overview",
    "/api/campaigns/x",
    "/static/volley.css",
    "/no",
]


@pytest.mark.parametrize("path", PATHS)
@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"Authorization": "Bearer wrong"},
        {"Authorization": f"Bearer {TOKEN}x"},
        {"Authorization": f"Digest {TOKEN}"},
        {"Authorization": "Basic ???"},
        {"Authorization": "Bearer \udcff\udcfe"},
        {"Authorization": ""},
        basic(f"{TOKEN}:"),
        basic("anybody:wrong"),
    ],
)
async def test_with_a_token_nothing_is_shown_without_it(
    guarded: TestClient, path: str, headers: dict[str, str]
) -> None:
    answer = await guarded.get(path, headers=headers)
    assert answer.status == 401
    assert answer.headers["WWW-Authenticate"].startswith("Basic ")
    assert "frame-ancestors 'none'" in answer.headers["Content-Security-Policy"]


@pytest.mark.parametrize(
    "headers", [basic(f"anybody:{TOKEN}"), basic(f":{TOKEN}"), {"Authorization": f"bearer {TOKEN}"}]
)
async def test_the_token_opens_everything_as_password_or_bearer(guarded: TestClient, headers: dict[str, str]) -> None:
    assert (await guarded.get("/", headers=headers)).status == 200
    assert (await guarded.get("/metrics", headers=headers | {"Host": "volley.example.com"})).status == 200


async def test_health_is_open_and_says_no_more_than_that(guarded: TestClient) -> None:
    answer = await guarded.get("/health")
    assert answer.status == 503
    assert await answer.json() == {"status": "failing", "redis": "ok", "workers": {"send": 0, "track": 0}}


@pytest.mark.parametrize("host", ["evil.example.com", "127.0.0.1.evil.example.com", "192.168.1.5:8425", "[::1", "@"])
async def test_on_loopback_another_name_is_refused_because_a_foreign_page_could_have_rebound_it(
    local: TestClient, host: str
) -> None:
    answer = await local.get("/", headers={"Host": host})
    assert answer.status == 421
    assert "campaign" not in (await answer.text()).lower()


@pytest.mark.parametrize("host", ["127.0.0.1:8425", "localhost", "localhost:8425", "[::1]:8425"])
async def test_on_loopback_its_own_names_are_served(local: TestClient, host: str) -> None:
    assert (await local.get("/", headers={"Host": host})).status == 200


# --- forms -------------------------------------------------------------------------------------------


def form(**headers: str) -> web.Request:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return make_mocked_request("POST", "/campaigns/x/pause", headers={"Host": "localhost:8425", **named})


@pytest.mark.parametrize(
    "headers",
    [
        {"Origin": "http://localhost:8425"},
        {"Origin": "https://localhost:8425"},  # a proxy ended TLS
        {"Sec_Fetch_Site": "same-origin"},
        {"Sec_Fetch_Site": "same-origin", "Origin": "http://localhost:8425"},
    ],
)
def test_a_form_of_our_own_page_is_taken(headers: dict[str, str]) -> None:
    access = Access()
    access.check_form(form(**headers), access.form_token)


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"Origin": "null"},
        {"Origin": "http://evil.example.com"},
        {"Origin": "http://localhost:9999"},
        {"Origin": "http://localhost:8425.evil.example.com"},
        {"Sec_Fetch_Site": "cross-site"},
        {"Sec_Fetch_Site": "same-site", "Origin": "http://localhost:8425"},
        {"Sec_Fetch_Site": "none"},
    ],
)
def test_a_form_from_elsewhere_is_refused_even_with_the_right_form_token(headers: dict[str, str]) -> None:
    access = Access()
    with pytest.raises(web.HTTPForbidden):
        access.check_form(form(**headers), access.form_token)


@pytest.mark.parametrize("offered", ["", "wrong", "\udcff", "é"])
def test_a_form_without_its_token_is_refused_even_from_our_own_page(offered: str) -> None:
    with pytest.raises(web.HTTPForbidden):
        Access().check_form(form(Origin="http://localhost:8425"), offered)


def test_web_processes_with_one_token_take_each_others_forms_and_the_form_token_does_not_give_it_away() -> None:
    one, two = Access.for_address("0.0.0.0", TOKEN), Access.for_address("::", TOKEN)
    assert one.form_token == two.form_token
    assert TOKEN not in one.form_token
    assert Access().form_token != Access().form_token
