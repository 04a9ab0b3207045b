"""How the answer of send.php is written in each format (A3)."""

from typing import Any
from xml.sax.saxutils import escape, quoteattr

from ops.sandbox.smsc.answers import PhoneRow, Priced, Taken

Receipt = Taken | Priced
_Row = dict[str, Any]  # Any: JSON values


def receipt_in_words(receipt: Receipt) -> str:
    """Write `OK - 1 SMS, ID - 279` or `1.44 (1 SMS)`; how cost, balance and numbers follow is a guess (A3)."""
    if isinstance(receipt, Priced):
        head = f"{receipt.cost} ({receipt.segments} SMS)"
    else:
        told = (("ID", receipt.reference), ("COST", receipt.cost), ("BALANCE", receipt.balance))
        head = f"OK - {receipt.segments} SMS" + "".join(f", {name} - {value}" for name, value in told if value)
    rows = (", ".join(f"{name} = {value}" for name, value in phone_fields(row).items()) for row in receipt.phones)
    return "\n".join([head, *rows])


def receipt_in_commas(receipt: Receipt) -> str:
    """Write `id,cnt[,cost[,balance]]` or `cost,cnt` (G-off)."""
    if isinstance(receipt, Priced):
        head = f"{receipt.cost},{receipt.segments}"
    else:
        told = [receipt.reference, str(receipt.segments), receipt.cost, receipt.balance]
        head = ",".join(told[: 4 if receipt.balance else 3 if receipt.cost else 2])
    return "\n".join([head, *(",".join(phone_fields(row).values()) for row in receipt.phones)])


def receipt_in_xml(receipt: Receipt) -> str:
    """Write `<result>`; a number is an element with attributes, as in the tariff (its nesting is a guess, A3)."""
    plain = {name: value for name, value in receipt_in_json(receipt).items() if name != "phones"}
    rows = "".join(f"<{name}>{escape(str(value))}</{name}>\n" for name, value in plain.items())
    phones = "".join(_phone_in_xml(row) for row in receipt.phones)
    listed = f"<phones>\n{phones}</phones>\n" if phones else ""
    return f"<result>\n{rows}{listed}</result>"


def receipt_in_json(receipt: Receipt) -> _Row:
    """Give the JSON object: numbers are `id` and `cnt`, everything else is a string."""
    row: _Row = {}
    if isinstance(receipt, Taken) and receipt.reference:
        text = receipt.reference
        row["id"] = int(text) if text.isascii() and text.isdecimal() and len(text) <= 10 else text
    row["cnt"] = receipt.segments
    if receipt.cost:
        row["cost"] = receipt.cost
    if isinstance(receipt, Taken) and receipt.balance:
        row["balance"] = receipt.balance
    if receipt.phones:
        row["phones"] = [phone_fields(phone) for phone in receipt.phones]
    return row


def phone_fields(row: PhoneRow) -> dict[str, str]:
    """Give one number its fields, all of them strings; a good one has neither status nor error."""
    fields = {"phone": row.phone, "mccmnc": row.mccmnc, "cost": row.cost}
    if row.status is not None:
        fields |= {"status": str(row.status), "error": str(row.error or 0)}
    return fields


def _phone_in_xml(row: PhoneRow) -> str:
    fields = phone_fields(row)
    phone = fields.pop("phone")
    attributes = "".join(f" {name}={quoteattr(value)}" for name, value in fields.items())
    return f"<phone{attributes}>{escape(phone)}</phone>\n"
