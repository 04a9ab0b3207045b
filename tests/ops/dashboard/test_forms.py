"""Roles and forms: what a role may do, and which forms are taken."""

import pytest
from aiohttp import FormData, web
from aiohttp.test_utils import TestClient, make_mocked_request

from ops.dashboard.access import Access
from ops.dashboard.access.guard import check_origin
from ops.dashboard.access.sessions import form_token
from ops.web import FRAME
from tests.ops.dashboard.entering import OLGA, PASSWORD, USERS, VERA
from tests.ops.dashboard.visiting import check, credentials, look, send, token_of, visit
from tests.worker.scene import Scene


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
        assert "olga paused the campaign campaign.pause spring running paused" in seen.plain


@pytest.mark.parametrize(
    ("referer", "ways"),
    [
        ("/campaigns/spring?said=paused", ["/campaigns/spring?said=paused", "/"]),
        ('/a"><script>alert(1)</script>', ['/a"><script>alert(1)</script>', "/"]),
        ("//evil.example/", ["/"]),
    ],
)
async def test_what_was_refused_leads_back_to_the_form(page: TestClient, referer: str, ways: list[str]) -> None:
    here = str(page.make_url("/")).rstrip("/")
    answer = await send(page, "/campaigns/never/pause", Referer=f"{here}{referer}")
    seen = check(await answer.text())
    assert (answer.status, seen.loads[-len(ways) :]) == (404, ways)
    assert seen.words.count("Back to") == len(ways)
    elsewhere = await send(page, "/campaigns/never/pause", Referer=f"http://evil.example{referer}")
    assert "Back to where you were" not in await elsewhere.text()


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
