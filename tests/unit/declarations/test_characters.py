"""What is valid YAML 1.2 or JSON, and libyaml reads as YAML 1.1, is read right."""

from __future__ import annotations

import json
from typing import Any

import pytest
import yaml
from hypothesis import example, given
from hypothesis import strategies as st

from tornado_resource.declarations import reader
from tornado_resource.declarations.reader import parse
from tornado_resource.errors import DeclarationError


def data_of(text: str) -> Any:
    document = parse(text.encode(), "f")
    assert document.findings.shown == []
    return document.data


def problem_of(text: str) -> str:
    with pytest.raises(DeclarationError) as caught:
        parse(text.encode(), "f")
    return str(caught.value)


@pytest.fixture(params=["CSafeLoader", "SafeLoader"])
def _each_parser(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Also the one that PyYAML has where it was built without libyaml."""
    monkeypatch.setattr(reader, "_LOADER", getattr(yaml, request.param))


@pytest.mark.usefixtures("_each_parser")
@pytest.mark.parametrize("character", ["\x85", "\u2028", "\u2029"])
@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("a: |\n  x@y\n  z\n", "x@y\nz\n"),
        ("a: |\n  x @ y\n", "x @ y\n"),
        ("a: |\n  x@\n  y\n", "x@\ny\n"),
        ("a: >\n  x@ y\n  z\n", "x@ y z\n"),
        ("a: x @ y\n", "x @ y"),
        ("a: x@y # @\n", "x@y"),
        ("a: 'x @ y'\n", "x @ y"),
        ('a: "x @ y"\n', "x @ y"),
        ('a: "@ \\N\\L\\P"\n', "@ \x85\u2028\u2029"),
        ('{"a": "x@"}\n', "x@"),
        ("a:\n  # b@ c: d\n  x\n", "x"),
    ],
)
def test_a_line_break_of_yaml_1_1_is_a_character(character: str, text: str, value: str) -> None:
    assert data_of(text.replace("@", character)) == {"a": value.replace("@", character)}


@pytest.mark.usefixtures("_each_parser")
def test_no_character_moves_what_comes_after_it() -> None:
    document = parse('a: "\u2028\x85 \\ud83c\\udf89"\nb\u2029: {c: 1}\n'.encode(), "f")
    assert document.data == {"a": "\u2028\x85 \U0001f389", "b\u2029": {"c": 1}}
    assert str(document.position(("b\u2029", "c"))) == "f:2:9"
    document = parse(b'{"a": "\\ud83c\\udf89", "b": 1}', "f")
    assert str(document.position(("b",))) == "f:1:28"


@pytest.mark.usefixtures("_each_parser")
@pytest.mark.parametrize(
    ("text", "value"),
    [
        (r'"Party \ud83c\udf89"', "Party \U0001f389"),
        (r'"\uD83C\uDF89\ud83c\udf89x"', "\U0001f389\U0001f389x"),
        (r'"\\ud83c\udbff\udfff"', "\\ud83c\U0010ffff"),
        (r"'\ud83c\udf89'", r"\ud83c\udf89"),
        (r"\ud83c\udf89", r"\ud83c\udf89"),
        ("|\n  C:\\ud83c\n", "C:\\ud83c\n"),
        (r'"\U00010000\U00010001\ud83c\udf89"', "\U00010000\U00010001\U0001f389"),
        (r'"\U0001F389\ud83c\udf89"', "\U0001f389\U0001f389"),
        ('"\U00010000\\ud83c\\udf89"', "\U00010000\U0001f389"),
        ('"\\/\\u00e9\t"', "/é\t"),
    ],
)
def test_a_surrogate_pair_is_a_character(text: str, value: str) -> None:
    assert data_of(f"a: {text}") == {"a": value}


@pytest.mark.usefixtures("_each_parser")
@pytest.mark.parametrize("text", [r'"\ud83c"', r'"\udf89"', r'"\udf89\ud83c"', r'"\ud83cx\udf89"'])
def test_half_of_a_pair_has_a_place(text: str) -> None:
    assert problem_of(f"b: 1\na: {text}") == (
        "f:2:4: a: invalid YAML: half of a surrogate pair, expected both halves or the character itself"
    )


@pytest.mark.parametrize("character", ["\x00", "\x7f", "\x80", "\ufeff", "\ufffe"])
def test_an_unprintable_character_has_a_place_and_an_escape(character: str) -> None:
    code = f"{ord(character):04X}"
    problem = f'f:2:5: unprintable character U+{code}; remove it, or write it as "\\u{code}" in double quotes'
    assert problem_of(f"a: 1\nb: x{character}") == problem
    assert data_of(f'b: "x\\u{code}"') == {"b": f"x{character}"}


def test_an_escape_beyond_unicode_has_a_place(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reader, "_LOADER", yaml.SafeLoader)
    for code in ("00110000", "FFFFFFFF"):
        assert problem_of(f'a: "\\U0001F389"\nb: "\\U{code}"') == (
            "f:2:5: invalid escape `\\U`, expected the code of a character"
        )


texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=20)


@given(st.dictionaries(texts, texts | st.lists(texts, max_size=3), max_size=3))
@example({"\u2028": "\U0001f389\x85 \x7f\\ud83c"})
def test_what_json_writes_is_what_is_read(value: Any) -> None:
    assert data_of(json.dumps(value).replace("\x7f", "\\u007f")) == value


printable = st.text(st.characters(exclude_categories=["Cs", "Cc", "Cn"]) | st.just("\x85"), max_size=20)


@given(st.dictionaries(printable, printable, max_size=3))
def test_json_with_unescaped_characters_is_read_too(value: Any) -> None:
    assert data_of(json.dumps(value, ensure_ascii=False).replace("\ufeff", "\\ufeff")) == value
