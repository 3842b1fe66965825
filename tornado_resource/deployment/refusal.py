"""Why an update starts or publishes nothing: a line for each run that has a problem. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tornado_resource.runs.kinds import count_runs

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from tornado_resource.declarations.model import Declaration


def refusal(title: str, declarations: Sequence[Declaration], problems: Mapping[str, str]) -> str:
    """Return a title with the number of runs that have problems, and a line for each: name, position, problem."""
    lines = [f"{title} ({len(problems)} of {count_runs(declarations)}):"]
    lines += [
        f"  {declaration.name} ({declaration.position}): {problems[declaration.name]}"
        for declaration in declarations
        if declaration.name in problems
    ]
    return "\n".join(lines)
