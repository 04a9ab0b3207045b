"""What a producer checks and names before anything is stored: texts, times, ids, and whether anybody is left."""

import hashlib
import secrets
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Final

from producer.contract.campaigns import Lane
from producer.contract.messages import AccountName, CampaignId
from producer.contract.options import OptionError, check_options
from producer.directory import AccountEntry
from producer.errors import NoRecipientsError, OptionsError, ProducerError, TextError
from producer.gathering import Gathered
from producer.rendering import Template, TemplateError

_LONGEST_IN_ID: Final = 32
_MINUTE: Final = timedelta(minutes=1)


def checked_template(text: str, entry: AccountEntry) -> Template:
    """The parsed text; TextError when it can be sent to nobody."""
    if not text.strip():
        raise TextError("the text is empty")
    check_letters(text, "the text")
    try:
        template = Template.parse(text)
    except TemplateError as error:
        raise TextError(f"the text cannot be rendered: {error}") from error
    fixed = len(template.render(dict.fromkeys(template.names, "")))
    if fixed > entry.longest_text:
        raise TextError(
            f"the text has {fixed} characters without its values; account {entry.name} takes {entry.longest_text}"
        )
    return template


def checked_options(
    options: Mapping[str, str] | None, entry: AccountEntry, *, single: bool = False
) -> dict[str, str]:
    """The options, none by default; OptionsError that says what the account takes. `single`: of one message."""
    given = dict(options or {})
    try:
        check_options(given, entry.options, account=entry.name, single=single)
    except OptionError as error:
        raise OptionsError(str(error)) from error
    return given


def check_letters(text: str, what: str) -> None:
    """TextError that names `what` when it holds what no text can: half of a surrogate pair, or a NUL."""
    try:
        text.encode()
        at = text.find("\0")
    except UnicodeEncodeError as error:
        at = error.start
    if at >= 0:
        raise TextError(f"{what} has a character that no text can hold (its {at + 1}. one)")


def checked_time(moment: datetime | None, what: str) -> datetime | None:
    """A time with its zone; ProducerError that names `what` when it has none or is out of all calendars.

    In UTC where its zone is no whole number of minutes from it: JSON would lose the seconds.
    """
    if moment is None:
        return None
    if moment.tzinfo is None:
        raise ProducerError(f"{what} needs a time zone, for example 2026-11-20T10:00:00+02:00")
    try:
        plain = moment.astimezone(UTC)
    except OverflowError:
        raise ProducerError(f"{what} is out of range: in UTC it would be before year 1 or after 9999") from None
    away = moment.utcoffset()
    return plain if away is not None and away % _MINUTE else moment


def new_id(account_name: str) -> str:
    """An id for a campaign that was given none."""
    return f"{account_name[:32]}-{datetime.now(UTC):%Y%m%d-%H%M%S}-{secrets.token_hex(3)}"


def gathering_id(name: AccountName, day: datetime, lane: Lane, sender: str) -> CampaignId:
    """At most 64 letters, whatever the account's name: a long one is cut, and told from others by its hash."""
    short = name if len(name) <= _LONGEST_IN_ID else f"{name[: _LONGEST_IN_ID - 9]}-{_hashed(name)}"
    of_sender = f".{_hashed(sender)}" if sender else ""
    return CampaignId(f"single.{short}.{day:%Y%m%d}.{lane}{of_sender}")


def _hashed(text: str) -> str:
    return hashlib.blake2b(text.encode(), digest_size=4).hexdigest()


def check_somebody(gathered: Gathered) -> None:
    """NoRecipientsError when nobody is left to send to; it says why the first one was refused."""
    if gathered.accepted:
        return
    if not gathered.refused:
        raise NoRecipientsError("there is no recipient in what was given")
    first = gathered.refusals[0]
    raise NoRecipientsError(
        f"all {gathered.refused} recipients were refused; the first, line {first.line}: {first.reason}"
    )
