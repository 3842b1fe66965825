"""The pipelines of `examples/agents`, run step by step against a sandbox: outcomes, reports, published versions."""

from __future__ import annotations

import json
import re
import shlex
import socket
from dataclasses import replace
from typing import TYPE_CHECKING, Final

import pytest
import yaml
from junitparser import JUnitXml

from tests.support.forges import APP, MEMBER, Forge, serve_forge
from tests.support.paths import ROOT
from tests.support.pipelines import (
    CLOSED,
    EXAMPLE,
    NIGHT,
    PUSH,
    REQUEST,
    Job,
    check_out,
    files_of,
    run_bash,
    run_github,
    run_gitlab,
)
from tests.support.project import KEY
from tests.support.repository import commit_all

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from tests.support.project import Project

PRINTED_FOLDER = "/tmp/agents"  # noqa: S108 - in the README; the test replaces it
FILES = ["junit.xml", "report.html", "summary.md", "verdicts.json"]
SCRIPT = (EXAMPLE / "sandbox.yaml").read_text(encoding="utf-8")
FAILING_SCRIPT = SCRIPT.replace("failing: [2, [sc-cancel], 0]", "failing: [2, [sc-cancel]]")
LINE: Final = "4b0e8a52-6f0b-4a7e-9c55-1d2f7a3c9e10"
VERSIONS = {"support-line": 7, "appointment-booking": 12, "order-desk": 4, "billing": 20}
"""The versions that pass in staging, by the sandbox's scenario file."""


@pytest.fixture
def make_agents(make_project: Callable[..., Project]) -> Callable[..., Project]:
    """The example's repository, and a sandbox with its scenario file or *script*."""

    def make(script: str = SCRIPT) -> Project:
        return check_out(make_project(speed=100, script=script))

    return make


def outcomes(jobs: dict[str, Job]) -> dict[str, str]:
    return {name: job.outcome for name, job in jobs.items()}


def published(project: Project) -> dict[str, int]:
    """The versions in Bland's production, by session name."""
    sessions = yaml.safe_load((project.folder / "sessions.yaml").read_text(encoding="utf-8"))["sessions"]
    names = {sessions[name]["pathway_id"]: name for name in VERSIONS}
    rows = project.http.get("/_sandbox/published").json()
    assert {row["environment"] for row in rows} <= {"production"}
    return {names[row["pathway_id"]]: row["version_id"] for row in rows}


@pytest.fixture
def forge() -> Iterator[Forge]:
    """GitHub, where pull request 7 has the commit."""
    with serve_forge() as served:
        served.requests = [7]
        yield served


def mark(stack: str) -> str:
    return f"<!-- tornado-resource: agents/{stack} -->\n"


def comment(jobs: dict[str, Job], stack: str) -> str:
    summary = jobs[stack].kept[f"reports-{stack}"] / "summary.md"
    return f"{mark(stack)}{summary.read_text(encoding='utf-8')}"


def edit(project: Project, old: str, new: str) -> None:
    text = (project.folder / "sessions.yaml").read_text(encoding="utf-8")
    assert old in text
    project.declare(text.replace(old, new))


def line_of(project: Project, text: str) -> int:
    lines = (project.folder / "sessions.yaml").read_text(encoding="utf-8").splitlines()
    return next(number for number, line in enumerate(lines, 1) if line.startswith(text))


def assert_shows_no_key(jobs: dict[str, Job]) -> None:
    for job in jobs.values():
        assert KEY not in job.log + job.summary
        files = [path for kept in job.kept.values() for path in ([kept] if kept.is_file() else kept.iterdir())]
        assert not any(KEY in path.read_text(encoding="utf-8") for path in files)


def test_a_pull_request_shows_what_it_would_run_without_secrets(
    make_agents: Callable[..., Project], forge: Forge
) -> None:
    """The action's own steps: validate, plan, and one comment that the next push updates."""
    project = make_agents()
    prompt = project.folder / "prompts/payment-plan.md"
    prompt.write_text(prompt.read_text(encoding="utf-8").replace("six monthly", "nine monthly"), encoding="utf-8")
    commit_all(project.folder)
    jobs = run_github(project, REQUEST, forge)
    assert outcomes(jobs) == {"plan": "success", "staging": "skipped", "production": "skipped"}, jobs["plan"].log
    assert "6 sessions and 1 agent in 5 environments, no problems" in jobs["plan"].log
    (written,) = forge.bodies
    assert written.startswith(f"{mark('plan')}## Tornado plan since HEAD^1: at worst ")
    assert "- **billing** runs again: scenario payment-plan" in written
    assert "+         You cannot pay it at once. You accept up to nine monthly payments" in written
    assert written.partition("\n")[2] == jobs["plan"].summary
    edit(project, "max_iterations: 5", "max_iterations: 4")
    commit_all(project.folder)
    put_machines_away(project, "first")
    run_github(project, REQUEST, forge)
    (updated,) = forge.bodies
    assert "runs again: max" in updated
    assert project.requests() == []
    assert_shows_no_key(jobs)


def test_a_fork_gets_the_plan_in_the_summary_of_the_job(make_agents: Callable[..., Project], forge: Forge) -> None:
    project = make_agents()
    forge.refusal = 403
    edit(project, "max_iterations: 5", "max_iterations: 4")
    commit_all(project.folder)
    jobs = run_github(project, REQUEST, forge)
    assert outcomes(jobs)["plan"] == "success"
    assert "::warning title=tornado-resource::no comment was written: POST" in jobs["plan"].log
    assert "runs again: max" in jobs["plan"].summary
    assert forge.bodies == []


def test_the_example_runs_its_smoke_tests_in_a_stack_of_the_request(
    make_agents: Callable[..., Project], forge: Forge
) -> None:
    jobs = run_github(make_agents(), REQUEST, forge, "pull-request")
    assert outcomes(jobs) == {"smoke": "failure", "destroy": "skipped"}, jobs["smoke"].log
    (written,) = forge.bodies
    assert written.startswith(mark("pr-7"))
    assert "Tornado gate failed: 2 failed of 2 sessions" in written
    assert "\nStack pr-7, environment smoke, " in written
    assert_shows_no_key(jobs)


STORY: Final = f"""\
version: 1
sessions:
  support-line:
    pathway_id: {LINE}
    version_number: latest
    max_iterations: 1
    gate: {{passed: "50%"}}
    tags: [smoke]
environments:
  smoke: {{only: [smoke]}}
  staging: {{sessions: {{support-line: {{version_number: 6}}}}}}
  production: {{promotes_from: staging, publish: production}}
"""
STORY_SCRIPT: Final = f"""\
pathways:
  {LINE}:
    scenarios: [{{id: sc-refund, name: Refunds an order}}, {{id: sc-cancel, name: Cancels an order}}]
    iteration_ms: 1000
    failing: [[sc-cancel], [sc-refund], 0]
    forked_version: 7
"""


def test_a_change_goes_from_its_pull_request_to_production_and_back(
    make_agents: Callable[..., Project], forge: Forge
) -> None:
    """On three stacks: the plan, the smoke tests beside staging, the merge, a promotion, and a rollback of it."""
    project = make_agents(STORY_SCRIPT)
    project.declare(STORY)
    commit_all(project.folder)
    forge.requests = []
    assert red(run_github(project, PUSH, forge)) == {}
    assert published_line(project) == [6]
    forge.requests = [7]

    edit(project, 'max_iterations: 1\n    gate: {passed: "50%"}', "max_iterations: 2\n    gate: {passed: all}")
    commit_all(project.folder)
    assert [*red(run_request(project, forge, "opened"))] == ["smoke"]
    plan, smoke = forge.bodies
    assert plan.startswith(f"{mark('plan')}## Tornado plan since HEAD^1: at worst ")
    assert plan.count("- **support-line** runs again: max\\_iterations\n") == 3
    assert "       gate.passed:\n-         50%\n+         all\n" in plan
    assert smoke.startswith(f"{mark('pr-7')}## ❌ Tornado gate failed: 1 failed of 1 session\n")
    assert "### Against stack staging\n\nNewly failing: 1 session, 1 scenario; fixed: 1 scenario." in smoke
    assert "| newly failing | support-line | Refunds an order (sc-refund) | passed |" in smoke
    assert "| fixed | support-line | Cancels an order (sc-cancel) | failed |" in smoke

    edit(project, "max_iterations: 2", "max_iterations: 3")
    commit_all(project.folder)
    assert red(run_request(project, forge, "pushed")) == {}
    assert [each.partition("\n")[0] for each in forge.bodies] == [mark("plan").strip(), mark("pr-7").strip()]
    assert "## ✅ Tornado gate passed" in forge.bodies[1]
    assert "Fixed: 1 scenario." in forge.bodies[1]

    put_machines_away(project, "pushed")
    assert red(run_github(project, PUSH, forge)) == {}
    assert [each.partition("\n")[0] for each in forge.bodies[2:]] == [
        mark("staging").strip(),
        mark("production").strip(),
    ]
    assert published_line(project) == [7]
    assert "the tests of this pull request never ran" not in close_request(project, forge, "first")
    assert "the tests of this pull request never ran" in close_request(project, forge, "second")

    started = len(project.bodies())
    code, printed = project.run(
        *("tornado-resource", "rollback", "support-line", "--stack", "production"),
        *("--reason", "INC-7: it hangs up", "--yes"),
    )
    assert code == 0, printed
    project.up(0, "--expect-no-changes")
    assert len(project.bodies()) == started
    assert published_line(project) == [6]


def run_request(project: Project, forge: Forge, name: str) -> dict[str, Job]:
    """Run all workflows of a pull request, on machines of their own."""
    jobs: dict[str, Job] = {}
    for workflow in ("agents", "pull-request"):
        put_machines_away(project, f"before-{name}-{workflow}")
        jobs |= run_github(project, REQUEST, forge, workflow)
    assert_shows_no_key(jobs)
    return jobs


def close_request(project: Project, forge: Forge, name: str) -> str:
    """Close the pull request, and return the log; its stack is gone then."""
    put_machines_away(project, f"before-the-{name}-end")
    jobs = run_github(project, CLOSED, forge, "pull-request")
    assert outcomes(jobs) == {"smoke": "skipped", "destroy": "success"}, jobs["destroy"].log
    assert "pr-7" not in project.pulumi("stack", "ls")
    assert_shows_no_key(jobs)
    return jobs["destroy"].log


def red(jobs: dict[str, Job]) -> dict[str, str]:
    """The logs of the jobs that failed."""
    return {name: job.log for name, job in jobs.items() if job.outcome == "failure"}


def published_line(project: Project) -> list[int]:
    """The version of the story's pathway in Bland's production."""
    return [row["version_id"] for row in project.http.get("/_sandbox/published").json()]


def test_an_invalid_declaration_is_annotated_and_stops_the_pipeline(
    make_agents: Callable[..., Project], forge: Forge
) -> None:
    project = make_agents()
    edit(project, "max_iterations: 5", "max_iteration: 5")
    commit_all(project.folder)
    annotation = f"::error file=sessions.yaml,line={line_of(project, '  max_iteration')},col=3,"
    jobs = run_github(project, REQUEST, forge)
    assert outcomes(jobs) == {"plan": "failure", "staging": "skipped", "production": "skipped"}
    assert annotation in jobs["plan"].log
    put_machines_away(project, "first")
    jobs = run_github(project, PUSH, forge)
    assert outcomes(jobs) == {"plan": "skipped", "staging": "failure", "production": "skipped"}
    assert annotation in jobs["staging"].log
    assert project.requests() == []


def test_github_runs_staging_then_production(make_agents: Callable[..., Project], forge: Forge) -> None:
    project = make_agents()
    forge.say(f"{mark('staging')}old", APP)
    forge.say("Looks good to me", MEMBER)
    jobs = run_github(project, PUSH, forge)
    green = dict.fromkeys(("staging", "production"), "success")
    assert outcomes(jobs) == {**green, "plan": "skipped"}, jobs["staging"].log + jobs["production"].log
    for stack in ("staging", "production"):
        assert files_of(jobs[stack].kept[f"reports-{stack}"]) == FILES
        assert "support-line" in jobs[stack].summary
    staging, other, production = forge.bodies
    assert (staging, other, production) == (comment(jobs, "staging"), "Looks good to me", comment(jobs, "production"))
    assert published(project) == VERSIONS
    assert len(project.requests("POST /v2/agents")) == 2, "a check run in staging, and a promotion in production"
    assert sorted(body.get("version_number", 0) for body in project.bodies()) == [1, 3, 4, 6, 6, 7, 12, 12, 20, 20]
    assert_shows_no_key(jobs)
    assert_a_new_number_under_staging_is_released_alone(project, forge)


def assert_a_new_number_under_staging_is_released_alone(project: Project, forge: Forge) -> None:
    before = len(project.requests("POST"))
    edit(project, "billing: {version_number: 20}", "billing: {version_number: 21}")
    put_machines_away(project, "first")
    jobs = run_github(project, PUSH, forge)
    assert outcomes(jobs)["production"] == "success", jobs["staging"].log
    assert len(forge.bodies) == 3
    sent = [json.loads(row["body"]) for row in project.requests("POST")[before:]]
    assert [body.get("version_number", body.get("version_id")) for body in sent] == [21, 21, 21]
    assert published(project) == VERSIONS | {"billing": 21}


def put_machines_away(project: Project, name: str) -> None:
    """Let the next run have new ones."""
    for path in project.folder.parent.glob("git*-*"):
        path.rename(path.with_name(f"{name}-{path.name}"))


def test_github_stops_after_a_failed_staging(make_agents: Callable[..., Project], forge: Forge) -> None:
    project = make_agents(FAILING_SCRIPT)
    jobs = run_github(project, PUSH, forge)
    assert (jobs["staging"].outcome, jobs["production"].outcome) == ("failure", "skipped")
    assert files_of(jobs["staging"].kept["reports-staging"]) == FILES
    annotation = f"::error file=sessions.yaml,line={line_of(project, '  support-line:')},"
    assert any(line.strip().startswith(annotation) for line in jobs["staging"].log.splitlines())
    assert "sc-cancel" in jobs["staging"].summary
    assert forge.bodies == [comment(jobs, "staging")]
    assert published(project) == {}
    assert_shows_no_key(jobs)


def test_gitlab_runs_staging_then_production(make_agents: Callable[..., Project], forge: Forge) -> None:
    project = make_agents()
    forge.user = MEMBER
    jobs = run_gitlab(project, PUSH, forge)
    assert outcomes(jobs) == dict.fromkeys(("validate", "staging", "production"), "success")
    for stack in ("staging", "production"):
        assert files_of(jobs[stack].kept[f"reports/{stack}"]) == FILES
        assert JUnitXml.fromfile(str(jobs[stack].kept["junit"])).failures == 0
    assert published(project) == VERSIONS
    assert [each.partition("\n")[0] for each in forge.bodies] == [mark("staging").strip(), mark("production").strip()]
    assert_shows_no_key(jobs)
    edit(project, "max_iterations: 5", "max_iterations: 4")
    commit_all(project.folder)
    put_machines_away(project, "first")
    jobs = run_gitlab(project, REQUEST, forge)
    assert outcomes(jobs) == {"validate": "success", "plan": "success"}
    assert "runs again: max_iterations" in jobs["plan"].log


def test_gitlab_runs_everything_at_night_in_a_stack_of_its_own(
    make_agents: Callable[..., Project], forge: Forge
) -> None:
    project = make_agents()
    replace(project, stack="nightly").init()
    commit_all(project.folder)
    run_gitlab(project, PUSH, forge)  # staging manages the scenarios
    put_machines_away(project, "by day")
    jobs = run_gitlab(project, NIGHT, forge)
    assert outcomes(jobs) == {"validate": "success", "nightly": "success"}
    assert files_of(jobs["nightly"].kept["reports/nightly"]) == FILES


def test_gitlab_shows_a_failed_scenario_as_a_failed_test(make_agents: Callable[..., Project], forge: Forge) -> None:
    project = make_agents(FAILING_SCRIPT)
    jobs = run_gitlab(project, PUSH, forge)
    assert outcomes(jobs) == {"validate": "success", "staging": "failure", "production": "skipped"}
    assert files_of(jobs["staging"].kept["reports/staging"]) == FILES
    assert JUnitXml.fromfile(str(jobs["staging"].kept["junit"])).failures > 0
    assert published(project) == {}


def test_deploy_stops_at_invalid_declarations(make_agents: Callable[..., Project]) -> None:
    project = make_agents()
    edit(project, "max_iterations: 5", "max_iterations: five")
    ran = run_bash("./deploy.sh", project.folder, project.environment)
    assert ran.returncode == 2
    assert ran.stdout.splitlines()[-1] == ("deploy: validate failed with exit code 2; the later steps were not run")
    assert project.requests() == []


def test_deploy_stops_after_a_failed_staging(make_agents: Callable[..., Project]) -> None:
    project = make_agents(FAILING_SCRIPT)
    ran = run_bash("./deploy.sh", project.folder, project.environment)
    assert ran.returncode != 0
    assert ran.stdout.splitlines()[-1].startswith("deploy: staging failed with exit code")
    assert "== production" not in ran.stdout
    assert files_of(project.folder / "reports") == ["staging"]


def test_the_trial_in_the_readme_works(make_project: Callable[..., Project]) -> None:
    """All lines but `make setup`, in a temporary folder and on a free port."""
    project = make_project()
    readme = (EXAMPLE / "README.md").read_text(encoding="utf-8")
    printed = re.search(r"```console\n(\$ make setup.*?)```", readme, re.DOTALL)
    assert printed is not None
    first, *lines = printed[1].replace("$ ", "").splitlines()
    assert first == "make setup && export PATH=$PWD/.venv/bin:$PATH"
    copy = project.folder.with_name("agents")
    script = "\n".join(lines).replace(PRINTED_FOLDER, shlex.quote(str(copy))).replace("8080", str(free_port()))
    ran = run_bash(f"trap 'kill $(jobs -p)' EXIT\n{script}", ROOT, clean_environment(project))
    assert ran.returncode == 0, ran.stdout
    assert ran.stdout.splitlines()[-1].startswith("deploy: staging and production passed")
    assert files_of(copy / "reports/production") == FILES


def clean_environment(project: Project) -> dict[str, str]:
    """The environment of a person before the trial: no variables of Bland or Pulumi."""
    environment = {key: value for key, value in project.environment.items() if not key.startswith(("BLAND", "PULUMI"))}
    return {**environment, "HOME": str(project.folder), "PULUMI_SKIP_UPDATE_CHECK": "1"}


def free_port() -> int:
    with socket.socket() as server:
        server.bind(("127.0.0.1", 0))
        port: int = server.getsockname()[1]
        return port
