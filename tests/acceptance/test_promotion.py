"""Promotion with real stacks: what goes on, what is refused, what is published."""

from __future__ import annotations

import json
import re
import time
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from tests.support import story
from tests.support.crashes import Victim, crash, recover
from tests.support.paths import ROOT

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.support.postgres import Server
    from tests.support.project import Project


PROMOTING = story.DECLARATIONS.replace("max_age: 24h", "max_age: 24h, sessions: {support-line: null}")


@pytest.fixture
def team(make_project: Callable[..., Project]) -> story.Team:
    project = make_project(speed=1000, script=story.SCRIPT, stack="staging")
    team = story.Team.of(project, project)
    team.declare(story.DECLARATIONS)
    return team


def test_everything_else_that_speaks_against_it(team: story.Team) -> None:
    """A pass that is too old, and a version that was declared by hand."""
    team.staging.up()
    time.sleep(1)
    team.declare(story.DECLARATIONS.replace("max_age: 24h", "max_age: 1s, sessions: {billing: {version_number: 3}}"))
    before = team.effects()
    team.production.configure("tornado:reports", "reports")
    printed = team.production.up(expect=None, GITHUB_ACTIONS="true")
    assert "support-line (sessions.yaml:4:3): it passed there" in printed
    assert "ago, but max_age is 1s" in printed
    assert "version_number 3 is declared here, but version 7 passed there; remove it here, or test version 3" in printed
    assert team.effects() == before
    assert (
        "::warning file=sessions.yaml,line=5,col=3,title=billing%3A gate incomplete::not promoted: it passed" in printed
    )
    report = json.loads((team.production.folder / "reports/verdicts.json").read_text(encoding="utf-8"))
    assert report["outcome"] == "incomplete"
    assert report["sessions"]["billing"]["reason"].startswith("not promoted: it passed there")


def test_the_whole_story(team: story.Team) -> None:
    story.production_is_refused_before_staging_has_run(team)
    story.staging_passes_with_repairs(team)
    story.production_shows_what_it_will_do(team)
    story.production_tests_and_publishes_that_version(team)
    story.nothing_changes_when_it_is_run_again(team)
    story.another_pathway_carries_no_version(team)
    story.staging_fails(team)
    story.production_is_refused_and_stays_as_it_is(team)
    story.the_override_works_and_is_on_record(team)


def test_a_stack_that_is_not_there_or_is_this_one(team: story.Team) -> None:
    team.declare(story.DECLARATIONS.replace("promotes_from: staging", "promotes_from: organization/agents/nowhere"))
    printed = team.production.up(expect=None)
    assert 'unknown stack "organization/agents/nowhere"' in printed
    assert "Traceback" not in printed
    assert team.staging.requests() == []
    team.declare(story.DECLARATIONS.replace("promotes_from: staging", "promotes_from: organization/agents/production"))
    printed = team.production.pulumi("preview", expect=None)
    assert "promotes_from names organization/agents/production, which is this stack itself" in printed


def test_a_failed_or_killed_publish_runs_again_and_starts_nothing(team: story.Team) -> None:
    team.declare(PROMOTING)
    team.staging.up()
    team.production.fail(kind="status", status=403, path="/publish")
    printed = team.production.up(expect=None)
    assert "sessions.yaml:5:3: publish version 7 of pathway pw-billing to production: HTTP 403" in printed
    assert "Traceback" not in printed
    assert story.outcomes(team.production) == {"billing": "passed"}
    starts = len(team.production.requests("/start"))

    team.production.fail(kind="delay_after", path="/publish", seconds=30)
    before = len(team.production.requests("/publish"))
    crash(team.production, Victim("cli"), lambda: len(team.production.requests("/publish")) > before)
    recover(team.production)
    assert len(team.production.requests("/start")) == starts
    assert len(team.production.requests("/publish")) == before + 2
    assert team.published()["pw-billing", "production"] == 7
    assert story.outcomes(team.production) == {"billing": "passed"}


def test_a_newer_version_is_published_and_stays_when_production_fails(team: story.Team) -> None:
    team.declare(PROMOTING)
    team.staging.up()
    team.production.up()
    newer = PROMOTING.replace("staging: {publish", "staging: {defaults: {version_number: 9}, publish")
    newer = newer.replace("sc-refund, sc-cancel]", "sc-cancel]")  # it passes at once, and speaks for version 9
    team.declare(newer)
    team.staging.up()
    printed = team.production.pulumi("preview", "--diff")
    assert "environment production leaves out support-line" in printed
    assert "version_number: 7 => 9" in printed
    assert re.search(r"PathwayRelease: \(update\)[^(]*\bversion *: 7 => 9", printed)
    team.production.up()
    assert team.published()["pw-billing", "production"] == 9

    team.declare(newer.replace("{support-line: null}", "{support-line: null, billing: {scenario_ids: [sc-hard]}}"))
    printed = team.production.up(expect=None)
    assert "gate failed: 1 failed of 1 session" in printed
    assert story.outcomes(team.production) == {"billing": "failed"}
    assert [release["outputs"]["version"] for release in story.releases(team.production)] == [9]
    publishes = len(team.production.requests("/publish"))
    team.production.pulumi("destroy", "--yes", "--skip-preview")
    assert len(team.production.requests("/publish")) == publishes
    assert team.published()["pw-billing", "production"] == 9


def test_a_pass_without_a_version_publishes_nothing(team: story.Team) -> None:
    """Not known before: the gate allows repairs, and none were needed."""
    team.declare(
        "version: 1\nsessions:\n  billing: {pathway_id: pw-billing, scenario_ids: [sc-cancel], publish: staging}\n"
    )
    printed = team.staging.up(expect=None)
    assert "every gate passed, but nothing was published (1 of 1 session):" in printed
    assert "billing (sessions.yaml:3:3): passed, but the version to publish is unknown" in printed
    assert story.outcomes(team.staging) == {"billing": "passed"}
    assert team.published() == {}


def test_what_an_adopted_session_ran_on_is_not_known(team: story.Team) -> None:
    body = {"pathway_id": "pw-billing", "scenario_ids": ["sc-cancel"], "version_number": 5}
    foreign = team.staging.http.post("/v1/agent-testing/tornado/start", json=body).json()["session_id"]
    declared = PROMOTING.replace("sc-refund, sc-cancel]", "sc-cancel], version_number: 6")
    team.declare(declared)
    team.staging.configure("tornado:adopt.billing", foreign)
    printed = team.staging.up(expect=None)
    assert "billing (sessions.yaml:5:3): passed, but the version to publish is unknown" in printed
    assert team.published() == {}
    assert "the pass there names no version" in team.production.up(expect=None)

    team.declare(declared.replace("pw-billing}", "pw-billing, triggers: {again: 1}}"))
    team.staging.up()
    team.production.configure("tornado:adopt.billing", foreign)
    printed = team.production.up(expect=None)
    assert "it was adopted, so it is unknown whether it ran on the promoted version 6" in printed
    assert ("pw-billing", "production") not in team.published()
    code, _ = team.production.run("tornado-resource", "status", "--stack", "production")
    assert code == 3  # the same verdict from the state alone


def test_what_a_failed_update_left_unknown_is_refused_or_on_record(team: story.Team) -> None:
    team.staging.up()
    team.production.up()
    team.declare(story.DECLARATIONS.replace("staging: {", "staging: {defaults: {triggers: {again: 1}}, "))
    team.staging.fail(kind="status", status=403, path="/start")
    team.staging.up(None, "--continue-on-error")
    printed = team.production.pulumi("preview", expect=None)
    assert "promotion from organization/agents/staging refused" in printed
    assert "Traceback" not in printed
    assert "to delete" not in printed

    story.staging_fails(team)
    team.production.configure("tornado:promoteWithout", "INC-9")
    team.declare(story.HARDER.replace("promotes_from: staging", "defaults: {triggers: {x: 1}}, promotes_from: staging"))
    team.production.fail(kind="status", status=403, path="/start")
    team.production.up(expect=None)
    outputs = team.production.outputs()
    assert set(story.outcomes(team.production).values()) == {"incomplete"}
    assert (outputs["promotion"]["without"], outputs["environment"]) == ("INC-9", "production")


def test_a_needless_override_is_reported_and_foreign_secrets_hide_nothing(team: story.Team) -> None:
    secret = "import pulumi\n\npulumi.export('token', pulumi.Output.secret('hidden'))\n"
    program = team.staging.folder / "__main__.py"
    program.write_text(secret + program.read_text(encoding="utf-8"), encoding="utf-8")
    team.staging.up()
    team.production.configure("tornado:promoteWithout", "INC-9")
    printed = team.production.up()
    command = "pulumi config rm tornado:promoteWithout --stack production"
    assert f"warning: tornado:promoteWithout was not needed: {command}" in printed
    outputs = team.production.outputs()
    assert outputs["promotion"]["sessions"]["billing"]["version"] == 7
    assert story.outcomes(team.production) == story.BOTH_PASSED


def test_what_cannot_be_published_is_refused_before_anything_starts(team: story.Team) -> None:
    """Another project's stack tells only now that it runs another pathway."""
    copied = "sessions: {support-line: null, billing: {pathway_id: pw-billing-copy}}"
    elsewhere = PROMOTING.replace("promotes_from: staging", "promotes_from: organization/agents/staging")
    team.declare(elsewhere.replace("sessions: {support-line: null}", copied))
    team.staging.up()
    before = team.effects()
    printed = team.production.up(expect=None)
    assert "billing (sessions.yaml:5:3): `publish` needs a version, but none is known" in printed
    assert "promoteWithout" not in printed
    assert team.effects() == before


def test_publishing_needs_the_wait(team: story.Team) -> None:
    team.staging.configure("tornado:wait", "false")
    printed = team.staging.up(expect=None)
    assert "config tornado:wait is false, but `publish` (support-line, billing) needs the verdicts" in printed
    assert "pulumi config rm tornado:wait --stack staging" in printed
    assert team.staging.requests() == []


LIBRARY = """\
import pulumi

from tornado_resource import PathwayRelease, TornadoSession, wait_for

"""


def test_the_library_publishes_only_what_passed(make_project: Callable[..., Project]) -> None:
    """With the program of the docs. Gate and release both fail it, and Pulumi shows whichever is first."""
    shown = re.search(r"```python\n(.*?)```", (ROOT / "docs/promotion.md").read_text(encoding="utf-8"), re.DOTALL)
    assert shown is not None
    script = 'pathways: {"*": {scenarios: [{id: sc-1}], failing: [1], forked_version: 21}}\n'
    project = make_project(speed=1000, script=script, program=LIBRARY + shown[1])
    printed = project.up(expect=None)
    messages = (
        "gate failed: 1 failed of 1 session",
        "release billing: nothing is published, the verdict is failed: 0 of 1 scenario passed",
    )
    assert any(message in printed for message in messages)
    assert "Traceback" not in printed
    assert project.http.get("/_sandbox/published").json() == []


@pytest.mark.soak
def test_the_story_in_postgresql_from_two_machines_one_of_them_killed(
    make_project: Callable[..., Project], postgres_server: Server
) -> None:
    here = make_project(speed=1000, script=story.SCRIPT, stack="staging", backend=postgres_server.database())
    there = here.on_another_machine()
    team = story.Team.of(here, there)
    team.declare(story.DECLARATIONS)
    here.fail(kind="delay", path="/status", seconds=60, times=2)
    crash(here, Victim("cli"), lambda: len(here.requests("/status")) >= 2)
    here.http.delete("/_sandbox/faults")
    printed = team.production.up(expect=None)
    assert "(2 of 2 sessions)" in printed  # a run that was killed leaves no pass behind
    elsewhere = replace(there, stack="staging")
    elsewhere.pulumi("cancel", "--yes")
    story.staging_passes_with_repairs(replace(team, staging=elsewhere))
    assert len(here.requests("/start")) == 2

    story.production_tests_and_publishes_that_version(team)
