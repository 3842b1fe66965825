"""The description of the sandbox has every route, and says the same as the sandbox about keys and odd requests."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, Final

import httpx
import pytest

from tornado_resource.sandbox.app import Api
from tornado_resource.sandbox.scenario_file import read_scripts
from tornado_resource.sandbox.serving import Sandbox
from tornado_resource.sandbox.store import Store

if TYPE_CHECKING:
    from collections.abc import Iterator

API: Final = Api(Store(), read_scripts(), 60.0)
OPERATIONS: Final = {f"{each.method} {each.path}": each for each in API.operations()}


@pytest.fixture(scope="module")
def http() -> Iterator[httpx.Client]:
    with Sandbox() as sandbox, httpx.Client(base_url=sandbox.url, trust_env=False) as client:
        yield client


def test_every_route_is_described(http: httpx.Client) -> None:
    served = http.get("/_sandbox/openapi.json").json()
    described = {(method.upper(), path) for path, methods in served["paths"].items() for method in methods}
    door: Any = API.asgi()
    starlette = door._app._app  # behind the faults
    answered = {
        (method, re.sub(r":\w+}", "}", route.path)) for route in starlette.routes for method in route.methods - {"HEAD"}
    }
    assert described == answered
    assert len(described) == len(OPERATIONS)


@pytest.mark.parametrize("label", OPERATIONS)
def test_the_key_is_required_where_the_description_says_so(http: httpx.Client, label: str) -> None:
    operation = OPERATIONS[label]
    path = re.sub("{[^}]*}", "1", operation.described_path)
    response = http.request(operation.method, path)
    assert (response.status_code == 401) == operation.needs_key


@pytest.mark.parametrize("method", ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "BREW"])
@pytest.mark.parametrize(
    "path",
    [
        "/nothing",
        "/v1/agent-testing/tornado/active/",
        "/v1/pathway/p%0Aq/x",
        "/v1/pathway/%00/version/1",
        "/v1/pathway/p/version/-1",
        "/v1/pathway/p/version/99999999999999999999",
        "/v1/agent-testing/tornado/%ff/status",
        "/v1/agent-testing/tornado/active?pathway_id=%ff&x",
        "/v1/agent-testing/scenarios?enabled=%00&=&&%",
        "//",  # the page
    ],
)
def test_odd_paths_and_methods_are_refused(http: httpx.Client, method: str, path: str) -> None:
    response = http.request(method, path, headers={"authorization": "sk-any-key"})
    assert response.status_code in {200, 400, 404, 501}, response.text
    assert response.headers["content-type"] in {"application/json", "text/html; charset=utf-8"}


@pytest.mark.parametrize("query", ["pathway=p", "pathway_id=p&x=1", "pathway_id=p&pathway_id=q"])
def test_unknown_parameters_are_refused(http: httpx.Client, query: str) -> None:
    response = http.get(f"/v1/agent-testing/tornado/active?{query}", headers={"authorization": "sk-any-key"})
    assert response.status_code == 400
    assert "pathway_id, persona_id" in response.json()["message"]


def test_nodes_that_are_none_are_refused(http: httpx.Client) -> None:
    """A session that forks the version edits its nodes."""
    path, headers = "/v1/pathway/p/version/1", {"authorization": "sk-any-key"}
    for body in ({"nodes": [5]}, {"nodes": [{"id": "a"}]}, {"nodes": [{"id": 5, "data": {}}]}, {"edges": [None]}):
        assert http.post(path, json=body, headers=headers).status_code == 400
