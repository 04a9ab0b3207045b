"""What a text may be encoded in, told from its bytes: files come in whatever encoding their maker likes (pure)."""

import codecs
import re
from typing import Final

_CYRILLIC: Final = ("cp1251", "koi8-r")
_LOWER: Final = re.compile("[\u0430-\u044f\u0451]")  # the small letters of Russian


def encodings(beginning: bytes) -> tuple[str, ...]:
    """What it may be encoded in, the likeliest first: a BOM decides, then whether it is utf-8, then letters."""
    if beginning.startswith(codecs.BOM_UTF8):
        return ("utf-8-sig",)
    try:
        codecs.getincrementaldecoder("utf-8")("strict").decode(beginning, final=False)
    except UnicodeDecodeError:
        # Russian is mostly small letters; in koi8-r they stand where the capitals of cp1251 are
        counts = {name: len(_LOWER.findall(beginning.decode(name, errors="replace"))) for name in _CYRILLIC}
        return tuple(sorted(_CYRILLIC, key=counts.__getitem__, reverse=True))
    return ("utf-8",)


def readable(beginning: bytes) -> str:
    """The beginning of a text, in its likeliest encoding; half a letter at its end is left out."""
    return codecs.getincrementaldecoder(encodings(beginning)[0])("replace").decode(beginning, final=False)
