"""MSISDNs: from a number as people write it to international digits, or the reason why that cannot be.

What is checked: that the country calling code exists, and that the number has a length which mobile
numbers of that code can have. Not checked is whether the digits in between belong to an operator,
because those ranges change every month and a stale table would refuse real people.

A number marked as international (`+` or `00`) is read as such. Digits without a mark are a number of
the default region where they look like a mobile number of it, and international otherwise; so without
a default region they are always international. Country codes and lengths come from phonenumbers, which
takes about 14 µs a number; here it is asked once for each first four digits, and again only for odd
spellings (trunk zeros, national formats with rules of their own).
"""

import re
from dataclasses import dataclass
from functools import cache
from typing import Final

from producer.contract.messages import Msisdn
from producer.numbering import LengthsByPrefix, Region, country_code, lengths_of, parsed
from producer.unreadable import NumberError

# Spaces of all widths, dashes, brackets, dots, and the invisible marks that come along with copied numbers.
_SEPARATORS: Final = dict.fromkeys(
    map(
        ord,
        " \t\r\n\u00a0\u2000\u2001\u2002\u2003\u2004\u2005\u2006\u2007\u2008\u2009\u200a\u202f\u205f\u3000"
        "-\u00ad\u2010\u2011\u2012\u2013\u2014\u2015\u2212()[]."
        "\u200b\u200c\u200d\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2060\u2066\u2067\u2068\u2069\ufeff",
    )
)
_MINUS: Final = re.compile(
    r"[\s\u200b-\u200f\u202a-\u202e\u2060\u2066-\u2069\ufeff]*[-\u2010-\u2015\u2212].*[0-9]", re.DOTALL
)
"""A dash before everything else that can be seen: an id or a difference that came into the wrong column."""
_AS_FLOAT: Final = re.compile(r"(\+?\d{7,15})\.0")
_AS_POWER: Final = re.compile(r"\+?\d([.,]\d+)?[eE]\+?\d+")
_MARK: Final = re.compile(r"\+|00")


@dataclass(frozen=True, slots=True, kw_only=True)
class Unusable:
    """Why what was given is no MSISDN. The reason holds none of the number but its country code."""

    reason: str


class Normaliser:
    """Turns numbers as written into MSISDNs. Make one and call it a million times: it remembers prefixes.

    `default_region` is an ISO code such as GR or RU: where numbers without a country code belong.
    What it returns, written with a `+`, gives itself again.
    """

    def __init__(self, default_region: str | None = None) -> None:
        self._region = Region.named(default_region) if default_region else None
        self._lengths = LengthsByPrefix()
        self._national = self._region.given_lengths if self._region else frozenset()

    def __call__(self, given: str) -> Msisdn | Unusable:
        """The MSISDN that `given` stands for, or why there is none."""
        length = len(given)
        if (
            length in self._lengths[given[:4]]
            and length not in self._national
            and given.isdecimal()
            and given.isascii()
        ):
            return Msisdn(given)
        return self._written(given)

    def _written(self, given: str) -> Msisdn | Unusable:
        """A number that is not plain international digits."""
        text = given.strip().removeprefix("'")  # an apostrophe is how spreadsheets mark text
        if _MINUS.match(text):
            return Unusable(reason="a minus before the number")
        if as_float := _AS_FLOAT.fullmatch(text):
            text = as_float[1]
        digits = text.translate(_SEPARATORS)
        mark = _MARK.match(digits)
        if mark:
            digits = text.replace("(0)", "").translate(_SEPARATORS)[mark.end() :]
        if not (digits.isascii() and digits.isdecimal()):
            return Unusable(reason=_complaint(text, digits))
        return self._international(digits) if mark else self._unmarked(digits)

    def _unmarked(self, digits: str) -> Msisdn | Unusable:
        region = self._region
        if region is None:
            if digits.startswith("0"):
                return Unusable(reason="national number needs a default region")
            return self._international(digits)
        if mobile := region.mobile(digits):
            return mobile
        if len(digits) in self._lengths[digits[:4]]:
            return Msisdn(digits)
        return self._oddly_national(digits, region)

    def _oddly_national(self, digits: str, region: Region) -> Msisdn | Unusable:
        """Digits that are no plain mobile number of the region: only a trunk prefix makes them national."""
        prefixed = region.has_prefix(digits)
        msisdn = parsed(digits, region.name)
        if msisdn and prefixed and not msisdn.endswith(digits):
            return msisdn
        if digits[0] != "0" and (digits.startswith(region.code) or len(digits) > max(region.given_lengths)):
            return self._international(digits)
        if msisdn and not prefixed:
            what = f"neither a mobile number in {region.name} nor an international one"
            return Unusable(reason=f"{what}: begin it with + and the country code")
        national = digits.removeprefix(region.prefix)
        return Unusable(reason=_misfit(region.code, len(region.code + national)))

    def _international(self, digits: str) -> Msisdn | Unusable:
        if len(digits) in self._lengths[digits[:4]]:
            return Msisdn(digits)
        code = country_code(digits)
        if code is None and len(digits) >= 3:
            return Unusable(reason=f"unknown country code: no country has +{digits[:3]}")
        if code is None or len(digits) < 5:
            return Unusable(reason="too short to be a number")
        return parsed(f"+{digits}", None) or Unusable(reason=_misfit(code, len(digits)))


def normalise(given: str, default_region: str | None = None) -> Msisdn:
    """One number by itself; NumberError says why it is none."""
    msisdn = _normaliser(default_region)(given)
    if isinstance(msisdn, Unusable):
        raise NumberError(msisdn.reason)
    return msisdn


def masked(given: str) -> str:
    """A number for logs and screens: `306912345678` is `3069•••••78`. Of a short one only the end is kept."""
    text = given.strip()
    if len(text) >= 10:
        return f"{text[:4]}•••••{text[-2:]}"
    return f"•••••{text[-2:] if len(text) >= 6 else ''}"


@cache
def _normaliser(default_region: str | None) -> Normaliser:
    return Normaliser(default_region)


def _complaint(text: str, digits: str) -> str:
    if not text:
        return "no number"
    if _AS_POWER.fullmatch(text):
        return "the number was cut by a spreadsheet (as in 3.07E+11): format its column as text"
    odd = next((character for character in digits if character not in "0123456789"), None)
    if odd is None:
        return "no number"
    return "letters in the number" if odd.isalpha() else f"unexpected character {odd!r} in the number"


def _misfit(code: str, length: int) -> str:
    lengths = sorted(lengths_of(code))
    if length in lengths:
        return f"not a number of +{code}"
    how = "too short" if length < lengths[0] else "too long" if length > lengths[-1] else "wrong length"
    if len(lengths) > 2 and lengths == list(range(lengths[0], lengths[-1] + 1)):
        expected = f"{lengths[0]} to {lengths[-1]}"
    else:
        expected = " or ".join(map(str, lengths))
    return f"{how} for +{code}: {length} digits, expected {expected}"
