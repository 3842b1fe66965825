"""The program in the README, through a real `pulumi up`."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from tests.support.paths import ROOT

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
