"""Tornado sessions as a kind of run: their requests, and what the responses mean."""

from __future__ import annotations

import re
import string
from contextlib import suppress
from typing import TYPE_CHECKING, Any, ClassVar, Final

from tornado_resource.bland.content import LIVE
from tornado_resource.bland.listing import Owner
from tornado_resource.bland.responses import folded, is_other
from tornado_resource.bland.retrying import is_transient
from tornado_resource.bland.scenarios import list_scenarios
from tornado_resource.bland.sessions import (
    SESSION_STATUSES,
    Status,
    cancel_by_body,
    cancel_session,
    find_active,
    read_active,
    read_status,
    start_session,
)
from tornado_resource.core.canonical import whole_or_none
from tornado_resource.core.text import clean, count, id_list
from tornado_resource.core.urns import SESSION_TYPE
from tornado_resource.declarations.model import (
    DEFAULT_RERUN,
    DEFAULT_TIMEOUT_MS,
    LATEST,
    LIVE_VERSION,
    REQUEST_FIELDS,
    request_from,
)
from tornado_resource.errors import ApiError, ConfigurationError, NotFound, Rejected, TornadoError
from tornado_resource.runs.kinds import Kind
from tornado_resource.runs.order import Found, FoundVersion, StartedRun, Trace
from tornado_resource.tornado.gate import facts, judge, quarantined

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Mapping, Sequence

    from tornado_resource.bland.client import Client
    from tornado_resource.bland.content import Content
    from tornado_resource.bland.listing import Scenario
    from tornado_resource.bland.retrying import Retry
    from tornado_resource.bland.sessions import Active
    from tornado_resource.runs.model import Ending, GatedRun, Outcome, Result, RunFacts, RunVerdict
    from tornado_resource.runs.order import Order, Run
    from tornado_resource.runs.rerun import LastRun
    from tornado_resource.versions.drift import Reader, RunBasis

_PATH: Final = re.compile(r"\S*/\S*")
_ECHOED: Final = frozenset({"active", "status"})
"""What the two requests end with, which a server may repeat in words of its own."""
_UNKNOWN: Final = Status("")
"""Stands for a status that was never read."""


class Tornado(Kind):
    """A session tests a pathway, applies fixes, and tests again. One runs at a time on a pathway."""

    name = "tornado"
    noun = "session"
    part_noun = "scenario"
    has_iterations = True
    cures: ClassVar[Mapping[str, str]] = {
        "missed": "Fix the pathway or the scenarios",
        "contradictory": "Check that the declared scenarios exist and are enabled",
    }
    place_noun = "pathway"
    resource_type = SESSION_TYPE
    id_output = "session_id"
    place_outputs = ("pathway_id",)
    intents = "intents"
    version_field = "version_number"
    fields = REQUEST_FIELDS
    statuses = SESSION_STATUSES
    default_limit_ms = DEFAULT_TIMEOUT_MS

    def place_id(self, request: Mapping[str, Any]) -> str:
        """Return the id of the pathway."""
        return str(request["pathway_id"])

    def request_of(self, values: Mapping[str, Any]) -> dict[str, Any]:
        """Return the declared request fields."""
        return request_from(values)

    def problems(self, name: str | None, values: Mapping[str, Any]) -> dict[str, str]:
        """Return what is invalid by the rules of `sessions.yaml`."""
        from tornado_resource.declarations.values import session_problems

        problems = session_problems(name, values)
        if values.get("version_number") == LATEST:  # a program has the number by then
            problems["version_number"] = "found `latest`, expected the number of a version"
        return problems

    def is_sound(self, declared: Mapping[str, Any]) -> bool:
        """Return whether what is recorded as declared can be a request."""
        version, scenario_ids = declared.get("version_number", 0), declared.get("scenario_ids")
        number = whole_or_none(version)
        return (
            isinstance(declared.get("pathway_id"), str)
            and (number is not None and number >= 0)
            and (scenario_ids is None or isinstance(scenario_ids, list))
        )

    def is_resolved(self, version: Any) -> bool:
        """Return whether it is a number, or omitted."""
        return bool(version != LATEST)

    async def find_version(self, client: Client, request: Mapping[str, Any]) -> FoundVersion:
        """Return the number of the newest version of the pathway.

        If the API does not have the pathway, the error names the agent that replaces it.
        """
        from tornado_resource.bland.pathways import read_latest
        from tornado_resource.bland.retrying import retried

        try:
            newest = await retried(lambda: read_latest(client, self.place_id(request)))
        except NotFound as error:
            raise await with_successor(client, error, str(request["pathway_id"])) from None
        if newest is None:
            pathway = clean(self.place_id(request))
            message = f"the API lists no versions of pathway {pathway}; declare version_number as a number"
            raise ConfigurationError(message)
        return FoundVersion(newest)

    def version_of(self, verdict: RunVerdict) -> int | None:
        """Return the number of the version, which may be the run's own fork."""
        return verdict.version

    async def start(self, client: Client, request: Mapping[str, Any]) -> StartedRun:
        """Send the start request. If the API does not have the pathway, the error names the agent that replaces it."""
        try:
            started = await start_session(client, request)
        except NotFound as error:
            raise await with_successor(client, error, str(request["pathway_id"])) from None
        limits = {"max_iterations": started.max_iterations, "timeout_ms": started.timeout_ms}
        return StartedRun(started.session_id, started.created_at, started.status, shown=limits)

    async def look(self, client: Client, order: Order) -> Sequence[Found]:
        """Return the active session of the pathway: the API lists no others."""
        active = await read_active(client, self.place_id(order.request))
        return [found_run(order, active)] if active is not None else []

    async def traces(self, client: Client, order: Order) -> AsyncIterator[Trace]:
        """Yield the runs of scenarios that sessions have started on the pathway, or may have.

        They name no session. An API that does not list them (404, 403) shows none.
        """
        from tornado_resource.bland.scenario_runs import created_by_sessions

        try:
            async for run in created_by_sessions(client, self.place_id(order.request)):
                yield Trace(run.created_at, run.responded_at, is_named=run.is_named)
        except Rejected as error:
            is_forbidden = error.status_code == 403 and error.is_api
            if not is_forbidden and not isinstance(error, NotFound):
                raise

    async def read(self, client: Client, run: Run) -> Status:
        """Return the status of a session."""
        return await read_status(client, run.run_id, run.request.get("pathway_id"))

    async def responds(self, client: Client, run: Run, not_found: NotFound) -> bool:
        """Return whether *active* responds with a session or with a 404 of its own; else, whether the scenarios do.

        A web server that has no such routes may send JSON too. But that speaks of no session, or in the same words for
        both requests, apart from ids, numbers and times.
        """
        pathway_id = run.request.get("pathway_id")
        if pathway_id is None:
            return False
        try:
            await find_active(client, pathway_id)
        except NotFound as error:
            words = _words(error)
            if "session" in words and words != _words(not_found):
                return True
        except Rejected as error:
            if error.status_code != not_found.status_code:
                raise
            return False
        else:
            return True
        try:
            await list_scenarios(client, Owner.pathway(pathway_id), enabled=True)
        except ApiError as error:
            if is_transient(error):
                raise
            return False
        return True

    async def cancel(self, client: Client, run: Run) -> None:
        """Send the cancel request of the API's page."""
        await cancel_session(client, run.run_id)

    async def cancel_otherwise(self, client: Client, run: Run) -> None:
        """Send the cancel request of the vendor's command line."""
        await cancel_by_body(client, run.run_id)

    async def is_holding(self, client: Client, run: Run) -> bool:
        """Return whether the session still is the active one of its pathway."""
        active = await read_active(client, self.place_id(run.request))
        return active is not None and active.session_id == run.run_id

    def status_differences(self, order: Order, status: Status) -> list[str]:
        """Return how the time limit of a session differs from the declared one."""
        return other_timeout(order, status.timeout_ms)

    def outputs(self, request: Mapping[str, Any], started: StartedRun) -> dict[str, Any]:
        """Return the outputs `pathway_id`, `max_iterations` and `timeout_ms`."""
        return {"pathway_id": request["pathway_id"], **started.shown}

    async def basis(self, client: Client, props: Mapping[str, Any]) -> dict[str, Any]:
        """Return the digest of the declared version, or else of the live one.

        And the scenarios, which only `rerun: on_drift` compares.
        """
        from tornado_resource.versions.drift import scenarios_run
        from tornado_resource.versions.reading import ContentReader

        request, reader, values = request_from(props), ContentReader(client), dict[str, Any]()
        with suppress(TornadoError):
            digests = await reader.digests(request["pathway_id"], request.get("version_number", LIVE))
            values["started_content"] = digests.current if digests is not None else None
        with suppress(TornadoError):
            if props.get("rerun", DEFAULT_RERUN) == "on_drift":
                chosen = request.get("scenario_ids")
                listing = await reader.scenarios(request["pathway_id"], chosen or ())
                if chosen is not None or listing.is_whole:
                    values["started_scenarios"] = scenarios_run(chosen, listing.enabled)
        return {key: value for key, value in values.items() if value is not None}

    def progress(self, status: Status) -> str:
        """Return ` iteration 2/5 · 38 passed, 2 failed of 40`."""
        iteration = ""
        if status.current_iteration is not None:
            total = f"/{status.max_iterations}" if status.max_iterations is not None else ""
            iteration = f" iteration {status.current_iteration}{total}"
        of_total = f" of {status.total_scenarios}" if status.total_scenarios is not None else ""
        return f"{iteration} · {status.passed_scenarios or 0} passed, {status.failed_scenarios or 0} failed{of_total}"

    def judge(self, gated: GatedRun, status: Status, scenarios: tuple[Scenario, ...]) -> tuple[Outcome, str]:
        """Judge a session that completed (docs/gate.md). One that was adopted may have run on any version."""
        outcome, reason = judge(gated.gate, status, declared=gated.declared_scenarios, scenarios=scenarios)
        if outcome == "passed" and gated.adopted and gated.promoted.version is not None:
            unknown = "it was adopted, so it is unknown whether it ran on the promoted version"
            return "incomplete", f"{unknown} {gated.promoted.version}"
        return outcome, reason

    def facts(self, gated: GatedRun, status: Status | None, outcome: Outcome) -> RunFacts:
        """Return the numbers, the scenarios that did not pass, and the version."""
        return facts(gated, status or _UNKNOWN, outcome)

    def held(self, verdict: RunVerdict, status: Status | None) -> int | None:
        """Return how many scenarios its iterations and its confirmation ran.

        All of them in each iteration, where the API does not show which.
        """
        simulated = verdict.confirmation["scenarios"].values() if verdict.confirmation is not None else ()
        repeats = sum(rate["runs"] for rate in simulated)
        if status is not None and status.iterations and not status.has_omissions:
            return (
                sum(len(iteration.passed_ids) + len(iteration.failed_ids) for iteration in status.iterations) + repeats
            )
        if verdict.iterations is None or verdict.total_scenarios is None:
            return None
        return verdict.iterations * verdict.total_scenarios + repeats

    def agrees(self, verdict: RunVerdict, request: Mapping[str, Any]) -> bool:
        """Return whether the numbers give the outcome again.

        For `passed: promotion` the numbers do not decide; then only a session that completed can have passed.
        """
        failure = SESSION_STATUSES[verdict.status or ""].failure
        if verdict.quarantined != quarantined(verdict.gate, verdict.failed_ids, verdict.unfixable_ids):
            return False
        if verdict.gate.passed == "promotion":
            return verdict.outcome == "failed" or failure is None
        if failure is not None:
            return verdict.outcome == "failed"
        # Where repairs for what is in quarantine do not count, the word is of the end, the numbers are of the start.
        is_before = bool(verdict.quarantined) and not verdict.repaired
        status = Status(
            "COMPLETED_PARTIAL" if is_before else verdict.status or "",
            passed_scenarios=verdict.passed_scenarios,
            total_scenarios=verdict.total_scenarios,
            unfixable_ids=(*verdict.unfixable_ids, *verdict.failed_ids),  # neither may be beside "all passed"
            has_forked=verdict.repaired,
        )
        outcome, _ = judge(verdict.gate, status, declared=request.get("scenario_ids"))
        return outcome == verdict.outcome

    async def result(self, client: Client, gated: GatedRun, ending: Ending, retry: Retry) -> Result:
        """Return the result, with the version and the scenarios that it is for."""
        from tornado_resource.tornado.results import session_result

        return await session_result(client, gated, ending, retry)

    async def last_run(self, client: Client, gated: GatedRun) -> tuple[LastRun, GatedRun]:
        """Return what the gate says of a session that has ended."""
        from tornado_resource.tornado.results import last_run

        return await last_run(client, gated)

    async def find_faults(
        self, client: Client, request: Mapping[str, Any], *, has_checks: bool = False
    ) -> Sequence[tuple[str, str]]:
        """Return whether the pathway is missing."""
        from tornado_resource.tornado.diagnosis import find_faults

        del has_checks
        return await find_faults(client, request["pathway_id"])

    async def with_drift(self, client: Client, result: Result) -> Result:
        """Return the result with what has become of the version that it is for."""
        from tornado_resource.tornado.results import with_drift

        return await with_drift(client, result)

    async def with_details(self, client: Client, result: Result) -> Result:
        """Return the result with the last run of each scenario, by name."""
        from tornado_resource.tornado.details import with_scenario_runs

        return await with_scenario_runs(client, result)

    async def with_changes(self, client: Client, result: Result) -> Result:
        """Return the result with what the session changed in the pathway."""
        from tornado_resource.tornado.results import with_changes

        return await with_changes(client, result)

    async def with_transcripts(self, client: Client, result: Result) -> Result:
        """Return the result with the ends of the transcripts of failed scenarios."""
        from tornado_resource.tornado.details import with_transcripts

        return await with_transcripts(client, result)

    async def read_content(self, client: Client, request: Mapping[str, Any], which: str) -> tuple[str, Content]:
        """Return a version of the pathway by its number, or the live one."""
        from tornado_resource.versions.reading import read_content

        if which != LIVE_VERSION and not which.isdecimal():
            message = f"found `{clean(which, 80)}`, expected the number of a version, or `{LIVE_VERSION}`"
            raise ConfigurationError(message)
        label = which if which == LIVE_VERSION else f"version {which}"
        content = await read_content(client, self.place_id(request), LIVE if which == LIVE_VERSION else int(which))
        if content is None:
            message = f"the API does not show {label} of pathway {clean(self.place_id(request))}"
            raise ConfigurationError(message)
        return label, content

    async def find_drift(self, reader: Reader, tested: RunBasis) -> str | None:
        """Return how the version or the scenarios of a session have changed since it was tested."""
        from tornado_resource.versions.drift import find_drift

        return await find_drift(reader, tested)


KIND: Final = Tornado()


def _words(error: ApiError) -> list[str]:
    """Return the words of an error, without what differs from request to request: paths, ids, numbers and times."""
    tokens = _PATH.sub(" ", error.cause).replace("_", " ").casefold().split()
    words = (token.strip(string.punctuation) for token in tokens)
    return [word for word in words if word.isalpha() and word not in _ECHOED]


async def with_successor(client: Client, error: NotFound, pathway_id: str) -> NotFound:
    """Return an error about a pathway with the agents that were migrated from it, if there are some."""
    from tornado_resource.bland.agents import list_agents

    with suppress(ApiError):
        agents = id_list([agent.agent_id for agent in (await list_agents(client)).of_pathway(pathway_id)])
        if agents:
            cause = f"{error.cause}; it was migrated to agent {agents}: `tornado-resource migrate` declares that"
            return NotFound(error.request, cause, status_code=error.status_code, is_api=error.is_api)
    return error


def found_run(order: Order, active: Active) -> Found:
    """Return the session that is active on the pathway of an order, and how it differs."""
    limits = {"max_iterations": active.max_iterations, "timeout_ms": active.timeout_ms}
    run = StartedRun(active.session_id, active.created_at, active.status, shown=limits)
    contradictions, doubts = tuple(_contradictions(order, active)), tuple(_doubts(order, active))
    return Found(run, active.responded_at, contradictions=contradictions, doubts=doubts)


def _contradictions(order: Order, active: Active) -> list[str]:
    """Return the differences that show that an active session was not started for an order."""
    return _other_persona(order, active) if _name_personas(order, active) else []


def _doubts(order: Order, active: Active) -> list[str]:
    """Return the differences that a session of the order itself may have: the API may store and count otherwise.

    It may lower a limit, say, or use a default persona where none is declared.
    """
    scenario_ids = order.request.get("scenario_ids")
    return [
        *([] if _name_personas(order, active) else _other_persona(order, active)),
        *_other_iterations(order, active),
        *other_timeout(order, active.timeout_ms),
        *(_other_scenarios(active, scenario_ids) if scenario_ids is not None else []),
    ]


def other_timeout(order: Order, timeout_ms: int | None) -> list[str]:
    """Return how the time limit of a session differs from that of an order, if both are known."""
    wanted = order.request.get("timeout_ms")
    if wanted is None or timeout_ms in {None, wanted}:
        return []
    return [f"its timeout_ms is {timeout_ms} (declared: {wanted})"]


def _name_personas(order: Order, active: Active) -> bool:
    """Return whether both an order and a session name a persona."""
    return bool(order.request.get("persona_id")) and bool(active.persona_id)


def _other_persona(order: Order, active: Active) -> list[str]:
    theirs, ours = active.persona_id or "", order.request.get("persona_id") or ""
    if not is_other(theirs, ours):
        return []
    return [f"its persona_id is {clean(theirs) or 'none'} (declared: {ours or 'none'})"]


def _other_iterations(order: Order, active: Active) -> list[str]:
    wanted = order.request.get("max_iterations")
    if wanted is None or active.max_iterations in {None, wanted}:
        return []
    return [f"its max_iterations is {active.max_iterations} (declared: {wanted})"]


def _other_scenarios(active: Active, declared: Sequence[str]) -> list[str]:
    # 0 may mean "not counted yet": the API's page does not say.
    if active.total_scenarios and active.total_scenarios != len({*map(folded, declared)}):
        return [f"it has {count(active.total_scenarios, 'scenario')} (declared: {len(declared)})"]
    if active.scenario_ids is None or {*map(folded, active.scenario_ids)} == {*map(folded, declared)}:
        return []
    return [f"its scenarios are {id_list(active.scenario_ids)} (declared: {id_list(declared)})"]
