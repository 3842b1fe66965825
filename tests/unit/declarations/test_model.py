from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tornado_resource.core.canonical import digest
from tornado_resource.core.positions import Position
from tornado_resource.declarations.model import DEFAULT_TIMEOUT_MS, Declaration, Gate, request_from
from tornado_resource.declarations.resolver import load

if TYPE_CHECKING:
    from pathlib import Path


def test_a_digest_depends_on_the_content_and_not_on_the_order_of_keys() -> None:
    request = {"pathway_id": "pw-1", "max_iterations": 5}
    assert digest(request) == "da33e573d49429fc9ee9ba476a5a0d72e6bfac65b116c3a4a7c5740037a09386"
    assert digest(dict(reversed(request.items()))) == digest(request)
    assert digest({**request, "max_iterations": 6}) != digest(request)


def test_a_request_holds_only_the_declared_fields_with_whole_numbers() -> None:
    values = {"timeout_ms": 1000.0, "pathway_id": "pw-1", "persona_id": None, "rerun": "always"}
    request = request_from(values)
    assert request == {"pathway_id": "pw-1", "timeout_ms": 1000}
    assert type(request["timeout_ms"]) is int


def test_the_longest_wait_is_the_time_limit_and_a_little_more() -> None:
    position = Position("s.yaml", 1, 1)
    assert DEFAULT_TIMEOUT_MS == 900_000
    assert Declaration("a", {"pathway_id": "pw-1"}, None, position).limit_ms == 960_000
    assert Declaration("a", {"pathway_id": "pw-1", "timeout_ms": 7}, None, position).limit_ms == 60_007
    agent = {"agent_id": "ag-1", "env": "staging", "version_id": "latest"}
    assert Declaration("a", agent, None, position, section="agents").limit_ms == 50 * 60_000


def test_a_gate_is_read_with_its_defaults() -> None:
    assert Gate.of(None) == Gate.of("all") == Gate("all", "allow")
    assert Gate.of({"passed": 3.0}, repaired="refuse") == Gate(3, "refuse")
    assert Gate.of({"repaired": "allow", "full_run": "any"}, repaired="refuse") == Gate("all", "allow", "any")
    assert Gate.of("none") is None


@pytest.mark.parametrize(
    ("gate", "is_required", "bar"),
    [
        (Gate(), True, 50),
        (Gate(), False, None),
        (Gate(), None, None),
        (Gate("80%"), True, 80),
        (Gate("100%"), True, 100),
        (Gate("80%"), False, None),
        (Gate("any"), True, None),
        (Gate(3), True, None),
        (Gate("promotion"), True, None),
        (Gate("80%", judges={"polite": "60%"}), True, 60),
        (Gate("any", judges={"polite": "60%"}), False, 60),
        (Gate("80%", judges={"other": "60%"}), True, 80),
    ],
)
def test_the_bar_of_a_judge(gate: Gate, is_required: bool | None, bar: int | None) -> None:  # noqa: FBT001
    assert gate.bar("polite", is_required=is_required) == bar


def test_judges_of_a_gate_are_read_from_its_mapping() -> None:
    assert Gate.of({"judges": {"polite": "60%"}}) == Gate(judges={"polite": "60%"})
    assert Gate.of({"judges": None}) == Gate()
    assert hash(Gate(judges={"polite": "60%"})) == hash(Gate())


def test_of_two_bars_for_one_judge_the_higher_one_holds() -> None:
    gate = Gate(judges={"Polite": "50%", "j-1": "100%", "j-2": "90%"})
    assert gate.bar("Polite", "j-1", is_required=True) == 100


def test_a_judge_that_is_named_by_key_and_name_has_the_higher_bar(tmp_path: Path) -> None:
    file = tmp_path / "sessions.yaml"
    bars = 'gate: {judges: {polite: "90%", Polite: "50%"}}'
    checks = "checks: {scenario_ids: [t-1], judges: [polite]}"
    judges = "judges: {polite: {name: Polite}}"
    file.write_text(f"version: 1\nagents:\n  a: {{agent_id: ag-1, {checks}, {bars}}}\n{judges}\n", encoding="utf-8")
    [agent] = load(str(file), None).agents
    assert agent.gate is not None
    assert agent.gate.judges == {"Polite": "90%"}
