"""Clocks that should show the same time."""

from typing import Final

from ops.diagnosis.check import Check, Health

_FAR: Final = 10.0
"""How many times the allowed difference is wrong, and not only worth a look."""


def clock_check(name: str, ahead: float, *, whose: str, allowed: float, subject: str = "") -> Check:
    """A clock that is `ahead` of ours by so many seconds (negative: behind)."""
    word = "ahead of" if ahead > 0 else "behind"
    if abs(ahead) < allowed:
        return Check(name=name, subject=subject, said=f"{whose} and ours show the same time")
    return Check(
        name=name,
        subject=subject,
        health=Health.WRONG if abs(ahead) >= allowed * _FAR else Health.NOTICE,
        said=f"{whose} is {abs(ahead):,.1f} s {word} ours",
        remedy="Let both machines follow a time server (timedatectl tells whether this one does): validities,"
        " leases and the times of reports depend on it.",
    )
