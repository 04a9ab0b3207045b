"""Sample recipients for the demo and the benchmarks: made up, the same every time.

The last three digits of a number choose a scenario of the sandbox: 000 to 899 are delivered, 900 to 999
are special. The numbers are of ranges that, to our knowledge, no operator had been given when this was
written (Greece 692 and 696; Russia 935, 972, 973, 975 and 976), so that a sample which is sent to a real
provider by mistake hardly reaches anybody.

`python3 -m ops.samples` writes `ops/samples/recipients.csv` anew: 2,000 rows, half Greek and half
Russian, with the faults that real files have.
"""

import csv
import io
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Final, Literal, TextIO

Region = Literal["gr", "ru"]
Row = list[str]

HEADER: Final = ["number", "name", "city", "code"]
SHIPPED: Final = Path(__file__).parent / "samples" / "recipients.csv"

_ORDINARY: Final = 900  # last three digits below this are delivered
_STRIDE: Final = 34_376_941  # prime to every number of places below, so that no number comes twice
_PREFIXES: Final[dict[Region, tuple[str, ...]]] = {
    "gr": ("30692", "30696"),
    "ru": ("7935", "7972", "7973", "7975", "7976"),
}
_LENGTHS: Final[dict[Region, int]] = {"gr": 12, "ru": 11}
_NAMES: Final[dict[Region, tuple[str, ...]]] = {
    "gr": (
        *("Maria", "George", "Eleni", "Nikos", "Katerina", "Dimitris", "Sophia", "Kostas", "Anna", "Yannis"),
        *("Μαρία", "Γιώργος", "Ελένη", "Νίκος", "Κατερίνα", "Δημήτρης", "Σοφία", "Κώστας", "Άννα", "Γιάννης"),
        *("ΜΑΡΙΑ", "ΝΙΚΟΣ", "Chloé", "Jürgen", "John"),
    ),
    "ru": (
        *("Анна", "Иван", "Мария", "Пётр", "Ольга", "Сергей", "Наталья", "Дмитрий", "Юлия", "Алексей"),
        *("Ирина", "Фёдор", "Ксения", "Михаил", "Елена", "Anna", "Ivan", "Olga", "Sergey", "Mary"),
    ),
}
_CITIES: Final[dict[Region, tuple[str, ...]]] = {
    "gr": ("Athens", "Αθήνα", "Θεσσαλονίκη", "Patras", "Ηράκλειο", "Λάρισα", "Volos"),
    "ru": ("Москва", "Санкт-Петербург", "Казань", "Moscow", "Новосибирск", "Екатеринбург"),
}


def write_sample(stream: TextIO, *, recipients: int, region: Region) -> None:
    """A header and this many rows, all good and all different, none of them special to the sandbox."""
    stream.write(",".join(HEADER) + "\n")
    stream.writelines(",".join(_row(region, serial)) + "\n" for serial in range(recipients))


def write_shipped(stream: TextIO) -> None:
    """The 2,000 rows that come with Volley: good, special, faulty and doubled ones, Greek and Russian."""
    rows = csv.writer(stream, lineterminator="\n")
    rows.writerow(HEADER)
    rows.writerows(_shipped())


def _row(region: Region, serial: int) -> Row:
    return [_number(region, serial), *_values(region, serial)]


def _number(region: Region, serial: int) -> str:
    """The number with this serial: a walk through all ordinary numbers of the region, scattered."""
    prefixes = _PREFIXES[region]
    middle = _LENGTHS[region] - len(prefixes[0]) - 3
    places = len(prefixes) * 10**middle * _ORDINARY
    if not 0 <= serial < places:
        raise ValueError(f"region {region!r} has {places} sample numbers; number {serial} is not among them")
    rest, last = divmod(serial * _STRIDE % places, _ORDINARY)
    prefix, between = divmod(rest, 10**middle)
    return f"{prefixes[prefix]}{between:0{middle}d}{last:03d}"


def _values(region: Region, serial: int) -> Row:
    names, cities = _NAMES[region], _CITIES[region]
    code = f"{'GR' if region == 'gr' else 'RU'}{serial * 7919 % 1_000_000:06d}"
    return [names[serial % len(names)], cities[serial * 5 % len(cities)], code]


def _shipped() -> Iterator[Row]:
    """Greek and Russian rows in turn; every hundredth is doubled lower down, twelve are faulty."""
    faults = iter(_FAULTS)
    regions: tuple[Region, Region] = ("gr", "ru")
    for serial in range(984):
        for which, region in enumerate(regions):
            row = _row(region, serial)
            if serial % 49 == 40:  # twenty times in each region: 40, 89, … 971
                row[0] = _special(row[0], serial // 49 * 5 + 2 * which)
            yield [_spelled(row[0], serial), *row[1:]]
        if serial % 98 == 97:  # ten times, two each: a recipient of before, spelled differently
            yield from (
                [_spelled(_number(each, serial - 30), serial + 1), *_values(each, serial - 30)] for each in regions
            )
        if serial % 80 == 79:  # twelve times
            yield next(faults)


def _special(number: str, scenario: int) -> str:
    return f"{number[:-3]}{_ORDINARY + scenario:03d}"


def _spelled(number: str, serial: int) -> str:
    """The number in one of the ways people write it; half of them as plain digits."""
    code = 2 if number.startswith("30") else 1
    country, first, second, last = number[:code], number[code : code + 3], number[code + 3 : -4], number[-4:]
    match serial % 8:
        case 1:
            return f"+{number}"
        case 3:
            return f"+{country} {first} {second} {last}"
        case 5:
            return f"00{number}"
        case 7:
            return f"+{country} ({first}) {second}-{last}"
    return number


_FAULTS: Final[tuple[Row, ...]] = (
    ["", "Μαρία", "Αθήνα", "X000001"],
    ["unknown", "Nikos", "Patras", "X000002"],
    ["30692123", "Γιώργος", "Αθήνα", "X000003"],
    ["+30 692 000 00000 1", "Ελένη", "Volos", "X000004"],
    ["306920000010", "Kostas", "Patras", "X000005", "one field too many"],
    ["30692000O011", "Άννα", "Λάρισα", "X000006"],
    ["0692000012", "Yannis", "Athens", "X000007"],
    ["3.06920E+11", "Sophia", "Αθήνα", "X000008"],
    ["797200001", "Иван", "Москва", "X000009"],
    ["7972#000013", "Ольга", "Казань", "X000010"],
    ["79720000014"],
    ["99972000015", "Пётр", "Moscow", "X000011"],
)


def main() -> None:
    """Write the shipped sample to its place."""
    text = io.StringIO()
    write_shipped(text)
    SHIPPED.parent.mkdir(exist_ok=True)
    SHIPPED.write_text(text.getvalue(), encoding="utf-8")
    sys.stdout.write(f"{SHIPPED}\n")


if __name__ == "__main__":
    main()
