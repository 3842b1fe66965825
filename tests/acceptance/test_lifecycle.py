from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from tests.support.project import KEY, PULUMI_SECONDS, until

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.support.project import Project

TWO = """\
version: 1
sessions:
  support-line:
    pathway_id: pw-1
    persona_id: pe-1
    scenario_ids: [sc-1, sc-2]
    version_number: 3
    max_iterations: 4
    timeout_ms: 600000
  billing: {pathway_id: pw-2}
"""
ONE = "version: 1\nsessions:\n  support-line: {pathway_id: pw-1, gate: none}\n"


def test_two_declarations_are_two_starts_and_then_none(project: Project) -> None:
    project.declare(TWO)
    printed = project.pulumi("preview")
    assert "support-line create" in printed
    assert "billing create" in printed
    assert [row for row in project.requests() if row["method"] != "GET"] == []

    project.up()
    bodies = {body["pathway_id"]: body for body in project.bodies()}
    assert bodies == {
        "pw-1": {
            "pathway_id": "pw-1",
            "persona_id": "pe-1",
            "scenario_ids": ["sc-1", "sc-2"],
            "version_number": 3,
            "max_iterations": 4,
            "timeout_ms": 600000,
        },
        "pw-2": {"pathway_id": "pw-2"},
    }
    assert all('": 3.0' not in row["body"] for row in project.requests("/start"))
    served = {row["pathway_id"]: row for row in project.sessions()}
    outputs = project.outputs()
    for name, pathway_id in (("support-line", "pw-1"), ("billing", "pw-2")):
        session, answered = outputs["sessions"][name], served[pathway_id]
        assert (session["session_id"], session["created_at"]) == (answered["session_id"], answered["created_at"])
        assert outputs["verdicts"][name]["outcome"] == "passed"
    assert outputs["environment"] == "dev"
    assert outputs["sessions"]["billing"] == {
        "session_id": served["pw-2"]["session_id"],
        "created_at": served["pw-2"]["created_at"],
        "status": "COMPLETED_ALL_PASSED",
        "pathway_id": "pw-2",
        "max_iterations": 5,
        "timeout_ms": 900000,
        "adopted": False,
    }

    project.up(0, "--expect-no-changes")
    assert len(project.requests("/start")) == 2
    assert project.outputs() == outputs

    # A trigger from the config runs every session again; to destroy finished ones cancels nothing.
    project.configure("tornado:triggers.commit", "4f1c2d3")
    project.up()
    assert len(project.requests("/start")) == 4
    project.pulumi("destroy", "--yes", "--skip-preview")
    assert project.requests("/cancel") == []
    assert project.resources() == []


def test_the_whole_life_of_a_resource_is_quiet_where_nothing_changes(slow_project: Project, tmp_path: Path) -> None:
    project = slow_project
    project.declare(ONE)
    project.up()
    resource = project.resources()[0]
    assert len(resource["inputs"]["__provider"]) <= 84, "by reference only"
    assert resource["type"] == "pulumi-python:dynamic/bland:TornadoSession"
    assert resource["id"] == resource["outputs"]["session_id"]
    assert json.dumps(resource).count("pw-1") == 3
    project.declare(f"# a comment, so that every line moves\n{ONE}")
    other: dict[str, Any] = {"XDG_STATE_HOME": str(tmp_path / "b"), "PULUMI_HOME": str(tmp_path / "other-home")}
    project.up(0, "--expect-no-changes", **other)  # another machine, from the state alone
    project.up(0, "--refresh", "--expect-no-changes")

    # What changes nothing for the run is recorded, and starts nothing.
    fields = "rerun: on_change, on_conflict: wait, pathway_id: pw-1, gate: none"
    project.declare(f"version: 1\nsessions:\n  support-line: {{{fields}}}\n")
    project.up()
    assert len(project.requests("POST")) == 1
    assert project.resources()[0]["outputs"]["declared"]["rerun"] == "on_change"

    # Another request cancels, and then starts.
    project.declare(f"version: 1\nsessions:\n  support-line: {{{fields}, timeout_ms: 600000, on_destroy: leave}}\n")
    project.up()
    assert [row["path"].rpartition("/")[2] for row in project.requests("POST")] == ["start", "cancel", "start"]
    assert project.outputs()["sessions"]["support-line"]["session_id"] == project.sessions()[1]["session_id"]
    project.pulumi("destroy", "--yes", "--skip-preview")
    assert [row["status"] for row in project.sessions()] == ["CANCELLED", "RUNNING"], "on_destroy: leave"
    assert project.resources() == []


def test_on_conflict_wait_starts_when_the_other_has_ended(slow_project: Project) -> None:
    project = slow_project
    path = "/v1/agent-testing/tornado"
    other = project.http.post(f"{path}/start", json={"pathway_id": "pw-1"}).json()["session_id"]
    project.declare(ONE.replace("gate: none", "gate: none, on_conflict: wait"))
    process = project.begin_up()
    until(lambda: len(project.requests(path)) > 1)  # it has met the other one
    project.http.post(f"{path}/{other}/cancel")
    printed, _ = process.communicate(timeout=PULUMI_SECONDS)
    assert process.returncode == 0, printed
    assert [row["status"] for row in project.sessions()] == ["CANCELLED", "RUNNING"]


def test_sessions_on_one_pathway_run_in_the_order_of_the_file(
    make_project: Callable[..., Project],
) -> None:
    project = make_project(speed=200)
    project.declare(
        "version: 1\nsessions:\n  b: {pathway_id: p, version_number: 1}\n  a: {pathway_id: p, version_number: 2}\n"
    )
    printed = project.pulumi("preview")
    assert "a starts when b has ended: one session at a time on a pathway" in printed
    assert "at worst, 32 minutes until all sessions have ended" in printed
    project.up()
    assert [body["version_number"] for body in project.bodies()] == [1, 2]
    assert [row["status"] for row in project.requests("/start")] == [200, 200]
    assert {verdict["outcome"] for verdict in project.outputs()["verdicts"].values()} == {"passed"}
    text = (project.folder / "sessions.yaml").read_text(encoding="utf-8")
    project.declare(text.replace("version_number: 2", "version_number: 3"))
    printed = project.pulumi("preview")
    assert "1 to replace" in printed
    assert "starts when" not in printed
    assert "at worst, 16 minutes and" in printed, "the other one does not run again"


def test_refresh_keeps_a_finished_session_and_drops_only_what_is_gone(project: Project) -> None:
    project.declare(ONE.replace(", gate: none", ""))
    project.up()
    before = len(project.requests())
    project.pulumi("refresh", "--yes", "--skip-preview")
    assert [row["method"] for row in project.requests()[before:]] == ["GET"]
    assert project.resources()[0]["outputs"]["status"] == "COMPLETED_ALL_PASSED"
    project.fail(kind="status", status=401, path="/status", times=9)
    printed = project.pulumi("refresh", "--yes", "--skip-preview", expect=None)
    assert "HTTP 401" in printed
    assert "refresh and destroy use the bland:apiKey of the last `pulumi up`" in printed
    assert len(project.resources()) == 1
    project.http.delete("/_sandbox/faults")
    project.fail(kind="status", status=404, path="/status", times=2)  # as of a read replica that lags
    project.pulumi("refresh", "--yes", "--skip-preview")
    assert len(project.resources()) == 1
    project.http.delete(f"/_sandbox/sessions/{project.sessions()[0]['session_id']}")
    project.pulumi("refresh", "--yes", "--skip-preview")
    assert project.resources() == []
    # The API responds for the pathway, so its 404 for the session counts.
    assert [row["path"].rpartition("/")[2] for row in project.requests("GET")][-4:] == [*["status"] * 3, "active"]


def test_adopt_takes_an_existing_session_over_without_a_start(slow_project: Project) -> None:
    project = slow_project
    headers = {"authorization": KEY}
    body = {"pathway_id": "pw-1", "max_iterations": 5}
    existing = project.http.post("/v1/agent-testing/tornado/start", json=body, headers=headers).json()
    project.declare(ONE)
    message = project.up(expect=None)
    command = f"pulumi config set --path tornado:adopt.support-line {existing['session_id']} --stack dev"
    assert f"{command} && pulumi up --stack dev" in message
    assert "Traceback" not in message
    project.configure("tornado:adopt.support-line", existing["session_id"])
    project.up()
    session = project.outputs()["sessions"]["support-line"]
    assert (session["session_id"], session["adopted"]) == (existing["session_id"], True)
    assert session["created_at"] == existing["created_at"]
    project.configure("tornado:adopt.support-line", None)
    project.pulumi("preview", "--expect-no-changes")
    assert len(project.requests("/start")) == 2  # the foreign one, and the one that met 409
