"""What is said of a scenario that the API has not stored as it is declared."""

from __future__ import annotations

from tornado_resource.bland.listing import Owner, Scenario
from tornado_resource.core.positions import Position
from tornado_resource.declarations.model import ScenarioDeclaration
from tornado_resource.scenarios.conflict import ScenarioDiffers, ScenarioExists, ScenarioHeld, ScenarioNotStored

FIELDS = {"name": "Refund", "tester_persona_prompt": "Be KIND."}
EXISTING = Scenario(
    "sc-1", "Refund", is_required_for_promotion=False, entry={**FIELDS, "tester_persona_prompt": "be kind."}
)


def test_both_values_are_named_with_the_place() -> None:
    declared = ScenarioDeclaration("refund", Owner.pathway("pw-1"), FIELDS, Position("sessions.yaml", 3, 3))
    assert str(ScenarioNotStored(declared, "sc-1", ["tester_persona_prompt"], EXISTING)) == (
        "sessions.yaml:3:3: scenario 'Refund' on pathway pw-1 (sc-1) is not stored as declared, so no run of it "
        "was started. The API has other values:\n"
        '  tester_persona_prompt: found "be kind.", declared "Be KIND."\n'
        "Declare what the API stores, or correct the value that it does not accept"
    )


def test_values_that_are_secret_or_unread_are_left_out() -> None:
    declared = ScenarioDeclaration("refund", Owner.pathway("pw-1"), FIELDS)
    said = str(ScenarioNotStored(declared, "sc-1", ["tester_persona_prompt", "max_turns"], None))
    assert said.startswith("scenario 'Refund' on pathway pw-1 (sc-1) is not stored as declared")
    assert "The API has other values:\n  tester_persona_prompt\n  max_turns\n" in said


def test_a_secret_field_is_named_and_never_shown() -> None:
    secrets = frozenset({"name", "tester_persona_prompt"})
    declared = ScenarioDeclaration("refund", Owner.pathway("pw-1"), {**FIELDS, "max_turns": 3}, secrets=secrets)
    for said in map(str, (ScenarioExists(declared, EXISTING), ScenarioDiffers(declared, EXISTING))):
        assert "tester_persona_prompt: found and declared are [secret]" in said
        assert "max_turns: found nothing, declared 3" in said
        assert said.startswith("scenario '[secret]' on pathway pw-1 ")
        assert not {word for word in ("Refund", "kind", "KIND") if word in said}


def test_a_scenario_of_an_agent_is_called_that() -> None:
    declared = ScenarioDeclaration("refund", Owner.agent("ag-1"), FIELDS)
    assert str(ScenarioExists(declared, EXISTING)).startswith("scenario 'Refund' of agent ag-1 exists already (sc-1)")
    assert "Names are unique for an agent: remove" in str(ScenarioHeld(declared, "sc-1", "other"))
