"""Whether a session met its gate. Pure: no time, no network.

Only certainty counts as `passed`. A session that was stopped or missed the gate's rule is `failed`. An unknown outcome
is `incomplete`: an unknown status, contradictory numbers, fewer scenarios than declared, a session that is gone.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from tornado_resource.bland.responses import ABORTED
from tornado_resource.core.text import clean, count

if TYPE_CHECKING:
    from tornado_resource.bland.responses import Scenario, Status
    from tornado_resource.declarations.model import Gate
    from tornado_resource.gate.model import Ending, Outcome

MAX_SHOWN_IDS: Final = 5
STILL_RUNNING: Final = "it is still running"
ONLY_REPAIRED: Final = "it passed only after repairs"
"""How the reason of a verdict begins that failed for nothing else."""
_ABORT_REASONS: Final = {
    "TIMEOUT": "it reached its time limit",
    "STUCK": "it got stuck: a fix did not help",
    "CANCELLED": "it was cancelled",
    "ERROR": "it stopped with an error",
}


def judge(
    gate: Gate, ending: Ending, *, declared: int | None = None, scenarios: tuple[Scenario, ...] = ()
) -> tuple[Outcome, str]:
    """Judge one session.

    Args:
        gate: what must hold.
        ending: how the wait for the session ended.
        declared: the number of scenarios in the request; None for all enabled ones.
        scenarios: the pathway's scenarios, for `passed: promotion`.

    Returns:
        The outcome, and its reason in a short sentence.

    """
    status = ending.status
    if ending.given_up is not None:
        return "incomplete", ending.given_up
    if status is None or not status.is_final:
        return "incomplete", _unfinished(status)
    if status.status in ABORTED:
        return "failed", f"{_ABORT_REASONS[status.status]} ({status.status}{_tally_suffix(status)})"
    doubt = _count_problem(status, declared) or _contradiction(status)
    if doubt is not None:
        return "incomplete", doubt
    outcome, reason = _apply_rule(gate, status, scenarios)
    if outcome == "passed" and gate.repaired == "refuse" and is_repaired(status):
        return "failed", f"{ONLY_REPAIRED}, which the gate refuses (repaired: refuse); {reason}"
    return outcome, reason


def is_repaired(status: Status) -> bool:
    """Return whether the session changed the pathway: it forked a version, or an iteration planned fixes."""
    # `has_forked` without `forked_version`: the API names a version that cannot be read. That is a repair all the same.
    has_fork = status.has_forked or status.forked_version is not None
    return has_fork or any(iteration.fixes for iteration in status.iterations)


def is_full_run(status: Status) -> bool:
    """Return whether the last iteration ran every scenario of the session, so that all results are of one version."""
    if not status.iterations or status.omitted.ids:
        return False
    last = status.iterations[-1]
    ran = {*last.passed_ids, *last.failed_ids}
    return len(ran) == status.total_scenarios and ran.issuperset(last_results(status))


def last_results(status: Status) -> dict[str, bool]:
    """Return, by scenario id, whether the scenario passed the last time it ran."""
    results: dict[str, bool] = {}
    for iteration in status.iterations:
        results.update(dict.fromkeys(iteration.passed_ids, True))
        # After the passed ones: an id in both lists counts as failed.
        results.update(dict.fromkeys(iteration.failed_ids, False))
    return results


def failed_ids(status: Status) -> list[str]:
    """Return the scenarios that failed the last time they ran, in the order of their first run."""
    return [scenario_id for scenario_id, has_passed in last_results(status).items() if not has_passed]


def _unfinished(status: Status | None) -> str:
    if status is None:
        return "its status is unknown"
    return STILL_RUNNING if status.is_running else f"unknown status {clean(status.status, 60)}"


def _count_problem(status: Status, declared: int | None) -> str | None:
    """Return what is missing among the scenarios of a completed session, or None."""
    total = status.total_scenarios
    if total is None or status.passed_scenarios is None:
        return "the response does not say how many scenarios ran and passed"
    if total <= 0:
        return "no scenario ran"
    if declared is not None and total < declared:
        return f"only {total} of {count(declared, 'declared scenario')} ran"
    return None


def _contradiction(status: Status) -> str | None:
    """Return how the numbers of a completed session contradict each other, or None."""
    total, passed, failed = status.total_scenarios or 0, status.passed_scenarios or 0, status.failed_scenarios
    shown = f"{passed} passed" if failed is None else f"{passed} passed and {failed} failed"
    if passed < 0 or not 0 <= (failed or 0) <= total - passed:
        return f"contradictory numbers: {shown} of {total}"
    if (status.status == "COMPLETED_ALL_PASSED") != (passed == total):
        return f"contradictory numbers: {status.status}, but {passed} of {total} passed"
    return None


def _apply_rule(gate: Gate, status: Status, scenarios: tuple[Scenario, ...]) -> tuple[Outcome, str]:
    if gate.passed == "promotion":
        return _required_scenarios(status, scenarios)
    passed, total = status.passed_scenarios or 0, status.total_scenarios or 0
    tally = f"{passed} of {count(total, 'scenario')} passed"
    if gate.passed == "any":
        return "passed", f"it completed: {tally}"
    needed, rule = _threshold(gate.passed, total)
    return ("passed", tally) if passed >= needed else ("failed", f"{tally}; the gate requires {rule}")


def _threshold(rule: str | int, total: int) -> tuple[int, str]:
    """Return how many of *total* scenarios must pass, and the rule in words."""
    if isinstance(rule, int):
        return rule, str(rule)
    if rule == "all":
        return total, rule
    needed = -(-total * int(rule.removesuffix("%")) // 100)  # rounded up in integers: exact for any number
    return needed, f"{needed} ({rule})"


def _required_scenarios(status: Status, scenarios: tuple[Scenario, ...]) -> tuple[Outcome, str]:
    results = last_results(status)
    ids = [scenario.scenario_id for scenario in scenarios if scenario.is_required_for_promotion]
    if not ids:
        return "failed", "no scenario of the pathway is marked is_required_for_promotion"
    missed = [clean(scenario_id, 60) for scenario_id in ids if not results.get(scenario_id, False)]
    if missed:
        more = f" and {len(missed) - MAX_SHOWN_IDS} more" if len(missed) > MAX_SHOWN_IDS else ""
        return "failed", f"required for promotion but not passed: {', '.join(missed[:MAX_SHOWN_IDS])}{more}"
    return "passed", f"all scenarios required for promotion passed ({len(ids)})"


def _tally_suffix(status: Status) -> str:
    if status.passed_scenarios is None or status.total_scenarios is None:
        return ""
    return f", {status.passed_scenarios} of {count(status.total_scenarios, 'scenario')} passed"
