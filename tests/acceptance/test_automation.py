"""Inline programs of Pulumi's Automation API: several updates in one process, outside of its main thread."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.support.project import Project

HEAD = """\
import json
import os
import signal
from pathlib import Path

import pulumi
from pulumi import automation
from tornado_resource import PathwayRelease, TornadoSession, deploy, wait_for

KEY, URL = os.environ.pop("BLAND_API_KEY"), os.environ.pop("BLAND_BASE_URL")
HANDLERS = [signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)]


def stack(name, program, config):
    made = automation.create_stack(name, "inline", program)
    values = {"bland:baseUrl": URL, **config}
    secret = {"bland:apiKey": automation.ConfigValue(KEY, secret=True)}
    made.set_all_config({key: automation.ConfigValue(value) for key, value in values.items()} | secret)
    return made


def up(made):
    printed = []
    try:
        found = made.up(on_output=printed.append).outputs
        failed = False
    except automation.CommandError as error:
        found = made.outputs()
        printed.append(str(error))
        failed = True
    outputs = {name: output.value for name, output in found.items()}
    return {"failed": failed, "printed": "".join(printed), "outputs": outputs}


def finish(**results):
    assert [signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)] == HANDLERS
    Path("results.json").write_text(json.dumps(results), encoding="utf-8")


"""
FAILING = """\
pathways:
  pw-1: {scenarios: [{id: sc-1}, {id: sc-2}], failing: [1, 1, 1, 1, 1]}
  "*": {scenarios: [{id: sc-1}, {id: sc-2}]}
"""
DECLARED = """\
version: 1
sessions:
  support-line: {pathway_id: pw-1}
environments:
  staging: {}
  good: {sessions: {support-line: {pathway_id: pw-2, version_number: 4}}}
"""
DEPLOY = """\
config = {"tornado:declarations": str(Path("sessions.yaml").absolute())}
good = stack("good", deploy, config)
bad = stack("staging", deploy, config)
finish(bad=up(bad), good=up(good), again=up(good))
"""
PARTS = """\
def program():
    session = TornadoSession("mine", pathway_id=pulumi.Config("mine").require("pathway"), version_number=4)
    verdict = wait_for(session)
    pulumi.export("outcome", verdict["outcome"])
    PathwayRelease("mine", pathway_id="pw-2", verdict=verdict)


results = {}
for name, pathway in (("one", "pw-1"), ("two", "pw-2")):
    config = {"tornado:reports": f"reports/{name}", "mine:pathway": pathway}
    results[name] = up(stack(name, program, config))
finish(**results)
"""


def run(make_project: Callable[..., Project], program: str) -> tuple[Project, dict[str, Any]]:
    """Run a script with a Python of this environment, and return what it found."""
    project = make_project(speed=1000, script=FAILING)
    project.declare(DECLARED)
    (project.folder / "automate.py").write_text(HEAD + program, encoding="utf-8")
    code, printed = project.run("python", "-W", "error", "automate.py")
    assert code == 0, printed
    return project, json.loads((project.folder / "results.json").read_text(encoding="utf-8"))


def test_deploy_works_in_inline_programs_one_after_the_other(make_project: Callable[..., Project]) -> None:
    project, found = run(make_project, DEPLOY)
    assert {name: found[name]["failed"] for name in ("bad", "good", "again")} == {
        "bad": True,
        "good": False,
        "again": False,
    }
    assert "gate failed: 1 failed of 1 session" in found["bad"]["printed"]
    assert found["bad"]["outputs"]["verdicts"]["support-line"]["outcome"] == "failed"
    assert found["good"]["outputs"]["verdicts"]["support-line"]["outcome"] == "passed"
    assert found["good"]["outputs"] == found["again"]["outputs"]
    assert all("Traceback" not in found[name]["printed"] for name in ("bad", "good", "again"))
    assert [body["pathway_id"] for body in project.bodies()] == ["pw-1", "pw-2"]


def test_the_parts_work_in_inline_programs(make_project: Callable[..., Project]) -> None:
    project, found = run(make_project, PARTS)
    assert {name: found[name]["failed"] for name in found} == {"one": True, "two": False}
    assert {name: found[name]["outputs"].get("outcome") for name in found} == {"one": "failed", "two": "passed"}
    # Of the gate and the release, whichever fails first ends the program.
    assert "1 of 2 scenarios passed; the gate requires all" in found["one"]["printed"]
    assert all("Traceback" not in found[name]["printed"] for name in found)
    assert sorted(path.parent.name for path in project.folder.glob("reports/*/verdicts.json")) == ["one", "two"]
    assert len(project.requests("/publish")) == 1
