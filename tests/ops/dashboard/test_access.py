"""Who may come in to the page, what they may do there, and which forms are taken."""

from collections.abc import AsyncIterator
from itertools import count

import pytest
from aiohttp import FormData, web
from aiohttp.test_utils import TestClient, TestServer, make_mocked_request
from redis.asyncio import Redis

from ops.dashboard.access import (
    HEADERS,
    Access,
    Credentials,
    Known,
    Role,
    WebAccessError,
    address_of,
    is_loopback,
    make_link,
    row_of,
)
from ops.dashboard.access.attempts import MOST_ADDRESS, MOST_BEARER, MOST_PAIR
from ops.dashboard.access.guard import check_origin
from ops.dashboard.access.sessions import IDLE, LONGEST, Sessions, form_token
from ops.web import FRAME, create_app, default_port, serve
from producer.contract import keys
from producer.contract.client import Client
from producer.pool import connect
from tests.ops.dashboard.visiting import (
    TOKEN,
    VIEWER_TOKEN,
    credentials,
    look,
    origin,
    send,
    token_of,
    visit,
)
from tests.worker.scene import Scene

PASSWORD = "correct horse battery"
USERS = " ".join([row_of("olga", Role.OPERATOR, PASSWORD), row_of("vera", Role.VIEWER, "another password")])
OLGA = Credentials.read({"VOLLEY_WEB_USERS": USERS}).users["olga"].known
VERA = Credentials.read({"VOLLEY_WEB_USERS": USERS}).users["vera"].known


@pytest.fixture
async def client(redis: Redis, redis_url: str) -> AsyncIterator[Client]:
    client = connect(redis_url)
    yield client
    await client.aclose()


@pytest.fixture
async def guarded(client: Client) -> AsyncIterator[TestClient]:
    """A page with users and tokens, and a browser that is not in."""
    access = Access(credentials=credentials(VOLLEY_WEB_USERS=USERS, VOLLEY_WEB_PROXIES="1"))
    async with visit(client, access=access, known=None) as page:
        yield page


@pytest.fixture
async def local(client: Client) -> AsyncIterator[TestClient]:
    """A page without credentials, and a browser that is not in."""
    async with visit(client, known=None) as page:
        yield page


async def log_in(page: TestClient, name: str, password: str, **more: str) -> tuple[int, str]:
    """Status and Location of a login; `more` are headers, `next` is the form's."""
    values = {"name": name, "password": password, "next": more.pop("next", "/")}
    answer = await page.post("/login", data=values, headers=origin(page) | more, allow_redirects=False)
    return answer.status, answer.headers.get("Location", "")


def bearer(token: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {token}"}


# --- binding and credentials ---------------------------------------------------------------------------


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
        ("VOLLEY_WEB_USERS", GOOD.replace("scrypt.15", "scrypt.30"), "out of bounds"),
        ("VOLLEY_WEB_USERS", GOOD.replace("scrypt.15", "scrypt.1"), "out of bounds"),
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

PAGES = ["/", "/campaigns", "/campaigns/x", "/uncertain", "/audit", "/no"]
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


# --- passwords -----------------------------------------------------------------------------------------


async def test_name_and_password_open_the_page_and_logging_out_closes_it(guarded: TestClient, client: Client) -> None:
    assert await log_in(guarded, "olga", PASSWORD, next="/uncertain?offset=0") == (303, "/uncertain?offset=0")
    assert "olga" in (await look(guarded, "/")).words
    [cookie] = list(guarded.session.cookie_jar)
    assert (cookie["httponly"], cookie["samesite"], cookie["path"], cookie["secure"]) == (True, "Lax", "/", "")
    assert cookie.value not in b" ".join([key async for key in client.scan_iter()]).decode()
    assert (await send(guarded, "/logout")).headers["Location"] == "/login"
    guarded.session.cookie_jar.update_cookies({cookie.key: cookie.value}, guarded.make_url("/"))
    assert (await guarded.get("/", allow_redirects=False)).status == 303, "the old cookie is worth nothing"


async def test_a_login_gives_a_new_cookie_whatever_the_browser_brought(guarded: TestClient) -> None:
    """Session fixation: an attacker who could set a cookie must not know the session that its victim begins."""
    name = f"volley_{guarded.port}"
    guarded.session.cookie_jar.update_cookies({name: "planted"}, guarded.make_url("/"))
    await log_in(guarded, "olga", PASSWORD)
    first = next(iter(guarded.session.cookie_jar)).value
    await log_in(guarded, "olga", PASSWORD)
    second = next(iter(guarded.session.cookie_jar)).value
    assert len({"planted", first, second}) == 3
    guarded.session.cookie_jar.update_cookies({name: first}, guarded.make_url("/"))
    assert (await guarded.get("/", allow_redirects=False)).status == 303


async def test_behind_https_the_cookie_stays_there(guarded: TestClient) -> None:
    values = {"name": "olga", "password": PASSWORD}
    headers = origin(guarded) | {"X-Forwarded-Proto": "https"}
    answer = await guarded.post("/login", data=values, headers=headers, allow_redirects=False)
    assert answer.headers["Set-Cookie"].startswith("__Host-volley_")
    assert "; Secure" in answer.headers["Set-Cookie"]
    assert "Domain" not in answer.headers["Set-Cookie"]
    cookie = {"Cookie": answer.headers["Set-Cookie"].partition(";")[0], "X-Forwarded-Proto": "https"}
    assert (await guarded.get("/", headers=cookie, allow_redirects=False)).status == 200
    assert answer.headers["Strict-Transport-Security"].startswith("max-age=")


@pytest.mark.parametrize(
    ("name", "password"),
    [
        ("olga", "wrong"),
        ("nobody", PASSWORD),
        ("", ""),
        ("olga", ""),
        ("vera", PASSWORD),
        ("olga", "\udcff"),
        ("é" * 99, "é"),
    ],
)
async def test_a_wrong_login_says_only_that(guarded: TestClient, name: str, password: str) -> None:
    values = {
        "name": name.encode("utf-8", "surrogateescape"),
        "password": password.encode("utf-8", "surrogateescape"),
    }
    form = FormData({key: value.decode("latin-1") for key, value in values.items()})
    answer = await guarded.post("/login", data=form, headers=origin(guarded))
    assert answer.status == 401
    assert "Name or password is wrong." in await answer.text()
    assert len(guarded.session.cookie_jar) == 0


async def test_a_token_is_a_password_without_a_name(guarded: TestClient) -> None:
    assert (await log_in(guarded, "", VIEWER_TOKEN))[0] == 303
    assert "viewer token" in (await look(guarded)).words


@pytest.mark.parametrize(
    "wanted",
    [
        "//evil.example.com",
        "//[",
        "https://evil.example.com/",
        "/\\evil.example.com",
        "/\t/evil.example.com",
        "javascript:alert(1)",
        "evil",
        "/ok\r\nSet-Cookie: x=y",
        "/" + "x" * 3000,
    ],
)
async def test_a_login_never_leads_elsewhere(guarded: TestClient, wanted: str) -> None:
    assert await log_in(guarded, "olga", PASSWORD, next=wanted) == (303, "/")


async def test_attempts_are_limited_by_name_and_address_and_in_every_process(
    guarded: TestClient, client: Client
) -> None:
    bad, other = {"X-Forwarded-For": "10.2.2.2"}, {"X-Forwarded-For": "10.2.2.3"}
    statuses = [(await log_in(guarded, "olga", "wrong", **bad))[0] for _ in range(MOST_PAIR + 1)]
    assert statuses == [401] * MOST_PAIR + [429]
    assert (await log_in(guarded, "olga", PASSWORD, **bad))[0] == 429, "the right password is not looked at, either"
    async with visit(client, access=guarded.app[FRAME].access, known=None) as second:
        assert (await log_in(second, "olga", PASSWORD, **bad))[0] == 429
    assert (await log_in(guarded, "olga", PASSWORD, **other))[0] == 303
    left = [await client.exists(key.decode()) async for key in client.scan_iter("volley:web:attempts:*")]
    assert len(left) == 4  # two pairs less the one that was forgiven, two addresses, the name


async def test_an_address_cannot_go_through_many_names(guarded: TestClient) -> None:
    bad = {"X-Forwarded-For": "10.3.3.3"}
    statuses = [(await log_in(guarded, f"name-{n}", "wrong", **bad))[0] for n in range(MOST_ADDRESS + 1)]
    assert statuses == [401] * MOST_ADDRESS + [429]


@pytest.mark.parametrize(
    ("proxies", "told", "address"),
    [
        (0, ["6.6.6.6"], "127.0.0.1"),
        (1, ["6.6.6.6, 9.9.9.9"], "9.9.9.9"),
        (1, ["6.6.6.6", "9.9.9.9"], "9.9.9.9"),
        (2, ["6.6.6.6, 9.9.9.9, 10.0.0.1"], "9.9.9.9"),
        (2, ["9.9.9.9"], "127.0.0.1"),
        (1, [], "127.0.0.1"),
    ],
)
def test_an_address_is_what_our_own_proxies_say_and_never_what_a_caller_claims(
    proxies: int, told: list[str], address: str
) -> None:
    request = make_mocked_request("GET", "/", headers=[("X-Forwarded-For", each) for each in told])
    request._transport_peername = ("127.0.0.1", 1)
    assert address_of(request.clone(remote="127.0.0.1"), proxies) == address


# --- sessions ------------------------------------------------------------------------------------------


async def test_a_session_ends_with_the_password_the_user_and_the_role_that_began_it(client: Client) -> None:
    began = Sessions(client, Credentials.read({"VOLLEY_WEB_USERS": USERS}))
    cookies = [await began.begin(OLGA) for _ in range(3)]
    changed = row_of("olga", Role.OPERATOR, "a new password")
    assert await Sessions(client, Credentials.read({"VOLLEY_WEB_USERS": changed})).find(cookies[0]) is None
    assert await Sessions(client, credentials()).find(cookies[1]) is None
    lowered = Credentials.read({"VOLLEY_WEB_USERS": USERS.replace("olga:operator", "olga:viewer")})
    session = await Sessions(client, lowered).find(cookies[2])
    assert session is not None
    assert session.known.role is Role.VIEWER


async def test_a_link_that_was_used_before_there_were_users_is_worth_nothing_with_them(client: Client) -> None:
    known = Known(name="this machine", role=Role.OPERATOR, mark="link")
    cookie = await Sessions(client, Credentials()).begin(known)
    assert await Sessions(client, Credentials()).find(cookie) is not None
    assert await Sessions(client, credentials(VOLLEY_WEB_USERS=USERS)).find(cookie) is None


async def test_a_session_lives_while_it_is_used_and_a_week_at_most(client: Client) -> None:
    clock = [0.0]
    sessions = Sessions(client, Credentials.read({"VOLLEY_WEB_USERS": USERS}), clock=lambda: clock[0])
    cookie = await sessions.begin(OLGA)
    [key] = [key.decode() async for key in client.scan_iter("volley:web:session:*")]
    await client.expire(key, 50)
    await sessions.find(cookie)
    assert await client.ttl(key) > IDLE - 10
    began = int(await client.hget(key, "began_at"))
    await client.hset(key, "began_at", began - LONGEST + 100)
    clock[0] += 10
    assert await sessions.find(cookie) is not None
    assert await client.ttl(key) <= 100
    await client.hset(key, "began_at", began - LONGEST)
    clock[0] += 10
    assert await sessions.find(cookie) is None
    assert not await client.exists(key)


@pytest.mark.parametrize("cookie", ["", "x", "\udcff", "é", "a" * 10_000])
async def test_a_cookie_that_is_none_opens_nothing(client: Client, cookie: str) -> None:
    assert await Sessions(client, Credentials()).find(cookie) is None


# --- one-time links ------------------------------------------------------------------------------------


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
    assert "volley link" in seen.words
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


# --- roles and forms -----------------------------------------------------------------------------------


async def test_a_viewer_sees_everything_and_can_do_nothing(stage: Scene) -> None:
    await stage.submit()
    access = Access(credentials=credentials(VOLLEY_WEB_USERS=USERS))
    async with visit(stage.redis, access=access, known=VERA) as page:
        seen = await look(page, "/campaigns/spring")
        assert "may look, not act" in seen.words
        assert seen.posts == ["/logout"]
        assert (await send(page, "/campaigns/spring/cancel")).status == 403
        assert (await send(page, "/logout")).status == 303
    assert await stage.campaign_state("spring") == "running"


async def test_what_an_operator_does_is_in_the_audit_log_with_name_before_and_after(stage: Scene) -> None:
    await stage.submit()
    access = Access(credentials=credentials(VOLLEY_WEB_USERS=USERS))
    async with visit(stage.redis, access=access, known=OLGA) as page:
        assert (await send(page, "/campaigns/spring/pause")).status == 303
        [entry] = (await page.app[FRAME].audit.read()).entries
        assert (entry.who, entry.action, entry.target) == ("olga", "campaign.pause", "spring")
        assert (entry.before, entry.after, entry.failure) == ("running", "paused", "")
        seen = await look(page, "/audit")
        assert "olga campaign.pause spring running paused" in seen.plain


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
    check_origin(form(**headers))


FOREIGN = [
    {},
    {"Origin": "null"},
    {"Origin": "http://evil.example.com"},
    {"Origin": "http://localhost:9999"},
    {"Origin": "http://localhost:8425.evil.example.com"},
    {"Sec_Fetch_Site": "cross-site"},
    {"Sec_Fetch_Site": "same-site", "Origin": "http://localhost:8425"},
    {"Sec_Fetch_Site": "none"},
]


@pytest.mark.parametrize("headers", FOREIGN)
def test_a_form_from_elsewhere_is_refused(headers: dict[str, str]) -> None:
    with pytest.raises(web.HTTPForbidden):
        check_origin(form(**headers))


async def test_a_login_from_elsewhere_is_refused(guarded: TestClient) -> None:
    """Login CSRF: a victim who is logged in as the attacker would act for the attacker to see."""
    values = {"name": "olga", "password": PASSWORD}
    headers = {"Origin": "http://evil.example.com"}
    assert (await guarded.post("/login", data=values, headers=headers)).status == 403


@pytest.mark.parametrize("offered", ["", "wrong", "é", "x" * 5000])
async def test_a_form_without_its_token_is_refused_even_from_our_own_page(stage: Scene, offered: str) -> None:
    await stage.submit()
    async with visit(stage.redis) as page:
        for values in ({"form_token": offered}, multipart(("form_token", offered)), multipart(("file", "x"))):
            assert (await send(page, "/campaigns/spring/cancel", values)).status == 403
    assert await stage.campaign_state("spring") == "running"


async def test_a_form_of_another_session_is_refused(stage: Scene) -> None:
    await stage.submit()
    async with visit(stage.redis) as page, visit(stage.redis) as other:
        values = {"form_token": await token_of(other)}
        assert (await send(page, "/campaigns/spring/cancel", values)).status == 403
        assert (await send(page, "/campaigns/spring/cancel")).status == 303


async def test_a_multipart_form_carries_the_token_first(stage: Scene) -> None:
    await stage.submit()
    async with visit(stage.redis) as page:
        token = await token_of(page)
        late = multipart(("other", "1"), ("form_token", token))
        assert (await send(page, "/campaigns/spring/pause", late)).status == 403
        first = multipart(("form_token", token), ("other", "1"))
        assert (await send(page, "/campaigns/spring/pause", first)).status == 303


def multipart(*fields: tuple[str, str]) -> FormData:
    data = FormData(default_to_multipart=True)
    for name, value in fields:
        data.add_field(name, value)
    return data


def test_a_form_token_does_not_give_its_cookie_away() -> None:
    assert form_token("one") != form_token("two")
    assert "one" not in form_token("one")


async def test_what_is_kept_of_a_visit_is_in_the_catalogue(guarded: TestClient, client: Client) -> None:
    await log_in(guarded, "olga", PASSWORD)
    await log_in(guarded, "olga", "wrong")
    found = [key.decode() async for key in client.scan_iter("volley:*")]
    assert len(found) >= 4
    assert all(keys.spec_of(key) for key in found)
