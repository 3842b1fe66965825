"""The story of a promotion, step by step, wherever the state is kept and on however many machines it runs."""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from tests.support.project import Project

SCRIPT: Final = """\
pathways:
  pw-support: &pathway
    scenarios: [{id: sc-refund}, {id: sc-cancel}, {id: sc-hard}]
    failing: [[sc-refund], [sc-hard]] # sc-hard is never fixed
    forked_version: 7
  pw-billing: *pathway
  pw-billing-copy: *pathway
"""
DECLARATIONS: Final = """\
version: 1
defaults: {scenario_ids: [sc-refund, sc-cancel]}
sessions:
  support-line: {pathway_id: pw-support}
  billing: {pathway_id: pw-billing}
environments:
  staging: {publish: staging}
  production: {promotes_from: staging, publish: production, max_age: 24h}
  overseas:
    promotes_from: production
    sessions:
      support-line: null
      billing: {pathway_id: pw-billing-copy, version_number: 2, gate: {repaired: allow}}
"""
HARDER: Final = DECLARATIONS.replace(
    "staging: {publish", "staging: {defaults: {scenario_ids: [sc-refund, sc-hard]}, publish"
)


@dataclass(frozen=True)
class Team:
    """The stacks of a team; each may be on a machine of its own."""

    staging: Project
    production: Project
    overseas: Project

    @classmethod
    def of(cls, staging: Project, production: Project) -> Team:
        """Make the stacks `production` and `overseas` on the second one's machine; *staging* has its stack."""
        others = [replace(production, stack=name) for name in ("production", "overseas")]
        for other in others:
            other.init()
        return cls(staging, *others)

    def declare(self, text: str) -> None:
        for project in (self.staging, self.production):
            project.declare(text)

    def published(self) -> dict[tuple[str, str], int]:
        """By pathway and Bland environment, the version that is published."""
        rows: list[dict[str, Any]] = self.staging.http.get("/_sandbox/published").json()
        return {(row["pathway_id"], row["environment"]): row["version_id"] for row in rows}

    def effects(self) -> int:
        """How many starts, cancels and publishes were sent."""
        return len(self.staging.requests("POST"))


def outcomes(project: Project) -> dict[str, str]:
    """By session, the outcome that the stack has on record."""
    return {name: verdict["outcome"] for name, verdict in project.outputs()["verdicts"].items()}


BOTH_PASSED: Final = {"support-line": "passed", "billing": "passed"}


def production_is_refused_before_staging_has_run(team: Team) -> None:
    printed = team.production.up(expect=None)
    assert "nothing was started: promotion from organization/agents/staging refused (2 of 2 sessions)" in printed
    assert "support-line (sessions.yaml:4:3): no verdict there" in printed
    assert "billing (sessions.yaml:5:3): no verdict there" in printed
    assert "pulumi up --stack staging" in printed
    assert "Traceback" not in printed
    assert team.staging.requests() == []


def staging_passes_with_repairs(team: Team) -> None:
    team.staging.up()
    assert outcomes(team.staging) == BOTH_PASSED
    verdict = team.staging.outputs()["verdicts"]["support-line"]
    assert (verdict["repaired"], verdict["version"]) == (True, 7)
    assert team.published() == {("pw-support", "staging"): 7, ("pw-billing", "staging"): 7}


def production_shows_what_it_will_do(team: Team) -> None:
    before = team.effects()
    printed = team.production.pulumi("preview", "--diff")
    passed = team.staging.outputs()["verdicts"]["support-line"]["session_id"]
    assert "promotes from stack organization/agents/staging:" in printed
    assert f"support-line: version 7, passed there (session {passed})" in printed
    assert "at worst, 16 minutes until all sessions have ended" in printed
    assert printed.count("version_number: 7") == 2
    assert printed.count("pulumi-python:dynamic/bland:PathwayRelease: (create)") == 2
    assert team.effects() == before


def production_tests_and_publishes_that_version(team: Team) -> None:
    team.production.up()
    assert outcomes(team.production) == BOTH_PASSED
    assert [body.get("version_number") for body in team.production.bodies()] == [None, None, 7, 7]
    verdict = team.production.outputs()["verdicts"]["billing"]
    assert (verdict["repaired"], verdict["version"]) == (False, 7)
    promotion = team.production.outputs()["promotion"]
    assert (promotion["from"], promotion["without"]) == ("organization/agents/staging", None)
    passed = team.staging.outputs()["verdicts"]["billing"]
    assert promotion["sessions"]["billing"] == {
        "session_id": passed["session_id"],
        "version": 7,
        "version_id": None,
        "semver": None,
        "content": passed["content"],
        "finished_at": passed["finished_at"],
        "waived": [],
        "quarantined": [],
    }
    assert verdict["content"] == passed["content"]
    assert team.published() == {
        (pathway_id, environment): 7
        for pathway_id in ("pw-support", "pw-billing")
        for environment in ("staging", "production")
    }


def nothing_changes_when_it_is_run_again(team: Team) -> None:
    before = team.effects()
    for project in (team.staging, team.production):
        project.up(0, "--refresh", "--expect-no-changes")
    assert team.effects() == before


def another_pathway_carries_no_version(team: Team) -> None:
    printed = team.overseas.up()
    assert "passed there (session" in printed
    assert "on another pathway, version 2 is declared" in printed
    assert team.overseas.bodies()[-1] == {
        "pathway_id": "pw-billing-copy",
        "scenario_ids": ["sc-refund", "sc-cancel"],
        "version_number": 2,
    }
    assert outcomes(team.overseas) == {"billing": "passed"}


def staging_fails(team: Team) -> None:
    team.declare(HARDER)
    published = team.published()
    printed = team.staging.up(expect=None)
    assert "gate failed: 2 failed of 2 sessions" in printed
    assert outcomes(team.staging) == {"support-line": "failed", "billing": "failed"}
    assert team.published() == published
    assert len(releases(team.staging)) == 2


def production_is_refused_and_stays_as_it_is(team: Team) -> None:
    before, published, outputs = team.effects(), team.published(), team.production.outputs()
    printed = team.production.up(expect=None)
    assert "support-line (sessions.yaml:4:3): its verdict there is failed: 1 of 2 scenarios passed" in printed
    assert team.effects() == before
    assert team.published() == published
    assert team.production.outputs() == outputs
    assert len(team.production.resources()) == len(releases(team.production)) == 2


def the_override_works_and_is_on_record(team: Team) -> None:
    team.production.configure("tornado:promoteWithout", "freeze INC-7")
    team.production.configure("tornado:reports", "reports")
    printed = team.production.up()
    assert "warning: 2 sessions promoted without a pass (tornado:promoteWithout): freeze INC-7" in printed
    promotion = team.production.outputs()["promotion"]
    assert promotion["without"] == "freeze INC-7"
    waived = ["its verdict there is failed: 1 of 2 scenarios passed; the gate requires all"]
    assert promotion["sessions"]["support-line"]["waived"] == waived
    assert outcomes(team.production) == BOTH_PASSED
    written = json.loads((team.production.folder / "reports/verdicts.json").read_text(encoding="utf-8"))
    assert written["promotion"] == promotion
    code, printed = team.production.run("tornado-resource", "status", "--stack", "production", "--format", "json")
    assert code == 0
    assert json.loads(printed)["promotion"] == promotion
    team.production.configure("tornado:promoteWithout", None)


def releases(project: Project) -> list[dict[str, Any]]:
    """The releases in a stack's state."""
    return project.resources("PathwayRelease")
