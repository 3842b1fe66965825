"""The API's endpoints of check runs, with faults as the fake API of sessions has them, and check runs that end."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from datetime import timedelta
from typing import TYPE_CHECKING, Any, Final

from tests.support.api import EPOCH, FakeApi, FakeSession, format_date, json_response
from tornado_resource.runs.order import Address, Order

if TYPE_CHECKING:
    from datetime import datetime

    import httpx

    from tests.support.api import FakeTime

CHECKED: Final = {"agent_id": "a-1", "env": "staging", "version_id": "v-1"}
CHECK_ADDRESS: Final = Address("b", "agents", "dev", "support")
ENDED: Final = {"PASSED": True, "FAILED": False, "ERROR": None, "CANCELLED": None}
"""By final status, what the API says of all judges."""


def check_order(on_conflict: Any = "fail", **fields: Any) -> Order:
    return Order(CHECK_ADDRESS, {**CHECKED, **fields}, on_conflict, "check_run")


@dataclass
class CheckRunApi(FakeApi):
    """The API of agents: one check run at a time for an agent and env, and a list of all of them, newest first.

    *lag*: how many lists do not show what was started. *shows_times*: whether runs have their time of creation.
    """

    lag: int = 0
    snapshot: dict[str, Any] = field(default_factory=dict)
    shows_times: bool = True

    @classmethod
    def of(cls, time: FakeTime, form: str = "bare", **given: Any) -> CheckRunApi:
        return cls(time, is_wrapped=form == "wrapped", **given)

    def place(self, body: dict[str, Any]) -> str:
        return f"{body['agent_id']}/{body['env']}"

    def add(self, pathway_id: str = "", *, age: float = 0.0, **body: Any) -> FakeSession:
        run = super().add(pathway_id, age=age, **{**CHECKED, **body})
        run.session_id = f"cr-{self.added}"
        return run

    def handle(self, request: httpx.Request) -> httpx.Response:
        match request.method, request.url.path.removeprefix("/v2/agents").strip("/").split("/"):
            case "POST", [agent_id, "environments", env, "check-runs"]:
                self.calls.append("POST start")
                return self._start({"agent_id": agent_id, "env": env, **json.loads(request.content)})
            case "GET", [agent_id, "check-runs"]:
                self.calls.append("GET list")
                return self._list(f"{agent_id}/{request.url.params['env']}")
            case "GET", [_, "versions", "latest"]:  # what starts says only which variables it needs
                return self._enveloped({"id": "v-1", "snapshot": self.snapshot})
            case "GET", [_, "environments", _, "variables"]:
                return self._enveloped([])
            case method, [_, "check-runs", run_id, *verb]:
                self.calls.append(" ".join([method, "/".join([run_id, *verb])]))
                run = next((run for run in self.sessions if run.session_id == run_id), None)
                return self._one(run, is_cancel=bool(verb))
        self.calls.append("GET agents")
        return self._enveloped([{"id": "a-1", "name": "Agent"}])

    def _list(self, place: str) -> httpx.Response:
        if self.active_faults:
            fault = self.active_faults.pop(0)
            if isinstance(fault, Exception):
                raise fault
            return fault
        headers = {"date": format_date(EPOCH + timedelta(seconds=self.time.seconds))} if self.sends_date else {}
        hidden = self.effective_starts if self.lag > 0 else 0
        self.lag -= 1
        shown = self.sessions[: len(self.sessions) - hidden]
        listed = sorted((run for run in shown if self.place(run.body) == place), key=lambda run: run.created_at)
        return self._enveloped([self._shown(run) for run in reversed(listed)], headers)

    def _one(self, run: FakeSession | None, *, is_cancel: bool) -> httpx.Response:
        if run is None:
            return self._refused(404, "CHECK_RUN_NOT_FOUND")
        if is_cancel:
            if run.status != "RUNNING":
                return self._refused(409, "CONFLICT")
            run.status = "CANCELLED"
        return self._enveloped(self._shown(run))

    def _refused(self, status: int, code: str) -> httpx.Response:
        return json_response({"data": None, "errors": [{"error": code, "message": "no"}]}, status)

    def _form(self, content: dict[str, Any], headers: dict[str, str] | None = None) -> httpx.Response:
        return self._enveloped(content, headers)

    def _enveloped(self, content: Any, headers: dict[str, str] | None = None) -> httpx.Response:
        return json_response({"data": content, "errors": None} if self.is_wrapped else content, headers=headers)

    def _shown(self, session: FakeSession) -> dict[str, Any]:
        body = session.body
        return {
            "id": session.session_id,
            "agent_id": body["agent_id"],
            "env_type": body["env"],
            "agent_version_id": body["version_id"],
            "semver": None,
            "status": session.status,
            "overall_passed": ENDED.get(session.status),
            "error_message": "the simulations could not be started" if session.status == "ERROR" else None,
            "created_at": _written(session.created_at) if self.shows_times else None,
        }


def _written(moment: datetime) -> str:
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")
