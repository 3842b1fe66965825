"""Generated requests to the endpoints of the sandbox, valid and invalid. To import this takes half a second."""

from __future__ import annotations

import uuid
from typing import Any, Final

import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from schemathesis import GenerationMode
from schemathesis.checks import not_a_server_error
from schemathesis.python import asgi
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    negative_data_rejection,
    positive_data_acceptance,
    response_schema_conformance,
    status_code_conformance,
)

from tests.support.soak import IS_SOAK
from tornado_resource.sandbox.app import Api
from tornado_resource.sandbox.operations import describe
from tornado_resource.sandbox.scenario_file import read_scripts
from tornado_resource.sandbox.store import Store

CASES: Final = 500 if IS_SOAK else 4
CHECKS: Final = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_schema_conformance,
    negative_data_rejection,
    positive_data_acceptance,
]
ACTIVE: Final = "GET /v1/agent-testing/tornado/active"
BY_STATE: Final = {
    "GET /v1/pathway/{pathway_id}/version/staging",
    "GET /v2/agents/{agent_id}/versions/{semver}",
    "POST /v2/agents/{agent_id}/promote",
    "POST /v2/agents/{agent_id}/rollback",
    "PUT /v2/agents/{agent_id}/environments/{env}/checks",
    "POST /v2/agents/{agent_id}/environments/{env}/check-runs",
    "GET /v1/evals/agents",
}
"""They respond with 400 to a valid request for what there is not."""
HEADERS: Final = {"authorization": "sk-any-key"}
SCRIPTS: Final = read_scripts()
OPERATIONS: Final = {f"{each.method} {each.path}": each for each in Api(Store(), SCRIPTS, 60.0).operations()}
SCHEMA: Final = schemathesis.openapi.from_dict(describe(OPERATIONS.values()))


def cases_of(label: str) -> st.SearchStrategy[Any]:
    """Valid and invalid requests; those of an operation that takes nothing are all the same."""
    operation = OPERATIONS[label]
    described = SCHEMA[operation.described_path][operation.method]
    valid = described.as_strategy(GenerationMode.POSITIVE)
    if label == ACTIVE:  # one of its parameters is required, which OpenAPI cannot say
        valid = valid.filter(lambda case: any((case.query or {}).values()))
    takes_nothing = operation.body is None and not operation.query and "{" not in operation.path
    return valid if takes_nothing else valid | described.as_strategy(GenerationMode.NEGATIVE)


def send(client: Any, case: Any) -> Any:
    return case.call(session=client, base_url="http://127.0.0.1", headers=HEADERS)


def known(client: Any, names: set[str]) -> dict[str, str]:
    """Parameters of a path that name a new session, check run or judge."""
    tornado, agent_id = "/v1/agent-testing/tornado", str(uuid.uuid4())
    if "session_id" in names:
        return {"session_id": post(client, f"{tornado}/start", {"pathway_id": str(uuid.uuid4())})["session_id"]}
    if "run_id" in names and "agent_id" in names:
        run = post(client, f"/v2/agents/{agent_id}/environments/staging/check-runs", {})["data"]
        return {"agent_id": agent_id, "run_id": run["id"]}
    if "eval_agent_id" in names:
        judge = post(client, "/v1/evals/agents", {"name": "New", "modality": "text"})["data"]["agent"]
        ids = {"eval_agent_id": judge["id"], "version_id": judge["current_version_id"]}
        return {name: ids[name] for name in names & ids.keys()}
    return {}


def post(client: Any, path: str, body: Any) -> Any:
    return client.post(f"http://127.0.0.1{path}", headers=HEADERS, json=body).json()


def try_requests(label: str) -> None:
    """Send generated requests to an operation of the sandbox, such as `GET /v1/…`, and check each response."""
    # In a query, every value is a text, and so a valid one.
    checks = [each for each in CHECKS if each is not negative_data_rejection or not OPERATIONS[label].query]
    if label in BY_STATE:
        checks.remove(positive_data_acceptance)

    @given(case=cases_of(label), is_known=st.booleans())
    @settings(max_examples=CASES, phases=[Phase.generate], suppress_health_check=list(HealthCheck))
    def run(client: Any, case: Any, is_known: bool) -> None:  # noqa: FBT001 # hypothesis passes it by name
        if is_known and case.path_parameters:
            case.path_parameters.update(known(client, set(case.path_parameters)))
        response = send(client, case)
        if "Integers must be at most" in response.text:  # also deep in objects that may hold anything
            assert response.status_code == 400
        elif response.status_code == 501:  # what is sent in the path makes another route of it
            assert response.json()["message"].startswith("The documented API has no ")
        else:
            case.validate_response(response, checks=checks)

    # A new sandbox for each endpoint: lists of what thousands of other requests made would take minutes to check.
    app: Any = Api(Store(), SCRIPTS, 60.0).asgi()
    with asgi.get_client(app, max_stream_events=1) as client:
        run(client)
