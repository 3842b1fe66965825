"""Whether a session met its gate. Pure: no time, no network.

`passed` needs certainty. What broke off or fell short is `failed`; what cannot be known (an unknown status, numbers
that contradict each other, fewer scenarios than declared, a vanished session) is `incomplete`.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Any, Final, Literal

from tornado_resource.bland.models import BROKEN_OFF, FINAL, parse_time
from tornado_resource.text import clean, count

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tornado_resource.bland.models import Scenario, Status
    from tornado_resource.declarations.model import Gate

Outcome = Literal["passed", "failed", "incomplete"]
_BREAKS: Final = {
    "TIMEOUT": "it ran into its time limit",
    "STUCK": "it got stuck: a fix did not help",
    "CANCELLED": "it was cancelled",
    "ERROR": "it broke off with an error",
}


@dataclass(frozen=True, slots=True)
class Ending:
    """How the wait for a session ended: its last known status, and why it was given up, if it was."""

    status: Status | None
    given_up: str | None = None


@dataclass(frozen=True, slots=True)
class Verdict:
    """What a gate says of one session; the stack output `verdicts` holds it as plain JSON."""

    outcome: Outcome
    reason: str
    session_id: str
    status: str | None
    passed_scenarios: int | None
    total_scenarios: int | None
    failed_ids: list[str]
    unfixable_ids: list[str]
    iterations: int | None
    repaired: bool
    version: int | None
    declaration: str
    finished_at: str | None


def judge(
    gate: Gate, ending: Ending, *, declared: int | None = None, required: tuple[Scenario, ...] = ()
) -> tuple[Outcome, str]:
    """Judge one session: the outcome and a sentence that gives the reason.

    Args:
        gate: what must hold.
        ending: how the session ended.
        declared: how many scenarios were asked for by id, if they were.
        required: the scenarios that promotion requires (for `passed: promotion`).

    """
    status = ending.status
    if ending.given_up is not None:
        return "incomplete", ending.given_up
    if status is None or status.status not in FINAL:
        return "incomplete", f"its status is {clean(status.status, 60) if status else 'unknown'}, which is no known end"
    if status.status in BROKEN_OFF:
        return "failed", f"{_BREAKS[status.status]} ({status.status}{_tally(status)})"
    doubt = _doubt(status, declared)
    if doubt is not None:
        return "incomplete", doubt
    outcome, reason = _threshold(gate, status, required)
    if outcome == "passed" and gate.repaired == "refuse" and is_repaired(status):
        return "failed", f"it passed only after repairs, and the gate refuses those (repaired: refuse); {reason}"
    return outcome, reason


def verdict_of(  # noqa: PLR0913 - the parts of a verdict, all by name
    gate: Gate,
    ending: Ending,
    *,
    session_id: str,
    created_at: str | None,
    request: Mapping[str, Any],
    declaration: str,
    required: tuple[Scenario, ...] = (),
    adopted: bool = False,
    promoted: int | None = None,
) -> Verdict:
    """Judge one session and gather what people and later environments need to know of it.

    Args:
        gate: what must hold.
        ending: how the session ended.
        session_id: the session.
        created_at: when it was created, as the API told it.
        request: the declared request fields.
        declaration: their digest.
        required: the scenarios that promotion requires.
        adopted: somebody else started it: then the API does not tell from which version.
        promoted: the version that another environment has passed on, and that must be the one that passes here.

    """
    scenario_ids = request.get("scenario_ids")
    declared = len(scenario_ids) if scenario_ids is not None else None
    outcome, reason = judge(gate, ending, declared=declared, required=required)
    if outcome == "passed" and adopted and promoted is not None:
        outcome = "incomplete"
        reason = (
            f"it was adopted, and the API does not tell whether it ran on version {promoted}, which is promoted: "
            f"change one of its triggers, so that one is started that does"
        )
    status = ending.status
    return Verdict(
        outcome=outcome,
        reason=reason,
        session_id=session_id,
        status=status.status if status else None,
        passed_scenarios=status.passed_scenarios if status else None,
        total_scenarios=status.total_scenarios if status else None,
        failed_ids=failed_ids(status) if status else [],
        unfixable_ids=list(status.unfixable_ids) if status else [],
        iterations=_iterations(status) if status else None,
        repaired=is_repaired(status) if status else False,
        version=_version(status, request.get("version_number"), created_at, adopted=adopted),
        declaration=declaration,
        finished_at=_finished_at(status, created_at) if status and status.is_final else None,
    )


def is_repaired(status: Status) -> bool:
    """Whether the session changed the pathway: it forked a version, or an iteration planned fixes."""
    return (
        status.has_forked
        or status.forked_version is not None
        or any(iteration.fixes for iteration in status.iterations)
    )


def last_results(status: Status) -> dict[str, bool]:
    """By scenario, whether it passed the last time that it ran."""
    results: dict[str, bool] = {}
    for iteration in status.iterations:
        results.update(dict.fromkeys(iteration.passed_ids, True))
        results.update(dict.fromkeys(iteration.failed_ids, False))
    return results


def failed_ids(status: Status) -> list[str]:
    """The scenarios that failed the last time that they ran, in the order in which they first ran."""
    return [scenario_id for scenario_id, has_passed in last_results(status).items() if not has_passed]


def _doubt(status: Status, declared: int | None) -> str | None:
    """Say why the numbers of a completed session cannot be trusted, if they cannot."""
    total, passed, failed = status.total_scenarios, status.passed_scenarios, status.failed_scenarios
    if total is None or passed is None:
        return "the API does not tell how many scenarios ran and passed"
    if total <= 0:
        return "no scenario ran"
    if declared is not None and total < declared:
        return f"{count(total, 'scenario')} ran, declared are {declared}"
    if passed < 0 or passed > total or (failed is not None and not 0 <= failed <= total - passed):
        told = "" if failed is None else f" and {failed} failed"
        return f"the API's numbers contradict each other: {passed} passed{told} of {total}"
    if (status.status == "COMPLETED_ALL_PASSED") != (passed == total):
        return f"the API's numbers contradict each other: {status.status}, but {passed} passed of {total}"
    return None


def _threshold(gate: Gate, status: Status, required: tuple[Scenario, ...]) -> tuple[Outcome, str]:
    passed, total = status.passed_scenarios or 0, status.total_scenarios or 0
    tally = f"{passed} of {count(total, 'scenario')} passed"
    match gate.passed:
        case "any":
            return "passed", f"it finished: {tally}"
        case "promotion":
            return _promotion(status, required)
        case "all":
            needed, wanted = total, "all"
        case str():
            needed = -(-total * int(gate.passed.removesuffix("%")) // 100)  # rounded up, and exact for any number
            wanted = f"{needed} ({gate.passed})"
        case int():
            needed, wanted = gate.passed, str(gate.passed)
    if passed >= needed:
        return "passed", tally
    return "failed", f"{tally}, the gate asks for {wanted}"


def _promotion(status: Status, required: tuple[Scenario, ...]) -> tuple[Outcome, str]:
    results = last_results(status)
    ids = [scenario.scenario_id for scenario in required if scenario.is_required_for_promotion]
    if not ids:
        return "failed", "no scenario of the pathway is marked is_required_for_promotion"
    missed = [clean(scenario_id, 60) for scenario_id in ids if not results.get(scenario_id, False)]
    if missed:
        more = f" and {len(missed) - 5} more" if len(missed) > 5 else ""
        return "failed", f"required for promotion and not passed: {', '.join(missed[:5])}{more}"
    return "passed", f"every scenario required for promotion passed ({len(ids)})"


def _tally(status: Status) -> str:
    if status.passed_scenarios is None or status.total_scenarios is None:
        return ""
    return f", {status.passed_scenarios} of {count(status.total_scenarios, 'scenario')} passed"


def _version(status: Status | None, declared: int | None, created_at: str | None, *, adopted: bool) -> int | None:
    """The version that a session speaks for, None where nobody can tell.

    A repaired session speaks for the version that it forked and for no other. The API names neither the pathway nor the
    start of an adopted one, but for the pathway of one that ran when it was adopted (it has a *created_at*).
    """
    if status is not None and is_repaired(status):
        return status.forked_version if created_at is not None or not adopted else None
    return None if adopted else declared


def _iterations(status: Status) -> int | None:
    return status.current_iteration if status.current_iteration is not None else len(status.iterations) or None


def _finished_at(status: Status, created_at: str | None) -> str | None:
    """The end by the API's own clock: of the last iteration, else creation plus elapsed time."""
    ends = [iteration.completed_at for iteration in status.iterations if iteration.completed_at is not None]
    if ends:
        return ends[-1]
    created = parse_time(created_at)
    if created is None or status.elapsed_ms is None:
        return None
    try:
        moment = created + timedelta(milliseconds=status.elapsed_ms)
    except OverflowError:
        return None
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")
