"""What decides how a scenario is run and judged."""

from __future__ import annotations

from typing import Any

import pytest

from tornado_resource.bland.listing import parse_scenarios
from tornado_resource.bland.scenario_content import scenario_digest

SCENARIO: dict[str, Any] = {
    "id": "sc-1",
    "name": "Refund",
    "tester_persona_prompt": "You want your money back.",
    "max_turns": 10,
    "assertions": [
        {"id": "as-1", "type": "LLM_JUDGE", "config": {"prompt": "Refunded?", "threshold": 1}},
        {"id": "as-2", "type": "NODE_REACHED", "config": {"node_id": "done"}},
    ],
}


@pytest.mark.parametrize(
    "same",
    [
        {"id": "sc-2", "name": "Refunds", "updated_at": "2026-04-14", "most_recent_run": {"id": "r"}, "org_id": "o"},
        {"max_turns": 10.0},
        {"category": "CUSTOM", "scenario_type": "AGENT", "is_required_for_promotion": False, "request_data": {}},
        {"start_node_id": None, "advanced_instructions": "", "input_messages": []},
        {"assertions": SCENARIO["assertions"][::-1]},
        {"assertions": [{**each, "id": "x", "is_required": True, "weight": 1.0} for each in SCENARIO["assertions"]]},
    ],
)
def test_ids_times_defaults_and_order_do_not_matter(same: dict[str, Any]) -> None:
    assert scenario_digest({**SCENARIO, **same}) == scenario_digest(SCENARIO)


@pytest.mark.parametrize(
    "other",
    [
        {"tester_persona_prompt": "You are happy."},
        {"max_turns": 11},
        {"category": "ANGRY_CALLER"},
        {"scenario_type": "REPLAY", "input_messages": ["hi"]},
        {"is_required_for_promotion": True},
        {"request_data": {"name": "Ada"}},
        {"start_node_id": "n-1"},
        {"assertions": []},
        {"assertions": None},
        {"assertions": [SCENARIO["assertions"][0]]},
        {"assertions": [{**SCENARIO["assertions"][0], "weight": 2}, SCENARIO["assertions"][1]]},
    ],
)
def test_what_decides_about_a_run_matters(other: dict[str, Any]) -> None:
    assert scenario_digest({**SCENARIO, **other}) != scenario_digest(SCENARIO)


def test_a_scenario_of_a_response_has_its_digest() -> None:
    scenarios = parse_scenarios({"scenarios": [SCENARIO]})
    assert scenarios is not None
    assert scenarios[0].digest == scenario_digest(SCENARIO)
    assert "money" not in repr(scenarios[0])


def test_white_space_at_the_ends_of_stored_lines_and_texts_does_not_count() -> None:
    text = "You want your money back.\nNow."
    shown = [{**SCENARIO, "tester_persona_prompt": each} for each in (text, "You want your money back. \r\nNow.\n\n")]
    plain, spaced = parse_scenarios({"scenarios": shown}) or ()
    assert plain.digest == spaced.digest == plain.exact_digest != spaced.exact_digest
    assert spaced.exact_digest == scenario_digest(shown[1])


def test_a_scenario_that_is_nested_too_deeply_has_no_content() -> None:
    deep: Any = []
    for _ in range(2_000):
        deep = [deep]
    assert scenario_digest({"metadata": deep}) == scenario_digest({"metadata": deep}, is_exact=False) == "unreadable"
