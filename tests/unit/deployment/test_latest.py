"""What a program says of the versions that `latest` stands for."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any, cast

import pulumi
import pytest

from tornado_resource.core.positions import Position
from tornado_resource.declarations.model import Declaration, Environment, Gate
from tornado_resource.deployment.latest import with_latest
from tornado_resource.stacks.recorded_scenarios import StoredScenarios
from tornado_resource.stacks.settings import Settings

DECLARED = Declaration("a", {"pathway_id": "pw-1", "version_number": "latest"}, Gate(), Position("s.yaml", 3, 3))


@pytest.mark.parametrize(
    ("started", "newest", "why"),
    [
        (6, 6, ""),
        (6, None, ""),
        (6, 7, ", as it was started (the newest one is 7)"),
        (5, 6, ": runs again, it failed"),
    ],
    ids=["same", "not asked", "its own repair", "another"],
)
async def test_why_it_runs_again_is_said_once(
    monkeypatch: pytest.MonkeyPatch, started: int, newest: int | None, why: str
) -> None:
    """Where the version stays, the declaration is unchanged, and the provider says why it runs again."""

    async def version(*_arguments: Any) -> tuple[int, str]:
        return 6, "it failed"

    async def started_version(_urns: Any) -> int:
        return started

    said: list[str] = []
    monkeypatch.setattr(pulumi.log, "info", said.append)
    for name in ("stack", "project", "organization"):
        monkeypatch.setattr(pulumi, f"get_{name}", lambda: "dev")
    run: Any = SimpleNamespace(
        last_runs=SimpleNamespace(
            version=version, started_version=started_version, newest_seen=lambda *_arguments: newest
        ),
        scenarios=SimpleNamespace(stored=StoredScenarios(())),
        settings=Settings(),
    )
    found = await with_latest(Environment("dev", (DECLARED,)), cast("Any", run))
    assert found.declarations[0].request["version_number"] == 6
    assert said == [f"latest is:\n  a: version 6 of pathway pw-1{why}"]
