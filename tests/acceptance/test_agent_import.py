"""`tornado-resource import --agent`: what it writes is what is there, as the next update shows."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.support.project import Project

SCRIPT: Final = """\
pathways: {}
judges:
  resolved: {name: Resolved}
  polite: {name: Polite, levels: [rude, friendly]}
agents:
  ag-1:
    name: Support
    versions: [{semver: 1.0.0}]
    scenarios: [{id: tc-1, name: Refunds}, {id: tc-2, name: Cancels}]
    checks:
      staging: {judges: [resolved, {judge: polite, required: false}], simulations_count: 3}
      production: {judges: [polite]}
  ag-2:
    versions: [{semver: 1.0.0}]
    scenarios: [{id: tc-3, name: Refunds}]
    checks: {staging: {judges: [resolved]}}
"""


def writes(project: Project, command: Callable[[], object]) -> Counter[str]:
    before = len(project.requests())
    command()
    rows = [row for row in project.requests()[before:] if row["method"] != "GET"]
    return Counter(f"{row['method']} {row['path'].rpartition('/')[2]}" for row in rows)


def test_an_imported_agent_changes_nothing(make_project: Callable[..., Project]) -> None:
    project = make_project(speed=1000, script=SCRIPT)
    (project.folder / "sessions.yaml").unlink(missing_ok=True)
    before = len(project.requests())
    code, printed = project.run("tornado-resource", "import", "--all", BLAND_API_KEY="sk-any-key")
    assert (code, "2 agents in the account" in printed) == (0, True), printed
    assert {row["method"] for row in project.requests()[before:]} == {"GET"}
    text = (project.folder / "sessions.yaml").read_text(encoding="utf-8")
    assert text.count("name: Refunds") == 1
    assert "scenario_ids" not in text

    assert writes(project, project.up) == {"POST check-runs": 3}
    assert {each["outcome"] for each in project.outputs()["verdicts"].values()} == {"passed"}
    assert writes(project, lambda: project.up(0, "--expect-no-changes")) == {}
