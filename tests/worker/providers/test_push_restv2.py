"""restv2 per-message callbacks (B9): our own token is all the proof there is."""

from urllib.parse import parse_qsl, urlencode, urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st

from producer.contract.messages import Reference
from producer.contract.states import Event
from worker.providers.pushes import Forged, PushKey, PushRequest, TokenReport, Unreadable, message_token
from worker.providers.requests import Credentials, Dialect, Outgoing
from worker.providers.restv2 import push, sending

SECRET = "a-secret-of-our-own"
KEY = PushKey(secret=SECRET)
CLIENT_ID = Reference("v00112233445566aa")
TOKEN = {"r": CLIENT_ID, "s": message_token(CLIENT_ID, SECRET)}


def called(query: dict[str, str], body: dict[str, str] | None = None) -> PushRequest:
    return PushRequest(query=query, body=urlencode(body or {}).encode())


@pytest.mark.parametrize(
    ("status", "event"),
    [
        ("d", Event.REPORT_DELIVERED),
        ("f", Event.REPORT_UNDELIVERED),
        ("delivered", Event.REPORT_DELIVERED),
        ("x", None),
    ],
)
@pytest.mark.parametrize("posted", [True, False])
def test_a_report_by_get_or_post_names_both_ids(status: str, event: Event | None, *, posted: bool) -> None:
    fields = {"msgid": "1234567890", "status": status}
    read = push.read(called(TOKEN, fields) if posted else called(TOKEN | fields), KEY)
    assert isinstance(read, TokenReport)
    assert (read.report.reference, read.client_id, read.report.event) == ("1234567890", CLIENT_ID, event)


FORGERIES = {
    "no token": {"r": CLIENT_ID},
    "another message's token": {"r": CLIENT_ID, "s": message_token("v99", SECRET)},
    "another secret": {"r": CLIENT_ID, "s": message_token(CLIENT_ID, "guessed")},
    "nothing at all": {},
}


@pytest.mark.parametrize("query", FORGERIES.values(), ids=FORGERIES)
def test_without_the_token_of_that_message_nothing_is_believed(query: dict[str, str]) -> None:
    assert isinstance(push.read(called(query | {"msgid": "1", "status": "d"}), KEY), Forged)


def test_a_posted_field_cannot_put_the_message_of_the_address_right() -> None:
    wrong = {"r": CLIENT_ID, "s": "0" * 24}
    assert isinstance(push.read(called(wrong, TOKEN | {"msgid": "1", "status": "d"}), KEY), Forged)


def test_a_report_without_number_or_status_is_unreadable() -> None:
    assert isinstance(push.read(called(TOKEN | {"msgid": "0", "status": "d"}), KEY), Unreadable)
    assert isinstance(push.read(called(TOKEN | {"msgid": "7"}), KEY), Unreadable)


@given(body=st.binary(max_size=300), query=st.dictionaries(st.text(max_size=6), st.text(max_size=30), max_size=4))
def test_nothing_is_ever_raised(body: bytes, query: dict[str, str]) -> None:
    assert isinstance(push.read(PushRequest(query=query, body=body), KEY), Forged)


@pytest.mark.parametrize("v3", [True, False])
def test_the_address_goes_out_where_version_3_is_spoken(*, v3: bool) -> None:
    credentials = Credentials(
        base_url="https://net2sms.gr",
        key="k",
        callback="https://sms.example.com/callbacks/athens/0123",
        callback_secret=SECRET,
        dialect=Dialect(v3=v3),
    )
    request = sending.build(credentials, [Outgoing(msisdn="306912345678", text="Hi")], CLIENT_ID)
    form = dict(request.form)
    if not v3:
        assert "callback" not in form
        return
    query = dict(parse_qsl(urlsplit(form["callback"]).query))
    assert isinstance(push.read(called(query | {"msgid": "5", "status": "d"}), KEY), TokenReport)
    assert SECRET not in repr(request)
    assert SECRET not in form["callback"]
