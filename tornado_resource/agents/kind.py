"""Check runs of agents as a kind of run: their requests, and what the responses mean."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar, Final

from tornado_resource.agents.as_declared import difference
from tornado_resource.agents.gate import agrees, doubt, facts, judge, unknown_judges
from tornado_resource.bland.agents import list_agents, read_latest_version, read_pins, read_version
from tornado_resource.bland.check_runs import (
    STATUSES,
    CheckRun,
    cancel_check_run,
    list_check_runs,
    read_check_run,
    read_checks,
    start_check_run,
)
from tornado_resource.bland.listing import Owner
from tornado_resource.bland.responses import elapsed_ms, is_other, parse_time
from tornado_resource.bland.retrying import retried
from tornado_resource.bland.sessions import Status
from tornado_resource.core.text import clean, count
from tornado_resource.core.urns import CHECK_RUN_TYPE
from tornado_resource.declarations.model import (
    CHECK_RUN_FIELDS,
    CHECK_RUN_GRACE_MS,
    CHECK_RUN_MS,
    LATEST,
    PINNED,
    is_version_id,
)
from tornado_resource.errors import ApiError, ConfigurationError, OutcomeUnknown, Rejected
from tornado_resource.runs.kinds import Kind
from tornado_resource.runs.model import Result
from tornado_resource.runs.order import Found, FoundVersion, StartedRun
from tornado_resource.runs.rerun import LastRun
from tornado_resource.runs.verdict import make_verdict

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from tornado_resource.bland.agents import Version
    from tornado_resource.bland.client import Client
    from tornado_resource.bland.content import Content
    from tornado_resource.bland.listing import Scenario
    from tornado_resource.bland.retrying import Retry
    from tornado_resource.errors import NotFound
    from tornado_resource.runs.model import Ending, GatedRun, Outcome, RunFacts, RunVerdict
    from tornado_resource.runs.order import Order, Run


@dataclass(frozen=True, slots=True)
class CheckStatus(Status):
    """The status of a check run, and all that the API shows of it."""

    run: CheckRun | None = None

    @classmethod
    def of(cls, run: CheckRun) -> CheckStatus:
        """Return the status of a check run."""
        return cls(
            run.status,
            elapsed_ms=elapsed_ms(run.created_at, run.completed_at),
            error_message=run.error_message,
            created_at=run.created_at,
            run=run,
        )

    @property
    def is_running(self) -> bool:
        """Whether it is in flight."""
        return self.run is not None and self.run.is_running

    @property
    def is_final(self) -> bool:
        """Whether it has ended. An unknown status is neither in flight nor final."""
        return self.status in STATUSES

    @property
    def shown(self) -> dict[str, Any]:
        """The version that it checks."""
        return _shown(self.run) if self.run is not None else {}


class CheckRuns(Kind):
    """A check run holds conversations with an agent, and judges score them. One runs at a time for an agent and env."""

    name = "check_run"
    noun = "check run"
    part_noun = "judge"
    cures: ClassVar[Mapping[str, str]] = {
        "missed": "Fix the agent or its checks",
        "contradictory": "Look at the check run and the checks in Bland's dashboard",
        "not_as_declared": "Let nobody edit the checks in Bland while they are tested",
        "vacuous": "Let a judge of the agent's checks be required",
        "inconclusive": "Look at its conversations in Bland's dashboard, and at the prompts of the judges",
    }
    place_noun = "agent"
    resource_type = CHECK_RUN_TYPE
    id_output = "run_id"
    place_outputs = ("agent_id", "env")
    intents = "check-run-intents"
    has_variables = True
    version_field = "version_id"
    fields = CHECK_RUN_FIELDS
    statuses = STATUSES
    default_limit_ms = CHECK_RUN_MS
    grace_ms = CHECK_RUN_GRACE_MS

    def place_id(self, request: Mapping[str, Any]) -> str:
        """Return the id of the agent, and its environment."""
        return f"{request['agent_id']}/{request['env']}"

    def place(self, request: Mapping[str, Any]) -> str:
        """Return `agent ag-1 in staging`."""
        return f"agent {request['agent_id']} in {request['env']}"

    def request_of(self, values: Mapping[str, Any]) -> dict[str, Any]:
        """Return the declared agent, env and version."""
        return {name: values[name] for name in CHECK_RUN_FIELDS if values.get(name) is not None}

    def problems(self, name: str | None, values: Mapping[str, Any]) -> dict[str, str]:
        """Return what is invalid by the rules of `sessions.yaml`."""
        from tornado_resource.declarations.values import agent_problems

        version = values.get("version_id")
        keys = {key: value for key, value in values.items() if key != "version_id"}
        problems = agent_problems(name, {**keys, "version": version})
        problem = problems.pop("version", None)
        if problem is None and isinstance(version, str) and not is_version_id(version):
            problem = f"found `{version}`, expected the id of a version"  # a program has it by then
        return problems if problem is None else {**problems, "version_id": problem}

    def is_sound(self, declared: Mapping[str, Any]) -> bool:
        """Return whether what is recorded as declared can be a request."""
        return all(isinstance(declared.get(name), str) for name in CHECK_RUN_FIELDS)

    def is_resolved(self, version: Any) -> bool:
        """Return whether it is the id of a version."""
        return version is None or is_version_id(version)

    def is_moving(self, version: Any) -> bool:
        """Return whether it is `latest` or `pinned`. A published version stays what it is."""
        return version in {LATEST, PINNED}

    def known_version(self, request: Mapping[str, Any], outputs: Mapping[str, Any]) -> str | None:
        """Return the id of a published version that the last run checked."""
        is_same = (outputs.get("agent_id"), outputs.get("semver")) == (request["agent_id"], request["version_id"])
        version_id = outputs.get("version_id")
        return version_id if is_same and isinstance(version_id, str) else None

    def version_source(self, request: Mapping[str, Any]) -> tuple[str, Any]:
        """Return the agent and the version: only what is pinned is another one in the other environment."""
        version = request["version_id"]
        return self.place_id(request) if version == PINNED else request["agent_id"], version

    async def find_version(self, client: Client, request: Mapping[str, Any]) -> FoundVersion:
        """Return the id of the newest version, of the pinned one, or of a published one."""
        agent_id, version = request["agent_id"], request["version_id"]
        if version == LATEST:
            return _found(await retried(lambda: read_latest_version(client, agent_id)))
        if version != PINNED:
            return _found(await retried(lambda: read_version(client, agent_id, version)))
        pin = (await retried(lambda: read_pins(client, agent_id))).of(request["env"])
        if pin.version_id is None:
            message = f"{self.place(request)} pins no version; publish one, or declare `version: latest`"
            raise ConfigurationError(message)
        return FoundVersion(pin.version_id)

    def version_of(self, verdict: RunVerdict) -> str | None:
        """Return the id of the version that was checked."""
        return verdict.version_id

    async def start(self, client: Client, request: Mapping[str, Any]) -> StartedRun:
        """Send the start request. If there is nothing to check, the error says so."""
        agent_id, env = request["agent_id"], request["env"]
        try:
            return _started(await start_check_run(client, agent_id, env, request["version_id"]))
        except Rejected as error:
            if error.status_code == 400 and error.is_api:
                raise await _with_fault(client, error, agent_id, env) from None
            raise

    async def look(self, client: Client, order: Order) -> Sequence[Found]:
        """Return the check runs of the agent in its environment, also those that have ended."""
        agent_id, env = order.request["agent_id"], order.request["env"]
        listed = await list_check_runs(client, agent_id, env)
        if not listed.is_readable:
            label = f"check runs of {clean(self.place(order.request))}"
            raise OutcomeUnknown(label, "a check run in the response has no usable id or status")
        return [
            Found(
                _started(run),
                listed.responded_at,
                is_holding=run.is_running,
                contradictions=_contradictions(run, order.request),
                existed_at=next(filter(parse_time, (run.started_at, run.completed_at)), None),
            )
            for run in listed.runs
        ]

    async def read(self, client: Client, run: Run) -> Status:
        """Return the status of a check run."""
        return CheckStatus.of(await read_check_run(client, run.request["agent_id"], run.run_id))

    async def responds(self, client: Client, run: Run, not_found: NotFound) -> bool:
        """Return whether the API lists agents: a web server that has no such route does not."""
        del run, not_found
        try:
            await list_agents(client)
        except Rejected as error:
            if 400 <= error.status_code < 500:
                return False
            raise
        return True

    async def cancel(self, client: Client, run: Run) -> None:
        """Send the cancel request."""
        await cancel_check_run(client, run.request["agent_id"], run.run_id)

    async def is_holding(self, client: Client, run: Run) -> bool:
        """Return whether the run is still in flight."""
        return (await self.read(client, run)).is_running

    def status_differences(self, order: Order, status: Status) -> list[str]:
        """Return how the version and environment of a check run differ from the declared ones."""
        run = _run(status)
        return list(_contradictions(run, order.request)) if run is not None else []

    def outputs(self, request: Mapping[str, Any], started: StartedRun) -> dict[str, Any]:
        """Return the outputs `agent_id`, `env`, `version_id` and `semver`."""
        values = {key: value for key, value in started.shown.items() if value is not None}
        return {**self.request_of(request), "semver": None, **values}

    def progress(self, status: Status) -> str:
        """Return ` running · 10 conversations`: the API shows no more of a run that is in flight."""
        run = _run(status)
        if run is None or not run.is_running:
            return ""
        conversations = _conversations(run)
        return f" {run.status.lower()}" + (f" · {count(conversations, 'conversation')}" if conversations else "")

    def judge(self, gated: GatedRun, status: Status, scenarios: tuple[Scenario, ...]) -> tuple[Outcome, str]:
        """Judge a check run that completed (docs/agents.md)."""
        del scenarios
        run = _run(status)
        if run is None:
            return "incomplete", "the API does not show its judges"
        others = _contradictions(run, gated.request)
        if gated.adopted and run.version_id is None:
            return "incomplete", "it was adopted, and the API does not show which version it checks"
        return ("incomplete", others[0]) if others else judge(gated.gate, run, gated.checks)

    def facts(self, gated: GatedRun, status: Status | None, outcome: Outcome) -> RunFacts:
        """Return the judges, and the version."""
        del outcome
        return facts(gated, _run(status))

    def held(self, verdict: RunVerdict, status: Status | None) -> int | None:
        """Return its scenarios times its simulations. A recorded verdict has neither."""
        del verdict
        run = _run(status)
        return _conversations(run) if run is not None else None

    def agrees(self, verdict: RunVerdict, request: Mapping[str, Any]) -> bool:
        """Return whether a recorded verdict is for the declared version, and its judges give its outcome again."""
        return agrees(verdict, request)

    def doubt(self, verdict: RunVerdict) -> str | None:
        """Return that other checks ran, no judge had to pass, one said nothing, or the gate names another one."""
        return doubt(verdict)

    async def result(self, client: Client, gated: GatedRun, ending: Ending, retry: Retry) -> Result:
        """Return the result. A pass counts if the declared test cases still are as declared."""
        result = Result(gated, make_verdict(gated, ending), ending.status, cause=ending.cause)
        return await _with_test_cases(client, result, retry)

    async def last_run(self, client: Client, gated: GatedRun) -> tuple[LastRun, GatedRun]:
        """Return what the gate says of a check run that has ended, if the run has every judge that the gate names."""
        from tornado_resource.runs.model import Ending

        status = gated.known.status
        run = _run(status)
        is_as_declared = run is not None and difference(run, gated.checks) is None
        if run is not None and is_as_declared and run.verdicts and unknown_judges(gated.gate, run.verdicts):
            return LastRun(gated.run_id, gated.gate), gated  # another run would know no more
        result = Result(gated, make_verdict(gated, Ending(status)), status)
        return LastRun.recorded((await _with_test_cases(client, result)).verdict), gated

    async def read_content(self, client: Client, request: Mapping[str, Any], which: str) -> tuple[str, Content]:
        """Return a version of the agent by its snapshot."""
        from tornado_resource.agents.versions import read_content

        return await read_content(client, request, which)

    async def find_obstacle(self, client: Client, request: Mapping[str, Any]) -> str | None:
        """Return which variables the version refers to that have no value in the environment."""
        from tornado_resource.bland.variables import find_missing_variables

        return await find_missing_variables(client, request["agent_id"], request["env"], request["version_id"])

    async def find_faults(
        self, client: Client, request: Mapping[str, Any], *, has_checks: bool = False
    ) -> Sequence[tuple[str, str]]:
        """Return whether the agent, its declared version or its checks are missing."""
        from tornado_resource.agents.diagnosis import find_faults

        return await find_faults(client, request, has_checks=has_checks)

    async def with_details(self, client: Client, result: Result) -> Result:
        """Return the result with what its judges cost."""
        from tornado_resource.agents.details import with_cost

        run = _run(result.status)
        return await with_cost(client, result, run) if run is not None else result

    async def with_transcripts(self, client: Client, result: Result) -> Result:
        """Return the result with the conversations that did not match, and the judges' reasoning."""
        from tornado_resource.agents.details import with_mismatches

        run = _run(result.status)
        return await with_mismatches(client, result, run) if run is not None else result


async def _with_test_cases(client: Client, result: Result, retry: Retry = retried) -> Result:
    from tornado_resource.runs.edited_scenarios import with_scenarios

    return await with_scenarios(client, result, Owner.agent(result.gated.request["agent_id"]), retry)


def _run(status: Status | None) -> CheckRun | None:
    return status.run if isinstance(status, CheckStatus) else None


def _started(run: CheckRun) -> StartedRun:
    return StartedRun(run.run_id, run.created_at, run.status, shown=_shown(run))


def _found(version: Version) -> FoundVersion:
    """Return a version with what it refers to, as far as it is shown."""
    from tornado_resource.bland.variables import referenced_variables

    names = referenced_variables(version.snapshot) if version.snapshot is not None else None
    return FoundVersion(version.version_id, names)


def _shown(run: CheckRun) -> dict[str, Any]:
    return {"version_id": run.version_id, "semver": run.semver}


def _contradictions(run: CheckRun, request: Mapping[str, Any]) -> tuple[str, ...]:
    """Return how a run shows that it was not started by a request."""
    version_id, env = request.get("version_id"), request.get("env")
    texts = []
    if run.version_id is not None and version_id is not None and is_other(run.version_id, version_id):
        texts.append(f"it checks version {clean(run.version_id)} (declared: {clean(version_id)})")
    if run.env is not None and env is not None and is_other(run.env, env):
        texts.append(f"its env is {clean(run.env)} (declared: {clean(env)})")
    return tuple(texts)


def _conversations(run: CheckRun) -> int | None:
    if run.scenario_count is None or run.simulations_count is None:
        return None
    return run.scenario_count * run.simulations_count


KIND: Final = CheckRuns()


async def _with_fault(client: Client, error: Rejected, agent_id: str, env: str) -> Rejected:
    """Return the error of a start with what is wrong with the checks, if something is."""
    from tornado_resource.agents.diagnosis import fault_of_checks

    with suppress(ApiError):
        fault = fault_of_checks(await read_checks(client, agent_id, env), env)
        if fault is not None:
            return Rejected(error.request, f"{error.cause}; {': '.join(fault)}", status_code=error.status_code)
    return error
