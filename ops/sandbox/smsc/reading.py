"""Reading a send request of the smsc family strictly: a request, or the documented error."""

import re
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Final

from ops.sandbox.ledger import LONGEST_LIFE
from ops.sandbox.parameters import Parameters
from ops.sandbox.segments import count_segments, cut_text
from ops.sandbox.smsc.answers import Refusal
from ops.sandbox.smsc.dates import delay_of
from ops.sandbox.smsc.translit import transliterated

BAD: Final = Refusal(code=1)
BAD_DATE: Final = Refusal(code=5)

SMS, FLASH = 0, 1  # A4 `type`
_LONGEST_TEXT: Final = 1000  # A3 `mes`
_PHONE: Final = re.compile(r"[0-9]{7,15}")  # E.164: at most 15 digits
_TEXT_ID: Final = re.compile(r"[A-Za-z0-9._-]{1,40}")  # A3 `id`
_VALID: Final = re.compile(r"([1-9]|1[0-9]|2[0-4])|(?!00:00)([01][0-9]|2[0-3]):[0-5][0-9]|24:00")  # A3 `valid`
_SENDER: Final = re.compile(r"[ -~]{0,11}|[0-9]{12,15}")  # A3 `sender`; empty or `.`: default switched off
_ROW: Final = re.compile(r"(?:(?P<sender>[^|:;]*)\|)?(?P<phones>[^|:;]*)[:;](?P<text>.+)", re.DOTALL)  # A3 `list`
_SWITCHES: Final = {
    "op": "01",
    "err": "01",
    "cost": "0123",
    "flash": "01",
    "nl": "01",
    "translit": "012",
    "tinyurl": "01",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One phone and its text; `phone` is as given, without a leading +."""

    phone: str
    text: str
    sender: str
    segments: int
    tz: str = ""  # its own, of a `list` row
    delay: float = 0.0  # seconds until it leaves

    @property
    def is_phone(self) -> bool:
        """Whether the phone is in international form."""
        return is_phone(self.phone)


@dataclass(frozen=True, slots=True, kw_only=True)
class SendRequest:
    """What one send asks for. `reference` "": the gateway assigns one. `valid` is seconds from when it leaves."""

    rows: tuple[Row, ...]
    reference: str
    valid: float
    kind: int
    cost: int
    lists_all: bool
    lists_bad: bool


def read_send(
    parameters: Parameters, now_unix: float, shortened: Callable[[str], str] = str
) -> SendRequest | Refusal:
    """Read the parameters of `send.php` (A3); `shortened` makes short links in a text (tinyurl=1)."""
    reference = read_reference(parameters.get("id", ""))
    rows = _rows(parameters, _wording(parameters, shortened))
    if reference is None or not rows or not _is_well_formed(parameters):
        return BAD
    delays = [delay_of(parameters.get("time", ""), row.tz or parameters.get("tz", ""), now_unix) for row in rows]
    if None in delays:
        return BAD_DATE
    return SendRequest(
        rows=tuple(replace(row, delay=delay or 0.0) for row, delay in zip(rows, delays, strict=True)),
        reference=reference,
        valid=_life(parameters.get("valid", "")),
        kind=FLASH if parameters.get("flash") == "1" else SMS,
        cost=int(parameters.get("cost") or 0),
        lists_all=parameters.get("op") == "1",
        lists_bad=parameters.get("err") == "1",
    )


def read_reference(text: str) -> str | None:
    """Read a client id: "" if absent, None if neither 1..2147483647 nor a textual one (A3)."""
    if text.isdecimal() and text.isascii() and len(text) <= 40:
        return str(int(text)) if 1 <= int(text) <= 2_147_483_647 else None
    return text if not text or _TEXT_ID.fullmatch(text) else None


def read_phones(text: str) -> list[str]:
    """Split a list of phones at `,` and `;`; a leading + is only a spelling."""
    return [bare_phone(part) for part in re.split("[,;]", text) if part.strip()]


def whole_number(text: str) -> int | None:
    """Read digits; None for anything else."""
    return int(text) if text.isascii() and text.isdecimal() and len(text) <= 15 else None


def is_phone(text: str) -> bool:
    """Whether a bare phone is in international form."""
    return _PHONE.fullmatch(text) is not None


def bare_phone(text: str) -> str:
    """Take blanks and the leading + from a phone."""
    return text.strip().removeprefix("+")


def _is_well_formed(parameters: Parameters) -> bool:
    switches = all(parameters.get(name, "0") in {"", *allowed} for name, allowed in _SWITCHES.items())
    valid, most = parameters.get("valid", ""), parameters.get("maxsms", "")
    sender = _SENDER.fullmatch(parameters.get("sender", ""))
    return bool(
        switches and sender and (not valid or _VALID.fullmatch(valid)) and (not most or _is_small(most)),
    )


def _life(valid: str) -> float:
    """Read `valid`: hours, or `hh:mm`; 24 hours where it is absent (A3)."""
    hours, _, minutes = valid.partition(":")
    return int(hours) * 3600.0 + int(minutes or 0) * 60.0 if valid else LONGEST_LIFE


def _is_small(text: str) -> bool:
    return text.isascii() and text.isdecimal() and 1 <= len(text) <= 3 and int(text) > 0


def _wording(parameters: Parameters, shortened: Callable[[str], str]) -> Callable[[str], str]:
    """Make the function that turns a text as given into the text that is sent."""
    most, kind, tiny = _most(parameters), parameters.get("translit", "0"), parameters.get("tinyurl") == "1"

    def worded(text: str) -> str:
        if tiny:
            text = shortened(text)
        if kind not in {"", "0"}:
            text = transliterated(text, kind)
        return cut_text(text, most) if most else text

    return worded


def _rows(parameters: Parameters, worded: Callable[[str], str]) -> tuple[Row, ...]:
    """Read `phones` and `mes`, or `list`; empty when they are missing, empty, too long or both given."""
    phones, listed = parameters.get("phones", ""), parameters.get("list", "")
    if bool(phones) == bool(listed):
        return ()
    sender = parameters.get("sender", "")
    if phones:
        return _same_text(read_phones(phones), parameters.get("mes", ""), sender, worded)
    return _own_texts(listed, sender, nl=parameters.get("nl") == "1", worded=worded)


def _most(parameters: Parameters) -> int:
    most = parameters.get("maxsms", "")
    return int(most) if _is_small(most) else 0


def _same_text(phones: list[str], text: str, sender: str, worded: Callable[[str], str]) -> tuple[Row, ...]:
    if not text or len(text) > _LONGEST_TEXT:
        return ()
    text = worded(text)
    segments = count_segments(text)
    return tuple(Row(phone=phone, text=text, sender=sender, segments=segments) for phone in phones)


def _own_texts(listed: str, sender: str, *, nl: bool, worded: Callable[[str], str]) -> tuple[Row, ...]:
    rows: list[Row] = []
    for line in listed.replace("\r\n", "\n").split("\n"):
        if not line:
            continue
        row = _ROW.fullmatch(line)
        if not row:
            return ()
        own_sender, _, tz = (row["sender"] or "").partition(",")
        text = row["text"].replace("\\n", "\n") if nl else row["text"]
        found = _same_text(read_phones(row["phones"]) or [""], text, own_sender or sender, worded)
        if not found:
            return ()
        rows.extend(replace(each, tz=tz.strip()) for each in found)
    return tuple(rows)
