"""Judges as code in `sessions.yaml`: their life through real updates of two stacks, with counts of requests."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.support.project import Project

SCRIPT: Final = """\
pathways: {}
agents:
  ag-1: {versions: [{semver: 1.0.0}], scenarios: [{id: tc-1}]}
  ag-2: {versions: [{semver: 1.0.0}], scenarios: [{id: tc-2}]}
"""
DECLARATIONS: Final = """\
version: 1
judges:
  resolved: {name: Resolved, prompt: {file: resolved.md}}
  polite:
    name: Polite
    prompt: How did the agent sound?
    levels:
      - {level_key: rude, label: Rude, prompt: The agent is short.}
      - {level_key: friendly, label: Friendly, prompt: The agent is warm.}
    target_level_keys: [friendly]
    judge_config: {model: m-1, temperature: 0}
agents:
  one: {agent_id: ag-1, version: 1.0.0, checks: {scenario_ids: [tc-1], judges: [resolved, polite]}}
  two: {agent_id: ag-2, version: 1.0.0, checks: {scenario_ids: [tc-2], judges: [resolved]}}
environments:
  dev: {}
  production: {promotes_from: dev}
"""
HEADERS: Final = {"authorization": "any-key"}
JUDGES: Final = "/v1/evals/agents"


def judges(project: Project) -> dict[str, dict[str, Any]]:
    """The judges of the organization, by name: never two of one name."""
    found = project.http.get(JUDGES, headers=HEADERS).raise_for_status().json()["data"]["data"]
    by_name = {each["name"]: each for each in found}
    assert len(by_name) == len(found)
    return by_name


def published(project: Project, name: str) -> dict[str, Any]:
    judge = judges(project)[name]
    path = f"{JUDGES}/{judge['id']}/versions/{judge['active_version_id']}"
    found: dict[str, Any] = project.http.get(path, headers=HEADERS).raise_for_status().json()["data"]
    return found


def edit(project: Project, name: str, **changes: Any) -> None:
    """Edit and publish a judge as anybody with access to the dashboard can."""
    judge = judges(project)[name]
    path = f"{JUDGES}/{judge['id']}"
    project.http.patch(
        f"{path}/versions/{judge['current_version_id']}", json=changes, headers=HEADERS
    ).raise_for_status()
    project.http.post(f"{path}/publications", headers=HEADERS).raise_for_status()


def writes(project: Project, command: Callable[[], object]) -> list[str]:
    """The writes of a command, by method and last part of the path."""
    before = len(project.requests())
    command()
    rows = project.requests()[before:]
    kinds = {"POST agents": "create", "POST publications": "publish", "PUT checks": "checks", "POST check-runs": "run"}
    found = [f"{row['method']} {row['path'].rpartition('/')[2]}" for row in rows if row["method"] != "GET"]
    return sorted(kinds.get(each, each.partition(" ")[0]) for each in found)


def pinned(project: Project, agent_id: str = "ag-1") -> list[str]:
    config = project.http.get(f"/v2/agents/{agent_id}/environments/staging/checks", headers=HEADERS).json()["data"]
    return [each["eval_agent_version_id"] for each in config["evals"]]


def test_the_life_of_judges_as_code(make_project: Callable[..., Project]) -> None:
    project = make_project(speed=1000, script=SCRIPT)
    (project.folder / "resolved.md").write_text("Did the agent solve the problem?\n", encoding="utf-8")
    project.declare(DECLARATIONS)

    made = writes(project, project.up)
    assert made == sorted(["create", "PATCH", "publish"] * 2 + ["checks", "run"] * 2)
    assert published(project, "Resolved")["prompt_md"].strip() == "Did the agent solve the problem?"
    assert published(project, "Polite")["target_level_keys"] == ["friendly"]
    assert pinned(project) == [published(project, each)["id"] for each in ("Resolved", "Polite")]
    start = len(project.requests())
    assert writes(project, lambda: project.up(0, "--expect-no-changes")) == []
    reads = [row["path"] for row in project.requests()[start:] if JUDGES in row["path"]]
    assert len(reads) == 3, "one list, and each judge once, whoever uses it"

    # An edited prompt is a new version, which the checks pin, and both agents are tested again; so is another model.
    (project.folder / "resolved.md").write_text("Did the agent solve all problems?\n", encoding="utf-8")
    project.declare(DECLARATIONS.replace("m-1", "m-2"))
    printed: list[str] = []
    assert writes(project, lambda: printed.append(project.pulumi("preview"))) == []
    assert "resolved: changes prompt: found" in printed[0]
    assert "polite: publishes judge_config, which Bland never shows" in printed[0]
    assert writes(project, project.up) == sorted(["PATCH", "publish", "checks", "run"] * 2)
    assert pinned(project, "ag-2") == [published(project, "Resolved")["id"]]

    # What was published in the dashboard is put back by the same update.
    edit(project, "Polite", target_level_keys=["rude"])
    assert writes(project, lambda: printed.append(project.up())) == sorted(["PATCH", "publish", "checks", "run"])
    assert "polite: target_level_keys changed in Bland since the last update" in printed[1]
    assert 'polite: changes target_level_keys: found ["rude"], declared ["friendly"]' in printed[1]
    assert published(project, "Polite")["target_level_keys"] == ["friendly"]

    # The stack of production compares what that of dev publishes.
    production = replace(project, stack="production")
    production.init()
    assert writes(project, production.up) == ["run", "run"]
    edit(project, "Resolved", prompt_md="Was the agent there?")
    refused = production.pulumi("preview", expect=None)
    assert "judge 'Resolved' is not as declared" in refused
    assert "dev manages it (promotes_from): run `pulumi up` there first" in refused

    # It is left where it is, and taken again by who declares it as it is; a different one is not.
    project.pulumi("destroy", "--yes", "--skip-preview")
    before = judges(project)
    assert sorted(before) == ["Polite", "Resolved"]
    refused = project.pulumi("preview", expect=None)
    assert "judge 'Resolved' exists already" in refused
    assert 'prompt: found "Was the agent there?", declared "Did the agent solve all problems?' in refused
    adopted = DECLARATIONS.replace("m-1", "m-2").replace("resolved.md}", "resolved.md}, on_conflict: adopt")
    project.declare(adopted.replace("checks: {", "checks: {on_conflict: adopt, "))
    project.up()
    assert published(project, "Resolved")["prompt_md"].startswith("Did the agent solve all")
    assert {name: each["id"] for name, each in judges(project).items()} == {
        name: each["id"] for name, each in before.items()
    }


def test_a_judge_is_deleted_once_no_checks_use_it(make_project: Callable[..., Project]) -> None:
    project = make_project(speed=1000, script=SCRIPT)
    text = DECLARATIONS.replace("resolved.md}", "resolved.md}, on_destroy: delete").replace(
        "name: Polite\n", "name: Polite\n    on_destroy: delete\n"
    )
    (project.folder / "resolved.md").write_text("Did the agent solve the problem?\n", encoding="utf-8")
    project.declare(text)
    project.up()
    project.declare(text.replace("judges: [resolved]", "judges: [polite]"))  # of ag-2
    project.up()
    project.declare(text.replace("judges: [resolved]", "judges: [polite]").replace("name: Polite", "name: Kind"))
    project.up()
    assert sorted(judges(project)) == ["Kind", "Resolved"], "checks have the other one in its place"

    printed = project.pulumi("destroy", "--yes", "--skip-preview")  # the checks are left
    assert "resolved: the judge is left in Bland as it is: the checks of agent ag-1 in staging use it" in printed
    assert sorted(judges(project)) == ["Kind", "Resolved"]
    project.declare(text.replace("name: Polite", "name: New").replace("checks: {", "checks: {on_conflict: adopt, "))
    project.up()
    project.declare(text.replace("name: Polite", "name: New").replace("checks: {", "checks: {on_destroy: delete, "))
    project.up()
    printed = project.pulumi("destroy", "--yes", "--skip-preview")
    assert "resolved: the judge is left in Bland as it is: this stack has not created it" in printed
    assert sorted(judges(project)) == ["Kind", "Resolved"]
