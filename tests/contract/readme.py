"""Reading examples out of a Markdown file: fenced blocks that a comment `<!-- run: NAME -->` stands before."""

import re
from pathlib import Path

_BLOCK = re.compile(r"<!-- run: (?P<name>[^>]+?) -->\n```\w*\n(?P<text>.*?)^```$", re.DOTALL | re.MULTILINE)


def examples(path: Path, name: str) -> list[str]:
    """The texts of the blocks with this name, in their order."""
    return [found["text"] for found in _BLOCK.finditer(path.read_text(encoding="utf-8")) if found["name"] == name]
