"""Scenarios as code: their whole life over real stacks, with counts of requests."""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Final

import pytest

from tests.support.crashes import WRITE_FAULTS, crash, kills, lift_lock
from tests.support.project import PULUMI_SECONDS, until
from tests.support.soak import IS_SOAK

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.support.crashes import Victim
    from tests.support.project import Project

KEYS: Final = [f"case-{number:02}" for number in range(12 if IS_SOAK else 3)]
PATHWAYS: Final = [f"pw-{number}" for number in range(5 if IS_SOAK else 2)]
SCRIPT: Final = "pathways:\n" + "".join(f"  {each}: {{failing: [0], iteration_ms: 1000}}\n" for each in PATHWAYS)
HEADERS: Final = {"authorization": "any-key"}
PATH: Final = "/v1/agent-testing/scenarios"
ONE: Final = """\
version: 1
scenarios:
  refund:
    name: Refunds an order
    tester_persona_prompt: You were charged twice.
    max_turns: 10
    assertions:
      - {type: LLM_JUDGE, config: {prompt: Refunded?, output_type: boolean}}
      - {type: NODE_REACHED, config: {node_id: done}}
sessions:
  a: {pathway_id: pw-0, scenarios: [refund], rerun: on_failure}
environments: {staging: {}, production: {promotes_from: staging}, rival: {}}
"""


def declarations(scenarios: dict[str, str], keys: list[str] | None = None) -> str:
    """Every session runs all scenarios; *scenarios* has the fields of each."""
    named = ", ".join(keys or scenarios)
    lines = ["version: 1", f"defaults: {{scenarios: [{named}], rerun: on_failure}}", "scenarios:"]
    lines += [f"  {key}: {{{fields}}}" for key, fields in scenarios.items()]
    lines += ["sessions:", *(f"  on-{pathway}: {{pathway_id: {pathway}}}" for pathway in PATHWAYS)]
    return "\n".join(lines) + "\n"


def sent(project: Project, command: Callable[[], object]) -> Counter[str]:
    """What a command sends: the method, and the last part of the path that is no id."""
    before = len(project.requests())
    command()
    return Counter(f"{row['method']} {_kind(row['path'])}" for row in project.requests()[before:])


def _kind(path: str) -> str:
    known = {"scenarios", "start", "status", "active", "cancel", "version", "versions"}
    return next(each for each in reversed(path.split("/")) if each in known)


def shown(project: Project, pathway_id: str = "pw-0") -> dict[str, dict[str, Any]]:
    """By name, the scenarios of a pathway as the API has them."""
    listed = project.http.get(PATH, params={"pathway_id": pathway_id}, headers=HEADERS).json()["scenarios"]
    assert len({each["name"] for each in listed}) == len(listed)
    return {each["name"]: each for each in listed}


def edit(project: Project, scenario_id: str, **changes: Any) -> None:
    """Change a scenario as anybody with access to the dashboard can."""
    project.http.put(f"{PATH}/{scenario_id}", json=changes, headers=HEADERS).raise_for_status()


def add(project: Project, **fields: Any) -> str:
    created = project.http.post(PATH, json={"pathway_id": "pw-0", **fields}, headers=HEADERS)
    return str(created.raise_for_status().json()["id"])


def up(project: Project, expect: int | None = 0) -> str:
    return project.up(expect)


def test_what_is_imported_changes_nothing(make_project: Callable[..., Project]) -> None:
    project = make_project(speed=1000, script=SCRIPT)
    for number in range(7):
        add(
            project,
            name=f"Case: no. {number}",
            tester_persona_prompt=f"You are number {number}.\n\n  # Say so.\n",
            max_turns=10 + number,
            request_data={"on": ["yes", 1.5, None], "order id": {"n": "0x1F"}},
            assertions=[{"type": "NODE_REACHED", "config": {"node_id": "done"}, "name": "end", "weight": 2}],
        )
    edit(project, shown(project)["Case: no. 6"]["id"], enabled=False)
    before = shown(project)
    code, printed = project.run("tornado-resource", "import", "--pathway", "pw-0")
    assert code == 0, printed
    assert "sessions.yaml: 6 scenarios of pathway pw-0" in printed
    code, printed = project.run("tornado-resource", "import", "--pathway", "pw-0")
    assert (code, "sessions.yaml exists already; name another file (--output)" in printed) == (2, True)
    code, printed = project.run("tornado-resource", "import", "--pathway", "pw-0", "--scenarios")
    assert (code, printed.count("on_conflict: adopt")) == (0, 6)

    said: list[str] = []
    adopted = sent(project, lambda: said.append(up(project)))
    assert said[0].count("as it is") >= 6
    assert (adopted["POST scenarios"], adopted["PUT scenarios"], adopted["POST start"]) == (0, 0, 1)
    assert shown(project) == before
    assert [each for each in sent(project, lambda: up(project)) if not each.startswith("GET ")] == []
    ids = {each["id"] for each in project.resources("TornadoScenario")}
    assert ids == {each["id"] for each in before.values() if each["enabled"]}


def test_the_life_of_scenarios_on_several_pathways(make_project: Callable[..., Project]) -> None:
    """Six in `make test`, and sixty in `make soak`."""
    project = make_project(speed=1000, script=SCRIPT)
    each = len(PATHWAYS)
    fields = {key: f"tester_persona_prompt: You are {key}., max_turns: 1{key[-1]}" for key in KEYS}
    fields["case-01"] = "max_turns: 11, tester_persona_prompt: You are patient #1\n  "
    project.declare(declarations(fields))
    said: list[str] = []
    assert sent(project, lambda: said.append(project.pulumi("preview"))) == {"GET scenarios": each}
    assert "scenarios.case-01.tester_persona_prompt: what follows ` #` is a comment; quote the text" in said[0]
    created = sent(project, lambda: up(project))
    assert (created["POST scenarios"], created["POST start"], created["PUT scenarios"]) == (each * len(KEYS), each, 0)
    ids = project.outputs()["scenarios"]
    assert {key: set(of_key) for key, of_key in ids.items()} == {key: set(PATHWAYS) for key in KEYS}
    for body in project.bodies():
        assert body["scenario_ids"] == [ids[key][body["pathway_id"]] for key in KEYS]
    assert {verdict["outcome"] for verdict in project.outputs()["verdicts"].values()} == {"passed"}

    # One definition is edited: on all pathways, and all sessions run again.
    fields["case-01"] = "tester_persona_prompt: You are the first patient., max_turns: 50"
    project.declare(declarations(fields))
    edited = sent(project, lambda: said.append(up(project)))
    for pathway in PATHWAYS:
        assert f"case-01@{pathway}: changes tester_persona_prompt, max_turns" in said[1]
    assert (edited["PUT scenarios"], edited["POST start"], edited["POST scenarios"]) == (each, each, 0)
    assert shown(project)["case-01"]["max_turns"] == 50
    assert {verdict["outcome"] for verdict in project.outputs()["verdicts"].values()} == {"passed"}

    # A key is renamed, and the name stays: nothing at the API. What is edited there is not seen,
    renamed = {("renamed" if key == "case-02" else key): text for key, text in fields.items()}
    renamed["renamed"] += ", name: case-02"
    renamed["case-01"] += ", on_destroy: delete"
    project.declare(declarations(renamed))
    edit(project, ids["case-01"]["pw-1"], max_turns=3)
    assert sent(project, lambda: up(project)) == {}
    assert project.outputs()["scenarios"]["renamed"] == ids["case-02"]

    # but by refresh, and put back by the next update.
    refreshed = sent(project, lambda: project.pulumi("refresh", "--yes", "--skip-preview"))
    assert refreshed == {"GET scenarios": each * len(KEYS), "GET status": each}
    assert sent(project, lambda: said.append(up(project))) == {"GET scenarios": 1, "PUT scenarios": 1}
    assert "case-01@pw-1: max_turns was changed in Bland; `pulumi up` restores it" in said[2]
    assert shown(project, "pw-1")["case-01"]["max_turns"] == 50

    # One is removed and disabled at the API; another one is deleted there, as declared.
    del renamed["case-00"], renamed["case-01"]
    project.declare(declarations(renamed))
    removed = sent(project, lambda: up(project))
    assert (removed["DELETE scenarios"], removed["PUT scenarios"], removed["POST start"]) == (each, each, each)
    assert shown(project)["case-00"]["enabled"] is False
    assert shown(project).keys() == {*KEYS} - {"case-01"}
    left = each * (len(KEYS) - 2)
    assert len(project.resources("TornadoScenario")) == left
    destroyed = sent(project, lambda: project.pulumi("destroy", "--yes", "--skip-preview"))
    assert (destroyed["DELETE scenarios"], destroyed["PUT scenarios"]) == (0, left)
    assert not any(scenario["enabled"] for scenario in shown(project).values())


def test_existing_scenarios_are_a_conflict_until_they_are_adopted(make_project: Callable[..., Project]) -> None:
    project = make_project(speed=1000, script=SCRIPT, stack="staging")
    project.declare(ONE)
    existing = add(project, name="Refunds an order", tester_persona_prompt="Be kind.", category="HAPPY_PATH")
    printed = up(project, expect=None)
    assert "nothing was started: the scenarios are not as declared" in printed
    assert f"sessions.yaml:3:3: scenario 'Refunds an order' on pathway pw-0 exists already ({existing})" in printed
    assert 'category: found "HAPPY_PATH", declared "CUSTOM"' in printed
    assert "max_turns: found 20, declared 10" in printed
    assert "on_conflict: adopt" in printed
    assert "Traceback" not in printed
    assert project.requests("POST /v1/agent-testing/tornado") == []

    project.declare(ONE.replace("    max_turns", "    on_conflict: adopt\n    max_turns"))
    said: list[str] = []
    changes = "category, max_turns, tester_persona_prompt, assertions"
    adopted = sent(project, lambda: said.append(up(project)))
    assert f"refund@pw-0: adopts scenario {existing} and changes" in said[0]
    assert (adopted["POST scenarios"], adopted["PUT scenarios"], adopted["POST start"]) == (0, 1, 1)
    assert {*changes.split(", ")} == {*json.loads(project.requests("PUT")[-1]["body"])}
    [scenario] = shown(project).values()
    assert (scenario["id"], scenario["max_turns"], scenario["category"]) == (existing, 10, "CUSTOM")
    project.declare(ONE)
    assert sent(project, lambda: up(project)) == {}


@dataclass(frozen=True)
class Team:
    """Three stacks of one project on one pathway."""

    staging: Project
    production: Project
    rival: Project

    @classmethod
    def of(cls, staging: Project) -> Team:
        team = cls(staging, *(replace(staging, stack=name) for name in ("production", "rival")))
        for project in (team.production, team.rival):
            project.init()
        return team


def test_stacks_on_one_pathway_do_not_fight(make_project: Callable[..., Project]) -> None:
    team = Team.of(make_project(speed=1000, script=SCRIPT, stack="staging"))
    on_version = ONE.replace("pathway_id: pw-0,", "pathway_id: pw-0, version_number: 3,")
    team.staging.declare(on_version)
    up(team.staging)
    passed = sent(team.production, lambda: up(team.production))
    assert (passed["POST scenarios"], passed["PUT scenarios"], passed["POST start"]) == (0, 0, 1)

    # A second manager of the same pathway is refused.
    printed = up(team.rival, expect=None)
    assert "sessions.yaml:3:3: scenario 'Refunds an order' on pathway pw-0 exists already" in printed
    assert "and stack staging manages it. It is as declared." in printed

    # A change goes to staging first.
    text = ONE.replace("pathway_id: pw-0,", "pathway_id: pw-0, version_number: 3,").replace(
        "max_turns: 10", "max_turns: 30"
    )
    team.staging.declare(text)
    printed = up(team.production, expect=None)
    assert "sessions.yaml:3:3: scenario 'Refunds an order' on pathway pw-0 is not as declared" in printed
    assert "max_turns: found 10, declared 30" in printed
    assert "staging manages it (promotes_from): run `pulumi up` there first" in printed
    assert sent(team.staging, lambda: up(team.staging))["PUT scenarios"] == 1
    destroyed = sent(team.production, lambda: team.production.pulumi("destroy", "--yes", "--skip-preview"))
    assert destroyed["DELETE scenarios"] == 0


def test_a_pass_of_an_edited_scenario_is_incomplete_and_runs_again(make_project: Callable[..., Project]) -> None:
    project = make_project(script="pathways:\n  pw-0: {failing: [0]}\n", stack="staging")
    project.declare(ONE)
    process = project.begin_up()
    until(project.sessions)
    [scenario] = shown(project).values()
    edit(project, scenario["id"], max_turns=50)
    project.finish_sessions()
    printed, _ = process.communicate(timeout=PULUMI_SECONDS)
    assert process.returncode != 0
    assert "not tested as declared: scenario 'Refunds an order' was edited (max_turns)" in printed
    assert "`pulumi up --stack staging`: it puts the scenarios back, and runs them again" in printed
    assert project.outputs()["verdicts"]["a"]["outcome"] == "incomplete"

    printed = up(project)
    assert "refund@pw-0: max_turns was changed in Bland; `pulumi up` restores it" in printed
    assert "a: runs again, the last run did not meet its gate: not tested as declared" in printed
    assert shown(project)["Refunds an order"]["max_turns"] == 10
    assert [row["status"] for row in project.sessions()] == ["COMPLETED_ALL_PASSED"] * 2

    edit(project, scenario["id"], enabled=False)
    code, printed = project.run("tornado-resource", "wait", "--stack", "staging")
    assert code == 3, printed
    assert "scenario 'Refunds an order' is disabled" in printed


EDITED: Final = """\
version: 1
scenarios:
  disabled: {tester_persona_prompt: {file: prompt.md}}
  edited: {tester_persona_prompt: {file: prompt.md}, max_turns: 10}
  deleted: {tester_persona_prompt: {file: prompt.md}}
sessions:
  a: {pathway_id: pw-stripped, scenarios: [disabled, edited], rerun: on_drift}
  b: {pathway_id: pw-0, scenarios: [deleted], rerun: on_drift}
  c: {pathway_id: pw-1, scenarios: [edited]}
"""
STORES: Final = "  pw-stripped: {scenario_texts: stripped}\n  pw-lowered: {scenario_texts: lowered}\n"


def test_what_was_edited_in_the_dashboard_is_put_back_by_the_same_update(make_project: Callable[..., Project]) -> None:
    project = make_project(speed=1000, script=SCRIPT + STORES)
    (project.folder / "prompt.md").write_text("You were charged\r\ntwice. \n\n", encoding="utf-8")
    project.declare(EDITED)
    up(project)
    assert {each["outcome"] for each in project.outputs()["verdicts"].values()} == {"passed"}
    unchanged = sent(project, lambda: up(project))
    assert (unchanged["GET scenarios"], unchanged["PUT scenarios"], unchanged["POST start"]) == (3, 0, 0)

    stripped, deleted = shown(project, "pw-stripped"), shown(project, "pw-0")["deleted"]["id"]
    edit(project, stripped["disabled"]["id"], enabled=False)
    edit(project, stripped["edited"]["id"], max_turns=3)
    project.http.delete(f"{PATH}/{deleted}", headers=HEADERS).raise_for_status()
    code, printed = project.run("tornado-resource", "doctor", "--stack", project.stack)
    cure = f"to put it back: pulumi up --stack {project.stack} (add --refresh if rerun is on_failure or on_change)"
    for row in ("disabled@pw-stripped: enabled was changed", "deleted@pw-0: was deleted"):
        assert f"drifted   scenario {row} in Bland\n          {cure}\n" in printed
    assert code == 1

    said: list[str] = []
    put_back = sent(project, lambda: said.append(up(project)))
    assert "disabled@pw-stripped: enabled was changed in Bland; `pulumi up` restores it" in said[0]
    assert "deleted@pw-0: was deleted in Bland; `pulumi up` creates it again" in said[0]
    assert "a: runs again" not in said[0]
    assert (put_back["PUT scenarios"], put_back["POST scenarios"], put_back["POST start"]) == (2, 1, 1)
    assert {name: (each["enabled"], each["max_turns"]) for name, each in shown(project, "pw-stripped").items()} == {
        "disabled": (True, 20),
        "edited": (True, 10),
    }
    assert project.bodies()[-1]["scenario_ids"] == [shown(project, "pw-0")["deleted"]["id"]]
    code, _ = project.run("tornado-resource", "doctor", "--stack", project.stack)
    assert code == 0

    # An API that stores another text than the declared one: nothing is started, as often as it is tried.
    project.declare(EDITED.replace("pathway_id: pw-1", "pathway_id: pw-lowered"))
    starts = len(project.requests("/start"))
    printed = up(project, expect=None)
    assert "scenario 'edited' on pathway pw-lowered" in printed
    assert 'tester_persona_prompt: found "you were charged' in printed
    assert "changed in Bland" not in printed
    assert "Traceback" not in printed
    assert len(project.requests("/start")) == starts


def test_reports_show_how_a_scenario_failed_unless_they_must_not(make_project: Callable[..., Project]) -> None:
    script = "pathways:\n  pw-0: {failing: [[Refunds an order]], iteration_ms: 1000}\n"
    project = make_project(speed=1000, script=script, stack="staging")
    project.declare(ONE)
    project.configure("tornado:reports", "reports")
    printed = up(project, expect=None) + project.pulumi("stack", "export")
    shown_by = {path.name: path.read_text(encoding="utf-8") for path in (project.folder / "reports").iterdir()}
    for name in ("report.html", "summary.md", "junit.xml"):
        assert "The agent did not help the caller" in shown_by[name]
        assert "I am afraid that I cannot help with that" in shown_by[name]
    assert "I am afraid" not in printed + shown_by["verdicts.json"]
    assert '<testcase name="Refunds an order' in shown_by["junit.xml"]
    assert 'file="sessions.yaml" line="3"' in shown_by["junit.xml"]

    project.configure("tornado:transcripts", "false")
    before = len(project.requests("GET /v1/agent-testing/batches"))
    code, _ = project.run("tornado-resource", "report", "--stack", "staging", GITHUB_ACTIONS="true")
    assert (code, len(project.requests("GET /v1/agent-testing/batches"))) == (1, before)
    shown = [path.read_text(encoding="utf-8") for path in (project.folder / "reports").iterdir()]
    assert "I am afraid" not in "".join(shown)
    project.configure("tornado:transcripts", None)
    code, printed = project.run("tornado-resource", "report", "--stack", "staging", GITHUB_ACTIONS="true")
    assert "::error file=sessions.yaml,line=3,col=3,title=a%3A scenario failed::Refunds an order failed" in printed
    assert "I am afraid" in (project.folder / "reports/report.html").read_text(encoding="utf-8")


PROGRAM: Final = """\
import pulumi
from tornado_resource import TornadoScenario, TornadoSession, wait_for

prompt = pulumi.Config().get("prompt") or "You were charged twice."
refund = TornadoScenario(
    "refund",
    pathway_id="pw-0",
    tester_persona_prompt=pulumi.Output.from_input(prompt),
    assertions=[{"type": "NODE_REACHED", "config": {"node_id": "done"}}],
)
plain = TornadoScenario("plain", pathway_id="pw-0", name="Says hello", max_turns=5)
session = TornadoSession("a", pathway_id="pw-0", scenarios=[refund, plain])
pulumi.export("ids", [refund.scenario_id, plain.scenario_id])
pulumi.export("verdict", wait_for(session))
"""


def test_a_program_declares_scenarios_with_the_library(make_project: Callable[..., Project]) -> None:
    project = make_project(speed=1000, script=SCRIPT, program=PROGRAM)
    up(project)
    outputs = project.outputs()
    assert {each["id"]: name for name, each in shown(project).items()} == dict(
        zip(outputs["ids"], ["refund", "Says hello"], strict=True)
    )
    assert project.bodies()[-1]["scenario_ids"] == outputs["ids"]
    assert outputs["verdict"]["outcome"] == "passed"

    project.configure("prompt", "You are patient.")
    changed = sent(project, lambda: up(project))
    assert (changed["PUT scenarios"], changed["POST start"]) == (1, 1)

    (project.folder / "__main__.py").write_text(PROGRAM.replace("max_turns=5", "max_turns=51"), encoding="utf-8")
    printed = up(project, expect=None)
    assert "TornadoScenario plain is invalid:" in printed
    assert "max_turns: found the number 51, expected at most 50" in printed
    assert "Traceback" not in printed


WRITES: Final = ("POST", "PUT", "DELETE")


def is_sent(project: Project, method: str, at_least: int) -> bool:
    return len(project.requests(f"{method} {PATH}")) >= at_least


@pytest.mark.parametrize("each_kill", kills())
def test_after_a_kill_there_is_one_scenario_as_declared(
    make_project: Callable[..., Project], each_kill: list[tuple[str, Victim]]
) -> None:
    """Three kills: while it is created, changed and deleted."""
    project = make_project(speed=1000, script=SCRIPT, stack="staging")
    text = ONE.replace("    max_turns", "    on_destroy: delete\n    max_turns")
    without = "version: 1\nsessions: {a: {pathway_id: pw-0, gate: none}}\nenvironments: {staging: {}}\n"
    steps = zip(WRITES, (text, text.replace("max_turns: 10", "max_turns: 12"), without), each_kill, strict=True)
    for method, declared, (fault, victim) in steps:
        project.declare(declared)
        before = len(project.requests(f"{method} {PATH}"))
        project.fail(path="/scenarios", method=method, **WRITE_FAULTS[fault])
        crash(project, victim, lambda method=method, before=before: is_sent(project, method, before + 1))  # type: ignore[misc]
        project.http.delete("/_sandbox/faults")
        lift_lock(project)
        up(project)
        found = shown(project)
        if method == "DELETE":
            assert found == {}
            assert project.resources("TornadoScenario") == []
        else:
            assert [each["max_turns"] for each in found.values()] == [10 if method == "POST" else 12]
            [resource] = project.resources("TornadoScenario")
            assert resource["id"] == found["Refunds an order"]["id"]


CASES: Final = ", ".join(f"{{id: sc-{n}, required: {str(n in {1, 129}).lower()}}}" for n in range(1, 131))
MANY: Final = f"""\
pathways:
  pw-0: {{scenarios: [{CASES}], failing: [[sc-129]], iteration_ms: 1000}}
  pw-1: {{failing: [0], iteration_ms: 1000}}
"""


def test_what_a_list_of_100_leaves_out_is_neither_passed_nor_gone(make_project: Callable[..., Project]) -> None:
    project = make_project(speed=1000, script=MANY, stack="staging")
    session = "a: {pathway_id: pw-0, gate: {passed: promotion}, rerun: on_change}"
    project.declare(f"version: 1\nsessions: {{{session}}}\n")
    assert "failed: required for promotion but not passed: sc-129" in project.up(expect=None)

    declared = ONE.replace("pw-0", "pw-1")
    project.declare(declared)
    project.up()
    for number in range(130):
        add(project, pathway_id="pw-1", name=f"Case {number}")
    assert (len(shown(project, "pw-1")), "Refunds an order" in shown(project, "pw-1")) == (100, False)

    # With another gate, the scenarios are read again.
    starts = len(project.requests("/start"))
    project.declare(declared.replace("scenarios: [refund]", "scenarios: [refund], gate: {passed: 1}"))
    project.pulumi("refresh", "--yes", "--skip-preview")
    project.up()
    assert project.outputs()["verdicts"]["a"]["outcome"] == "passed"
    assert (len(project.requests("/start")), len(project.resources("TornadoScenario"))) == (starts, 1)


def test_a_target_runs_on_what_its_scenario_is(make_project: Callable[..., Project]) -> None:
    """An update that leaves the scenario out changes nothing of it, and so runs no session for its new definition."""
    project = make_project(speed=1000, script=SCRIPT)
    text = ONE.partition("environments:")[0]
    project.declare(text)
    project.up()
    [session] = project.resources()
    project.declare(text.replace("max_turns: 10", "max_turns: 11"))
    project.up(0, "--target", session["urn"])
    assert len(project.requests("/start")) == 1
    project.declare(
        text.replace("max_turns: 10", "max_turns: 11").replace("on_failure}", "on_failure, triggers: {a: 1}}")
    )
    project.up(0, "--target", session["urn"])
    assert shown(project)["Refunds an order"]["max_turns"] == 10
    assert len(project.requests("/start")) == 2
    project.up()
    assert shown(project)["Refunds an order"]["max_turns"] == 11
    assert len(project.requests("/start")) == 3

    # Named by its id from now on: another declaration, so it runs; the scenario is not disabled, so that is all.
    [scenario] = project.resources("TornadoScenario")
    moved = f"version: 1\nsessions:\n  a: {{pathway_id: pw-0, scenario_ids: [{scenario['id']}], triggers: {{a: 1}}}}\n"
    project.declare(moved)
    printed = project.up()
    assert "left in Bland as it is: session a tests it, by its id" in printed
    assert (project.resources("TornadoScenario"), shown(project)["Refunds an order"]["enabled"]) == ([], True)
    starts = len(project.requests("/start"))
    project.up(0, "--expect-no-changes")
    assert len(project.requests("/start")) == starts == 4
