"""Which stacks manage a scenario, by the states of all stacks of the project."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tornado_resource.core.urns import SCENARIO_TYPE
from tornado_resource.errors import ConfigurationError
from tornado_resource.stacks import managers

if TYPE_CHECKING:
    import pytest

CANNOT_READ = ConfigurationError("pulumi is not on PATH")
STACKS = [{"name": "dev"}, {"name": "org/agents/rival"}, {"name": "new"}, {"name": "lost"}]
RESOURCES: list[dict[str, Any]] = [
    {"type": "other:index:Thing", "id": "sc-0"},
    {"type": SCENARIO_TYPE},
    {"type": SCENARIO_TYPE, "id": "sc-1", "outputs": {"scenario_id": "sc-1"}},
    {"type": SCENARIO_TYPE, "id": "sc-2", "outputs": {"manage": False}},
]


def test_other_stacks_manage_the_scenarios_of_their_states(monkeypatch: pytest.MonkeyPatch) -> None:
    def pulumi(*arguments: str) -> Any:
        assert "dev" not in arguments
        if arguments[1] == "ls":
            return STACKS
        if arguments[3] == "lost":
            raise CANNOT_READ
        return {"deployment": {"resources": RESOURCES} if "rival" in arguments[3] else None}

    monkeypatch.setattr(managers, "pulumi_json", pulumi)
    assert managers.managing_stacks("dev") == {"sc-1": "org/agents/rival"}


def test_without_a_list_of_stacks_no_manager_is_known(monkeypatch: pytest.MonkeyPatch) -> None:
    def pulumi(*_arguments: str) -> Any:
        raise CANNOT_READ

    monkeypatch.setattr(managers, "pulumi_json", pulumi)
    assert managers.managing_stacks("dev") == {}
