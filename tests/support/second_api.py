"""A second API over real sockets. It shares no code with the sandbox and responds in forms of its own."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Literal
from urllib.parse import urlsplit

from tests.support import http_server

if TYPE_CHECKING:
    from contextlib import AbstractContextManager

ROOT = "/v1/agent-testing"
AGENTS = "/v2/agents"
SCENARIOS = ["sc-1", "sc-2"]


@dataclass
class SecondAgent:
    """An agent with one version, and checks of two judges. A check run has ended once it was asked for.

    The response to the first start of one is lost, and that run has ended by then. *pins*: what each environment pins.
    """

    pins: dict[str, str | None] = field(default_factory=lambda: {"dev": None, "staging": None, "production": None})
    runs: list[dict[str, Any]] = field(default_factory=list)
    started: int = 0

    def respond(self, method: str, parts: list[str], body: dict[str, Any]) -> tuple[int, Any]:
        """Return the status and content of a response, without its envelope."""
        match method, parts:
            case "GET", [_, "versions", "latest"]:
                return 200, {"id": "version-9", "agent_id": "agent-1", "name": None, "semver": None, "revision": 2}
            case "GET", [_, "environments"]:
                return 200, [
                    {"id": f"env-{name}", "env_type": name, "current_version_id": pin, "current_version": None}
                    for name, pin in self.pins.items()
                ]
            case "POST", [agent_id, "environments", env, "check-runs"]:
                return self._start(agent_id, env, body["version_id"])
            case "GET", [_, "check-runs"]:
                return 200, self.runs
            case "GET", [_, "check-runs", run_id]:
                run = next(each for each in self.runs if each["id"] == run_id)
                run |= ENDED_CHECKS
                return 200, run
            case "POST", [_, "publish"]:
                self.pins["staging"] = body["version_id"]
                return 201, {"version": {"id": body["version_id"]}, "semver": "1.0.0", "environments": []}
        return 404, None

    def _start(self, agent_id: str, env: str, version_id: str) -> tuple[int, Any]:
        self.started += 1
        now = datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
        run = {
            "id": f"check-{self.started}",
            "agent_id": agent_id,
            "env_type": env,
            "agent_version_id": version_id,
            "semver": None,
            "version_name": None,
            "status": "PENDING",
            "judge_names": ["Resolved", "Polite"],
            "scenario_count": 2,
            "simulations_count": 5,
            "overall_passed": None,
            "verdicts": [],
            "error_message": None,
            "created_at": now,
        }
        self.runs.insert(0, run)
        if self.started > 1:
            return 202, run
        run |= ENDED_CHECKS
        return 502, None


ENDED_CHECKS: dict[str, Any] = {
    "status": "PASSED",
    "overall_passed": True,
    "completed_at": "2099-04-14T10:15:00.000Z",
    "verdicts": [
        {
            "eval_agent_id": f"judge-{number}",
            "eval_agent_version_id": f"judge-version-{number}",
            "name": name,
            "required": is_required,
            "target_level_keys": None,
            "match_rate": rate,
            "score": None,
            "passed": rate >= 0.5,
        }
        for number, (name, is_required, rate) in enumerate([("Resolved", True, 1.0), ("Polite", False, 0.2)])
    ],
}


@dataclass
class SecondApi:
    """Each session is running when it is first asked for, and has ended afterwards; those of `pw-bad` fail.

    *form*: `plain` as the API's page has it, `wrapped` as its command line reads it: other keys, in an envelope. What
    is about agents has the same keys in both.
    """

    form: Literal["plain", "wrapped"]
    pathways: dict[str, str] = field(default_factory=dict)
    asked: dict[str, int] = field(default_factory=dict)
    agent: SecondAgent = field(default_factory=SecondAgent)

    def respond(self, method: str, path: str, body: dict[str, Any]) -> tuple[int, Any]:
        """Return the status and content of a response."""
        if path.startswith(f"{AGENTS}/"):
            status, content = self.agent.respond(method, path.removeprefix(f"{AGENTS}/").split("/"), body)
            errors = None if status < 300 else [{"error": "FAILED", "message": "no"}]
            return status, {"data": content, "errors": errors} if self.form == "wrapped" or errors else content
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
