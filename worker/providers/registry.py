"""The provider families by name: the one line that a new family adds."""

from typing import Final

from worker.providers import restv2, smsc
from worker.providers.exports import Exports
from worker.providers.interface import Family
from worker.providers.pushes import Inbox, Push
from worker.providers.restv2 import push as restv2_push
from worker.providers.smsc import exports as smsc_exports
from worker.providers.smsc import push as smsc_push
from worker.providers.smsc.inbox import INBOX

FAMILIES: Final[dict[str, Family]] = {
    "smsc": smsc.FAMILY,
    "restv2": restv2.FAMILY,
}

PUSHES: Final[dict[str, Push]] = {
    "smsc": Push(answer=smsc_push.ANSWER, options=smsc_push.OPTIONS, read=smsc_push.read, proofs=smsc_push.PROOFS),
    "restv2": Push(answer=restv2_push.ANSWER, options=None, read=restv2_push.read, proofs=restv2_push.PROOFS),
}
"""How callbacks are read, for families that push."""

INBOXES: Final[dict[str, Inbox]] = {
    "smsc": INBOX,
}
"""How incoming messages are collected by asking, for families that keep them."""

EXPORTS: Final[dict[str, Exports]] = {
    "smsc": smsc_exports.EXPORTS,
}
"""How deferred exports are listed and read, for families that have them."""


class UnknownFamilyError(ValueError):
    """A family name that is not in the registry."""


def family(name: str) -> Family:
    """The family called `name`; UnknownFamilyError, which lists the known ones, when there is none."""
    if name not in FAMILIES:
        raise UnknownFamilyError(f"no provider family {name[:40]!r}; known: {', '.join(FAMILIES)}")
    return FAMILIES[name]
