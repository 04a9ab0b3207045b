"""The key catalogue as a page: `python -m producer.contract.catalogue > producer/contract/KEYS.md` writes it anew."""

import sys
from collections.abc import Iterator
from typing import Final

from producer.contract.key_rows import CATALOGUE, KeySpec

_HEAD: Final = """# Every Redis key of Volley

Made from `CATALOGUE` in [`key_rows.py`](key_rows.py) by `python -m producer.contract.catalogue`. A test fails when
this page is out of date, and so does any test that leaves a key in Redis which no row knows, or which lacks the
expiry that its row demands. Add a row there and a builder in [`keys.py`](keys.py), and write this page anew.

`*` stands for one variable part, `**` for any text. What services may read, and the one key they may write, is in
[`README.md`](README.md); everything else is internal.

| key | type | written by | read by | gone | always expires |
|---|---|---|---|---|---|
"""


def page() -> str:
    """The whole page."""
    return _HEAD + "".join(f"{row}\n" for row in map(_row, CATALOGUE))


def _row(spec: KeySpec) -> str:
    return f"| {' | '.join(_cells(spec))} |"


def _cells(spec: KeySpec) -> Iterator[str]:
    yield f"`{spec.pattern}`"
    yield spec.kind
    yield spec.writer
    yield spec.readers
    yield spec.gone
    yield "yes" if spec.expires else ""


if __name__ == "__main__":
    sys.stdout.write(page())
