"""How smsc messages become send.php requests: which may share one, and what the form holds.

Reading the answer is in `submissions`; this module is the family's `Sending`.
"""

import re
from collections.abc import Iterator, Sequence
from typing import Final

from producer.contract.messages import Reference
from worker.providers.requests import Credentials, HttpRequest, Outgoing
from worker.providers.smsc import forms
from worker.providers.smsc.limits import RULES
from worker.providers.smsc.submissions import read

__all__ = ["build", "group", "read"]

_CLIENT_ID: Final = re.compile(r"(?=.*[A-Za-z._-])[A-Za-z0-9._-]{1,40}")
"""A3 [G-go G-msg G-net G-cs]. A number is allowed too, of 32 bits; with a letter in it no id can be taken for one."""
_FROM_ATTEMPT_TO_ATTEMPT: Final = frozenset({"id", "valid"})
_EXTRAS: Final = {
    "0": (),  # how cost and bad numbers are told in these formats is not known (A3 [?])
    "1": (("cost", "3"),),
    "2": (("cost", "3"), ("op", "1"), ("err", "1")),
    "3": (("cost", "3"), ("op", "1"), ("err", "1")),
}
_LIST_SYNTAX: Final = re.compile(r"[\r\n|]")


def group(messages: Sequence[Outgoing]) -> tuple[tuple[int, ...], ...]:
    """The places of `messages` that may share a request, in as few requests as the provider allows.

    One sender ID and one validity per request, no MSISDN twice (A3: id and phone are what tells messages
    apart), and a text that `list` cannot carry only together with the same text.
    """
    groups: list[list[int]] = []
    newest: dict[tuple[str, ...], int] = {}
    taken: list[set[str]] = []
    for place, message in enumerate(messages):
        kind = _kind(message)
        at = newest.get(kind)
        if at is None or len(groups[at]) == RULES.most_per_request or message.msisdn in taken[at]:
            at = newest[kind] = len(groups)
            groups.append([])
            taken.append(set())
        groups[at].append(place)
        taken[at].add(message.msisdn)
    return tuple(map(tuple, groups))


def build(credentials: Credentials, messages: Sequence[Outgoing], client_id: Reference) -> HttpRequest:
    """One send.php request for what `group` put together; ValueError for anything else.

    `op` and `err` make refused numbers show in the answer, `cost=3` adds cost and balance at no price (A3).
    Without them (fmt 0 and 1) a bad number is seen by its status later.
    """
    _check(messages, client_id)
    dialect = credentials.dialect
    fields = (*_content(messages), ("id", client_id), *_options(messages, dialect.extra))
    if dialect.rest:
        return forms.rest_request("send", (*fields, *_EXTRAS["3"]), credentials, besides=_FROM_ATTEMPT_TO_ATTEMPT)
    extras = _EXTRAS[dialect.format or "3"]
    return forms.request("send", "send.php", (*fields, *extras), credentials, besides=_FROM_ATTEMPT_TO_ATTEMPT)


def _kind(message: Outgoing) -> tuple[str, ...]:
    """What messages must have in common to share a request."""
    same = (message.sender, _valid(message.valid_for), "&".join(map("=".join, message.options)))
    return same if _fits_list(message.text) else (*same, message.text)


def _fits_list(text: str) -> bool:
    """Whether a `list` row can carry `text`. Rows end at a line break, and the escape that `nl=1` wants was
    never seen; `|` separates a row's sender ID, and whether it is looked for in the text is not known (A3).
    """
    return _LIST_SYNTAX.search(text) is None


def _check(messages: Sequence[Outgoing], client_id: Reference) -> None:
    if not 1 <= len(messages) <= RULES.most_per_request:
        raise ValueError(f"{len(messages)} messages in one request (1 to {RULES.most_per_request} are possible)")
    if len({message.msisdn for message in messages}) < len(messages):
        raise ValueError("an MSISDN twice in one request: its messages could not be told apart later")
    if len({(message.sender, message.options) for message in messages}) > 1:
        raise ValueError("several sender IDs or options in one request")
    if not _CLIENT_ID.fullmatch(client_id):
        raise ValueError(
            f"not a client id for smsc: {client_id[:60]!r} (1 to 40 of A-Z a-z 0-9 . _ -, not all digits)"
        )


def _content(messages: Sequence[Outgoing]) -> tuple[tuple[str, str], ...]:
    """`phones` and `mes` for one text, `list` for several. The `+` keeps the provider from "correcting" a
    number that looks to it like a mistyped Russian one (A3 [W-send, G-net]).
    """
    if len({message.text for message in messages}) == 1:
        phones = ",".join(f"+{message.msisdn}" for message in messages)
        return (("phones", phones), ("mes", messages[0].text))
    if not all(_fits_list(message.text) for message in messages):
        raise ValueError("different texts of which one has a line break or `|` cannot share a request")
    return (("list", "\n".join(f"+{message.msisdn}:{message.text}" for message in messages)),)


def _options(messages: Sequence[Outgoing], usual: Sequence[tuple[str, str]]) -> Iterator[tuple[str, str]]:
    """Sender ID, options and validity, where they are given; of several validities the shortest.

    `usual` are the account's options: the messages' own go before them, and an empty one takes it away.
    """
    asked = {**dict(usual), **dict(messages[0].options)}
    spans = [message.valid_for for message in messages if message.valid_for is not None]
    if valid := asked.get("valid"):
        spans.append(_seconds(valid))
    if spans:
        asked["valid"] = _valid(min(spans))
    if messages[0].sender:
        yield "sender", messages[0].sender
    yield from ((name, value) for name, value in asked.items() if value)


def _seconds(valid: str) -> float:
    """What `valid` asks for: `2` hours, or `01:30`."""
    hours, _, minutes = valid.partition(":")
    return int(hours) * 3600.0 + int(minutes or 0) * 60.0


def _valid(valid_for: float | None) -> str:
    """`hh:mm` from 00:01 to 24:00 (A3 [G-msg G-net]), rounded down: not a minute longer than asked for."""
    if valid_for is None:
        return ""
    minutes = int(min(max(valid_for, 60.0), 86_400.0)) // 60
    return f"{minutes // 60:02}:{minutes % 60:02}"
