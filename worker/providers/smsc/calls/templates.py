"""Message templates kept by the provider: templates.php add, chg, del and get (A7 [S3])."""

from dataclasses import dataclass
from typing import Final

from worker.providers.interface import Call, Parameter
from worker.providers.json_values import text, whole
from worker.providers.parameters import flag, one_of
from worker.providers.parameters import whole as whole_number
from worker.providers.requests import Credentials, HttpRequest
from worker.providers.smsc import forms
from worker.providers.smsc.calls.reading import Fields, rows
from worker.providers.smsc.layouts import CREATED, DONE, TEMPLATES

_FORMATS: Final = ("", "sms", "flash", "bin", "push", "mms", "call", "mail", "viber")


@dataclass(frozen=True, slots=True, kw_only=True)
class Template:
    """One template; the first bit of `flag` makes it a signature that is added by itself."""

    id: int
    name: str
    format: str
    sender: str
    flag: int
    message: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Created:
    """The id that the provider gave."""

    id: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Done:
    """The provider said OK."""

    result: str


def templates(credentials: Credentials) -> HttpRequest:
    """All templates (`get=1`, A7 [S3]). Errors 1, 2, 3 (none), 4, 9. At most three identical requests a minute."""
    return forms.request("templates", "templates.php", (("get", "1"),), credentials)


def template_add(
    credentials: Credentials,
    *,
    name: str,
    msg: str,
    format_: str = "",
    sender: str = "",
    signature: bool = False,
) -> HttpRequest:
    """Make a template (`add=1`, A7 [S3]); its id comes back. `format` as in `Template`, `signature` is fl[1] there.

    Errors 1, 2, 4, 5 (not saved), 9. At most three identical requests a minute.
    """
    return _request(credentials, "add", name=name, msg=msg, format_=format_, sender=sender, signature=signature)


def template_change(
    credentials: Credentials,
    *,
    id_: int,
    name: str = "",
    msg: str = "",
    format_: str = "",
    sender: str = "",
    signature: bool | None = None,
) -> HttpRequest:
    """Change what is given of a template (`chg=1`, A7 [S3]); OK comes back.

    Errors 1, 2, 3 (no such template), 4, 5 (not saved), 9. At most three identical requests a minute.
    """
    return _request(
        credentials, "chg", id_=id_, name=name, msg=msg, format_=format_, sender=sender, signature=signature
    )


def template_delete(credentials: Credentials, *, id_: int) -> HttpRequest:
    """Delete a template (`del=1`, A7 [S3]); OK comes back.

    Errors 1, 2, 3 (no such template), 4, 5 (not deleted), 9. At most three identical requests a minute.
    """
    return _request(credentials, "del", id_=id_)


def _request(
    credentials: Credentials, action: str, *, signature: bool | None = None, **values: object
) -> HttpRequest:
    bit = () if signature is None else (("fl[1]", "1" if signature else "0"),)
    fields = ((action, "1"), *forms.fields(values), *bit)
    return forms.request("templates", "templates.php", fields, credentials)


def _template(fields: Fields) -> Template | None:
    identifier = whole(fields.get("id"))
    if identifier is None:
        return None
    return Template(
        id=identifier,
        name=text(fields.get("name")),
        format=text(fields.get("format")),
        sender=text(fields.get("sender")),
        flag=whole(fields.get("flag")) or 0,
        message=text(fields.get("message")),
    )


def _created(fields: Fields) -> Created | None:
    identifier = whole(fields.get("id"))
    return None if identifier is None else Created(id=identifier)


def done(fields: Fields) -> Done | None:
    """`OK`, and nothing else."""
    return Done(result="OK") if fields.get("result") == "OK" else None


_FIELDS: Final = (
    Parameter(
        name="format",
        meaning="kind of message: " + ", ".join(_FORMATS[1:]),
        kind=one_of(*_FORMATS),
        argument="format_",
    ),
    Parameter(name="sender", meaning="sender ID"),
    Parameter(name="fl[1]", meaning="1: added to messages as a signature", kind=flag, argument="signature"),
)
_ID: Final = Parameter(
    name="id", meaning="the template's id", kind=whole_number(1, 10**12), required=True, argument="id_"
)

TEMPLATES_CALL: Final = Call(
    name="templates",
    meaning="the message templates",
    build=templates,
    read=rows(TEMPLATES, _template, none_is_empty=True),
)
ADD_CALL: Final = Call(
    name="template_add",
    meaning="make a template",
    parameters=(
        Parameter(name="name", meaning="its name", required=True),
        Parameter(name="msg", meaning="its text", required=True),
        *_FIELDS,
    ),
    build=template_add,
    read=rows(CREATED, _created),
    needs_yes=True,
)
CHANGE_CALL: Final = Call(
    name="template_change",
    meaning="change a template",
    parameters=(
        _ID,
        Parameter(name="name", meaning="its new name"),
        Parameter(name="msg", meaning="its new text"),
        *_FIELDS,
    ),
    build=template_change,
    read=rows(DONE, done),
    needs_yes=True,
)
DELETE_CALL: Final = Call(
    name="template_delete",
    meaning="delete a template",
    parameters=(_ID,),
    build=template_delete,
    read=rows(DONE, done),
    needs_yes=True,
)
