"""What is asked of a provider and what comes back: credentials, a request, its answer, a message about to leave."""

from dataclasses import dataclass, field
from typing import Final

from msgspec import Struct

from producer.contract.messages import Msisdn

LONGEST_ANSWER: Final = 64 * 1024
"""Bytes, after decompression, of an answer that is not a list: a hundred messages that were sent are 20 KB."""

LONGEST_LIST: Final = 8 * 1024 * 1024
"""Bytes of any list: a history page is a thousand rows, each with a text of perhaps 6 KB as JSON may write it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Dialect:
    """How an account asks, and wants its answers. Empty: the family's default, which is JSON in utf-8.

    `format` is the provider's own word for it: smsc `fmt` 0 to 3, restv2 `type` v2, json or xml.
    `charset` is of request and answer alike, where a family knows more than one.
    """

    format: str = ""
    charset: str = ""
    v3: bool = False  # restv2: the calls of version 3 may be tried
    rest: bool = False  # smsc: campaigns are sent as JSON bodies to rest/send/
    extra: tuple[tuple[str, str], ...] = ()  # what every send request of the account carries besides


@dataclass(frozen=True, slots=True, kw_only=True)
class Credentials:
    """What an account authenticates with, and how it speaks. `repr` shows nothing secret."""

    base_url: str
    login: str = field(default="", repr=False)
    password: str = field(default="", repr=False)
    key: str = field(default="", repr=False)
    callback: str = field(default="", repr=False)  # our address for reports about single messages, with its token
    callback_secret: str = field(default="", repr=False)
    dialect: Dialect = Dialect()


class HttpRequest(Struct, frozen=True, kw_only=True, gc=False):
    """One provider request: POST of a form to `path` under the account's base URL.

    `call` names it in limits, metrics and the journal (`send`, `status`, `messages`, …). `form` holds no
    credentials: `credentials` is added by the exchange when the bytes leave, and is never journalled.
    `fingerprint` is what the provider would call identical (empty: no identical-request rule applies).
    """

    call: str
    path: str
    form: tuple[tuple[str, str], ...]  # texts and MSISDNs: never in a log line
    credentials: tuple[tuple[str, str], ...] = ()
    fingerprint: str = ""
    dialect: Dialect = Dialect()  # what the form asks for
    is_json: bool = False  # the form leaves as a JSON object

    def __repr__(self) -> str:
        """Without what the form and the credentials hold."""
        return f"HttpRequest(call={self.call!r}, path={self.path!r}, fields={len(self.form)})"


class Answer(Struct, frozen=True, kw_only=True, gc=False):
    """What came back: HTTP status and the whole body (bounded by the exchange).

    `dialect` is what the request asked for: the answer is read by it, never by what its header claims.
    """

    status: int
    body: bytes
    dialect: Dialect = Dialect()


class Outgoing(Struct, frozen=True, kw_only=True, gc=False):
    """One message about to be submitted: rendered text, and whether it needs UCS-2."""

    msisdn: Msisdn
    text: str
    sender: str = ""
    unicode: bool = False
    valid_for: float | None = None  # seconds of validity left, None: the provider's default
    options: tuple[tuple[str, str], ...] = ()  # `Family.send_options` asked for, before the account's own; sorted

    def __repr__(self) -> str:
        """Without number and text."""
        return f"Outgoing(sender={self.sender!r}, unicode={self.unicode})"
