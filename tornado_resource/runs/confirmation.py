"""Whether a pass is confirmed, by the rates of its scenarios. Pure: no time, no network.

Only certainty counts as `passed`: a simulation that ended with an error, or is missing, says nothing.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any, Final

from tornado_resource.core.text import MAX_NAMED, clean, count, id_list, short_list
from tornado_resource.declarations.quarantine import too_much
from tornado_resource.runs.kinds import kind_of

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tornado_resource.declarations.model import Confirm, Gate
    from tornado_resource.runs.model import Confirmation, ConfirmedScenario, Outcome, Result, RunVerdict

UNCONFIRMED: Final = "it is not confirmed yet: `pulumi up` confirms it"
"""Follows the reason of a pass that nothing has confirmed."""
OTHER_RUNS: Final = (
    "its confirmation ran each scenario {runs}, the gate requires {needed}: `pulumi up` starts another one"
)
"""Follows the reason of a pass whose gate has changed since."""


def judge_confirmation(gate: Gate, confirmation: Confirmation) -> tuple[Outcome, str]:
    """Return the outcome of a confirmation that has ended, and its reason in a short sentence.

    Args:
        gate: what must hold: its `confirm`, and what is in quarantine and does not decide.
        confirmation: how often each scenario passed.

    """
    confirm = gate.confirm
    if confirm is None or confirmation["runs"] != confirm.runs:
        needed = confirm.runs if confirm is not None else "no confirmation"
        return "incomplete", f"{count(confirmation['runs'], 'run')} of each scenario, the gate requires {needed}"
    deciding: dict[str, ConfirmedScenario] = {}
    others: dict[str, ConfirmedScenario] = {}
    for scenario_id, rate in confirmation["scenarios"].items():
        (others if gate.quarantine_of(scenario_id) is not None else deciding)[scenario_id] = rate
    outcome, reason = _judge_rates(confirm, deciding)
    excused = _missed(confirm, others)
    if not excused:
        return outcome, reason
    extent = too_much(len(others), len(confirmation["scenarios"])) if outcome == "passed" else None
    reason = f"{reason}; not confirmed, but in quarantine: {_misses(excused)}"
    return (outcome, reason) if extent is None else ("incomplete", f"{reason}, but {extent}")


def _judge_rates(confirm: Confirm, scenarios: Mapping[str, ConfirmedScenario]) -> tuple[Outcome, str]:
    if not scenarios:
        return "incomplete", "no scenario that decides was simulated"
    missed = _missed(confirm, scenarios)
    tally = f"{len(scenarios) - len(missed)} of {count(len(scenarios), 'scenario')} confirmed"
    if missed:
        return "failed", f"{tally}: {_misses(missed)}, the gate requires {required(confirm)}"
    silent = {scenario_id: rate for scenario_id, rate in scenarios.items() if rate["runs"] < confirm.runs}
    if silent:
        total = confirm.runs * len(silent)
        number = total - sum(rate["runs"] for rate in silent.values())
        return "incomplete", f"{number} of {total} simulations of {id_list([*silent])} gave no result"
    return "passed", f"{tally}, each in at least {required(confirm)}"


def required(confirm: Confirm) -> str:
    """Return how many runs of each scenario must pass: `4 of 5 runs (80%)`."""
    share = f" ({confirm.passed})" if isinstance(confirm.passed, str) and confirm.passed != "all" else ""
    return f"{confirm.needed} of {confirm.runs} runs{share}"


def confirmed(result: Result, confirmation: Result) -> Result:
    """Return the result of a run that met its gate otherwise, with what became of its confirmation."""
    confirming = confirmation.verdict
    reason = f"{result.verdict.reason}; {confirming.reason}"
    verdict = replace(result.verdict, outcome=confirming.outcome, reason=reason, confirmation=confirming.confirmation)
    return replace(result, verdict=verdict, cause=confirmation.cause)


def unconfirmed(result: Result, reason: str = UNCONFIRMED) -> Result:
    """Return the result of a run that met its gate otherwise, and whose confirmation is not known."""
    verdict = replace(result.verdict, outcome="incomplete", reason=f"{result.verdict.reason}; {reason}")
    return replace(result, verdict=verdict, cause="unconfirmed")


def must_be_confirmed(result: Result) -> bool:
    """Return whether a run has met its gate but for the confirmation."""
    is_part = kind_of(result.gated.kind).is_part
    return result.verdict.outcome == "passed" and result.verdict.gate.confirm is not None and not is_part


def judged_again(result: Result, confirmation: Confirmation) -> Result:
    """Return the result of a run that met its gate otherwise, by a recorded confirmation."""
    outcome, reason = judge_confirmation(result.verdict.gate, confirmation)
    verdict = replace(
        result.verdict, outcome=outcome, reason=f"{result.verdict.reason}; {reason}", confirmation=confirmation
    )
    return replace(result, verdict=verdict)


def excused(verdict: RunVerdict) -> dict[str, ConfirmedScenario]:
    """Return the scenarios that missed their bar in a confirmation and decided nothing: they are in quarantine."""
    gate, confirmation = verdict.gate, verdict.confirmation
    if gate.confirm is None or confirmation is None:
        return {}
    missed = _missed(gate.confirm, confirmation["scenarios"])
    return {scenario_id: rate for scenario_id, rate in missed.items() if gate.quarantine_of(scenario_id) is not None}


def agrees(verdict: RunVerdict) -> bool:
    """Return whether the rates of a recorded verdict give its outcome again. Without rates, it is no pass."""
    if verdict.confirmation is None:
        return verdict.gate.confirm is None or verdict.outcome != "passed"
    return judge_confirmation(verdict.gate, verdict.confirmation)[0] == verdict.outcome


def holds(verdict: RunVerdict, request: Mapping[str, Any]) -> bool:
    """Return whether the numbers of a recorded verdict, and the rates of its confirmation, give its outcome again.

    Args:
        verdict: the verdict.
        request: the declared fields of the run.

    """
    # Only a pass is confirmed: the numbers of the run itself must give one again.
    before = verdict if verdict.confirmation is None else replace(verdict, outcome="passed")
    return kind_of(verdict.kind).agrees(before, request) and agrees(verdict)


def parse_confirmation(value: Any) -> Confirmation | None:
    """Return a recorded confirmation; None if there is none, or it is damaged."""
    if not isinstance(value, dict):
        return None
    runs: Any = value.get("runs")
    set_id, listed = value.get("set_id"), value.get("scenarios")
    if not isinstance(set_id, str) or not isinstance(listed, dict):
        return None
    scenarios = {str(key): rate for key, entry in listed.items() if (rate := _rate(entry, runs)) is not None}
    confirmation: Confirmation = {"set_id": set_id, "runs": runs, "scenarios": scenarios}
    return confirmation if len(scenarios) == len(listed) else None


def _rate(value: Any, most: Any) -> ConfirmedScenario | None:
    """Return a recorded rate of at most so many runs; None if it is damaged."""
    entry: dict[str, Any] = value if isinstance(value, dict) else {}
    passed: Any = entry.get("passed")
    runs: Any = entry.get("runs")
    are_counts = all(type(number) is int for number in (passed, runs, most)) and 0 <= passed <= runs <= most
    return {"passed": passed, "runs": runs} if are_counts else None


def _missed(confirm: Confirm, scenarios: Mapping[str, ConfirmedScenario]) -> dict[str, ConfirmedScenario]:
    """Return the scenarios that miss their bar, whatever the runs without a result would have been."""
    return {scenario_id: rate for scenario_id, rate in scenarios.items() if _most(confirm, rate) < confirm.needed}


def _most(confirm: Confirm, rate: ConfirmedScenario) -> int:
    """Return how many runs would have passed if those that gave no result had."""
    return rate["passed"] + confirm.runs - rate["runs"]


def _misses(missed: Mapping[str, ConfirmedScenario]) -> str:
    """Return `sc-1 passed 2 of 5; sc-2 passed 0 of 5`; of many, how many more there are."""
    texts = [
        f"{clean(scenario_id, 60)} passed {rate['passed']} of {rate['runs']}" for scenario_id, rate in missed.items()
    ]
    return short_list(texts, MAX_NAMED, "; ")
