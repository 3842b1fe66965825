"""Which versions of an agent `diff` can show, and what differs between two of them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from tests.support.api import client_of, json_response
from tornado_resource.agents.kind import KIND
from tornado_resource.agents.versions import content_of
from tornado_resource.errors import TornadoError
from tornado_resource.versions.difference import change_labels, compare_contents

if TYPE_CHECKING:
    import httpx

REQUEST = {"agent_id": "ag-1", "env": "staging", "version_id": "v-3"}
PINNED = {"staging": "v-2", "production": "v-1"}
LISTED = [{"id": "v-3", "semver": None}, {"id": "v-2", "semver": "1.1.0"}, {"id": "v-1", "semver": "1.0.0"}]


def snapshot(prompt: str, **settings: Any) -> dict[str, Any]:
    nodes = [{"id": "start", "position": {"x": len(prompt)}, "data": {"prompt": prompt}}]
    return {"behavior": {"nodes": nodes, "edges": []}, "settings": {"voice": "June", **settings}, "contact": {}}


def version(version_id: str, semver: str | None) -> dict[str, Any]:
    return {"id": version_id, "agent_id": "ag-1", "semver": semver, "snapshot": snapshot(f"Say {version_id}.")}


async def label_of(which: str, **changes: Any) -> str:
    """What a version is called that was read; `changes` are responses by the end of the path, `_` for a slash."""
    responses: dict[str, Any] = {
        "environments": [{"env_type": env, "current_version_id": each} for env, each in PINNED.items()],
        "versions": LISTED,
        "versions/latest": version("v-3", None),
        "versions/1.1.0": version("v-2", "1.1.0"),
        "versions/1.0.0": version("v-1", "1.0.0"),
        **{key.replace("_", "/"): content for key, content in changes.items()},
    }

    def handle(request: httpx.Request) -> httpx.Response:
        found = responses.get(request.url.path.removeprefix("/v2/agents/ag-1/"))
        return json_response({"data": found}) if found is not None else json_response({"message": "no"}, 404)

    async with client_of(handle) as client:
        label, content = await KIND.read_content(client, REQUEST, which)
    assert content.nodes[0]["data"]["prompt"].startswith("Say v-")
    return label


@pytest.mark.parametrize(
    ("which", "label"),
    [
        ("latest", "version v-3"),
        ("v-3", "version v-3"),
        ("v-2", "version 1.1.0"),
        ("1.0.0", "version 1.0.0"),
        ("pinned", "pinned: version 1.1.0"),
        ("live", "live: version 1.0.0"),
    ],
)
async def test_a_version_is_read_by_any_of_its_names(which: str, label: str) -> None:
    assert await label_of(which) == label


@pytest.mark.parametrize(
    ("which", "changes", "problem"),
    [
        ("v-3", {"versions_latest": version("v-4", None)}, "the API does not show version v-3"),
        ("v-9", {}, "the API does not show version v-9"),
        ("latest", {"versions_latest": {"id": "v-3"}}, "the API does not show version latest"),
        ("9.0.0", {}, "version 9.0.0 of agent ag-1: HTTP 404"),
        (
            "live",
            {"environments": [{"env_type": env, "current_version_id": None} for env in PINNED]},
            "production pins no version",
        ),
    ],
)
async def test_what_the_api_does_not_show_is_said(which: str, changes: dict[str, Any], problem: str) -> None:
    with pytest.raises(TornadoError, match=problem):
        await label_of(which, **changes)


def changed(before: dict[str, Any], after: dict[str, Any]) -> list[str]:
    return list(change_labels(compare_contents(content_of(before), content_of(after), ("a", "b"))))


def test_nodes_are_compared_by_id_and_all_else_by_its_path() -> None:
    before, after = snapshot("Hello.", speed=1), snapshot("Hi.", speed=2, volume=3)
    assert changed(before, after) == [
        "node start: data.prompt",
        "setting settings.speed: value",
        "setting settings.volume",
    ]
    assert changed(before, snapshot("Hello.", speed=1.0)) == []
    moved = {**before, "behavior": {**before["behavior"], "nodes": [{**before["behavior"]["nodes"][0], "position": 7}]}}
    assert changed(before, moved) == []


def test_a_snapshot_of_another_form_is_compared_too() -> None:
    flat = {"nodes": [{"id": "a", "text": "x"}], "edges": [], "prompt": "Be brief.", "tags": ["x"], "note": None}
    other = {"nodes": [{"id": "a", "text": "y"}], "edges": [], "prompt": "Be kind.", "tags": []}
    assert changed(flat, other) == ["node a: text", "setting prompt: value", "setting tags: value"]
    assert changed({"nodes": "none"}, {"nodes": ["a"]}) == ["setting nodes: value"]
    assert changed({"contact": {}}, {"contact": {"number": "1"}}) == ["setting contact", "setting contact.number"]
    assert changed({"a": 1}, {}) == ["setting a"]
