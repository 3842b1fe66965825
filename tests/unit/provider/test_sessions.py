"""The provider as Pulumi's server calls it, in this process, against a sandbox."""

from __future__ import annotations

import base64
import sys
from typing import TYPE_CHECKING, Any

import pytest
from pulumi import UNKNOWN
from pulumi.dynamic import Config, ConfigureRequest
from pulumi.dynamic.dynamic import serialize_provider

from tests.support.api import configure_request
from tornado_resource.errors import ConfigurationError
from tornado_resource.provider import TornadoProvider
from tornado_resource.provider.runtime import Failure, stop_runtimes
from tornado_resource.sandbox.serving import Sandbox

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

INPUTS: dict[str, Any] = {
    "name": "dev/support-line",
    "pathway_id": "pw-1",
    "max_iterations": 5.0,
    "declared_at": "s.yaml:3:3",
}


@pytest.fixture(scope="module")
def sandbox() -> Iterator[Sandbox]:
    with Sandbox() as sandbox:
        yield sandbox


@pytest.fixture
def configured() -> Iterator[Callable[[str], TornadoProvider]]:
    def configure(url: str) -> TornadoProvider:
        provider = TornadoProvider()
        provider.configure(configure_request(url))
        return provider

    yield configure
    stop_runtimes()


@pytest.fixture
def provider(sandbox: Sandbox, configured: Callable[[str], TornadoProvider]) -> TornadoProvider:
    return configured(sandbox.url)


def test_it_is_pickled_by_reference_and_holds_nothing() -> None:
    pickled = base64.b64decode(serialize_provider(TornadoProvider()))
    assert len(pickled) < 70
    assert b"\x19tornado_resource.provider\x94" in pickled


def test_create_diff_update_delete(
    provider: TornadoProvider, configured: Callable[[str], TornadoProvider], sandbox: Sandbox
) -> None:
    created = provider.create(dict(INPUTS))
    outputs = dict(created.outs or {})
    assert created.id == outputs["session_id"]
    assert (outputs["max_iterations"], type(outputs["max_iterations"])) == (5, int)
    assert provider.diff(created.id, outputs, dict(INPUTS)).changes is False
    updated = provider.update(created.id, {**outputs, "__provider": "x"}, {**INPUTS, "on_destroy": "cancel"}).outs
    assert updated is not None
    assert updated.keys() == outputs.keys()
    configured(sandbox.url).delete(created.id, outputs)
    assert provider.read(created.id, outputs).outs["status"] == "CANCELLED"  # type: ignore[index] # a dict


@pytest.mark.parametrize("key", ["pathway_id", "persona_id", "scenario_ids", "triggers", "gate", "rerun", "on_destroy"])
@pytest.mark.parametrize("depth", [0, 1, 2])
def test_a_value_that_a_preview_does_not_know_is_a_change_and_asks_nothing(
    key: str, depth: int, configured: Callable[[str], TornadoProvider]
) -> None:
    """At any depth, without a call: nobody listens at this address."""
    value: Any = UNKNOWN
    for _ in range(depth):
        value = {"inner": value}
    provider = configured("http://127.0.0.1:9")
    olds = {"declared": {"pathway_id": "pw-1", "max_iterations": 5}}
    assert provider.diff("s-1", olds, {**INPUTS, key: value}).changes is True


def test_adopt_is_only_for_a_resource_that_is_not_in_the_state(
    configured: Callable[[str], TornadoProvider], sandbox: Sandbox
) -> None:
    inputs = {**INPUTS, "pathway_id": "pw-adopt"}
    first = configured(sandbox.url).create(dict(inputs))
    adopting = configured(sandbox.url)
    assert adopting.create({**inputs, "adopt": first.id}).id == first.id
    replacing = configured(sandbox.url)
    news = {**inputs, "triggers": {"a": 1.0}, "adopt": first.id}
    assert replacing.diff(first.id, dict(first.outs or {}), news).replaces == ["triggers"]
    replacing.delete(first.id, dict(first.outs or {}))
    assert replacing.create(news).id != first.id


def test_a_session_that_another_resource_took_over_is_not_cancelled(
    configured: Callable[[str], TornadoProvider], sandbox: Sandbox
) -> None:
    """A declaration was renamed: the new name adopts, and then the old one is deleted, in one update."""
    inputs = {**INPUTS, "pathway_id": "pw-renamed"}
    first = configured(sandbox.url).create(dict(inputs))
    provider = configured(sandbox.url)
    provider.create({**inputs, "name": "dev/new-name", "adopt": first.id})
    provider.delete(first.id, dict(first.outs or {}))
    assert provider.read(first.id, {}).outs["status"] == "RUNNING"  # type: ignore[index] # a dict


def test_errors_name_the_place_and_no_module(configured: Callable[[str], TornadoProvider]) -> None:
    provider = configured("http://127.0.0.1:9")
    with pytest.raises(Failure, match=r"^s\.yaml:3:3: start on pathway pw-1: no connection to 127") as caught:
        provider.create(dict(INPUTS))
    assert (type(caught.value).__module__, type(caught.value).__qualname__) == ("builtins", "tornado")
    assert caught.value.__cause__ is None


def test_a_refresh_takes_only_a_certain_404_for_gone(
    provider: TornadoProvider, configured: Callable[[str], TornadoProvider]
) -> None:
    assert provider.read("no-such-session", {"__provider": "x"}).id == ""
    with pytest.raises(Failure, match="no connection"):
        configured("http://127.0.0.1:9").read("s-1", {})


def test_a_missing_key_is_told_as_soon_as_the_provider_is_configured() -> None:
    with pytest.raises((Failure, ConfigurationError), match="no API key: set it with"):
        TornadoProvider().configure(ConfigureRequest(Config({}, "agents")))
    sys.__dict__.pop("tracebacklimit", None)
