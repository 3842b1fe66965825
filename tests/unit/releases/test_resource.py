"""Which version a release takes from a verdict."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pulumi
import pytest

from tornado_resource.releases import resource

if TYPE_CHECKING:
    from collections.abc import Callable

PASSED = {"outcome": "passed", "version": 7}


@pytest.fixture
def runs_for(monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    def runs_for_(*, idle: bool, mocked: bool = False) -> None:
        monkeypatch.setattr(resource, "is_idle", lambda: idle)
        monkeypatch.setattr(resource, "is_mocked", lambda: mocked)
        monkeypatch.setattr(resource, "is_dry_run", lambda: True)

    return runs_for_


@pytest.mark.parametrize("outcome", ["failed", "incomplete", None])
async def test_only_a_pass_gives_a_version(outcome: str | None, runs_for: Callable[..., None]) -> None:
    verdict: dict[str, Any] = {**PASSED, "outcome": outcome}
    runs_for(idle=True)
    assert await resource._version_of_pass("a", verdict) is pulumi.UNKNOWN
    runs_for(idle=False)
    with pytest.raises(pulumi.RunError, match=f"^release a: nothing is published, the verdict is {outcome}: "):
        await resource._version_of_pass("a", verdict)


async def test_a_destroy_keeps_the_version_that_passed(runs_for: Callable[..., None]) -> None:
    runs_for(idle=True)
    assert await resource._version_of_pass("a", PASSED) == 7
    assert await resource._version_of_pass("a", {"outcome": "passed"}) is pulumi.UNKNOWN


async def test_a_test_with_mocks_sees_the_declared_version(runs_for: Callable[..., None]) -> None:
    runs_for(idle=True, mocked=True)
    assert await resource._version_of_pass("a", {**PASSED, "outcome": "incomplete"}) == 7


async def test_a_pass_on_the_live_pathway_gives_no_version(runs_for: Callable[..., None]) -> None:
    verdict = {**PASSED, "version": 0.0}
    runs_for(idle=True)
    assert await resource._version_of_pass("a", verdict) is pulumi.UNKNOWN
    runs_for(idle=False)
    with pytest.raises(
        pulumi.RunError, match=r"^release a: nothing is published: .* version 0, which names the live pa"
    ):
        await resource._version_of_pass("a", verdict)


AGENT_PASSED = {"outcome": "passed", "version_id": "v-1"}


async def test_only_a_pass_gives_a_version_of_an_agent(runs_for: Callable[..., None]) -> None:
    runs_for(idle=False)
    assert await resource._version_id_of_pass("a", AGENT_PASSED) == "v-1"
    for outcome in ("failed", "incomplete", None):
        with pytest.raises(pulumi.RunError, match=f"^release a: nothing is published, the verdict is {outcome}: "):
            await resource._version_id_of_pass("a", {**AGENT_PASSED, "outcome": outcome})
    with pytest.raises(pulumi.RunError, match=r"^release a: nothing is published: the verdict names no version of an"):
        await resource._version_id_of_pass("a", PASSED)


async def test_a_destroy_keeps_the_version_of_an_agent_that_passed(runs_for: Callable[..., None]) -> None:
    runs_for(idle=True)
    assert await resource._version_id_of_pass("a", AGENT_PASSED) == "v-1"
    assert await resource._version_id_of_pass("a", {**AGENT_PASSED, "outcome": "failed"}) is pulumi.UNKNOWN
    assert await resource._version_id_of_pass("a", PASSED) is pulumi.UNKNOWN


@pytest.mark.parametrize("given", [{}, {"verdict": PASSED, "version": 7, "version_id": "v-1"}])
def test_a_release_takes_either_a_verdict_or_a_version(given: dict[str, Any]) -> None:
    for kind, id_key, other in (
        (resource.PathwayRelease, "pathway_id", "version_id"),
        (resource.AgentRelease, "agent_id", "version"),
    ):
        arguments: dict[str, Any] = {key: value for key, value in given.items() if key != other}
        with pytest.raises(TypeError, match=f"^{kind.__name__} takes either a verdict or a version$"):
            kind("a", **{**arguments, id_key: "x"})
