"""Outputs in the state that are damaged at every place: each call of Pulumi's returns, or says what to do."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from tests.support.api import configure_provider
from tests.support.damage import damaged_copies
from tests.support.paths import EXAMPLES
from tornado_resource.checks.provider import ChecksProvider, JudgeProvider
from tornado_resource.provider.runtime import Failure, stop_runtimes
from tornado_resource.releases.provider import AgentReleaseProvider, ReleaseProvider
from tornado_resource.sandbox.serving import Sandbox
from tornado_resource.scenarios.provider import ScenarioProvider
from tornado_resource.tornado.provider import TornadoProvider

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

REPLACEMENTS: tuple[Any, ...] = (5, "\x1b[31m\n::error::x", [])


@pytest.fixture(scope="module")
def url() -> Iterator[str]:
    with Sandbox() as sandbox:
        yield sandbox.url
    stop_runtimes()


SCENARIO: dict[str, Any] = {
    "name": "dev/refund@pw-1",
    "pathway_id": "pw-1",
    "fields": {"name": "Refund", "max_turns": 10, "assertions": [{"type": "BLAND_TONE", "config": {}}]},
    "on_destroy": "delete",
    "manage": True,
    "declared_at": "sessions.yaml:3:3",
}
AGENT_RELEASE: dict[str, Any] = {
    "agent_id": "a-1",
    "environment": "production",
    "version_id": "v-2",
    "runs": ["run-1"],
    "declared_at": "sessions.yaml:3:3",
}


CHECKS: dict[str, Any] = {
    "name": "dev/support",
    "agent_id": "a-1",
    "env": "staging",
    "scenario_ids": ["tc-1"],
    "judges": [{"id": "j-1", "version": "v-1", "required": True, "target_level_keys": ["good"], "name": "Polite"}],
    "simulations_count": 5,
    "config": "0123456789abcdef",
    "on_destroy": "delete",
    "secrets": ["agent_id"],
    "declared_at": "sessions.yaml:3:3",
}
JUDGE: dict[str, Any] = {
    "name": "dev/polite",
    "fields": {
        "name": "Polite",
        "prompt": "Was it polite?",
        "levels": [{"level_key": "a", "label": "A", "prompt": "a"}, {"level_key": "b", "label": "B", "prompt": "b"}],
        "target_level_keys": ["b"],
        "judge_config": {"model": "m"},
    },
    "secrets": ["prompt"],
    "declared_at": "sessions.yaml:3:3",
}


def recorded(kind: str) -> dict[str, Any]:
    """The inputs and outputs of a resource in a recorded state."""
    if kind == "TornadoScenario":
        known = {"scenario_id": "sc-refund", "adopted": False, "filled": {"metadata": "0"}, "drift": ["max_turns"]}
        return {"inputs": SCENARIO, "outputs": {**SCENARIO, **known}}
    if kind == "AgentChecks":
        return {"inputs": CHECKS, "outputs": {**CHECKS, "enabled": True, "updated_at": None, "drift": ["judges"]}}
    if kind == "AgentJudge":
        known = {"judge_id": "j-1", "version": "v-1", "drift": ["prompt"]}
        return {"inputs": JUDGE, "outputs": {**JUDGE, **known}}
    if kind == "AgentRelease":
        known = {"semver": "1.1.0", "live": "v-3", "unproved": None}
        return {"inputs": AGENT_RELEASE, "outputs": {**AGENT_RELEASE, **known}}
    text = (EXAMPLES / "states/promoted.json").read_text(encoding="utf-8").replace("@", "").replace("/", "-")
    resources = json.loads(text)["deployment"]["resources"]
    found: dict[str, Any] = next(entry for entry in resources if entry["type"].endswith(kind))
    content = {"content": f"sha256:{'0' * 64}", "live": f"sha256:{'1' * 64}"} if kind == "PathwayRelease" else {}
    return {**found, "outputs": {**found["outputs"], **content}}


def calls(provider: Any, identifier: str, olds: dict[str, Any], news: dict[str, Any]) -> list[Callable[[], Any]]:
    return [
        lambda: provider.read(identifier, dict(olds)),
        lambda: provider.diff(identifier, dict(olds), dict(news)),
        lambda: provider.update(identifier, dict(olds), dict(news)),
        lambda: provider.delete(identifier, dict(olds)),
    ]


@pytest.mark.parametrize(
    ("kind", "make"),
    [
        ("TornadoSession", TornadoProvider),
        ("PathwayRelease", ReleaseProvider),
        ("AgentRelease", AgentReleaseProvider),
        ("TornadoScenario", ScenarioProvider),
        ("AgentChecks", ChecksProvider),
        ("AgentJudge", JudgeProvider),
    ],
)
def test_damaged_outputs_end_in_a_message(
    kind: str, make: Callable[[], Any], url: str, capsys: pytest.CaptureFixture[str]
) -> None:
    whole, said = recorded(kind), list[str]()
    for olds in damaged_copies(whole["outputs"], REPLACEMENTS):
        provider = make()
        configure_provider(provider, url)
        for call in calls(provider, "s-1", olds, whole["inputs"]):
            try:
                call()
            except Failure as error:
                said.append(str(error))
    assert said
    said.append(capsys.readouterr().out)
    assert all(line.isprintable() for text in said for line in text.splitlines())


@pytest.mark.parametrize(("call", "key"), [("read", "pathway_id"), ("delete", "pathway_id"), ("delete", "name")])
def test_a_state_without_a_value_says_what_to_do(call: str, key: str, url: str) -> None:
    provider = TornadoProvider()
    configure_provider(provider, url)
    state: dict[str, Any] = {"name": "dev/a", "pathway_id": "p", "declared": {"pathway_id": "p"}}
    del state[key]
    with pytest.raises(Failure, match=f"the state of session s-1 is damaged: it has no `{key}`. Restore the state"):
        getattr(provider, call)("s-1", state)
