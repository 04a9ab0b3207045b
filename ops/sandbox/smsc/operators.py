"""Whose number it is: a small table of prefixes, some of it in Cyrillic so that charsets have something to do."""

from typing import Final

from ops.sandbox.smsc.answers import OperatorRow, Place

# prefix -> country, operator, region, mcc, mnc, hours (invented; mcc by ITU-T E.212)
_PREFIXES: Final = {
    "79": ("Sandbox", "Sandbox Mobile", "Loopback", "250", "01", "0"),
    "77": ("Казахстан", "Кселл", "Алматы", "401", "02", "2"),
    "380": ("Украина", "Киевстар", "", "255", "03", "-1"),
    "30": ("Greece", "Cosmote", "Attica", "202", "01", "-1"),
    "49": ("Germany", "Telekom", "", "262", "01", "-2"),
}
HOME: Final = Place(country="Sandbox", operator="Sandbox Mobile", region="Loopback", mccmnc="25001")


def operator_of(phone: str) -> OperatorRow | None:
    """Find the operator of a bare phone."""
    row = next((_PREFIXES[phone[:size]] for size in (3, 2) if phone[:size] in _PREFIXES), None)
    if row is None or not 10 <= len(phone) <= 15:
        return None
    country, operator, region, mcc, mnc, tz = row
    return OperatorRow(phone=phone, country=country, operator=operator, region=region, mcc=mcc, mnc=mnc, tz=tz)


def place_of(phone: str) -> Place:
    """Find where a phone is registered; one that nobody knows is at home here."""
    row = operator_of(phone)
    if row is None:
        return HOME
    return Place(country=row.country, operator=row.operator, region=row.region, mccmnc=row.mcc + row.mnc)
