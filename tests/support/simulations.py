"""Simulation sets as the API returns them, and confirmations that follow from them."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Any, Final

from tests.support.api import EPOCH, FakeApi, FakeSession, json_response
from tornado_resource.bland.simulation_sets import SimulationSet
from tornado_resource.confirmations.kind import SetStatus
from tornado_resource.core.urns import SESSION_TYPE
from tornado_resource.declarations.model import Confirm, Gate
from tornado_resource.runs.model import GatedRun
from tornado_resource.runs.order import Address, Order

if TYPE_CHECKING:
    import httpx

CREATED_AT: Final = "2026-04-14T10:00:00.000Z"
REQUEST: Final[dict[str, Any]] = {
    "session_id": "session-1",
    "pathway_id": "pw-1",
    "version_number": 5,
    "scenario_ids": ["refund", "cancel"],
    "simulations_per_scenario": 5,
}
ALL_PASSED: Final = {"refund": (5, 0), "cancel": (5, 0)}


def set_body(status: str = "PASSED", rates: dict[str, tuple[int, int]] | None = None, **more: Any) -> dict[str, Any]:
    """The body of *Get Simulation Set*; *rates* are how many runs of each scenario passed and failed."""
    shown = ALL_PASSED if rates is None else rates
    per_scenario = {
        key: {"scenario_id": key, "total_runs": passed + failed, "passed": passed, "failed": failed}
        for key, (passed, failed) in shown.items()
    }
    return {
        "id": "set-1",
        "status": status,
        "simulations_per_scenario": 5,
        "total_scenarios": 2,
        "statistics": {"per_scenario": per_scenario},
        "created_at": CREATED_AT,
        "completed_at": "2026-04-14T10:05:00.000Z",
        **more,
    }


def set_status(*args: Any, **more: Any) -> SetStatus:
    """The status of a set; the arguments are those of `set_body`."""
    found = SimulationSet.parse(set_body(*args, **more))
    assert found is not None
    return SetStatus.of(found)


GATE: Final = Confirm(5, "80%")


def gated_set(confirm: Confirm | None = GATE, **changes: Any) -> GatedRun:
    """A confirmation under the gate of its session."""
    known: dict[str, Any] = {"gate": Gate(confirm=confirm), "request": REQUEST, "kind": "confirmation"}
    return GatedRun("booking", "set-1", **(known | changes))


CONFIRM_ADDRESS: Final = Address("b", "agents", "dev", "booking", SESSION_TYPE)


def set_order(**fields: Any) -> Order:
    return Order(CONFIRM_ADDRESS, {**REQUEST, **fields}, kind="confirmation")


@dataclass
class SimulationApi(FakeApi):
    """The API's simulation sets: any number at once, and no list of them but that of their runs, newest first.

    *active_late*: seconds until the runs of a new set are listed. *active_faults*: in place of the lists, in order.
    """

    def place(self, body: dict[str, Any]) -> str:
        return str(id(body))  # none is ever taken

    def handle(self, request: httpx.Request) -> httpx.Response:
        path = request.url.path.removeprefix("/v1/agent-testing/")
        self.calls.append(f"{request.method} {path}")
        if request.method == "POST":
            return self._start(json.loads(request.content))
        if path == "runs":
            return self._list(**request.url.params)
        found = next((each for each in self.sessions if path.endswith(f"/{each.session_id}")), None)
        if found is None:
            return json_response({"message": "Simulation set not found"}, 404)
        return self._form(self._shown(found) | {"id": found.session_id, "simulation_set_id": None})

    def _list(self, pathway_id: str, scenario_id: str = "", limit: str = "") -> httpx.Response:
        if self.active_faults:
            fault = self.active_faults.pop(0)
            if isinstance(fault, Exception):
                raise fault
            return fault
        until = EPOCH + timedelta(seconds=self.time.seconds - self.active_late)
        shown = [each for each in reversed(self.sessions) if each.created_at <= until and scenario_id in _ids(each)]
        runs = [
            {
                "simulation_set_id": each.session_id,
                "scenario_id": scenario_id,
                "trigger_source": "simulation",
                "created_at": each.created_at.isoformat(),
            }
            for each in shown
            if each.body["pathway_id"] == pathway_id
            for _ in range(each.body["simulations_per_scenario"])
        ]
        return self._form({"runs": runs[: int(limit)], "total_count": len(runs)}, self._headers())

    def _shown(self, session: FakeSession) -> dict[str, Any]:
        return {
            "simulation_set_id": session.session_id,
            "status": session.status,
            "simulations_per_scenario": session.body["simulations_per_scenario"],
            "total_scenarios": len(session.body["scenario_ids"]),
            "created_at": session.created_at.isoformat(timespec="milliseconds").replace("+00:00", "Z"),
        }


def _ids(session: FakeSession) -> list[str]:
    return list(session.body["scenario_ids"])
