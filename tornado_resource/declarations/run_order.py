"""The order in which sessions run, and how long they can take."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from tornado_resource.declarations.model import GRACE_MS

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tornado_resource.declarations.model import Declaration


def predecessors(declarations: Sequence[Declaration]) -> dict[str, str]:
    """Return, by session, the session before it on its pathway: the API runs one at a time there."""
    last: dict[str, str] = {}
    found: dict[str, str] = {}
    for declaration in declarations:
        if declaration.pathway_id in last:
            found[declaration.name] = last[declaration.pathway_id]
        last[declaration.pathway_id] = declaration.name
    return found


def worst_case_minutes(declarations: Sequence[Declaration]) -> int:
    """Return the longest that all sessions can take: pathways run side by side, sessions on one pathway in turn."""
    totals: dict[str, int] = {}
    for declaration in declarations:
        totals[declaration.pathway_id] = totals.get(declaration.pathway_id, 0) + declaration.timeout_ms + GRACE_MS
    return math.ceil(max(totals.values(), default=0) / 60_000)
