"""The program and the pipeline in the README, through a real `pulumi up`."""

from __future__ import annotations

import re
import sys
from dataclasses import replace
from typing import TYPE_CHECKING

import yaml

from tests.support.paths import ROOT
from tests.support.pipelines import ACTIONS, SECRETS, UPLOAD, files_of, run_bash
from tests.support.project import name_the_pathway

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.support.project import Project

SCRIPT = """\
pathways:
  "*": {scenarios: [{id: sc-1}, {id: sc-2}]}
"""


def test_the_program_of_the_readme_publishes_what_passed(make_project: Callable[..., Project]) -> None:
    sample = re.search(
        r"```python\n(# __main__.py\n.*?)```", (ROOT / "README.md").read_text(encoding="utf-8"), re.DOTALL
    )
    assert sample is not None
    project = make_project(speed=1000, script=SCRIPT, program=sample[1])
    project.up()
    outputs = project.outputs()
    assert outputs["verdict"]["outcome"] == "passed"
    assert outputs["verdict"]["session_id"] == outputs["session_id"]
    assert [request["path"].rpartition("/")[2] for request in project.requests("POST")] == ["start", "publish"]


def test_the_pipeline_of_the_readme_works_when_pasted(make_project: Callable[..., Project]) -> None:
    """In a new project; `pulumi install` is left out, since `.venv` has this checkout."""
    sample = re.search(
        r"```yaml\n(# .github/workflows/tornado.yml\n.*?)```",
        (ROOT / "README.md").read_text(encoding="utf-8"),
        re.DOTALL,
    )
    assert sample is not None
    machine = make_project(speed=1000)
    code, printed = machine.run("tornado-resource", "init", "pasted")
    assert code == 0, printed
    project = replace(machine, folder=machine.folder / "pasted")
    (project.folder / ".venv").symlink_to(sys.prefix)
    name_the_pathway(project.folder)
    for step in yaml.safe_load(sample[1])["jobs"]["test"]["steps"]:
        if "run" in step and step["run"] != "pulumi install":
            given = {key: SECRETS[value] for key, value in step.get("env", {}).items()}
            known = {key: value for key, value in project.environment.items() if key != "BLAND_API_KEY"}
            ran = run_bash(step["run"], project.folder, {**known, "GITHUB_ACTIONS": "true", **given})
            assert ran.returncode == 0, ran.stdout
        elif "uses" in step:
            assert step["uses"].partition("@")[0] in {*ACTIONS, UPLOAD}
    assert files_of(project.folder / "reports") == ["junit.xml", "report.html", "summary.md", "verdicts.json"]
