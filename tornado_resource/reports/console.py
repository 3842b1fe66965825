"""What a failed gate says at the end of `pulumi up`. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from tornado_resource.core.text import clean, count
from tornado_resource.reports.outcomes import STYLES, worst_first

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from tornado_resource.gate.model import Result

DETAILED_SESSIONS: Final = 3
"""So many sessions are told with their scenarios and last fix plan; the rest in a line each."""
MAX_SESSIONS: Final = 40
MAX_SCENARIOS: Final = 5
MAX_FIXES: Final = 2
MAX_CHARACTERS: Final = 1000


def failure_message(results: Sequence[Result], more: str = "pulumi stack output verdicts") -> str | None:
    """Say what was not met, where, and what to do; None when every verdict is `passed`.

    At most 24 lines for 3 sessions, and at most 60 for any number; *more* is the command that shows all of it.
    """
    missed = [result for result in results if result.verdict.outcome != "passed"]
    if not missed:
        return None
    missed = worst_first(missed)
    worst = missed[0].verdict.outcome
    lines = [f"gate {worst}: {len(missed)} of {count(len(results), 'session')} did not pass"]
    for index, result in enumerate(missed[:MAX_SESSIONS]):
        lines += _details(result) if index < DETAILED_SESSIONS else [_headline(result)]
    if len(missed) > MAX_SESSIONS:
        lines.append(f"  … and {len(missed) - MAX_SESSIONS} more: {more}")
    lines.append(f"All verdicts: {more}. {STYLES[worst].advice}")
    return "\n".join(lines)


def _headline(result: Result) -> str:
    verdict = result.verdict
    session = f"session {clean(verdict.session_id, 80)}" if verdict.session_id else "no session"
    where = ", ".join(part for part in (clean(str(result.gated.position or "")), session) if part)
    return f"  {result.gated.name} ({where}): {verdict.outcome}: {clean(verdict.reason, MAX_CHARACTERS)}"


def _details(result: Result) -> Iterator[str]:
    yield _headline(result)
    unfixable = set(result.verdict.unfixable_ids)
    fixable = [scenario_id for scenario_id in result.verdict.failed_ids if scenario_id not in unfixable]
    for label, ids in (("failed", fixable), ("unfixable", result.verdict.unfixable_ids)):
        if ids:
            yield f"    {label}: {_listed(result, ids)}"
    plans = [iteration for iteration in (result.status.iterations if result.status else ()) if iteration.fixes]
    if plans:
        yield f"    last fix plan{f', iteration {plans[-1].number}' if plans[-1].number is not None else ''}:"
        for fix in plans[-1].fixes[:MAX_FIXES]:
            target = f"{clean(fix.target_node, 40)}: " if fix.target_node else ""
            yield f"      - {target}{clean(fix.description or 'no description', 110)}"
        if len(plans[-1].fixes) > MAX_FIXES:
            yield f"      … and {len(plans[-1].fixes) - MAX_FIXES} more"


def _listed(result: Result, ids: Sequence[str]) -> str:
    shown = ", ".join(_scenario(result, scenario_id) for scenario_id in ids[:MAX_SCENARIOS])
    return f"{shown} and {len(ids) - MAX_SCENARIOS} more" if len(ids) > MAX_SCENARIOS else shown


def _scenario(result: Result, scenario_id: str) -> str:
    name = result.scenario_names.get(scenario_id)
    return f"{clean(name, 60)} ({clean(scenario_id, 40)})" if name else clean(scenario_id, 60)
