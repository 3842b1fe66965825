"""What `import --agent` writes."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tornado_resource.agents.importing import FoundAgent, declarations
from tornado_resource.bland.check_runs import Checks, ConfiguredJudge
from tornado_resource.declarations.resolver import load

if TYPE_CHECKING:
    from pathlib import Path

RESOLVED = ConfiguredJudge("judge-1", None, "Resolved", is_required=True)
POLITE = ConfiguredJudge("judge-2", None, "Polite\x1b # {", is_required=False)


def checks(*judges: ConfiguredJudge, is_enabled: bool | None = True) -> Checks:
    return Checks(("tc-1",), (), judges, is_enabled, 5, None)


def test_an_agent_has_a_check_run_for_each_environment_with_checks() -> None:
    found = {"staging": checks(RESOLVED, POLITE), "production": checks(is_enabled=None)}
    lines = declarations([FoundAgent("ag-1", "Support (EU)", found)]).splitlines()
    assert lines[1:] == [
        "version: 1",
        "agents:",
        "  support-eu:",
        "    agent_id: ag-1",
        "    env: staging",
        "    version: latest",
        r"    gate: {passed: all}  # Resolved (required), Polite\x1b # {",
        "  support-eu-production:",
        "    agent_id: ag-1",
        "    env: production",
        "    version: latest",
        "    gate: {passed: all}",
    ]


@pytest.mark.parametrize(
    ("found", "envs"),
    [
        ({}, ["staging"]),
        ({"staging": None, "production": checks(RESOLVED)}, ["production"]),
        ({"staging": checks(RESOLVED, is_enabled=False), "production": None}, ["staging"]),
    ],
)
@pytest.mark.parametrize("name", [None, "Support", "7 & 8", "\U0001f389", "s" * 100])
def test_what_is_written_reads_back(
    found: dict[str, Checks | None], envs: list[str], name: str | None, tmp_path: Path
) -> None:
    file = tmp_path / "sessions.yaml"
    agents = [FoundAgent("7c1f0a52-0b1e-4c8a-9a55-6f0d6f6f1f01", name, found), FoundAgent("1e3", name, found)]
    file.write_text(declarations(agents), encoding="utf-8")
    read = load(str(file)).agents
    assert [each.request["agent_id"] for each in read] == [agents[0].agent_id] * len(envs) + ["1e3"] * len(envs)
    assert [each.request["env"] for each in read] == envs * 2
