"""Whether a check run ran the checks that are declared, as far as the API shows it. Pure.

Somebody can edit the checks in Bland between the request that stores them and the start of the run, which freezes them.
What the API does not show is no difference, but for a judge: one without a verdict has not run.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from tornado_resource.bland.responses import is_other, line
from tornado_resource.core.text import MAX_NAMED, clean, count, id_list, short_list
from tornado_resource.runs.declared_checks import levels_of
from tornado_resource.runs.model import NOT_AS_DECLARED

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from tornado_resource.bland.check_runs import CheckRun, Checks, ConfiguredJudge, JudgeVerdict

UNNAMED: Final = "(unnamed)"


def name_of(judge: JudgeVerdict | ConfiguredJudge) -> str:
    """Return what people and gates call a judge: its name, else its id."""
    return judge.name or judge.judge_id or UNNAMED


def nothing_ran(run: CheckRun) -> str | None:
    """Return how a run shows that it held no conversation, or None. Its judges would have nothing to find."""
    if run.scenario_count is not None and run.scenario_count < 1:
        return f"it ran no test case (scenario_count is {run.scenario_count})"
    if run.simulations_count is not None and run.simulations_count < 1:
        return f"it held no conversation (simulations_count is {run.simulations_count})"
    return None


def difference(run: CheckRun, checks: Checks | None) -> str | None:
    """Return how a run that has verdicts did not run the declared checks, or None; also if none are declared."""
    rows = [*_counts(run, checks), *_judges(run.verdicts, checks.judges)] if checks is not None else []
    return f"{NOT_AS_DECLARED}: {short_list(rows, MAX_NAMED, '; ')}" if rows else None


def _counts(run: CheckRun, checks: Checks) -> Iterator[str]:
    test_cases = len({scenario_id.casefold() for scenario_id in checks.scenario_ids})
    if run.scenario_count not in {None, test_cases}:
        yield f"it ran {count(run.scenario_count or 0, 'test case')} (declared: {test_cases})"
    if None not in {run.simulations_count, checks.simulations_count} and run.simulations_count != (
        checks.simulations_count
    ):
        conversations = count(run.simulations_count or 0, "conversation")
        yield f"{conversations} for each test case (declared: {checks.simulations_count})"


def _judges(verdicts: Sequence[JudgeVerdict], declared: Sequence[ConfiguredJudge]) -> Iterator[str]:
    """Yield how the judges differ. One that is not declared counts unless the run did not have to pass it."""
    pairs = [(judge, _verdict_of(judge, verdicts)) for judge in declared]
    ran = [(judge, verdict) for judge, verdict in pairs if verdict is not None]
    own = [verdict for _, verdict in ran]
    if len(own) < len(declared) or any(verdict not in own for verdict in verdicts if verdict.is_required is not False):
        yield _other_judges(verdicts, declared)
    for judge, verdict in ran:
        yield from _changes(judge, verdict)


def _verdict_of(judge: ConfiguredJudge, verdicts: Iterable[JudgeVerdict]) -> JudgeVerdict | None:
    """Return the verdict of a declared judge: by its id, or by its name where the API shows no id."""
    for verdict in verdicts:
        if verdict.judge_id is not None and not is_other(verdict.judge_id, judge.judge_id):
            return verdict
    name = line(judge.name)
    unknown = (verdict for verdict in verdicts if verdict.judge_id is None and name is not None)
    return next((verdict for verdict in unknown if verdict.name == name), None)


def _other_judges(verdicts: Sequence[JudgeVerdict], declared: Sequence[ConfiguredJudge]) -> str:
    ran, wanted = [name_of(verdict) for verdict in verdicts], [name_of(judge) for judge in declared]
    if sorted(ran) == sorted(wanted):
        ran, wanted = [verdict.judge_id or UNNAMED for verdict in verdicts], [judge.judge_id for judge in declared]
    return f"judged by {id_list(ran)} (declared: {id_list(wanted)})"


def _changes(judge: ConfiguredJudge, verdict: JudgeVerdict) -> Iterator[str]:
    name = f"judge {clean(name_of(judge), 60)}"
    wanted = judge.is_required is not False
    if verdict.is_required not in {None, wanted}:
        words = ("required" if is_required else "not required" for is_required in (verdict.is_required, wanted))
        yield "{} was {} (declared: {})".format(name, *words)
    if verdict.version_id is not None and judge.version_id and is_other(verdict.version_id, judge.version_id):
        yield f"{name} was version {clean(verdict.version_id)} (declared: {clean(judge.version_id)})"
    levels: tuple[Any, Any] = sorted(set(verdict.target_level_keys)), levels_of(judge)
    if all(levels) and levels[0] != levels[1]:
        yield f"{name} matched by {id_list(levels[0])} (declared: {id_list(levels[1])})"
