"""What a send request carries besides: the account's options, and the message's own before them."""

import pytest

from producer.contract.messages import Msisdn, Reference
from worker.providers.registry import FAMILIES, family
from worker.providers.requests import Credentials, Dialect, Outgoing

Options = tuple[tuple[str, str], ...]


def form(name: str, own: Options = (), usual: Options = (), text: str = "Hello", **more: object) -> dict[str, str]:
    message = Outgoing(msisdn=Msisdn("79991234567"), text=text, options=own, **more)  # type: ignore[arg-type]
    credentials = Credentials(base_url="https://p.test", key="k", dialect=Dialect(extra=usual))
    return dict(family(name).sending.build(credentials, [message], Reference("c1")).form)


def test_a_message_s_own_go_before_the_account_s() -> None:
    told = form("smsc", (("flash", "1"), ("translit", "0")), (("translit", "2"), ("tz", "-2")))
    assert (told["flash"], told["translit"], told["tz"]) == ("1", "0", "-2")


@pytest.mark.parametrize("name", FAMILIES)
def test_an_empty_one_takes_the_account_s_away(name: str) -> None:
    assert "flash" in form(name, usual=(("flash", "1"),))
    assert "flash" not in form(name, (("flash", ""),), (("flash", "1"),))


def test_they_travel_in_the_json_endpoint_too() -> None:
    credentials = Credentials(base_url="https://p.test", key="k", dialect=Dialect(rest=True))
    message = Outgoing(msisdn=Msisdn("79991234567"), text="Hello", options=(("imgcode", "q7"), ("userip", "::1")))
    told = dict(family("smsc").sending.build(credentials, [message], Reference("c1")).form)
    assert (told["imgcode"], told["userip"]) == ("q7", "::1")


@pytest.mark.parametrize(
    ("own", "left", "valid"),
    [
        ("2", None, "02:00"),
        ("2", 3600.0, "01:00"),
        ("00:30", 3600.0, "00:30"),
        ("24", 90_000.0, "24:00"),
        ("", 3600.0, "01:00"),
    ],
)
def test_the_shorter_validity_holds(own: str, left: float | None, valid: str) -> None:
    """The campaign's end and the life that it asks of the provider: whichever comes first."""
    assert form("smsc", (("valid", own),), (("valid", "12"),), valid_for=left)["valid"] == valid


def test_messages_of_other_options_never_share_a_request() -> None:
    plain, flash = (
        Outgoing(msisdn=Msisdn(f"7999123456{place}"), text="Hello", options=options)
        for place, options in enumerate(((), (("flash", "1"),)))
    )
    for name in FAMILIES:
        assert family(name).sending.group([plain, flash]) == ((0,), (1,))
        credentials = Credentials(base_url="https://p.test", key="k", dialect=Dialect(v3=True))
        with pytest.raises(ValueError, match="options"):
            family(name).sending.build(credentials, [plain, flash], Reference("c1"))


def test_other_options_are_another_request_to_the_provider() -> None:
    credentials = Credentials(base_url="https://p.test", key="k")
    prints = {
        family("smsc")
        .sending.build(
            credentials,
            [Outgoing(msisdn=Msisdn("79991234567"), text="Hello", options=options)],
            Reference("c1"),
        )
        .fingerprint
        for options in ((), (("flash", "1"),), (("translit", "1"),))
    }
    assert len(prints) == 3


@pytest.mark.parametrize(
    ("text", "own", "usual", "ucs"),
    [
        ("Γεια", (), (), "true"),
        ("Hello", (), (), None),
        ("Hello", (("ucs", "true"),), (), "true"),
        ("Γεια", (("ucs", "false"),), (), None),
        ("Hello", (), (("ucs", "true"),), "true"),
        ("Γεια", (("ucs", ""),), (("ucs", "false"),), "true"),
    ],
)
def test_restv2_letters_decide_about_ucs_unless_it_is_asked_for(
    text: str, own: Options, usual: Options, ucs: str | None
) -> None:
    assert form("restv2", own, usual, text, unicode=text == "Γεια").get("ucs") == ucs


def test_every_option_is_described_and_takes_what_it_says() -> None:
    for name in FAMILIES:
        for option in family(name).send_options:
            assert option.meaning
            assert option.choices or option.pattern or option.most is not None
            for choice in option.choices:
                assert option.checked(choice) == choice
            if option.needs:
                assert option.needs in {other.name for other in family(name).send_options}
