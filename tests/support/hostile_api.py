"""An API whose responses have one text in every place where the real one has a text, over real sockets."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from tests.support import http_server

if TYPE_CHECKING:
    from collections.abc import Sequence
    from contextlib import AbstractContextManager

FAILED = "COMPLETED_PARTIAL"


@dataclass
class HostileApi:
    """What the API responds.

    Args:
        text: in every text of every response, and as the name of a member.
        more: further texts, as ids, times, names, and in fix plans.
        session_id: of the sessions that it starts; None for a sound and new one each time.
        created_at: of these; None for the present time.
        status: of these, when they are asked for.
        code: the HTTP status of all responses; with anything but 200, *text* is the message.
        headers: of all responses.
        requests: the method and path of each request so far.

    """

    text: str
    more: Sequence[str] = ()
    session_id: str | None = None
    created_at: str | None = None
    status: str = FAILED
    code: int = 200
    headers: dict[str, str] = field(default_factory=dict)
    requests: list[str] = field(default_factory=list)

    def respond(self, method: str, path: str) -> tuple[int, Any]:
        self.requests.append(f"{method} {path}")
        if self.code != 200:
            return self.code, {"message": self.text, "error": self.text, self.text: self.text}
        if path.endswith("/start"):
            return 200, self._started()
        if path.endswith("/active"):
            return 404, {"message": self.text, self.text: self.text}
        if path.endswith("/status"):
            return 200, self._status()
        if "/batches/" in path:
            runs = [{"run_id": "r-1", "scenario_id": each, "status": "FAILED"} for each in ("sc-2", self.text)]
            return 200, {"batch_id": self.text, "status": self.text, "runs": runs, self.text: self.text}
        if path.endswith("/runs"):
            return 200, {"runs": [], self.text: self.text}
        if "/runs/" in path:
            return 200, self._run()
        if "/scenarios/" in path or (method == "POST" and path.endswith("/scenarios")):
            return 200, self._scenario("sc-9", self.text)
        if path.endswith("/scenarios"):
            more = {f"sc-more-{n}": each for n, each in enumerate(self.more)}
            named = {"sc-9": "Refund", "sc-1": self.text, "sc-2": self.text, **more}
            return 200, {"scenarios": [self._scenario(*each) for each in named.items()], self.text: self.text}
        return 200, {"cancelled": True, "message": self.text, self.text: self.text}

    def _started(self) -> dict[str, Any]:
        number = sum(request.endswith("/start") for request in self.requests)
        now = datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
        return {
            "session_id": self.session_id or f"s-{number}",
            "status": "RUNNING",
            "pathway_id": self.text,
            "max_iterations": 5,
            "timeout_ms": 900_000,
            "created_at": self.created_at or now,
            self.text: self.text,
        }

    def _status(self) -> dict[str, Any]:
        text = self.text
        fix = {"id": text, "target_node": text, "description": text, "type": text}
        iteration = {
            "iteration": 1,
            "batch_id": "b-1",
            "started_at": text,
            "completed_at": text,
            "passed_ids": ["sc-1"],
            "failed_ids": [text, "sc-2", *self.more],
            "newly_unfixable_ids": [text],
            "fix_plan": {"fixes": [fix], "priority_order": [text]},
            "norm_prompt_excerpt": text,
        }
        before = [
            iteration
            | {"completed_at": each, "started_at": each, "batch_id": each}
            | {"fix_plan": {"fixes": [dict.fromkeys(fix, each)]}}
            for each in self.more
        ]
        counts = {"current_iteration": 1, "total_scenarios": 3, "passed_scenarios": 1, "failed_scenarios": 2}
        return {
            "status": self.status,
            "unfixable_ids": [text, *self.more],
            "iterations": [*before, iteration],
            **counts,
            text: text,
        }

    def _run(self) -> dict[str, Any]:
        text = self.text
        asserted = {"name": text, "type": text, "passed": False, "reason": text}
        return {
            "run_id": text,
            "chat_history": [{"role": text, "content": text}, *({"role": each, "content": each} for each in self.more)],
            "assertion_results": [asserted],
            "error_message": text,
            text: text,
        }

    def _scenario(self, scenario_id: str, name: str) -> dict[str, Any]:
        return {"id": scenario_id, "name": name, "tester_persona_prompt": self.text, "metadata": {self.text: 1}}


def serving(api: HostileApi) -> AbstractContextManager[str]:
    """Serve *api*; the context is its base URL. What *api* responds may be changed meanwhile."""

    def respond(method: str, path: str, _body: bytes) -> http_server.Response:
        status, content = api.respond(method, path.partition("?")[0])
        return status, json.dumps(content).encode(), api.headers

    return http_server.serve(respond)
