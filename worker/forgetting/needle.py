"""How a number is recognised in bytes: as the provider writes it, and as people do. Pure."""

import re
from typing import Final

from producer.contract.messages import Msisdn
from producer.numbering import country_code

_BETWEEN: Final = r"[^0-9A-Za-z]{0,2}"
"""What people put between two digits: a space, a dash, a bracket and a space."""

_LEAST_NATIONAL: Final = 8
"""Digits. Shorter ones without their country code are found in other numbers by chance."""


class Needle:
    """One MSISDN, to be looked for."""

    def __init__(self, msisdn: Msisdn) -> None:
        self.msisdn = msisdn
        self._digits = msisdn.encode()
        self._wide = msisdn.encode("utf-16-le")
        self._written = re.compile(_pattern(msisdn))

    def is_in(self, data: bytes) -> bool:
        """Whether the number stands in what a program wrote, in UTF-8, a one-byte charset, or UTF-16."""
        return self._digits in data or self._wide in data or self._wide[1:] + b"\0" in data

    def blanked(self, data: bytes) -> bytes:
        """What a program wrote with spaces in the number's place, of the same length."""
        space, wide = b" " * len(self._digits), " ".encode("utf-16-le") * len(self.msisdn)
        for found, blank in ((self._digits, space), (self._wide, wide), (self._wide[1:] + b"\0", wide[1:] + b"\0")):
            data = data.replace(found, blank)
        return data

    def is_written_in(self, data: bytes) -> bool:
        """Whether the number stands in what a person wrote: with separators, or without its country code."""
        return self.is_in(data) or self._written.search(data.decode(errors="replace")) is not None


def _pattern(msisdn: Msisdn) -> str:
    whole = _BETWEEN.join(msisdn)
    national = msisdn.removeprefix(country_code(msisdn) or "")
    if len(national) < _LEAST_NATIONAL or national == msisdn:
        return whole
    return rf"{whole}|(?<!\d)[08]?{_BETWEEN}{_BETWEEN.join(national)}(?!\d)"
