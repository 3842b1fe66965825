"""What has become of a scenario that a state has."""

from __future__ import annotations

from typing import Any

import pytest

from tornado_resource.bland.listing import Listing
from tornado_resource.bland.responses import Scenario
from tornado_resource.stacks.recorded import stored_scenario
from tornado_resource.stacks.scenarios import change_of
from tornado_resource.versions.scenarios import filled_fields

FIELDS: dict[str, Any] = {"name": "Refund", "max_turns": 10, "tester_persona_prompt": "Be kind.\n"}
SHOWN: dict[str, Any] = {**FIELDS, "tester_persona_prompt": "Be kind.", "tester_persona_name": "Sam", "enabled": True}
OUTPUTS: dict[str, Any] = {"scenario_id": "sc-1", "pathway_id": "pw-1", "fields": FIELDS}


def shown(**edit: Any) -> Scenario:
    return Scenario("sc-1", "Refund", is_required_for_promotion=False, entry={**SHOWN, **edit})


@pytest.mark.parametrize(
    ("edit", "text"),
    [
        ({}, "None"),
        ({"max_turns": 9}, "max_turns was changed in Bland"),
        ({"enabled": False, "description": "By hand"}, "description, enabled were changed in Bland"),
        ({"tester_persona_name": "Eve"}, "tester_persona_name was changed in Bland"),
        ({"category": "EDGE_CASE"}, "category is not stored as declared"),
        (
            {"category": "EDGE_CASE", "max_turns": 9},
            "max_turns was changed in Bland, and category is not stored as declared",
        ),
        (None, "was deleted in Bland"),
    ],
)
def test_an_edit_is_a_difference_from_what_was_stored(edit: dict[str, Any] | None, text: str) -> None:
    filled = filled_fields(FIELDS, {**SHOWN, "category": "EDGE_CASE"})
    stored = stored_scenario("refund@pw-1", {**OUTPUTS, "filled": filled})
    listed = () if edit is None else (shown(**edit),)
    assert stored is not None
    assert str(change_of(stored, Listing(listed))) == text


def test_without_a_record_only_the_declared_fields_count() -> None:
    stored = stored_scenario("refund@pw-1", OUTPUTS)
    assert stored is not None
    assert change_of(stored, Listing((shown(tester_persona_name="Eve"),))) is None
