"""Simulation sets, and their endpoints. All follows from the stored set, its script and its age."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from starlette.responses import JSONResponse

from tornado_resource.sandbox import described
from tornado_resource.sandbox.operations import Operation, Refusal, limit_of, offset_of, read_body
from tornado_resource.sandbox.playing import MAX_LISTED_RUNS, iso, run_of

if TYPE_CHECKING:
    from collections.abc import Callable

    from starlette.requests import Request
    from starlette.responses import Response

    from tornado_resource.sandbox.operations import Json
    from tornado_resource.sandbox.scenarios import Scenarios
    from tornado_resource.sandbox.scripts import Script, SimulationScript
    from tornado_resource.sandbox.store import Source, Store

SET_PENDING_MS: Final = 5_000
TESTING_PATH = "/v1/agent-testing"


class Simulations:
    """Starts and shows simulation sets.

    Args:
        store: where they are kept.
        scenarios: the scenarios of all pathways.
        script_of: returns the script of a pathway.
        speed_of: returns how many times faster than real time they run.
        source: the time and new ids.

    """

    def __init__(
        self,
        store: Store,
        scenarios: Scenarios,
        script_of: Callable[[str], Script],
        speed_of: Callable[[], float],
        source: Source,
    ) -> None:
        self._store = store
        self._scenarios = scenarios
        self._script_of = script_of
        self._speed_of = speed_of
        self._now_ms = source.now_ms
        self._new_id = source.new_id

    def start(self, pathway_id: str, body: Json) -> Json:
        """Store a set, and return what the API responds."""
        number = len(self._store.documents("set", pathway_id))
        made = {
            "id": self._new_id("set"),
            "pathway_id": pathway_id,
            "scenario_ids": body["scenario_ids"],
            "runs": body["simulations_per_scenario"],
            "version_number": body.get("version_number"),
            "entry": min(number, len(self._script_of(pathway_id).simulations) - 1),
            "created_ms": self._now_ms(),
        }
        self._store.put("set", made["id"], made, pathway_id)
        return {
            "simulation_set_id": made["id"],
            "status": "PENDING",
            "simulations_per_scenario": made["runs"],
            "total_scenarios": len(made["scenario_ids"]),
            "created_at": iso(made["created_ms"]),
        }

    def get(self, set_id: str) -> Json | None:
        """Return a set; None if there is none with this id."""
        stored = self._store.document("set", set_id)
        if stored is None:
            return None
        names = self._names(stored)
        course = _Course(
            stored, self._script(stored), names, max(self._now_ms() - stored["created_ms"], 0) * self._speed_of()
        )
        return {
            "id": set_id,
            "status": course.status,
            "simulations_per_scenario": stored["runs"],
            "total_scenarios": len(stored["scenario_ids"]),
            "statistics": course.statistics(),
            "created_at": iso(stored["created_ms"]),
            "completed_at": iso(stored["created_ms"] + course.end_ms / self._speed_of()) if course.has_ended else None,
        }

    def runs(self, pathway_id: str | None = None) -> list[Json]:
        """Return the runs of all sets of a pathway, or of all pathways, those of the newest set first."""
        stored = self._store.all_documents("set") if pathway_id is None else self._store.documents("set", pathway_id)
        return [run for simulation_set in stored[::-1] for run in self._runs(simulation_set)]

    def run(self, run_id: str) -> Json | None:
        """Return a run with its transcript; None if no set has it."""
        stored = self._store.document("set", run_id.partition("--")[0])
        run = (
            next((candidate for candidate in self._runs(stored) if candidate["run_id"] == run_id), None)
            if stored
            else None
        )
        if stored is None or run is None:
            return None
        listed = {scenario["id"]: scenario for scenario in self._scenarios.listed(stored["pathway_id"])}
        response = {key: run[key] for key in ("run_id", "scenario_id", "status")}
        return run_of(response, listed.get(run["scenario_id"], {}))

    def _runs(self, stored: Json) -> list[Json]:
        script, age_ms = self._script(stored), max(self._now_ms() - stored["created_ms"], 0)
        if age_ms < script.shown_after_ms:
            return []
        course = _Course(stored, script, self._names(stored), age_ms * self._speed_of())
        row = {
            "pathway_id": stored["pathway_id"],
            "batch_id": f"batch-{stored['id']}",
            "trigger_source": "simulation",
            "simulation_set_id": stored["id"],
            "created_at": iso(stored["created_ms"]),
        }
        return [
            {
                "run_id": f"{stored['id']}--{number}--{scenario_id}",
                "scenario_id": scenario_id,
                "status": status,
                **row,
            }
            for scenario_id in stored["scenario_ids"]
            for number, status in enumerate(course.statuses(scenario_id))
        ]

    def _script(self, stored: Json) -> SimulationScript:
        return self._script_of(stored["pathway_id"]).simulations[stored["entry"]]

    def _names(self, stored: Json) -> dict[str, str]:
        return self._scenarios.names(stored["pathway_id"])


class _Course:
    """How far a set is, whose age is in milliseconds of scaled time."""

    def __init__(self, stored: Json, script: SimulationScript, names: dict[str, str], age_ms: float) -> None:
        self._ids = stored["scenario_ids"]
        self._number = stored["runs"]
        self._script = script
        self._names = names
        self.end_ms = script.run_ms
        self.has_ended = age_ms >= script.run_ms and script.ends_as != "RUNNING"
        self._share = 1.0 if self.has_ended else min(age_ms / (script.run_ms or 1), 0.99)
        self._is_pending = age_ms < min(SET_PENDING_MS, script.run_ms)

    @property
    def status(self) -> str:
        if not self.has_ended:
            return "PENDING" if self._is_pending else "RUNNING"
        ran = {status for scenario_id in self._ids for status in self.statuses(scenario_id)}
        return self._script.ends_as or ("PASSED" if ran <= {"PASSED"} else "FAILED")

    def statuses(self, scenario_id: str) -> list[str]:
        """Return the status of each run of a scenario: those that pass come first."""
        name = self._names.get(scenario_id, scenario_id)

        def given(values: dict[str, Any], default: float) -> float:
            return float(values.get(scenario_id, values.get(name, default)))

        number = self._number - int(given(self._script.missing, 0))
        errors = int(given(self._script.errors, 0))
        passed = min(int(given(self._script.rates, 1.0) * self._number + 1e-9), number - errors)
        ends = ["PASSED"] * passed + ["FAILED"] * (number - passed - errors) + ["ERROR"] * errors
        done = int(self._share * number) if not self.has_ended else number
        return [*ends[:done], *["RUNNING"] * (number - done)]

    def statistics(self) -> Json:
        per_scenario = {scenario_id: self._of(scenario_id) for scenario_id in self._ids}
        rates = [counts["pass_rate"] for counts in per_scenario.values()]
        flaky = sum(counts["is_flaky"] for counts in per_scenario.values())
        return {
            "per_scenario": per_scenario,
            "overall": {
                "avg_pass_rate": sum(rates) / len(rates),
                "flaky_count": flaky,
                "reliable_count": len(rates) - flaky,
                "total_runs": sum(counts["total_runs"] for counts in per_scenario.values()),
            },
        }

    def _of(self, scenario_id: str) -> Json:
        statuses = [status for status in self.statuses(scenario_id) if status != "RUNNING"]
        passed, failed = statuses.count("PASSED"), statuses.count("FAILED")
        if self._script.counts_errors:
            failed += statuses.count("ERROR")
        return {
            "scenario_id": scenario_id,
            "scenario_name": self._names.get(scenario_id, scenario_id),
            "total_runs": len(statuses),
            "passed": passed,
            "failed": failed,
            "pass_rate": passed / len(statuses) if statuses else 0.0,
            "is_flaky": 0 < passed < len(statuses),
            "confidence": "high" if len(statuses) >= SET_PENDING_MS else "medium",
        }


class SimulationEndpoints:
    """Starts and shows simulation sets, and lists runs.

    Args:
        simulations: all sets.
        scenarios: the scenarios of all pathways.
        script_of: returns the script of a pathway; it refuses a pathway that there is not.
        session_runs: returns the runs of the sessions of a pathway, or of all, the newest first.

    """

    def __init__(
        self,
        simulations: Simulations,
        scenarios: Scenarios,
        script_of: Callable[[str], Script],
        session_runs: Callable[[str | None], list[dict[str, Any]]],
    ) -> None:
        self._simulations = simulations
        self._scenarios = scenarios
        self._script_of = script_of
        self._session_runs = session_runs

    def operations(self) -> list[Operation]:
        """Return the endpoints, with their descriptions."""
        return [
            Operation(
                "POST",
                f"{TESTING_PATH}/simulation-sets",
                self._start_set,
                "Run scenarios several times",
                body=described.START_SET,
                response=described.STARTED_SET,
                done=(202,),
                refusals=(404,),
            ),
            Operation(
                "GET",
                f"{TESTING_PATH}/simulation-sets/{{set_id}}",
                self._get_set,
                "Get a simulation set with its statistics",
                response=described.SET,
                refusals=(404,),
            ),
            Operation(
                "GET",
                f"{TESTING_PATH}/runs",
                self._list_runs,
                "List the runs of scenarios, the newest first",
                query=described.RUNS_QUERY,
                response=described.RUNS,
            ),
        ]

    async def _start_set(self, request: Request) -> Response:
        body = await read_body(request, described.START_SET)
        pathway_id = body.get("pathway_id") or self._owner(body["scenario_ids"][0])
        script, names = self._script_of(pathway_id), self._scenarios.names(pathway_id)
        unknown = [scenario_id for scenario_id in body["scenario_ids"] if scenario_id not in names]
        if unknown and not script.is_open:
            raise Refusal(403, f"Scenario {unknown[0]} is not one of this organization's pathway")
        return JSONResponse(self._simulations.start(pathway_id, body), 202)

    def _owner(self, scenario_id: str) -> str:
        scenario = self._scenarios.get(scenario_id)
        if scenario is None or scenario["pathway_id"] is None:
            raise Refusal(403, f"Scenario {scenario_id} is not one of this organization's pathways")
        return str(scenario["pathway_id"])

    async def _get_set(self, request: Request) -> Response:
        simulation_set = self._simulations.get(request.path_params["set_id"])
        if simulation_set is None:
            raise Refusal(404, "Simulation set not found")
        return JSONResponse(simulation_set)

    async def _list_runs(self, request: Request) -> Response:
        query = request.query_params
        wanted = {key: query[key] for key in described.RUN_FILTERS if query.get(key)}
        pathway_id = query.get("pathway_id") or None
        all_runs = [*self._simulations.runs(pathway_id), *self._session_runs(pathway_id)]
        all_runs.sort(key=lambda run: str(run["created_at"]), reverse=True)
        runs = [run for run in all_runs if all(run[key] == value for key, value in wanted.items())]
        limit, offset = limit_of(request, MAX_LISTED_RUNS, MAX_LISTED_RUNS), offset_of(request)
        return JSONResponse({"runs": runs[offset : offset + limit], "total_count": len(runs)})
