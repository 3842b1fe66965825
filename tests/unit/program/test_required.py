"""What the file refuses as missing, the library refuses too."""

from __future__ import annotations

from typing import Any

import pytest

from tornado_resource.declarations.values import input_problems
from tornado_resource.program.arguments import with_path

PATHWAY = "`pathway_id` is missing, expected the id of the pathway to test"
AGENT = "`agent_id` is missing, expected the id of the agent to check"


@pytest.mark.parametrize(
    ("needed", "inputs", "problems"),
    [
        (("pathway_id",), {}, {"pathway_id": PATHWAY}),
        (("pathway_id",), {"pathway_id": None}, {"pathway_id": PATHWAY}),
        (("agent_id", "env"), {}, {"agent_id": AGENT}),
        (("pathway_id",), {"pathway_id": "pw-1", "adopt": "s-1"}, {}),
    ],
)
def test_a_run_needs_its_place(needed: tuple[str, ...], inputs: dict[str, Any], problems: dict[str, str]) -> None:
    assert input_problems(needed, inputs) == problems


@pytest.mark.parametrize("adopt", ["", "../x", 5])
def test_an_id_to_adopt_is_one(adopt: Any) -> None:
    assert "expected an id" in input_problems((), {"adopt": adopt})["adopt"] or adopt == 5
    assert list(input_problems((), {"adopt": adopt})) == ["adopt"]


def test_a_path_is_not_doubled() -> None:
    assert with_path("scenario_ids", "scenario_ids[1]: duplicate") == "scenario_ids[1]: duplicate"
    assert with_path("gate", "found 5") == "gate: found 5"
