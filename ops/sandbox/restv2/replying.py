"""Putting an answer into the type that a request asks for."""

from dataclasses import replace
from typing import Final

import orjson

from ops.sandbox.gateway import Reply, Visit
from ops.sandbox.parameters import Parameters
from ops.sandbox.restv2.answers import Answer, Sent
from ops.sandbox.restv2.rendering import as_json, as_text, as_xml
from ops.sandbox.scenarios import Fault

KINDS: Final = ("v2", "json", "xml")  # S0
# What a host without version 3 says to its calls is a guess: a page that is not there.
NOT_FOUND: Final = Reply(
    body=b"<html><head><title>404 Not Found</title></head><body>Not Found</body></html>",
    content_type="text/html; charset=utf-8",
    status=404,
)


def answer_to(visit: Visit, answer: Answer, fault: Fault = Fault.NONE) -> Reply:
    """Write an answer for a known account."""
    return reply(answer, kind_of(visit.parameters), fault, odd=visit.account.odd_pipes)


def reply(answer: Answer, kind: str, fault: Fault = Fault.NONE, *, odd: bool = False) -> Reply:
    """Write an answer as `kind` asks: `json`, `xml`, or plain."""
    if fault is Fault.NO_ID and isinstance(answer, Sent):
        answer = replace(answer, id="")
    match kind:
        case "json":
            body = orjson.dumps(as_json(answer))
            return Reply(body=body, content_type="application/json; charset=utf-8", fault=fault)
        case "xml":
            return Reply(body=as_xml(answer).encode(), content_type="text/xml; charset=utf-8", fault=fault)
        case _:
            text = as_text(answer, odd=odd)
            return Reply(body=text.encode(), content_type="text/html; charset=utf-8", fault=fault)


def kind_of(parameters: Parameters) -> str:
    """Read `type`; v2 is the default (S0), also for what is no type (a guess)."""
    kind = parameters.get("type", "v2")
    return kind if kind in KINDS else "v2"
