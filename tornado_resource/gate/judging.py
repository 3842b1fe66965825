"""Whether a session met its gate. Pure: no time, no network.

`passed` needs certainty. What broke off or fell short is `failed`; what cannot be known (an unknown status, numbers
that contradict each other, fewer scenarios than declared, a vanished session) is `incomplete`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from tornado_resource.bland.responses import ABORTED, FINAL
from tornado_resource.core.text import clean, count

if TYPE_CHECKING:
    from tornado_resource.bland.responses import Scenario, Status
    from tornado_resource.declarations.model import Gate
    from tornado_resource.gate.model import Ending, Outcome

_BREAKS: Final = {
    "TIMEOUT": "it ran into its time limit",
    "STUCK": "it got stuck: a fix did not help",
    "CANCELLED": "it was cancelled",
    "ERROR": "it broke off with an error",
}


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
    if status.status in ABORTED:
        return "failed", f"{_BREAKS[status.status]} ({status.status}{_tally(status)})"
    doubt = _doubt(status, declared)
    if doubt is not None:
        return "incomplete", doubt
    outcome, reason = _threshold(gate, status, required)
    if outcome == "passed" and gate.repaired == "refuse" and is_repaired(status):
        return "failed", f"it passed only after repairs, and the gate refuses those (repaired: refuse); {reason}"
    return outcome, reason


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
