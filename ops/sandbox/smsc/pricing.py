"""How the tariff of `get_price` is written in each format (S1)."""

from dataclasses import asdict
from typing import Any
from xml.sax.saxutils import escape, quoteattr

from ops.sandbox.smsc.answers import Price


def price_in_words(price: Price) -> str:
    """Write zones, individual operators and mail, one a line."""
    zones = (", ".join(f"{name} = {value}" for name, value in asdict(zone).items()) for zone in price.zones)
    codes = (f"mccmnc = {mccmnc}, cost = {cost}" for mccmnc, cost in price.codes)
    return "\n".join([*zones, *codes, f"mail = {price.mail}"])


def price_in_commas(price: Price) -> str:
    """Write the same lines as bare values."""
    zones = (",".join(asdict(zone).values()) for zone in price.zones)
    return "\n".join([*zones, *(f"{mccmnc},{cost}" for mccmnc, cost in price.codes), price.mail])


def price_in_xml(price: Price) -> str:
    """Write zones and operators as elements with attributes; without operators there is no `codes`."""
    zones = "\n".join(_zone_in_xml(asdict(zone)) for zone in price.zones)
    codes = "\n".join(f"<mccmnc cost={quoteattr(cost)}>{escape(mccmnc)}</mccmnc>" for mccmnc, cost in price.codes)
    listed = f"<codes>\n{codes}\n</codes>\n" if price.codes else ""
    return f"<price>\n<zones>\n{zones}\n</zones>\n{listed}<mail>{escape(price.mail)}</mail>\n</price>"


def price_in_json(price: Price) -> dict[str, Any]:  # Any: JSON values
    """Give the JSON object; every number is a string."""
    codes = [{"mccmnc": mccmnc, "cost": cost} for mccmnc, cost in price.codes]
    return {"zones": [asdict(zone) for zone in price.zones], "codes": codes, "mail": price.mail}


def _zone_in_xml(zone: dict[str, str]) -> str:
    number = zone.pop("zone")
    attributes = "".join(f" {name}={quoteattr(value)}" for name, value in zone.items())
    return f"<zone{attributes}>{escape(number)}</zone>"
