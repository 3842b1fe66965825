"""The requests of the API's pages *Simulation Sets* and *Runs*, and what the responses say.

A simulation set runs each of its scenarios several times on one version. Every function sends one request, unless it
says otherwise; retries are the caller's choice, and a start must never be retried blindly.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from datetime import timedelta
from functools import partial
from typing import TYPE_CHECKING, Any, Final

from tornado_resource.bland.responses import (
    MAX_ID_CHARACTERS,
    Meaning,
    error_text,
    folded,
    is_other,
    parse_time,
    reported_error,
    run_fault,
    segment,
    time_text,
    unusable,
    unwrapped,
    whole_number,
    word,
)
from tornado_resource.bland.retrying import retried
from tornado_resource.bland.scenario_runs import AGENT_TESTING, RUNS_PATH, run_pages
from tornado_resource.core.text import clean
from tornado_resource.errors import ForeignResponse, OutcomeUnknown

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime

    from tornado_resource.bland.client import Client, Reply
    from tornado_resource.bland.responses import Json

SET_IN_FLIGHT: Final = frozenset({"PENDING", "RUNNING"})
SET_STATUSES: Final[Mapping[str, Meaning]] = {
    "PASSED": Meaning(),
    "FAILED": Meaning(),
    "ERROR": Meaning(
        "it stopped with an error, which says nothing of the agent",
        advice="Look at the simulation set in Bland's dashboard",
        says_nothing=True,
    ),
}
"""The final statuses (API page *Get Simulation Set*). Any other one but `PENDING` and `RUNNING` is unknown."""
NOUN: Final = "simulation set"
SET_CLOCK_TOLERANCE: Final = timedelta(minutes=1)
"""By how much the time of a run may be before that of its set: other servers have other clocks."""
MAX_LISTED_PAGES: Final = 5
"""Of runs of a scenario: those of ten sets of the largest size, in which one whose response was lost is looked for."""
_PATH: Final = f"{AGENT_TESTING}/simulation-sets"


@dataclass(frozen=True, slots=True)
class Simulated:
    """How often a scenario of a set ran, passed and failed. What cannot be read is None."""

    runs: int | None
    passed: int | None
    failed: int | None


@dataclass(frozen=True, slots=True)
class SimulationSet:
    """A simulation set. Its id, times and *status* are unchanged, byte for byte, or None.

    *scenarios*: by id, as far as the set shows them. *has_unreadable*: whether it shows one that cannot be read.
    """

    set_id: str
    status: str
    runs: int | None = None
    total_scenarios: int | None = None
    scenarios: Mapping[str, Simulated] = field(default_factory=dict)
    has_unreadable: bool = False
    error_message: str | None = None
    created_at: str | None = None
    completed_at: str | None = None

    @classmethod
    def parse(cls, content: Any) -> SimulationSet | None:
        """Parse a set; None if it cannot be recorded (`run_fault`)."""
        content = _with_id(content)
        if run_fault(content, NOUN) is not None:
            return None
        statistics = content.get("statistics")
        listed = statistics.get("per_scenario") if isinstance(statistics, dict) else None
        response = listed if isinstance(listed, dict) else {}
        scenarios = {key: _simulated(entry) for key, entry in response.items() if word(key, MAX_ID_CHARACTERS)}
        return cls(
            set_id=content["id"],
            status=content["status"],
            runs=whole_number(content.get("simulations_per_scenario")),
            total_scenarios=whole_number(content.get("total_scenarios")),
            scenarios=scenarios,
            has_unreadable=len(scenarios) < len(response),
            error_message=error_text(content.get("error_message")),
            created_at=time_text(content.get("created_at")),
            completed_at=time_text(content.get("completed_at")),
        )

    @property
    def is_running(self) -> bool:
        """Whether it has not ended."""
        return self.status in SET_IN_FLIGHT

    @property
    def is_final(self) -> bool:
        """Whether it has ended. An unknown status is neither running nor final."""
        return self.status in SET_STATUSES


@dataclass(frozen=True, slots=True)
class ListedSet:
    """A set as the list of runs shows it: when the first of its runs was created. *responded_at*: the API's time."""

    set_id: str
    created_at: str | None
    responded_at: datetime | None


async def start_set(client: Client, request: Mapping[str, Any]) -> SimulationSet:
    """Start a simulation set (*Create Simulation Set*).

    Args:
        client: sends the request.
        request: `pathway_id`, `version_number`, `scenario_ids` and `simulations_per_scenario`.

    Raises:
        OutcomeUnknown: among others, a 2xx response without a set that can be recorded.

    """
    label = f"start of a simulation set on pathway {clean(str(request['pathway_id']))}"
    return _parsed(client, await client.request(label, "POST", _PATH, body=request))


async def read_set(client: Client, set_id: str) -> SimulationSet:
    """Return a simulation set (*Get Simulation Set*).

    Raises:
        ForeignResponse: the response is about another set.

    """
    label = f"simulation set {clean(set_id)}"
    simulation_set = _parsed(client, await client.request(label, "GET", f"{_PATH}/{segment(label, set_id)}"))
    if is_other(simulation_set.set_id, set_id):
        raise ForeignResponse(label, f"the response is about simulation set {clean(simulation_set.set_id)}")
    return simulation_set


async def list_errors(client: Client, simulation_set: SimulationSet) -> list[str]:
    """Return the scenario of each run of a set that ended with ERROR, which says nothing of the agent.

    The statistics of a set do not say whether they count these as failed. Sends a request for each page, and for each
    run that the list shows without its set. One of which that is nowhere shown counts.
    """
    errors: list[str] = []
    created = parse_time(simulation_set.created_at)
    first = created - SET_CLOCK_TOLERANCE if created is not None else None
    query = {"simulation_set_id": simulation_set.set_id, "status": "ERROR"}
    pages = run_pages(client, "runs of a simulation set", query, partial(_listed, client), retry=retried)
    async for run in (run async for _, runs in pages for run in runs):
        if _is_earlier(run, first):
            break  # the newest come first, so the API knows no such filter, and these are of others
        scenario_id = word(run.get("scenario_id"), MAX_ID_CHARACTERS)
        if (
            scenario_id is not None
            and run.get("status", "ERROR") == "ERROR"
            and await _is_of(client, run, simulation_set)
        ):
            errors.append(scenario_id)
    return errors


def _is_earlier(run: Json, moment: datetime | None) -> bool:
    created = parse_time(time_text(run.get("created_at")))
    return moment is not None and created is not None and created < moment


async def list_sets(client: Client, pathway_id: str, scenario_id: str) -> list[ListedSet]:
    """Return the simulation sets that have run a scenario, the newest first, as far as its newest runs show them.

    The API has no list of sets, but each run names its own: in the list, else where it is read by its id. Sends a
    request for each page of runs, `MAX_LISTED_PAGES` at most.

    Raises:
        OutcomeUnknown: among others, a run that may be of a set names it nowhere.

    """
    query = {"pathway_id": pathway_id, "scenario_id": scenario_id}
    label, sets = f"runs of scenario {clean(scenario_id)}", dict[str, ListedSet]()
    async for reply, runs in run_pages(client, label, query, partial(_listed, client), most=MAX_LISTED_PAGES):
        for run in await _with_sets(client, runs):
            set_id = _set_id(run)
            if set_id is not None:  # whatever `trigger_source` says
                # The newest run comes first, so the last one that is seen is the first that was created.
                sets[set_id] = ListedSet(set_id, time_text(run.get("created_at")), reply.responded_at)
    return [*sets.values()]


async def _with_sets(client: Client, runs: Sequence[Json]) -> list[Json]:
    """Return runs with their sets: where the list does not name them, one run of each batch is read."""
    batches = {_batch(run): run for run in runs if _is_silent(run)}
    details = await asyncio.gather(*(_read_run(client, batch) for batch in batches.values()))
    unknown = next((run for run, read in zip(batches.values(), details, strict=True) if _is_unclear(read)), None)
    if unknown is not None:
        raise OutcomeUnknown(_label(unknown), "the response does not say which simulation set it is of")
    with_sets = dict(zip(batches, details, strict=True))
    return [{**with_sets[_batch(run)], **_own_time(run)} if _is_silent(run) else run for run in runs]


def _own_time(run: Json) -> Json:
    """Return when a run was created: another one of its batch, which was read, has another time."""
    return {"created_at": run["created_at"]} if time_text(run.get("created_at")) is not None else {}


async def _is_of(client: Client, run: Json, simulation_set: SimulationSet) -> bool:
    """Return whether a run is one of a set, as far as that is shown."""
    if _set_id(run) is None and _run_id(run) is not None:
        run = await retried(partial(_read_run, client, run))
    set_id = run.get("simulation_set_id", simulation_set.set_id)
    return isinstance(set_id, str) and not is_other(set_id, simulation_set.set_id)


async def _read_run(client: Client, run: Json) -> Json:
    """Return a listed run as it is read by its id; empty if it has none."""
    run_id, label = _run_id(run), _label(run)
    if run_id is None:
        return {}
    reply = await client.request(label, "GET", f"{RUNS_PATH}/{segment(label, run_id)}")
    content = unwrapped(reply.body)
    inner = content.get("run", content) if isinstance(content, dict) else None
    return inner if isinstance(inner, dict) else {}


def _run_id(run: Json) -> str | None:
    return word(run.get("run_id", run.get("id")), MAX_ID_CHARACTERS)


def _label(run: Json) -> str:
    return f"run {clean(str(_run_id(run)))}"


def _batch(run: Json) -> Any:
    """Return what is the same for runs of one set, as far as that is known: each batch is of one."""
    return word(run.get("batch_id"), MAX_ID_CHARACTERS) or (_run_id(run),)


def _set_id(run: Json) -> str | None:
    return word(run.get("simulation_set_id"), MAX_ID_CHARACTERS)


def _is_silent(run: Json) -> bool:
    """Return whether a run of a list does not say if it is of a set: a list may leave that out, or show null for it."""
    return _set_id(run) is None and _may_be_simulation(run)


def _is_unclear(run: Json) -> bool:
    """Return whether a run that was read by its id does not say if it is of a set. Null says that it is of none."""
    is_null = "simulation_set_id" in run and run["simulation_set_id"] is None
    return _is_silent(run) and not (is_null and run.get("trigger_source") is None)


def _may_be_simulation(run: Json) -> bool:
    source = run.get("trigger_source")
    return not isinstance(source, str) or folded(source) == "simulation"


async def lists_runs(client: Client, pathway_id: str) -> bool:
    """Return whether the API lists the runs of a pathway, so that a 404 for a set comes from the API."""
    query = {"pathway_id": pathway_id, "limit": "1"}
    reply = await client.request(f"runs of pathway {clean(pathway_id)}", "GET", RUNS_PATH, query=query)
    return _list_of(unwrapped(reply.body)) is not None


def _listed(client: Client, reply: Reply) -> list[Json]:
    listed: Sequence[Any] = client.parsed(reply, _list_of, "the response has no runs")
    return [entry for entry in listed if isinstance(entry, dict)]


def _list_of(content: Any) -> list[Any] | None:
    runs = content.get("runs") if isinstance(content, dict) and not reported_error(content) else None
    return runs if isinstance(runs, list) else None


def _with_id(content: Any) -> Any:
    """Return a set with its id under `id`: the response to a start has it under `simulation_set_id`."""
    if isinstance(content, dict) and "id" not in content and "simulation_set_id" in content:
        return {**content, "id": content["simulation_set_id"], "status": content.get("status", "PENDING")}
    return content


def _parsed(client: Client, reply: Reply) -> SimulationSet:
    fault = run_fault(_with_id(unwrapped(reply.body)), NOUN)
    if fault is not None:
        raise unusable(reply.label, reply.body, fault)
    return client.parsed(reply, SimulationSet.parse, "")


def _simulated(entry: Any) -> Simulated:
    content = entry if isinstance(entry, dict) else {}
    return Simulated(
        runs=whole_number(content.get("total_runs")),
        passed=whole_number(content.get("passed")),
        failed=whole_number(content.get("failed")),
    )
