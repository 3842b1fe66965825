"""Running the pipelines of `examples/agents` as GitHub's and GitLab's runners do.

Each job gets a checkout and a machine of its own, so that nothing but Pulumi's state goes from job to job, and each
script runs in bash. What is not run is named here: `INSTALL` and `ACTIONS` bring Python, Pulumi and this package, which
`.venv` has, and the checkout. Conditions and secrets are looked up in tables: one that is not there is an error.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import yaml

from tests.support.paths import ROOT
from tests.support.project import KEY, PULUMI_SECONDS, Project

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

EXAMPLE: Final = ROOT / "examples/agents"
UNTRACKED: Final = shutil.ignore_patterns("reports", ".venv", "__pycache__")
PUSH: Final = "push"
REQUEST: Final = "pull_request"
INSTALL: Final = (
    "pip install --require-hashes --requirement requirements.lock",
    "pip install --no-deps --requirement requirements.txt",
)
ACTIONS: Final = ("actions/checkout", "actions/setup-python", "pulumi/actions")
UPLOAD: Final = "actions/upload-artifact"
DOWNLOAD: Final = "actions/download-artifact"
COMMIT: Final = "0123456789abcdef0123456789abcdef01234567"
GH: Final = Path(__file__).with_name("stand_in_for_gh.py")
"""GitHub's command line, with the pull requests and comments that a file holds."""
SECRETS: Final = {
    "${{ secrets.BLAND_API_KEY }}": KEY,
    "${{ secrets.PULUMI_ACCESS_TOKEN }}": "",  # the tests' backend is a folder
    "${{ github.token }}": "a-token",
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
    """Make *project* the example's repository, with its stacks as a team makes them once."""
    folder = project.folder.parent / "repository"
    shutil.copytree(EXAMPLE, folder, ignore=UNTRACKED)
    for stack in ("staging", "production"):
        project = Project(folder, project.home, project.backend, project.sandbox, project.http, stack)
        project.init()
    return project


def run_github(project: Project, event: str) -> dict[str, Job]:
    """Run the jobs of the workflow in their order."""
    workflow = yaml.safe_load((project.folder / ".github/workflows/agents.yml").read_text(encoding="utf-8"))
    assert workflow["defaults"]["run"]["shell"] == "bash"
    done: dict[str, Job] = {}
    for name, job in workflow["jobs"].items():
        needs = [job["needs"]] if isinstance(job.get("needs"), str) else job.get("needs", [])
        is_red = any(done[need].outcome != "success" for need in needs)
        is_due = _holds(job.get("if"), event, is_red=is_red)
        kept = {artifact: path for need in done.values() for artifact, path in need.kept.items()}
        machine = project.on_another_machine(f"github-{name}")
        done[name] = _github_job(machine, job, event, kept) if is_due else Job("skipped")
    return done


def comments_of(project: Project) -> list[str]:
    """Return the comments on the pull request that the commit belongs to."""
    return [each["body"] for each in json.loads(_github(project).read_text(encoding="utf-8"))["comments"]]


def merge_pull_request(project: Project, comments: Sequence[str] = ()) -> None:
    """Let the commit belong to a pull request with these comments."""
    known = [{"id": number, "body": body} for number, body in enumerate(comments, 1)]
    _github(project).write_text(json.dumps({"pulls": [{"number": 7}], "comments": known}), encoding="utf-8")


def _github(project: Project) -> Path:
    return project.state_folder.parent / "github.json"


def run_gitlab(project: Project, event: str) -> dict[str, Job]:
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
                done[name] = Job("skipped") if is_red else _gitlab_job(machine, pipeline["default"], job)
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


def _github_job(machine: Project, job: Mapping[str, Any], event: str, artifacts: Mapping[str, Path]) -> Job:
    page = machine.folder.parent / "summary.md"
    page.touch()
    result = Job("success")
    for step in job["steps"]:
        if not _holds(step.get("if"), event, is_red=result.outcome == "failure"):
            continue
        if "run" not in step:
            _act(machine, step, result, artifacts)
        elif tuple(step["run"].splitlines()) != INSTALL and _github_step(machine, step, page, result) != 0:
            result.outcome = "failure"
    result.summary = page.read_text(encoding="utf-8")
    return result


def _github_step(machine: Project, step: Mapping[str, Any], page: Path, result: Job) -> int:
    given = {key: SECRETS[value] if "${{" in value else value for key, value in step.get("env", {}).items()}
    environment = {
        **{key: value for key, value in machine.environment.items() if key != "BLAND_API_KEY"},
        "CI": "true",
        "GITHUB_ACTIONS": "true",
        "GITHUB_STEP_SUMMARY": str(page),
        "GITHUB_REPOSITORY": "acme/agents",
        "GITHUB_SHA": COMMIT,
        "GITHUB_STATE": str(_github(machine)),
        "PATH": f"{_commands(machine)}{os.pathsep}{machine.environment['PATH']}",
        **given,
    }
    ran = run_bash(step["run"], machine.folder, environment)
    result.log += ran.stdout
    return ran.returncode


def _commands(machine: Project) -> Path:
    """Return a folder with the commands that GitHub's runners have, and this machine has not."""
    folder = machine.folder.parent / "commands"
    folder.mkdir(exist_ok=True)
    (folder / "gh").write_text(f'#!/bin/sh\nexec {sys.executable} {GH} "$@"\n', encoding="utf-8")
    (folder / "gh").chmod(0o755)
    return folder


def _act(machine: Project, step: Mapping[str, Any], result: Job, artifacts: Mapping[str, Path]) -> None:
    action = step["uses"].partition("@")[0]
    if action == UPLOAD:
        result.kept[step["with"]["name"]] = machine.folder / step["with"]["path"]
    elif action == DOWNLOAD:
        prefix = step["with"]["pattern"].removesuffix("*")
        for name, folder in artifacts.items():
            if name.startswith(prefix) and folder.is_dir():
                shutil.copytree(folder, machine.folder / name)
    else:
        assert action in ACTIONS


def _holds(condition: str | None, event: str, *, is_red: bool) -> bool:
    """Whether a job or a step is due; one without a condition is, unless something it needs has failed."""
    known = {
        None: True,
        "always()": True,
        "always() && github.event_name == 'push'": event == PUSH,
        "github.event_name == 'push'": event == PUSH,
        "github.event_name == 'pull_request'": event == REQUEST,
    }
    return known[condition] and ((condition or "").startswith("always()") or not is_red)


def _gitlab_job(machine: Project, default: Mapping[str, Any], job: Mapping[str, Any]) -> Job:
    lines = [*default["before_script"], *job["script"]]
    assert tuple(lines[: len(INSTALL)]) == INSTALL
    secrets = {} if "environment" in job else {"BLAND_API_KEY": ""}
    environment = {**machine.environment, "CI": "true", "GITLAB_CI": "true", **secrets}
    ran = run_bash("\n".join(lines[len(INSTALL) :]), machine.folder, environment)
    kept = job.get("artifacts", {})
    is_kept = ran.returncode == 0 or kept.get("when") == "always"
    paths = {path: machine.folder / path for path in kept.get("paths", []) if is_kept}
    reports = {kind: machine.folder / path for kind, path in kept.get("reports", {}).items() if is_kept}
    return Job("failure" if ran.returncode else "success", ran.stdout, kept={**paths, **reports})


def _is_meant(rules: list[Mapping[str, Any]] | None, event: str) -> bool:
    known = {
        '$CI_PIPELINE_SOURCE == "merge_request_event"': event == REQUEST,
        "$CI_COMMIT_BRANCH == $CI_DEFAULT_BRANCH": event == PUSH,
    }
    return rules is None or any(known[rule["if"]] for rule in rules)


def files_of(folder: Path) -> list[str]:
    """The names of the files in *folder*; none where it is not there, as an upload finds it."""
    return sorted(path.name for path in folder.iterdir()) if folder.is_dir() else []
