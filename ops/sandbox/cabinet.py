"""What an smsc account keeps at the provider besides messages: short links, templates, numbers, tasks."""

import re
from typing import Final

from ops.sandbox.exports import Task
from ops.sandbox.links import Link
from ops.sandbox.smsc.answers import Template

_LINK: Final = re.compile(r"https?://\S+")
CALL_WITHIN: Final = 900.0  # S4: within 15 minutes


class Cabinet:
    """One account's own things; ids count up from 1."""

    def __init__(self) -> None:
        self.links: list[Link] = []
        self.templates: dict[int, Template] = {}
        self.rented: dict[str, bool] = {}  # phone -> is it prolonged
        self.tasks: list[Task] = []
        self._last_template = 0
        self._calls: dict[str, tuple[float, str]] = {}  # phone -> waited for until (monotonic), number to call

    def await_call(self, phone: str, number: str, now: float) -> None:
        """Wait for this phone's call to that number."""
        self._calls[phone] = now + CALL_WITHIN, number

    def answer_call(self, phone: str, now: float) -> str | None:
        """Take the number that this phone was to call, if it still was."""
        until, number = self._calls.pop(phone, (now, ""))
        return number if until > now else None

    def next_template(self) -> int:
        """Give the id of a new template; one that was deleted is not given again."""
        self._last_template += 1
        return self._last_template

    def shorten(self, target: str, now: float) -> Link:
        """Make a short link, or give the one that this target already has."""
        known = self.link_of("", target)
        if known is None:
            known = Link(id=str(len(self.links) + 1), target=target, created=now)
            self.links.append(known)
        return known

    def shortened(self, text: str, now: float) -> str:
        """Replace every link in a text by a short one (A3 tinyurl)."""
        return _LINK.sub(lambda found: self.shorten(found[0], now).short, text)

    def link_of(self, own: str, target: str) -> Link | None:
        """Find a short link by its id or its full target."""
        return next((link for link in self.links if own == link.id or (target and target == link.target)), None)
