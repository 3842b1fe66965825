from __future__ import annotations

import json
import os
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from tests.support.api import client_of, json_response
from tests.support.paths import ROOT
from tests.support.recorded_stack import checked, recorded_check_run, recorded_run
from tests.support.results import CREATED_AT
from tornado_resource.bland.listing import Owner
from tornado_resource.cli import main
from tornado_resource.cli.doctor import _run_cure, _scenario_row
from tornado_resource.core.urns import AGENT_RELEASE_TYPE, RELEASE_TYPE, make_urn
from tornado_resource.errors import ConfigurationError
from tornado_resource.runs.intents import Intent, IntentStore, intents_folder
from tornado_resource.stacks.backend import resource_address
from tornado_resource.stacks.reader import Stack
from tornado_resource.stacks.recorded import Recorded, Resource
from tornado_resource.stacks.recorded_scenarios import ScenarioChange, StoredScenario
from tornado_resource.stacks.rollback import Rollback

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    import httpx


SCENARIOS = "/v1/agent-testing/scenarios"
VERSION = {"id": "v-2", "semver": "1.4.0"}
CHECKS = {"scenario_ids": ["tc-1"], "evals": [{"eval_agent_id": "j-1"}], "enabled": True, "simulations_count": 5}
MIXED = """\
version: 1
sessions: {booking: {pathway_id: pw-1}, old: {pathway_id: pw-2}, older: {pathway_id: pw-3}}
agents: {sales: {agent_id: ag-sales}, pinned: {agent_id: ag-sales, version: pinned}}
"""
EXPECTED = """\
locked    stack dev is locked by ann@host
          if that process is gone: pulumi cancel --yes --stack dev
pending   stack dev: the creation of support-line was cut off
          pulumi up --stack dev, then pulumi refresh --yes --clear-pending-creates --stack dev
pending   stack dev: Pulumi still warns of an interrupted creation of old, which was recorded since
          pulumi refresh --yes --clear-pending-creates --stack dev
"""


def answer(monkeypatch: pytest.MonkeyPatch, responses: Mapping[str, Any] | None = None) -> list[str]:
    """Let the API answer by path, with JSON or the number of an error: 404 by default. Return the paths asked for.

    Every pathway has a scenario by default.
    """
    paths: list[str] = []
    known = {SCENARIOS: [{"id": "sc-1"}], **(responses or {})}

    def handle(request: httpx.Request) -> httpx.Response:
        paths.append(request.url.path)
        found = known.get(request.url.path, 404)
        return json_response({"message": "no"}, found) if isinstance(found, int) else json_response({"data": found})

    monkeypatch.setattr("tornado_resource.bland.client.Client", lambda _endpoint, **_options: client_of(handle))
    return paths


def of_agent(agent_id: str, **changes: Any) -> dict[str, Any]:
    """What the API shows of an agent: no check run, one version that staging pins, and checks in staging."""
    place = f"/v2/agents/{agent_id}"
    pinned = {"staging": "v-2", "production": None}
    pins = [{"env_type": env, "current_version_id": version} for env, version in pinned.items()]
    shown = {
        "check-runs": [],
        "environments": pins,
        "versions/latest": VERSION,
        "environments/staging/checks": CHECKS,
        **changes,
    }
    return {f"{place}/{path}": content for path, content in shown.items()}


def release_of(environment: str, version_id: str, agent_id: str = "ag-sales") -> Resource:
    """A recorded release of an agent."""
    outputs = {"agent_id": agent_id, "environment": environment, "version_id": version_id}
    return Resource(make_urn("dev", "agents", AGENT_RELEASE_TYPE, f"r-{environment}"), outputs)


def diagnosed(
    stack: Stack, declarations: str, monkeypatch: pytest.MonkeyPatch, folder: Path, capsys: pytest.CaptureFixture[str]
) -> list[str]:
    (folder / "sessions.yaml").write_text(declarations, encoding="utf-8")
    monkeypatch.chdir(folder)
    monkeypatch.setattr("tornado_resource.cli.doctor.read_stack", lambda _name: stack)
    code = main(["doctor", "--stack", "dev"])
    out = capsys.readouterr().out.splitlines()
    assert code == any(line.startswith(" ") for line in out), "a cure is an indented line"
    return out


def test_sessions_and_agents_are_diagnosed_together(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    running = [checked("sales", "RUNNING"), checked("sales", id="s-older")]
    agents = [{"id": "ag-2", "name": "Old", "source_pathway_id": "pw-2"}, {"id": "ag-3", "source_pathway_id": "PW-3"}]
    responses = {
        **of_agent("ag-sales", **{"check-runs": running}),
        "/v2/agents": agents,
        "/v1/agent-testing/scenarios": 404,
    }
    answer(monkeypatch, responses)
    releases = release_of("staging", "v-2"), release_of("staging", "v-1"), release_of("staging", "v-2", "ag-gone")
    runs = (recorded_check_run("sales"),)
    stack = Stack("dev", {"bland:apiKey": "a-long-key"}, runs, releases=(*releases, release_of("production", "v-2")))
    assert diagnosed(stack, MIXED, monkeypatch, tmp_path, capsys) == [
        "drifted   r-staging (agent ag-sales): staging pins version v-2 instead of version v-1",
        "          to publish again: pulumi refresh --stack dev, then pulumi up --stack dev",
        "drifted   r-staging (agent ag-gone): the API does not know the agent",
        "          to publish again: pulumi refresh --stack dev, then pulumi up --stack dev",
        "drifted   r-production (agent ag-sales): production pins nothing instead of version v-2",
        "          to publish again: pulumi refresh --stack dev, then pulumi up --stack dev",
        "missing   booking (pathway pw-1): the API does not know the pathway",
        "          check pathway_id, and that the API key is of its account",
        "replaced  old (pathway pw-2): the API no longer has it; agent ag-2 (Old) was migrated from it",
        "          tornado-resource import --agent ag-2 declares the agent",
        "replaced  older (pathway pw-3): the API no longer has it; agent ag-3 was migrated from it",
        "          tornado-resource import --agent ag-3 declares the agent",
        f"ours      sales (agent ag-sales in staging): check run s-sales of stack dev runs since {CREATED_AT}",
    ]


def test_what_is_missing_of_an_agent_is_said_once_for_each_declaration(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    empty = [{"env_type": env, "current_version_id": None} for env in ("staging", "production")]
    changes: dict[str, Any] = {"environments": empty, "versions/latest": 404, "environments/staging/checks": None}
    paths = answer(monkeypatch, of_agent("ag-1", **changes))
    declarations = """\
version: 1
agents:
  gone: {agent_id: ag-0}
  latest: {agent_id: ag-1}
  named: {agent_id: ag-1, version: v-9}
  pinned: {agent_id: ag-1, version: pinned}
  published: {agent_id: ag-1, version: 1.0.0}
"""
    stack = Stack("dev", {"bland:apiKey": "a-long-key"})
    none, declare = "it has no checks in staging", "          set them up in Bland, or declare `checks`"
    where = "(agent ag-1 in staging)"
    assert diagnosed(stack, declarations, monkeypatch, tmp_path, capsys) == [
        "missing   gone (agent ag-0 in staging): the API does not know the agent",
        "          check agent_id, and that the API key is of its account",
        f"missing   latest {where}: it has no version",
        "          save one in Bland",
        f"missing   latest {where}: {none}",
        declare,
        f"missing   named {where}: {none}",
        declare,
        f"missing   pinned {where}: staging pins no version",
        "          publish one, or declare `version: latest`",
        f"missing   pinned {where}: {none}",
        declare,
        f"missing   published {where}: it has no version 1.0.0",
        "          declare one that is published, or `version: latest`",
        f"missing   published {where}: {none}",
        declare,
    ]
    assert "/v2/agents" not in paths, "there is no pathway to be replaced"


def test_declared_checks_are_not_missed(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    paths = answer(monkeypatch, of_agent("ag-1", **{"environments/staging/checks": None}))
    declarations = """\
version: 1
agents:
  sales: {agent_id: ag-1, checks: {scenario_ids: [tc-1], judges: [resolved]}}
judges: {resolved: {id: j-1}}
"""
    stack = Stack("dev", {"bland:apiKey": "a-long-key"})
    assert diagnosed(stack, declarations, monkeypatch, tmp_path, capsys) == [
        "free      sales (agent ag-1 in staging): no check run runs"
    ]
    assert "/v2/agents/ag-1/environments/staging/checks" not in paths


def test_variables_without_a_value_are_found(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    version = {**VERSION, "snapshot": {"prompt": "Call {{env.CRM_URL}}"}}
    shown = {"versions/latest": version, "versions/1.4.0": version, "environments/staging/variables": []}
    answer(monkeypatch, of_agent("ag-1", **shown))
    declarations = """\
version: 1
agents:
  latest: {agent_id: ag-1}
  pinned: {agent_id: ag-1, version: pinned}
  published: {agent_id: ag-1, version: 1.4.0}
"""
    lines = diagnosed(Stack("dev", {"bland:apiKey": "a-long-key"}), declarations, monkeypatch, tmp_path, capsys)
    found = [line for line in lines if line.startswith("missing")]
    missing = "the version refers to an environment variable without a value in staging: CRM_URL. Calls would fail"
    assert [line.split()[1] for line in found] == ["latest", "pinned", "published"]
    assert all(missing in line for line in found)


def test_disabled_checks_and_a_foreign_check_run_are_found(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    changes = {"environments/staging/checks": {**CHECKS, "enabled": False}, "versions/1.4.0": VERSION}
    answer(monkeypatch, of_agent("ag-1", **changes, **{"check-runs": [checked("x", "PENDING", agent_id="ag-1")]}))
    stack = Stack("dev", {"bland:apiKey": "a-long-key"})
    declarations = "version: 1\nagents: {sales: {agent_id: ag-1, version: 1.4.0}}\n"
    lines = diagnosed(stack, declarations, monkeypatch, tmp_path, capsys)
    assert lines[0] == "missing   sales (agent ag-1 in staging): its checks in staging are disabled"
    assert lines[2].startswith("foreign   sales (agent ag-1 in staging): check run s-x runs since 2026-04-14T")
    assert "tornado:adopt.sales s-x --stack dev" in lines[3]


def test_a_replaced_pathway_that_is_still_there_is_no_problem(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    responses = {
        "/v2/agents": [{"id": "ag-2", "name": "Old", "source_pathway_id": "pw-1"}],
        SCENARIOS: [],
        "/v1/pathway/pw-1/versions": [],
    }
    answer(monkeypatch, responses)
    stack = Stack("dev", {"bland:apiKey": "a-long-key"})
    declarations = "version: 1\nsessions: {a: {pathway_id: pw-1}, b: {pathway_id: pw-1}}\n"
    assert diagnosed(stack, declarations, monkeypatch, tmp_path, capsys) == [
        "replaced  a (pathway pw-1): agent ag-2 (Old) was migrated from it",
        "free      a (pathway pw-1): no session runs",
    ]


@pytest.mark.parametrize(
    ("scenarios", "versions", "text"),
    [
        (404, [], "the API does not know the pathway"),
        ([], 404, "the API does not know the pathway"),
        ([], 403, "the API shows neither versions nor scenarios of the pathway"),
        ([], [], None),
        ([{"id": "sc-1"}], 403, None),
    ],
)
def test_a_pathway_that_does_not_exist_is_not_free(  # noqa: PLR0913 - three fixtures
    scenarios: Any,
    versions: Any,
    text: str | None,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    answer(monkeypatch, {SCENARIOS: scenarios, "/v1/pathway/pw-1/versions": versions})
    declarations, stack = (
        "version: 1\nsessions: {a: {pathway_id: pw-1}}\n",
        Stack("dev", {"bland:apiKey": "a-long-key"}),
    )
    missing = [
        f"missing   a (pathway pw-1): {text}",
        f"{'':<9} check pathway_id, and that the API key is of its account",
    ]
    expected = missing if text is not None else ["free      a (pathway pw-1): no session runs"]
    assert diagnosed(stack, declarations, monkeypatch, tmp_path, capsys) == expected


def test_a_pathway_that_cannot_be_read_is_an_error(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    answer(monkeypatch, {SCENARIOS: [], "/v1/pathway/pw-1/versions": 401})
    (tmp_path / "sessions.yaml").write_text("version: 1\nsessions: {a: {pathway_id: pw-1}}\n", encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    stack = Stack("dev", {"bland:apiKey": "a-long-key"})
    monkeypatch.setattr("tornado_resource.cli.doctor.read_stack", lambda _name: stack)
    assert main(["doctor", "--stack", "dev"]) == 3
    assert "HTTP 401" in capsys.readouterr().err


def test_a_secret_agent_is_not_shown(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    answer(monkeypatch, of_agent("ag-sales"))
    stack = Stack("dev", {"bland:apiKey": "a-long-key"}, (recorded_check_run("sales", is_secret=True),))
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("tornado_resource.cli.doctor.read_stack", lambda _name: stack)
    assert main(["doctor", "--stack", "dev"]) == 0
    assert capsys.readouterr().out == "free      sales (agent [secret] in staging): no check run runs\n"


@pytest.mark.parametrize("is_agent", [False, True])
def test_an_error_shows_no_secret(
    *, is_agent: bool, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    secret = Resource(release_of("staging", "v-1").urn, release_of("staging", "v-1", "sales-2").outputs, is_secret=True)
    run = recorded_check_run("sales", is_secret=True) if is_agent else recorded_run("a", pathway_id="x", is_secret=True)
    released = () if is_agent else (secret,)
    answer(monkeypatch, {"/v2/agents/ag-sales/check-runs": 401, "/v2/agents/sales-2/environments": 401})
    monkeypatch.chdir(tmp_path)
    stack = Stack("dev", {"bland:apiKey": "a-long-key"}, (run,), releases=released)
    monkeypatch.setattr("tornado_resource.cli.doctor.read_stack", lambda _name: stack)
    assert main(["doctor", "--stack", "dev"]) == 3
    error = capsys.readouterr().err
    assert "agent [secret]" in error
    assert "sales" not in error


def test_the_commands_for_locks_and_pending_creations_name_the_stack(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    pending = recorded_run("support-line", is_replaced=True, is_interrupted=True)
    stack = Stack("dev", {"bland:apiKey": "a-long-key"}, (pending,), locked_by="ann@host", settled=("old",))

    monkeypatch.chdir(ROOT / "tests/examples/plan")
    monkeypatch.setattr("tornado_resource.cli.doctor.read_stack", lambda _name: stack)
    answer(monkeypatch)
    assert main(["doctor", "--stack", "dev"]) == 1
    assert capsys.readouterr().out.startswith(EXPECTED)


def test_quiet_leaves_what_needs_an_action(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    stack = Stack("dev", {"bland:apiKey": "a-long-key"})

    monkeypatch.chdir(ROOT / "tests/examples/plan")
    monkeypatch.setattr("tornado_resource.cli.doctor.read_stack", lambda _name: stack)
    answer(monkeypatch)
    assert main(["doctor", "--stack", "dev"]) == 0
    assert capsys.readouterr().out != ""
    assert main(["doctor", "--stack", "dev", "--quiet"]) == 0
    assert capsys.readouterr() == ("", "")
    assert main(["doctor", "--stack", "dev", "--quiet", "--format", "json"]) == 0
    assert json.loads(capsys.readouterr().out) == {"findings": []}
    locked = replace(stack, locked_by="ann@host")
    monkeypatch.setattr("tornado_resource.cli.doctor.read_stack", lambda _name: locked)
    assert main(["doctor", "--stack", "dev", "-q"]) == 1
    assert capsys.readouterr().out.splitlines() == EXPECTED.splitlines()[:2]
    assert main(["doctor", "--stack", "dev", "--format", "json"]) == 1
    first, *others = json.loads(capsys.readouterr().out)["findings"]
    assert first == {
        "kind": "locked",
        "text": "stack dev is locked by ann@host",
        "cure": "if that process is gone: pulumi cancel --yes --stack dev",
    }
    assert {(row["kind"], row["cure"]) for row in others} == {("free", None)}


@pytest.mark.parametrize(
    ("instead_of", "is_done", "row"),
    [
        ("s-billing", True, "rollback  billing: rolled back to version 5: INC-7"),
        ("s-billing", False, "rollback  billing: declared, and not yet done: rolled back to version 5: INC-7"),
        ("s-other", False, "ended     billing: its rollback to version 5 has ended: it has another run now"),
    ],
)
def test_a_rollback_holds_or_is_to_be_done_or_removed(
    instead_of: str, is_done: Any, row: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    rollback = Rollback(5, "s-5", instead_of, "INC-7").as_output()
    outputs = {"pathway_id": "pw-1", "environment": "staging", "rollback": {"name": "billing", **rollback}}
    releases = {"urn": Resource(make_urn("dev", "agents", RELEASE_TYPE, "billing"), outputs)} if is_done else {}
    config = {"bland:apiKey": "a-long-key", "tornado:rollback": json.dumps({"billing": rollback})}
    stack = Stack("dev", config, (recorded_run("billing"),), recorded=Recorded(releases=releases))
    monkeypatch.chdir(ROOT / "tests/examples/plan")
    monkeypatch.setattr("tornado_resource.cli.doctor.read_stack", lambda _name: stack)
    answer(monkeypatch)
    assert main(["doctor", "--stack", "dev"]) == (0 if is_done else 1)
    assert row in capsys.readouterr().out


def test_a_secret_pathway_is_not_shown(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    run = recorded_run("billing", pathway_id="pw-in-clear", is_secret=True)
    stack = Stack("dev", {"bland:apiKey": "a-long-key"}, (run,))

    monkeypatch.chdir(ROOT / "tests/examples/plan")
    monkeypatch.setattr("tornado_resource.cli.doctor.read_stack", lambda _name: stack)
    answer(monkeypatch)
    assert main(["doctor", "--stack", "dev"]) == 0
    printed = capsys.readouterr().out
    assert "billing (pathway [secret]): no session runs" in printed
    assert "in-clear" not in printed


def test_a_stack_without_a_declarations_file_is_compared_by_its_state(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    run = recorded_run("billing", pathway_id="pw-1")
    stack = Stack("dev", {"bland:apiKey": "a-long-key"}, (run,))

    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("tornado_resource.cli.doctor.read_stack", lambda _name: stack)
    answer(monkeypatch)
    assert main(["doctor", "--stack", "dev"]) == 0
    assert "billing (pathway pw-1): no session runs" in capsys.readouterr().out
    stack = replace(stack, runs=())
    assert main(["doctor", "--stack", "dev"]) == 2
    assert "sessions.yaml: no such file" in capsys.readouterr().err
    stack = replace(stack, runs=(run,), config={**stack.config, "tornado:declarations": "lost.yaml"})
    assert main(["doctor", "--stack", "dev"]) == 2
    assert "lost.yaml: no such file" in capsys.readouterr().err


def test_an_edited_scenario_is_put_back_by_a_plain_update() -> None:
    stored = StoredScenario("refund@pw-1", "sc-1", Owner.pathway("pw-1"), {"name": "Refund"}, manage=True, drift=False)
    row = _scenario_row(stored, ScenarioChange(("enabled",)), "dev")
    assert row.cure == ("to put it back: pulumi up --stack dev (add --refresh if rerun is on_failure or on_change)")


@pytest.mark.parametrize(
    ("rerun", "cure"),
    [
        (None, "pulumi up --stack dev"),
        ("always", "pulumi up --stack dev"),
        ("on_failure", "change one of its triggers, then pulumi up --stack dev"),
        ("on_change", "change one of its triggers, then pulumi up --stack dev"),
    ],
)
def test_an_edited_version_is_tested_again_by_an_update_that_sees_it(rerun: str | None, cure: str) -> None:
    run = recorded_run("billing")
    run = replace(run, declared={**run.declared, **({"rerun": rerun} if rerun is not None else {})})
    assert _run_cure(run, "dev") == f"to test it as it is now: {cure}"


def test_what_was_started_here_is_said_if_the_state_cannot_be_read(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    def ruined(_name: str) -> Stack:
        message = "the state of stack dev cannot be read: EOF"
        raise ConfigurationError(message)

    monkeypatch.setattr("tornado_resource.cli.doctor.read_stack", ruined)
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))
    assert main(["doctor", "--stack", "dev"]) == 2
    assert capsys.readouterr().err.splitlines() == ["the state of stack dev cannot be read: EOF"]
    store = IntentStore(intents_folder(os.environ, "intents"))
    for name, stack, run_id in (("billing", "dev", "s-1"), ("booking", "acme/dev", None), ("other", "prod", "s-3")):
        address = resource_address(f"{stack}/{name}", "agents", os.environ)
        store.write(Intent(address, "pw-1", "digest", CREATED_AT.replace("Z", "+00:00"), run_id))
    assert main(["doctor", "--stack", "acme/agents/dev"]) == 2
    first, *started, last = capsys.readouterr().err.splitlines()
    assert first.startswith("The state of stack acme/agents/dev cannot be read. Not recorded there")
    assert sorted(line.partition(", sent")[0] for line in started) == [
        "  billing: run s-1 on pw-1",
        "  booking: a run whose id is not known on pw-1",
    ]
    assert last == "the state of stack dev cannot be read: EOF"
