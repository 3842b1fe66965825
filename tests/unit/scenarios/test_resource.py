"""A scenario's resource where the program only declares: in `refresh` and `destroy` with `--run-program`."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pulumi
import pytest

from tornado_resource import TornadoScenario
from tornado_resource.bland.listing import Owner
from tornado_resource.declarations.model import SILENT_REPLAY, ScenarioDeclaration
from tornado_resource.declarations.values import ONE_OWNER
from tornado_resource.program import purpose
from tornado_resource.program.arguments import InvalidArgument
from tornado_resource.scenarios import resource
from tornado_resource.scenarios.tested import all_ids, definitions
from tornado_resource.stacks.command_line import CommandLine


@pytest.mark.parametrize(("operation", "seen"), [("up", {"is_gone": True}), ("destroy", None), ("refresh", None)])
async def test_only_an_update_looks_for_edits(
    monkeypatch: pytest.MonkeyPatch, operation: str, seen: dict[str, Any] | None
) -> None:
    async def look(_resource_name: str) -> dict[str, Any]:
        return {"is_gone": True}

    monkeypatch.setattr(purpose, "own_command", lambda: CommandLine(Path(), operation=operation))
    monkeypatch.setattr(resource, "program_run_or_none", lambda: SimpleNamespace(scenarios=SimpleNamespace(seen=look)))
    assert await resource._seen("refund") == seen


@pytest.mark.parametrize(
    ("owner", "line"),
    [
        ({}, f"  pathway_id: {ONE_OWNER}"),
        ({"pathway_id": "p", "agent_id": "a"}, f"  pathway_id: {ONE_OWNER}"),
        ({"agent_id": "your-agent-id"}, "  agent_id: found the placeholder, expected"),
    ],
)
def test_a_program_names_one_owner(owner: dict[str, Any], line: str) -> None:
    with pytest.raises(InvalidArgument) as caught:
        TornadoScenario("refund", **owner)
    assert str(caught.value).splitlines()[1].startswith(line)


@pytest.mark.parametrize("messages", [None, []])
def test_a_program_gives_a_replay_its_messages(messages: list[str] | None) -> None:
    with pytest.raises(InvalidArgument) as caught:
        TornadoScenario("refund", pathway_id="p", scenario_type="REPLAY", input_messages=messages)
    assert str(caught.value).splitlines()[1:] == [f"  scenario_type: {SILENT_REPLAY}"]


async def test_a_run_tests_only_scenarios_of_its_own_pathway_or_agent() -> None:
    declared = ScenarioDeclaration("refund", Owner.agent("AG-1"), {"name": "Refund"})
    of_agent: Any = SimpleNamespace(
        declaration=pulumi.Output.from_input(declared), stored_id=pulumi.Output.from_input("sc-1")
    )
    assert await all_ids(["tc-1"], [of_agent], "agent_id", "ag-1").future() == ["tc-1", "sc-1"]
    for field, owner_id in (("agent_id", "ag-2"), ("pathway_id", "ag-1")):
        ids: Any = all_ids(None, [of_agent], field, owner_id)  # type: ignore[arg-type]
        with pytest.raises(InvalidArgument, match="'refund' belongs to another pathway or agent than what tests it"):
            await ids.future()


async def test_what_decides_about_the_runs_of_scenarios_has_a_digest() -> None:
    async def digest(*fields: dict[str, Any]) -> str:
        declared = [ScenarioDeclaration("refund", Owner.agent("ag-1"), each) for each in fields]
        scenarios: Any = [SimpleNamespace(declaration=pulumi.Output.from_input(each)) for each in declared]
        found = definitions(scenarios)
        assert found is not None
        return str(await found.future())

    assert definitions([]) is None
    one, other = {"name": "Refund", "max_turns": 5}, {"name": "Refund", "max_turns": 9}
    assert await digest(one) == await digest(dict(one))
    assert len({await digest(one), await digest(other), await digest(one, other)}) == 3
