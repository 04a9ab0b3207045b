"""Reading recipients: every line is accounted for, whatever the file looks like."""

import csv
import io
import json
from collections.abc import AsyncIterator, Iterable
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from producer.contract.campaigns import Recipient, Refusal
from producer.contract.messages import Msisdn
from producer.recipients import HeaderError, Seen, Source, SourceError, read_recipients, read_recipients_async

GOOD = ["306912345678", "+7 916 123-45-67", "0030 691 234 5679"]
BAD = ["", "none", "30691", "+999 123456789"]
CELLS = st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]), max_size=12)
ROWS = st.lists(st.tuples(st.sampled_from(GOOD + BAD), CELLS, CELLS), max_size=12)


def read(source: Source, **asked: object) -> list[Recipient | Refusal]:
    return list(read_recipients(source, **asked))  # type: ignore[arg-type]


def text(content: str, **asked: object) -> list[Recipient | Refusal]:
    return read(io.StringIO(content, newline=""), **asked)


def text_until_error(content: str) -> list[Recipient | Refusal | SourceError]:
    found: list[Recipient | Refusal | SourceError] = []
    try:
        found.extend(read_recipients(io.StringIO(content, newline="")))
    except SourceError as error:
        found.append(error)
    return found


def written(header: Iterable[str], rows: Iterable[Iterable[str]], *, delimiter: str = ",", ends: str = "\n") -> str:
    stream = io.StringIO(newline="")
    table = csv.writer(stream, delimiter=delimiter, lineterminator=ends, quoting=csv.QUOTE_ALL)
    table.writerow(header)
    table.writerows(rows)
    return stream.getvalue()


def outcomes(rows: Iterable[Recipient | Refusal]) -> list[tuple[str, object]]:
    return [(row.msisdn, row.values) if isinstance(row, Recipient) else (row.given, row.reason) for row in rows]


class TestTables:
    def test_a_recipient_has_its_msisdn_its_values_and_its_line(self) -> None:
        assert text("number,name,code\n+30 691 234 5678,Μαρία,A1\n") == [
            Recipient(msisdn=Msisdn("306912345678"), values={"name": "Μαρία", "code": "A1"}, line=2)
        ]

    @given(ROWS, st.sampled_from([",", ";", "\t"]), st.sampled_from(["\n", "\r\n"]))
    def test_every_row_is_a_recipient_or_a_refusal_and_keeps_its_values(
        self, rows: list[tuple[str, str, str]], delimiter: str, ends: str
    ) -> None:
        content = written(["to", "first name", "имя"], rows, delimiter=delimiter, ends=ends)
        expected = [row for row in rows if any(map(str.strip, row))]
        found = text(content)
        assert len(found) == len(expected)
        for outcome, (number, first, second) in zip(found, expected, strict=True):
            assert isinstance(outcome, Recipient) == (number in GOOD)
            if isinstance(outcome, Recipient):
                assert outcome.values == {"first name": first, "имя": second}

    @given(ROWS, st.permutations(range(3)))
    def test_the_order_of_columns_changes_nothing(self, rows: list[tuple[str, str, str]], order: list[int]) -> None:
        header = ["Phone", "a", "b"]
        turned = written([header[at] for at in order], [[row[at] for at in order] for row in rows])
        assert outcomes(text(turned, needed=("a",))) == outcomes(text(written(header, rows), needed=("a",)))

    @given(st.lists(st.text(alphabet="3069,; x", max_size=16), max_size=10), st.sampled_from(["\n", "\r\n"]))
    def test_every_line_is_a_recipient_a_refusal_or_blank(self, lines: list[str], ends: str) -> None:
        found = text(ends.join(["to,name", *lines, "306912345678,last"]))
        expected = [number for number, line in enumerate(lines, 2) if line.replace(",", "").strip()]
        assert [row.line for row in found] == [*expected, len(lines) + 2]

    @given(st.lists(st.text(alphabet='3069,;"\n\r x', max_size=16), max_size=10))
    def test_no_quote_hides_the_lines_below_it_or_the_reading_stops(self, lines: list[str]) -> None:
        rows = text_until_error("\n".join(["to,name", *lines, "306912345678,last"]))
        numbers = [row.line for row in rows if not isinstance(row, SourceError)]
        assert numbers == sorted(set(numbers))
        match rows[-1]:
            case SourceError() as error:
                assert "a quoted field does not end" in str(error)
            case Refusal() as refusal:
                assert "quotes that do not pair" in refusal.reason
            case last:
                assert last.values == {"name": "last"}

    @pytest.mark.parametrize(
        "name", ["to", "MSISDN", "Phone", "number", " tel ", "mobile", "Τηλέφωνο", "Κινητό", "αριθμός", "Телефон"]
    )
    def test_the_number_column_is_found_by_name(self, name: str) -> None:
        assert outcomes(text(f"x,{name}\n1,306912345678\n")) == [("306912345678", {"x": "1"})]

    def test_the_number_column_can_be_named_exactly_or_in_other_case(self) -> None:
        content = "phone,Work,WORK\n306912345678,306912345679,306912345670\n"
        assert outcomes(text(content, column="WORK"))[0][0] == "306912345670"
        assert outcomes(text("A,Kin\n1,306912345678\n", column="kin"))[0][0] == "306912345678"

    def test_blank_lines_anywhere_are_no_recipients_and_count_as_lines(self) -> None:
        found = text("\n \nto,name\n\n306912345678,a\n,\n  \n306912345679,b\n\n")
        assert [row.line for row in found] == [5, 8]

    def test_a_quoted_value_may_hold_line_breaks_delimiters_and_quotes(self) -> None:
        found = text('to,note\n306912345678,"one\r\ntwo, ""three"""\n306912345679,x\n')
        assert outcomes(found)[0] == ("306912345678", {"note": 'one\r\ntwo, "three"'})
        assert [row.line for row in found] == [2, 4]

    def test_spaces_after_a_delimiter_do_not_belong_to_the_value(self) -> None:
        assert outcomes(text('to, name\n306912345678, "Maria, Anna"\n')) == [
            ("306912345678", {"name": "Maria, Anna"})
        ]

    def test_rows_of_another_width_are_refused_and_the_rest_is_read(self) -> None:
        found = text("name,to\na\nb,306912345678,c\nd,306912345679\n")
        assert found[:2] == [
            Refusal(line=2, given="a", reason="fields: 1, expected 2"),
            Refusal(line=3, given="306912345678", reason="fields: 3, expected 2"),
        ]
        assert isinstance(found[2], Recipient)

    def test_a_column_without_a_name_gives_no_value(self) -> None:
        assert outcomes(text("to,name,\n306912345678,a,\n")) == [("306912345678", {"name": "a"})]

    def test_a_needed_value_must_not_be_empty(self) -> None:
        found = text("to,name,code\n306912345678, ,\n306912345679,b,\n", needed=("name",))
        assert found[0] == Refusal(line=2, given="306912345678", reason="value 'name' is empty")
        assert outcomes(found)[1] == ("306912345679", {"name": "b", "code": ""})

    def test_the_number_itself_can_be_a_needed_value(self) -> None:
        assert outcomes(text("to,x\n+306912345678,1\n", needed=("to",))) == [
            ("306912345678", {"to": "+306912345678", "x": "1"})
        ]

    def test_without_extras_only_needed_values_are_kept(self) -> None:
        content = "secret,to,name\ns,306912345678,a\n"
        assert outcomes(text(content, needed=("name",), keep_extras=False)) == [("306912345678", {"name": "a"})]
        assert outcomes(text(content, keep_extras=False)) == [("306912345678", {})]

    def test_a_row_whose_quotes_do_not_pair_is_refused_alone(self) -> None:
        found = text('to,name\n306912345678,"a"b\n306912345679,ok\n306912345670,"end\n')
        assert [type(row) for row in found] == [Refusal, Recipient, Refusal]
        assert [row.line for row in found] == [2, 3, 4]

    def test_a_quote_left_open_never_swallows_the_rows_below_it_silently(self) -> None:
        with pytest.raises(ValueError, match=r"line 2: a quoted field does not end properly"):
            text('to,name\n306912345678,"a\n306912345679,b\n306912345670,c\n')
        with pytest.raises(ValueError, match=r"line 3: a quoted field does not end within 100 lines"):
            text('to,name\n306912345679,a\n306912345678,"a\n' + "306912345670,c\n" * 200)

    @pytest.mark.parametrize(
        ("content", "asked", "message"),
        [
            ("", {}, "nothing in it; expected a line of column names"),
            ("\n  \n", {}, "nothing in it"),
            ("306912345678,Maria\n306912345679,Nikos\n", {}, "no header: the first line looks like a recipient"),
            ("+30 691 234 5678\n", {}, "no header"),
            ("name,city\na,b\n", {}, r"found 'name', 'city'; expected one called to, msisdn, phone"),
            ("name,to\n", {"column": "kinito"}, r"found 'name', 'to'; expected a column 'kinito'"),
            ("phone,mobile\n", {}, r"several columns could hold the number: 'phone', 'mobile'; say which"),
            ("to,name,name\n", {}, "two columns have one name: 'name'"),
            ("to,to\n", {}, "two columns have one name: 'to'"),
            ("to,name\n", {"needed": ("name", "code")}, r"the text needs 'code'; found the columns 'to', 'name'"),
            ("to,name\n", {"needed": ("Name",)}, r"capitals count: is it 'name'\?"),
            (",".join(["to", *map(str, range(200))]), {}, "201 columns; at most 200"),
            ('to,"name\n', {}, "the line of column names cannot be read"),
            ('[{"to": "306912345678"}]', {}, "a JSON array"),
        ],
    )
    def test_a_header_that_does_not_fit_says_what_is_there_and_what_is_expected(
        self, content: str, asked: dict[str, object], message: str
    ) -> None:
        with pytest.raises(HeaderError, match=message):
            read_recipients(io.StringIO(content), **asked)  # type: ignore[arg-type]

    def test_columns_may_be_called_like_dates_when_the_number_column_is_clear(self) -> None:
        assert outcomes(text("to,2024-01-01\n306912345678,5\n")) == [("306912345678", {"2024-01-01": "5"})]


class TestObjects:
    def test_one_object_a_line_with_scalars_as_text(self) -> None:
        lines = '{"Phone": 306912345678, "name": "Μαρία", "n": 2, "x": 1.5, "ok": true, "none": null}\n'
        assert text(lines) == [
            Recipient(
                msisdn=Msisdn("306912345678"),
                values={"name": "Μαρία", "n": "2", "x": "1.5", "ok": "true"},
                line=1,
            )
        ]

    @pytest.mark.parametrize(
        ("line", "reason"),
        [
            ('{"to": "306912345678", "name": ["a"]}', "value 'name' is not plain text but list"),
            ('{"to": "306912345678", "name": {}}', "value 'name' is not plain text but dict"),
            ('{"to": "306912345678", "name": "a\\u0000"}', "value 'name' has characters that no text can hold"),
            ('{"to": "306912345678"}', "no value 'name'"),
            ('{"to": "306912345678", "name": null}', "no value 'name'"),
            ('{"to": "306912345678", "name": " "}', "value 'name' is empty"),
            ('{"to": "none", "name": "a"}', "letters in the number"),
            ('{"to": null, "name": "a"}', "no number"),
            ('{"to": true, "name": "a"}', "the number is no text but bool"),
            ('{"to": 3.5, "name": "a"}', "the number is no text but float"),
            ('{"name": "a"}', "no column holds the number: found 'name'"),
            ('{"to": "306912345678", "tel": "1", "name": "a"}', "several columns could hold the number"),
            ('{"to": "306912345678", "name": "a"', "no JSON object"),
            ('["306912345678"]', "another JSON value than an object"),
            ("306912345678", "another JSON value than an object"),
            ('{"to": "306912345678", "name": "\\ud800"}', "no JSON object"),
        ],
    )
    def test_a_line_that_cannot_be_taken_is_refused_alone(self, line: str, reason: str) -> None:
        good = '{"to": "306912345679", "name": "b"}'
        found = text(f"{good}\n\n{line}\n{good}", needed=("name",))
        assert [row.line for row in found] == [1, 3, 4]
        assert isinstance(found[1], Refusal)
        assert found[1].reason.startswith(reason)

    @given(st.lists(st.tuples(st.sampled_from(GOOD + BAD), CELLS.filter(str.strip)), min_size=1, max_size=8))
    def test_objects_and_tables_of_the_same_rows_give_the_same(self, rows: list[tuple[str, str]]) -> None:
        lines = "\n".join(json.dumps({"to": number, "name": name}) for number, name in rows)
        assert outcomes(text(lines)) == outcomes(text(written(["to", "name"], rows)))

    def test_a_whole_float_is_a_number_because_spreadsheets_make_them(self) -> None:
        assert outcomes(text('{"to": 306912345678.0}')) == [("306912345678", {})]


class TestItems:
    def test_texts_mappings_and_recipients_may_be_mixed(self) -> None:
        given_one = Recipient(msisdn=Msisdn("+306912345670"), values={"name": "c"}, line=70)
        found = read(["+30 691 234 5678", {"to": "306912345679", "name": "b"}, given_one, 5])  # type: ignore[list-item]
        assert found == [
            Recipient(msisdn=Msisdn("306912345678"), line=1),
            Recipient(msisdn=Msisdn("306912345679"), values={"name": "b"}, line=2),
            Recipient(msisdn=Msisdn("306912345670"), values={"name": "c"}, line=70),
            Refusal(line=4, given="", reason="expected text, a mapping or a Recipient, found int"),
        ]

    def test_an_endless_iterable_is_read_one_by_one(self) -> None:
        rows = read_recipients(f"3069{number:08d}" for number in iter(int, 1))
        assert [next(rows), next(rows)] == [Recipient(msisdn=Msisdn("306900000000"), line=line) for line in (1, 2)]

    def test_values_that_cannot_be_encoded_are_refused(self) -> None:
        found = read([{"to": "306912345678", "name": "\ud800"}, {"to": "306912345678", 5: "x"}])  # type: ignore[dict-item]
        assert [row.reason for row in found if isinstance(row, Refusal)] == [
            "value 'name' has characters that no text can hold",
            "names must be text, and at most 200",
        ]

    def test_a_number_by_itself_lacks_the_values_that_the_text_needs(self) -> None:
        assert read(["306912345678"], needed=("name",)) == [
            Refusal(line=1, given="306912345678", reason="no value 'name'")
        ]

    async def test_items_may_arrive_asynchronously(self) -> None:
        async def items() -> AsyncIterator[str]:
            for number in ("6912345678", "x"):
                yield number

        found = [row async for row in read_recipients_async(items(), default_region="GR")]
        assert found == [
            Recipient(msisdn=Msisdn("306912345678"), line=1),
            Refusal(line=2, given="x", reason="letters in the number"),
        ]


class TestSeen:
    @given(st.lists(st.sampled_from(["306912345678", "306912345679", "79161234567", "4915112345678"])))
    def test_each_msisdn_is_new_exactly_once(self, numbers: list[str]) -> None:
        seen = Seen()
        new = [number for number in numbers if seen.add(Msisdn(number))]
        assert new == list(dict.fromkeys(numbers))
        assert len(seen) == len(new)


def test_a_million_rows_would_need_no_more_memory_than_ten(tmp_path: Path) -> None:
    """The reader holds one block: it has read little of the file when the first recipient is there."""
    path = tmp_path / "many.csv"
    path.write_text("to\n" + "306912345678\n" * 100_000)
    with path.open("rb") as stream:
        rows = read_recipients(stream)
        next(rows)
        assert stream.tell() <= 65_536
        assert sum(1 for _ in rows) == 99_999
