"""A restv2 send in every answer type: what is a success, what is a refusal, what is neither."""

import pytest

from producer.contract.messages import Msisdn, Reference
from worker.providers.outcomes import Deferred, Outcome, Rejected, Submitted, Uncertain
from worker.providers.registry import family
from worker.providers.requests import Answer, Credentials, Dialect, Outgoing

HELLO = [Outgoing(msisdn=Msisdn("306912345678"), text="Hello")]
OK = {
    "v2": b"1234567890\r\n",
    "json": b'{"status":"1","id":"1234567890","balance":"1234","remarks":"Success"}',
    "xml": b"<response><status>1</status><id>1234567890</id><balance>1234</balance></response>",
}


def outcome(kind: str, body: bytes, status: int = 200) -> Outcome:
    credentials = Credentials(base_url="https://p.test", key="k", dialect=Dialect(format=kind))
    request = family("restv2").sending.build(credentials, HELLO, Reference("c1"))
    assert dict(request.form)["type"] == kind
    answer = Answer(status=status, body=body, dialect=request.dialect)
    [found] = family("restv2").sending.read(HELLO, Reference("c1"), answer, earlier_attempt=False)
    return found


@pytest.mark.parametrize("kind", OK)
def test_a_send_is_read_alike_in_every_type(kind: str) -> None:
    assert outcome(kind, OK[kind]) == Submitted(reference=Reference("1234567890"))


@pytest.mark.parametrize("kind", OK)
@pytest.mark.parametrize("other", OK)
def test_an_answer_of_another_type_is_no_success(kind: str, other: str) -> None:
    assert kind == other or isinstance(outcome(kind, OK[other]), Uncertain)


@pytest.mark.parametrize(
    ("kind", "body"),
    [
        ("v2", b"0"),
        ("json", b'{"status":"0","id":"0"}'),
        ("xml", b"<response><status>0</status><id>0</id></response>"),
    ],
)
def test_a_failure_without_a_reason_may_be_tried_again(kind: str, body: bytes) -> None:
    assert isinstance(outcome(kind, body), Deferred)


def test_an_error_number_is_known_in_xml_too() -> None:
    body = b"<response><status>0</status><error>103</error><remarks>no</remarks></response>"
    assert isinstance(outcome("xml", body), Rejected)


@pytest.mark.parametrize(
    "body", [b"", b"101", b"106", b"000000", b"<html>1234567890</html>", b"1234567890 1234567891"]
)
def test_what_is_not_plainly_an_id_is_uncertain(body: bytes) -> None:
    """In plain text an error number and an id look alike: a short number must not count as a success."""
    assert isinstance(outcome("v2", body), Uncertain)


@pytest.mark.parametrize("kind", OK)
def test_a_success_with_an_http_error_is_none(kind: str) -> None:
    assert isinstance(outcome(kind, OK[kind], status=503), Uncertain)
