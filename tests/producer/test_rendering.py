"""Rendering: string.Template's rules, names in any script, values that can inject nothing."""

import string

import pytest
from hypothesis import given
from hypothesis import strategies as st

from producer.rendering import MissingValue, Template, TemplateError

ASCII_NAMES = st.from_regex(r"[A-Za-z_][A-Za-z0-9_]{0,8}", fullmatch=True)
COLUMN_NAMES = st.text(st.characters(exclude_characters="{}$\r\n", exclude_categories=["Cs"]), min_size=1).map(
    str.strip
)
LITERALS = st.text(alphabet="abя% .,{}%s(0\n", max_size=10)


@given(st.text().filter(lambda text: "$" not in text))
def test_a_text_without_dollar_signs_is_unchanged(text: str) -> None:
    template = Template.parse(text)
    assert template.render({}) == text
    assert template.names == ()


@given(st.text())
def test_a_text_with_its_dollar_signs_doubled_comes_back(text: str) -> None:
    assert Template.parse(text.replace("$", "$$")).render({}) == text


@given(st.text())
def test_a_value_is_put_in_as_it_is(value: str) -> None:
    assert Template.parse("<$name|${name}>").render({"name": value}) == f"<{value}|{value}>"


@given(COLUMN_NAMES.filter(bool), st.text())
def test_any_column_name_can_stand_in_braces(name: str, value: str) -> None:
    template = Template.parse(f"a${{{name}}}b")
    assert template.names == (name,)
    assert template.render({name: value}) == f"a{value}b"


@given(st.lists(st.tuples(LITERALS, st.sampled_from(["$$", "$", "${"]), ASCII_NAMES), max_size=6), LITERALS)
def test_string_template_agrees_on_ascii_names(pieces: list[tuple[str, str, str]], end: str) -> None:
    closing = {"$$": "", "$": " ", "${": "}"}
    text = "".join(f"{literal}{opening}{name}{closing[opening]}" for literal, opening, name in pieces) + end
    names = {name for _, opening, name in pieces if opening != "$$"}
    values = {name: f"$other %s {name}" for name in names}
    template = Template.parse(text)
    assert set(template.names) == names
    assert template.render(values) == string.Template(text).substitute(values)


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("Привет, $имя!", ("имя",)),
        ("Γεια σου $όνομα, ${κωδικός πελάτη}", ("όνομα", "κωδικός πελάτη")),
        ("$नाम जी", ("नाम",)),  # vowel signs are marks, no letters
        ("$e\u0301t\u0301 $x", ("e\u0301t\u0301", "x")),
        ("$b $a $b", ("b", "a")),
        ("${ first name }", ("first name",)),
        ("$_1 $name-x $Name.", ("_1", "name", "Name")),
        ("$όνομα· τέλος", ("όνομα",)),
        ("100 % $$5", ()),
    ],
)
def test_names_are_found_in_any_script_once_each_in_order(text: str, names: tuple[str, ...]) -> None:
    assert Template.parse(text).names == names


@pytest.mark.parametrize(
    ("text", "position"),
    [
        ("$5 off", 1),
        ("only 5$", 7),
        ("a $ b", 3),
        ("x\n${}", 3),
        ("${ }", 1),
        ("${name", 1),
        ("$$$", 3),
        ("${a{b}}", 1),
        ("${a$b}", 1),
        ("ok $name, $-", 11),
        ("$\u0301x", 1),
    ],
)
def test_a_dollar_sign_that_means_nothing_is_shown_with_its_place_and_the_way_out(text: str, position: int) -> None:
    with pytest.raises(TemplateError, match=r"\$\$") as caught:
        Template.parse(text)
    assert caught.value.position == position
    assert f"character {position}" in str(caught.value)


def test_a_missing_value_is_named() -> None:
    with pytest.raises(MissingValue, match="'last name'") as caught:
        Template.parse("$name ${last name}").render({"name": "Maria", "Last name": "x"})
    assert caught.value.name == "last name"


def test_names_are_case_sensitive() -> None:
    with pytest.raises(MissingValue, match="'Name'"):
        Template.parse("$Name").render({"name": "Maria"})


def test_values_that_the_text_does_not_use_are_not_looked_at() -> None:
    assert Template.parse("$a").render({"a": "1", "b": "$c"}) == "1"
