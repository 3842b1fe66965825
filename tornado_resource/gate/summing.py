"""What a failed gate says at the end of `pulumi up`. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from tornado_resource.text import clean, count

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from tornado_resource.gate.verifying import Result

DETAILED_SESSIONS: Final = 3
"""So many sessions are told with their scenarios and last fix plan; the rest in a line each."""
MOST_SESSIONS: Final = 40
MOST_SCENARIOS: Final = 5
MOST_FIXES: Final = 2
MOST_CHARACTERS: Final = 1000


def failure_message(results: Sequence[Result], more: str = "pulumi stack output verdicts") -> str | None:
    """Say what was not met, where, and what to do; None when every verdict is `passed`.

    At most 24 lines for 3 sessions, and at most 60 for any number; *more* is the command that shows all of it.
    """
    missed = [result for result in results if result.verdict.outcome != "passed"]
    if not missed:
        return None
    missed.sort(key=lambda result: result.verdict.outcome != "failed")
    has_failed = missed[0].verdict.outcome == "failed"
    word = "failed" if has_failed else "incomplete"
    lines = [f"gate {word}: {len(missed)} of {count(len(results), 'session')} did not pass"]
    for index, result in enumerate(missed[:MOST_SESSIONS]):
        lines += _details(result) if index < DETAILED_SESSIONS else [_headline(result)]
    if len(missed) > MOST_SESSIONS:
        lines.append(f"  … and {len(missed) - MOST_SESSIONS} more: {more}")
    lines.append(f"All verdicts: {more}. {_advice(has_failed=has_failed)}")
    return "\n".join(lines)


def _headline(result: Result) -> str:
    verdict = result.verdict
    session = f"session {clean(verdict.session_id, 80)}" if verdict.session_id else "no session"
    where = ", ".join(part for part in (clean(result.subject.place), session) if part)
    return f"  {result.subject.name} ({where}): {verdict.outcome}: {clean(verdict.reason, MOST_CHARACTERS)}"


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
        for fix in plans[-1].fixes[:MOST_FIXES]:
            target = f"{clean(fix.target_node, 40)}: " if fix.target_node else ""
            yield f"      - {target}{clean(fix.description or 'no description', 110)}"
        if len(plans[-1].fixes) > MOST_FIXES:
            yield f"      … and {len(plans[-1].fixes) - MOST_FIXES} more"


def _listed(result: Result, ids: Sequence[str]) -> str:
    shown = ", ".join(_scenario(result, scenario_id) for scenario_id in ids[:MOST_SCENARIOS])
    return f"{shown} and {len(ids) - MOST_SCENARIOS} more" if len(ids) > MOST_SCENARIOS else shown


def _scenario(result: Result, scenario_id: str) -> str:
    name = result.scenario_names.get(scenario_id)
    return f"{clean(name, 60)} ({clean(scenario_id, 40)})" if name else clean(scenario_id, 60)


def _advice(*, has_failed: bool) -> str:
    if has_failed:
        return "Fix the pathway or the scenarios, then run `pulumi up` again: what failed is started anew."
    return "Run `pulumi up` again: sessions that still run are resumed, not doubled."
