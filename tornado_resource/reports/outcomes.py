"""How reports show outcomes: their order, icons, counts and advice."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from tornado_resource.bland.responses import ABORTED
from tornado_resource.core.text import clean, count
from tornado_resource.gate.judging import ONLY_REPAIRED
from tornado_resource.gate.model import OUTCOMES

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from tornado_resource.gate.model import Outcome, Result


@dataclass(frozen=True, slots=True)
class Style:
    """*symbol* is for text and HTML, *emoji* for Markdown on GitHub."""

    symbol: str
    emoji: str


STYLES: Final[dict[Outcome, Style]] = {
    "passed": Style("✓", "✅"),
    "failed": Style("✗", "❌"),
    "incomplete": Style("?", "⚠️"),
}

_RERUN: Final = "then run {up}. Failed sessions run again, unless `rerun` is `on_change`."
_RESUME: Final = "run {up} again: a session that was started is resumed, not started twice."
# No advice may lead to a second session: what may still run is only ever resumed.
ADVICE: Final[dict[str, str]] = {
    "missed": f"Fix the pathway or the scenarios, {_RERUN}",
    "repaired": "Version {version} has the fixes: declare `version_number: {version}`, then run {up}.",
    "TIMEOUT": f"Raise `timeout_ms`, or run fewer scenarios, {_RERUN}",
    "STUCK": f"Fix by hand what the session could not fix, {_RERUN}",
    "CANCELLED": f"Find out who cancelled it, {_RERUN}",
    "ERROR": f"Look at the session in Bland's dashboard, {_RERUN}",
    "none_ran": f"Enable scenarios of the pathway, or name some in `scenario_ids`, {_RERUN}",
    "contradictory": f"Check that the declared scenarios exist and are enabled, {_RERUN}",
    "adopted": "Change one of its triggers, then run {up}: it starts a new session on the promoted version.",
    "running": f"To keep waiting, {_RESUME}",
    "out_of_time": f"To keep waiting, {_RESUME}",
    "interrupted": f"To keep waiting, {_RESUME}",
    "unreachable": f"When the API can be reached, {_RESUME}",
    "request_failed": f"Fix what the reason says, then {_RESUME}",
    "misdirected": "Check that bland:baseUrl is the address of the API, and that no proxy or cache responds in its "
    f"place, then {_RESUME}",
    "scenarios_unreadable": "Run {up} again: it reads them again, and starts nothing that met its gate.",
    "scenarios_unlisted": "Disable scenarios until fewer than 100 of the pathway are enabled, or declare another gate, "
    "then run {up}: it reads them again.",
    "scenarios_changed": "Run `pulumi refresh --stack {stack}`, which shows what was edited, then {up}: it puts the "
    "scenarios back, and runs the session again.",
    "content_unreadable": "Run {up} again: it reads the version again, and starts nothing that met its gate.",
    "edited": f"Leave the version as it is while it is tested, {_RERUN}",
    "unknown_status": "Look at the session in Bland's dashboard: it may still be running. {up} reads it again.",
    "gone": "Check that bland:baseUrl and the API key are those of the account that started it. If so, `pulumi refresh "
    "--stack {stack}` removes it, and the next {up} starts a new one.",
    "not_awaited": "Run `tornado-resource wait --stack {stack}`, or `pulumi config rm tornado:wait --stack {stack}` "
    "and {up}.",
    "not_started": "Fix what the reason says, then run {up} again.",
    "unknown": f"To read it again, {_RESUME}",
}
"""What to do, by what happened: the status of a failed session, the cause of an unknown outcome, or as below.

`{up}` stands for the command that updates the stack, `{stack}` for the stack's name, and `{version}` for the version of
the verdict.
"""


def advice(result: Result, stack: str) -> str:
    """Return what to do about a session of a stack that did not pass."""
    shown = clean(stack)
    return ADVICE[_situation(result)].format(
        stack=shown, up=f"`pulumi up --stack {shown}`", version=result.verdict.version
    )


def worst_first(results: Iterable[Result]) -> list[Result]:
    """Return the results ordered by outcome, the worst first, and otherwise in the order of the declarations."""
    return sorted(results, key=lambda result: OUTCOMES.index(result.verdict.outcome))


def tally(results: Sequence[Result]) -> str:
    """Return how many did not pass, failed and incomplete ones apart: `2 failed, 3 incomplete`."""
    outcomes = [result.verdict.outcome for result in results]
    numbers = {outcome: outcomes.count(outcome) for outcome in OUTCOMES if outcome != "passed"}
    return ", ".join(f"{number} {outcome}" for outcome, number in numbers.items() if number)


def tally_of_all(results: Sequence[Result]) -> str:
    """Return `2 failed, 3 incomplete of 5 sessions`."""
    return f"{tally(results)} of {count(len(results), 'session')}"


def _situation(result: Result) -> str:
    verdict = result.verdict
    if result.cause is not None:
        return result.cause
    if not verdict.session_id:
        return "not_started"
    if verdict.outcome == "failed":
        return verdict.status if verdict.status in ABORTED else _miss(result)
    return _doubt(result)


def _miss(result: Result) -> str:
    """Return why a session that completed did not meet its gate.

    A promoted version is repaired in the environment that it comes from.
    """
    is_repaired = result.verdict.reason.startswith(ONLY_REPAIRED) and result.verdict.version is not None
    return "repaired" if is_repaired and result.gated.promoted is None else "missed"


def _doubt(result: Result) -> str:
    """Return why a session is incomplete although its status may be known."""
    status = result.status
    if status is None:
        return "unknown"
    if not status.is_final:
        return "running" if status.is_running else "unknown_status"
    if status.total_scenarios == 0:
        return "none_ran"
    return "adopted" if result.gated.adopted and result.gated.promoted is not None else "contradictory"
