"""Pulumi programs that use the parts of the library without `deploy()`."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.support.project import Project

HEAD = """\
import pulumi
from tornado_resource import PathwayRelease, TornadoSession, wait_for

"""
FAILING = """\
pathways:
  pw-1: {scenarios: [{id: sc-1}, {id: sc-2}], failing: [1, 1, 1, 1, 1]}
  "*": {scenarios: [{id: sc-1}, {id: sc-2}]}
"""
TWO = """\
bad = TornadoSession("bad", pathway_id="pw-1")
good = TornadoSession("good", pathway_id="pw-2", version_number=4)
pulumi.export("bad", wait_for(bad))
pulumi.export("good", wait_for(good))
"""
GOOD = 'TornadoSession("good", pathway_id="pw-2")\n'


@pytest.fixture
def make(make_project: Callable[..., Project]) -> Callable[[str], Project]:
    return lambda program: make_project(speed=1000, script=FAILING, program=HEAD + program)


def test_a_failed_gate_fails_the_program_after_all_verdicts_are_recorded(make: Callable[[str], Project]) -> None:
    project = make(TWO)
    project.configure("tornado:reports", "reports")
    printed = project.up(expect=None)
    assert "gate failed: 1 failed of 2 sessions" in printed
    assert "bad (session " in printed
    assert "Traceback" not in printed
    outputs = project.outputs()
    assert {name: outputs[name]["outcome"] for name in outputs} == {"bad": "failed", "good": "passed"}
    assert printed.count("waiting for verdicts") <= 2  # at most once as it happens, and once in the list at the end
    verdicts = json.loads((project.folder / "reports/verdicts.json").read_text(encoding="utf-8"))
    assert verdicts["tally"] == {"passed": 1, "failed": 1, "incomplete": 0}
    assert sorted(path.name for path in (project.folder / "reports").iterdir()) == [
        "junit.xml",
        "report.html",
        "summary.md",
        "verdicts.json",
    ]


def test_each_session_has_its_own_gate_that_is_not_checked_on_request(make: Callable[[str], Project]) -> None:
    project = make(
        'one = TornadoSession("one", pathway_id="pw-1", gate={"passed": 1})\n'
        'two = TornadoSession("two", pathway_id="pw-1", gate={"passed": 2}, on_conflict="wait",'
        " opts=pulumi.ResourceOptions(depends_on=[one]))\n"
        'pulumi.export("one", wait_for(one))\npulumi.export("two", wait_for(two, check=False))\n'
    )
    project.up()
    outputs = project.outputs()
    assert {name: outputs[name]["outcome"] for name in outputs} == {"one": "passed", "two": "failed"}


def test_a_session_without_a_gate_has_no_verdict_to_wait_for(make: Callable[[str], Project]) -> None:
    project = make('a = TornadoSession("a", pathway_id="pw-1", gate="none")\npulumi.export("v", wait_for(a))\n')
    printed = project.up(expect=None)
    assert "wait_for: session a has `gate: none`" in printed
    assert "Traceback" not in printed


def test_a_settled_stack_previews_without_changes(make: Callable[[str], Project]) -> None:
    program = """\
pathway = pulumi.Output.from_input("pw-2")
good = TornadoSession("good", pathway_id=pathway, version_number=4, rerun="on_failure")
verdict = wait_for(good)
pulumi.export("good", verdict)
PathwayRelease("good", pathway_id="pw-2", verdict=verdict, sessions=[good.session_id])
"""
    project = make(program)
    project.up()
    [release] = project.resources("PathwayRelease")
    assert release["outputs"]["content"] == release["outputs"]["live"]
    assert release["outputs"]["content"].startswith("sha256v2:")
    before = len(project.requests())
    preview = json.loads(project.pulumi("preview", "--expect-no-changes", "--json"))
    assert not preview.get("changeSummary", {}).keys() - {"same"}
    assert len(project.requests()) == before


def test_a_resource_that_fails_shows_no_traceback(make: Callable[[str], Project]) -> None:
    project = make(TWO)
    project.fail(kind="status", status=403, path="/start", times=9)
    printed = project.up(expect=None)
    assert "HTTP 403" in printed
    assert "Traceback" not in printed
    assert "KeyboardInterrupt" not in printed


INVALID = """\
TornadoSession("Bad", pathway_id="a b", gate={"passd": 1}, on_conflict="foo", timeout_ms="5m")
"""
LATE = """\
late = pulumi.Output.from_input
TornadoSession("bad", pathway_id=late("a b"), gate=late({"passd": 1}), on_conflict=late("foo"), timeout_ms=late("5m"))
"""
SENTENCES = {
    "gate": "gate.passd: unknown key; did you mean `passed`?",
    "on_conflict": "found 'foo', expected fail, adopt, wait or supersede",
    "pathway_id": "found 'a b', expected an id of up to 128 letters",
    "timeout_ms": "found '5m', expected a whole number; write 300000 if milliseconds are meant",
}


def test_an_invalid_argument_fails_the_program_at_once_with_all_problems(make: Callable[[str], Project]) -> None:
    project = make(INVALID)
    printed = project.pulumi("preview", expect=None)
    for key, sentence in {**SENTENCES, "name": "found the name 'Bad'"}.items():
        assert (sentence if sentence.startswith(f"{key}.") else f"{key}: {sentence}") in printed
    assert "Traceback" not in printed
    assert not project.requests()


def test_an_invalid_output_is_refused_by_the_provider_in_previews_too(make: Callable[[str], Project]) -> None:
    project = make(LATE)
    printed = project.pulumi("preview", expect=None)
    for key, sentence in SENTENCES.items():
        assert f"property {key} value" in printed
        assert sentence in printed
    assert "Traceback" not in printed
    assert not project.requests()


def test_a_project_may_have_files_named_as_modules_of_python(make: Callable[[str], Project]) -> None:
    """Pulumi imports these into the process of the providers, where jsonschema-rs panicked, and nothing responded."""
    project = make(GOOD)
    for name in ("hashlib", "numbers", "secrets"):
        (project.folder / f"{name}.py").write_text("MINE = True\n", encoding="utf-8")
    project.up(PRELOADED="")


def test_config_of_adoption_and_conflicts_holds_as_with_deploy(make: Callable[[str], Project]) -> None:
    project = make(GOOD)
    start = project.http.post("/v1/agent-testing/tornado/start", json={"pathway_id": "pw-2"})
    theirs = start.json()["session_id"]
    project.configure("tornado:adopt.good", theirs)
    project.configure("tornado:onConflict", "wait")
    warning = "config tornado:onConflict is wait: if another run holds its pathway or agent"
    preview = json.loads(project.pulumi("preview", "--json"))
    assert [warning in each["message"] for each in preview["diagnostics"]].count(True) == 1
    project.up()
    assert [each["id"] for each in project.resources()] == [theirs]
    assert len(project.requests("/start")) == 1


def test_a_refresh_keeps_what_a_program_has_exported(make: Callable[[str], Project]) -> None:
    project = make(TWO)
    project.up(expect=None)
    before = project.outputs()
    project.pulumi("refresh", "--run-program", "--yes", "--skip-preview")
    assert project.outputs() == before
