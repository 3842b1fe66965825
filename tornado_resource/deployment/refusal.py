"""Why an update starts or publishes nothing: a line for each run that has a problem. Pure."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from tornado_resource.core.text import counts
from tornado_resource.runs.kinds import kind_of

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


def count_runs(declarations: Sequence[Declaration]) -> str:
    """Return `2 sessions and 1 check run`."""
    numbers = Counter(kind_of(declaration.kind).noun for declaration in declarations)
    return counts(numbers)
