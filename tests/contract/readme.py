"""Reading examples out of a Markdown file: fenced blocks that a comment `<!-- run: NAME -->` stands before."""

import re
from pathlib import Path
from textwrap import dedent

_BLOCK = re.compile(
    r"<!-- run: (?P<name>[^>]+?) -->\n(?P<indent> *)```\w*\n(?P<text>.*?)^(?P=indent)```$", re.DOTALL | re.MULTILINE
)


def examples(path: Path, name: str) -> list[str]:
    """The texts of the blocks with this name, in their order."""
    blocks = _BLOCK.finditer(path.read_text(encoding="utf-8"))
    return [dedent(found["text"]) for found in blocks if found["name"] == name]
