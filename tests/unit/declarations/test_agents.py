"""Agents beside sessions: names, ids, and what their declarations share with those of sessions."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tornado_resource.declarations.resolver import load
from tornado_resource.errors import DeclarationError

if TYPE_CHECKING:
    from pathlib import Path


def declared(tmp_path: Path, text: str) -> str:
    path = tmp_path / "s.yaml"
    path.write_text(f"version: 1\n{text}", encoding="utf-8")
    return str(path)


def test_an_agent_takes_the_common_defaults_and_no_others(tmp_path: Path) -> None:
    text = (
        "defaults: {rerun: always, gate: {passed: 3}, pathway_id: p}\nsessions: {a: {}}\nagents: {b: {agent_id: g}}\n"
    )
    session, agent = load(declared(tmp_path, text)).declarations
    assert (session.kind, session.rerun, session.pathway_id) == ("tornado", "always", "p")
    assert (agent.kind, agent.rerun, agent.place) == ("check_run", "always", ("g", "staging"))
    assert agent.request == {"agent_id": "g", "env": "staging", "version_id": "latest"}
    assert agent.gate is not None
    assert agent.gate.passed == "all"


def test_only_sessions_leave_their_version_to_the_api(tmp_path: Path) -> None:
    both = load(declared(tmp_path, "sessions: {a: {pathway_id: p}}\nagents: {b: {agent_id: g}}\n"))
    assert (
        both.version_note
        == "no version_number in a: the API chooses which version is tested; declare `version_number: latest`"
    )
    assert load(declared(tmp_path, "agents: {b: {agent_id: g}}\n")).version_note is None


@pytest.mark.parametrize(
    ("text", "problems"),
    [
        (
            "sessions: {a: {pathway_id: p}}\nagents: {a: {agent_id: g}}\n",
            ["s.yaml:3:10: agents.a: duplicate name: a session of this file has it too; rename one"],
        ),
        ("agents: {a: {}}\n", ["s.yaml:2:10: agents.a: `agent_id` is missing, expected the id of the agent to check"]),
        (
            "agents: {a: {agent_id: g}}\nenvironments: {e: {agents: {b: {env: staging}}}}\n",
            ["s.yaml:3:29: environments.e.agents.b: unknown agent 'b', expected an agent of this file, or a new"],
        ),
        (
            "x: &x {agent_id: g}\nagents: {a: {<<: *x}}\n",
            ["s.yaml:2:1: x: unknown key", "s.yaml:3:14: agents.a.<<:"],
        ),
    ],
)
def test_a_wrong_name_or_a_missing_id_is_reported_with_its_place(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, text: str, problems: list[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    declared(tmp_path, text)
    with pytest.raises(DeclarationError) as raised:
        load("s.yaml")
    lines = str(raised.value).splitlines()
    assert [line for line, begin in zip(lines, problems, strict=True) if not line.startswith(begin)] == []
