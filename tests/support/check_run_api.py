"""The API's check runs in the sandbox, which end when a test says so."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

import httpx

from tests.support.api import FakeTime
from tests.support.sandbox_api import RUN_ENDS, RunApi
from tornado_resource.runs.order import Address, Order

if TYPE_CHECKING:
    from tests.support.sandbox_api import Entry

CHECKED: Final = {"agent_id": "a-1", "env": "staging", "version_id": "v-1"}
CHECK_ADDRESS: Final = Address("b", "agents", "dev", "support")
IN_FLIGHT: Final = ("PENDING", "RUNNING")
CALLS: Final = {
    r"POST a-1/environments/\w+/check-runs": "POST start",
    r"GET a-1/check-runs": "GET list",
    r"(\w+) a-1/check-runs/(.+)": r"\1 \2",
    r"GET a-1/environments/\w+/checks": "GET checks",
    r"GET (a-1/.+)": r"GET /\1",
    r"GET /v2/agents": "GET agents",
}
"""How requests are recorded; the reads of what a version needs are not."""


def check_order(on_conflict: Any = "fail", **fields: Any) -> Order:
    return Order(CHECK_ADDRESS, {**CHECKED, **fields}, on_conflict, "check_run")


def seen(status: str) -> str:
    """A status, or RUNNING for a run that is in flight: it is PENDING for some seconds."""
    return "RUNNING" if status in IN_FLIGHT else status


@dataclass
class CheckRunApi(RunApi):
    """The check runs of agent a-1, whose versions are v-1 and v-2: *faults* hit starts, *read_faults* the list of runs.

    *lag*: how many lists do not show what was started. *shows_times*: whether runs have their time of creation.
    *snapshot*: what the newest version holds. *shown*: fields that every run has instead of its own.
    """

    lag: int = 0
    snapshot: dict[str, Any] = field(default_factory=dict)
    shows_times: bool = True
    shown: dict[str, Any] = field(default_factory=dict)

    PREFIX = "/v2/agents/"
    FAULTY = ("POST start", "GET list")
    START = "POST start"

    def __post_init__(self) -> None:
        super().__post_init__()
        self.stage.add_agent("a-1", self.snapshot)

    @classmethod
    def of(cls, time: FakeTime | None = None, form: str = "bare", **given: Any) -> CheckRunApi:
        return cls(time or FakeTime(), is_wrapped=form == "wrapped", **given)

    @property
    def sessions(self) -> list[Entry]:
        return [self.entry(each["id"], each["created_ms"]) for each in self.store.all_documents("run")]

    def add(self, *, age: float = 0.0, **body: Any) -> Entry:
        """Add a run as somebody else has started it."""
        checked = {**CHECKED, **body}
        run_id = self.stage.start_checks(checked, self.now_ms(age))
        return self.entry(run_id, self.now_ms(age))

    def status_of(self, run_id: str) -> str:
        return str(self.stage.check_run(run_id)["status"])

    def end(self, run_id: str, status: str) -> None:
        run = self.store.document("run", run_id)
        assert run is not None
        self.store.put("run", run_id, {**run, "entry": RUN_ENDS.index("never" if status in IN_FLIGHT else status)})

    def call_of(self, request: httpx.Request) -> str:
        call = super().call_of(request)
        for pattern, name in CALLS.items():
            if found := re.fullmatch(pattern, call):
                return found.expand(name)
        return call

    def started(self, started: dict[str, Any], response: httpx.Response) -> httpx.Response:
        return httpx.Response(response.status_code, json=self.stage.check_run(started["id"]))

    def changed(self, call: str, content: Any) -> Any:
        if call == "GET list":
            if self.lag > 0:
                content = content[self.effective_starts :]
            self.lag -= 1
        for each in content if isinstance(content, list) else [content]:
            if not self.shows_times and "triggered_by" in each:
                each["created_at"] = None
            if "triggered_by" in each:
                each.update(self.shown)
        return self.wrapped(content)
