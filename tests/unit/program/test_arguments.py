"""What resources refuse at once, in the program."""

from __future__ import annotations

import asyncio
from types import SimpleNamespace
from typing import Any

import pulumi
import pytest

from tornado_resource import AgentChecks, AgentJudge, AgentRelease, PathwayRelease, TornadoScenario, TornadoSession
from tornado_resource.core.urns import SESSION_TYPE
from tornado_resource.declarations.model import Confirm, Gate
from tornado_resource.program.arguments import InvalidArgument, alias_urns, parents_input

IMPORT = pulumi.ResourceOptions(import_="s-1")
READ = pulumi.ResourceOptions(id="s-1")


@pytest.mark.parametrize(("opts", "option"), [(IMPORT, "import_"), (READ, "id")])
def test_a_resource_option_cannot_take_over_what_exists(opts: pulumi.ResourceOptions, option: str) -> None:
    start = f"the resource option {option} is not supported; "
    with pytest.raises(InvalidArgument, match=f'TornadoSession a: {start}to take over a session, pass adopt="s-1"'):
        TornadoSession("a", pathway_id="pw-1", opts=opts)
    with pytest.raises(InvalidArgument, match=f"TornadoScenario a: {start}.* pass on_conflict="):
        TornadoScenario("a", pathway_id="pw-1", opts=opts)
    with pytest.raises(InvalidArgument, match=f"AgentChecks a: {start}to take over checks, .* pass on_conflict="):
        AgentChecks("a", agent_id="a-1", scenario_ids=["tc-1"], judges=[{"id": "j-1"}], opts=opts)
    with pytest.raises(InvalidArgument, match=f"AgentJudge a: {start}to take over a judge, .* pass on_conflict="):
        AgentJudge("a", prompt="Was it good?", opts=opts)
    with pytest.raises(InvalidArgument, match=f"PathwayRelease a: {start}remove it"):
        PathwayRelease("a", pathway_id="pw-1", version=1, opts=opts)
    with pytest.raises(InvalidArgument, match=f"AgentRelease a: {start}remove it"):
        AgentRelease("a", agent_id="a-1", version_id="v-1", opts=opts)


def test_nothing_inside_a_gate_means_that_it_is_left_out() -> None:
    gates: list[Any] = [{"confirm": {"runs": None}}, {"confirm": {"runs": None, "passed": None}}]
    for gate in gates:
        with pytest.raises(InvalidArgument, match=r"gate\.confirm\.runs: missing"):
            TornadoSession("a", pathway_id="pw-1", version_number=1, gate=gate)
    assert Gate.of({"confirm": {"runs": 5, "passed": None}}) == Gate(confirm=Confirm(5))


async def test_the_aliases_of_a_parent_are_those_of_its_children() -> None:
    """As Pulumi does it: a name that begins with the parent's begins with its old one."""
    old = "urn:pulumi:dev::agents::acme:agents:Sales::old"
    parent: Any = SimpleNamespace(_name="new", _aliases=[old])
    inside = f"urn:pulumi:dev::agents::acme:agents:Sales${SESSION_TYPE}"
    found = [
        await alias_urns(SESSION_TYPE, name, pulumi.ResourceOptions(parent=parent)) for name in ("new-line", "line")
    ]
    assert found == [[f"{inside}::old-line"], [f"{inside}::line"]]
    assert await alias_urns(SESSION_TYPE, "line", None) == []


async def test_only_a_resource_with_a_parent_has_the_input_parents() -> None:
    urn = asyncio.ensure_future(asyncio.sleep(0, f"urn:pulumi:dev::agents::acme:agents:Sales${SESSION_TYPE}::a"))
    assert parents_input(urn, None) == {}
    assert parents_input(urn, pulumi.ResourceOptions()) == {}
    parent: Any = SimpleNamespace()
    given = parents_input(urn, pulumi.ResourceOptions(parent=parent))
    assert {name: await value for name, value in given.items()} == {"parents": "acme:agents:Sales"}
