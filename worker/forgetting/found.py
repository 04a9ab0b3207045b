"""What one piece of forgetting found and did."""

from dataclasses import dataclass, field
from typing import Final

MOST_NAMED: Final = 100
"""Open messages and files that one piece names; `open` counts on."""


@dataclass(kw_only=True)
class Found:
    """Numbers of what was erased, and what was not.

    `campaigns` were gone through to their end, `chunks` were looked at. `recipients` lost number and values; `ended`
    of them were cancelled for it. `refusals` lost what was given, `reports` on the orphan shelf their number, and
    `rows` of exported files all that they held.
    `calls`, `incoming` messages, `answers` (raw ones of providers), `dead` letters and `audit` entries are no more.

    Still there: `open` messages, named as `id state` in `messages`; `waiting` entries that a worker takes within
    seconds; `files` on this host that are in use or cannot be changed, and `elsewhere` those that it does not have.
    """

    campaigns: int = 0
    chunks: int = 0
    recipients: int = 0
    ended: int = 0
    refusals: int = 0
    reports: int = 0
    rows: int = 0
    calls: int = 0
    incoming: int = 0
    answers: int = 0
    dead: int = 0
    audit: int = 0
    open: int = 0
    waiting: int = 0
    messages: list[str] = field(default_factory=list)
    files: list[str] = field(default_factory=list)
    elsewhere: list[str] = field(default_factory=list)

    def note_open(self, message: str, state: str) -> None:
        """A message that is not final, whose recipient stays for now."""
        self.open += 1
        if len(self.messages) < MOST_NAMED:
            self.messages.append(f"{message} {state}")
