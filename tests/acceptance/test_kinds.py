"""A kind of run that only a user's project knows, from `pulumi up` to the report."""

from __future__ import annotations

import json
import shutil
from typing import TYPE_CHECKING

from tests.support.http_server import serve
from tests.support.paths import ROOT
from tests.support.toy_api import ToyApi

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.support.project import Project

PROGRAM = """\
import pulumi
from toy import ToyRun
from tornado_resource import wait_for

for name, shelf in (("robot", "high"), ("train", "low")):
    pulumi.export(name, wait_for(ToyRun(name, shelf=shelf, colour="red")))
"""


def test_a_toy_is_started_once_judged_reported_and_run_again(make_project: Callable[..., Project]) -> None:
    project, api = make_project(program=PROGRAM), ToyApi(lost=1)
    shutil.copy(ROOT / "tests/support/toy.py", project.folder / "toy.py")
    project.configure("tornado:reports", "reports")
    with serve(api.respond) as url:
        project.configure("bland:baseUrl", url)
        printed = project.up(expect=None)
        assert "gate failed: 1 failed of 2 toys" in printed
        assert "it made 3 of 10 spins" in printed
        outputs = project.outputs()
        assert {name: outputs[name]["outcome"] for name in outputs} == {"robot": "passed", "train": "failed"}
        assert sorted(toy.shelf for toy in api.toys) == ["high", "low"], "a lost response is no second start"
        reported = json.loads((project.folder / "reports/verdicts.json").read_text(encoding="utf-8"))
        assert reported["tally"] == {"passed": 1, "failed": 1, "incomplete": 0}

        printed = project.up(expect=None)
        assert "train: runs again, the last run did not meet its gate: it made 3 of 10 spins" in printed
        assert sorted(toy.shelf for toy in api.toys) == ["high", "low", "low"]
        project.pulumi("destroy", "--yes", "--skip-preview")
    assert len(api.toys) == 3
