from __future__ import annotations

import pytest

from tornado_resource.core.positions import Position, Problem


@pytest.mark.parametrize(
    ("text", "position"),
    [
        ("sessions.yaml:6:3", Position("sessions.yaml", 6, 3)),
        ("C:\\a:b.yaml:6:3", Position("C:\\a:b.yaml", 6, 3)),
        ("", None),
        (None, None),
        ("sessions.yaml", None),
        ("sessions.yaml:6", None),
        (":6:3", None),
        ("a:x:3", None),
        ("a:²:3", None),
        ("a:1:1234567890", None),
    ],
)
def test_a_position_is_parsed_from_file_line_column(text: str | None, position: Position | None) -> None:
    assert Position.parse(text) == position
    assert position is None or str(position) == text


def test_problems_are_sorted_by_position() -> None:
    later, first = Problem(Position("a.yaml", 10, 1), "", "x"), Problem(Position("a.yaml", 9, 7), "sessions.a", "y")
    assert sorted([later, first]) == [first, later]
    assert [str(problem) for problem in (first, later)] == ["a.yaml:9:7: sessions.a: y", "a.yaml:10:1: x"]
