"""The message of a failed gate at the end of `pulumi up`. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from tornado_resource.core.text import clean, short_list
from tornado_resource.reports.outcomes import (
    advice,
    last_plan,
    mismatch_title,
    omission,
    quarantine_views,
    tally_of_all,
    worst_first,
)
from tornado_resource.reports.rates import rate_views
from tornado_resource.runs.kinds import kind_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from datetime import date

    from tornado_resource.runs.model import Result

MAX_DETAILED: Final = 3
"""This many sessions are shown with scenarios and last fix plan, the rest in a line each."""
MAX_LISTED_SESSIONS: Final = 36
MAX_LISTED_SCENARIOS: Final = 5
MAX_QUARANTINED: Final = 10
MAX_LISTED_FIXES: Final = 2
"""Of a fix plan, and of conversations that did not match."""
MAX_ADVICE: Final = 4
MAX_CONSOLE_CHARACTERS: Final = 1000


def failure_message(results: Sequence[Result], stack: str, command: str = "pulumi stack output verdicts") -> str | None:
    """Return which sessions did not pass, why, where they are declared, and what to do; None if all passed.

    At most 27 lines for 3 sessions, and at most 60 for any number. *command* shows all verdicts of *stack*.
    """
    command = f"{command} --stack {stack}"
    missed = worst_first(result for result in results if result.verdict.outcome != "passed")
    if not missed:
        return None
    worst = missed[0].verdict.outcome
    lines = [f"gate {worst}: {tally_of_all(results)}"]
    for result in missed[:MAX_DETAILED]:
        lines += [
            _headline(result),
            *_scenarios(result),
            *_rates(result),
            *_fix_plan(result),
            *_mismatches(result),
            *_omission(result),
        ]
    lines += [_headline(result) for result in missed[MAX_DETAILED:MAX_LISTED_SESSIONS]]
    if len(missed) > MAX_LISTED_SESSIONS:
        lines.append(f"  … and {len(missed) - MAX_LISTED_SESSIONS} more: {command}")
    return "\n".join([*lines, *_advice(missed, stack, command)])


def quarantine_message(results: Sequence[Result], day: date) -> str | None:
    """Return what failed and decided nothing, since it is in quarantine, with the reasons; None if nothing did.

    *day* is the date in UTC.
    """
    views = [(result.gated.name, quarantined) for result in results for quarantined in quarantine_views(result, day)]
    failed = [(name, view) for name, view in views if view.has_failed]
    if not failed:
        return None
    lines = [
        f"  {name}: {clean(view.label, 100)} {view.state}: {clean(view.entry.reason)}"
        for name, view in failed[:MAX_QUARANTINED]
    ]
    more = [f"  … and {len(failed) - MAX_QUARANTINED} more"] if len(failed) > MAX_QUARANTINED else []
    return "\n".join([f"failed in quarantine, which decides nothing: {len(failed)}", *lines, *more])


def _advice(missed: Sequence[Result], stack: str, command: str) -> list[str]:
    """Return the command that shows all verdicts, and what to do: in one line if it is the same for all sessions."""
    names: dict[str, list[str]] = {}
    for result in missed:
        names.setdefault(advice(result, stack), []).append(result.gated.name)
    if len(names) == 1:
        return [f"All verdicts: {command}. {next(iter(names))}"]
    lines = [f"  {short_list(sessions, MAX_DETAILED)}: {text}" for text, sessions in [*names.items()][:MAX_ADVICE]]
    return [f"All verdicts: {command}. What to do:", *lines]


def _headline(result: Result) -> str:
    verdict = result.verdict
    noun = kind_of(result.gated.kind).noun
    run = f"{noun} {clean(verdict.session_id, 80)}" if verdict.session_id else f"no {noun}"
    where = ", ".join(part for part in (clean(str(result.gated.position or "")), run) if part)
    return f"  {result.gated.name} ({where}): {verdict.outcome}: {clean(verdict.reason, MAX_CONSOLE_CHARACTERS)}"


def _scenarios(result: Result) -> Iterator[str]:
    excused = result.verdict.quarantined
    unfixable = dict.fromkeys(failed_id for failed_id in result.verdict.unfixable_ids if failed_id not in excused)
    fixable = [
        failed_id for failed_id in result.verdict.failed_ids if failed_id not in unfixable and failed_id not in excused
    ]
    for label, ids in (("failed", fixable), ("unfixable", [*unfixable])):
        if ids:
            labels = [_label(result, scenario_id) for scenario_id in ids]
            yield f"    {label}: {short_list(labels, MAX_LISTED_SCENARIOS)}"


def _rates(result: Result) -> Iterator[str]:
    views = rate_views(result)
    of_all = f", {MAX_LISTED_SCENARIOS} of {len(views)}, the lowest first" if len(views) > MAX_LISTED_SCENARIOS else ""
    if views:
        yield f"    confirmation{of_all}:"
    yield from (f"      - {clean(view.label, 60)}: {view.shown}" for view in views[:MAX_LISTED_SCENARIOS])


def _fix_plan(result: Result) -> Iterator[str]:
    plan = last_plan(result)
    if plan is None:
        return
    iteration = f", iteration {plan.number}" if plan.number is not None else ""
    of_all = f", {MAX_LISTED_FIXES} of {len(plan.fixes)} fixes" if len(plan.fixes) > MAX_LISTED_FIXES else ""
    yield f"    last fix plan{iteration}{of_all}:"
    for fix in plan.fixes[:MAX_LISTED_FIXES]:
        target = f"{clean(fix.target_node, 40)}: " if fix.target_node else ""
        yield f"      - {target}{clean(fix.description or 'no description', 110)}"


def _mismatches(result: Result) -> Iterator[str]:
    if not result.mismatches:
        return
    total = len(result.mismatches) + result.omitted_mismatches
    of_all = f", {MAX_LISTED_FIXES} of {total}" if total > MAX_LISTED_FIXES else ""
    yield f"    conversations that did not match{of_all}:"
    for mismatch in result.mismatches[:MAX_LISTED_FIXES]:
        # Without the reasoning, which may quote a caller: Pulumi's backend keeps this message.
        yield f"      - {clean(mismatch_title(mismatch), 110)}"


def _omission(result: Result) -> Iterator[str]:
    text = omission(result)
    if text is not None:
        yield f"    {text}"


def _label(result: Result, scenario_id: str) -> str:
    name = result.known_name(scenario_id)
    return f"{clean(name, 60)} ({clean(scenario_id, 40)})" if name else clean(scenario_id, 60)
