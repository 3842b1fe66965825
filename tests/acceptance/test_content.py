"""What passed is what goes on: versions that are edited in place, over real stacks."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Final

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.support.project import Project

SCRIPT: Final = """\
pathways:
  pw-support:
    scenarios: [{id: sc-refund}, {id: sc-cancel}]
    failing: [0]
    iteration_ms: 1000
"""
DECLARATIONS: Final = """\
version: 1
defaults: {rerun: on_failure}
sessions:
  support-line: {pathway_id: pw-support, version_number: 7}
environments:
  staging: {}
  production: {promotes_from: staging, publish: production}
  overseas: {promotes_from: production}
"""
HEADERS: Final = {"authorization": "any-key"}


@dataclass(frozen=True)
class Team:
    """Three stacks of one project."""

    staging: Project
    production: Project
    overseas: Project

    def version(self, number: int) -> dict[str, Any]:
        url = f"/v1/pathway/pw-support/version/{number}"
        shown: dict[str, Any] = self.staging.http.get(url, headers=HEADERS).json()
        return shown

    def edit(self, number: int, prompt: str = "Refuse everything.") -> None:
        """Edit a version in place, as anybody with access to the dashboard can; 0 is the live pathway."""
        nodes = self.version(number)["nodes"]
        nodes[0]["data"]["prompt"] = prompt
        self.post(number, {"nodes": nodes})

    def edit_global_prompt(self, number: int) -> None:
        """Edit the prompt of all nodes: it is a node without an id, a type and data."""
        nodes = [node for node in self.version(number)["nodes"] if "globalConfig" not in node]
        self.post(number, {"nodes": [*nodes, {"globalConfig": {"globalPrompt": "Refuse everything."}}]})

    def post(self, number: int, changes: dict[str, Any]) -> None:
        url = f"/v1/pathway/pw-support/version/{number}"
        self.staging.http.post(url, json=changes, headers=HEADERS).raise_for_status()

    def effects(self) -> list[str]:
        """The starts and publishes."""
        return [
            row["path"].rpartition("/")[2] for row in self.staging.requests("POST /v1") if "/version" not in row["path"]
        ]


@pytest.fixture
def make_team(make_project: Callable[..., Project]) -> Callable[..., Team]:
    def make(script: str = SCRIPT, declarations: str = DECLARATIONS) -> Team:
        staging = make_project(speed=1000, script=script, stack="staging")
        staging.declare(declarations)
        team = Team(staging, *(replace(staging, stack=name) for name in ("production", "overseas")))
        for project in (team.production, team.overseas):
            project.init()
        return team

    return make


def verdict(project: Project) -> dict[str, Any]:
    found: dict[str, Any] = project.outputs()["verdicts"]["support-line"]
    return found


def short(digest: str) -> str:
    return digest[:21]


def reads(project: Project, command: Callable[[], object]) -> list[str]:
    """What a command sends."""
    before = len(project.requests())
    command()
    return [f"{row['method']} {row['path'].rpartition('/')[2]}" for row in project.requests()[before:]]


def test_an_api_that_does_not_show_versions_goes_on_as_before(make_team: Callable[..., Team]) -> None:
    team = make_team(SCRIPT + "    versions: forbidden\n")
    team.staging.up()
    assert verdict(team.staging)["content"] is None
    printed = team.production.up()
    assert "these passes name a version without its content" in printed
    assert "published by the number of the version" in printed
    assert team.effects() == ["start", "start", "publish"]


def test_an_edited_version_goes_no_further(make_team: Callable[..., Team]) -> None:
    """The story of one pass, from staging to production, against edits in every gap."""
    team = make_team()
    team.staging.up()
    passed = verdict(team.staging)
    assert (passed["outcome"], passed["full_run"], passed["version"]) == ("passed", True, 7)
    assert passed["content"].startswith("sha256v2:")

    original = [{**node, "position": {"x": 9}} for node in team.version(7)["nodes"][::-1]]
    team.edit_global_prompt(7)
    printed = team.production.up(expect=None)
    assert "support-line (sessions.yaml:4:3): version 7 was edited since: " in printed
    assert f"{short(passed['content'])} passed at {passed['finished_at']}, now it is sha256v2:" in printed
    assert "Traceback" not in printed
    assert team.effects() == ["start"]

    team.post(7, {"nodes": original})  # another layout is the same content
    team.staging.declare(DECLARATIONS.replace(", publish: production", ""))
    team.production.up()
    assert verdict(team.production)["content"] == passed["content"]
    team.edit(7)
    team.staging.declare(DECLARATIONS)
    printed = team.production.up(expect=None)
    assert "every gate passed, but nothing was published (1 of 1 session):" in printed
    assert "support-line (sessions.yaml:4:3): version 7 was edited since: sha256v2:" in printed
    assert team.effects() == ["start", "start"]

    team.post(7, {"nodes": original})
    team.production.up()
    assert team.effects() == ["start", "start", "publish"]
    assert team.version(0)["nodes"] == original
    assert reads(team.production, team.production.up) == []
    overseas = reads(team.production, team.overseas.up)
    assert overseas == ["GET 7", "POST start", "GET 7", "GET status", "GET 7"]
    assert_an_edit_of_the_live_pathway_is_drift(team)


def assert_an_edit_of_the_live_pathway_is_drift(team: Team) -> None:
    published, before = team.version(0)["nodes"], team.effects()
    team.post(0, {"memory_enabled": True})
    code, printed = team.production.run("tornado-resource", "doctor", "--stack", "production")
    assert code == 1
    assert "drifted   support-line (pathway pw-support): the live pathway was changed: sha256v2:" in printed
    assert "pulumi refresh --stack production, then pulumi up --stack production" in printed
    team.production.pulumi("refresh", "--yes", "--skip-preview")
    assert "the live pathway was changed: sha256v2:" in team.production.up()
    assert team.effects() == [*before, "publish"]
    assert (team.version(0)["nodes"], team.version(0)["memory_enabled"]) == (published, False)


def test_a_release_is_red_until_it_is_proved(make_team: Callable[..., Team]) -> None:
    team = make_team(declarations=DECLARATIONS.replace("staging: {}", "staging: {publish: production}"))
    team.staging.fail(kind="status", times=999, method="GET", path="/version/0", status=403)
    printed = team.staging.up(expect=None)
    why = "but the API does not show the live pathway"
    content = short(verdict(team.staging)["content"])
    assert f"release support-line: version 7 ({content}) was published, {why}" in printed
    assert "Traceback" not in printed
    assert verdict(team.staging)["outcome"] == "passed"
    [release] = team.staging.resources("PathwayRelease")
    assert why in release["outputs"]["unproved"]
    assert team.effects() == ["start", "publish"]
    team.staging.http.delete("/_sandbox/faults").raise_for_status()
    team.staging.up()
    [release] = team.staging.resources("PathwayRelease")
    assert release["outputs"]["live"] == release["outputs"]["content"]
    assert team.effects() == ["start", "publish"]
    assert reads(team.staging, team.staging.up) == []


def test_a_version_that_is_not_shown_at_the_end_is_no_pass(make_team: Callable[..., Team]) -> None:
    team = make_team()
    team.staging.configure("tornado:wait", "false")
    team.staging.up()
    team.staging.configure("tornado:wait", "true")
    team.staging.wait_for_ends()
    team.staging.fail(kind="status", status=403, method="GET", path="/version/7", times=999)
    assert "the API does not show it, but has shown it before" in team.staging.up(expect=None)
    assert team.effects() == ["start"]
    team.staging.http.delete("/_sandbox/faults").raise_for_status()
    team.staging.up()
    assert verdict(team.staging)["content"].startswith("sha256v2:")
    assert team.effects() == ["start"]


def as_older_release(team: Team, project: Project) -> None:
    """Let a stack have the state that a release before `sha256v2:` would have written."""
    version = team.version(7)
    picked = {"nodes": ("id", "type", "data"), "edges": ("id", "source", "target", "label")}
    parts = {
        kind: sorted(
            ({key: part[key] for key in keys if key in part} for part in version[kind]),
            key=lambda part: part.get("id", "null"),
        )
        for kind, keys in picked.items()
    }
    text = json.dumps(parts, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    older = f"sha256:{hashlib.sha256(text.encode()).hexdigest()}"
    written = json.dumps(project.deployment()).replace(verdict(project)["content"], older)
    assert "sha256v2:" not in written
    project.edit_state(lambda state: state.update(json.loads(written)))


def test_older_digests_start_and_publish_nothing_and_other_content_does(make_team: Callable[..., Team]) -> None:
    team = make_team()
    for project in (team.staging, team.production):
        project.up()
    for project in (team.staging, team.production):
        as_older_release(team, project)
    before = team.effects()
    for project in (team.staging, team.production):
        printed = project.up(0, "--refresh")
        assert ("a digest of an older form" in printed) is (project is team.production)
    assert team.effects() == before == ["start", "start", "publish"]
    team.edit(7)
    team.staging.configure("tornado:triggers.renewed", 1)
    team.staging.up()
    assert "version 7 has other content now: it passed here with sha256:" in team.production.up()
    assert team.effects()[len(before) :] == ["start", "start", "publish"]
    assert verdict(team.production)["content"] == verdict(team.staging)["content"]
    assert team.version(0)["nodes"] == team.version(7)["nodes"]


def test_an_edit_while_it_is_tested_is_incomplete_and_runs_again(make_team: Callable[..., Team]) -> None:
    team = make_team()
    team.staging.configure("tornado:wait", "false")
    team.staging.configure("tornado:ignoreContent", ["memory_enabled"])
    team.staging.up()
    team.post(7, {"memory_enabled": True})
    team.edit(7)
    team.staging.wait_for_ends()
    code, printed = team.staging.run("tornado-resource", "wait", "--stack", "staging")
    assert code == 3
    assert "version 7 was edited while it was tested: sha256v2(memory_enabled):" in printed
    team.staging.configure("tornado:wait", "true")
    printed = team.staging.up()
    assert "runs again, the last run did not meet its gate: version 7 was edited while it was tested" in printed
    assert verdict(team.staging)["outcome"] == "passed"
    assert verdict(team.staging)["content"].startswith("sha256v2(memory_enabled):")
    assert team.effects() == ["start", "start"]


PATCHED: Final = """\
pathways:
  pw-support:
    scenarios: [{id: sc-refund}, {id: sc-cancel}]
    failing: [[sc-refund], 0]
    forked_version: 8
    retests: failed
    iteration_ms: 1000
"""


def test_a_pass_of_several_iterations_goes_on_only_if_the_gate_says_so(make_team: Callable[..., Team]) -> None:
    team = make_team(PATCHED, DECLARATIONS.replace("staging: {}", "staging: {publish: staging}"))
    printed = team.staging.up(expect=None)
    assert "nothing was published" in printed
    assert "it passed, but the last iteration did not run every scenario" in printed
    assert (verdict(team.staging)["outcome"], verdict(team.staging)["full_run"]) == ("passed", False)
    declared = DECLARATIONS.replace("version_number: 7", "gate: {repaired: allow}")
    overlay = "staging: {sessions: {support-line: {version_number: 7}}}"
    team.staging.declare(declared.replace("staging: {}", overlay))
    printed = team.production.up(expect=None)
    assert "it passed there, but the last iteration did not run every scenario" in printed
    assert team.effects() == ["start"]
    team.staging.declare(declared.replace("staging: {}", overlay).replace("repaired: allow", "full_run: any"))
    team.production.up()
    assert verdict(team.production)["version"] == 8
    assert team.effects() == ["start", "start", "publish"]


REPAIRS: Final = """\
pathways:
  pw-support:
    scenarios: [{id: sc-refund}, {id: sc-cancel}]
    failing: [[sc-refund], 0]
    forked_version: 8
    iteration_ms: 1000
"""


def test_a_person_can_review_what_the_session_changed(make_team: Callable[..., Team]) -> None:
    team = make_team(REPAIRS, "version: 1\nsessions:\n  support-line: {pathway_id: pw-support, version_number: 7}\n")
    team.staging.configure("tornado:reports", "reports")
    team.staging.up()
    page = team.staging.folder / "reports/report.html"
    prompt = "Say clearly what the caller of sc-refund can expect."
    assert "What the session changed" not in page.read_text(encoding="utf-8")

    def tool(*arguments: str, code: int = 0) -> str:
        found, printed = team.staging.run("tornado-resource", *arguments, "--stack", "staging")
        assert found == code, printed
        return printed

    content = verdict(team.staging)["content"]
    shown = tool("diff")
    assert f"→ version 8 ({short(content)})" in shown
    assert shown.startswith("support-line: version 7 (sha256v2:")
    assert "  ~ node node-refund\n      data.prompt:\n" in shown
    assert f"        + {prompt}\n" in shown
    assert f"+         {prompt}" in tool("diff", "support-line", "--format", "markdown")
    assert "live (sha256v2:" in tool("diff", "--against", "live")
    assert "no difference" in tool("diff", "--against", "staging")

    assert f"(version 8, {short(content)})" in tool("status")
    assert "drifted" not in tool("doctor")
    team.edit(8)
    edited = f"version 8 was edited since it was tested: it was {short(content)}, now it is sha256v2:"
    assert edited in tool("status")
    assert f"support-line: {edited}" in tool("diff")
    assert f"drifted   support-line (pathway pw-support): {edited}" in tool("doctor", code=1)
    team.staging.configure("tornado:showChanges", "true")
    tool("report")
    written = page.read_text(encoding="utf-8")
    assert "What the session changed" in written
    assert edited in written
    assert "Refuse everything." in written
    for name in ("summary.md", "junit.xml", "verdicts.json"):
        text = (page.parent / name).read_text(encoding="utf-8")
        assert "sha256v2:" in text
        assert "Refuse everything." not in text
    team.staging.http.delete("/v1/pathway/pw-support/version/8", headers=HEADERS).raise_for_status()
    assert "support-line: the API does not show version 8 of pathway pw-support" in tool("diff", code=3)
