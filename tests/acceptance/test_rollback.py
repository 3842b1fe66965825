"""The way back: a version that has passed in a stack is published again, with nothing started, and stays."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from typing import TYPE_CHECKING, Final

from tests.support.walkthrough import quick, run, script

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.support.project import Project

SCRIPT: Final = """\
pathways:
  "*": {scenarios: [{id: sc-1}, {id: sc-2}]}
"""
DECLARATIONS: Final = """\
version: 1
sessions:
  support-line: {pathway_id: pw-1, version_number: latest, publish: production}
  booking: {pathway_id: pw-2, version_number: latest, publish: production}
"""


def save(project: Project, number: int, prompt: str, pathway_id: str = "pw-1") -> None:
    """Save a version, or edit it in place."""
    url, headers = f"/v1/pathway/{pathway_id}/version/{number}", {"authorization": "any-key"}
    nodes = project.http.get(url, headers=headers).json()["nodes"]
    nodes[0]["data"]["prompt"] = prompt
    project.http.post(url, json={"nodes": nodes}, headers=headers).raise_for_status()


def starts(project: Project, pathway_id: str = "pw-1") -> int:
    return sum(body["pathway_id"] == pathway_id for body in project.bodies())


def live(project: Project, pathway_id: str = "pw-1") -> str:
    """The prompt of the live pathway."""
    url, headers = f"/v1/pathway/{pathway_id}/version/0", {"authorization": "any-key"}
    return str(project.http.get(url, headers=headers).json()["nodes"][0]["data"]["prompt"])


def pins(project: Project) -> dict[str, str]:
    shown = project.http.get("/v2/agents/ag-1/environments", headers={"authorization": "any-key"}).json()["data"]
    return {each["env_type"]: each["current_version_id"] for each in shown if each["env_type"] != "dev"}


def rollback(project: Project, *arguments: str, expect: int = 0) -> str:
    code, printed = project.run("tornado-resource", "rollback", "--stack", "dev", *arguments)
    assert code == expect, printed
    return printed


def test_a_stack_goes_back_and_stays_there(make_project: Callable[..., Project]) -> None:
    project = make_project(speed=1000, script=SCRIPT)
    project.declare(DECLARATIONS)
    save(project, 1, "First.")
    project.configure("tornado:triggers.commit", "c1")
    project.up()
    first = project.outputs()["verdicts"]["support-line"]
    save(project, 2, "Second.")
    project.up()
    assert live(project) == "Second."
    before = starts(project)

    printed = rollback(project)
    assert "live now   version 2" in printed
    assert f"published  version 1  {first['content'][:21]}  passed at {first['finished_at']}" in printed
    assert f'      support-line:\n        version: 1\n        session_id: "{first["session_id"]}"' in printed
    printed = rollback(project, "support-line", "--reason", "INC-7: it hangs up", "--yes")
    assert "INC-7: it hangs up" in printed.splitlines()[-1]
    assert live(project) == "First."
    assert project.outputs()["rollbacks"]["support-line"]["reason"] == "INC-7: it hangs up"

    code, printed = project.run("tornado-resource", "doctor", "--stack", "dev")
    assert code == 0, printed
    assert "INC-7: it hangs up" in printed
    save(project, 0, "Somebody else has published something.")
    project.pulumi("refresh", "--yes", "--skip-preview")
    project.configure("tornado:triggers.commit", "c2")
    project.up()
    assert live(project) == "First.", "what cures the drift does not undo the rollback"
    assert starts(project) == before

    save(project, 3, "Third.")
    printed = project.up()
    assert "its rollback to version 1 has ended: its declaration has moved on" in printed
    assert live(project) == "Third."
    assert "rollbacks" not in project.outputs() or project.outputs()["rollbacks"] == {}
    assert starts(project) == before + 1

    save(project, 2, "Edited since.")
    printed = rollback(project, "support-line")
    assert re.search(r"  published  version 2  sha256v2:\w+  passed at \S+ \(\S+\), edited since\n", printed)
    assert "To go back to version 1, with nothing started:" in printed, "the one before still is what passed"
    save(project, 1, "Edited since.")
    printed = rollback(project, "support-line")
    assert "To go back" not in printed
    assert "no other version still holds what passed" in printed
    printed = rollback(project, "support-line", "--to", "1", "--reason", "again", "--yes", expect=2)
    assert "nothing was changed: version 1 was edited since" in printed
    assert live(project) == "Third."


AGENTS: Final = """\
judges:
  resolved: {name: resolved}
agents:
  ag-1:
    versions: [{semver: 1.0.0}, {name: Second}]
    scenarios: [{id: tc-1}]
    checks: {staging: {judges: [resolved]}}
    runs: [{rates: {resolved: 0.9}}]
"""
PROMOTED: Final = """\
version: 1
sessions:
  support-line: {pathway_id: pw-1, version_number: latest}
agents:
  helpdesk: {agent_id: ag-1}
environments:
  staging: {}
  production: {promotes_from: staging, retest: false, publish: production}
"""


def test_a_committed_rollback_waits_for_no_promotion(make_project: Callable[..., Project]) -> None:
    """What a pipeline does with what the command prints, while the environment before it is not as it was."""
    staging = make_project(speed=1000, script=SCRIPT + AGENTS, stack="staging")
    production = replace(staging, stack="production")
    production.init()
    staging.declare(PROMOTED)
    save(staging, 1, "First.")
    staging.up()
    production.up()
    save(staging, 2, "Second.")
    second = staging.http.post("/_sandbox/agents/ag-1/versions", json={"name": "Next"}).json()["data"]["id"]
    staging.up()
    production.up()
    assert (live(production), pins(production)) == ("Second.", {"staging": second, "production": second})
    before = len(staging.requests("/start")) + len(staging.requests("check-runs"))

    code, printed = staging.run("tornado-resource", "rollback", "--stack", "production", "--format", "json")
    assert code == 0, printed
    found = json.loads(printed)["releases"]
    rollbacks = {name: {**each["rollback"], "reason": "INC-8"} for name, each in found.items()}
    assert rollbacks["support-line"]["version"] == 1
    by_hand = {**rollbacks["support-line"], "version": 2}
    del by_hand["content"]
    production.configure("tornado:rollback", {"support-line": by_hand})
    assert "nothing shows that version 2 has passed here" in production.up(expect=None)
    production.configure("tornado:rollback", rollbacks)
    save(staging, 2, "Edited in place, in the hurry.")
    printed = production.up(expect=None)
    assert "promotion from organization/agents/staging refused" in printed
    assert live(production) == "First."
    assert pins(production) == {"staging": second, "production": rollbacks["helpdesk"]["version"]}
    assert [row["path"] for row in staging.requests("/rollback")] == ["/v2/agents/ag-1/rollback"]
    assert len(staging.requests("/start")) + len(staging.requests("check-runs")) == before

    save(staging, 3, "Third.")
    staging.up()
    printed = production.up()
    assert "support-line: its rollback to version 1 has ended" in printed
    assert live(production) == "Third."
    assert pins(production)["production"] == rollbacks["helpdesk"]["version"], "its declaration has not moved on"
    assert [*production.outputs()["rollbacks"]] == ["helpdesk"]


def test_the_page_about_a_night_works_as_it_is_typed(make_project: Callable[..., Project]) -> None:
    project = make_project(speed=1000, script=SCRIPT, stack="production")
    text = f"cp -R {project.folder}/. .\n{script('rollback.md', quick)}"
    printed = run(text, project.folder.parent / "reader", project.environment)
    assert "published  version 1" in printed
    assert "rolled back to version 1" in printed
    assert starts(project, "c3d4e5f6-789a-bcde-f012-34567890abcd") == 2
    assert live(project, "c3d4e5f6-789a-bcde-f012-34567890abcd") == "Hang up."
