"""The sample recipients: what the demo may rely on."""

import io
from collections import Counter

import pytest
from phonenumbers import carrier, parse

from ops.samples import SHIPPED, write_sample, write_shipped
from producer.contract.campaigns import Recipient, Refusal
from producer.recipients import Seen, read_recipients
from producer.segments import Encoding, measure

SPECIAL = range(900, 1000)


def shipped() -> tuple[list[Recipient], list[Recipient], list[Refusal]]:
    """New recipients, duplicates, refusals."""
    seen, new, doubled, refused = Seen(), [], [], []
    for row in read_recipients(SHIPPED, needed=("name", "city", "code")):
        if isinstance(row, Refusal):
            refused.append(row)
        else:
            (new if seen.add(row.msisdn) else doubled).append(row)
    return new, doubled, refused


def test_the_shipped_file_is_what_the_generator_writes() -> None:
    stream = io.StringIO()
    write_shipped(stream)
    assert SHIPPED.read_text(encoding="utf-8") == stream.getvalue()


def test_it_has_two_thousand_rows_with_the_faults_of_real_files() -> None:
    new, doubled, refused = shipped()
    assert Counter(row.msisdn[0] for row in new) == {"3": 984, "7": 984}
    assert (len(doubled), len(refused)) == (20, 12)
    assert len({row.reason for row in refused}) == 11


def test_each_special_scenario_comes_at_most_once_a_country() -> None:
    new, doubled, _ = shipped()
    special = Counter((row.msisdn[0], row.msisdn[-3:]) for row in new if int(row.msisdn[-3:]) in SPECIAL)
    assert len(special) == 40
    assert set(special.values()) == {1}
    assert not [row for row in doubled if int(row.msisdn[-3:]) in SPECIAL]


def test_both_alphabets_occur_in_each_country() -> None:
    new, _, _ = shipped()
    found = {(row.msisdn[0], measure(row.values["name"]).encoding) for row in new}
    assert found == {(country, encoding) for country in "37" for encoding in Encoding}


@pytest.mark.parametrize(("region", "begin", "length"), [("gr", "3069", 12), ("ru", "79", 11)])
def test_a_generated_sample_is_all_new_all_good_and_ordinary(region: str, begin: str, length: int) -> None:
    stream = io.StringIO()
    write_sample(stream, recipients=5000, region=region)  # type: ignore[arg-type]
    stream.seek(0)
    seen, count = Seen(), 0
    for row in read_recipients(stream, needed=("name", "code")):
        assert isinstance(row, Recipient)
        assert row.msisdn.startswith(begin)
        assert len(row.msisdn) == length
        assert int(row.msisdn[-3:]) not in SPECIAL
        assert seen.add(row.msisdn)
        count += 1
    assert count == 5000


def test_no_sample_number_is_in_a_range_that_an_operator_is_known_to_have() -> None:
    new, _, _ = shipped()
    assert not [row.msisdn for row in new[::10] if carrier.name_for_number(parse(f"+{row.msisdn}"), "en")]
