"""What the verdict on a check run says beside its outcome, and whether a recorded one agrees with itself. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tornado_resource.agents.gate import judge, name_of, quarantined
from tornado_resource.bland.check_runs import STATUSES, CheckRun, JudgeVerdict
from tornado_resource.bland.responses import is_other

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tornado_resource.runs.model import GatedRun, JudgeResult, RunFacts, RunVerdict


def facts(gated: GatedRun, run: CheckRun | None) -> RunFacts:
    """Return what a verdict says of a check run; None: it was never read.

    Without a response, the version is the declared one: the id of a version that is tested never gets other content.
    """
    version_id = (run.version_id if run is not None else None) or gated.request.get("version_id")
    return {
        "content": version_id,
        "version_id": version_id,
        "semver": run.semver if run is not None else None,
        "judges": [_result(each) for each in run.verdicts] if run is not None else None,
        "quarantined": quarantined(gated.gate, run.verdicts) if run is not None else [],
        "finished_at": run.completed_at if run is not None and run.is_final else None,
    }


def agrees(verdict: RunVerdict, request: Mapping[str, Any]) -> bool:
    """Return whether a recorded verdict is for the version of its request, and its judges give its outcome again."""
    meaning = STATUSES[verdict.status or ""]
    if meaning.failure is not None:
        return verdict.outcome == ("incomplete" if meaning.says_nothing else "failed")
    judges = tuple(_verdict(each) for each in verdict.judges or ())
    run = CheckRun(verdict.session_id, verdict.status or "", verdicts=judges)
    are_excused = verdict.quarantined == quarantined(verdict.gate, judges)
    return are_excused and _is_of(verdict, request) and judge(verdict.gate, run)[0] == verdict.outcome


def _is_of(verdict: RunVerdict, request: Mapping[str, Any]) -> bool:
    tested, declared = verdict.version_id, request.get("version_id")
    if tested is None or declared is None or verdict.content != tested:
        return False
    return not is_other(tested, declared)


def _result(verdict: JudgeVerdict) -> JudgeResult:
    return {
        "id": verdict.judge_id,
        "name": name_of(verdict),
        "required": verdict.is_required,
        "match_rate": verdict.match_rate,
        "passed": verdict.has_passed,
    }


def _verdict(recorded: JudgeResult) -> JudgeVerdict:
    return JudgeVerdict(
        judge_id=recorded["id"],
        version_id=None,
        name=recorded["name"],
        is_required=recorded["required"],
        match_rate=recorded["match_rate"],
        score=None,
        has_passed=recorded["passed"],
    )
