"""Stacks read through a `pulumi` on PATH that prints what a file holds."""

from __future__ import annotations

import json
import os
from dataclasses import asdict, replace
from typing import TYPE_CHECKING, Any

import pytest

from tests.support.api import client_of, json_response
from tornado_resource.bland.sessions import Status
from tornado_resource.core.positions import Position
from tornado_resource.core.urns import SCENARIO_TYPE
from tornado_resource.declarations.model import Gate, request_from
from tornado_resource.errors import ConfigurationError
from tornado_resource.runs.model import NOT_SHOWN_NOW, Ending, GatedRun
from tornado_resource.runs.results import read_result
from tornado_resource.runs.verdict import make_verdict
from tornado_resource.stacks.reader import read_stack, selected_stack, stack_names
from tornado_resource.stacks.recorded import read_outputs
from tornado_resource.stacks.recorded_promotion import PromotedSession, Promotion

if TYPE_CHECKING:
    from pathlib import Path

    import httpx

SESSION = "pulumi-python:dynamic/bland:TornadoSession"
RELEASE = "pulumi-python:dynamic/bland:PathwayRelease"
CONFIG = {"bland:apiKey": {"value": "k", "secret": True}, "tornado:triggers": {"objectValue": {"a": 1}}}
DIGEST = "sha256:" + "0" * 64
DECLARED = {"pathway_id": "pw-1", "version_number": 5.0, "gate": {"passed": 3.0}}
Tell = Any
"""The fixture `pulumi`: called with resources, it sets what the command prints."""


def resource(name: str = "billing", kind: str = SESSION, **changes: Any) -> dict[str, Any]:
    known = {
        "urn": f"urn:pulumi:dev::agents::{kind}::{name}",
        "type": kind,
        "id": f"s-{name}",
        "inputs": {"declared_at": "sessions.yaml:4:3"},
        "outputs": {
            "pathway_id": "pw-1",
            "created_at": "2026-04-14T10:00:00.000Z",
            "timeout_ms": 60_000.0,
            "adopted": False,
            "declared": DECLARED,
        },
    }
    return known | changes


@pytest.fixture
def pulumi(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Tell:
    """Make `pulumi` print a deployment for `stack export`, a list for `stack ls`, and the config for `config`."""
    command = tmp_path / "bin/pulumi"
    command.parent.mkdir()
    command.write_text(f'#!/bin/sh\necho "$@" >> {tmp_path}/calls\ncat "{tmp_path}/$1-$2.json"\n', encoding="utf-8")
    command.chmod(0o755)
    monkeypatch.setenv("PATH", f"{command.parent}{os.pathsep}{os.environ['PATH']}")
    monkeypatch.setenv("PULUMI_BACKEND_URL", f"file://{tmp_path}")

    def tell(*resources: dict[str, Any], stacks: Any = (), config: Any = CONFIG, **deployment: Any) -> None:
        exported = {"deployment": {"resources": list(resources), **deployment} if resources or deployment else None}
        (tmp_path / "stack-export.json").write_text(json.dumps(exported), encoding="utf-8")
        (tmp_path / "stack-ls.json").write_text(json.dumps(list(stacks)), encoding="utf-8")
        (tmp_path / "config---show-secrets.json").write_text(json.dumps(config), encoding="utf-8")

    return tell


def test_a_session_is_read_with_its_gate(pulumi: Tell) -> None:
    pulumi(resource())
    stack = read_stack("dev")
    gated = GatedRun(
        name="billing",
        run_id="s-billing",
        gate=Gate(3),
        request={"pathway_id": "pw-1", "version_number": 5},
        created_at="2026-04-14T10:00:00.000Z",
        timeout_ms=60_000,
        position=Position("sessions.yaml", 4, 3),
        urn=resource()["urn"],
    )
    [run] = stack.runs
    assert (run.name, run.run_id, run.resource.shown_subject, run.gated) == ("billing", "s-billing", "pw-1", gated)
    assert run.is_started
    assert (stack.name, stack.environment, stack.promotion, stack.pending, stack.locked_by) == (
        "dev",
        None,
        None,
        (),
        None,
    )


def test_the_config_has_secrets_in_clear_but_is_never_shown(pulumi: Tell) -> None:
    pulumi()
    stack = read_stack("dev")
    assert stack.config == {"bland:apiKey": "k"}
    assert repr(stack) == "Stack('dev')"


@pytest.mark.parametrize(
    ("config", "has_plain_key"),
    [
        (CONFIG, False),
        ({}, False),
        ({"bland:apiKey": {"value": "k", "secret": False}}, True),
        ({"bland:apiKey": {"value": "k"}}, True),
    ],
)
def test_a_key_that_is_not_encrypted_is_known(pulumi: Tell, config: Any, has_plain_key: bool) -> None:  # noqa: FBT001
    pulumi(config=config)
    assert read_stack("dev").has_plain_key is has_plain_key


@pytest.mark.parametrize(
    "other",
    [
        resource("old", delete=True),
        resource("unborn", id=""),
        {key: value for key, value in resource("unborn").items() if key != "id"},
        resource("other", RELEASE),
    ],
    ids=["superseded", "empty id", "no id", "another type"],
)
def test_other_resources_are_no_sessions(pulumi: Tell, other: dict[str, Any]) -> None:
    pulumi(other, resource(), other)
    assert [run.name for run in read_stack("dev").runs] == ["billing"]


def test_a_session_whose_replacement_was_not_started_is_marked(pulumi: Tell) -> None:
    pulumi(resource("a", pendingReplacement=True), resource("b"))
    assert [(run.name, run.resource.is_replaced) for run in read_stack("dev").runs] == [
        ("a", True),
        ("b", False),
    ]


def test_a_session_without_a_gate_is_recorded_but_not_gated(pulumi: Tell) -> None:
    pulumi(resource(outputs={"pathway_id": "pw-1", "declared": {"pathway_id": "pw-1", "gate": "none"}}))
    [run] = read_stack("dev").runs
    assert (run.name, run.run_id, run.resource.subject_id, run.gated) == ("billing", "s-billing", "pw-1", None)


@pytest.mark.parametrize(
    ("inputs", "position"),
    [
        ({"source": "sessions.yaml:9:1"}, Position("sessions.yaml", 9, 1)),
        ({"source": "old.yaml:1:1", "declared_at": "new.yaml:2:2"}, Position("new.yaml", 2, 2)),
        ({}, None),
        (None, None),
    ],
)
def test_the_position_is_that_of_the_declaration(pulumi: Tell, inputs: Any, position: Position | None) -> None:
    pulumi(resource(inputs=inputs))
    gated = read_stack("dev").runs[0].gated
    assert gated is not None
    assert gated.position == position


def test_absent_outputs_have_defaults(pulumi: Tell) -> None:
    pulumi(resource(inputs=None, outputs={"pathway_id": "pw-1", "declared": {"pathway_id": "pw-1"}}))
    gated = read_stack("dev").runs[0].gated
    assert gated == GatedRun("billing", "s-billing", Gate(), {"pathway_id": "pw-1"}, urn=resource()["urn"])


@pytest.mark.parametrize("ended", [{"passed_scenarios": 3}, {"passed_scenarios": 2}, {"content": DIGEST}, {}], ids=str)
def test_a_program_and_a_command_believe_the_same(pulumi: Tell, ended: dict[str, Any]) -> None:
    """Also of a verdict that contradicts its numbers, which a command once believed."""
    scenario = {"scenario_id": "sc-1", "pathway_id": "pw-1", "fields": {"name": "Refund"}}
    declared = {**DECLARED, "scenario_ids": ["sc-0", "sc-2", "sc-1"]}
    session = resource(outputs={**resource()["outputs"], "session_id": "s-billing", "declared": declared})
    gated = GatedRun("billing", "s-billing", Gate(3), request_from(declared))
    status = Status("COMPLETED_ALL_PASSED", total_scenarios=3, passed_scenarios=3, failed_scenarios=0)
    verdicts = {"billing": {**asdict(make_verdict(gated, Ending(status))), **ended}} if ended else {}
    own = resource("agents-dev", "pulumi:pulumi:Stack", outputs={"verdicts": verdicts})
    resources = [own, session, resource("refund@pw-1", SCENARIO_TYPE, outputs=scenario)]
    pulumi(*resources)
    [by_command] = read_stack("dev").runs
    [by_program] = read_outputs({each["urn"]: {"outputs": each["outputs"]} for each in resources}).runs.values()
    assert (by_command.verdict is not None) == (ended not in ({"passed_scenarios": 2}, {}))
    assert by_program == replace(by_command, resource=by_program.resource)
    assert by_command.gated is not None
    assert by_program.gated == replace(by_command.gated, position=None)


def test_a_resource_with_the_urn_of_another_type_is_damaged(pulumi: Tell) -> None:
    pulumi(resource(urn=resource("billing", RELEASE)["urn"]))
    with pytest.raises(ConfigurationError, match=r"resources\[0\]\.urn: found text, expected the URN of its type\. "):
        read_stack("dev")


def test_a_release_without_its_pathway_is_damaged(pulumi: Tell) -> None:
    pulumi(resource("billing", RELEASE, outputs={"environment": "production"}))
    with pytest.raises(ConfigurationError, match=r"outputs\.pathway_id: found nothing, expected text\. "):
        read_stack("dev")


@pytest.mark.parametrize("part", ["declared", "started_scenarios"])
def test_a_value_that_is_nested_too_deeply_is_damaged(pulumi: Tell, part: str) -> None:
    deep: Any = "x"
    for _ in range(600):
        deep = {"a": deep}
    outputs = resource()["outputs"]
    value = {**DECLARED, "triggers": deep} if part == "declared" else deep
    pulumi(resource(outputs={**outputs, part: value}))
    with pytest.raises(ConfigurationError, match="nested too deeply"):
        read_stack("dev")


def test_a_session_without_its_declaration_is_damaged(pulumi: Tell) -> None:
    pulumi(resource(outputs={"pathway_id": "pw-1"}))
    with pytest.raises(ConfigurationError) as caught:
        read_stack("dev")
    assert str(caught.value) == (
        "the state of stack dev is damaged: state.deployment.resources[0].outputs.declared.pathway_id: found nothing, "
        "expected text. Restore it from a backup: pulumi stack import --stack dev --file BACKUP.json"
    )


@pytest.mark.parametrize(("adopted", "is_adopted"), [(True, True), (False, False), (None, False), ("yes", False)])
def test_only_true_marks_a_session_as_adopted(pulumi: Tell, adopted: Any, is_adopted: bool) -> None:  # noqa: FBT001
    pulumi(resource(outputs={**resource()["outputs"], "adopted": adopted}))
    gated = read_stack("dev").runs[0].gated
    assert gated is not None
    assert gated.adopted is is_adopted


def test_only_interrupted_creations_of_sessions_are_pending(pulumi: Tell) -> None:
    operations = [
        {"type": "creating", "resource": resource("a")},
        {"type": "updating", "resource": resource("b")},
        {"type": "creating", "resource": resource("c", RELEASE)},
        {"type": "creating", "resource": resource("d")},
    ]
    pulumi(pending_operations=operations)
    stack = read_stack("dev")
    assert stack.pending == ("a", "d")
    assert [(run.name, run.resource.is_interrupted) for run in stack.runs] == [("a", True), ("d", True)]


def creating(name: str, **inputs: Any) -> dict[str, Any]:
    """What Pulumi keeps of a creation that was cut off: the resource has no id and no outputs."""
    known = resource(name, inputs={"declared_at": "sessions.yaml:4:3", **inputs})
    return {"type": "creating", "resource": {key: known[key] for key in ("urn", "type", "inputs")}}


def test_an_interrupted_creation_is_a_session_without_an_id(pulumi: Tell) -> None:
    operations = [creating("a", pathway_id="pw-1"), creating("b", gate="none", pathway_id={"x": "encrypted"})]
    pulumi(pending_operations=operations)
    position, request = Position("sessions.yaml", 4, 3), {"pathway_id": "pw-1"}
    gated = GatedRun("a", "", Gate(), request, position=position, urn=resource("a")["urn"])
    runs = read_stack("dev").runs
    assert [(run.name, run.run_id, run.gated, run.is_started) for run in runs] == [
        ("a", "", gated, False),
        ("b", "", None, False),
    ]
    places = [run.place.shown if run.place is not None else None for run in runs]
    assert places == ["pathway pw-1", None]


def test_a_replacement_whose_start_was_interrupted_is_one_session(pulumi: Tell) -> None:
    pulumi(resource("a", pendingReplacement=True), pending_operations=[creating("a"), creating("a")])
    stack = read_stack("dev")
    [run] = stack.runs
    assert (run.name, run.resource.is_replaced, run.resource.is_interrupted) == ("a", True, True)
    assert (stack.pending, stack.settled) == (("a",), ())


def test_sessions_that_share_a_name_are_shown_with_their_parents(pulumi: Tell) -> None:
    inside = resource("a", urn=f"urn:pulumi:dev::agents::acme:agents:Sales${SESSION}::a", id="s-2")
    cut_off = creating("a")["resource"] | {"urn": f"urn:pulumi:dev::agents::acme:agents:Billing${SESSION}::a"}
    pulumi(resource("a"), inside, resource("b"), pending_operations=[{"type": "creating", "resource": cut_off}])
    stack = read_stack("dev")
    names = ["a", "a (acme:agents:Sales)", "b", "a (acme:agents:Billing)"]
    assert [run.name for run in stack.runs] == names
    assert [run.gated.name for run in stack.runs if run.gated] == names
    assert [run.resource.name for run in stack.runs] == ["a", "a", "b", "a"]
    assert stack.pending == ("a (acme:agents:Billing)",)


@pytest.mark.parametrize("others", [[], [resource("a", id="s-old", delete=True)]], ids=["alone", "with the old one"])
def test_an_interrupted_creation_of_a_recorded_session_is_settled(pulumi: Tell, others: list[dict[str, Any]]) -> None:
    pulumi(*others, resource("a"), pending_operations=[creating("a")])
    stack = read_stack("dev")
    assert [(run.run_id, run.is_started) for run in stack.runs] == [("s-a", True)]
    assert (stack.pending, stack.settled) == ((), ("a",))


def test_the_stacks_own_outputs_are_read(pulumi: Tell) -> None:
    promotion = {"from": "organization/agents/staging", "sessions": {"billing": {"version": 7.0}}}
    outputs = {"environment": "production", "promotion": promotion}
    pulumi(resource(), resource("agents-dev", "pulumi:pulumi:Stack", outputs=outputs))
    stack = read_stack("dev")
    assert stack.environment == "production"
    assert stack.promotion == Promotion(
        "organization/agents/staging", None, {"billing": PromotedSession(None, 7, None)}
    )


@pytest.mark.parametrize(
    ("reason", "outcome"), [(f"version 5 could not be read: {NOT_SHOWN_NOW}", "incomplete"), ("gone", "passed")]
)
async def test_a_version_that_was_shown_once_must_be_shown_to_commands(pulumi: Tell, reason: str, outcome: str) -> None:
    ending = Ending(Status("COMPLETED_ALL_PASSED"), reason)
    recorded = make_verdict(GatedRun("billing", "s-billing", Gate(), DECLARED), ending)
    outputs = {"verdicts": {"billing": asdict(recorded)}}
    pulumi(resource(), resource("agents-dev", "pulumi:pulumi:Stack", outputs=outputs))
    gated = read_stack("dev").runs[0].gated
    assert gated is not None
    status = {"status": "COMPLETED_ALL_PASSED", "total_scenarios": 3, "passed_scenarios": 3}

    def handle(request: httpx.Request) -> httpx.Response:
        return json_response(status) if request.url.path.endswith("/status") else json_response({}, 403)

    async with client_of(handle) as client:
        assert (await read_result(client, gated)).verdict.outcome == outcome


@pytest.mark.parametrize("outputs", [None, {}, {"environment": 3, "promotion": "x"}])
def test_malformed_outputs_of_the_stack_are_ignored(pulumi: Tell, outputs: Any) -> None:
    pulumi(resource("agents-dev", "pulumi:pulumi:Stack", outputs=outputs))
    stack = read_stack("dev")
    assert (stack.environment, stack.promotion) == (None, None)


@pytest.mark.parametrize("deployment", [{}, {"resources": None, "pending_operations": None}])
def test_a_stack_without_resources_is_empty(pulumi: Tell, deployment: dict[str, Any]) -> None:
    pulumi(**deployment)
    stack = read_stack("dev")
    assert (stack.runs, stack.pending, stack.environment) == ((), (), None)


def test_pulumi_reads_the_named_stack_without_questions(pulumi: Tell, tmp_path: Path) -> None:
    pulumi()
    read_stack("acme/dev")
    assert (tmp_path / "calls").read_text(encoding="utf-8").splitlines() == [
        "stack export --stack acme/dev --non-interactive",
        "config --show-secrets --stack acme/dev --non-interactive --json",
    ]


def test_stacks_are_listed_and_the_selected_one_is_found(pulumi: Tell) -> None:
    pulumi(stacks=[{"name": "dev", "current": False}, {"name": "staging", "current": True}, {"name": "x"}])
    assert stack_names() == ["dev", "staging", "x"]
    assert selected_stack() == "staging"


def test_without_a_selected_stack_one_must_be_named(pulumi: Tell) -> None:
    pulumi(stacks=[{"name": "dev"}])
    with pytest.raises(ConfigurationError, match=r"^no stack is selected: name one with --stack, or run `pulumi stack"):
        selected_stack()


def test_the_owner_of_the_lock_is_named(pulumi: Tell, tmp_path: Path) -> None:
    pulumi()
    folder = tmp_path / ".pulumi/locks/organization/agents/dev"
    folder.mkdir(parents=True)
    (folder / "0.json").write_text("garbage", encoding="utf-8")
    lock = {"username": "ann", "hostname": "ci-1", "pid": 123, "timestamp": "2026-04-14T10:00:00Z"}
    (folder / "1.json").write_text(json.dumps(lock), encoding="utf-8")
    assert read_stack("dev").locked_by == "ann@ci-1, process 123, since 2026-04-14T10:00:00Z"


def test_a_null_in_a_gate_is_its_default(pulumi: Tell) -> None:
    declared = {**DECLARED, "gate": {"passed": None, "repaired": "refuse"}}
    pulumi(resource(outputs={**resource()["outputs"], "declared": declared}))
    [run] = read_stack("dev").runs
    assert run.gated is not None
    assert run.gated.gate == Gate("all", "refuse")
