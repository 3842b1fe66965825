"""What would run since another state of the declarations, for people and programs: text, Markdown, JSON."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from tornado_resource.core.text import clean, count, id_list
from tornado_resource.reports.changes import code_block, part_as_json, part_lines
from tornado_resource.reports.summary import bounded, escape

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from tornado_resource.stacks.since import Changed, ChangedRun
    from tornado_resource.versions.difference import PartChange

HOW: Final = {
    "new": "starts: it is new",
    "again": "runs again: {}",
    "maybe": "may run again: {}",
    "promoted": "starts nothing (retest: false)",
}
UNSEEN: Final = (
    "Not seen offline: what was edited in Bland, newer versions, and runs that failed. `pulumi preview` shows it."
)
CUT_PLAN: Final = "_The plan is cut here: `tornado-resource plan` shows the rest._\n"
MAX_BLOCK_LINES: Final = 120
"""How many lines of one changed session, agent or scenario are shown in Markdown."""


def text(since: str, changes: Sequence[Changed]) -> str:
    """Return the plan for a terminal.

    Args:
        since: what the declarations are compared with.
        changes: for each environment, what an update would start.

    """
    lines = [f"since {clean(since)}"]
    for changed in changes:
        lines += ["", _title(changed), *(f"  {clean(line, 1000)}" for line in _notes(changed))]
        rows = list(_rows(changed))
        width = max(len(name) for name, _ in rows) if rows else 0
        lines += [f"  {name:<{width}}  {what}" for name, what in rows]
    for part, environments in _distinct(changes):
        first, *others = part_lines([part])
        where = f" ({environments})" if environments else ""
        lines += ["", f"{first[2:]}{where}", *(line[2:] for line in others)]
    return "\n".join([*lines, "", UNSEEN])


def markdown(since: str, changes: Sequence[Changed]) -> str:
    """Return the plan as Markdown, within the limit of a comment on GitHub. The arguments are those of `text`."""
    return "".join(bounded(_markdown(since, changes), CUT_PLAN)).rstrip("\n")


def _markdown(since: str, changes: Sequence[Changed]) -> Iterator[str]:
    starts = sum(len(changed.due) for changed in changes)
    total = f"at worst {count(starts, 'start')}" if starts else "nothing starts"
    yield f"## Tornado plan since {escape(since)}: {total}\n"
    for changed in changes:
        yield f"\n### {escape(_title(changed)[:1].upper() + _title(changed)[1:])}\n\n"
        yield from (f"- {escape(line, 1000)}\n" for line in _notes(changed))
        yield from (f"- **{escape(name)}** {escape(what, 1000)}\n" for name, what in _rows(changed))
    parts = list(_distinct(changes))
    if parts:
        yield "\n### Changed declarations\n"
    for part, environments in parts:
        yield "\n".join(
            [
                "",
                *([f"{escape(environments)}\n"] if environments else []),
                *code_block([part], limit=MAX_BLOCK_LINES),
                "",
            ]
        )
    yield f"\n_{UNSEEN}_\n"


def as_json(since: str, changes: Sequence[Changed]) -> dict[str, Any]:
    """Return the plan as plain JSON. The arguments are those of `text`."""
    return {"since": since, "environments": [_environment_as_json(changed) for changed in changes]}


def _environment_as_json(changed: Changed) -> dict[str, Any]:
    return {
        "environment": changed.environment.name,
        "problem": changed.problem,
        "starts": len(changed.due),
        "worst_case_minutes": changed.cost.minutes,
        "worst_case_conversations": changed.cost.total,
        "over_budget": changed.cost.excesses,
        "runs": [
            {
                "name": run.declaration.name,
                "section": run.declaration.section,
                "decision": run.how,
                "reasons": list(run.reasons),
                "updates": list(run.updates),
                "former_name": run.former_name,
                "declared_at": str(run.declaration.position),
            }
            for run in changed.runs
        ],
        "removed": list(changed.removed),
        "changes": [part_as_json(part) for part in changed.parts],
    }


def _title(changed: Changed) -> str:
    """Return `environment staging: 2 of 3 start, at worst 31 minutes`."""
    name, due = changed.environment.name, changed.due
    where = f"environment {clean(name)}" if name is not None else "no environments"
    if not due:
        return f"{where}: nothing starts"
    over = f"; over the budget: {'; '.join(changed.cost.excesses)}" if changed.cost.excesses else ""
    return f"{where}: at worst {len(due)} of {len(changed.runs)} start, {changed.cost}{over}"


def _notes(changed: Changed) -> Iterator[str]:
    if changed.problem is not None:
        yield f"everything counts as new: {changed.problem}"


def _rows(changed: Changed) -> Iterator[tuple[str, str]]:
    """Yield the names of runs, and what becomes of them; those of which nothing does come together."""
    kept = []
    for run in changed.runs:
        what = outcome(run)
        if what is None:
            kept.append(run.declaration.name)
        else:
            yield run.declaration.name, clean(what, 1000)
    if kept:
        yield "unchanged", id_list(kept)
    if changed.removed:
        yield "removed", id_list(changed.removed)


def _distinct(changes: Sequence[Changed]) -> Iterator[tuple[PartChange, str]]:
    """Yield what has changed, each once, with the environments that have it if there are several."""
    where: dict[PartChange, list[str]] = {}
    for changed in changes:
        for part in changed.parts:
            where.setdefault(part, []).append(changed.environment.name or "")
    for part, names in where.items():
        yield part, id_list(names) if len(changes) > 1 else ""


def outcome(run: ChangedRun) -> str | None:
    """Return what becomes of a run in a few words; None if nothing does."""
    updates = f"; updates {', '.join(run.updates)}" if run.updates else ""
    was = f"was {run.former_name}, " if run.former_name is not None else ""
    if run.how == "kept":
        return f"{was}does not run again{updates}" if was or updates else None
    return f"{was}{HOW[run.how].format('; '.join(run.reasons))}"
