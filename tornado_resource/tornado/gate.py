"""Whether a session that completed met its gate, and what its verdict says beside that. Pure: no time, no network.

Only certainty counts as `passed`. What contradicts itself, or is not about the declared scenarios, is `incomplete`.

A scenario in quarantine that failed is taken out of the count, so that it decides nothing; one that passed counts as
ever. So a quarantine never turns what else failed into a pass, and never a pass into a failure.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING, Final

from tornado_resource.bland.content import LIVE, Digests, short
from tornado_resource.bland.responses import parse_time, unreadable
from tornado_resource.core.text import clean, count, id_list
from tornado_resource.declarations.quarantine import too_much
from tornado_resource.runs.model import ONLY_REPAIRED, OTHERS_REPAIRED
from tornado_resource.versions.drift import difference_in_words, is_other_content, version_name

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable

    from tornado_resource.bland.listing import Scenario
    from tornado_resource.bland.sessions import Status
    from tornado_resource.declarations.model import Gate
    from tornado_resource.runs.model import GatedRun, Outcome, RunFacts, RunVerdict

_BEFORE: Final = "in the first iteration, before any repair"


def judge(
    gate: Gate, status: Status, *, declared: Collection[str] | None = None, scenarios: tuple[Scenario, ...] = ()
) -> tuple[Outcome, str]:
    """Judge one session that completed.

    Args:
        gate: what must hold.
        status: its status.
        declared: the ids of the scenarios in the request; None for all enabled ones.
        scenarios: the pathway's scenarios, for `passed: promotion`.

    Returns:
        The outcome, and its reason in a short sentence.

    """
    doubt = unreadable(status.unreadable) or _scenario_problem(status, declared) or _contradiction(status)
    if doubt is not None:
        return "incomplete", doubt
    outcome, reason = _apply_rule(gate, status, scenarios)
    return _checked_pass(gate, status, reason, scenarios) if outcome == "passed" else (outcome, reason)


def _checked_pass(gate: Gate, status: Status, reason: str, scenarios: tuple[Scenario, ...]) -> tuple[Outcome, str]:
    doubt = _count_contradiction(status) or _unfixable_contradiction(status)
    if doubt is not None:
        return "incomplete", doubt
    if gate.repaired == "refuse" and status.is_repaired:
        at_first = _pass_at_first(gate, status, scenarios)
        if at_first is None:
            return "failed", f"{ONLY_REPAIRED}, which the gate refuses (repaired: refuse); {reason}"
        if status.forked_version is None:
            return "failed", f"{at_first} {_BEFORE}; {OTHERS_REPAIRED}, which the gate refuses (repaired: refuse)"
        others = f"version {status.forked_version}, with repairs for others, does not count"
        return "passed", f"{at_first} {_BEFORE}; {others}"
    return "passed", reason


def _pass_at_first(gate: Gate, status: Status, scenarios: tuple[Scenario, ...]) -> str | None:
    """Return the reason of a pass of the first iteration, before any repair of what does not decide; None without.

    That is what is not required for promotion, or is in quarantine.
    """
    first = status.at_first
    if first is None:
        return None
    excused = _excusable(gate, first)
    has_failed_in_quarantine_only = bool(excused) and first.failed_ids == excused
    if gate.passed != "promotion" and not has_failed_in_quarantine_only:
        return None
    outcome, reason = _apply_rule(gate, first, scenarios)
    return reason if outcome == "passed" else None


def _excusable(gate: Gate, status: Status) -> list[str]:
    """Return the scenarios in quarantine that failed; none if it is not known of each failure whose it is."""
    failing = [*dict.fromkeys((*status.failed_ids, *status.unfixable_ids))]
    if len(failing) != (status.total_scenarios or 0) - (status.passed_scenarios or 0):
        return []
    return [scenario_id for scenario_id in failing if gate.quarantine_of(scenario_id) is not None]


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
    others = _other_scenarios(status.last_results, declared) if status.iterations else None
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
    tally = f"{passed} passed" if failed is None else f"{passed} passed and {failed} failed"
    if passed < 0 or not 0 <= (failed or 0) <= total - passed:
        return f"contradictory numbers: {tally} of {total}"
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
    remark = f"current_iteration is {status.current_iteration}, but the last one shown is {last}"
    return f"contradictory iterations: {remark}"


def _contradicted_pass(status: Status) -> str | None:
    """Return what else a response says of a session whose scenarios all passed, or None."""
    unfixable = id_list(status.unfixable_ids) or status.unfixable_count
    if status.error_message is not None:
        contradiction = f"error_message is `{clean(status.error_message)}`"
    elif failed := status.failed_ids:
        contradiction = f"{id_list(failed)} failed in the last run"
    elif unfixable:
        contradiction = f"unfixable: {unfixable}"
    else:
        return None
    return f"contradictory: {status.status}, but {contradiction}"


def _count_contradiction(status: Status) -> str | None:
    """Return how the numbers of a completed session contradict the results of its scenarios, or None."""
    results = status.last_results
    passed, total = status.passed_scenarios or 0, status.total_scenarios or 0
    failed = [scenario_id for scenario_id, has_passed in results.items() if not has_passed]
    if len(results) - len(failed) <= passed and len(failed) <= total - passed:
        return None
    tally = f"{len(results) - len(failed)} passed and {len(failed)} failed in the last run of each"
    return f"contradictory numbers: {passed} of {total} passed, but {tally}"


def _unfixable_contradiction(status: Status) -> str | None:
    """Return how the unfixable scenarios of a completed session contradict what passed, or None."""
    results = status.last_results
    both = [scenario_id for scenario_id in status.unfixable_ids if results.get(scenario_id, False)]
    if both:
        return f"contradictory: passed in the last run, but unfixable: {id_list(both)}"
    passed, total = status.passed_scenarios or 0, status.total_scenarios or 0
    unmet = max(len({*status.unfixable_ids, *status.failed_ids}), status.unfixable_count or 0)
    if unmet <= total - passed:
        return None
    return f"contradictory numbers: {passed} of {total} passed, but failed or unfixable: {unmet}"


def _apply_rule(gate: Gate, status: Status, scenarios: tuple[Scenario, ...]) -> tuple[Outcome, str]:
    excused = _excusable(gate, status)
    plain, reason = _rule(gate, status, scenarios)
    if not excused:
        return plain, reason
    outcome, reason = _rule(gate, status, scenarios, excused)
    extent = _extent(gate, status, scenarios) if outcome != plain else None
    remark = f"failed in quarantine: {id_list(excused)}"
    return ("incomplete", f"{remark}, but {extent}") if extent is not None else (outcome, f"{reason} ({remark})")


def _extent(gate: Gate, status: Status, scenarios: tuple[Scenario, ...]) -> str | None:
    """Return that too many of the scenarios that decide are in quarantine, as far as the response shows it; or None."""
    ran = {*status.last_results, *status.unfixable_ids}
    total = status.total_scenarios or 0
    if gate.passed == "promotion":
        ran = {*_required(scenarios)}
        total = len(ran)
    return too_much(sum(entry.part in ran for entry in gate.quarantine), total)


def _rule(
    gate: Gate, status: Status, scenarios: tuple[Scenario, ...], excused: Collection[str] = ()
) -> tuple[Outcome, str]:
    if gate.passed == "promotion":
        return _required_scenarios(status, scenarios, excused)
    passed, total = status.passed_scenarios or 0, status.total_scenarios or 0
    tally = f"{passed} of {count(total, 'scenario')} passed"
    if gate.passed == "any":
        return "passed", f"it completed: {tally}"
    needed, rule = _threshold(gate.passed, total, len(excused))
    return ("passed", tally) if passed >= needed else ("failed", f"{tally}; the gate requires {rule}")


def _threshold(rule: str | int, total: int, excused: int) -> tuple[int, str]:
    """Return how many of *total* scenarios must pass without the *excused* ones, and the rule in words."""
    left = total - excused
    if isinstance(rule, int):
        return (min(rule, left) if rule <= total else rule), str(rule)
    if rule == "all":
        return left, rule
    needed = -(-left * int(rule.removesuffix("%")) // 100)  # rounded up in integers: exact for any number
    return needed, f"{needed} ({rule})"


def _required_scenarios(
    status: Status, scenarios: tuple[Scenario, ...], excused: Collection[str]
) -> tuple[Outcome, str]:
    results, ids = status.last_results, _required(scenarios)
    missed = [scenario_id for scenario_id in ids if not results.get(scenario_id, False) and scenario_id not in excused]
    if missed:
        return "failed", f"required for promotion but not passed: {id_list(missed)}"
    unclear = _unclear_marks(scenarios)
    if unclear is not None:
        return "incomplete", unclear
    if not ids:
        return "failed", "no scenario of the pathway is marked is_required_for_promotion"
    if not excused:
        return "passed", f"all scenarios required for promotion passed ({len(ids)})"
    return (
        "passed",
        f"{sum(results.get(scenario_id, False) for scenario_id in ids)} of {len(ids)} required for promotion passed",
    )


def _unclear_marks(scenarios: tuple[Scenario, ...]) -> str | None:
    field = "is_required_for_promotion"
    return unreadable(f"{field} of {scenario.scenario_id}" for scenario in scenarios if scenario.is_mark_unreadable)


def _required(scenarios: tuple[Scenario, ...]) -> list[str]:
    return [scenario.scenario_id for scenario in scenarios if scenario.is_required_for_promotion]


def facts(gated: GatedRun, status: Status, outcome: Outcome) -> RunFacts:
    """Return what a verdict says of a session by its last known status.

    A pass is for the version with the repairs, but where the gate refuses them: then it is for what ran before them.
    """
    is_before = outcome == "passed" and gated.gate.repaired == "refuse"
    tested = (status.at_first if is_before and status.is_repaired else None) or status
    return {
        "passed_scenarios": tested.passed_scenarios,
        "total_scenarios": tested.total_scenarios,
        "failed_ids": tested.failed_ids,
        "unfixable_ids": list(status.unfixable_ids),
        "quarantined": quarantined(gated.gate, tested.failed_ids, status.unfixable_ids),
        "iterations": _iterations(status),
        "repaired": tested.is_repaired,
        "version": _version(gated, tested),
        "forked_version": status.forked_version,
        "full_run": tested.is_full_run,
        **_first(gated, tested),
        "finished_at": _finished_at(status, gated.created_at) if status.is_final else None,
    }


def quarantined(gate: Gate, failed: Iterable[str], unfixable: Iterable[str]) -> list[str]:
    """Return the scenarios in quarantine among those that failed or are unfixable."""
    return [
        scenario_id
        for scenario_id in dict.fromkeys((*failed, *unfixable))
        if gate.quarantine_of(scenario_id) is not None
    ]


def _first(gated: GatedRun, tested: Status) -> RunFacts:
    """Return how the first iteration went, on the content that the session was started on, if it was repaired since."""
    first = tested.at_first if tested.is_repaired else None
    if first is None or not first.is_full_run or gated.started_content is None:
        return {}
    return {"first_failed_ids": first.failed_ids, "first_content": gated.started_content}


def tested_version(gated: GatedRun, verdict: RunVerdict) -> int | None:
    """Return the version whose content a verdict is for; None if none is known.

    Where none was declared, it is the live one, if that was read after the start, and if the session repaired nothing.
    """
    is_on_live = gated.started_content is not None and "version_number" not in gated.request
    return verdict.version if verdict.version is not None or verdict.repaired or not is_on_live else LIVE


def with_content(gated: GatedRun, verdict: RunVerdict, content: Digests | None) -> RunVerdict:
    """Return a verdict with the content of the version that it is for.

    Args:
        gated: the session.
        verdict: its verdict, by the gate alone.
        content: what the version holds now; None if the API does not show it.

    Returns:
        The verdict. It is `incomplete` if other content was there when the session started, and a pass is if other
        content passed in the environment that the version was promoted from. So it is if that is unknown, since other
        paths were ignored then.

    """
    if content is None:
        return verdict
    judged, promoted = replace(verdict, content=content.best), gated.promoted.content
    started = Digests.of(gated.started_content)
    if not verdict.repaired and is_other_content(content, started):
        words = "was edited while it was tested", "may have been edited while it was tested"
        then = gated.started_content
        edit = f"{short(then)} when it started, {short(content.like(then))} when it had ended"
        reason = f"{version_name(verdict.version)} {difference_in_words(content, started, words, edit)}"
        return _incomplete(judged, reason)
    if verdict.outcome == "passed" and promoted is not None and is_other_content(content, promoted):
        words = "is not the content that was promoted", "may not be the content that was promoted"
        difference = f"its content is {short(content.like(promoted.best))}, {short(promoted.best)} passed there"
        reason = f"version {verdict.version} {difference_in_words(content, promoted, words, difference)}"
        return _incomplete(judged, reason)
    return judged


def unreadable_content(verdict: RunVerdict, error: Exception) -> RunVerdict:
    """Return a verdict on a version whose content could not be read now. Only a certain pass counts."""
    reason = f"{version_name(verdict.version)} could not be read: {error}"
    return _incomplete(verdict, reason) if verdict.outcome == "passed" else verdict


def _incomplete(verdict: RunVerdict, reason: str) -> RunVerdict:
    return replace(verdict, outcome="incomplete", reason=reason)


def _version(gated: GatedRun, status: Status) -> int | None:
    """Return the pathway version that the verdict applies to; None if it is unknown.

    After repairs, that is the forked version and no other. Of an adopted session the API shows neither the pathway nor
    the version it started on; only one that still ran when it was adopted (it has a `created_at`) is known to run on
    this pathway.
    """
    if status.is_repaired:
        return status.forked_version if gated.created_at is not None or not gated.adopted else None
    return None if gated.adopted else gated.request.get("version_number")


def _iterations(status: Status) -> int | None:
    listed = len(status.iterations) + status.omitted.iterations
    return status.current_iteration if status.current_iteration is not None else listed or None


def _finished_at(status: Status, created_at: str | None) -> str | None:
    """Return the end by the API's clock: that of the last iteration, else creation plus elapsed time."""
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
