"""The requests of the API's pages about checks and check runs, and what the responses say.

Every function sends one request; retries are the caller's choice, and a start must never be retried blindly. Responses
may be in the wrapper `{data, errors}` or bare.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, TypeVar

from tornado_resource.bland.agents import AGENTS_PATH, refuse_other
from tornado_resource.bland.responses import (
    MAX_ID_CHARACTERS,
    Meaning,
    error_text,
    flag,
    is_other,
    line,
    number,
    reported_error,
    run_fault,
    segment,
    shows_more,
    time_text,
    unreadable_flags,
    unusable,
    unwrapped,
    whole_number,
    word,
)
from tornado_resource.core.text import clean

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from datetime import datetime

    from tornado_resource.bland.client import Client, Reply
    from tornado_resource.bland.responses import Json

PENDING: Final = "PENDING"
RUNNING: Final = "RUNNING"
IN_FLIGHT: Final = frozenset({PENDING, RUNNING})
STATUSES: Final[Mapping[str, Meaning]] = {
    "PASSED": Meaning(),
    "FAILED": Meaning(),
    "ERROR": Meaning(
        "it stopped with an error, which says nothing of the agent",
        advice="Look at the run in Bland's dashboard, and at the credit and the limits of the account",
        says_nothing=True,
    ),
    "CANCELLED": Meaning("it was cancelled", advice="Find out who cancelled it"),
}
"""The final statuses (API page *Get Check Run*), and all that is decided by them. Any other one but `PENDING` and
`RUNNING` is unknown."""
NOUN: Final = "check run"
CHECK_RUNS_LIMIT: Final = 100
"""The longest list of check runs that the API returns. It has no pages."""
MAX_JUDGES: Final = 100
"""How many verdicts of a run are kept: the first ones."""

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class JudgeVerdict:
    """What a judge found. *match_rate*: the share of conclusive conversations that match, 0 to 1; None without any.

    What cannot be read is None: *is_required* and *has_passed* too.
    """

    judge_id: str | None
    version_id: str | None
    name: str | None
    is_required: bool | None
    match_rate: float | None
    has_passed: bool | None
    target_level_keys: tuple[str, ...] = ()
    unreadable: tuple[str, ...] = ()
    """The fields that say something which cannot be read."""

    @classmethod
    def parse(cls, entry: Any) -> JudgeVerdict:
        """Parse an entry of `verdicts`; one that cannot be read is a verdict without any values."""
        content = entry if isinstance(entry, dict) else {}
        return cls(
            judge_id=word(content.get("eval_agent_id"), MAX_ID_CHARACTERS),
            version_id=word(content.get("eval_agent_version_id"), MAX_ID_CHARACTERS),
            name=line(content.get("name")),
            is_required=flag(content.get("required")),
            match_rate=number(content.get("match_rate"), 1.0),
            has_passed=flag(content.get("passed")),
            target_level_keys=_lines(content.get("target_level_keys")),
            unreadable=unreadable_flags(content, "passed"),
        )


@dataclass(frozen=True, slots=True)
class CheckRun:
    """A check run. Ids, times, *status* and *semver* are unchanged, byte for byte, or None.

    *overall_passed* is the API's own word: true also if no judge is required.
    """

    run_id: str
    status: str
    agent_id: str | None = None
    env: str | None = None
    version_id: str | None = None
    semver: str | None = None
    version_name: str | None = None
    judge_names: tuple[str, ...] = ()
    scenario_count: int | None = None
    simulations_count: int | None = None
    overall_passed: bool | None = None
    verdicts: tuple[JudgeVerdict, ...] = ()
    has_omissions: bool = False
    """Whether there are more verdicts or names of judges than are kept, or they are in no list."""
    simulation_set_id: str | None = None
    eval_run_id: str | None = None
    error_message: str | None = None
    triggered_by: str | None = None
    created_at: str | None = None
    started_at: str | None = None
    completed_at: str | None = None
    unreadable: tuple[str, ...] = ()
    """The fields that say something which cannot be read."""

    @classmethod
    def parse(cls, content: Any) -> CheckRun | None:
        """Parse a check run; None if it cannot be recorded (`run_fault`)."""
        if run_fault(content, NOUN) is not None:
            return None
        listed = [content.get("verdicts"), content.get("judge_names")]
        verdicts = listed[0] if isinstance(listed[0], list) else []
        return cls(
            run_id=content["id"],
            status=content["status"],
            agent_id=word(content.get("agent_id"), MAX_ID_CHARACTERS),
            env=word(content.get("env_type")),
            version_id=word(content.get("agent_version_id"), MAX_ID_CHARACTERS),
            semver=word(content.get("semver")),
            version_name=line(content.get("version_name")),
            judge_names=_lines(listed[1]),
            scenario_count=whole_number(content.get("scenario_count")),
            simulations_count=whole_number(content.get("simulations_count")),
            overall_passed=flag(content.get("overall_passed")),
            verdicts=tuple(map(JudgeVerdict.parse, verdicts[:MAX_JUDGES])),
            has_omissions=not all(map(_is_kept_whole, listed)),
            simulation_set_id=word(content.get("simulation_set_id"), MAX_ID_CHARACTERS),
            eval_run_id=word(content.get("eval_run_id"), MAX_ID_CHARACTERS),
            error_message=error_text(content.get("error_message")),
            triggered_by=line(content.get("triggered_by")),
            created_at=time_text(content.get("created_at")),
            started_at=time_text(content.get("started_at")),
            completed_at=time_text(content.get("completed_at")),
            unreadable=unreadable_flags(content, "overall_passed"),
        )

    @property
    def is_running(self) -> bool:
        """Whether the run is in flight: it holds its agent's environment."""
        return self.status in IN_FLIGHT

    @property
    def is_final(self) -> bool:
        """Whether the run has ended. An unknown status is neither running nor final."""
        return self.status in STATUSES


@dataclass(frozen=True, slots=True)
class CheckRuns:
    """Check runs of an agent and environment, the newest first, in flight or ended.

    *is_whole*: whether there certainly are no others. *is_readable*: whether every entry of the list could be read.
    *responded_at* is the API's time (Date header) if present.
    """

    runs: tuple[CheckRun, ...]
    is_whole: bool
    is_readable: bool
    responded_at: datetime | None


@dataclass(frozen=True, slots=True)
class ConfiguredJudge:
    """A judge of a check config. *is_required*: None where that cannot be read.

    *target_level_keys*: the levels that match; none for a judge that only says pass or fail.
    """

    judge_id: str
    version_id: str | None
    name: str | None
    is_required: bool | None
    target_level_keys: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Checks:
    """The check config of an environment: as the API shows it, or as it must be (without names and times)."""

    scenario_ids: tuple[str, ...]
    judges: tuple[ConfiguredJudge, ...]
    is_enabled: bool | None
    simulations_count: int | None
    updated_at: str | None

    @classmethod
    def parse(cls, content: Any) -> Checks | None:
        """Parse a check config; None unless it shows the id of every scenario and judge."""
        if not isinstance(content, dict):
            return None
        scenario_ids = _all(content.get("scenario_ids"), lambda scenario_id: word(scenario_id, MAX_ID_CHARACTERS))
        judges = _all(content.get("evals"), _judge)
        if scenario_ids is None or judges is None:
            return None
        return cls(
            scenario_ids=scenario_ids,
            judges=judges,
            is_enabled=flag(content.get("enabled")),
            simulations_count=whole_number(content.get("simulations_count")),
            updated_at=time_text(content.get("updated_at")),
        )

    @property
    def conversations(self) -> int | None:
        """How many conversations a run of them has; None if that is unknown."""
        count = self.simulations_count
        return len(self.scenario_ids) * count if count is not None else None


async def start_check_run(client: Client, agent_id: str, env: str, version_id: str) -> CheckRun:
    """Start a check run of a version. Its status may be `ERROR` at once.

    The run may be one of another version than asked for: that is for the caller to judge, since it did start.

    Raises:
        Conflict: another run of this agent and environment is in flight.
        OutcomeUnknown: among others, a 2xx response without a run that can be recorded.
        ForeignResponse: the response is about another agent or environment.

    """
    label = f"start of a check run of {_place(agent_id, env)}"
    path = f"{AGENTS_PATH}/{segment(label, agent_id)}/environments/{segment(label, env)}/check-runs"
    reply = await client.request(label, "POST", path, body={"version_id": version_id})
    run = _parsed(client, reply)
    refuse_other(label, ("agent", run.agent_id, agent_id), ("environment", run.env, env))
    return run


async def list_check_runs(client: Client, agent_id: str, env: str) -> CheckRuns:
    """Return the check runs of an agent and environment, as one response lists them."""
    label = f"check runs of {_place(agent_id, env)}"
    path = f"{AGENTS_PATH}/{segment(label, agent_id)}/check-runs"
    reply = await client.request(label, "GET", path, query={"env": env, "limit": str(CHECK_RUNS_LIMIT)})

    def parse(content: Any) -> CheckRuns | None:
        if not isinstance(content, list) or reported_error(reply.body):
            return None
        runs = [CheckRun.parse(entry) for entry in content]
        is_readable = None not in runs
        # The API takes an environment that it does not know for production.
        own = tuple(run for run in runs if run is not None and _is_of(run, agent_id, env))
        is_whole = len(runs) < CHECK_RUNS_LIMIT and not shows_more(reply.body, len(runs))
        return CheckRuns(own, is_readable and is_whole, is_readable, reply.responded_at)

    return client.parsed(reply, parse, "the response has no check runs")


async def read_check_run(client: Client, agent_id: str, run_id: str) -> CheckRun:
    """Return a check run.

    Raises:
        ForeignResponse: the response is about another run or agent.

    """
    label = f"check run {clean(run_id)}"
    reply = await client.request(label, "GET", _run_path(label, agent_id, run_id))
    run = _parsed(client, reply)
    refuse_other(label, ("check run", run.run_id, run_id), ("agent", run.agent_id, agent_id))
    return run


async def cancel_check_run(client: Client, agent_id: str, run_id: str) -> CheckRun | None:
    """Cancel a check run, and return it if the response shows it.

    Raises:
        Conflict: it has ended.

    """
    label = f"cancel check run {clean(run_id)}"
    reply = await client.request(label, "POST", f"{_run_path(label, agent_id, run_id)}/cancel", body={})
    run = CheckRun.parse(unwrapped(reply.body))
    return run if run is not None and not is_other(run.run_id, run_id) else None


async def read_checks(client: Client, agent_id: str, env: str) -> Checks | None:
    """Return the check config of an environment; None if it has none.

    Raises:
        OutcomeUnknown: among others, a 2xx response that shows neither a config nor null.

    """
    label = f"checks of {_place(agent_id, env)}"
    reply = await client.request(label, "GET", _checks_path(label, agent_id, env))
    if unwrapped(reply.body) is None and not reply.is_empty and not reported_error(reply.body):
        return None
    return _shown_checks(client, reply, agent_id, env)


async def put_checks(client: Client, agent_id: str, env: str, checks: Checks) -> Checks:
    """Replace the check config of an environment, and return it as the API shows it then. It is safe to repeat.

    Raises:
        Rejected: the API refuses the config: nothing was changed.
        OutcomeUnknown: among others, a 2xx response that does not show the config.
        ForeignResponse: the response is about another agent or environment.

    """
    label = f"change of the checks of {_place(agent_id, env)}"
    reply = await client.request(label, "PUT", _checks_path(label, agent_id, env), body=_body(checks))
    return _shown_checks(client, reply, agent_id, env)


async def delete_checks(client: Client, agent_id: str, env: str) -> None:
    """Delete the check config of an environment. It is safe to repeat: without a config, nothing happens.

    Raises:
        OutcomeUnknown: among others, a 2xx response that does not say whether there was one.

    """
    label = f"removal of the checks of {_place(agent_id, env)}"
    reply = await client.request(label, "DELETE", _checks_path(label, agent_id, env))
    client.parsed(reply, _is_deleted, "the response does not say whether the checks are deleted")


def _parsed(client: Client, reply: Reply) -> CheckRun:
    fault = run_fault(unwrapped(reply.body), NOUN)
    if fault is not None:
        raise unusable(reply.label, reply.body, fault)
    return client.parsed(reply, CheckRun.parse, "")


def _shown_checks(client: Client, reply: Reply, agent_id: str, env: str) -> Checks:
    checks = client.parsed(reply, Checks.parse, "the response shows no check config")
    content = unwrapped(reply.body)
    pairs = ("agent", content.get("agent_id"), agent_id), ("environment", content.get("env_type"), env)
    refuse_other(reply.label, *pairs)
    return checks


def _is_deleted(content: Any) -> bool | None:
    return flag(content.get("deleted")) if isinstance(content, dict) else None


def _body(checks: Checks) -> Json:
    return {
        "scenario_ids": list(checks.scenario_ids),
        "evals": [_entry(judge) for judge in checks.judges],
        "enabled": checks.is_enabled,
        "simulations_count": checks.simulations_count,
    }


def _entry(judge: ConfiguredJudge) -> Json:
    """Return a judge's entry in the body of a request. The API refuses target levels of a judge that has no levels."""
    levels = {"target_level_keys": list(judge.target_level_keys)} if judge.target_level_keys else {}
    return {
        "eval_agent_id": judge.judge_id,
        "eval_agent_version_id": judge.version_id,
        "required": judge.is_required,
        **levels,
    }


def _is_of(run: CheckRun, agent_id: str, env: str) -> bool:
    is_other_agent = run.agent_id is not None and is_other(run.agent_id, agent_id)
    return not is_other_agent and (run.env is None or not is_other(run.env, env))


def _judge(entry: Any) -> ConfiguredJudge | None:
    judge_id = word(entry.get("eval_agent_id"), MAX_ID_CHARACTERS) if isinstance(entry, dict) else None
    if judge_id is None:
        return None
    return ConfiguredJudge(
        judge_id=judge_id,
        version_id=word(entry.get("eval_agent_version_id"), MAX_ID_CHARACTERS),
        name=line(entry.get("name")),
        is_required=flag(entry.get("required")),
        target_level_keys=_lines(entry.get("target_level_keys")),
    )


def _place(agent_id: str, env: str) -> str:
    return f"agent {clean(agent_id)} in {clean(env)}"


def _checks_path(label: str, agent_id: str, env: str) -> str:
    return f"{AGENTS_PATH}/{segment(label, agent_id)}/environments/{segment(label, env)}/checks"


def _run_path(label: str, agent_id: str, run_id: str) -> str:
    return f"{AGENTS_PATH}/{segment(label, agent_id)}/check-runs/{segment(label, run_id)}"


def _all(value: Any, parse: Callable[[Any], T | None]) -> tuple[T, ...] | None:
    """Return every entry of a list as *parse* makes it; None if there is no list, or an entry that it cannot read."""
    parsed = [parse(entry) for entry in value] if isinstance(value, list) else [None]
    readable = tuple(entry for entry in parsed if entry is not None)
    return readable if len(readable) == len(parsed) else None


def _lines(value: Any) -> tuple[str, ...]:
    lines = (line(text) for text in value[:MAX_JUDGES]) if isinstance(value, list) else ()
    return tuple(text for text in lines if text is not None)


def _is_kept_whole(value: Any) -> bool:
    return value is None or (isinstance(value, list) and len(value) <= MAX_JUDGES)
