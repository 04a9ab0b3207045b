"""What is known of the world's numbers: country codes, lengths, and how a country writes its mobiles.

A thin layer over the tables of phonenumbers (Google's libphonenumber), asked once a prefix or a region.
"""

import re
from dataclasses import dataclass
from functools import cache
from typing import Final, Self

import phonenumbers
from phonenumbers import COUNTRY_CODE_TO_REGION_CODE, PhoneMetadata

from producer.contract.messages import Msisdn
from producer.unreadable import UnknownRegionError

_NONE: Final[frozenset[int]] = frozenset()


class LengthsByPrefix(dict[str, frozenset[int]]):
    """The first four digits of an MSISDN -> how long the whole may be; empty where it needs a closer look.

    Four digits hold any country code and one digit more, which tells a trunk zero (+49 0171…) apart.
    """

    def __missing__(self, prefix: str) -> frozenset[int]:
        if len(prefix) != 4 or not (prefix.isascii() and prefix.isdecimal()):
            return _NONE  # not remembered: anything may stand there
        code = country_code(prefix)
        trunk_zero = code is not None and prefix[len(code)] == "0" and _national_prefix(code) == "0"
        lengths = _NONE if code is None or trunk_zero else lengths_of(code)
        self[prefix] = lengths
        return lengths


@dataclass(frozen=True, slots=True, kw_only=True)
class Region:
    """How mobile numbers are written inside one country."""

    name: str
    code: str
    prefix: str
    pattern: re.Pattern[str]
    given_lengths: frozenset[int]

    @classmethod
    def named(cls, name: str) -> Self:
        """The region with this ISO code, in any case; UnknownRegionError when there is none."""
        region = name.strip().upper()
        metadata = PhoneMetadata.metadata_for_region(region)
        if metadata is None:
            raise UnknownRegionError(f"unknown region {name!r}: expected an ISO code such as GR or RU")
        prefix, lengths = metadata.national_prefix or "", _mobile_lengths(metadata)
        kind = metadata.mobile or metadata.general_desc
        return cls(
            name=region,
            code=str(metadata.country_code),
            prefix=prefix,
            pattern=re.compile((kind and kind.national_number_pattern) or ""),
            given_lengths=frozenset(lengths) | {length + len(prefix) for length in lengths},
        )

    def has_prefix(self, digits: str) -> bool:
        """Whether `digits` begin with what is dialled before a national number."""
        return self.prefix != "" and digits.startswith(self.prefix)

    def mobile(self, digits: str) -> Msisdn | None:
        """The MSISDN of a national mobile number, with or without its trunk prefix."""
        if self.pattern.fullmatch(digits):
            return Msisdn(self.code + digits)
        rest = digits.removeprefix(self.prefix)
        return Msisdn(self.code + rest) if self.pattern.fullmatch(rest) else None


def country_code(digits: str) -> str | None:
    """The country calling code that `digits` begin with. No code is the beginning of another."""
    codes = (digits[:width] for width in (1, 2, 3))
    return next((code for code in codes if code[:1] != "0" and _regions_of(code)), None)


def _regions_of(code: str) -> tuple[str, ...]:
    return COUNTRY_CODE_TO_REGION_CODE.get(int(code), ()) if code else ()


def _national_prefix(code: str) -> str | None:
    metadata = PhoneMetadata.metadata_for_region_or_calling_code(int(code), _regions_of(code)[0])
    return metadata.national_prefix if metadata else None


@cache
def lengths_of(code: str) -> frozenset[int]:
    """How many digits an MSISDN of this country code may have."""
    lengths: set[int] = set()
    for region in _regions_of(code):
        metadata = PhoneMetadata.metadata_for_region_or_calling_code(int(code), region)
        if metadata:
            lengths.update(_mobile_lengths(metadata))
    return frozenset(len(code) + length for length in lengths)


def _mobile_lengths(metadata: PhoneMetadata) -> tuple[int, ...]:
    """Lengths of national mobile numbers; of all numbers where no mobile ones are known."""
    known = (kind.possible_length for kind in (metadata.mobile, metadata.general_desc) if kind)
    return next((tuple(lengths) for lengths in known if lengths), ())


def parsed(text: str, region: str | None) -> Msisdn | None:
    """What phonenumbers makes of an odd spelling, held to the same lengths as any other number."""
    try:
        number = phonenumbers.parse(text, region)
    except phonenumbers.NumberParseException:
        return None
    msisdn = phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)[1:]
    return Msisdn(msisdn) if len(msisdn) in lengths_of(str(number.country_code)) and _is_whole(msisdn) else None


def _is_whole(msisdn: str) -> bool:
    """Whether it is read as itself: of two trunk zeros phonenumbers takes one away, and of the rest the other."""
    again = phonenumbers.parse(f"+{msisdn}", None)
    return phonenumbers.format_number(again, phonenumbers.PhoneNumberFormat.E164)[1:] == msisdn
