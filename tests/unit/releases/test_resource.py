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
