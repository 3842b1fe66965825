"""Whether a session met its gate. Pure: no time, no network.

Only certainty counts as `passed`. A session that was stopped or missed the gate's rule is `failed`. An unknown outcome
is `incomplete`: an unknown status, contradictory numbers, other scenarios than declared, a session that is gone.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from tornado_resource.bland.responses import STATUSES
from tornado_resource.core.text import clean, count, id_list

if TYPE_CHECKING:
    from collections.abc import Collection

    from tornado_resource.bland.responses import Scenario, Status
    from tornado_resource.declarations.model import Gate
    from tornado_resource.runs.model import Ending, Outcome

STILL_RUNNING: Final = "it is still running"
ONLY_REPAIRED: Final = "it passed only after repairs"
"""How the reason of a verdict begins that failed for nothing else."""


def judge(
    gate: Gate, ending: Ending, *, declared: Collection[str] | None = None, scenarios: tuple[Scenario, ...] = ()
) -> tuple[Outcome, str]:
    """Judge one session.

    Args:
        gate: what must hold.
        ending: how the wait for the session ended.
        declared: the ids of the scenarios in the request; None for all enabled ones.
        scenarios: the pathway's scenarios, for `passed: promotion`.

    Returns:
        The outcome, and its reason in a short sentence.

    """
    status = ending.status
    if ending.given_up is not None:
        return "incomplete", ending.given_up
    if status is None or not status.is_final:
        return "incomplete", _unfinished(status)
    failure = STATUSES[status.status].failure
    if failure is not None:
        return "failed", f"{failure} ({status.status}{_tally_suffix(status)})"
    doubt = _scenario_problem(status, declared) or _contradiction(status)
    if doubt is not None:
        return "incomplete", doubt
    outcome, reason = _apply_rule(gate, status, scenarios)
    return _checked_pass(gate, status, reason) if outcome == "passed" else (outcome, reason)


def _checked_pass(gate: Gate, status: Status, reason: str) -> tuple[Outcome, str]:
    doubt = _count_contradiction(status) or _unfixable_contradiction(status)
    if doubt is not None:
        return "incomplete", doubt
    if gate.repaired == "refuse" and is_repaired(status):
        return "failed", f"{ONLY_REPAIRED}, which the gate refuses (repaired: refuse); {reason}"
    return "passed", reason


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


def _scenario_problem(status: Status, declared: Collection[str] | None) -> str | None:
    """Return how the scenarios of a completed session are not those that were to run, or None.

    A response without iterations shows only how many they were.
    """
    total = status.total_scenarios
    if total is None or status.passed_scenarios is None:
        return "the response does not say how many scenarios ran and passed"
    if total <= 0:
        return "no scenario ran"
    if declared is None:
        return None
    others = _other_scenarios(last_results(status), declared) if status.iterations else None
    return others or _other_number(total, len(set(declared)))


def _other_scenarios(ran: Collection[str], declared: Collection[str]) -> str | None:
    missing = [scenario_id for scenario_id in declared if scenario_id not in ran]
    if missing:
        return f"declared, but did not run: {id_list(missing)}; ran: {id_list(ran) or 'none'}"
    others = [scenario_id for scenario_id in ran if scenario_id not in declared]
    return f"ran, but not declared: {id_list(others)}; declared: {id_list(declared)}" if others else None


def _other_number(total: int, wanted: int) -> str | None:
    if total < wanted:
        return f"only {total} of {count(wanted, 'declared scenario')} ran"
    return f"{count(total, 'scenario')} ran, but {wanted} are declared" if total > wanted else None


def _contradiction(status: Status) -> str | None:
    """Return how what is said of a completed session contradicts itself, or None."""
    total, passed, failed = status.total_scenarios or 0, status.passed_scenarios or 0, status.failed_scenarios
    shown = f"{passed} passed" if failed is None else f"{passed} passed and {failed} failed"
    if passed < 0 or not 0 <= (failed or 0) <= total - passed:
        return f"contradictory numbers: {shown} of {total}"
    is_all = status.status == "COMPLETED_ALL_PASSED"
    if is_all != (passed == total):
        return f"contradictory numbers: {status.status}, but {passed} of {total} passed"
    return _missing_iteration(status) or (_contradicted_pass(status) if is_all else None)


def _missing_iteration(status: Status) -> str | None:
    """Return which iteration a response with iterations does not show, or None.

    The API's page does not say whether it counts from 0 or 1, so a smaller number is no doubt.
    """
    if not status.iterations or status.current_iteration is None:
        return None
    numbers = [iteration.number for iteration in status.iterations if iteration.number is not None]
    last = max([len(status.iterations) + status.omitted.iterations, *numbers])
    if status.current_iteration <= last:
        return None
    shown = f"current_iteration is {status.current_iteration}, but the last one shown is {last}"
    return f"contradictory iterations: {shown}"


def _contradicted_pass(status: Status) -> str | None:
    """Return what else a response says of a session whose scenarios all passed, or None."""
    unfixable = id_list(status.unfixable_ids) or status.unfixable_count
    if status.error_message is not None:
        found = f"error_message is `{clean(status.error_message)}`"
    elif failed := failed_ids(status):
        found = f"{id_list(failed)} failed in the last run"
    elif unfixable:
        found = f"unfixable: {unfixable}"
    else:
        return None
    return f"contradictory: {status.status}, but {found}"


def _count_contradiction(status: Status) -> str | None:
    """Return how the numbers of a completed session contradict the results of its scenarios, or None."""
    results = last_results(status)
    passed, total = status.passed_scenarios or 0, status.total_scenarios or 0
    failed = [scenario_id for scenario_id, has_passed in results.items() if not has_passed]
    if len(results) - len(failed) <= passed and len(failed) <= total - passed:
        return None
    shown = f"{len(results) - len(failed)} passed and {len(failed)} failed in the last run of each"
    return f"contradictory numbers: {passed} of {total} passed, but {shown}"


def _unfixable_contradiction(status: Status) -> str | None:
    """Return how the unfixable scenarios of a completed session contradict what passed, or None."""
    results = last_results(status)
    both = [scenario_id for scenario_id in status.unfixable_ids if results.get(scenario_id, False)]
    if both:
        return f"contradictory: passed in the last run, but unfixable: {id_list(both)}"
    passed, total = status.passed_scenarios or 0, status.total_scenarios or 0
    unmet = max(len({*status.unfixable_ids, *failed_ids(status)}), status.unfixable_count or 0)
    if unmet <= total - passed:
        return None
    return f"contradictory numbers: {passed} of {total} passed, but failed or unfixable: {unmet}"


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
    missed = [scenario_id for scenario_id in ids if not results.get(scenario_id, False)]
    if missed:
        return "failed", f"required for promotion but not passed: {id_list(missed)}"
    return "passed", f"all scenarios required for promotion passed ({len(ids)})"


def _tally_suffix(status: Status) -> str:
    if status.passed_scenarios is None or status.total_scenarios is None:
        return ""
    return f", {status.passed_scenarios} of {count(status.total_scenarios, 'scenario')} passed"
