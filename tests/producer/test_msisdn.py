"""MSISDNs: a table of spellings with where each comes from, and what holds for every number."""

import csv
from pathlib import Path
from unittest.mock import patch

import phonenumbers
import pytest
from hypothesis import given
from hypothesis import strategies as st

import producer.msisdn
import producer.numbering
from producer.msisdn import Normaliser, Unusable, masked, normalise
from producer.unreadable import NumberError, UnknownRegionError

ROWS = (Path(__file__).parent / "cases" / "msisdn.tsv").read_text(encoding="utf-8").splitlines()
CASES = list(csv.DictReader(ROWS, delimiter="\t", quoting=csv.QUOTE_NONE))

REGIONS = [None, "GR", "RU", "DE", "US", "IT", "AR", "CI", "GA"]
DIGITS = st.text(alphabet="0123456789", max_size=17)
SPELLINGS = st.text(alphabet="0123456789+ -().\u00a0", max_size=24)
PLAUSIBLE = st.sampled_from(sorted(phonenumbers.COUNTRY_CODE_TO_REGION_CODE)).flatmap(
    lambda code: DIGITS.map(lambda rest: f"{code}{rest}")
)


@pytest.mark.parametrize("case", CASES, ids=lambda case: f"{case['region']} {case['given'][:24]}")
def test_a_number_as_written_becomes_this_msisdn_or_this_reason(case: dict[str, str]) -> None:
    written = case["given"]
    if "\\u" in written:
        written = written.encode().decode("unicode_escape")
    result = Normaliser(case["region"] or None)(written)
    assert result == (case["msisdn"] or Unusable(reason=case["reason"]))


@given(st.sampled_from(REGIONS), st.one_of(DIGITS, SPELLINGS, PLAUSIBLE, st.text(max_size=20)))
def test_an_msisdn_is_digits_without_leading_zero_at_most_fifteen(region: str | None, written: str) -> None:
    result = Normaliser(region)(written)
    if isinstance(result, str):
        assert result.isascii()
        assert result.isdecimal()
        assert result[0] != "0"
        assert 5 <= len(result) <= 15
    else:
        assert result.reason


@given(st.sampled_from(REGIONS), st.one_of(SPELLINGS, PLAUSIBLE))
def test_an_msisdn_with_a_plus_gives_itself_again(region: str | None, written: str) -> None:
    normaliser = Normaliser(region)
    result = normaliser(written)
    if isinstance(result, str):
        assert normaliser(f"+{result}") == result
        assert normaliser(f"00 {result}") == result


@given(st.one_of(SPELLINGS, PLAUSIBLE))
def test_without_a_region_an_msisdn_gives_itself_again(written: str) -> None:
    result = Normaliser()(written)
    if isinstance(result, str):
        assert Normaliser()(result) == result


@given(st.sampled_from(REGIONS), st.lists(st.one_of(SPELLINGS, PLAUSIBLE), max_size=8))
def test_what_was_asked_before_changes_nothing(region: str | None, written: list[str]) -> None:
    used = Normaliser(region)
    assert [used(each) for each in written] == [Normaliser(region)(each) for each in written]


@given(PLAUSIBLE, st.lists(st.sampled_from(" -.()\u00a0"), min_size=16, max_size=16))
def test_separators_change_nothing(digits: str, separators: list[str]) -> None:
    spread = "".join(f"{digit}{separator}" for digit, separator in zip(digits, separators, strict=False))
    rest = digits[len(separators) :]
    if "(0)" not in spread:
        assert Normaliser()(f"+{spread}{rest}") == Normaliser()(f"+{digits}")


@given(st.sampled_from(REGIONS), st.one_of(DIGITS, SPELLINGS, PLAUSIBLE), st.sampled_from("-\u2010\u2013\u2212"))
def test_what_begins_with_a_minus_is_no_number(region: str | None, written: str, minus: str) -> None:
    assert isinstance(Normaliser(region)(f"{minus}{written}"), Unusable)
    assert isinstance(Normaliser(region)(f" {minus} {written}"), Unusable)


@pytest.mark.parametrize("region", sorted(phonenumbers.SUPPORTED_REGIONS - {"TA"}))  # TA has no mobiles
def test_the_example_mobile_of_every_country_is_read_in_all_its_spellings(region: str) -> None:
    example = phonenumbers.example_number_for_type(region, phonenumbers.PhoneNumberType.MOBILE)
    assert example is not None
    styles = phonenumbers.PhoneNumberFormat
    msisdn = phonenumbers.format_number(example, styles.E164)[1:]
    national = phonenumbers.format_number(example, styles.NATIONAL)
    assert Normaliser()(msisdn) == msisdn
    assert Normaliser()(phonenumbers.format_number(example, styles.INTERNATIONAL)) == msisdn
    assert Normaliser(region)(national) == msisdn


def test_phonenumbers_is_asked_once_a_prefix_and_not_once_a_number() -> None:
    normaliser = Normaliser("GR")
    assert normaliser("306900000000") == normaliser("6900000000")
    with (
        patch.object(producer.numbering, "country_code", side_effect=AssertionError),
        patch.object(producer.msisdn, "parsed", side_effect=AssertionError),
    ):
        assert all(normaliser(f"3069{number:08d}") == f"3069{number:08d}" for number in range(500))
        assert all(normaliser(f"69{number:08d}") == f"3069{number:08d}" for number in range(500))


def test_a_region_that_is_none_is_named() -> None:
    with pytest.raises(UnknownRegionError, match="'Greece'"):
        Normaliser("Greece")


def test_a_single_number_is_normalised_or_raises_its_reason() -> None:
    assert normalise("691 234 5678", "GR") == "306912345678"
    with pytest.raises(NumberError, match="letters in the number"):
        normalise("nobody")


@given(st.one_of(SPELLINGS, PLAUSIBLE))
def test_no_reason_gives_the_number_away(written: str) -> None:
    result = Normaliser()(written)
    if isinstance(result, Unusable):
        digits = "".join(character for character in written if character.isdecimal())
        assert len(digits) < 5 or digits not in result.reason


@pytest.mark.parametrize(
    ("shown", "written"),
    [
        ("3069•••••78", "306912345678"),
        ("+306•••••78", " +306912345678 "),
        ("•••••23", "0691123"),
        ("•••••", "11234"),
        ("•••••", ""),
    ],
)
def test_a_masked_number_shows_where_it_belongs_and_its_end(shown: str, written: str) -> None:
    assert masked(written) == shown


@given(st.text(max_size=40))
def test_a_mask_never_shows_more_than_six_characters(written: str) -> None:
    assert len(masked(written).replace("•", "")) <= 6
