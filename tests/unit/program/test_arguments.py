"""What resources refuse at once, in the program."""

from __future__ import annotations

import pulumi
import pytest

from tornado_resource import AgentChecks, AgentRelease, PathwayRelease, TornadoScenario, TornadoSession
from tornado_resource.program.arguments import InvalidArgument

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
    with pytest.raises(InvalidArgument, match=f"PathwayRelease a: {start}remove it"):
        PathwayRelease("a", pathway_id="pw-1", version=1, opts=opts)
    with pytest.raises(InvalidArgument, match=f"AgentRelease a: {start}remove it"):
        AgentRelease("a", agent_id="a-1", version_id="v-1", opts=opts)
