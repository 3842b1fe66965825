"""What a preview logs of the cost of an update."""

from __future__ import annotations

from pathlib import Path

import pulumi
import pytest

from tornado_resource.core.positions import Position
from tornado_resource.declarations.budget import Cost, Share
from tornado_resource.declarations.model import Declaration, Gate
from tornado_resource.deployment.budget import log_cost
from tornado_resource.program import purpose
from tornado_resource.stacks.command_line import CommandLine

COST = Cost(
    (Share.of(Declaration("a", {"pathway_id": "pw-1", "scenario_ids": ["sc-1"]}, Gate(), Position("s.yaml", 1, 1))),),
    None,
)


@pytest.mark.parametrize("has_targets", [False, True])
def test_the_cost_says_that_it_counts_what_targets_leave_out(
    has_targets: bool,  # noqa: FBT001
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Pulumi does not tell a program what it leaves out: the estimate is of all that is declared."""
    logged: list[str] = []
    monkeypatch.setattr(pulumi.log, "info", logged.append)
    monkeypatch.setattr(purpose, "own_command", lambda: CommandLine(Path(), operation="up", has_targets=has_targets))
    log_cost(COST)
    [text] = logged
    assert text.startswith("starts, at worst, 16 minutes and 5 conversations")
    assert ("--target" in text) is has_targets
