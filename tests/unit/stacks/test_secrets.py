"""Secrets in a state: decrypted where a value is needed, never shown, and no damage."""

from __future__ import annotations

import copy
import json
from typing import TYPE_CHECKING, Any

import pytest

from tornado_resource.core.urns import AGENT_RELEASE_TYPE, CHECK_RUN_TYPE
from tornado_resource.errors import ConfigurationError
from tornado_resource.stacks.fields import ENCRYPTED
from tornado_resource.stacks.reader import read_stack

if TYPE_CHECKING:
    from collections.abc import Callable

SESSION = "pulumi-python:dynamic/bland:TornadoSession"
RELEASE = "pulumi-python:dynamic/bland:PathwayRelease"
MARK = "1b47061264138c4ac30d75fd1eb44270"
DIGEST = "sha256:" + "0" * 64
Export = Any
"""The fixture `export`: called with resources, it lets `pulumi` print them; returns the commands that are run."""


class Secret(str):
    """A text that Pulumi prints encrypted, or, if it is asked to, in clear."""

    __slots__ = ()


def printed(value: Any, *, in_clear: bool) -> Any:
    if isinstance(value, Secret):
        return {ENCRYPTED: MARK, **({"plaintext": json.dumps(value)} if in_clear else {"ciphertext": "v1:x"})}
    if isinstance(value, dict):
        return {key: printed(entry, in_clear=in_clear) for key, entry in value.items()}
    return [printed(entry, in_clear=in_clear) for entry in value] if isinstance(value, list) else value


def resource(kind: str, outputs: dict[str, Any], **more: Any) -> dict[str, Any]:
    return {"urn": f"urn:pulumi:dev::agents::{kind}::a", "type": kind, "id": "s-1", "outputs": outputs, **more}


def session(pathway: str, **declared: Any) -> dict[str, Any]:
    return resource(SESSION, {"pathway_id": pathway, "declared": {"pathway_id": pathway, **declared}})


@pytest.fixture
def export(monkeypatch: pytest.MonkeyPatch) -> Callable[..., list[tuple[str, ...]]]:
    def tell(*resources: dict[str, Any], pending: Any = ()) -> list[tuple[str, ...]]:
        ran: list[tuple[str, ...]] = []
        state = {"deployment": {"resources": list(resources), "pending_operations": list(pending)}}

        def pulumi_json(*arguments: str) -> Any:
            ran.append(arguments)
            if arguments[0] == "config":
                return {}
            return copy.deepcopy(printed(state, in_clear="--show-secrets" in arguments))

        monkeypatch.setattr("tornado_resource.stacks.reader.pulumi_json", pulumi_json)
        return ran

    return tell


def exports(ran: list[tuple[str, ...]]) -> int:
    return sum(arguments[:2] == ("stack", "export") for arguments in ran)


def test_a_secret_that_is_needed_is_decrypted_and_not_shown(export: Export) -> None:
    ran = export(session(Secret("pw-secret"), persona_id=Secret("p"), triggers={"token": Secret("t")}))
    (found,) = read_stack("dev").runs
    assert found.place is not None
    assert (found.place.key, found.place.shown) == (("tornado", "pw-secret"), "pathway [secret]")
    assert found.gated is not None
    assert found.gated.request == {"pathway_id": "pw-secret", "persona_id": "p"}
    assert found.gated.shown_pathway == "[secret]"
    assert exports(ran) == 2


@pytest.mark.parametrize("declared", [{"triggers": {"a": "b"}}, {"triggers": Secret("t"), "definitions": Secret("d")}])
def test_secrets_that_are_not_needed_stay_encrypted(declared: dict[str, Any], export: Export) -> None:
    ran = export(session("pw-1", **declared), resource("acme:Database", {"password": Secret("x")}))
    (found,) = read_stack("dev").runs
    assert found.gated is not None
    assert found.place is not None
    assert found.place.shown == f"pathway {found.gated.shown_pathway}" == "pathway pw-1"
    assert exports(ran) == 1


@pytest.mark.parametrize(
    ("own_type", "key", "known"),
    [
        (RELEASE, "pathway_id", {"environment": "production", "content": DIGEST}),
        (AGENT_RELEASE_TYPE, "agent_id", {"environment": "staging", "version_id": "v-1"}),
    ],
)
def test_a_release_of_what_is_secret_does_not_show_it(
    own_type: str, key: str, known: dict[str, Any], export: Export
) -> None:
    export(resource(own_type, {**known, key: Secret("in-clear")}))
    (release,) = read_stack("dev").releases
    assert (release.subject_id, release.shown_subject) == ("in-clear", "[secret]")
    export(resource(own_type, {**known, key: "x-1"}))
    (release,) = read_stack("dev").releases
    assert release.shown_subject == "x-1"
    export(resource(own_type, known))
    with pytest.raises(ConfigurationError, match=rf"outputs\.{key}: found nothing, expected text\. "):
        read_stack("dev")


def test_a_secret_agent_is_not_shown(export: Export) -> None:
    declared = {"agent_id": Secret("ag-secret"), "env": "staging", "version_id": "v-1", "gate": {"passed": "all"}}
    ran = export(resource(CHECK_RUN_TYPE, {"agent_id": Secret("ag-secret"), "env": "staging", "declared": declared}))
    (found,) = read_stack("dev").runs
    assert found.place is not None
    assert (found.place.key, found.place.shown) == (("check_run", "ag-secret/staging"), "agent [secret] in staging")
    assert found.gated is not None
    assert (found.gated.shown_agent, found.gated.shown_pathway) == ("[secret]", None)
    assert found.gated.public("check run of agent ag-secret") == "check run of agent [secret]"
    assert exports(ran) == 2


@pytest.mark.parametrize(
    ("inputs", "place"),
    [
        ({"agent_id": Secret("ag-secret"), "env": "staging", "version_id": "v-1"}, "agent [secret] in staging"),
        ({"agent_id": "ag-1", "env": "production", "gate": "none"}, "agent ag-1 in production"),
        ({"agent_id": "ag-1"}, None),
    ],
)
def test_a_check_run_whose_start_was_interrupted_is_read(
    inputs: dict[str, Any], place: str | None, export: Export
) -> None:
    export(pending=[{"type": "creating", "resource": resource(CHECK_RUN_TYPE, {}, inputs=inputs)}])
    (found,) = read_stack("dev").runs
    assert (found.place.shown if found.place is not None else None) == place
    assert (found.kind, found.run_id, found.is_started, found.gated is None) == (
        "check_run",
        "",
        False,
        "gate" in inputs,
    )


def test_an_interrupted_start_on_a_secret_pathway_does_not_show_it(export: Export) -> None:
    pending = resource(SESSION, {}, inputs={"pathway_id": Secret("pw-secret")})
    export(pending=[{"type": "creating", "resource": pending}])
    (found,) = read_stack("dev").runs
    assert found.place is not None
    assert (found.place.key, found.place.shown) == (("tornado", "pw-secret"), "pathway [secret]")
    assert found.resource.is_interrupted
    assert found.gated is not None
    assert found.gated.shown_pathway == "[secret]"


def test_a_secret_that_breaks_a_rule_is_not_quoted(export: Export) -> None:
    export(session(Secret("pw-1"), timeout_ms="5-in-clear"))
    with pytest.raises(ConfigurationError, match=r"outputs\.declared: timeout_ms: a secret breaks a rule\. ") as caught:
        read_stack("dev")
    assert "in-clear" not in str(caught.value)
