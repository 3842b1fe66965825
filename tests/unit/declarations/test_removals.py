"""What an environment removes: on purpose with `null`, never by a key with nothing behind it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tornado_resource.declarations.resolver import load
from tornado_resource.errors import DeclarationError

if TYPE_CHECKING:
    from pathlib import Path

BASE = """\
version: 1
defaults: {rerun: always}
sessions:
  support-line: {pathway_id: p, gate: {passed: 95%}, scenarios: [refund]}
  billing: {pathway_id: q}
scenarios:
  refund: {max_turns: 3}
agents:
  helper: {agent_id: g, rerun: always}
environments:
  dev:
"""


def problems(folder: Path, text: str) -> list[str]:
    (folder / "s.yaml").write_text(text, encoding="utf-8")
    with pytest.raises(DeclarationError) as caught:
        load("s.yaml", "dev")
    return [str(problem) for problem in caught.value.problems]


@pytest.mark.parametrize("written", ["", " # version_number: 7", "\n        # version_number: 7", " &anchor"])
def test_an_empty_session_of_an_environment_is_an_error(tmp_path: Path, written: str) -> None:
    [problem] = problems(tmp_path, f"{BASE}    sessions:\n      support-line:{written}\n")
    assert problem == (
        "s.yaml:13:7: environments.dev.sessions.support-line: no value here; write `support-line: null` to leave it "
        "out of environment dev, or `support-line: {}` to keep it"
    )


@pytest.mark.parametrize(
    ("layer", "path"),
    [
        ("scenarios: {refund: }", "environments.dev.scenarios.refund"),
        ("scenarios: {refund: {max_turns: }}", "environments.dev.scenarios.refund.max_turns"),
        ("sessions: {support-line: {gate: }}", "environments.dev.sessions.support-line.gate"),
        ("sessions: {support-line: {gate: {passed: }}}", "environments.dev.sessions.support-line.gate.passed"),
        ("sessions: {support-line: {rerun: }}", "environments.dev.sessions.support-line.rerun"),
        ("defaults: {rerun: }", "environments.dev.defaults.rerun"),
        ("agents: {helper: }", "environments.dev.agents.helper"),
        ("agents: {helper: {rerun: }}", "environments.dev.agents.helper.rerun"),
    ],
)
def test_no_empty_value_removes_what_is_below_it(tmp_path: Path, layer: str, path: str) -> None:
    [problem] = problems(tmp_path, f"{BASE}    {layer}\n")
    assert f": {path}: no value here; write `{path.rpartition('.')[2]}: null` to " in problem


def test_an_empty_value_of_a_session_does_not_remove_a_default(tmp_path: Path) -> None:
    text = BASE.replace("billing: {", "billing: {rerun: , ")
    [problem] = problems(tmp_path, text)
    assert problem == (
        "s.yaml:5:13: sessions.billing.rerun: no value here; write `rerun: null` to remove what is set elsewhere, or "
        "remove this key to keep that"
    )


@pytest.mark.parametrize(
    "layer",
    ["", "sessions:", "defaults:", "sessions: {billing: {version_number: }}", "sessions: {billing: {rerun: null}}"],
)
def test_an_empty_value_that_removes_nothing_is_omitted(tmp_path: Path, layer: str) -> None:
    (tmp_path / "s.yaml").write_text(f"{BASE}    {layer}\n", encoding="utf-8")
    found = load("s.yaml", "dev")
    assert ([each.name for each in found.declarations], found.omission) == (["support-line", "billing", "helper"], None)


@pytest.mark.parametrize("null", ["null", "~", "Null", "!!null ''"])
def test_a_written_null_removes_a_session_and_is_told(tmp_path: Path, null: str) -> None:
    (tmp_path / "s.yaml").write_text(f"{BASE}    sessions: {{billing: {null}}}\n", encoding="utf-8")
    found = load("s.yaml", "dev")
    assert [each.name for each in found.declarations] == ["support-line", "helper"]
    assert found.omission == "environment dev leaves out billing"
