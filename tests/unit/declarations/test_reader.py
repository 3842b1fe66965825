from __future__ import annotations

import gc
import tracemalloc
from typing import TYPE_CHECKING

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from tornado_resource.declarations.reader import MAX_FILE_BYTES, parse, read
from tornado_resource.errors import ConfigurationError, DeclarationError

if TYPE_CHECKING:
    from pathlib import Path

    from tornado_resource.core.positions import Problem

SAMPLE = b"""\
version: 1
sessions:
  support-line:
    scenario_ids:
      - sc-1
      - {id: x}
    gate: {passed: all}
"""


@pytest.mark.parametrize(
    ("path", "of_key", "position"),
    [
        ((), False, "f:1:1"),
        (("version",), False, "f:1:10"),
        (("version",), True, "f:1:1"),
        (("sessions", "support-line"), False, "f:4:5"),
        (("sessions", "support-line"), True, "f:3:3"),
        (("sessions", "support-line", "scenario_ids"), False, "f:5:7"),
        (("sessions", "support-line", "scenario_ids", 0), False, "f:5:9"),
        (("sessions", "support-line", "scenario_ids", 1, "id"), False, "f:6:14"),
        (("sessions", "support-line", "gate", "passed"), False, "f:7:20"),
        (("sessions", "support-line", "nothing", "here"), False, "f:3:3"),
    ],
)
def test_each_value_has_its_position(path: tuple[str | int, ...], of_key: bool, position: str) -> None:  # noqa: FBT001 # a table
    assert str(parse(SAMPLE, "f").position(path, of_key=of_key)) == position


def test_columns_count_characters_not_bytes() -> None:
    document = parse("a: {ü: ü, b: 1}\n".encode(), "f")
    assert str(document.position(("a", "b"))) == "f:1:14"


def test_a_file_that_is_not_there_is_a_configuration_error(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="no such file or directory"):
        read(str(tmp_path / "none.yaml"))


@pytest.mark.parametrize(
    ("content", "position"),
    [
        (b"a: \xff", "f:1:4"),
        (b"\xef\xbb\xbfa: 1\nb: \xff", "f:2:4"),
        (b"\xef\xbb\xbf\xff", "f:1:1"),
        (b"\xef\xbb", "f:1:1"),
    ],
)
def test_bytes_that_are_not_utf8_have_a_position(content: bytes, position: str) -> None:
    with pytest.raises(DeclarationError) as caught:
        parse(content, "f")
    assert str(caught.value) == f"{position}: invalid UTF-8; save the file as UTF-8"


def test_too_large_a_file_is_refused_unread() -> None:
    with pytest.raises(DeclarationError, match="more than 1 MiB"):
        parse(b"#" * (MAX_FILE_BYTES + 1), "f")


@pytest.mark.parametrize("fault", ["{a: 1, a: 2, b: !x 1, b: 3}", "{a: !x 1, b: !y 2, c: !z 3}"])
def test_all_problems_of_a_file_come_at_once(fault: str) -> None:
    assert len(parse(fault.encode(), "f").findings.shown) == 3


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("a: &x 1\n*x : 2\n", "f:2:1: found alias *x as a key, expected a string"),
        ("&x a: *y\n", "f:1:7: a: unknown alias *y, expected an anchor &y above it"),
        ("&x a: {b: &y [*y]}\n", "f:1:15: a.b[0]: alias *y refers to itself"),
        ("[1]: 2\n", "f:1:1: found a mapping or list as a key, expected a string"),
    ],
)
def test_what_stops_the_reader_is_explained(text: str, problem: str) -> None:
    with pytest.raises(DeclarationError) as caught:
        parse(text.encode(), "f")
    assert str(caught.value) == problem


def test_a_key_may_have_an_anchor_but_no_tag() -> None:
    document = parse(b"&x a: *x\n!y b: 1\n", "f")
    assert document.data == {"a": "a", "b": 1}
    assert [str(problem) for problem in document.findings.shown] == [
        "f:2:1: b: unsupported tag !y; write the plain value, in quotes if it is text"
    ]


def test_a_duplicate_key_names_the_line_of_the_first() -> None:
    [problem] = parse(b"a: 1\nb: 2\na: 3\n", "f").findings.shown
    assert str(problem) == "f:3:1: a: duplicate key `a` (first at line 1)"


@pytest.mark.parametrize("is_collecting", [True, False])
def test_reading_leaves_the_garbage_collector_as_it_was(is_collecting: bool) -> None:  # noqa: FBT001 # a table
    was_collecting = gc.isenabled()
    try:
        (gc.enable if is_collecting else gc.disable)()
        parse(b"a: 1\n", "f")
        assert gc.isenabled() is is_collecting
    finally:
        (gc.enable if was_collecting else gc.disable)()


def test_aliases_cannot_build_what_nesting_may_not() -> None:
    chain = ["a0: &a0 [[[[[[[[[[x]]]]]]]]]]"]
    chain += [f"a{i}: &a{i} [[[[[[[[[[*a{i - 1}]]]]]]]]]]" for i in range(1, 10)]
    with pytest.raises(DeclarationError, match="nested deeper than 64"):
        parse("\n".join(chain).encode(), "f")


def test_a_bomb_costs_neither_time_nor_memory() -> None:
    bomb = ["a0: &a0 [ha, ha]", *(f"a{i}: &a{i} [{', '.join([f'*a{i - 1}'] * 9)}]" for i in range(1, 30))]
    tracemalloc.start()
    with pytest.raises(DeclarationError, match="aliases expand to more than 4 MiB of text or 150,000 values"):
        parse("\n".join(bomb).encode(), "f")
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 5_000_000


texts = st.text(st.characters(codec="utf-8", exclude_categories=["Cc", "Cs"]), max_size=12)
values = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.floats(allow_nan=False, allow_infinity=False) | texts,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(texts, inner, max_size=4),
    max_leaves=20,
)


@given(values, st.booleans())
def test_what_is_written_is_what_is_read(value: object, is_flow: bool) -> None:  # noqa: FBT001
    """PyYAML quotes whatever YAML 1.1 would misread, and 1.2 reads quoted text as text."""
    written = yaml.safe_dump(value, allow_unicode=True, default_flow_style=is_flow, default_style='"')
    plain = yaml.safe_dump(value, allow_unicode=True, default_flow_style=is_flow)
    assert parse(plain.encode(), "f").data == value
    assert parse(written.encode(), "f").data == value


@given(st.binary(max_size=60) | texts.map(str.encode))
def test_no_bytes_make_it_crash(content: bytes) -> None:
    problems: tuple[Problem, ...] = ()
    try:
        parse(content, "f")
    except DeclarationError as error:
        problems = error.problems
    assert all("\n" not in str(problem) for problem in problems)
