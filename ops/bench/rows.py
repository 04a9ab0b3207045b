"""Files of made-up recipients: a number and two short template values, the same every time."""

from pathlib import Path
from typing import Final

HEADER: Final = "to,name,amount\n"
TEXT: Final = "Hello $name, your balance is $amount EUR"
_FIRST: Final = 306_900_000_000
_AT_ONCE: Final = 10_000
_NAMES: Final = ("Anna", "Boris", "Chara", "Dora", "Eleni", "Fotis", "Giorgos", "Hera", "Ilya", "Katerina")


class Rows:
    """Makes each file once, in `folder`."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def file(self, count: int) -> Path:
        """A CSV file of `count` recipients with a header."""
        path = self._folder / f"{count}.csv"
        if not path.exists():
            with path.open("w", encoding="utf-8") as file:
                file.write(HEADER)
                for start in range(0, count, _AT_ONCE):
                    file.writelines(map(row, range(start, min(start + _AT_ONCE, count))))
        return path


def row(number: int) -> str:
    """One line of the file."""
    return f"{_FIRST + number},{_NAMES[number % 10]},{number % 9973}.{number % 90 + 10}\n"
