"""The programs of the docs, those of the docstrings among them, through a real `pulumi up`."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest

from tests.support.paths import ROOT

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.support.project import Project

PAGE = (ROOT / "docs/reference/resources.md").read_text(encoding="utf-8")
SECTIONS = dict(re.findall(r"^### (\w+)\n(.*?)(?=^##|\Z)", PAGE, re.MULTILINE | re.DOTALL))
GUIDES = {name: (ROOT / f"docs/{name}.md").read_text(encoding="utf-8") for name in ("agents", "promotion", "scenarios")}
PROGRAMS = [
    pytest.param(program, id=f"{name}-{number}")
    for name, text in {**SECTIONS, **GUIDES}.items()
    for number, program in enumerate(re.findall(r"^```python\n(.*?)^```", text, re.MULTILINE | re.DOTALL), 1)
]
SCRIPT = """\
pathways:
  "*": {scenarios: [{id: sc-refund}, {id: sc-cancel}]}
agents:
  "*":
    versions: [{name: First, semver: 1.0.0}, {name: Second}]
    scenarios: [{id: 5f3c9a10-2b4d-4e6f-8a0b-1c2d3e4f5a6b}, {id: b8e1d2c3-4a5b-4c6d-9e7f-0a1b2c3d4e5f}]
judges:
  resolved: {name: Resolved}
  polite: {name: Polite, levels: [rude, friendly]}
"""
CHECKS = "    checks: {staging: {judges: [resolved]}}\njudges:\n"
DECLARED = "version: 1\nsessions:\n  support-line: {pathway_id: pw-1}\nenvironments:\n  dev: {}\n  staging: {}\n"


@pytest.mark.parametrize("program", PROGRAMS)
def test_a_program_of_the_reference_works(program: str, make_project: Callable[..., Project]) -> None:
    if "automation" in program or "load(" in program:
        project = make_project(speed=1000, script=SCRIPT)
        project.declare(DECLARED)
        (project.folder / "script.py").write_text(program, encoding="utf-8")
        code, printed = project.run("python", "-W", "error", "script.py")
        assert code == 0, printed
        assert "support-line" in printed
    else:
        script = SCRIPT if "AgentChecks(" in program else SCRIPT.replace("judges:\n", CHECKS, 1)
        project = make_project(speed=1000, script=script, program=program)
        project.declare(DECLARED)
        project.up()
        assert [row for row in project.requests() if row["method"] != "GET"]


def test_every_resource_and_function_has_a_program() -> None:
    resources = ("TornadoSession", "CheckRun", "TornadoScenario", "AgentChecks", "AgentJudge", "PathwayRelease")
    described = (*resources, "AgentRelease", "deploy", "wait_for", "load")
    assert [name for name in described if "```python" not in SECTIONS[name]] == []
