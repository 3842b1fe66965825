"""`retest: false`: what passed in another stack counts here, and is published from here."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.support.project import Project

SCRIPT: Final = """\
pathways:
  "*": {scenarios: [{id: sc-1}, {id: sc-2}]}
judges:
  resolved: {name: resolved}
agents:
  ag-1:
    versions: [{semver: 1.0.0}, {name: Second}]
    scenarios: [{id: tc-1}]
    checks: {staging: {judges: [resolved]}}
    runs: [{rates: {resolved: 0.9}}]
"""
DECLARATIONS: Final = """\
version: 1
sessions:
  booking: {pathway_id: pw-1, version_number: latest}
agents:
  support: {agent_id: ag-1}
environments:
  staging: {}
  production: {promotes_from: staging, retest: false, publish: production}
"""


def starts(project: Project) -> int:
    return len(project.requests("/start")) + len(project.requests("check-runs"))


def test_a_pass_elsewhere_counts_here_and_nothing_is_started(make_project: Callable[..., Project]) -> None:
    staging = replace(make_project(speed=1000, script=SCRIPT), stack="staging")
    staging.init()
    production = replace(staging, stack="production")
    production.init()
    staging.declare(DECLARATIONS)

    staging.up()
    before = starts(staging)
    there = staging.outputs()
    printed = production.up()
    assert "PathwayRelease" in printed
    assert "AgentRelease" in printed
    assert starts(staging) == before, "nothing was started"
    here = production.outputs()
    for name in ("booking", "support"):
        verdict = here["verdicts"][name]
        assert (verdict["outcome"], verdict["promoted"]) == ("passed", True)
        assert verdict["promoted_from"].endswith("/staging")
        assert verdict["session_id"] == there["verdicts"][name]["session_id"]
        assert verdict["content"] == there["verdicts"][name]["content"]
        assert (there["verdicts"][name]["promoted"], there["verdicts"][name]["promoted_from"]) == (False, None)
    assert here["agents"]["support"]["version_id"] == there["agents"]["support"]["version_id"]
    pins = production.http.get("/v2/agents/ag-1/environments", headers={"authorization": "key"}).json()["data"]
    pinned = {each["env_type"]: each["current_version_id"] for each in pins}
    assert pinned["production"] == there["agents"]["support"]["version_id"]
    assert [row["version_id"] for row in production.http.get("/_sandbox/published").json()] == [1]
    production.up(0, "--expect-no-changes")
    code, printed = staging.run("tornado-resource", "status", "--stack", "production")
    assert (code, printed.count("passed in stack organization/agents/staging")) == (0, 2), printed

    url, headers = "/v1/pathway/pw-1/version/1", {"authorization": "key"}
    nodes = staging.http.get(url, headers=headers).json()["nodes"]
    nodes[0]["data"]["prompt"] = "Edited after the pass."
    staging.http.post(url, json={"nodes": nodes}, headers=headers).raise_for_status()
    printed = production.up(expect=None)
    assert "booking" in printed.partition("refused")[2]
    assert "version 1 was edited since" in printed
    assert starts(staging) == before
    code, printed = staging.run("tornado-resource", "diff", "--stack", "production", "--against", "staging")
    assert (code, printed.count("no difference")) == (0, 2), printed
