"""Writing Cyrillic in Latin letters, as `translit=1` and `translit=2` do (A3; both tables are the sandbox's own)."""

from typing import Final

_FROM: Final = "абвгдеёжзийклмнопрстуфхцчшщъыьэюя"
_TO: Final = (
    *("a", "b", "v", "g", "d", "e", "yo", "zh", "z", "i", "y", "k", "l", "m", "n", "o", "p", "r", "s", "t", "u"),
    *("f", "kh", "ts", "ch", "sh", "sch", "", "y", "'", "e", "yu", "ya"),
)
_SOUNDS: Final = dict(zip(_FROM, _TO, strict=True))
_SOUNDS_TABLE: Final = str.maketrans(_SOUNDS | {big.upper(): small.capitalize() for big, small in _SOUNDS.items()})
# "mpaHc/Ium": letters that look alike
_LOOKS_FROM: Final = "абвгдезиклмнопрстуфхчья"
_LOOKS_TO: Final = (
    *("a", "6", "B", "r", "g", "e", "3", "u", "K", "/I", "M", "H", "o", "n", "p", "c", "m", "y", "cp", "x"),
    *("4", "b", "9I"),
)
_LOOKS_TABLE: Final = str.maketrans(dict(zip(_LOOKS_FROM, _LOOKS_TO, strict=True)))


def transliterated(text: str, kind: str) -> str:
    """Write `text` in Latin letters by sound (1) or by looks (2); anything else leaves it alone."""
    match kind:
        case "1":
            return text.translate(_SOUNDS_TABLE)
        case "2":
            return text.lower().translate(_LOOKS_TABLE).translate(_SOUNDS_TABLE)
        case _:
            return text
