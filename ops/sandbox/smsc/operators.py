"""Whose number it is, as the smsc family tells it."""

from typing import Final

from ops.sandbox.prefixes import prefix_of
from ops.sandbox.smsc.answers import OperatorRow, Place

HOME: Final = Place(country="Sandbox", operator="Sandbox Mobile", region="Loopback", mccmnc="25001")


def operator_of(phone: str) -> OperatorRow | None:
    """Find the operator of a bare phone."""
    found = prefix_of(phone)
    if found is None:
        return None
    return OperatorRow(
        phone=phone,
        country=found.country,
        operator=found.operator,
        region=found.region,
        mcc=found.mcc,
        mnc=found.mnc,
        tz=found.tz,
    )


def place_of(phone: str) -> Place:
    """Find where a phone is registered; one that nobody knows is at home here."""
    found = prefix_of(phone)
    if found is None:
        return HOME
    return Place(country=found.country, operator=found.operator, region=found.region, mccmnc=found.mcc + found.mnc)
