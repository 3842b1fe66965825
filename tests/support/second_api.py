"""A second API over real sockets. It shares no code with the sandbox and responds in forms of its own."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal
from urllib.parse import urlsplit

from tests.support import http_server

if TYPE_CHECKING:
    from contextlib import AbstractContextManager

ROOT = "/v1/agent-testing"
SCENARIOS = ["sc-1", "sc-2"]


@dataclass
class SecondApi:
    """Each session is running when it is first asked for, and has ended afterwards; those of `pw-bad` fail.

    *form*: `plain` as the API's page has it, `wrapped` as its command line reads it: other keys, in an envelope.
    """

    form: Literal["plain", "wrapped"]
    pathways: dict[str, str] = field(default_factory=dict)
    asked: dict[str, int] = field(default_factory=dict)

    def respond(self, method: str, path: str, body: dict[str, Any]) -> tuple[int, Any]:
        """Return the status and content of a response."""
        match method, path.removeprefix(ROOT).strip("/").split("/"):
            case "POST", ["tornado", "start"]:
                session_id = f"session-{len(self.pathways) + 1}"
                self.pathways[session_id] = body["pathway_id"]
                return 200, self._object(session_id, {"status": "RUNNING", "created_at": "2026-04-14T10:15:00.000Z"})
            case "GET", ["tornado", session_id, "status"] if session_id in self.pathways:
                return 200, self._object(session_id, self._status(session_id))
            case "GET", ["scenarios"]:
                listed = [{"id": each, "name": each, "is_required_for_promotion": True} for each in SCENARIOS]
                return 200, {"data": listed} if self.form == "wrapped" else listed
        return 404, {"message": "not found"}

    def _status(self, session_id: str) -> dict[str, Any]:
        self.asked[session_id] = self.asked.get(session_id, 0) + 1
        if self.asked[session_id] == 1:
            return {"status": "RUNNING", "total_scenarios": len(SCENARIOS)}
        passed = SCENARIOS[:1] if self.pathways[session_id] == "pw-bad" else SCENARIOS
        failed = [each for each in SCENARIOS if each not in passed]
        return {
            "status": "COMPLETED_PARTIAL" if failed else "COMPLETED_ALL_PASSED",
            "total_scenarios": len(SCENARIOS),
            "passed_scenarios": len(passed),
            "failed_scenarios": len(failed),
            "iterations": [{"iteration": 1, "passed_ids": passed, "failed_ids": failed}],
        }

    def _object(self, session_id: str, content: dict[str, Any]) -> dict[str, Any]:
        if self.form == "wrapped":
            return {"data": {"tornado_id": session_id, **content}, "errors": None}
        return {"id": session_id, **content}


def serve(api: SecondApi) -> AbstractContextManager[str]:
    """Serve an API; the context is its base URL."""

    def respond(method: str, path: str, body: bytes) -> http_server.Response:
        status, content = api.respond(method, urlsplit(path).path, json.loads(body or "{}"))
        return status, json.dumps(content).encode(), {}

    return http_server.serve(respond)
