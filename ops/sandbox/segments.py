"""How many billing units a text is: 160/153 in the GSM alphabet, 70/67 otherwise."""

from typing import Final

_BASIC: Final = frozenset(
    "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?"
    "¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà",
)
_DOUBLE: Final = frozenset("^{}\\[~]|€\f")  # 3GPP TS 23.038 6.2.1.1: escape and character, two septets
_GSM: Final = _BASIC | _DOUBLE


def in_gsm_alphabet(text: str) -> bool:
    """Say whether the GSM 7-bit alphabet holds every character."""
    return _GSM.issuperset(text)


def count_segments(text: str) -> int:
    """Count the SMS parts of `text` (an empty text is one)."""
    if in_gsm_alphabet(text):
        doubled = 0 if _DOUBLE.isdisjoint(text) else sum(character in _DOUBLE for character in text)
        return _split(len(text) + doubled, 160, 153)
    return _split(len(text.encode("utf-16-le")) // 2, 70, 67)


def cut_text(text: str, most: int) -> str:
    """Shorten a text until it has at most `most` parts (A3 maxsms: it is cut, not refused)."""
    while count_segments(text) > most:
        over = count_segments(text) - most
        text = text[: -max(1, (over - 1) * 60)]
    return text


def _split(length: int, alone: int, joined: int) -> int:
    return 1 if length <= alone else -(-length // joined)
