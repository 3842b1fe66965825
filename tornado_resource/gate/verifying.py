"""One session, from its id to a result: wait or look, judge, and gather what people will ask about it."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from tornado_resource.bland.retrying import retried
from tornado_resource.clock import SYSTEM
from tornado_resource.declarations.model import DEFAULT_TIMEOUT_MS, digest
from tornado_resource.errors import ApiError, NotFound
from tornado_resource.gate.judging import Ending, Verdict, verdict_of
from tornado_resource.gate.waiting import Awaited, Progress, gone, patiently, wait

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterable, Mapping

    from tornado_resource.bland.client import Client
    from tornado_resource.bland.models import Scenario, Status
    from tornado_resource.clock import Clock
    from tornado_resource.declarations.model import Declaration, Gate

    _Repeated = Callable[[Callable[[], Awaitable[tuple[Scenario, ...]]]], Awaitable[tuple[Scenario, ...]]]


@dataclass(frozen=True, slots=True)
class Subject:
    """A recorded session and its gate; *request* holds the declared request fields, *place* is `file:line:column`.

    *adopted*: somebody else started it, and the API does not tell on which version. *promoted*: the version that
    another environment has passed on.
    """

    name: str
    session_id: str
    gate: Gate
    request: Mapping[str, Any]
    created_at: str | None = None
    timeout_ms: int | None = None
    place: str = ""
    adopted: bool = False
    promoted: int | None = None


@dataclass(frozen=True, slots=True)
class Result:
    """A verdict and what it rests on: the last known status, and the scenarios' names where they are known."""

    subject: Subject
    verdict: Verdict
    status: Status | None = None
    scenario_names: Mapping[str, str] = field(default_factory=dict)

    def scenario_name(self, scenario_id: str) -> str:
        """What people call a scenario; its id where the API has told no name."""
        return self.scenario_names.get(scenario_id) or scenario_id


def declared_subjects(declarations: Iterable[Declaration]) -> list[Subject]:
    """Give the sessions that have a gate as they are declared, before they have an id."""
    return [
        Subject(each.name, "", each.gate, each.request, place=str(each.place))
        for each in declarations
        if each.gate is not None
    ]


async def await_result(
    client: Client, subject: Subject, poll_seconds: float, report: Callable[[Progress], None], clock: Clock = SYSTEM
) -> Result:
    """Wait for a session's end, and judge it. Never raises for what the API does.

    Args:
        client: asks the API.
        subject: the session and its gate.
        poll_seconds: the longest pause between two status calls.
        report: called with each change.
        clock: time.

    """
    timeout_ms = subject.timeout_ms if subject.timeout_ms is not None else DEFAULT_TIMEOUT_MS
    awaited = Awaited(subject.name, subject.session_id, timeout_ms, poll_seconds)
    ending = await wait(client, awaited, report, clock)
    return await _judged(client, subject, ending, lambda call: patiently(call, poll_seconds, clock))


async def look(client: Client, subject: Subject) -> Result:
    """Judge a session as it stands now: one that still runs is `incomplete`. Never raises for what the API does."""
    try:
        status = await retried(lambda: client.status(subject.session_id))
    except NotFound:
        return await _judged(client, subject, gone(subject.session_id), retried)
    except ApiError as error:
        return _result(subject, Ending(None, f"the API could not be asked: {error}"), ())
    ending = Ending(status, "it still runs" if status.is_running else None)
    return await _judged(client, subject, ending, retried)


def pending(subject: Subject, reason: str) -> Result:
    """Give the result of a session of which nothing is known yet."""
    return _result(subject, Ending(None, reason), ())


async def _judged(client: Client, subject: Subject, ending: Ending, repeated: _Repeated) -> Result:
    is_required = subject.gate.passed == "promotion" and ending.given_up is None
    if is_required:
        try:
            scenarios = await repeated(lambda: client.scenarios(subject.request["pathway_id"]))
        except ApiError as error:
            ending = replace(ending, given_up=f"what promotion requires could not be read: {error}")
            return _result(subject, ending, ())
        return _result(subject, ending, scenarios)
    result = _result(subject, ending, ())
    has_names_to_find = bool(result.verdict.failed_ids or result.verdict.unfixable_ids)
    if result.verdict.outcome == "passed" or not has_names_to_find:
        return result
    return replace(result, scenario_names=_names(await _known_scenarios(client, subject)))


async def _known_scenarios(client: Client, subject: Subject) -> tuple[Scenario, ...]:
    """Ask for the names of scenarios: a courtesy, which must change no verdict and be no fault when it fails."""
    try:
        return await client.scenarios(subject.request["pathway_id"])
    except ApiError:
        return ()


def _result(subject: Subject, ending: Ending, scenarios: tuple[Scenario, ...]) -> Result:
    verdict = verdict_of(
        subject.gate,
        ending,
        session_id=subject.session_id,
        created_at=subject.created_at,
        request=subject.request,
        declaration=digest(subject.request),
        required=scenarios,
        adopted=subject.adopted,
        promoted=subject.promoted,
    )
    return Result(subject, verdict, ending.status, _names(scenarios))


def _names(scenarios: tuple[Scenario, ...]) -> dict[str, str]:
    return {scenario.scenario_id: scenario.name for scenario in scenarios if scenario.name}
