"""Which stacks manage a scenario, by the states of all stacks of the project."""

from __future__ import annotations

from typing import Any

import pytest

from tornado_resource.core.urns import CHECKS_TYPE, SCENARIO_TYPE
from tornado_resource.errors import ConfigurationError
from tornado_resource.stacks import managers
from tornado_resource.stacks.managers import Managers

CANNOT_READ = ConfigurationError("pulumi is not on PATH")
STACKS = [{"name": "dev"}, {"name": "lost"}, {"name": "org/agents/rival"}, {"name": "new"}]
RESOURCES: list[dict[str, Any]] = [
    {"type": "other:index:Thing", "id": "sc-0"},
    {"type": SCENARIO_TYPE},
    {"type": SCENARIO_TYPE, "id": "sc-1", "outputs": {"scenario_id": "sc-1"}},
    {"type": CHECKS_TYPE, "id": "a-1/staging", "outputs": {}},
    {"type": SCENARIO_TYPE, "id": "sc-2", "outputs": {"manage": False}},
]


@pytest.mark.parametrize("lost", [False, True])
def test_other_stacks_manage_the_scenarios_of_their_states(monkeypatch: pytest.MonkeyPatch, *, lost: bool) -> None:
    def pulumi(*arguments: str) -> Any:
        assert "dev" not in arguments
        if arguments[1] == "ls":
            return [each for each in STACKS if lost or each["name"] != "lost"]
        if arguments[3] == "lost":
            raise CANNOT_READ
        return {"deployment": {"resources": RESOURCES} if "rival" in arguments[3] else None}

    monkeypatch.setattr(managers, "pulumi_json", pulumi)
    found = managers.managing_stacks("dev")
    assert found == Managers({"sc-1": "org/agents/rival"}, str(CANNOT_READ) if lost else None)
    assert managers.managing_stacks("dev", CHECKS_TYPE).stacks == {"a-1/staging": "org/agents/rival"}
    assert found.claim("sc-1") == "stack org/agents/rival manages it"
    said = "another stack may manage it: not all stacks could be read (pulumi is not on PATH)"
    assert found.claim("sc-2") == (said if lost else None)


def test_without_a_list_of_stacks_any_may_be_a_manager(monkeypatch: pytest.MonkeyPatch) -> None:
    def pulumi(*_arguments: str) -> Any:
        raise CANNOT_READ

    monkeypatch.setattr(managers, "pulumi_json", pulumi)
    assert managers.managing_stacks("dev") == Managers(unread=str(CANNOT_READ))
