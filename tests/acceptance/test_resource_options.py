"""Pulumi's own options and flags on our resources: what is sent, and what is recorded."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.support.project import Project

SESSION = "pulumi-python:dynamic/bland:TornadoSession"
HEAD = """\
import pulumi
from pulumi import Alias, ComponentResource, ResourceOptions, ResourceTransformResult
from tornado_resource import PathwayRelease, TornadoSession, wait_for


class Team(ComponentResource):
    def __init__(self, name, opts=None):
        super().__init__("acme:agents:Team", name, None, opts)


def short(args):
    return ResourceTransformResult({**args.props, "max_iterations": 2}, args.opts)


def session(name, opts=None, *, pathway_id=None, **arguments):
    return TornadoSession(name, pathway_id=pathway_id or f"pw-{name}", gate="none", opts=opts, **arguments)


"""
FIRST = """\
session("parented", ResourceOptions(parent=Team("team")))
session("nested", ResourceOptions(parent=Team("inner", ResourceOptions(parent=Team("outer")))))
session("transformed", ResourceOptions(transforms=[short]))
session("steady", ResourceOptions(ignore_changes=["max_iterations"]), max_iterations=4)
session("old")
session("plain")
"""
SECOND = """\
session("parented", ResourceOptions(aliases=[Alias(parent=Team("team"))]))
grandparent = Team("renamed", ResourceOptions(aliases=[Alias(name="outer")]))
session("nested", ResourceOptions(parent=Team("inner", ResourceOptions(parent=grandparent))))
session("transformed", ResourceOptions(transforms=[short]), max_iterations=7)
session("steady", ResourceOptions(ignore_changes=["max_iterations"]), max_iterations=9)
session("new", ResourceOptions(aliases=[Alias(name="old")]), pathway_id="pw-old")
session("plain", ResourceOptions(protect=True))
"""
PAIR = "version: 1\nsessions:\n  support-line: {pathway_id: pw-1}\n  billing: {pathway_id: pw-2, version_number: 4}\n"
FAILING = """\
pathways:
  pw-1: {scenarios: [{id: sc-1}], failing: [1, 1, 1, 1, 1]}
  "*": {scenarios: [{id: sc-1}]}
"""


@pytest.fixture
def make(make_project: Callable[..., Project]) -> Callable[[str], Project]:
    """Make a project of a library program whose sessions run for minutes."""
    return lambda program: make_project(program=HEAD + program)


def program(project: Project, text: str) -> None:
    (project.folder / "__main__.py").write_text(HEAD + text, encoding="utf-8")


def urn(project: Project, name: str) -> str:
    return next(str(resource["urn"]) for resource in project.resources() if resource["urn"].endswith(f"::{name}"))


def ids(project: Project) -> dict[str, str]:
    return {resource["urn"].rpartition("::")[2]: resource["id"] for resource in project.resources()}


def test_parents_transforms_aliases_and_options_start_nothing_twice(make: Callable[[str], Project]) -> None:
    project = make(FIRST)
    project.up()
    sent = {body["pathway_id"]: body for body in project.bodies()}
    assert sent["pw-transformed"] == {"pathway_id": "pw-transformed", "max_iterations": 2}
    before = ids(project)
    assert set(before.values()) == {row["session_id"] for row in project.sessions()}
    assert f"acme:agents:Team${SESSION}::parented" in urn(project, "parented")

    program(project, SECOND)
    project.up()
    assert len(project.requests("POST")) == len(before)
    assert ids(project) == {name if name != "old" else "new": session_id for name, session_id in before.items()}
    assert "Team$" not in urn(project, "parented")
    resources = project.resources()
    declared = {each["urn"].rpartition("::")[2]: each["outputs"]["declared"] for each in resources}
    assert declared["transformed"]["max_iterations"] == 2
    assert declared["steady"]["max_iterations"] == 4


def test_replacement_protection_and_other_names_of_the_stack(make: Callable[[str], Project]) -> None:
    project = make('session("kept", ResourceOptions(protect=True))\nsession("a")\nsession("b")\n')
    project.up()
    before, posts = ids(project), len(project.requests("POST"))
    project.up(0, "--target-replace", urn(project, "a"))
    assert [row["path"].rpartition("/")[2] for row in project.requests("POST")][posts:] == ["cancel", "start"]
    after = ids(project)
    assert (after["b"], after["kept"]) == (before["b"], before["kept"])
    assert after["a"] == project.sessions()[-1]["session_id"] != before["a"]
    assert sorted(row["status"] for row in project.sessions()) == ["CANCELLED", "RUNNING", "RUNNING", "RUNNING"]

    program(project, 'session("a")\nsession("b")\n')
    printed = project.up(expect=None)
    assert "protect" in printed
    assert "Traceback" not in printed
    assert ids(project) == after
    assert [row["status"] for row in project.sessions() if row["pathway_id"] == "pw-kept"] == ["RUNNING"]

    project.pulumi("stack", "rename", "other")
    project.stack = "other"
    project.pulumi("stack", "rename", "organization/renamed/other")
    (project.folder / "Pulumi.yaml").write_text("name: renamed\nruntime: python\n", encoding="utf-8")
    program(project, 'session("kept", ResourceOptions(protect=True))\nsession("a")\nsession("b")\n')
    project.up()
    assert ids(project) == after
    assert urn(project, "a").startswith("urn:pulumi:other::renamed::")
    assert len(project.requests("POST")) == posts + 2


SCENARIO = """\
refund = TornadoScenario("NAME", pathway_id="pw-1", name="Refund", tester_persona_prompt="You want your money back.")
pulumi.export("a", wait_for(TornadoSession("a", pathway_id="pw-1", scenarios=[refund])))
"""


def test_a_target_that_is_only_the_old_name_of_a_scenario_changes_nothing(make_project: Callable[..., Project]) -> None:
    head = HEAD.replace("import PathwayRelease", "import PathwayRelease, TornadoScenario")
    project = make_project(speed=1000, program=head + SCENARIO.replace("NAME", "old"))
    project.up()
    [scenario], writes = project.resources("TornadoScenario"), len(project.requests("POST"))
    renamed = head + SCENARIO.replace("NAME", "new")
    (project.folder / "__main__.py").write_text(renamed, encoding="utf-8")
    printed = project.up(0, "--target", scenario["urn"])
    assert "unchanged" in printed
    assert "renamed" not in printed, "no advice"
    assert [each["urn"] for each in project.resources("TornadoScenario")] == [scenario["urn"]]
    project.up()  # without a target, the new name takes the scenario over
    assert [each["id"] for each in project.resources("TornadoScenario")] == [scenario["id"]]
    assert (len(project.requests("POST")), project.requests("PUT"), project.requests("DELETE")) == (writes, [], [])
    assert project.outputs()["a"]["outcome"] == "passed"


def targets(*names: str) -> list[str]:
    """Options for sessions that are not in the state yet."""
    return [part for name in names for part in ("--target", f"urn:pulumi:dev::agents::{SESSION}::{name}")]


def test_only_the_targets_of_a_first_update_are_started_and_judged(make_project: Callable[..., Project]) -> None:
    project = make_project(speed=1000, script=FAILING)
    project.declare(PAIR.replace("pw-1", "pw-1, version_number: 2, publish: staging"))
    printed = project.up(0, *targets("billing"))
    assert "warning: not a target of this update, so not started and not passed: support-line" in printed
    assert [body["pathway_id"] for body in project.bodies()] == ["pw-2"]
    assert not project.requests("/publish")
    verdicts = project.outputs()["verdicts"]
    assert verdicts["billing"]["outcome"] == "passed"
    assert verdicts["support-line"]["outcome"] == "incomplete"
    assert verdicts["support-line"]["reason"].startswith("not started: it is not a target of this update")
    assert {name: each["session_id"] for name, each in project.outputs()["sessions"].items()} == ids(project)

    printed = project.up(None, *targets("support-line"))
    assert "gate failed: 1 failed of 2 sessions" in printed
    assert "not a target of this update, so" not in printed
    assert len(project.bodies()) == 2
    assert {name: each["session_id"] for name, each in project.outputs()["sessions"].items()} == ids(project)


def test_an_update_without_any_session_among_its_targets_is_no_success(project: Project) -> None:
    project.declare(PAIR)
    printed = project.up(None, *targets("suport-line"))
    assert "gate incomplete: 2 incomplete of 2 sessions" in printed
    assert not project.bodies()


def test_a_session_whose_start_failed_counts_although_others_go_on(make_project: Callable[..., Project]) -> None:
    project = make_project(speed=1000, script=FAILING)
    project.declare(PAIR.replace("pw-2", "pw-2, rerun: always"))
    project.up(None)
    project.fail(kind="status", status=403, path="/start", times=1)
    printed = project.up(None, "--continue-on-error", *targets("billing"))
    assert "HTTP 403" in printed
    assert "not a target" not in printed
    verdict = project.outputs()["verdicts"]["billing"]
    assert (verdict["outcome"], verdict["session_id"]) == ("incomplete", "")
    assert list(project.outputs()["sessions"]) == ["support-line"]
    assert "Traceback" not in printed


def test_wait_for_leaves_out_what_is_no_target(make_project: Callable[..., Project]) -> None:
    waits = "".join(
        f'pulumi.export("{name}", wait_for(TornadoSession("{name}", pathway_id="pw-{name}")))\n' for name in "ab"
    )
    project = make_project(speed=1000, program=HEAD + waits)
    printed = project.up(0, *targets("a"))
    assert "not a target of this update, so not started and not passed: b" in printed
    outputs = project.outputs()
    assert {name: outputs[name]["outcome"] for name in outputs} == {"a": "passed", "b": "incomplete"}
