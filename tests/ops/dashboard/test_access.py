"""Who may come in to the page: what it binds to, its credentials, tokens, and what is open to anybody."""

from itertools import count

import pytest
from aiohttp import web
from aiohttp.test_utils import TestClient, TestServer

from ops.dashboard.access import HEADERS, Access, Credentials, Role, WebAccessError, is_loopback, row_of
from ops.dashboard.access.attempts import MOST_BEARER
from ops.web import create_app, default_port, serve
from producer.contract.client import Client
from tests.ops.dashboard.entering import OLGA, PAGES, PASSWORD, USERS, bearer
from tests.ops.dashboard.visiting import TOKEN, VIEWER_TOKEN, credentials, look, origin


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.168.1.5", "example.com", "localhost.example.com", ""])
def test_another_address_than_loopback_is_refused_without_credentials(host: str) -> None:
    with pytest.raises(WebAccessError, match="VOLLEY_WEB_USERS"):
        Credentials().check_host(host)
    credentials().check_host(host)
    Credentials.read({"VOLLEY_WEB_USERS": USERS}).check_host(host)


@pytest.mark.parametrize("host", ["127.0.0.1", "127.8.8.8", "localhost", "LOCALHOST", "::1"])
def test_loopback_needs_none(host: str) -> None:
    assert is_loopback(host)
    Credentials().check_host(host)


async def test_the_process_refuses_to_start_before_it_connects_to_anything(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("VOLLEY_WEB_TOKEN", "VOLLEY_WEB_USERS", "VOLLEY_WEB_VIEWER_TOKEN"):
        monkeypatch.delenv(name, raising=False)
    with pytest.raises(WebAccessError):
        await serve("redis://127.0.0.1:1/0", "0.0.0.0", 0)


GOOD = USERS.split()[0]


@pytest.mark.parametrize(
    ("variable", "value", "why"),
    [
        ("VOLLEY_WEB_TOKEN", "short", "too short"),
        ("VOLLEY_WEB_VIEWER_TOKEN", "short", "too short"),
        ("VOLLEY_WEB_VIEWER_TOKEN", TOKEN, "must differ"),
        ("VOLLEY_WEB_USERS", "olga", "NAME:ROLE:HASH"),
        ("VOLLEY_WEB_USERS", "olga:operator:plain text", "olga"),
        ("VOLLEY_WEB_USERS", GOOD.replace("operator", "root"), "NAME:ROLE:HASH"),
        ("VOLLEY_WEB_USERS", GOOD.replace("olga", "<b>"), "NAME:ROLE:HASH"),
        ("VOLLEY_WEB_USERS", f"{GOOD} {GOOD}", "twice"),
        ("VOLLEY_WEB_USERS", GOOD.replace("scrypt.14", "scrypt.30"), "out of bounds"),
        ("VOLLEY_WEB_USERS", GOOD.replace("scrypt.14", "scrypt.1"), "out of bounds"),
        ("VOLLEY_WEB_USERS", GOOD + "!", "base64"),
        ("VOLLEY_WEB_PROXIES", "all", "0 to 10"),
    ],
    ids=count(),  # the hashes have random salts, and tests that run at once must have the same names everywhere
)
def test_what_cannot_be_used_stops_the_start_and_names_the_variable(variable: str, value: str, why: str) -> None:
    with pytest.raises(WebAccessError, match=why) as refused:
        Credentials.read({"VOLLEY_WEB_TOKEN": TOKEN, variable: value})
    assert variable in str(refused.value)


def test_secrets_are_not_in_the_text_form_of_anything() -> None:
    known = credentials(VOLLEY_WEB_USERS=USERS)
    shown = repr(Access(credentials=known)) + repr(known.users["olga"].known) + repr(known.bearer(TOKEN))
    assert TOKEN not in shown
    assert GOOD.rpartition(".")[2] not in shown
    assert OLGA.mark not in shown


@pytest.mark.parametrize(
    ("name", "password"), [("a b", PASSWORD), ("", PASSWORD), ("olga", "short"), ("o", "x" * 2000)]
)
def test_a_user_that_could_not_be_read_again_is_not_made(name: str, password: str) -> None:
    with pytest.raises(WebAccessError):
        row_of(name, Role.VIEWER, password)


def test_the_port_is_the_hosts_when_it_gives_one(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PORT", "5005")
    assert default_port() == 5005
    monkeypatch.setenv("PORT", "not a port")
    assert default_port() == 8080
    monkeypatch.delenv("PORT")
    assert default_port() == 8080


# --- without a login -----------------------------------------------------------------------------------


MACHINES = ["/metrics", "/api/overview", "/api/campaigns/x", "/live"]


@pytest.mark.parametrize("path", PAGES)
async def test_who_is_not_in_is_shown_the_way_and_nothing_else(guarded: TestClient, path: str) -> None:
    answer = await guarded.get(path, allow_redirects=False)
    assert answer.status == 303
    assert answer.headers["Location"] == ("/login" if path == "/" else f"/login?next={path}")
    assert await answer.text() == ""
    assert {name: answer.headers.get(name) for name in HEADERS} == dict(HEADERS)


@pytest.mark.parametrize("path", MACHINES)
async def test_a_machine_without_a_token_is_told_so(guarded: TestClient, path: str) -> None:
    answer = await guarded.get(path)
    assert answer.status == 401
    assert answer.headers["WWW-Authenticate"].startswith("Bearer ")


@pytest.mark.parametrize("path", PAGES + MACHINES)
@pytest.mark.parametrize(
    "value",
    [
        "Bearer wrong",
        f"Bearer {TOKEN}x",
        f"Digest {TOKEN}",
        f"Basic {TOKEN}",
        "Bearer \udcff\udcfe",
        "Bearer é",
        "Bearer",
    ],
)
async def test_a_wrong_token_opens_nothing(guarded: TestClient, path: str, value: str) -> None:
    assert (await guarded.get(path, headers={"Authorization": value})).status == 401


@pytest.mark.parametrize("path", ["/campaigns/x/pause", "/logout", "/health", "/static/live.js"])
async def test_nobody_acts_without_a_login(guarded: TestClient, path: str) -> None:
    assert (await guarded.post(path, headers=origin(guarded), allow_redirects=False)).status in {401, 403}


@pytest.mark.parametrize("access", [Access(), Access(credentials=credentials())], ids=["local", "guarded"])
async def test_callbacks_come_in_by_their_own_secret_path_from_anywhere(client: Client, access: Access) -> None:
    """Providers have neither login nor form token, and call whatever name they were told."""
    app = create_app(client, access=access)

    async def receive(request: web.Request) -> web.Response:
        return web.Response(text=await request.text())

    app.router.add_route("*", "/callbacks/athens/secret", receive)
    async with TestClient(TestServer(app)) as provider:
        headers = {"Host": "sms.example.com", "Origin": "https://provider.example.com"}
        answer = await provider.post("/callbacks/athens/secret", data=b"id=7", headers=headers)
        assert (answer.status, await answer.text()) == (200, "id=7")
        assert (await provider.post("/callbacks/athens/other", headers=headers)).status == 404


async def test_health_is_open_and_says_no_more_than_that(guarded: TestClient) -> None:
    answer = await guarded.get("/health")
    assert answer.status == 503
    assert await answer.json() == {"status": "failing", "redis": "ok", "workers": {"send": 0, "track": 0}}


async def test_the_login_page_tells_nothing_of_what_is_behind_it(guarded: TestClient) -> None:
    seen = await look(guarded, "/login")
    assert "campaign" not in seen.words.lower()
    assert seen.loads == ["/static/icon.svg", "/static/volley.css", "#main", "/", "/login"]


# --- tokens --------------------------------------------------------------------------------------------


async def test_a_token_opens_what_its_role_may(guarded: TestClient) -> None:
    for token in (TOKEN, VIEWER_TOKEN):
        assert (await guarded.get("/", headers=bearer(token))).status == 200
        assert (await guarded.get("/metrics", headers=bearer(token) | {"Host": "volley.example.com"})).status == 200
    assert (await guarded.post("/campaigns/x/pause", headers=bearer(VIEWER_TOKEN))).status == 403
    assert (await guarded.post("/campaigns/x/pause", headers=bearer(TOKEN))).status == 404  # there is no campaign x


async def test_an_address_that_guesses_tokens_is_shut_out_and_others_are_not(guarded: TestClient) -> None:
    guesser, other = {"X-Forwarded-For": "10.1.1.1"}, {"X-Forwarded-For": "10.1.1.2"}
    statuses = [
        (await guarded.get("/metrics", headers=bearer(f"wrong {n}") | guesser)).status for n in range(MOST_BEARER + 2)
    ]
    assert statuses == [401] * (MOST_BEARER + 1) + [429]
    assert (await guarded.get("/metrics", headers=bearer(TOKEN) | guesser)).status == 429
    assert (await guarded.get("/metrics", headers=bearer(TOKEN) | other)).status == 200
