"""A quarantine, from the day that somebody declares it to the day after its last one, in two stacks."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.support.project import Project

SCRIPT: Final = """\
pathways:
  "*": {scenarios: [{id: sc-1}], failing: [[hours]]}
judges: {j-1: {name: resolved}, j-2: {name: polite}}
agents:
  ag-1:
    versions: [{semver: 1.0.0}]
    scenarios: [{id: tc-1}]
    checks: {staging: {judges: [j-1, j-2]}}
    runs: [{rates: {j-1: 0.9, j-2: 0.3}}]
"""
FILE: Final[dict[str, Any]] = {
    "version": 1,
    "scenarios": {"hours": {"tester_persona_prompt": "When are you open on Sundays?"}},
    "sessions": {
        "booking": {
            "pathway_id": "pw-1",
            "version_number": "latest",
            "scenario_ids": ["sc-1"],
            "scenarios": ["hours"],
            "max_iterations": 1,
            "rerun": "on_change",
        },
    },
    "agents": {"support": {"agent_id": "ag-1", "rerun": "on_change"}},
    "environments": {"staging": {}, "production": {"promotes_from": "staging", "retest": False}},
}


def starts(project: Project) -> int:
    sent = (*project.requests("/start"), *project.requests("check-runs"))
    return sum(row["method"] == "POST" for row in sent)


def outcomes(project: Project) -> dict[str, Any]:
    return {name: verdict["outcome"] for name, verdict in project.outputs()["verdicts"].items()}


def test_a_quarantine_from_its_first_day_to_its_end(make_project: Callable[..., Project]) -> None:
    staging = replace(make_project(speed=1000, script=SCRIPT), stack="staging")
    staging.init()
    staging.configure("tornado:reports", "reports")
    production = replace(staging, stack="production")
    production.init()
    staging.declare(json.dumps(FILE))
    staging.up(expect=None)
    assert outcomes(staging) == {"booking": "failed", "support": "failed"}
    before = starts(staging)

    until = (datetime.now(UTC) + timedelta(days=5)).date().isoformat()
    reason = {"reason": "being fixed", "until": until}
    declared = json.loads(json.dumps(FILE))
    declared["sessions"]["booking"]["quarantine"] = [{"scenario": "hours", **reason}]
    declared["agents"]["support"]["quarantine"] = [{"judge": "polite", **reason}]
    staging.declare(json.dumps(declared))
    printed = staging.up()
    assert starts(staging) == before, "the same runs are judged again"
    assert outcomes(staging) == {"booking": "passed", "support": "passed"}
    found, hours = staging.outputs(), staging.outputs()["scenarios"]["hours"]["pw-1"]
    excused = {name: verdict["quarantined"] for name, verdict in found["verdicts"].items()}
    assert excused == {"booking": [hours], "support": ["polite"]}
    assert "failed in quarantine, which decides nothing: 2" in printed
    for report in ("summary.md", "report.html", "verdicts.json", "junit.xml"):
        assert "being fixed" in (staging.folder / "reports" / report).read_text(encoding="utf-8"), report
    preview = staging.pulumi("preview", "--expect-no-changes")
    assert "the quarantine of hours ends in " in preview

    printed = production.up()
    assert f"failed in quarantine: {hours} until {until}" in printed
    assert outcomes(production) == {"booking": "passed", "support": "passed"}
    assert production.outputs()["promotion"]["sessions"]["booking"]["quarantined"] == [hours]

    code, printed = production.run("tornado-resource", "status", "--stack", "production")
    assert (code, printed.count("failed there in quarantine: ")) == (0, 2), printed
    printed = production.up(expect=None, LATER_DAYS="6")
    assert f"{hours} failed there in quarantine, which ended on {until}" in printed
    printed = staging.up(expect=None, LATER_DAYS="6")
    assert "gate failed: 2 failed of 1 session and 1 check run" in printed
    assert outcomes(staging) == {"booking": "failed", "support": "failed"}
    assert starts(staging) == before, "nothing was started"
