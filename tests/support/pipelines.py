"""Running the pipelines of `examples/agents` as GitHub's and GitLab's runners do.

Each job gets a checkout and a machine of its own, so that nothing but Pulumi's state goes from job to job, and each
script runs in bash, also those of `action.yml`. What is not run is named here: `INSTALL` and `ACTIONS` bring Python,
Pulumi and this package, which `.venv` has, and the checkout. Conditions and secrets are looked up in tables: one that
is not there is an error.
"""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

import yaml

from tests.support.forges import COMMIT, TOKEN, Forge
from tests.support.paths import ROOT
from tests.support.project import KEY, PULUMI_SECONDS, Project
from tests.support.repository import commit_all

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

EXAMPLE: Final = ROOT / "examples/agents"
UNTRACKED: Final = shutil.ignore_patterns("reports", ".venv", "__pycache__")
PUSH: Final = "push"
REQUEST: Final = "pull_request"
NIGHT: Final = "schedule"
CLOSED: Final = "closed"
INSTALL: Final = (
    "pip install --require-hashes --requirement requirements.lock",
    "pip install --no-deps --requirement requirements.txt",
)
FROM_HERE: Final = "github.event.pull_request.head.repo.full_name == github.repository"
ACTIONS: Final = ("actions/checkout", "actions/setup-python", "pulumi/actions")
UPLOAD: Final = "actions/upload-artifact"
OWN: Final = "ORGANIZATION/tornado-resource"
ACTION: Final = yaml.safe_load((ROOT / "action.yml").read_text(encoding="utf-8"))
SECRETS: Final = {
    "secrets.BLAND_API_KEY": KEY,
    "secrets.PULUMI_ACCESS_TOKEN": "",  # the tests' backend is a folder
    "github.token": TOKEN,
    "github.event.number": "7",
}
GITLAB_WORDS: Final = {"stages", "workflow", "default"}


@dataclass
class Job:
    """How a job went: `success`, `failure` or `skipped`; its kept files by the name they are kept under."""

    outcome: str
    log: str = ""
    summary: str = ""
    kept: dict[str, Path] = field(default_factory=dict)


def check_out(project: Project) -> Project:
    """Make *project* the example's repository, with its stacks as a team makes them once, and all files committed."""
    folder = project.folder.parent / "repository"
    shutil.copytree(EXAMPLE, folder, ignore=UNTRACKED)
    for stack in ("staging", "production"):
        project = Project(folder, project.home, project.backend, project.sandbox, project.http, stack)
        project.init()
    commit_all(folder)
    return project


def run_github(project: Project, event: str, forge: Forge, workflow: str = "agents") -> dict[str, Job]:
    """Run the jobs of a workflow in their order."""
    found = yaml.safe_load((project.folder / f".github/workflows/{workflow}.yml").read_text(encoding="utf-8"))
    done: dict[str, Job] = {}
    for name, job in found["jobs"].items():
        needs = [job["needs"]] if isinstance(job.get("needs"), str) else job.get("needs", [])
        is_red = any(done[need].outcome != "success" for need in needs)
        is_due = _holds(job.get("if"), event, is_red=is_red)
        machine = project.on_another_machine(f"github-{name}")
        runner = _Runner(machine, event, forge, found.get("env", {}))
        done[name] = _github_job(runner, job) if is_due else Job("skipped")
    return done


def run_gitlab(project: Project, event: str, forge: Forge) -> dict[str, Job]:
    """Run the jobs in the order of their stages; those after a failed stage are skipped."""
    pipeline = yaml.safe_load((project.folder / ".gitlab-ci.yml").read_text(encoding="utf-8"))
    jobs = {name: job for name, job in pipeline.items() if name not in GITLAB_WORDS and not name.startswith(".")}
    done: dict[str, Job] = {}
    for stage in pipeline["stages"]:
        is_red = any(job.outcome == "failure" for job in done.values())
        for name, own in jobs.items():
            job = {**pipeline.get(own.get("extends"), {}), **own}
            if job["stage"] == stage and _is_meant(job.get("rules"), event):
                machine = project.on_another_machine(f"gitlab-{name}")
                done[name] = Job("skipped") if is_red else _gitlab_job(machine, pipeline["default"], job, forge)
    return done


def run_bash(script: str, folder: Path, environment: Mapping[str, str]) -> subprocess.CompletedProcess[str]:
    """Run a script with the options of GitHub's `shell: bash`; GitLab's are the same."""
    return subprocess.run(
        ["bash", "--noprofile", "--norc", "-eo", "pipefail", "-c", script],
        cwd=folder,
        env=environment,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=PULUMI_SECONDS,
        check=False,
    )


@dataclass
class _Runner:
    """A machine of GitHub's for one job."""

    machine: Project
    event: str
    forge: Forge
    variables: Mapping[str, str]
    outputs: dict[str, str] = field(default_factory=dict)
    """What the steps of an action have written, by the expression that reads it."""

    @property
    def page(self) -> Path:
        """The summary of the job."""
        return self.machine.folder.parent / "summary.md"

    @property
    def output(self) -> Path:
        """The file that a step writes its outputs to."""
        return self.machine.folder.parent / "outputs.txt"

    def environment(self, step: Mapping[str, Any], inputs: Mapping[str, str]) -> dict[str, str]:
        """The environment variables of a step."""
        event = self.machine.folder.parent / "event.json"
        event.write_text(json.dumps({"pull_request": {"number": 7}} if self.event == REQUEST else {}), encoding="utf-8")
        return {
            **{key: value for key, value in self.machine.environment.items() if key != "BLAND_API_KEY"},
            "CI": "true",
            "GITHUB_ACTIONS": "true",
            "GITHUB_API_URL": self.forge.url,
            "GITHUB_EVENT_PATH": str(event),
            "GITHUB_REPOSITORY": "acme/agents",
            "GITHUB_SHA": COMMIT,
            "GITHUB_STEP_SUMMARY": str(self.page),
            "GITHUB_OUTPUT": str(self.output),
            **{key: _filled(value, inputs) for key, value in {**self.variables, **step.get("env", {})}.items()},
        }


def _github_job(runner: _Runner, job: Mapping[str, Any]) -> Job:
    runner.page.touch()
    result = Job("success")
    for step in job["steps"]:
        if not _holds(step.get("if"), runner.event, is_red=result.outcome == "failure"):
            continue
        if "run" in step:
            if tuple(step["run"].splitlines()) != INSTALL:
                _github_step(runner, step, {}, result)
        elif step["uses"].startswith(OWN):
            _own_action(runner, step, result)
        else:
            _act(runner.machine, step, {}, result)
    result.summary = runner.page.read_text(encoding="utf-8")
    return result


def _own_action(runner: _Runner, step: Mapping[str, Any], result: Job) -> None:
    """Run the steps of `action.yml` as they are, but for what `.venv` has."""
    texts = {key: str(value).lower() if isinstance(value, bool) else value for key, value in step["with"].items()}
    given = {key: _filled(value, {}) for key, value in texts.items()}
    assert set(given) <= set(ACTION["inputs"])
    inputs = {**{name: each.get("default", "") for name, each in ACTION["inputs"].items()}, **given}
    for each in ACTION["runs"]["steps"]:
        if not _is_due(each.get("if"), inputs, is_red=result.outcome == "failure") or each.get("name") == "Install":
            continue
        if "run" in each:
            _github_step(runner, {**each, "env": {**step.get("env", {}), **each["env"]}}, inputs, result)
        else:
            _act(runner.machine, each, {**inputs, **runner.outputs}, result)


def _github_step(runner: _Runner, step: Mapping[str, Any], inputs: Mapping[str, str], result: Job) -> None:
    folder = runner.machine.folder / _filled(step.get("working-directory", "."), inputs)
    runner.output.write_text("", encoding="utf-8")
    ran = run_bash(step["run"], folder, runner.environment(step, inputs))
    written = (line.partition("=") for line in runner.output.read_text(encoding="utf-8").splitlines())
    runner.outputs |= {f"steps.{step.get('id')}.outputs.{key}": value for key, _, value in written}
    result.log += ran.stdout
    if ran.returncode != 0:
        result.outcome = "failure"


def _filled(text: str, inputs: Mapping[str, str]) -> str:
    """Return a text with the values of its expressions."""
    known = {**SECRETS, **inputs, **{f"inputs.{name}": value for name, value in inputs.items()}}
    return re.sub(r"\$\{\{ (\S+) \}\}", lambda found: known[found[1]], text)


def _act(machine: Project, step: Mapping[str, Any], inputs: Mapping[str, str], result: Job) -> None:
    action = step["uses"].partition("@")[0]
    if action == UPLOAD:
        name, path = (_filled(step["with"][key], inputs) for key in ("name", "path"))
        result.kept[name] = machine.folder / path
    else:
        assert action in ACTIONS


def _holds(condition: str | None, event: str, *, is_red: bool) -> bool:
    """Whether a job or a step is due; one without a condition is, unless something it needs has failed."""
    known = {
        None: True,
        "github.event_name == 'push'": event == PUSH,
        "github.event_name == 'pull_request'": event == REQUEST,
        f"github.event.action != 'closed' && {FROM_HERE}": event == REQUEST,
        f"github.event.action == 'closed' && {FROM_HERE}": event == CLOSED,
    }
    return known[condition] and not is_red


def _is_due(condition: str | None, inputs: Mapping[str, str], *, is_red: bool) -> bool:
    """Whether a step of the action is due."""
    clauses = condition.split(" && ") if condition is not None else []
    if is_red and "always()" not in clauses:
        return False
    return all(_is_true(clause, inputs) for clause in clauses if clause != "always()")


def _is_true(clause: str, inputs: Mapping[str, str]) -> bool:
    contains = re.fullmatch(r"contains\('(.*)', inputs\.([a-z-]+)\)", clause)
    if contains is not None:
        return inputs[contains[2]] in contains[1]
    equals = re.fullmatch(r"inputs\.([a-z-]+) == '(.*)'", clause)
    assert equals is not None, clause
    return inputs[equals[1]] == equals[2]


def _gitlab_job(machine: Project, default: Mapping[str, Any], job: Mapping[str, Any], forge: Forge) -> Job:
    lines = [*default["before_script"], *job["script"]]
    assert tuple(lines[: len(INSTALL)]) == INSTALL
    secrets = {"GITLAB_TOKEN": TOKEN} if "environment" in job else {"BLAND_API_KEY": ""}
    environment = {
        **machine.environment,
        "CI": "true",
        "GITLAB_CI": "true",
        "CI_API_V4_URL": f"{forge.url}/api/v4",
        "CI_PROJECT_ID": "12",
        "CI_COMMIT_SHA": COMMIT,
        "CI_MERGE_REQUEST_DIFF_BASE_SHA": "HEAD^1",
        **secrets,
    }
    ran = run_bash("\n".join(lines[len(INSTALL) :]), machine.folder, environment)
    log = ran.stdout + run_bash("\n".join(job.get("after_script", [])), machine.folder, environment).stdout
    kept = job.get("artifacts", {})
    is_kept = ran.returncode == 0 or kept.get("when") == "always"
    paths = {path: machine.folder / path for path in kept.get("paths", []) if is_kept}
    reports = {kind: machine.folder / path for kind, path in kept.get("reports", {}).items() if is_kept}
    return Job("failure" if ran.returncode else "success", log, kept={**paths, **reports})


def _is_meant(rules: list[Mapping[str, Any]] | None, event: str) -> bool:
    known = {
        '$CI_PIPELINE_SOURCE == "merge_request_event"': event == REQUEST,
        '$CI_PIPELINE_SOURCE == "schedule"': event == NIGHT,
        "$CI_COMMIT_BRANCH == $CI_DEFAULT_BRANCH": event in {PUSH, NIGHT},
    }
    if rules is None:
        return True
    first = next((rule for rule in rules if known[rule["if"]]), None)
    return first is not None and first.get("when") != "never"


def files_of(folder: Path) -> list[str]:
    """The names of the files in *folder*; none where it is not there, as an upload finds it."""
    return sorted(path.name for path in folder.iterdir()) if folder.is_dir() else []
