"""How reports show outcomes: their order, icons and advice."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from tornado_resource.gate.model import OUTCOMES

if TYPE_CHECKING:
    from collections.abc import Iterable

    from tornado_resource.gate.model import Outcome, Result


@dataclass(frozen=True, slots=True)
class Style:
    """*symbol* is for text and HTML, *emoji* for Markdown on GitHub; *advice* says what to do next."""

    symbol: str
    emoji: str
    advice: str = ""


STYLES: Final[dict[Outcome, Style]] = {
    "passed": Style("✓", "✅"),
    "failed": Style("✗", "❌", "Fix the pathway or the scenarios, then run `pulumi up`. Failed sessions run again."),
    "incomplete": Style("?", "⚠️", "Run `pulumi up` again: sessions that still run are resumed, not started twice."),
}


def worst_first(results: Iterable[Result]) -> list[Result]:
    """Return the results ordered by outcome, the worst first, and otherwise in the order of the declarations."""
    return sorted(results, key=lambda result: OUTCOMES.index(result.verdict.outcome))
