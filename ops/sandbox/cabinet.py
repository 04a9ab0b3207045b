"""What an smsc account keeps at the provider besides messages: short links, templates, numbers, tasks."""

from typing import Final

from ops.sandbox.links import Link

CALL_WITHIN: Final = 900.0  # S4: within 15 minutes


class Cabinet:
    """One account's own things; ids count up from 1."""

    def __init__(self) -> None:
        self.links: list[Link] = []
        self._calls: dict[str, tuple[float, str]] = {}  # phone -> waited for until (monotonic), number to call

    def await_call(self, phone: str, number: str, now: float) -> None:
        """Wait for this phone's call to that number."""
        self._calls[phone] = now + CALL_WITHIN, number

    def answer_call(self, phone: str, now: float) -> str | None:
        """Take the number that this phone was to call, if it still was."""
        until, number = self._calls.pop(phone, (now, ""))
        return number if until > now else None

    def shorten(self, target: str, now: float) -> Link:
        """Make a short link, or give the one that this target already has."""
        known = self.link_of("", target)
        if known is None:
            known = Link(id=str(len(self.links) + 1), target=target, created=now)
            self.links.append(known)
        return known

    def link_of(self, own: str, target: str) -> Link | None:
        """Find a short link by its id or its full target."""
        return next((link for link in self.links if own == link.id or (target and target == link.target)), None)
