"""Deciding about templates.php: add, chg, del, get (S3)."""

from dataclasses import replace
from typing import Any, Final

from ops.sandbox.gateway import Gateway, Visit
from ops.sandbox.limits import IDENTICAL_TEMPLATE
from ops.sandbox.parameters import Parameters, fingerprint
from ops.sandbox.smsc.answers import (
    TOO_MANY,
    Answer,
    Done,
    Refusal,
    Template,
    TemplateAdded,
    Templates,
)
from ops.sandbox.smsc.reading import BAD

FORMATS: Final = frozenset({"", "sms", "flash", "bin", "push", "mms", "call", "mail", "viber"})  # S3
_NOT_FOUND: Final = Refusal(code=3, text="record not found")
_NOT_SAVED: Final = Refusal(code=5, text="save error")  # S3 names no cause; here: a name that another template has


def decide_add(_gateway: Gateway, visit: Visit) -> Answer:
    """Answer `add=1`: `name` and `msg` are needed."""
    parameters, templates = visit.parameters, visit.account.cabinet.templates
    if not parameters.get("name") or not parameters.get("msg") or not _is_format(parameters):
        return BAD
    if (refusal := _refused(visit, own=0)) is not None:
        return refusal
    blank = Template(id=visit.account.cabinet.next_template(), name="", format="", sender="", flag=0, text="")
    template = _changed(blank, parameters)
    templates[template.id] = template
    return TemplateAdded(id=template.id)


def decide_change(_gateway: Gateway, visit: Visit) -> Answer:
    """Answer `chg=1`: what is not given stays."""
    template = _find(visit)
    if not visit.parameters.get("id") or not _is_format(visit.parameters):
        return BAD
    if (refusal := _refused(visit, own=template.id if template else 0)) is not None:
        return refusal
    if template is None:
        return _NOT_FOUND
    visit.account.cabinet.templates[template.id] = _changed(template, visit.parameters)
    return Done()


def decide_delete(_gateway: Gateway, visit: Visit) -> Answer:
    """Answer `del=1`."""
    if not visit.parameters.get("id"):
        return BAD
    if not _admits(visit):
        return Refusal(code=9, text=TOO_MANY)
    template = _find(visit)
    if template is None:
        return _NOT_FOUND
    del visit.account.cabinet.templates[template.id]
    return Done()


def decide_templates(_gateway: Gateway, visit: Visit) -> Answer:
    """Answer `get=1`."""
    if not _admits(visit):
        return Refusal(code=9, text=TOO_MANY)
    return Templates(found=tuple(visit.account.cabinet.templates.values()))


def _refused(visit: Visit, own: int) -> Refusal | None:
    if not _admits(visit):
        return Refusal(code=9, text=TOO_MANY)
    name = visit.parameters.get("name", "")
    others = (other for other in visit.account.cabinet.templates.values() if other.id != own)
    return _NOT_SAVED if any(name == other.name for other in others) else None


def _admits(visit: Visit) -> bool:
    key = fingerprint(visit.parameters, id_counts=True)
    return visit.account.limits.admits(IDENTICAL_TEMPLATE, key, visit.arrived)


def _find(visit: Visit) -> Template | None:
    text = visit.parameters.get("id", "")
    return visit.account.cabinet.templates.get(int(text)) if text.isascii() and text.isdecimal() else None


def _is_format(parameters: Parameters) -> bool:
    return parameters.get("format", "") in FORMATS and parameters.get("fl[1]", "0") in {"0", "1"}


def _changed(template: Template, parameters: Parameters) -> Template:
    given = {"name": "name", "format": "format", "sender": "sender", "text": "msg"}
    changes: dict[str, Any] = {field: parameters[name] for field, name in given.items() if name in parameters}
    if "fl[1]" in parameters:
        changes["flag"] = int(parameters["fl[1]"])
    return replace(template, **changes)
