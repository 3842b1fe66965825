"""Why the checks of staging block the promotion of an agent's version, by what the API shows."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, TypeVar

from tornado_resource.bland.agents import STAGING
from tornado_resource.bland.check_runs import LIST_LIMIT, list_check_runs, read_checks
from tornado_resource.bland.responses import folded, is_other, parse_time
from tornado_resource.bland.retrying import retried
from tornado_resource.errors import ApiError

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterator, Sequence

    from tornado_resource.bland.check_runs import CheckRun, CheckRuns, Checks, ConfiguredJudge, JudgeVerdict
    from tornado_resource.bland.client import Client

PASSED: Final = "PASSED"
T = TypeVar("T")


async def read_block_reason(client: Client, agent_id: str, version_id: str) -> str:
    """Read the check runs and the checks of staging, and return why they block a version (`block_reason`)."""
    runs = await _read(lambda: list_check_runs(client, agent_id, STAGING))
    checks = await _read(lambda: read_checks(client, agent_id, STAGING))
    return block_reason(version_id, runs, checks)


def block_reason(version_id: str, runs: CheckRuns | str, checks: Checks | str | None) -> str:
    """Return why the checks of staging block a version.

    Bland counts a pass only if it is the newest run of the version in staging, on the checks as they are now (API page
    *Promote Agent*).

    Args:
        version_id: the version.
        runs: the check runs of staging, or why they could not be read.
        checks: the checks of staging, None if it has none; or why they could not be read.

    """
    if isinstance(runs, str):
        return f"the reason is unknown, since the check runs of staging could not be read: {runs}"
    own = [run for run in runs.runs if run.version_id is not None and not is_other(run.version_id, version_id)]
    passed = next((run for run in own if run.status == PASSED), None)
    if passed is None:
        return _no_pass(own, runs)
    if passed is not own[0]:
        return f"its pass in staging (check run {passed.run_id}) is not its newest run there: {_named(own[0])}"
    return _voided(passed, checks)


def _voided(passed: CheckRun, checks: Checks | str | None) -> str:
    """Return why the newest run of a version does not count although it has passed."""
    if isinstance(checks, str):
        return f"{_seen(passed)}, and the checks of staging could not be read: {checks}"
    if checks is None:
        return f"staging has no checks any more; they were deleted after {_named(passed)}"
    edits = list(_edits(passed, checks))
    if edits:
        return f"the checks of staging were edited after {_named(passed)}: {'; '.join(edits)}"
    edited = f"last edited {checks.updated_at}" if checks.updated_at else "with no time of an edit"
    return f"{_seen(passed)}, and the checks look the same ({edited}); one of their scenarios may have been edited"


async def _read(call: Callable[[], Awaitable[T]]) -> T | str:
    try:
        return await retried(call)
    except ApiError as error:
        return str(error)


def _no_pass(own: Sequence[CheckRun], runs: CheckRuns) -> str:
    among = "" if runs.is_whole else f" among the newest {LIST_LIMIT}"
    newest = f"; its newest one is {_named(own[0])}" if own else ""
    return f"no check run of it in staging{among} has passed{newest}"


def _edits(passed: CheckRun, checks: Checks) -> Iterator[str]:
    """Yield how the checks differ from those that a run began with, as far as the API shows that."""
    began, edited = parse_time(passed.created_at), parse_time(checks.updated_at)
    if began is not None and edited is not None and edited > began:
        yield f"it began {passed.created_at}, and the edit is of {checks.updated_at}"
    counts = (
        ("scenario count", passed.scenario_count, len(checks.scenario_ids)),
        ("simulations_count", passed.simulations_count, checks.simulations_count),
    )
    for name, then, now in counts:
        if _is_changed(then, now):
            yield f"{name} was {then} and is {now}"
    if passed.verdicts and not passed.has_omissions and all(each.judge_id for each in passed.verdicts):
        yield from _edited_judges(passed.verdicts, checks.judges)


def _edited_judges(then: Sequence[JudgeVerdict], now: Sequence[ConfiguredJudge]) -> Iterator[str]:
    ran = {folded(each.judge_id or ""): each for each in then}
    configured = {folded(each.judge_id): each for each in now}
    for judge_id, after in configured.items():
        before = ran.get(judge_id)
        if before is None:
            yield f"judge {_name(after)} was added"
        elif _differ(before, after):
            yield f"judge {_name(after)} was changed"
    yield from (f"judge {_name(each)} was removed" for judge_id, each in ran.items() if judge_id not in configured)


def _differ(before: JudgeVerdict, after: ConfiguredJudge) -> bool:
    """Return whether a judge is another one than in a run."""
    shown = (
        (before.version_id, after.version_id),
        (before.is_required, after.is_required),
        (sorted(before.target_level_keys) or None, sorted(after.target_level_keys) or None),
    )
    return any(_is_changed(then, now) for then, now in shown)


def _is_changed(then: Any, now: Any) -> bool:
    """Return whether two values differ. What the API does not show is no difference."""
    return then is not None and now is not None and then != now


def _name(judge: JudgeVerdict | ConfiguredJudge) -> str:
    return judge.name or judge.judge_id or "(unknown)"


def _named(run: CheckRun) -> str:
    return f"check run {run.run_id} ({run.status})"


def _seen(passed: CheckRun) -> str:
    return f"the reason is unknown: {_named(passed)} is its newest run in staging"
