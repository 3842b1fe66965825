"""The API's judges in memory; responses can be lost, and are in either form."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

import httpx

from tests.support.api import client_of, json_response
from tornado_resource.checks.judges import JudgeOrder

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.support.sandbox_api import Fault
    from tornado_resource.bland.client import Client

PATH: Final = "/v1/evals/agents"
AGENTS: Final = "/v2/agents"
LEVELS: Final = [{"level_key": key, "label": key.title(), "prompt": f"It was {key}."} for key in ("bad", "good")]
FIELDS: Final = {"prompt": "Was it good?", "levels": LEVELS, "target_level_keys": ["good"]}


def order_of(**changes: Any) -> JudgeOrder:
    return JudgeOrder(**{"name": "Good", "fields": FIELDS, **changes})


@dataclass
class JudgeApi:
    """*faults* replace the responses to writes, in order; *read_faults* those to reads. None: no fault.

    *stores*: makes what a draft stores of a body. *after_write* is called once, after the first write.
    """

    is_wrapped: bool = True
    is_whole: bool = True
    faults: list[Fault | None] = field(default_factory=list)
    read_faults: list[httpx.Response | BaseException | None] = field(default_factory=list)
    stores: Callable[[dict[str, Any]], dict[str, Any]] = dict
    judges: dict[str, dict[str, Any]] = field(default_factory=dict)
    writes: list[str] = field(default_factory=list)
    after_write: Callable[[], object] | None = None
    keeps_deleted: bool = False
    users: dict[str, list[str]] = field(default_factory=dict)
    """By agent, the judges that its checks of production name."""

    def client(self) -> Client:
        return client_of(self.handle)

    def add(self, name: str, *, is_published: bool = True, **version: Any) -> str:
        """Add a judge as somebody else has made it, and return its id."""
        judge_id = self._create({"name": name, "modality": "text"})
        self._draft(judge_id).update(version)
        if is_published:
            self._publish(judge_id)
        return judge_id

    def published(self, judge_id: str = "j-1") -> dict[str, Any]:
        judge = self.judges[judge_id]
        found: dict[str, Any] = judge["versions"][judge["active"]]
        return found

    def _read_agents(self, path: str) -> httpx.Response:
        if path == AGENTS:
            return self._form([{"id": each, "name": each} for each in self.users])
        agent_id, _, env, _ = path.removeprefix(f"{AGENTS}/").split("/")
        if agent_id == "ag-gone":
            return json_response({"error": "AGENT_NOT_FOUND", "message": "no"}, 404)
        named = self.users[agent_id] if env == "production" else []
        evals = [{"eval_agent_id": each, "eval_agent_version_id": "v", "required": True} for each in named]
        config = {"agent_id": agent_id, "env_type": env, "scenario_ids": ["tc-1"], "evals": evals}
        return json_response({"data": config if evals else None, "errors": None})

    def handle(self, request: httpx.Request) -> httpx.Response:
        if request.url.path.startswith(AGENTS):
            return self._read_agents(request.url.path)
        parts = request.url.path.removeprefix(PATH).strip("/").split("/")
        if request.method == "GET":
            fault = self.read_faults.pop(0) if self.read_faults else None
            if isinstance(fault, BaseException):
                raise fault
            return fault if fault is not None else self._read(parts)
        seen, has_effect = (self.faults.pop(0) if self.faults else None) or (None, True)
        response = self._write(request, parts) if has_effect else json_response({}, 500)
        if isinstance(seen, BaseException):
            raise seen
        return seen if seen is not None else response

    def _read(self, parts: list[str]) -> httpx.Response:
        if parts == [""]:
            listed = [self._agent(each) for each in self.judges]
            return self._form({"object": "list", "data": listed, "has_more": not self.is_whole, "next_cursor": None})
        if parts[0] not in self.judges:
            return json_response({"error": "EVAL_AGENT_NOT_FOUND", "message": "no"}, 404)
        return self._form(self._shown(parts[0]) if len(parts) == 1 else self.judges[parts[0]]["versions"][parts[2]])

    def _write(self, request: httpx.Request, parts: list[str]) -> httpx.Response:
        kind = {1: "create", 2: "publish", 3: "edit"}[len(parts) if parts != [""] else 1]
        if request.method == "DELETE":
            self.writes.append("delete")
            self.judges[parts[0]]["deleted_at"] = "2026-11-01T00:00:00.000Z"
            if not self.keeps_deleted:
                del self.judges[parts[0]]
            return httpx.Response(204)
        self.writes.append(kind)
        body = json.loads(request.content) if request.content else {}
        if kind == "create":
            response = self._form(self._shown(self._create(body)), 201)
        elif kind == "publish":
            response = self._form(self._publish(parts[0]))
        else:
            response = self._edit(parts[0], parts[2], body)
        then, self.after_write = self.after_write, None
        if then is not None:
            then()
        return response

    def _create(self, body: dict[str, Any]) -> str:
        judge_id = f"j-{len(self.judges) + 1}"
        draft = {"id": f"{judge_id}-1", "prompt_md": "", "levels": [], "target_level_keys": [], "weight": 10, **body}
        self.judges[judge_id] = {"name": body["name"], "versions": {draft["id"]: draft}, "active": None}
        return judge_id

    def _edit(self, judge_id: str, version_id: str, body: dict[str, Any]) -> httpx.Response:
        if version_id != list(self.judges[judge_id]["versions"])[-1]:
            return json_response({"error": "EVAL_AGENT_VERSION_NOT_EDITABLE", "message": "no"}, 409)
        self._draft(judge_id).update({key: each for key, each in self.stores(body).items() if key != "judge_config"})
        return self._form(self._draft(judge_id))

    def _publish(self, judge_id: str) -> dict[str, Any]:
        judge, draft = self.judges[judge_id], self._draft(judge_id)
        judge["active"] = draft["id"]
        following = {**draft, "id": f"{judge_id}-{len(judge['versions']) + 1}"}
        judge["versions"][following["id"]] = following
        return {"eval_agent_id": judge_id, "active_version_id": draft["id"], "current_version_id": following["id"]}

    def _draft(self, judge_id: str) -> dict[str, Any]:
        found: dict[str, Any] = list(self.judges[judge_id]["versions"].values())[-1]
        return found

    def _agent(self, judge_id: str) -> dict[str, Any]:
        judge = self.judges[judge_id]
        shown = {"id": judge_id, "name": judge["name"], "active_version_id": judge["active"]}
        return {**shown, "deleted_at": judge.get("deleted_at")}

    def _shown(self, judge_id: str) -> dict[str, Any]:
        if self.is_wrapped:
            return {"agent": self._agent(judge_id), "current_version": self._draft(judge_id)}
        return {**self._agent(judge_id), "current_version": self._draft(judge_id)}

    def _form(self, content: Any, status: int = 200) -> httpx.Response:
        body = {"data": content, "errors": None} if self.is_wrapped else content
        return httpx.Response(status, text=json.dumps(body))
