"""Reads get_price in text (fmt=0) and with commas (fmt=1): zones, then tariffs by operator, then mail (A6 [S1])."""

from worker.providers.smsc import comma_format, text_format
from worker.providers.smsc.layouts import CODES, ZONES, Layout

_ZONE = Layout(text=ZONES, columns=(ZONES,), free="name")
_CODE = Layout(text=CODES, columns=(CODES,))
_NOTHING = Layout()
_MAIL = "mail = "


def text(body: str) -> object | None:
    """The fields of a fmt=0 answer; None when no line of it is one of ours."""
    if isinstance(refusal := text_format.read(body, _NOTHING), dict) and "error_code" in refusal:
        return refusal
    lines = [line.strip() for line in body.split("\n")]
    zones = [row for line in lines if line.startswith("zone = ") and (row := text_format.split(line, _ZONE))]
    codes = [row for line in lines if line.startswith("mccmnc = ") and (row := text_format.split(line, _CODE))]
    mail = [line.removeprefix(_MAIL) for line in lines if line.startswith(_MAIL)]
    return _prices(zones, codes, mail)


def commas(body: str) -> object | None:
    """The fields of a fmt=1 answer, told apart by their number of columns: seven, two, one."""
    if isinstance(refusal := comma_format.read(body, _NOTHING), dict) and "error_code" in refusal:
        return refusal
    lines = [line.strip() for line in body.split("\n") if line.strip()]
    zones = [row for line in lines if line.count(",") >= len(ZONES) - 1 and (row := comma_format.split(line, _ZONE))]
    codes = [row for line in lines if line.count(",") == 1 and (row := comma_format.split(line, _CODE))]
    return _prices(zones, codes, [line for line in lines if "," not in line])


def _prices(zones: list[dict[str, object]], codes: list[dict[str, object]], mail: list[str]) -> object | None:
    if not zones and not codes and not mail:
        return None
    return {"zones": zones, "codes": codes} | ({"mail": mail[-1]} if mail else {})
