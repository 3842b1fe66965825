"""What a run costs at worst is never less than what the sandbox, played to its end, holds."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from tornado_resource.core.positions import Position
from tornado_resource.declarations.model import MAX_CONVERSATIONS, ChecksDeclaration, Declaration, Gate
from tornado_resource.sandbox.agent_scripts import MAX_SCENARIOS
from tornado_resource.sandbox.agents import MAX_CHECKED_SIMULATIONS
from tornado_resource.sandbox.app import DEFAULT_MAX_ITERATIONS
from tornado_resource.sandbox.described import MAX_SCENARIO_IDS
from tornado_resource.sandbox.playing import Session, status_of
from tornado_resource.sandbox.scripts import pathway_script

HERE = Position("s.yaml", 1, 1)
IDS = tuple(f"sc-{number}" for number in range(MAX_SCENARIO_IDS))
SESSION = Session("s-1", "pw-1", None, (), None, DEFAULT_MAX_ITERATIONS, 10**9, 0, None)


def held(declaration: Declaration, enabled: tuple[str, ...], script: dict[str, Any]) -> int:
    """Play the session of a declaration to its end, and count the scenarios that its iterations ran."""
    request = declaration.request
    session = replace(
        SESSION,
        scenario_ids=tuple(request.get("scenario_ids", enabled)),
        max_iterations=request.get("max_iterations", DEFAULT_MAX_ITERATIONS),
    )
    iterations = status_of(session, pathway_script("pw-1", script), 10**12, 1.0)["iterations"]
    return sum(len(each["passed_ids"]) + len(each["failed_ids"]) for each in iterations)


@given(
    named=st.none() | st.integers(1, MAX_SCENARIO_IDS),
    enabled=st.integers(1, MAX_SCENARIO_IDS),
    iterations=st.none() | st.integers(1, 12),
    failing=st.lists(st.integers(0, MAX_SCENARIO_IDS), max_size=15),
    retests=st.sampled_from(["all", "failed"]),
)
def test_a_session_holds_at_most_its_worst_case(
    named: int | None, enabled: int, iterations: int | None, failing: list[int], retests: str
) -> None:
    given_ids = {"scenario_ids": list(IDS[:named])} if named is not None else {}
    given_iterations = {"max_iterations": iterations} if iterations is not None else {}
    declared = Declaration("a", {"pathway_id": "pw-1", **given_ids, **given_iterations}, Gate(), HERE)
    assert held(declared, IDS[:enabled], {"failing": failing, "retests": retests}) <= declared.conversations


def test_the_worst_case_of_a_session_is_reached() -> None:
    declared = Declaration("a", {"pathway_id": "pw-1"}, Gate(), HERE)
    assert held(declared, IDS, {"failing": [1] * 5}) == declared.conversations == 250


@given(scenarios=st.integers(1, MAX_SCENARIOS), simulations=st.integers(1, MAX_CHECKED_SIMULATIONS))
def test_a_check_run_holds_at_most_its_worst_case(scenarios: int, simulations: int) -> None:
    run = Declaration("a", {"agent_id": "a", "env": "staging"}, Gate(), HERE, section="agents")
    checks = ChecksDeclaration("a", "a", "staging", IDS[:scenarios], (), simulations, HERE, ())
    assert replace(run, checks=checks).conversations == scenarios * simulations <= run.conversations
    assert run.conversations == MAX_CONVERSATIONS
