"""What an editor says about invalid files: one message for each fault, which reads as a sentence."""

from __future__ import annotations

import re
from collections import Counter
from typing import TYPE_CHECKING, Any, Final

import pytest

from tests.support.edited_file import EVERY_KEY, MODELINE
from tests.support.paths import EXAMPLES

if TYPE_CHECKING:
    from pathlib import Path

    from tests.support.language_server import LanguageServer

INVALID: Final = sorted((EXAMPLES / "invalid").glob("*.yaml"))
NOT_SHOWN: Final = {"not-utf8", "alias-bomb"}
"""Files that no editor would open as they are."""
FOLLOWED: Final = {"tab-indentation", "unknown-alias", "python-tag"}
"""Errors of YAML, after which the server reads something else than what is meant, and says that too."""
TWICE: Final = {"timeout-infinite", "version-number-huge", "version-number-infinite"}
"""Numbers that are too large in two ways."""


SHOWN: Final = [path for path in INVALID if path.stem not in NOT_SHOWN]


@pytest.fixture(scope="module")
def problems(server: LanguageServer) -> dict[Path, list[dict[str, Any]]]:
    """What is said about each file. All are opened before the server is asked: it waits a moment for more typing."""
    opened = {path: server.open(MODELINE + path.read_text(encoding="utf-8")) for path in SHOWN}
    return {path: server.problems(uri) for path, uri in opened.items()}


@pytest.mark.parametrize("path", SHOWN, ids=lambda path: path.stem)
def test_each_fault_has_one_message_that_reads_as_a_sentence(
    path: Path, problems: dict[Path, list[dict[str, Any]]]
) -> None:
    for problem in problems[path]:
        assert re.fullmatch(r"[A-Z]\w+ [^\n]+", problem["message"]), problem["message"]
        assert "[object" not in problem["message"]
    places = Counter(f"{problem['range']['start']}" for problem in problems[path])
    faults = len(path.with_suffix(".txt").read_text(encoding="utf-8").splitlines())
    if path.stem in TWICE:
        assert places.total() == 2
    elif path.stem not in FOLLOWED:
        assert set(places.values()) <= {1}
        assert len(problems[path]) <= faults


def test_a_valid_file_has_no_message(server: LanguageServer) -> None:
    server.open(MODELINE + EVERY_KEY)
    assert server.problems() == []


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("gate: {passed: 0.95}", "Incorrect type. Expected one of string, integer, null."),
        ("gate: {pass: all}", "Property pass is not allowed."),
        ("gate: off", 'String does not match the pattern of "^none$".'),
        (
            "rerun: sometimes",
            'Value is not accepted. Valid values: "on_drift", "on_failure", "on_change", "always", null.',
        ),
        ("timeout_ms: 900", "Value is below the minimum of 10000."),
        ("scenario_ids: []", "Array has too few items. Expected 1 or more."),
        ("pathway: p", "Property pathway is not allowed."),
    ],
)
def test_a_fault_has_exactly_this_message(line: str, message: str, server: LanguageServer) -> None:
    server.open(f"{MODELINE}version: 1\nsessions:\n  a:\n    {line}\n")
    assert [problem["message"] for problem in server.problems()] == [message]
