"""Confirmations as a kind of run: a simulation set on the version with which a session passed."""

from __future__ import annotations

import asyncio
from collections import Counter
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, Final

from tornado_resource.bland.responses import elapsed_ms, is_other, parse_time, spelling
from tornado_resource.bland.retrying import retried
from tornado_resource.bland.sessions import Status
from tornado_resource.bland.simulation_sets import (
    SET_STATUSES,
    SimulationSet,
    list_errors,
    list_sets,
    lists_runs,
    read_set,
    start_set,
)
from tornado_resource.core.canonical import natural_or_none, whole_without_nulls
from tornado_resource.core.text import clean, count, id_list
from tornado_resource.core.urns import CONFIRMATION_TYPE
from tornado_resource.declarations.model import CONFIRMATION_MS
from tornado_resource.errors import ApiError, ConfigurationError, NotFound, Rejected
from tornado_resource.runs.confirmation import judge_confirmation
from tornado_resource.runs.kinds import Kind
from tornado_resource.runs.model import Ending, Result
from tornado_resource.runs.order import Found, StartedRun
from tornado_resource.runs.rerun import LastRun
from tornado_resource.runs.verdict import make_verdict
from tornado_resource.runs.wait import request_failed
from tornado_resource.versions.drift import edit_since_pass, unread
from tornado_resource.versions.reading import read_digests

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from tornado_resource.bland.client import Client
    from tornado_resource.bland.content import Digests
    from tornado_resource.bland.listing import Scenario
    from tornado_resource.bland.retrying import Retry
    from tornado_resource.bland.simulation_sets import ListedSet
    from tornado_resource.runs.model import Cause, ConfirmedScenario, GatedRun, Outcome, RunFacts, RunVerdict
    from tornado_resource.runs.order import Order, Run

MAX_COMPARED_SETS: Final = 10
"""How many sets are read, the newest ones, to see which one is ours."""


@dataclass(frozen=True, slots=True)
class SetStatus(Status):
    """The status of a simulation set, and all that the API shows of it.

    *errors*: by scenario id, how many simulations ended with an error, as far as that was read.
    """

    simulations: SimulationSet | None = None
    errors: Mapping[str, int] = field(default_factory=dict)

    @classmethod
    def of(cls, simulation_set: SimulationSet) -> SetStatus:
        """Return the status of a set."""
        return cls(
            simulation_set.status,
            elapsed_ms=elapsed_ms(simulation_set.created_at, simulation_set.completed_at),
            error_message=simulation_set.error_message,
            created_at=simulation_set.created_at,
            simulations=simulation_set,
        )

    @property
    def is_running(self) -> bool:
        """Whether it has not ended."""
        return self.simulations is not None and self.simulations.is_running

    @property
    def is_final(self) -> bool:
        """Whether it has ended. An unknown status is neither running nor final."""
        return self.status in SET_STATUSES

    @property
    def shown(self) -> dict[str, Any]:
        """Nothing that is recorded."""
        return {}


class Confirmations(Kind):
    """A simulation set runs each scenario several times on one version. Any number of sets may run at once."""

    name = "confirmation"
    noun = "confirmation"
    part_noun = "scenario"
    place_noun = "pathway"
    resource_type = CONFIRMATION_TYPE
    id_output = "set_id"
    place_outputs = ("pathway_id",)
    intents = "confirmation-intents"
    fields = ("session_id", "pathway_id", "version_number", "scenario_ids", "simulations_per_scenario")
    statuses = SET_STATUSES
    default_limit_ms = CONFIRMATION_MS
    is_shown_late = True
    is_part = True

    def place_id(self, request: Mapping[str, Any]) -> str:
        """Return the id of the pathway."""
        return str(request["pathway_id"])

    def request_of(self, values: Mapping[str, Any]) -> dict[str, Any]:
        """Return the declared fields: those of the API's page, and the session that is confirmed."""
        return {name: whole_without_nulls(values[name]) for name in self.fields if values.get(name) is not None}

    def problems(self, name: str | None, values: Mapping[str, Any]) -> dict[str, str]:
        """Return what can be no request: in a state that was changed by hand, since no user writes these inputs."""
        del name
        expected = {"session_id": str, "pathway_id": str, "scenario_ids": list}
        problems = {
            key: f"found {type(values[key]).__name__}, expected {kind.__name__}"
            for key, kind in expected.items()
            if key in values and not isinstance(values[key], kind)
        }
        numbers = (key for key in ("version_number", "simulations_per_scenario") if key in values)
        return problems | {key: "expected a whole number" for key in numbers if natural_or_none(values[key]) is None}

    def is_sound(self, declared: Mapping[str, Any]) -> bool:
        """Return whether what is recorded as declared can be a request."""
        return all(key in declared for key in self.fields) and not self.problems(None, declared)

    async def start(self, client: Client, request: Mapping[str, Any]) -> StartedRun:
        """Send the start request."""
        body = {key: value for key, value in request.items() if key != "session_id"}
        return _started(await start_set(client, body))

    async def look(self, client: Client, order: Order) -> Sequence[Found]:
        """Return the newest sets that have run the first scenario of an order, whether they have ended or not.

        The API has no list of sets, but its list of runs names them. None holds a place: the API has no such limit.
        """
        request = order.request
        listed = (await list_sets(client, request["pathway_id"], request["scenario_ids"][0]))[:MAX_COMPARED_SETS]
        sets = await asyncio.gather(*(read_set(client, listed_set.set_id) for listed_set in listed))
        return [
            Found(
                replace(_started(simulation_set), created_at=_created_at(simulation_set, listed_set)),
                listed_set.responded_at,
                is_holding=False,
                contradictions=_contradictions(simulation_set, request),
                existed_at=simulation_set.completed_at,
            )
            for listed_set, simulation_set in zip(listed, sets, strict=True)
        ]

    async def read(self, client: Client, run: Run) -> Status:
        """Return the status of a set."""
        return SetStatus.of(await read_set(client, run.run_id))

    async def responds(self, client: Client, run: Run, not_found: NotFound) -> bool:
        """Return whether the API lists runs: a web server that has no such route does not."""
        del not_found
        try:
            return await lists_runs(client, self.place_id(run.request))
        except Rejected as error:
            if 400 <= error.status_code < 500:
                return False
            raise

    async def cancel(self, client: Client, run: Run) -> None:
        """Raise an error: the API has no request for this.

        Raises:
            ConfigurationError: always.

        """
        del client
        message = f"simulation set {clean(run.run_id)} cannot be cancelled: the API has no such request"
        raise ConfigurationError(message)

    async def is_holding(self, client: Client, run: Run) -> bool:
        """Return False: a set holds no place."""
        del client, run
        return False

    def outputs(self, request: Mapping[str, Any], started: StartedRun) -> dict[str, Any]:
        """Return the output `pathway_id`."""
        del started
        return {"pathway_id": request["pathway_id"]}

    def progress(self, status: Status) -> str:
        """Return ` confirming · 12 of 25 simulations`."""
        simulation_set = _set(status)
        if simulation_set is None or simulation_set.runs is None or simulation_set.total_scenarios is None:
            return " confirming"
        done = sum((scenario.passed or 0) + (scenario.failed or 0) for scenario in simulation_set.scenarios.values())
        return f" confirming · {done} of {count(simulation_set.runs * simulation_set.total_scenarios, 'simulation')}"

    def judge(self, gated: GatedRun, status: Status, scenarios: tuple[Scenario, ...]) -> tuple[Outcome, str]:
        """Judge a set that has ended, by the rates of its scenarios (docs/gate.md), never by the API's word."""
        del scenarios
        simulation_set = _set(status)
        if simulation_set is None:
            return "incomplete", "the API does not show its scenarios"
        doubts = (*_contradictions(simulation_set, gated.request), *_impossible(simulation_set, gated.request))
        if doubts:
            return "incomplete", f"contradictory: {doubts[0]}"
        rates = _rates(gated.request, status)
        runs = gated.request["simulations_per_scenario"]
        return judge_confirmation(gated.gate, {"set_id": gated.run_id, "runs": runs, "scenarios": rates})

    def facts(self, gated: GatedRun, status: Status | None, outcome: Outcome) -> RunFacts:
        """Return how often each scenario passed, once the set has ended and its numbers can be true."""
        del outcome
        simulation_set = _set(status)
        if (
            status is None
            or simulation_set is None
            or not simulation_set.is_final
            or _impossible(simulation_set, gated.request)
        ):
            return {}
        runs = gated.request["simulations_per_scenario"]
        rates = _rates(gated.request, status)
        return {"confirmation": {"set_id": gated.run_id, "runs": runs, "scenarios": rates}}

    def agrees(self, verdict: RunVerdict, request: Mapping[str, Any]) -> bool:
        """Return False: the verdict of the session is what is recorded."""
        del verdict, request
        return False

    async def result(self, client: Client, gated: GatedRun, ending: Ending, retry: Retry) -> Result:
        """Return the result, with what is no failure of the agent taken out, if the version still is what passed."""
        status = ending.status
        if isinstance(status, SetStatus) and status.is_final and ending.given_up is None:
            ending = await self._with_errors(client, gated, ending, status)
        result = Result(gated, make_verdict(gated, ending), ending.status, cause=ending.cause)
        if result.verdict.outcome == "incomplete" or gated.known.content is None:
            return result
        return await _unedited(client, result, gated.known.content, retry)

    async def last_run(self, client: Client, gated: GatedRun) -> tuple[LastRun, GatedRun]:
        """Return what the gate says of a set that has ended."""
        result = await self.result(client, gated, Ending(gated.known.status), retried)
        return LastRun.recorded(result.verdict), gated

    async def _with_errors(self, client: Client, gated: GatedRun, ending: Ending, status: SetStatus) -> Ending:
        """Return the ending with how many simulations ended with an error, if any can have."""
        runs, simulation_set = gated.request["simulations_per_scenario"], status.simulations
        rates = _rates(gated.request, status).values()
        if simulation_set is None or all(rate["passed"] == runs for rate in rates):
            return ending
        try:
            errors = await list_errors(client, simulation_set)
        except ApiError as error:
            return request_failed(error, status)
        spell = spelling(gated.request["scenario_ids"])
        return replace(ending, status=replace(status, errors=Counter(map(spell, errors))))


def _set(status: Status | None) -> SimulationSet | None:
    return status.simulations if isinstance(status, SetStatus) else None


def _started(simulation_set: SimulationSet) -> StartedRun:
    return StartedRun(simulation_set.set_id, simulation_set.created_at, simulation_set.status)


def _created_at(simulation_set: SimulationSet, listed_set: ListedSet) -> str | None:
    """Return when a set was created: as it shows that itself, else as the first of its runs was."""
    times = simulation_set.created_at, listed_set.created_at
    return next(filter(parse_time, times), None) or times[0]


def _contradictions(simulation_set: SimulationSet, request: Mapping[str, Any]) -> tuple[str, ...]:
    """Return how a set shows that it was not started by a request."""
    runs, total = simulation_set.runs, simulation_set.total_scenarios
    declared, declared_runs = request["scenario_ids"], request["simulations_per_scenario"]
    texts = []
    if runs is not None and runs != declared_runs:
        texts.append(f"{runs} runs of each scenario (declared: {declared_runs})")
    if total is not None and total != len(declared):
        texts.append(f"{total} scenarios (declared: {len(declared)})")
    others = [
        scenario_id
        for scenario_id in simulation_set.scenarios
        if all(is_other(scenario_id, declared_id) for declared_id in declared)
    ]
    if others:
        texts.append(f"scenarios that are not declared: {id_list(others)}")
    return tuple(texts)


def _impossible(simulation_set: SimulationSet, request: Mapping[str, Any]) -> tuple[str, ...]:
    """Return which numbers of a set that has ended cannot be true."""
    runs = request["simulations_per_scenario"]
    texts = [
        f"{clean(key, 60)} passed {scenario.passed} and failed {scenario.failed} of {runs} runs"
        for key, scenario in simulation_set.scenarios.items()
        if (scenario.passed or 0) + (scenario.failed or 0) > runs
        or (scenario.runs is not None and scenario.runs > runs)
    ]
    return (*texts, *(["a scenario without a readable id"] if simulation_set.has_unreadable else []))


def _rates(request: Mapping[str, Any], status: Status) -> dict[str, ConfirmedScenario]:
    """Return how often each scenario passed, of the runs that say something; one that is not shown has none."""
    simulation_set, errors = _set(status), status.errors if isinstance(status, SetStatus) else {}
    ids, runs = request["scenario_ids"], request["simulations_per_scenario"]
    spell = spelling(ids)
    scenarios = (
        {spell(key): scenario for key, scenario in simulation_set.scenarios.items()}
        if simulation_set is not None
        else {}
    )
    rates: dict[str, ConfirmedScenario] = {}
    for scenario_id in ids:
        counts = scenarios.get(scenario_id)
        passed, failed = (counts.passed or 0, counts.failed or 0) if counts is not None else (0, 0)
        # The API's page does not say whether it counts a simulation that ended with an error as failed.
        excess = max(passed + failed + errors.get(scenario_id, 0) - runs, 0)
        rates[scenario_id] = {"passed": passed, "runs": passed + max(failed - excess, 0)}
    return rates


async def _unedited(client: Client, result: Result, passed: Digests, retry: Retry) -> Result:
    """Return the result, incomplete if the version is not what passed any more, or if that is unknown."""
    request = result.gated.request
    version = request["version_number"]
    try:
        now = await retry(lambda: read_digests(client, request["pathway_id"], version))
    except ApiError as error:
        return _incomplete(result, f"{unread(version)}: {error}", "content_unreadable")
    edit = edit_since_pass(version, passed.best, None, now)
    return result if edit is None else _incomplete(result, edit, "edited")


def _incomplete(result: Result, reason: str, cause: Cause) -> Result:
    return replace(result, verdict=replace(result.verdict, outcome="incomplete", reason=reason), cause=cause)


KIND: Final = Confirmations()
