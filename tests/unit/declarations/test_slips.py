"""The commonest slips get a sentence of their own, at the place of the slip, whichever parser PyYAML has."""

from __future__ import annotations

from typing import Final

import pytest
import yaml

from tornado_resource.declarations import reader
from tornado_resource.declarations.document import MAX_WARNINGS
from tornado_resource.declarations.reader import parse
from tornado_resource.errors import DeclarationError

KEY: Final = "expected `key: value`, with a colon and a space after the key"
COMMENT: Final = "what follows ` #` is a comment; quote the text if it belongs to it"
BRACES: Final = "`{` begins a mapping; quote it if it is text"
BELOW: Final = "begins a text on the lines below; quote it if it is text"
TAB: Final = "found a tab, expected spaces as indentation"
SPACE: Final = "found a no-break space (U+00A0), expected an ordinary space"
INDENTATION: Final = "wrong indentation, expected that of a line above"
SLIPS: Final = [
    ("a: {{ x }}\n", f"1:5: a: {BRACES}"),
    ("a: {{ x }} and more\n", f"1:5: a: {BRACES}"),
    ("a: [{{x}}]\n", f"1:6: a[0]: {BRACES}"),
    ("{a: Hello {{ name }}}\n", f"1:11: a: {BRACES}"),
    ("a: {% if x %}\n", f"1:5: a: {BRACES}"),
    ("a: @user\n", "1:4: a: a value cannot begin with '@'; quote it if it is text"),
    ("- `x`\n", "1:3: [0]: a value cannot begin with '`'; quote it if it is text"),
    ("a: %x\n", "1:4: a: a value cannot begin with '%'; quote it if it is text"),
    ("a: - b\n", "1:4: a: a value cannot begin with '-'; quote it if it is text"),
    ("a: }\n", "1:4: a: a value cannot begin with '}'; quote it if it is text"),
    ("a: [x, }]\n", "1:8: a[1]: a value cannot begin with '}'; quote it if it is text"),
    ("a: **bold**\n", "1:4: a: `*` begins an alias; quote it if it is text"),
    ("a: & b\n", "1:4: a: `&` begins an anchor; quote it if it is text"),
    ("a: | text\n", f"1:4: a: `|` {BELOW}"),
    ("a: >= 5\n", f"1:4: a: `>` {BELOW}"),
    ("a:\n  name: Refund: angry\n", "2:15: a.name: `: ` in a value; quote it if it is text"),
    ("a: {name: Refund: angry}\n", "1:17: a.name: `: ` in a value; quote it if it is text"),
    ('a: "C:\\dir"\n', "1:7: a: unknown escape; write `\\\\` for a backslash, or use single quotes"),
    ('a: "\\dir"\n', "1:5: a: unknown escape; write `\\\\` for a backslash, or use single quotes"),
    (
        'a: "é \\x4"\n',
        "1:7: a: invalid escape, expected `\\x` and 2 hexadecimal digits of a character",
    ),
    ('a: "x\nb: 1\n', "1:4: a: the quote that begins here is not closed"),
    ("b: 1\na: 'x\n", "2:4: a: the quote that begins here is not closed"),
    ('a: "x\\\\', "1:4: a: the quote that begins here is not closed"),
    ('a: "x\\', "1:4: a: the quote that begins here is not closed"),
    ("a: '\\d\n", "1:4: a: the quote that begins here is not closed"),
    ('a: "x" y\n', '1:8: a: text after the closing quote; write `\\"` for a quote inside of a text'),
    ("a: 'it's'\n", "1:8: a: text after the closing quote; write `''` for a quote inside of a text"),
    ("a: [urgent] refund\n", "1:13: a: text after the closing `]`; quote the whole value if it is text"),
    ("a:\n\tb: 1\n", f"2:1: a: {TAB}"),
    ("a:\n  b: 1\n\tc: 2\n", f"3:1: a.b: {TAB}"),
    ("a:\n  b:\xa0p\n  c: d\n", f"2:5: a: {SPACE}"),
    ("a:\n  b: 1\n \xa0c: 2\n", f"3:2: a: {SPACE}"),
    ("a:\n  b: 1\n \xa0c: 2", f"3:2: a: {SPACE}"),
    ("a:\n  b: %x\n  c:\xa0d\n", "2:6: a.b: a value cannot begin with '%'; quote it if it is text"),
    ("a:\n  b: c\n  d\n", f"3:3: a.b: {KEY}"),
    ("a:\n  b p\n  c: d\n", f"2:3: a: {KEY}"),
    ("a:\n  b:p\n\n  c: d\n", f"2:3: a: {KEY}"),
    ("a: b\n  c: d\n", "2:3: a: wrong indentation: the line above has a value already"),
    ("a:\n  b: 1\n c: 2\n", f"3:2: a: {INDENTATION}"),
    ("a:\n  - x\n - y\n", f"3:2: a: {INDENTATION}"),
    ("a: order #4\n  more\n", f"1:10: a: {COMMENT}"),
    ("a: {b: order #4, c: d}\n", f"1:14: a.b: {COMMENT}"),
    ("a: [1, 2\nb: 1\n", "2:2: a[2]: expected `,` or `]`: the `[` of line 1 is not closed here"),
    ('{"a"\n: 1}\n', "2:1: a: expected the `:` on the line of its key, after at most 1,024 characters"),
    ("{'a'\n: 1}\n", "2:1: a: expected the `:` on the line of its key, after at most 1,024 characters"),
    ("a: {b: 1 # x\nc: 2", "2:1: a.b: expected `,` or `}`: the `{` of line 1 is not closed here"),
]


def problem_of(text: str) -> str:
    with pytest.raises(DeclarationError) as caught:
        parse(text.encode(), "f")
    return str(caught.value).removeprefix("f:")


@pytest.mark.parametrize("parser", ["CSafeLoader", "SafeLoader"])
@pytest.mark.parametrize(("text", "problem"), SLIPS)
def test_a_slip_has_its_own_sentence(text: str, problem: str, parser: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reader, "_LOADER", getattr(yaml, parser))
    assert problem_of(text) == problem


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("%YAML 1.3\n---\na: 1\n", "1:1: invalid YAML: found incompatible YAML document"),
        ("a: !<x\n", "1:7: a: invalid YAML: while scanning a tag that starts at line 1: did not find the expected '>'"),
    ],
)
def test_what_is_no_common_slip_is_said_in_the_parsers_words(text: str, problem: str) -> None:
    assert problem_of(text) == problem


def warnings_of(text: str) -> list[str]:
    document = parse(text.encode(), "f")
    assert document.findings.shown == []
    return [str(warning).removeprefix("f:") for warning in document.findings.warnings]


@pytest.mark.parametrize(
    ("text", "place"),
    [
        ("a: about order #4411 and\n", "1:15: a"),
        ("a: {name: Order #4411\n}\n", "1:16: a.name"),
        ("- about \n  order\t#4411\n", "2:8: [0]"),
        ("about order #4411\n", "1:12"),
        ("tester_persona_prompt: Order # 4411\n", "1:29: tester_persona_prompt"),
    ],
)
def test_a_text_that_a_comment_cuts_is_warned_of(text: str, place: str) -> None:
    assert warnings_of(text) == [f"{place}: {COMMENT}"]


@pytest.mark.parametrize(
    "text",
    [
        "a: some text # comment\n",
        "a: pw-1 #comment\n",
        "a: 7 #comment\n",
        "a: 'some text' #comment\n",
        "a: |\n  order #4411\n",
        "a: some#text\n",
        "a: some text ## x\n",
        "#comment\na: 1\n",
        "&x some text: 1\n",
        "text #4411\n",
    ],
)
def test_other_comments_are_no_slips(text: str) -> None:
    assert warnings_of(text) == []


def test_there_are_not_many_warnings() -> None:
    assert len(warnings_of("- order #4411\n- x y #1\n" * 100)) == MAX_WARNINGS
