"""Whether a check run that completed met its gate, by the numbers of its judges, and what its verdict says. Pure.

The API's words `PASSED` and `overall_passed` never count alone: a run without a required judge has them too. Only
certainty counts as `passed`. What is not known of a judge that decides, or contradicts itself, is `incomplete`. A judge
in quarantine that did not reach what the gate requires of it, or found nothing conclusive, decides nothing.
"""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any

from tornado_resource.agents.as_declared import difference, name_of, nothing_ran
from tornado_resource.bland.check_runs import STATUSES, CheckRun, JudgeVerdict
from tornado_resource.bland.responses import is_other, unreadable
from tornado_resource.core.shares import at_least, percent
from tornado_resource.core.text import MAX_NAMED, clean, count, id_list, short_list
from tornado_resource.declarations.model import PASSING_PERCENT
from tornado_resource.declarations.quarantine import too_much
from tornado_resource.runs.model import NOT_AS_DECLARED

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from tornado_resource.bland.check_runs import Checks
    from tornado_resource.declarations.model import Gate
    from tornado_resource.runs.model import GatedRun, JudgeResult, Outcome, RunFacts, RunVerdict


def judge(gate: Gate, run: CheckRun, checks: Checks | None = None) -> tuple[Outcome, str]:
    """Judge one check run that ended as `PASSED` or `FAILED`.

    Args:
        gate: what must hold.
        run: the check run.
        checks: the declared ones; None if none are declared, or they are not known.

    Returns:
        The outcome, and its reason in a short sentence.

    """
    doubt = next(filter(None, _doubts(gate, run, checks)), None)
    if doubt is not None:
        return "incomplete", doubt
    outcome, reason = _apply_rule(gate, run.verdicts)
    if run.error_message is not None and (outcome == "passed" or run.status == "PASSED"):
        return "incomplete", f"contradictory: {run.status}, but error_message is `{clean(run.error_message)}`"
    return outcome, reason


def _spellings(verdict: JudgeVerdict) -> tuple[str, ...]:
    """Return what a gate may call a judge: its name, and its id."""
    return tuple(dict.fromkeys(filter(None, (name_of(verdict), verdict.judge_id))))


def reaches_gate(gate: Gate, verdict: JudgeVerdict) -> bool:
    """Return whether a judge reached what the gate requires of it; one of which it requires nothing has."""
    bar = gate.bar(*_spellings(verdict), is_required=verdict.is_required)
    return bar is None or _meets(verdict, bar)


def quarantined(gate: Gate, verdicts: Iterable[JudgeVerdict]) -> list[str]:
    """Return the judges in quarantine that did not reach their bars, as the quarantine names them."""
    entries = [gate.quarantine_of(*_spellings(verdict)) for verdict in verdicts if not reaches_gate(gate, verdict)]
    return [entry.part for entry in entries if entry is not None]


def _is_decisive(gate: Gate, verdict: JudgeVerdict) -> bool:
    is_named = any(spelling in gate.judges for spelling in _spellings(verdict))
    return bool(verdict.is_required or is_named) and not _is_excused(gate, verdict)


def _is_excused(gate: Gate, verdict: JudgeVerdict) -> bool:
    return gate.quarantine_of(*_spellings(verdict)) is not None


def _doubts(gate: Gate, run: CheckRun, checks: Checks | None) -> Iterator[str | None]:
    """Yield what is not known of a completed run, or contradicts itself: the first one that is not None counts."""
    verdicts = run.verdicts
    yield _silent(run)
    yield nothing_ran(run)
    yield difference(run, checks)
    yield _without_requirement(verdicts)
    yield _unknown_rule(gate, verdicts)
    yield _without_rate([verdict for verdict in verdicts if _is_decisive(gate, verdict)])
    yield _more_than_ran(run)
    yield unreadable(
        [*run.unreadable, *(f"{key} of {name_of(judge)}" for judge in verdicts for key in judge.unreadable)]
    )
    yield next(filter(None, map(_contradicted_judge, verdicts)), None)
    yield _contradicted_word(run)


def _silent(run: CheckRun) -> str | None:
    """Return which judges gave no verdict, or None. A response may leave out the names of those that did."""
    if not run.verdicts:
        return "no judge gave a verdict"
    if run.has_omissions:
        return "the response does not show every judge"
    names = [verdict.name for verdict in run.verdicts if verdict.name is not None]
    silent = [*(Counter(run.judge_names) - Counter(names)).elements()]
    number = f"{len(run.verdicts)} of {count(len(run.judge_names), 'judge')} gave a verdict"
    if len(names) == len(run.verdicts):
        return f"{number}, but not {id_list(silent)}" if silent else None
    return number if len(run.verdicts) < len(run.judge_names) else None


def _without_requirement(verdicts: Sequence[JudgeVerdict]) -> str | None:
    unclear = _unclear(verdicts)
    if unclear:
        return f"it is unknown whether a run must pass {_judges(unclear)}"
    if any(verdict.is_required for verdict in verdicts):
        return None
    return "its only judge is not required" if len(verdicts) == 1 else f"none of its {len(verdicts)} judges is required"


def _unclear(verdicts: Sequence[JudgeVerdict]) -> list[str]:
    return [name_of(verdict) for verdict in verdicts if verdict.is_required is None]


def _unknown_rule(gate: Gate, verdicts: Sequence[JudgeVerdict]) -> str | None:
    """Return why it is unknown what the gate requires, or None."""
    if gate.passed not in {"all", "any"} and not str(gate.passed).endswith("%"):
        return f"the gate requires {gate.passed}, which a check run does not have"
    others, names = unknown_judges(gate, verdicts), [name_of(verdict) for verdict in verdicts]
    return f"the gate names {_judges(others)}, but the run has only {_judges(names)}" if others else None


def unknown_judges(gate: Gate, verdicts: Sequence[JudgeVerdict]) -> list[str]:
    """Return the judges that a gate names and a run does not have. Another run would not have them either."""
    names = {name for verdict in verdicts for name in _spellings(verdict)}
    return [name for name in gate.judges if name not in names]


def _without_rate(verdicts: Iterable[JudgeVerdict]) -> str | None:
    """Return which judges said nothing, or None. The API shows null if no conversation was conclusive."""
    silent = [name_of(verdict) for verdict in verdicts if _rate(verdict) is None]
    return f"no conversation was conclusive for {_judges(silent)} (no match_rate from 0 to 1)" if silent else None


def _more_than_ran(run: CheckRun) -> str | None:
    ids = Counter(verdict.judge_id for verdict in run.verdicts if verdict.judge_id is not None)
    twice = [judge_id for judge_id, number in ids.items() if number > 1]
    if twice:
        return f"contradictory: more than one verdict of {_judges(twice)}"
    if 0 < len(run.judge_names) < len(run.verdicts):
        return f"contradictory: {count(len(run.judge_names), 'judge')} ran, but {len(run.verdicts)} gave a verdict"
    return None


def _contradicted_judge(verdict: JudgeVerdict) -> str | None:
    """Return how the API's word on a judge contradicts its rate and the API's own bar, or None."""
    if verdict.has_passed is None or verdict.has_passed == _has_passed(verdict):
        return None
    rate = _rate(verdict)
    rates = (
        f"but {percent(rate)} matched, and {PASSING_PERCENT}% passes" if rate is not None else "but has no match_rate"
    )
    word = "passed" if verdict.has_passed else "did not pass"
    return f"contradictory: judge {clean(name_of(verdict), 60)} {word}, {rates}"


def _contradicted_word(run: CheckRun) -> str | None:
    """Return how the API's words on a run contradict its required judges, or None."""
    passed, required = _passed_of_required(run.verdicts)
    tally = f"{passed} of {count(required, 'required judge')} passed"
    if (run.status == "PASSED") != (passed == required):
        return f"contradictory: {run.status}, but {tally}"
    if run.overall_passed is not None and run.overall_passed != (passed == required):
        return f"contradictory: overall_passed is {str(run.overall_passed).lower()}, but {tally}"
    return None


def _apply_rule(gate: Gate, verdicts: Sequence[JudgeVerdict]) -> tuple[Outcome, str]:
    bars = [(verdict, gate.bar(*_spellings(verdict), is_required=verdict.is_required)) for verdict in verdicts]
    decisive = [(verdict, bar) for verdict, bar in bars if bar is not None]
    if not decisive:
        passed, required = _passed_of_required(verdicts)
        return "passed", f"it completed: {passed} of {count(required, 'required judge')} passed"
    missed = [(verdict, bar) for verdict, bar in decisive if not reaches_gate(gate, verdict)]
    tally = f"{len(decisive) - len(missed)} of {count(len(decisive), 'judge')} met the gate"
    remark = _remark(gate, missed)
    counted = _counted(gate, missed)
    if counted:
        return "failed", f"{tally}: {counted}{remark}"
    return _excused(gate, [verdict for verdict, _ in decisive], f"{tally}{remark}") if missed else ("passed", tally)


def _counted(gate: Gate, missed: Iterable[tuple[JudgeVerdict, int]]) -> str:
    """Return which judges missed their bar and are not in quarantine; an empty text if there are none."""
    misses = [_miss(verdict, bar) for verdict, bar in missed if not _is_excused(gate, verdict)]
    return short_list(misses, MAX_NAMED, "; ")


def _remark(gate: Gate, missed: Iterable[tuple[JudgeVerdict, int]]) -> str:
    names = [name_of(verdict) for verdict, _ in missed if _is_excused(gate, verdict)]
    return f" (failed in quarantine: {id_list(names)})" if names else ""


def _excused(gate: Gate, decisive: Sequence[JudgeVerdict], reason: str) -> tuple[Outcome, str]:
    """Return a pass that needs the quarantine; it is none if too many of the judges that decide are in it."""
    extent = too_much(sum(_is_excused(gate, verdict) for verdict in decisive), len(decisive))
    return ("passed", reason) if extent is None else ("incomplete", f"{reason}, but {extent}")


def _miss(verdict: JudgeVerdict, bar: int) -> str:
    return f"{clean(name_of(verdict), 60)} matched {percent(_rate(verdict) or 0.0)}, the gate requires {bar}%"


def _passed_of_required(verdicts: Iterable[JudgeVerdict]) -> tuple[int, int]:
    required = [verdict for verdict in verdicts if verdict.is_required]
    return sum(map(_has_passed, required)), len(required)


def _has_passed(verdict: JudgeVerdict) -> bool:
    """Return whether a judge has passed by its number and the API's own bar."""
    return _meets(verdict, PASSING_PERCENT)


def _meets(verdict: JudgeVerdict, bar: int) -> bool:
    """Return whether the rate of a judge is at least *bar* percent."""
    rate = _rate(verdict)
    return rate is not None and at_least(rate, bar)


def _rate(verdict: JudgeVerdict) -> float | None:
    """Return the rate if it is one: a number from 0 to 1."""
    return verdict.match_rate if verdict.match_rate is not None and 0 <= verdict.match_rate <= 1 else None


def _judges(names: Sequence[str]) -> str:
    return f"{'judge' if len(names) == 1 else 'judges'} {id_list(names)}"


def facts(gated: GatedRun, run: CheckRun | None) -> RunFacts:
    """Return what a verdict says of a check run; None: it was never read.

    Without a response, the version is the declared one: the id of a version that is tested never gets other content.
    """
    version_id = (run.version_id if run is not None else None) or gated.request.get("version_id")
    return {
        "content": version_id,
        "version_id": version_id,
        "semver": run.semver if run is not None else None,
        "judges": [_result(verdict) for verdict in run.verdicts] if run is not None else None,
        "quarantined": quarantined(gated.gate, run.verdicts) if run is not None else [],
        "finished_at": run.completed_at if run is not None and run.is_final else None,
    }


def agrees(verdict: RunVerdict, request: Mapping[str, Any]) -> bool:
    """Return whether a recorded verdict is for the version of its request, and its judges give its outcome again."""
    meaning = STATUSES[verdict.status or ""]
    if meaning.failure is not None:
        return verdict.outcome == ("incomplete" if meaning.says_nothing else "failed")
    judges = tuple(_verdict(recorded) for recorded in verdict.judges or ())
    run = CheckRun(verdict.session_id, verdict.status or "", verdicts=judges)
    are_excused = verdict.quarantined == quarantined(verdict.gate, judges)
    return are_excused and _is_of(verdict, request) and judge(verdict.gate, run)[0] == verdict.outcome


def doubt(verdict: RunVerdict) -> str | None:
    """Return what is in doubt of a completed run, by the reason of its verdict, for advice; None: none of these."""
    if verdict.reason.startswith(NOT_AS_DECLARED):
        return "not_as_declared"
    judges = tuple(_verdict(recorded) for recorded in verdict.judges or ())
    doubts = {
        "vacuous": None if _unclear(judges) else _without_requirement(judges),
        "wrong_gate": _unknown_rule(verdict.gate, judges),
        "inconclusive": _without_rate([judge for judge in judges if _is_decisive(verdict.gate, judge)]),
    }
    return next((name for name, text in doubts.items() if text == verdict.reason), None)


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
        has_passed=recorded["passed"],
    )
