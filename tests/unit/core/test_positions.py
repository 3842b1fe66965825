from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tornado_resource.core.positions import MAX_MORE, MAX_PROBLEM_TEXT, Checkout, Position, Problem, more_problems

if TYPE_CHECKING:
    from pathlib import Path


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


def test_names_of_files_and_texts_are_fit_to_be_shown() -> None:
    problem = Problem(Position("::x\n\x1b.yaml", 1, 2), "a\n<{%fg 1%}>", "##[error]" + "x" * 2000)
    assert problem.position.file == ": :x\\n\\x1b.yaml"
    assert str(problem).startswith(": :x\\n\\x1b.yaml:1:2: a\\n< {%fg 1%}>: ## [error]x")
    assert len(problem.text) == MAX_PROBLEM_TEXT + 1
    assert problem.text.endswith("x…")


def test_a_file_named_colon_makes_no_workflow_command() -> None:
    """The line would begin with two colons."""
    assert str(Problem(Position(":", 1, 2), "", "x::y")) == ": :1:2: x::y"


@pytest.mark.parametrize(
    ("number", "text"),
    [
        (1, "… and 1 more problem"),
        (4321, "… and 4,321 more problems"),
        (MAX_MORE, "… and at least 9,000 more problems"),
    ],
)
def test_problems_that_are_not_shown_are_counted(number: int, text: str) -> None:
    assert more_problems(number) == text


@pytest.mark.parametrize("variable", ["GITHUB_WORKSPACE", "CI_PROJECT_DIR", "CIRCLE_WORKING_DIRECTORY"])
@pytest.mark.parametrize(
    ("file", "shown"),
    [
        ("sessions.yaml", "voice/sessions.yaml"),
        ("teams/../a.yaml", "voice/a.yaml"),
        ("../a.yaml", "a.yaml"),
        ("{root}/a.yaml", "a.yaml"),
        ("../../a.yaml", "../../a.yaml"),
        ("/elsewhere/a.yaml", "/elsewhere/a.yaml"),
    ],
)
def test_ci_systems_link_files_relative_to_the_repository(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, variable: str, file: str, shown: str
) -> None:
    root = tmp_path / "checkout"
    (root / "voice").mkdir(parents=True)
    (tmp_path / "link").symlink_to(root)
    monkeypatch.chdir(root / "voice")
    monkeypatch.setenv("HOME", str(tmp_path))
    position = Position(file.format(root=root), 6, 3)
    for given in (root, tmp_path / "link", "~/checkout"):
        checkout = Checkout.of({variable: str(given)})
        assert checkout is not None
        assert checkout.linked(position) == Position(shown, 6, 3)


def test_elsewhere_there_is_no_checkout() -> None:
    assert Checkout.of({}) is None
    assert Checkout.of({"GITHUB_WORKSPACE": ""}) is None
