"""Green is true of what is there now: `latest`, edits in place, and what a session itself has made."""

from __future__ import annotations

import subprocess
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.support.project import Project

SCRIPT: Final = """\
pathways:
  pw-fixed: {scenarios: [{id: sc-1}, {id: sc-2}], failing: [1, 0]}
  "*": {scenarios: [{id: sc-1}, {id: sc-2}]}
"""
DECLARATIONS: Final = """\
version: 1
sessions:
  newest: {pathway_id: pw-newest, version_number: latest}
  fixed: {pathway_id: pw-fixed, version_number: latest}
  live: {pathway_id: pw-live}
"""


def edit(project: Project, pathway_id: str, number: int, prompt: str) -> None:
    """Save a version, or edit it in place: 0 is the live pathway."""
    url, headers = f"/v1/pathway/{pathway_id}/version/{number}", {"authorization": "any-key"}
    nodes = project.http.get(url, headers=headers).json()["nodes"]
    nodes[0]["data"]["prompt"] = prompt
    project.http.post(url, json={"nodes": nodes}, headers=headers).raise_for_status()


def starts(project: Project) -> list[tuple[str, Any]]:
    return [(body["pathway_id"], body.get("version_number")) for body in project.bodies()]


def tool(project: Project, command: str) -> str:
    arguments = ["tornado-resource", command, "--stack", "dev"]
    environment = project.environment
    done = subprocess.run(arguments, cwd=project.folder, env=environment, capture_output=True, text=True, check=False)
    return done.stdout + done.stderr


def test_an_update_tests_what_is_there_now_and_only_that(make_project: Callable[..., Project]) -> None:
    project = make_project(speed=1000, script=SCRIPT)
    project.declare(DECLARATIONS)
    preview = project.pulumi("preview")
    assert "newest: version 1 of pathway pw-newest" in preview
    said = preview.partition("Diagnostics:")[2]
    assert said.count("no version_number in live: the API chooses which version is tested") == 1
    project.up()
    first = starts(project)
    assert sorted(first, key=str) == [("pw-fixed", 1), ("pw-live", None), ("pw-newest", 1)]
    verdicts = project.outputs()["verdicts"]
    assert (verdicts["fixed"]["version"], verdicts["live"]["version"]) == (2, None)
    project.up(0, "--expect-no-changes")
    assert starts(project) == first, "its own fork is the newest version of pw-fixed, and has passed"

    edit(project, "pw-newest", 2, "A version that was saved later.")
    edit(project, "pw-live", 0, "Edited live.")
    assert "edited since it was tested" in tool(project, "status")
    assert "live (pathway pw-live): the live version was edited" in tool(project, "doctor")
    printed = project.up()
    assert "live: runs again, the live version was edited since it was tested: it was sha256v2:" in printed
    assert sorted(starts(project)[len(first) :], key=str) == [("pw-live", None), ("pw-newest", 2)]

    edit(project, "pw-fixed", 2, "Edited in place, after it has passed.")
    printed = project.up()
    assert "fixed: version 2 of pathway pw-fixed: runs again, version 2 was edited since it was tested" in printed
    assert starts(project)[len(first) + 2 :] == [("pw-fixed", 2)]
