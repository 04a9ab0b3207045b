"""Requests: what may share one, what makes two identical, and where secrets never are."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from producer.contract.messages import Msisdn, Reference
from worker.providers.registry import FAMILIES, family
from worker.providers.requests import Credentials, Dialect, HttpRequest, Outgoing

SECRETS = ("login-q7", "password-q7", "key-q7")
BY_KEY = Credentials(base_url="https://p.test", login="login-q7", password="password-q7", key="key-q7")
V3 = Credentials(base_url="https://p.test", key="key-q7", dialect=Dialect(v3=True))
BY_NAME = Credentials(base_url="https://p.test", login="login-q7", password="password-q7")

msisdns = st.integers(79990000000, 79990000040).map(lambda number: Msisdn(str(number)))
texts = st.text(max_size=30) | st.sampled_from(["Hello", "a\nb", "a|b"])
outgoing = st.builds(
    Outgoing,
    msisdn=msisdns,
    text=texts,
    sender=st.sampled_from(["", "ACME"]),
    unicode=st.booleans(),
    valid_for=st.none() | st.floats(0, 200_000),
)


def _one(text: str = "Hello", **more: object) -> Outgoing:
    return Outgoing(msisdn=Msisdn("79991234567"), text=text, **more)  # type: ignore[arg-type]  # a test's shorthand


def _build(name: str, *messages: Outgoing, client_id: str = "c1", by: Credentials = BY_KEY) -> HttpRequest:
    return family(name).sending.build(by, messages, Reference(client_id))


@pytest.mark.parametrize("name", FAMILIES)
@settings(max_examples=40, deadline=None)  # long lists, because groups end at a hundred
@given(messages=st.lists(outgoing, max_size=150))
def test_every_group_can_be_built_and_every_message_is_in_one(name: str, messages: list[Outgoing]) -> None:
    groups = family(name).sending.group(messages)
    assert sorted(place for group in groups for place in group) == list(range(len(messages)))
    for places in groups:
        members = [messages[place] for place in places]
        assert len(members) <= family(name).rules.most_per_request
        assert len({member.msisdn for member in members}) == len(members)
        form = dict(_build(name, *members, by=V3).form)
        rows = form["list"].split("\n") if "list" in form else [*(form.get("phones") or form["to"]).split(",")]
        assert len(rows) == len(members)


@pytest.mark.parametrize("name", FAMILIES)
@pytest.mark.parametrize("by", [BY_KEY, BY_NAME], ids=["key", "name"])
@given(message=outgoing)
def test_no_secret_is_in_form_repr_or_fingerprint(name: str, by: Credentials, message: Outgoing) -> None:
    request = _build(name, message, by=by)
    shown = f"{request!r} {request.form!r} {request.fingerprint} {by!r}"
    assert not any(secret in shown for secret in SECRETS)
    carried = " ".join(value for _, value in request.credentials)
    assert by.key in carried
    assert by.key or by.password in carried


def test_neither_text_nor_msisdn_is_in_a_repr() -> None:
    message = _one("a secret word")
    shown = repr(message) + repr(_build("smsc", message)) + repr(_build("restv2", message))
    assert "a secret word" not in shown
    assert message.msisdn not in shown


def test_credentials_are_a_key_or_a_name_and_password() -> None:
    assert _build("smsc", _one()).credentials == (("apikey", "key-q7"),)
    assert _build("smsc", _one(), by=BY_NAME).credentials == (("login", "login-q7"), ("psw", "password-q7"))
    assert _build("restv2", _one()).credentials == (("key", "key-q7"),)
    assert _build("restv2", _one(), by=BY_NAME).credentials == (
        ("username", "login-q7"),
        ("password", "password-q7"),
    )
    key = family("restv2").key
    assert key
    assert key.build(BY_KEY).credentials == (("username", "login-q7"), ("password", "password-q7"))


def test_a_second_attempt_is_identical_to_the_provider() -> None:
    first = _build("smsc", _one(valid_for=7200), client_id="c1")
    second = _build("smsc", _one(valid_for=3600), client_id="c2", by=BY_NAME)
    assert first.fingerprint == second.fingerprint
    assert len(first.fingerprint) == 32
    assert first.form != second.form


def test_a_fingerprint_is_the_same_on_every_host() -> None:
    """The fence is shared by all workers: a value that changes between releases or runs would open it."""
    assert _build("smsc", _one()).fingerprint == "df26023f6d368cf7035b89d8e51522bc"


@pytest.mark.parametrize("other", [_one("Hello!"), _one(sender="ACME")], ids=["text", "sender"])
def test_other_parameters_are_another_request(other: Outgoing) -> None:
    assert _build("smsc", _one()).fingerprint != _build("smsc", other).fingerprint


def test_a_family_without_the_rule_has_no_fingerprint() -> None:
    assert not _build("restv2", _one()).fingerprint
    assert family("restv2").rules.fence == 0


def test_what_group_would_not_put_together_is_refused() -> None:
    one, two = _one(), Outgoing(msisdn=Msisdn("79991234568"), text="a\nb")
    with pytest.raises(ValueError, match="an MSISDN twice"):
        _build("smsc", one, _one("Bye"))
    with pytest.raises(ValueError, match="line break"):
        _build("smsc", one, two)
    with pytest.raises(ValueError, match="several sender IDs"):
        _build("smsc", one, Outgoing(msisdn=Msisdn("79991234568"), text="Hello", sender="ACME"))
    with pytest.raises(ValueError, match="0 messages"):
        _build("smsc")
    with pytest.raises(ValueError, match="not a client id"):
        _build("smsc", one, client_id="c 1")
    with pytest.raises(ValueError, match="not a client id"):
        _build("smsc", one, client_id="99999999999")
    with pytest.raises(ValueError, match="one text"):
        _build("restv2", one, two, by=V3)
    with pytest.raises(ValueError, match="version 3"):
        _build("restv2", one, Outgoing(msisdn=Msisdn("79991234568"), text="Hello"))


def test_campaigns_of_different_validity_do_not_shorten_each_other() -> None:
    short, long = _one(valid_for=600), Outgoing(msisdn=Msisdn("79991234568"), text="Hello", valid_for=86_400)
    assert family("smsc").sending.group([short, long]) == ((0,), (1,))
