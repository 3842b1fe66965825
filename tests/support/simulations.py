"""Simulation sets as the API returns them, and confirmations that follow from them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Any, Final

from tests.support.api import EPOCH
from tests.support.sandbox_api import SET_ENDS, RunApi
from tornado_resource.bland.simulation_sets import SimulationSet
from tornado_resource.confirmations.kind import SetStatus
from tornado_resource.core.urns import SESSION_TYPE
from tornado_resource.declarations.model import Confirm, Gate
from tornado_resource.runs.model import GatedRun
from tornado_resource.runs.order import Address, Order

if TYPE_CHECKING:
    from tests.support.sandbox_api import Entry

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
class SimulationApi(RunApi):
    """The API's simulation sets: *faults* hit starts, *read_faults* the list of their runs.

    *active_late*: seconds until the runs of a new set are listed.
    """

    PREFIX = "/v1/agent-testing/"
    FAULTY = ("POST", "GET runs")
    START = "POST simulation-sets"
    ID_KEY = "simulation_set_id"

    @property
    def sessions(self) -> list[Entry]:
        return [self.entry(each["id"], each["created_ms"]) for each in self.store.all_documents("set")]

    def add(self, *, age: float = 0.0, **request: Any) -> Entry:
        """Add a set as somebody else has started it."""
        set_id = self.stage.start_set(request, self.now_ms(age))
        return self.entry(set_id, self.now_ms(age))

    def status_of(self, run_id: str) -> str:
        return str(self.stage.simulation_set(run_id)["status"])

    def end(self, run_id: str, status: str) -> None:
        stored = self.store.document("set", run_id)
        assert stored is not None
        self.store.put("set", run_id, {**stored, "entry": SET_ENDS.index(status)}, stored["pathway_id"])

    def changed(self, call: str, content: Any) -> Any:
        if call == "GET runs":
            created = {each.session_id: each.created_at for each in self.sessions}
            until = EPOCH + timedelta(seconds=self.time.seconds - self.active_late)
            content["runs"] = [each for each in content["runs"] if created[each["simulation_set_id"]] <= until]
        return self.wrapped(content)
