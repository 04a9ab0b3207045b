"""Putting an answer into the format and charset that a request asks for."""

from dataclasses import replace
from typing import Final

from ops.sandbox.gateway import Reply
from ops.sandbox.parameters import CHARSETS, Parameters
from ops.sandbox.scenarios import Fault
from ops.sandbox.smsc.answers import Answer, Taken
from ops.sandbox.smsc.rendering import RENDERERS, render

# A1: recorded JSON answers always name windows-1251, whatever charset was asked for; the other types are guesses.
CONTENT_TYPES: Final = {
    "0": "text/html; charset=windows-1251",
    "1": "text/html; charset=windows-1251",
    "2": "text/xml; charset=windows-1251",
    "3": "application/json; charset=windows-1251",
}


def reply(answer: Answer, parameters: Parameters | None, fault: Fault = Fault.NONE) -> Reply:
    """Write an answer as the client asked for it; without readable parameters as the default, words."""
    fmt = format_of(parameters)
    codec = CHARSETS.get((parameters or {}).get("charset", "").lower(), "cp1251")
    if fault is Fault.NO_ID and isinstance(answer, Taken):
        answer = replace(answer, reference="")
    return Reply(body=render(answer, fmt, codec), content_type=CONTENT_TYPES[fmt], fault=fault)


def format_of(parameters: Parameters | None) -> str:
    """Read `fmt`; absent or unknown it is 0 (A1)."""
    fmt = (parameters or {}).get("fmt", "0")
    return fmt if fmt in RENDERERS else "0"
