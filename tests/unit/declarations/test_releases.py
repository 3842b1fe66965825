from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from tornado_resource.core.positions import Position
from tornado_resource.declarations.model import Declaration, Gate
from tornado_resource.declarations.releases import (
    LIVE_PUBLISH,
    UNGATED_PUBLISH,
    UNKNOWN_VERSION,
    VERSIONLESS_PUBLISH,
    Release,
    certain_versions,
    faults,
    obstacles,
    releases,
)

ALLOW, REFUSE = Gate(), Gate(repaired="refuse")


def declared(name: str, gate: Gate | None = ALLOW, version: int | None = None, **changes: Any) -> Declaration:
    request = {"pathway_id": changes.pop("pathway_id", "pw-1")}
    if version is not None:
        request["version_number"] = version
    return Declaration(name, request, gate, Position("s.yaml", 1, 1), **{"publish": "production", **changes})


def test_a_release_for_each_pathway_and_environment() -> None:
    declarations = [
        declared("a"),
        declared("b", publish="staging"),
        declared("c", pathway_id="pw-2"),
        declared("d"),
        declared("e", publish=None),
    ]
    assert releases(declarations, {"a": 7, "b": 7, "c": 2, "d": 7, "e": 9}) == [
        Release("a", "sessions", "pw-1", "production", 7, ("a", "d")),
        Release("b", "sessions", "pw-1", "staging", 7, ("b",)),
        Release("c", "sessions", "pw-2", "production", 2, ("c",)),
    ]


def test_a_version_on_which_not_all_agree_is_not_known() -> None:
    assert releases([declared("a"), declared("b")], {"a": 7})[0].version is None
    assert releases([declared("a"), declared("b")], {"b": 7})[0].version is None


@pytest.mark.parametrize(
    ("gate", "version", "certain"),
    [(REFUSE, 7, {"a": 7}), (REFUSE, 0, {"a": 0}), (REFUSE, None, {"a": None}), (ALLOW, 7, {}), (None, 7, {})],
)
def test_only_a_gate_that_refuses_repairs_makes_a_version_certain(
    gate: Gate | None, version: int | None, certain: dict[str, int | None]
) -> None:
    assert certain_versions([declared("a", gate, version)]) == certain


@pytest.mark.parametrize(
    ("declaration", "found"),
    [
        (declared("a"), {}),
        (declared("a", version=7), {}),
        (declared("a", REFUSE, 7), {}),
        (declared("a", REFUSE, 0), {"a": LIVE_PUBLISH}),
        (declared("a", version=0), {"a": LIVE_PUBLISH}),
        (declared("a", None, 0), {"a": LIVE_PUBLISH}),
        (declared("a", version=0, publish=None), {}),
        (declared("a", REFUSE), {"a": VERSIONLESS_PUBLISH}),
        (declared("a", None, 7), {"a": UNGATED_PUBLISH}),
        (declared("a", None, publish=None), {}),
        (declared("a", REFUSE, publish=None), {}),
    ],
)
def test_what_can_never_be_published(declaration: Declaration, found: dict[str, str]) -> None:
    assert obstacles([declaration]) == found


def test_a_version_that_is_carried_is_waited_for() -> None:
    assert obstacles([declared("a", REFUSE), declared("b", REFUSE)], ["a"]) == {"b": VERSIONLESS_PUBLISH}
    assert obstacles([declared("a", None)], ["a"]) == {"a": UNGATED_PUBLISH}
    assert obstacles([declared("a", version=0)], ["a"]) == {"a": LIVE_PUBLISH}


def test_two_versions_of_a_pathway_cannot_both_be_published() -> None:
    two = [declared("a", REFUSE, 7), declared("b", REFUSE, 8), declared("c", REFUSE, 9, pathway_id="pw-2")]
    message = (
        "version 8 differs from version 7 of a: only one version of a pathway can be published; "
        "declare the same version_number in both"
    )
    assert obstacles(two) == {"b": message}
    assert faults([declared("a"), declared("b")], {"a": 7, "b": 8}) == {"b": message}


def test_a_promotion_moves_staging_so_an_agent_has_one_version() -> None:
    agent = Declaration(
        "a", {"agent_id": "ag-1", "version_id": "v-1"}, Gate(), Position("s.yaml", 1, 1), section="agents"
    )
    staged = replace(agent, publish="staging")
    live = replace(agent, name="b", request={**agent.request, "version_id": "v-2"}, publish="production")
    message = (
        "version v-2 differs from version v-1 of a: only one version of an agent can be published; "
        "declare the same version in both"
    )
    assert obstacles([staged, live]) == {"b": message}
    assert faults([staged, live], {"a": "v-1", "b": "v-2"}) == {"b": message}
    assert faults([staged, live], {"a": "v-1", "b": "v-1"}) == {}


def test_a_pass_that_names_no_version_cannot_be_published() -> None:
    declarations = [declared("a"), declared("b", pathway_id="pw-2"), declared("c", publish=None)]
    assert faults(declarations, {"a": None, "b": 3, "c": None}) == {"a": UNKNOWN_VERSION}
    assert faults(declarations, {"a": 3, "b": 3, "c": None}) == {}
