"""The API's endpoints of publishing an agent, with faults in the place of responses."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

import httpx

from tests.support.api import FakeTime, json_response

if TYPE_CHECKING:
    from collections.abc import Callable

MOVED: Final = {"publish": ("staging",), "promote": ("staging", "production"), "rollback": ("production",)}
"""By request, the environments that pin the version then."""


def coded(status: int, code: str) -> httpx.Response:
    return httpx.Response(status, json={"data": None, "errors": [{"error": code, "message": "no"}]})


@dataclass
class AgentApi:
    """An agent `a-1`, whose environments pin version `v-1`. *form*: `wrapped` or `bare`.

    *faults* are instead of responses to publish and promote, in order: a response or transport error, and whether the
    request took effect. *reads* are those to reads of the environments. A publish shows after *delay* reads more.
    """

    form: str = "wrapped"
    faults: list[tuple[httpx.Response | Exception, bool]] = field(default_factory=list)
    reads: list[httpx.Response | Exception | None] = field(default_factory=list)
    delay: int = 0
    pins: dict[str, str | None] = field(default_factory=lambda: {"staging": "v-1", "production": "v-1"})
    sent: list[dict[str, Any]] = field(default_factory=list)
    calls: list[str] = field(default_factory=list)
    time: FakeTime = field(default_factory=FakeTime)
    is_idle: bool = False
    """Whether publish and promote say yes and change nothing."""
    is_new: bool = False
    """Whether production has never had the version, so that it cannot go back to it."""
    snapshot: dict[str, Any] = field(default_factory=dict)
    when_sent: Callable[[], object] = lambda: None
    _coming: dict[str, str | None] = field(default_factory=dict)

    def handle(self, request: httpx.Request) -> httpx.Response:
        last = request.url.path.rpartition("/")[2]
        if last == "latest":  # the version that is about to be published, which says only which variables it needs
            return self._shown({"id": "v-2", "snapshot": self.snapshot})
        self.calls.append(last)
        if last == "variables":
            return self._shown([])
        if last in MOVED:
            return self._move(last, json.loads(request.content))
        if last == "environments":
            return self._environments()
        return self._shown([] if last == "check-runs" else None)

    def _move(self, verb: str, body: dict[str, Any]) -> httpx.Response:
        if verb == "rollback" and self.is_new:
            return coded(400, "BAD_REQUEST")
        self.sent.append(body)
        self.when_sent()
        seen, has_effect = self.faults.pop(0) if self.faults else (None, True)
        is_there = self.pins[MOVED[verb][-1]] == body["version_id"]
        if has_effect and not self.is_idle:
            self._coming = dict.fromkeys(MOVED[verb], body["version_id"])
            if not self.delay:
                self.pins |= self._coming
        if isinstance(seen, Exception):
            raise seen
        if seen is not None:
            return httpx.Response(seen.status_code, headers=seen.headers, content=seen.content)
        if is_there and verb == "promote":
            return coded(400, "ALREADY_IN_PRODUCTION")
        return self._shown({"semver": "1.1.0", "environments": self._listed()}, 200 if is_there else 201)

    def _environments(self) -> httpx.Response:
        seen = self.reads.pop(0) if self.reads else None
        if isinstance(seen, Exception):
            raise seen
        if seen is not None:
            return httpx.Response(seen.status_code, content=seen.content)
        if self._coming:
            self.delay -= 1
            self.pins |= self._coming if self.delay < 0 else {}
        return self._shown(self._listed())

    def _listed(self) -> list[dict[str, Any]]:
        current = {version: {"name": None, "semver": "1.1.0"} for version in self.pins.values() if version is not None}
        return [
            {"env_type": env, "current_version_id": version, "current_version": current.get(version or "")}
            for env, version in {"dev": None, **self.pins}.items()
        ]

    def _shown(self, content: Any, status: int = 200) -> httpx.Response:
        return json_response({"data": content, "errors": None} if self.form == "wrapped" else content, status)
