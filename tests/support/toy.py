"""The smallest kind of run: a toy is wound up, and is then good or bad. Its line of registry is the last one.

The acceptance test copies this file into a project, so it imports nothing but the package.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Final

from tornado_resource.bland.responses import Meaning, segment
from tornado_resource.bland.sessions import Status
from tornado_resource.core.canonical import whole_without_nulls
from tornado_resource.program.run_resource import RunResource, after_registration, run_inputs, run_options
from tornado_resource.provider.run_provider import RunProvider
from tornado_resource.runs.kinds import KINDS, Kind
from tornado_resource.runs.model import Result
from tornado_resource.runs.order import Found, StartedRun
from tornado_resource.runs.rerun import LastRun
from tornado_resource.runs.verdict import make_verdict

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from tornado_resource.bland.client import Client
    from tornado_resource.bland.listing import Scenario
    from tornado_resource.bland.retrying import Retry
    from tornado_resource.errors import NotFound
    from tornado_resource.runs.model import Ending, GatedRun, Outcome, RunFacts, RunVerdict
    from tornado_resource.runs.order import Order, Run

STATUSES: Final = {
    "GOOD": Meaning(),
    "BAD": Meaning(),
    "BROKEN": Meaning("it broke", advice="Buy a new one"),
    "LOST": Meaning("it was lost, which says nothing of it", advice="Look for it", says_nothing=True),
}


@dataclass(frozen=True, slots=True)
class ToyStatus(Status):
    """The status of a toy."""

    @property
    def is_running(self) -> bool:
        return self.status == "WOUND"

    @property
    def is_final(self) -> bool:
        return self.status in STATUSES

    @property
    def shown(self) -> dict[str, Any]:
        return {}


class Toy(Kind):
    """One toy is wound up at a time on a shelf. The API lists all of them."""

    name = "toy"
    noun = "toy"
    place_noun = "shelf"
    resource_type = "pulumi-python:dynamic/tests:ToyRun"
    id_output = "toy_id"
    place_outputs = ("shelf",)
    intents = "toy-intents"
    fields = ("shelf", "colour")
    statuses = STATUSES
    default_limit_ms = 60_000

    def place_id(self, request: Mapping[str, Any]) -> str:
        return str(request["shelf"])

    def request_of(self, values: Mapping[str, Any]) -> dict[str, Any]:
        return {name: whole_without_nulls(values[name]) for name in self.fields if values.get(name) is not None}

    def problems(self, _name: str | None, values: Mapping[str, Any]) -> dict[str, str]:
        return {} if values.get("colour") != "grey" else {"colour": "found 'grey', expected a colour"}

    async def start(self, client: Client, request: Mapping[str, Any]) -> StartedRun:
        label = f"start on shelf {request['shelf']}"
        return _started(await client.exchange(label, "POST", "/v1/toys", body=request))

    async def look(self, client: Client, order: Order) -> Sequence[Found]:
        shelf = self.place_id(order.request)
        listed = await client.exchange(f"toys of shelf {shelf}", "GET", "/v1/toys", query={"shelf": shelf})
        return [
            Found(
                _started(entry),
                datetime.now(UTC),
                is_holding=entry["status"] == "WOUND",
                doubts=() if entry["colour"] == order.request["colour"] else (f"its colour is {entry['colour']}",),
            )
            for entry in listed["toys"]
        ]

    async def read(self, client: Client, run: Run) -> Status:
        label = f"status of toy {run.run_id}"
        content = await client.exchange(label, "GET", f"/v1/toys/{segment(label, run.run_id)}")
        return ToyStatus(content["status"], passed_scenarios=content["spins"], total_scenarios=10)

    async def responds(self, client: Client, run: Run, not_found: NotFound) -> bool:
        del run, not_found
        return bool(await client.exchange("all toys", "GET", "/v1/toys", query={"shelf": "any"}))

    async def cancel(self, client: Client, run: Run) -> None:
        await client.exchange(f"cancel toy {run.run_id}", "POST", f"/v1/toys/{run.run_id}/cancel", body={})

    async def is_holding(self, client: Client, run: Run) -> bool:
        return (await self.read(client, run)).is_running

    def outputs(self, request: Mapping[str, Any], started: StartedRun) -> dict[str, Any]:
        del started
        return {"shelf": request["shelf"]}

    def progress(self, status: Status) -> str:
        return f" · {status.passed_scenarios} spins"

    def judge(self, gated: GatedRun, status: Status, scenarios: tuple[Scenario, ...]) -> tuple[Outcome, str]:
        del gated, scenarios
        spins = f"it made {status.passed_scenarios} of 10 spins"
        return ("passed", spins) if status.status == "GOOD" else ("failed", spins)

    def facts(self, gated: GatedRun, status: Status | None, outcome: Outcome) -> RunFacts:
        del gated, outcome
        return {"passed_scenarios": status.passed_scenarios, "total_scenarios": 10} if status is not None else {}

    def agrees(self, verdict: RunVerdict, request: Mapping[str, Any]) -> bool:
        del request
        return (verdict.outcome == "passed") == (verdict.status == "GOOD")

    async def result(self, client: Client, gated: GatedRun, ending: Ending, retry: Retry) -> Result:
        del client, retry
        return Result(gated, make_verdict(gated, ending), ending.status, cause=ending.cause)

    async def last_run(self, client: Client, gated: GatedRun) -> tuple[LastRun, GatedRun]:
        del client
        from tornado_resource.runs.model import Ending

        return LastRun.recorded(make_verdict(gated, Ending(gated.known.status))), gated


def _started(content: Mapping[str, Any]) -> StartedRun:
    return StartedRun(content["id"], content["created_at"], content["status"])


class ToyProvider(RunProvider):
    """The provider of toys."""

    kind = "toy"


class ToyRun(RunResource, module="tests", name="ToyRun"):
    """A toy to wind up."""

    kind = "toy"
    output_names = ("toy_id", "created_at", "status", "shelf", "adopted", "declared", "secrets")

    def __init__(self, name: str, *, shelf: str, colour: str, gate: Any = None) -> None:
        given = run_inputs(self, name, {"shelf": shelf, "colour": colour, "gate": gate}, None)
        self.scenarios = ()
        super().__init__(ToyProvider(), name, {**dict.fromkeys(self.output_names), **given}, run_options(None))
        after_registration(self, given)


KIND: Final = Toy()
KINDS["toy"] = (Toy.resource_type, __name__)
