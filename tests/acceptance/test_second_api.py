"""A library program against another server than the sandbox, in two forms of every response."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

import pytest

from tests.support.second_api import SecondApi, serve

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.support.project import Project

PROGRAM = """\
import pulumi
from tornado_resource import TornadoSession, wait_for

for name in ("bad", "good"):
    session = TornadoSession(name, pathway_id=f"pw-{name}", gate={"passed": "promotion"})
    pulumi.export(name, wait_for(session))
"""


@pytest.mark.parametrize("form", ["plain", "wrapped"])
def test_a_failing_gate_is_red_in_both_forms_of_every_response(
    make_project: Callable[..., Project], form: Literal["plain", "wrapped"]
) -> None:
    project, api = make_project(program=PROGRAM), SecondApi(form)
    with serve(api) as url:
        printed = project.up(expect=None, BLAND_BASE_URL=url)
        assert "gate failed: 1 failed of 2 sessions" in printed
        assert "Traceback" not in printed
        outputs = project.outputs()
        assert {name: outputs[name]["outcome"] for name in outputs} == {"bad": "failed", "good": "passed"}
        assert {each["id"] for each in project.resources()} == set(api.pathways)
        project.pulumi("refresh", "--yes", "--skip-preview", BLAND_BASE_URL=url)
        assert len(project.resources()) == 2
    before = project.resources()
    asked = dict(api.asked)
    with serve(api) as url:
        for command in ("preview", "up --yes --skip-preview", "refresh --yes --skip-preview"):
            printed = project.pulumi(*command.split(), expect=None, BLAND_BASE_URL=f"{url}/v1")
            assert "it has a path, but only a scheme, a host and a port are allowed" in printed
    assert project.resources() == before
    assert api.asked == asked
    assert len(api.pathways) == 2
