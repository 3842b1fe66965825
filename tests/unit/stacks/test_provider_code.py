"""The code in a state: what is ours, and what is not, is decided by its text alone."""

from __future__ import annotations

import base64
import json
import pickle
from typing import TYPE_CHECKING, Any

import pytest
from pulumi.dynamic.dynamic import serialize_provider

from tests.support.paths import EXAMPLES
from tornado_resource import provider as providers
from tornado_resource.core import urns
from tornado_resource.stacks.fields import ENCRYPTED
from tornado_resource.stacks.provider_code import OWN_PROVIDERS, ForeignProvider, foreign_providers
from tornado_resource.tornado.provider import TornadoProvider

if TYPE_CHECKING:
    from pathlib import Path

    from pulumi.dynamic import ResourceProvider

PROVIDERS = [getattr(providers, name)() for name in urns.PROVIDERS]
OURS = serialize_provider(TornadoProvider())
URN = "urn:pulumi:dev::agents::pulumi-python:dynamic/bland:TornadoSession::support-line"


class Executed:
    """Unpickled, it would create a file."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self) -> tuple[Any, ...]:
        return open, (str(self.path), "w")


def state_with(provider: Any, place: str = "outputs") -> dict[str, Any]:
    resource = {"urn": URN, "inputs": {"__provider": OURS}, "outputs": {"__provider": OURS}}
    resource[place] = {"__provider": provider}
    return {"deployment": {"resources": [{"urn": "urn:other", "outputs": {}}, resource]}}


@pytest.mark.parametrize("provider", PROVIDERS, ids=type)
def test_the_providers_that_pulumi_writes_are_ours(provider: ResourceProvider) -> None:
    assert serialize_provider(provider) in OWN_PROVIDERS
    assert list(foreign_providers(state_with(serialize_provider(provider)))) == []


def test_the_names_that_states_hold_stay() -> None:
    runs = {"TornadoProvider", "CheckRunProvider", "ConfirmationProvider"}
    others = {"ReleaseProvider", "AgentReleaseProvider", "ScenarioProvider", "ChecksProvider", "JudgeProvider"}
    assert runs | others <= urns.PROVIDERS.keys()


@pytest.mark.parametrize("protocol", [4, 5])
def test_the_providers_of_every_python_are_ours(protocol: int) -> None:
    for provider in PROVIDERS:
        assert base64.b64encode(pickle.dumps(provider, protocol)).decode() in OWN_PROVIDERS


@pytest.mark.parametrize("path", sorted((EXAMPLES / "states").glob("*.json")), ids=lambda path: path.stem)
def test_recorded_states_have_no_foreign_provider(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    assert text.count('"__provider": "') > 0
    assert list(foreign_providers(json.loads(text))) == []


@pytest.mark.parametrize("place", ["inputs", "outputs"])
def test_foreign_code_is_found_and_not_run(place: str, tmp_path: Path) -> None:
    code = base64.b64encode(pickle.dumps(Executed(tmp_path / "run"))).decode()
    path = f"deployment.resources[1].{place}.__provider"
    found = list(foreign_providers(state_with(code, place)))
    assert found == [ForeignProvider(URN, path, f"{len(code)} characters of another provider")]
    assert list(tmp_path.iterdir()) == []


OTHERS = [
    "",
    " ",
    OURS + "\n",
    OURS + "=",
    f" {OURS}",
    OURS[:-4],
    OURS.lower(),
    OURS.replace("gASV", "gAWV")[:-1],
    base64.b64encode(base64.b64decode(OURS) + b".").decode(),
    base64.b64encode(base64.b64decode(OURS).replace(b"TornadoProvider", b"TornadoProvides")).decode(),
    base64.b64encode(pickle.dumps(TornadoProvider(), 2)).decode(),
    base64.b64encode(b"cos\nsystem\n(S'true'\ntR.").decode(),
    "exports.handler = () => require('child_process')",
    None,
    5,
    True,
    [],
    [OURS],
    {"value": OURS},
    {ENCRYPTED: "1b47061264138c4ac30d75fd1eb44270", "ciphertext": "v1:x"},
    {ENCRYPTED: "1b47061264138c4ac30d75fd1eb44270", "plaintext": json.dumps(OURS)},
]


@pytest.mark.parametrize("provider", OTHERS, ids=range(len(OTHERS)))
@pytest.mark.parametrize("place", ["inputs", "outputs"])
def test_anything_else_is_foreign(provider: Any, place: str) -> None:
    assert [found.urn for found in foreign_providers(state_with(provider, place))] == [URN]


def test_an_encrypted_provider_is_told() -> None:
    (found,) = foreign_providers(state_with(OTHERS[-2]))
    assert found.found == "encrypted, which ours never is"


def test_foreign_code_is_found_wherever_it_is() -> None:
    hidden = {"a": [{"b": [[{"__provider": "x"}]]}]}
    state = {
        "deployment": {
            "resources": [
                {"urn": "urn:a", "outputs": {"declared": hidden}},
                {"urn": "urn:b", "type": "pulumi-nodejs:dynamic:Resource", "inputs": {"__provider": "x"}},
                {"urn": 5, "Inputs": {"__provider": "x"}},
            ],
            "pending_operations": [{"type": "creating", "resource": {"urn": "urn:c", "inputs": {"__provider": "x"}}}],
        },
        "__provider": "x",
    }
    assert [(found.urn, found.path) for found in foreign_providers(state)] == [
        ("no resource", "__provider"),
        ("urn:a", "deployment.resources[0].outputs.declared.a[0].b[0][0].__provider"),
        ("urn:b", "deployment.resources[1].inputs.__provider"),
        ("no resource", "deployment.resources[2].Inputs.__provider"),
        ("urn:c", "deployment.pending_operations[0].resource.inputs.__provider"),
    ]


def test_a_deeply_nested_state_is_searched() -> None:
    state: Any = {"__provider": "x"}
    for _ in range(3000):
        state = [state]
    assert len(list(foreign_providers(state))) == 1
