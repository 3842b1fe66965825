"""A wrong base URL changes no state and starts nothing, whatever responds there."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from tests.support import http_server

if TYPE_CHECKING:
    from contextlib import AbstractContextManager

    from tests.support.project import Project

ONE = "version: 1\nsessions:\n  support-line: {pathway_id: pw-1}\n"
UP, REFRESH, DESTROY = ((command, "--yes", "--skip-preview") for command in ("up", "refresh", "destroy"))


def server_without_routes() -> AbstractContextManager[str]:
    """Serve a 404 for every route; the context is the base URL."""

    def respond(method: str, path: str, _body: bytes) -> http_server.Response:
        message = {"message": f"Cannot {method} {path}", "error": "Not Found", "statusCode": 404}
        return 404, json.dumps(message).encode(), {}

    return http_server.serve(respond)


def test_no_command_takes_a_wrong_address_for_gone(slow_project: Project) -> None:
    """With a session that runs: what has passed is not asked for."""
    project = slow_project
    project.declare(ONE)
    project.configure("tornado:wait", "false")
    project.up()
    before, sent = project.resources(), len(project.requests())
    with server_without_routes() as url:
        for command in (UP, REFRESH, DESTROY):
            printed = project.pulumi(*command, expect=None, BLAND_BASE_URL=url)
            assert "check bland:baseUrl" in printed, command
            assert "Traceback" not in printed
    assert [(each["id"], each["outputs"]["status"]) for each in project.resources()] == [
        (each["id"], each["outputs"]["status"]) for each in before
    ]
    assert len(project.requests()) == sent
    project.up()
    assert len(project.sessions()) == 1
