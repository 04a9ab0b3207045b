"""What an account is told to speak: formats, charsets, JSON bodies, and what every send request carries besides."""

from collections.abc import Mapping
from typing import Any
from urllib.parse import parse_qs

import orjson
import pytest

from producer.contract.messages import Msisdn, Reference
from worker.providers.encoding import body_of
from worker.providers.outcomes import Submitted
from worker.providers.parameters import BadParameterError, parse
from worker.providers.registry import family
from worker.providers.requests import Answer, Credentials, Dialect, HttpRequest, Outgoing
from worker.providers.smsc.calls import sending
from worker.settings import SettingsError
from worker.settings import parse as parse_settings

SMSC = family("smsc")
RESTV2 = family("restv2")
HELLO = (Outgoing(msisdn=Msisdn("79991234567"), text="Привет"),)


def speaking(**dialect: Any) -> Credentials:
    return Credentials(base_url="https://p.test", login="alex", password="psw", dialect=Dialect(**dialect))


def sent(messages: tuple[Outgoing, ...] = HELLO, **dialect: Any) -> HttpRequest:
    return SMSC.sending.build(speaking(**dialect), messages, Reference("c1"))


@pytest.mark.parametrize(("charset", "codec"), [("windows-1251", "cp1251"), ("koi8-r", "koi8-r"), ("utf-8", "utf-8")])
def test_a_request_is_written_in_the_charset_it_asks_for(charset: str, codec: str) -> None:
    request = sent(charset=charset)
    assert parse_qs(body_of(request).decode(), encoding=codec)["mes"] == ["Привет"]
    assert dict(request.form)["charset"] == charset


def test_a_text_that_a_charset_has_no_letters_for_is_sent_in_utf_8() -> None:
    """`?` instead of a letter would be a wrong SMS."""
    request = sent((Outgoing(msisdn=Msisdn("79991234567"), text="Καλημέρα"),), charset="windows-1251")
    assert dict(request.form)["charset"] == "utf-8"
    assert request.dialect.charset == "utf-8"


@pytest.mark.parametrize("fmt", ["0", "1", "2", "3"])
def test_a_campaign_can_be_sent_in_every_format(fmt: str) -> None:
    request = sent(format=fmt)
    body = {"0": b"OK - 1 SMS, ID - c1", "1": b"c1,1", "2": b"<result><id>c1</id><cnt>1</cnt></result>"}
    answer = Answer(status=200, body=body.get(fmt, b'{"id":"c1","cnt":1}'), dialect=request.dialect)
    [outcome] = SMSC.sending.read(HELLO, Reference("c1"), answer, earlier_attempt=False)
    assert outcome == Submitted(reference=Reference("c1"))


def test_the_json_endpoint_gets_the_same_fields_as_an_object() -> None:
    request = sent(rest=True)
    assert request.path == "/rest/send/"
    told = orjson.loads(body_of(request))
    assert told["mes"] == "Привет"
    assert told["psw"] == "psw"
    assert "fmt" not in told
    assert request.fingerprint == sent().fingerprint, "the provider would call them identical"


def test_the_format_does_not_make_another_request() -> None:
    assert {sent(format=fmt, charset="koi8-r").fingerprint for fmt in ("1", "2", "3")} == {
        sent(format="1").fingerprint,
        sent().fingerprint,
    }


def test_a_send_carries_every_documented_parameter() -> None:
    """A3: the typed function takes them all, and refuses what it does not know."""
    given = {
        "phones": "79991234567",
        "mes": "Hello",
        "sender": "ACME",
        "translit": "1",
        "tinyurl": "1",
        "time": "10-21",
        "tz": "0",
        "valid": "01:30",
        "maxsms": "2",
        "flash": "1",
        "imgcode": "q7",
        "userip": "192.0.2.1",
    }
    cost = SMSC.calls["cost"]
    form = dict(cost.build(speaking(), **parse(cost, given)).form)
    assert form.items() >= given.items()
    assert form["cost"] == "1"
    for number in (0, 2, 3):
        assert dict(sending.build(speaking(), cost=number, list_="7999:a").form)["cost"] == str(number)
    with pytest.raises(ValueError, match="imgcode= needs userip="):
        sending.build(speaking(), cost=0, phones=["79991234567"], mes="a", imgcode="q7")
    with pytest.raises(ValueError, match="no parameter 'speed'"):
        sending.build(speaking(), cost=0, phones=["79991234567"], mes="a", speed=1)
    with pytest.raises(BadParameterError, match=r"tz='ten' is not possible: expected a whole number"):
        parse(cost, given | {"tz": "ten"})


# --- settings ----------------------------------------------------------------------------------------------


def settled(table: Mapping[str, Any], name: str = "smsc") -> Dialect:
    account = {"family": name, "base_url": "https://p.test", "login": "a", "password": "b", **table}
    settings = parse_settings({"accounts": {"one": account}}, {"REDIS_URL": "redis://localhost"})
    [found] = settings.accounts.values()
    return found.credentials.dialect


def test_an_account_speaks_json_in_utf_8_unless_told_otherwise() -> None:
    assert settled({}) == Dialect()
    assert settled({}, "restv2") == Dialect()


def test_an_account_is_told_in_the_providers_own_words() -> None:
    assert settled({"fmt": "2", "charset": "koi8-r", "rest": True}) == Dialect(
        format="2", charset="koi8-r", rest=True
    )
    assert settled({"type": "xml"}, "restv2").format == "xml"
    assert settled({"send": {"translit": "1", "tz": "0"}}).extra == (("translit", "1"), ("tz", "0"))
    assert settled({"send": {"flash": "true"}}, "restv2").extra == (("flash", "true"),)


@pytest.mark.parametrize(
    ("table", "name", "says"),
    [
        ({"fmt": "4"}, "smsc", "fmt must be one of 3, 0, 1, 2"),
        ({"charset": "latin-1"}, "smsc", "charset must be one of utf-8, windows-1251, koi8-r"),
        ({"type": "yaml"}, "restv2", "type must be one of json, v2, xml"),
        ({"rest": True}, "restv2", "unknown setting 'rest'"),
        ({"send": {"cost": "1"}}, "smsc", "unknown parameter 'cost'"),
        ({"send": {"maxsms": "many"}}, "smsc", "maxsms must be a whole number from 1 to 255"),
    ],
)
def test_a_wrong_dialect_stops_the_start_and_names_itself(table: Mapping[str, Any], name: str, says: str) -> None:
    with pytest.raises(SettingsError, match=says):
        settled(table, name)


def test_an_accounts_own_options_are_in_every_send() -> None:
    assert dict(sent(extra=(("translit", "1"),)).form)["translit"] == "1"
    request = RESTV2.sending.build(speaking(extra=(("flash", "true"),)), HELLO, Reference("c1"))
    assert dict(request.form)["flash"] == "true"
