"""The checks of an agent as code: their life through real updates, with counts of requests."""

from __future__ import annotations

import json
from collections import Counter
from typing import TYPE_CHECKING, Any, Final

import pytest

from tests.support.crashes import WRITE_FAULTS, crash, kills, lift_lock

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.support.crashes import Victim
    from tests.support.project import Project

SCRIPT: Final = """\
pathways: {}
judges:
  resolved: {name: Resolved}
  polite: {name: Polite, levels: [rude, friendly]}
agents:
  a-1:
    scenarios: [{id: tc-1, name: Refunds}, {id: tc-2}]
"""
PROGRAM: Final = """\
import pulumi
from tornado_resource import AgentChecks

checks = AgentChecks(
    "support",
    agent_id=AGENT,
    scenario_ids=SCENARIOS,
    judges=JUDGES,
    simulations_count=COUNT,
    MORE
)
pulumi.export("config", checks.stored_config)
"""
JUDGES: Final = '[{"name": "Resolved"}, {"name": "Polite", "required": False, "target_level_keys": ["friendly"]}]'
HEADERS: Final = {"authorization": "any-key"}
PATH: Final = "/v2/agents/a-1/environments/staging/checks"


def program(
    count: int = 5, scenarios: str = '["tc-1", "tc-2"]', judges: str = JUDGES, agent: str = '"a-1"', more: str = ""
) -> str:
    given = {"COUNT": str(count), "SCENARIOS": scenarios, "JUDGES": judges, "AGENT": agent, "MORE": more}
    text = PROGRAM
    for key, value in given.items():
        text = text.replace(key, value)
    return text


def declare(project: Project, **changes: Any) -> None:
    (project.folder / "__main__.py").write_text(program(**changes), encoding="utf-8")


def shown(project: Project) -> dict[str, Any] | None:
    found: dict[str, Any] | None = project.http.get(PATH, headers=HEADERS).raise_for_status().json()["data"]
    return found


def edit(project: Project, **changes: Any) -> None:
    """Change the checks as anybody with access to the dashboard can."""
    config = shown(project)
    assert config is not None
    evals = list(map(without_name, config["evals"]))
    body = {"scenario_ids": config["scenario_ids"], "evals": evals, "simulations_count": config["simulations_count"]}
    project.http.put(PATH, json=body | changes, headers=HEADERS).raise_for_status()


def sent(project: Project, command: Callable[[], object]) -> Counter[str]:
    before = len(project.requests())
    command()
    return Counter(f"{row['method']} {row['path'].rpartition('/')[2]}" for row in project.requests()[before:])


@pytest.fixture
def project(make_project: Callable[..., Project]) -> Project:
    return make_project(speed=1000, script=SCRIPT, program=program())


def test_the_life_of_checks(project: Project) -> None:
    created = sent(project, project.up)
    assert created == {"GET checks": 2, "GET agents": 1, "PUT checks": 1}
    config = shown(project)
    assert config is not None
    assert [(each["name"], each["required"]) for each in config["evals"]] == [("Resolved", True), ("Polite", False)]
    assert (config["scenario_ids"], config["simulations_count"]) == (["tc-1", "tc-2"], 5)
    first = project.outputs()["config"]
    unchanged = sent(project, lambda: project.pulumi("up", "--yes", "--skip-preview", "--expect-no-changes"))
    assert unchanged == {"GET checks": 1, "GET agents": 1}

    # One field is edited in the program.
    declare(project, count=7)
    before = len(project.requests())
    printed = project.pulumi("preview", "--diff")
    assert {row["method"] for row in project.requests()[before:]} == {"GET"}
    assert "support: changes simulations_count: found 5, declared 7" in printed
    assert f'config: "{first}" => "' in " ".join(printed.split()), "what a run depends on is known in a preview"
    assert sent(project, project.up) == {"GET checks": 2, "GET agents": 1, "PUT checks": 1}
    assert project.outputs()["config"] != first

    # Another one in the dashboard: a refresh shows it, and an update after that puts it back.
    edit(project, evals=[without_name(config["evals"][1]) | {"required": True}])
    project.pulumi("refresh", "--yes", "--skip-preview")
    [resource] = project.resources("AgentChecks")
    assert resource["outputs"]["drift"] == ["judges"]
    assert [each["name"] for each in resource["outputs"]["judges"]] == ["Polite"]
    assert "support: changes judges.Resolved: found nothing, declared version" in project.up()
    assert (shown(project) or {})["evals"] == config["evals"]

    # Deleted by hand.
    project.http.delete(PATH, headers=HEADERS).raise_for_status()
    assert "the checks were deleted in Bland; `pulumi up` stores them again" in project.up()

    printed = project.pulumi("destroy", "--yes", "--skip-preview")
    assert "support: the checks are left in Bland as they are (on_destroy: leave)" in printed
    assert (shown(project) or {})["simulations_count"] == 7


SCRIPT_WITH_CHECKS: Final = SCRIPT + "    checks: {staging: {judges: [resolved], simulations_count: 2}}\n"


def test_checks_that_are_there_are_taken_over_on_request(make_project: Callable[..., Project]) -> None:
    secret = 'pulumi.Output.secret("a-1")'
    project = make_project(speed=1000, script=SCRIPT_WITH_CHECKS, program=program(agent=secret))
    before = shown(project)
    printed = project.pulumi("preview", expect=None)
    assert "the checks of agent [secret] in staging exist already, and this stack has not stored them." in printed
    assert "simulations_count: found 2, declared 5" in printed
    assert "judges.Polite: found nothing, declared version" in printed
    assert "on_conflict: adopt" in printed
    assert "Traceback" not in printed
    assert shown(project) == before

    adopted: dict[str, Any] = {"agent": secret, "more": 'on_conflict="adopt",'}
    declare(project, **adopted)
    assert sent(project, project.up)["PUT checks"] == 1
    assert (shown(project) or {})["simulations_count"] == 5
    [resource] = project.resources("AgentChecks")
    assert "a-1" not in json.dumps(resource)

    declare(project, judges='[{"name": "polite"}]', **adopted)
    printed = project.up(expect=None)
    assert "AgentChecks support: judge 'polite' does not exist; the judges are: " in printed
    assert "Traceback" not in printed


def test_what_the_api_answers_decides_and_nothing_is_sent_twice(project: Project) -> None:
    secret = 'pulumi.Output.secret("a-1")'
    declare(project, agent=secret)
    project.fail(kind="reset_after", method="PUT", path="/checks")
    created = sent(project, project.up)
    assert (created["PUT checks"], created["GET checks"]) == (1, 3)

    declare(project, count=7, agent=secret)
    stored = json.dumps({**(shown(project) or {}), "simulations_count": 1})
    project.fail(kind="status_after", method="PUT", path="/checks", status=200, body=stored)
    printed = project.up(expect=None)
    assert "the checks of agent [secret] in staging are not stored as declared, so no check run was started." in printed
    assert "simulations_count: found 1, declared 7" in printed
    assert "Traceback" not in printed
    [resource] = project.resources("AgentChecks")
    assert resource["outputs"]["drift"] == ["simulations_count"]
    assert sent(project, project.up)["PUT checks"] == 0
    assert project.resources("AgentChecks")[0]["outputs"]["drift"] == []


WITH_RUN: Final = """
from tornado_resource import CheckRun, wait_for

run = CheckRun("support", agent_id="a-1", checks=checks)
pulumi.export("verdict", wait_for(run))
"""


def test_other_checks_run_again(project: Project) -> None:
    main = project.folder / "__main__.py"
    main.write_text(program() + WITH_RUN, encoding="utf-8")
    first = sent(project, project.up)
    assert (first["PUT checks"], first["POST check-runs"]) == (1, 1)
    assert project.outputs()["verdict"]["outcome"] == "passed"

    main.write_text(program(count=7) + WITH_RUN, encoding="utf-8")
    edited = sent(project, project.up)
    assert (edited["PUT checks"], edited["POST check-runs"]) == (1, 1)
    assert project.outputs()["verdict"]["outcome"] == "passed"


@pytest.mark.soak
@pytest.mark.parametrize("each_kill", kills())
def test_after_a_kill_the_checks_are_as_declared(project: Project, each_kill: list[tuple[str, Victim]]) -> None:
    """Three kills: while they are stored, changed and deleted."""
    more = 'on_destroy="delete",'
    steps = {5: program(5, more=more), 7: program(7, more=more), None: "import tornado_resource  # noqa: F401\n"}
    for (count, text), (fault, victim) in zip(steps.items(), each_kill, strict=True):
        (project.folder / "__main__.py").write_text(text, encoding="utf-8")
        method = "PUT" if count else "DELETE"
        before = len(project.requests(f"{method} {PATH}"))
        project.fail(path="/checks", method=method, **WRITE_FAULTS[fault])
        crash(project, victim, lambda sent=f"{method} {PATH}", before=before: len(project.requests(sent)) > before)  # type: ignore[misc]
        project.http.delete("/_sandbox/faults")
        lift_lock(project)
        expected = count
        if count == 5:  # somebody edits the program before the next update
            expected = 6
            (project.folder / "__main__.py").write_text(program(expected, more=more), encoding="utf-8")
        project.up()
        config = shown(project)
        assert (config or {}).get("simulations_count") == expected
        assert len(project.resources("AgentChecks")) == (1 if count else 0)


def without_name(judge: dict[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in judge.items() if key != "name"}
