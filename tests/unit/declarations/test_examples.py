"""`examples/agents`: each file is checked by the tool that understands it, and the files agree with each other."""

from __future__ import annotations

import os
import subprocess
import sys
import tomllib
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.support.paths import ROOT
from tornado_resource.cli import main
from tornado_resource.declarations.budget import cost_of
from tornado_resource.declarations.resolver import load
from tornado_resource.sandbox.scenario_file import read_scripts

EXAMPLE = ROOT / "examples/agents"
WORKFLOW = EXAMPLE / ".github/workflows/agents.yml"
NIGHTLY = EXAMPLE / ".github/workflows/nightly.yml"
PULL_REQUEST = EXAMPLE / ".github/workflows/pull-request.yml"
ENVIRONMENTS = ["dev", "smoke", "nightly", "staging", "production"]


def read(path: Path) -> Any:
    return yaml.safe_load(path.read_text(encoding="utf-8"))


def check(*command: str) -> None:
    """Run a tool, which must find nothing; one that is not installed is a failure."""
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    result = subprocess.run(
        command,
        cwd=EXAMPLE,
        env={**os.environ, "PATH": path},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    assert result.returncode == 0, result.stdout


@pytest.mark.parametrize(
    ("schema", "file"),
    [
        ("vendor.github-workflows", ".github/workflows/agents.yml"),
        ("vendor.github-workflows", ".github/workflows/nightly.yml"),
        ("vendor.github-workflows", ".github/workflows/pull-request.yml"),
        ("vendor.dependabot", ".github/dependabot.yml"),
        ("vendor.gitlab-ci", ".gitlab-ci.yml"),
    ],
)
def test_a_pipeline_is_of_its_vendors_form(schema: str, file: str) -> None:
    check("check-jsonschema", "--builtin-schema", schema, file)


@pytest.mark.parametrize(
    "folder",
    [EXAMPLE, ROOT / "tornado_resource/template", ROOT / ".github/workflows", ROOT / "action.yml"],
    ids=["example", "template", "release", "action"],
)
def test_zizmor_finds_nothing_in_the_workflows(folder: Path) -> None:
    check("zizmor", "--offline", "--no-config", "--persona", "auditor", "--quiet", str(folder))


def test_shellcheck_finds_nothing_in_the_script() -> None:
    check("shellcheck", "--enable=all", "deploy.sh")


def test_pre_commit_takes_the_hook_and_the_config() -> None:
    check("pre-commit", "validate-manifest", str(ROOT / ".pre-commit-hooks.yaml"))
    check("pre-commit", "validate-config", ".pre-commit-config.yaml")


def test_the_declarations_are_valid(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["validate", str(EXAMPLE / "sessions.yaml")]) == 0
    assert "6 sessions and 1 agent in 5 environments, no problems" in capsys.readouterr().out


def test_the_declarations_show_what_a_team_needs() -> None:
    resolved = {name: load(str(EXAMPLE / "sessions.yaml"), name) for name in ENVIRONMENTS}
    staging, production = ({each.name: each for each in resolved[name].sessions} for name in ("staging", "production"))
    assert len({each.request["pathway_id"] for each in staging.values()}) == 5
    assert staging.keys() > production.keys()
    assert {each.request["version_number"] for each in production.values()} == {"latest"}
    published = [each.request["pathway_id"] for each in production.values() if each.publish == "production"]
    assert len(published) == len(set(published)) == len(production)
    assert all("version_number" in staging[name].request for name in production)
    agents = {name: resolved[name].agents for name in ENVIRONMENTS}
    retested = {name: [each.retest for each in listed] for name, listed in agents.items()}
    assert retested == {"dev": [True], "smoke": [], "nightly": [True], "staging": [True], "production": [False]}
    assert [each.publish for each in agents["production"]] == ["production"]


@pytest.mark.parametrize("stack", ENVIRONMENTS)
def test_every_environment_is_within_its_budget_when_everything_starts(stack: str) -> None:
    found = load(str(EXAMPLE / "sessions.yaml"), stack)
    cost = cost_of(found.declarations, found.budget)
    assert found.budget is not None
    assert found.budget.runs == (100 if stack == "smoke" else 1200)
    assert cost.excesses == []


def test_smoke_runs_what_has_the_tag_and_nightly_everything_again() -> None:
    """In stacks of their own, and without scenarios of theirs: a push to staging finds its own as it left them."""
    smoke, nightly, staging = (load(str(EXAMPLE / "sessions.yaml"), name) for name in ("smoke", "nightly", "staging"))
    assert smoke.omission == (
        "environment smoke leaves out support-line-angry-caller, appointment-booking, billing, returns-pilot, "
        "front-desk (only: smoke)"
    )
    assert [each.name for each in nightly.declarations] == [each.name for each in staging.declarations]
    assert {each.rerun for each in nightly.declarations} == {"always"}
    assert {each.triggers.get("release") for each in nightly.declarations} == {"2026-04"}
    assert not any(each.manage for each in nightly.scenarios)
    job = read(NIGHTLY)["jobs"]["nightly"]
    assert job["timeout-minutes"] > cost_of(nightly.declarations).minutes + 10
    assert "tornado:" not in NIGHTLY.read_text(encoding="utf-8"), "a trigger would run everything once more by day"


def test_the_sandbox_plays_every_pathway_and_knows_every_scenario() -> None:
    scripts = read_scripts(EXAMPLE / "sandbox.yaml")
    for name in ENVIRONMENTS:
        environment = load(str(EXAMPLE / "sessions.yaml"), name)
        assert scripts.agents.keys() >= {each.request["agent_id"] for each in environment.agents}
        for each in environment.sessions:
            known = {scenario.id for scenario in scripts.pathways[each.request["pathway_id"]].scenarios}
            assert known.issuperset(each.request.get("scenario_ids", []))


@pytest.mark.parametrize("stack", ENVIRONMENTS)
def test_a_stack_reports_where_its_pipelines_look(stack: str) -> None:
    folder = read(EXAMPLE / f"Pulumi.{stack}.yaml")["config"]["tornado:reports"]
    assert folder == f"reports/{stack}"
    if stack in {"dev", "smoke"}:
        return
    steps = read(NIGHTLY if stack == "nightly" else WORKFLOW)["jobs"][stack]["steps"]
    assert (steps[-1]["with"]["stack"], steps[-1]["with"]["reports"]) == (stack, folder)
    kept = read(EXAMPLE / ".gitlab-ci.yml")[stack]["artifacts"]
    assert kept == {"when": "always", "paths": [folder], "reports": {"junit": f"{folder}/junit.xml"}}


@pytest.mark.parametrize("stack", ["staging", "production"])
def test_a_pipeline_waits_longer_than_the_worst_case(stack: str) -> None:
    worst = cost_of(load(str(EXAMPLE / "sessions.yaml"), stack).declarations).minutes
    assert read(WORKFLOW)["jobs"][stack]["timeout-minutes"] > worst + 10
    pipeline = read(EXAMPLE / ".gitlab-ci.yml")
    assert {pipeline[name]["timeout"] for name in (".release", "nightly")} == {"75 minutes"}
    assert worst + 10 < 75


def test_no_script_of_a_workflow_holds_an_expression_or_a_secret() -> None:
    jobs = [job for name in (WORKFLOW, NIGHTLY, PULL_REQUEST) for job in read(name)["jobs"].values()]
    jobs.append(read(ROOT / "action.yml")["runs"])
    for step in (step for job in jobs for step in job["steps"]):
        assert "${{" not in step.get("run", "")
        assert not any("secrets." in str(value) for value in step.get("with", {}).values())


def test_the_workflow_may_only_comment_and_never_runs_twice_on_a_stack() -> None:
    workflow = read(WORKFLOW)
    assert workflow["permissions"] == {"contents": "read"}
    given = [job["permissions"] for job in workflow["jobs"].values()]
    assert given == [{"contents": "read", "pull-requests": "write"}] * 3
    steps = workflow["jobs"]["plan"]["steps"]
    assert "secrets" not in str(steps), "it runs the code of a pull request"
    assert [step["with"]["persist-credentials"] for step in steps if "checkout" in step["uses"]] == [False]
    assert workflow["concurrency"]["group"] == "agents-${{ github.ref }}"
    assert workflow["concurrency"]["cancel-in-progress"] == "${{ github.event_name == 'pull_request' }}"
    jobs = workflow["jobs"]
    assert (jobs["production"]["needs"], jobs["production"]["environment"]) == ("staging", "production")


def test_only_pull_requests_of_this_repository_get_a_secret() -> None:
    is_own = "github.event.pull_request.head.repo.full_name == github.repository"
    assert all(job["if"].endswith(f" && {is_own}") for job in read(PULL_REQUEST)["jobs"].values())
    assert "pull_request_target" not in PULL_REQUEST.read_text(encoding="utf-8")


def test_the_readme_says_how_to_write_the_schema_for_editors() -> None:
    line = (EXAMPLE / "sessions.yaml").read_text(encoding="utf-8").splitlines()[0]
    file = line.removeprefix("# yaml-language-server: $schema=./")
    assert f"$ tornado-resource schema --output {file}\n" in (EXAMPLE / "README.md").read_text(encoding="utf-8")


def test_both_pipelines_run_the_same_pulumi_and_python() -> None:
    inputs = read(ROOT / "action.yml")["inputs"]
    pulumi, python = (inputs[f"{name}-version"]["default"] for name in ("pulumi", "python"))
    image = read(EXAMPLE / ".gitlab-ci.yml")["default"]["image"]
    assert image == f"pulumi/pulumi-python-{python}:{pulumi}"


def test_the_example_asks_for_this_version() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    version, repository = project["version"], project["urls"]["Repository"]
    installed = (EXAMPLE / "requirements.txt").read_text(encoding="utf-8")
    assert installed == f"tornado-resource @ git+{repository}@v{version}\n"
    assert read(EXAMPLE / ".pre-commit-config.yaml")["repos"][0]["rev"] == f"v{version}"


def test_the_readme_names_every_file() -> None:
    listed = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard"],
        cwd=EXAMPLE,
        capture_output=True,
        text=True,
        check=True,
    )
    readme = (
        (EXAMPLE / "README.md")
        .read_text(encoding="utf-8")
        .replace("Pulumi.<stack>.yaml", " ".join(f"`Pulumi.{stack}.yaml`" for stack in ENVIRONMENTS))
    )
    missing = [name for name in listed.stdout.split() if f"`{name}`" not in readme]
    assert missing == [".gitignore", "README.md"]


def test_the_hook_is_run_whichever_files_changed() -> None:
    """Pre-commit names no deleted file, and nobody knows the names of prompt files."""
    [hook] = read(ROOT / ".pre-commit-hooks.yaml")
    assert (hook["always_run"], hook["pass_filenames"]) == (True, False)
    assert not hook.keys() & {"files", "types", "types_or", "exclude"}
