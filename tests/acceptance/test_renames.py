"""Sessions and agents that are renamed in the file keep their runs, their passes, and their history."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.support.project import Project

SCRIPT: Final = """\
pathways:
  "*": {scenarios: [{id: sc-1}], failing: [1, 0]}
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
  billing: {pathway_id: pw-1, version_number: latest, publish: production, gate: {confirm: {runs: 2}}}
  first: {pathway_id: pw-2, version_number: 1}
  second: {pathway_id: pw-2, version_number: 1}
agents:
  support: {agent_id: ag-1, publish: staging}
"""


def starts(project: Project) -> int:
    return len(project.bodies()) + len(project.requests("POST /v2/agents/ag-1/environments"))


def test_what_is_renamed_keeps_its_run(make_project: Callable[..., Project]) -> None:
    project = make_project(speed=1000, script=SCRIPT)
    project.declare(DECLARATIONS)
    project.up()
    before, requests = starts(project), len(project.requests("POST"))
    verdicts = project.outputs()["verdicts"]

    project.declare(DECLARATIONS.replace("billing", "invoices").replace("support:", "helpdesk:"))
    printed = project.up()
    session_id = verdicts["billing"]["session_id"]
    assert f"invoices: was billing, and takes over its session {session_id}" in printed
    assert "helpdesk: was support, and takes over its check run" in printed
    assert len(project.requests("POST")) == requests, "nothing is started, cancelled or published"
    renamed = project.outputs()["verdicts"]
    assert renamed["invoices"] == verdicts["billing"]
    assert renamed["helpdesk"] == verdicts["support"]
    assert [each["urn"].rpartition("::")[2] for each in project.resources("PathwayRelease")] == ["invoices"]
    project.up(0, "--expect-no-changes")

    code, printed = project.run("tornado-resource", "report", "--stack", "dev", "--history", "9", "--folder", "out")
    assert code == 0, printed
    history = json.loads((project.folder / "out/history.json").read_text(encoding="utf-8"))
    assert sorted(history["sessions"]) == ["first", "helpdesk", "invoices", "second"]

    now = DECLARATIONS.replace("billing", "invoices").replace("support:", "helpdesk:")
    project.declare(now.replace("  first:", "  third:").replace("  second:", "  fourth:"))
    printed = project.pulumi("preview")
    assert (
        "third: may be first or second renamed; since it is unclear, a new session starts for it (at worst" in printed
    )
    assert (
        "pulumi state rename 'urn:pulumi:dev::agents::pulumi-python:dynamic/bland:TornadoSession::first' third"
        in printed
    )
    assert starts(project) == before


PROMOTED: Final = """\
version: 1
sessions:
  billing: {pathway_id: pw-1, version_number: latest}
  refunds: {pathway_id: pw-2, version_number: latest}
environments:
  staging: {}
  production: {promotes_from: staging, publish: production, sessions: {refunds: {retest: false}}}
"""


def test_a_release_keeps_its_history_under_another_name(make_project: Callable[..., Project]) -> None:
    """Also where another version is promoted by the same update, and where nothing is tested again."""
    staging = make_project(speed=1000, script=SCRIPT.replace(", failing: [1, 0]", ""), stack="staging")
    production = replace(staging, stack="production")
    production.init()
    staging.declare(PROMOTED)
    staging.up()
    production.up()
    url, headers = "/v1/pathway/pw-1/version/2", {"authorization": "any-key"}
    staging.http.post(url, json={"nodes": [{"id": "start", "data": {"prompt": "New."}}]}, headers=headers)
    staging.declare(PROMOTED.replace("billing", "invoices").replace("refunds", "returns"))
    staging.up()
    before = len(production.requests("POST"))
    printed = production.up()
    assert "invoices: was billing, and takes over its session" in printed
    requests = [row["path"].rpartition("/")[2] for row in production.requests("POST")[before:]]
    assert sorted(requests) == ["publish", "start"], "of the session with another version"
    releases = {each["urn"].rpartition("::")[2]: each["outputs"] for each in production.resources("PathwayRelease")}
    assert [each["version"] for each in releases["invoices"]["previous"]] == [1]
    assert sorted(releases) == ["invoices", "returns"]
    production.up(0, "--expect-no-changes")


SWAPPED = """\
version: 1
sessions:
  first: {pathway_id: pw-2, version_number: 4, gate: {confirm: {runs: 2}}}
  second: {pathway_id: pw-3, version_number: 4}
"""


def test_swapped_names_cost_nothing_after_the_commands_of_the_preview(make_project: Callable[..., Project]) -> None:
    project = make_project(speed=10_000, script='pathways:\n  "*": {scenarios: [{id: sc-1}, {id: sc-2}]}\n')
    project.declare(SWAPPED)
    project.up()
    before = len(project.requests("POST"))
    project.declare(SWAPPED.replace("first", "x").replace("second", "first").replace("x:", "second:"))
    printed = project.pulumi("preview").partition("Diagnostics")[2]
    assert "first and second have swapped their names, and so both start again (at worst 76 minutes)" in printed
    commands = re.findall(r"pulumi state rename '(.*?)' (\S+) --stack dev", printed)
    assert len(commands) == 3
    for urn, name in commands:
        project.pulumi("state", "rename", urn, name, "--yes")
    project.up()
    assert project.requests("POST")[before:] == []
