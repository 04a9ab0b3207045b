"""Name and password, and the session that they begin: how it is attempted, limited, and ended."""

import pytest
from aiohttp import FormData
from aiohttp.test_utils import TestClient, make_mocked_request

from ops.dashboard.access import Credentials, Known, Role, address_of, make_link
from ops.dashboard.access.attempts import MOST_ADDRESS, MOST_PAIR
from ops.dashboard.access.sessions import IDLE, LONGEST, Sessions
from ops.web import FRAME
from producer.contract.client import Client
from producer.contract.key_rows import spec_of
from tests.ops.dashboard.entering import OLGA, PASSWORD, USERS, log_in, row
from tests.ops.dashboard.visiting import VIEWER_TOKEN, credentials, look, origin, send, visit


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
    changed = row("olga", Role.OPERATOR, "a new password")
    assert await Sessions(client, Credentials.read({"VOLLEY_WEB_USERS": changed})).find(cookies[0]) is None
    assert await Sessions(client, credentials()).find(cookies[1]) is None
    lowered = Credentials.read({"VOLLEY_WEB_USERS": USERS.replace("olga:operator", "olga:viewer")})
    session = await Sessions(client, lowered).find(cookies[2])
    assert session is not None
    assert session.known.role is Role.VIEWER


async def test_where_there_are_users_a_link_is_told_to_open_nothing(guarded: TestClient, client: Client) -> None:
    """It used to be said to be used up, whereupon people made another one."""
    shown = await guarded.get(
        (await make_link(client, "http://127.0.0.1:8080/")).removeprefix("http://127.0.0.1:8080")
    )
    assert shown.status == 403
    assert "This page has users: no link opens it. Log in." in await shown.text()


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


async def test_what_is_kept_of_a_visit_is_in_the_catalogue(guarded: TestClient, client: Client) -> None:
    await log_in(guarded, "olga", PASSWORD)
    await log_in(guarded, "olga", "wrong")
    found = [key.decode() async for key in client.scan_iter("volley:*")]
    assert len(found) >= 4
    assert all(spec_of(key) for key in found)
