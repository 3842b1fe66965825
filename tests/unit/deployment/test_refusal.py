"""What a promotion that is refused says."""

from __future__ import annotations

from tornado_resource.core.positions import Position
from tornado_resource.declarations.model import Declaration, Gate
from tornado_resource.deployment.refusal import refusal


def test_a_refusal_counts_sessions_and_check_runs_apart() -> None:
    place = Position("s.yaml", 3, 3)
    session = Declaration("booking", {"pathway_id": "pw-1"}, Gate(), place)
    agent = Declaration("support", {"agent_id": "ag-1"}, Gate(), place, section="agents")
    text = "nothing was started (1 of 1 session and 1 check run):\n  support (s.yaml:3:3): it is gone"
    assert refusal("nothing was started", [session, agent], {"support": "it is gone"}) == text
    assert refusal("no", [agent], {"support": "it is gone"}).startswith("no (1 of 1 check run):")
