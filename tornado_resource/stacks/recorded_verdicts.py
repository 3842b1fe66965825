"""Which of the verdicts that a stack has recorded to trust: those that agree with their own numbers."""

from __future__ import annotations

import re
from dataclasses import fields, replace
from typing import TYPE_CHECKING, Any, Final, TypeVar

from tornado_resource.bland.content import is_digest
from tornado_resource.core.canonical import digest, text_or_none, whole_or_none, whole_without_nulls
from tornado_resource.core.clock import today
from tornado_resource.core.text import clean, id_list
from tornado_resource.declarations.merging import SECTIONS
from tornado_resource.declarations.model import Confirm, Gate
from tornado_resource.declarations.quarantine import parsed
from tornado_resource.runs.confirmation import excused, holds, parse_confirmation
from tornado_resource.runs.kinds import KINDS, kind_of
from tornado_resource.runs.model import GatedRun, JudgeResult, Result, RunVerdict, ScenarioRun

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from tornado_resource.runs.kinds import Kind


T = TypeVar("T")
MAX_VERDICT_REASON_CHARACTERS: Final = 3000
MAX_TIME_CHARACTERS: Final = 40
SETTLED: Final = frozenset({"passed", "failed"})
_TYPES: Final[dict[str, type | tuple[type, ...]]] = {
    "outcome": str,
    "reason": str,
    "session_id": str,
    "status": str,
    "passed_scenarios": (int, type(None)),
    "total_scenarios": (int, type(None)),
    "failed_ids": list,
    "unfixable_ids": list,
    "iterations": (int, type(None)),
    "repaired": bool,
    "version": (int, type(None)),
    "content": (str, type(None)),
    "full_run": (bool, type(None)),
    "gate": dict,
    "declaration": str,
    "finished_at": (str, type(None)),
    "kind": (str, type(None)),
    "version_id": (str, type(None)),
    "semver": (str, type(None)),
    "quarantined": (list, type(None)),
}
_NUMBERS: Final = ("passed_scenarios", "total_scenarios", "iterations", "version")
_PERCENTAGE: Final = re.compile(r"100%|[1-9][0-9]?%")
_WORDS: Final = {"all", "any", "promotion"}


def verdicts_in(outputs: Mapping[str, Any]) -> dict[str, dict[str, Any]]:
    """Return what looks like a verdict in the stack's own outputs, by the id of its run.

    A program may export a verdict under any name, or several in a mapping or a list.
    """
    candidates = list(outputs.values())
    for output in outputs.values():
        if isinstance(output, dict):
            candidates += output.values()
        elif isinstance(output, list):
            candidates += output
    verdicts = [candidate for candidate in candidates if isinstance(candidate, dict) and _is_verdict(candidate)]
    return {verdict["session_id"]: verdict for verdict in verdicts}


def _is_verdict(value: Mapping[str, Any]) -> bool:
    are_right = all(isinstance(value.get(key), kind) for key, kind in _TYPES.items())
    return (
        are_right
        and (value.get("content") in {None, value.get("version_id")} or is_digest(value["content"]))
        and all(isinstance(text, str) for text in _listed(value))
        and not any(isinstance(value.get(key), bool) for key in _NUMBERS)
        and _is_gate(value["gate"])
        and _is_confirm(value["gate"].get("confirm"))
    )


def _listed(value: Mapping[str, Any]) -> Iterator[Any]:
    """Yield the ids and names that a verdict lists."""
    for key in ("failed_ids", "unfixable_ids", "quarantined"):
        yield from value.get(key) or ()


def _is_gate(value: Mapping[str, Any]) -> bool:
    passed, judges = value.get("passed", "all"), value.get("judges", {})
    quarantine = entries if isinstance(entries := value.get("quarantine", ()), list | tuple) else [None]
    is_word = isinstance(passed, str) and (passed in _WORDS or _is_percentage(passed))
    return (
        (is_word or type(passed) is int)
        and value.get("repaired", "allow") in ("allow", "refuse")
        and value.get("full_run", "required") in ("required", "any")
        and isinstance(judges, dict)
        and all(map(_is_percentage, judges.values()))
        and len(parsed(quarantine)) == len(quarantine)
    )


def _is_confirm(value: Any) -> bool:
    if value is None:
        return True
    passed = value.get("passed", "all") if isinstance(value, dict) else None
    is_word = isinstance(passed, str) and (passed == "all" or _is_percentage(passed))
    return (is_word or type(passed) is int) and type(value.get("runs")) is int


def recorded_confirm(gate: Any) -> Confirm | None:
    """Return how a recorded gate lets a pass be confirmed; None if it does not, or is damaged."""
    value = whole_without_nulls(gate).get("confirm") if isinstance(gate, dict) else None
    return Confirm.of(value) if _is_confirm(value) else None


def _is_percentage(value: Any) -> bool:
    return isinstance(value, str) and _PERCENTAGE.fullmatch(value) is not None


def passed_elsewhere(recorded: Any, stack: str, request: Mapping[str, Any], kind: Kind) -> RunVerdict | None:
    """Return the verdict of a run that passed in another stack, as one that counts here; None if it is not sound.

    Args:
        recorded: the other stack's verdict, unchecked.
        stack: the other stack's full name.
        request: what is declared here.
        kind: the kind of run.

    """
    passed = whole_without_nulls(recorded) if isinstance(recorded, dict) else None
    if passed is None or not _is_verdict(passed):
        return None
    verdict = parse_verdict(passed)
    if verdict.outcome != "passed" or verdict.kind != kind.name or verdict.status not in kind.statuses:
        return None
    return replace(
        verdict,
        reason=f"it passed in stack {clean(stack)}, and is not tested again (retest: false){_excused(verdict)}",
        declaration=digest(request),
        promoted=True,
        promoted_from=clean(stack),
    )


def _excused(verdict: RunVerdict) -> str:
    failed = [*dict.fromkeys((*verdict.quarantined, *excused(verdict)))]
    return f"; failed there in quarantine: {id_list(failed)}" if failed else ""


def carried_results(outputs: Mapping[str, Any]) -> Iterator[Result]:
    """Yield what passed in another stack and counts in this one, by its outputs. Nothing was started for it here.

    One that does not agree with its own numbers is incomplete.
    """
    verdicts = outputs.get("verdicts")
    for name, recorded in verdicts.items() if isinstance(verdicts, dict) else ():
        if isinstance(recorded, dict) and recorded.get("promoted") is True and _is_verdict(recorded):
            yield _carried(clean(name), parse_verdict(recorded), outputs)


def _carried(name: str, verdict: RunVerdict, outputs: Mapping[str, Any]) -> Result:
    kind = kind_of(verdict.kind if verdict.kind in KINDS else "tornado")
    outputs_of_run = [outputs[key].get(name) for key in SECTIONS if isinstance(outputs.get(key), dict)]
    request = next(
        (kind.request_of(run_outputs) for run_outputs in outputs_of_run if isinstance(run_outputs, dict)), {}
    )
    gated = GatedRun(name, verdict.session_id, verdict.gate, request, kind=kind.name)
    is_pass = verdict.kind == kind.name and verdict.outcome == "passed" and verdict.status in kind.statuses
    lasting = replace(verdict, gate=verdict.gate.lasting(today()))
    if is_pass and holds(lasting, request):
        return Result(gated, verdict)
    reason = f"its {_fault(verdict, lasting)}: run `pulumi up` again"
    return Result(gated, replace(verdict, outcome="incomplete", reason=reason, kind=kind.name))


def _fault(verdict: RunVerdict, lasting: RunVerdict) -> str:
    return "recorded verdict is damaged" if verdict == lasting else "quarantine over there has ended"


def final_verdict(kind: Kind, recorded: Mapping[str, Any], declared: Mapping[str, Any]) -> RunVerdict | None:
    """Return a recorded verdict that is final and agrees with its own numbers, else None."""
    verdict, request = parse_verdict(recorded), kind.request_of(declared)
    is_final = verdict.status in kind.statuses and verdict.outcome in SETTLED
    if not is_final or verdict.kind != kind.name or verdict.declaration != digest(request):
        return None
    return verdict if holds(verdict, request) else None


def parse_verdict(recorded: Mapping[str, Any]) -> RunVerdict:
    """Return what looks like a verdict as one."""
    values: dict[str, Any] = {field.name: recorded.get(field.name) for field in fields(RunVerdict)}
    finished_at = values["finished_at"]
    extra = {
        # Reports show them.
        "reason": clean(values["reason"], MAX_VERDICT_REASON_CHARACTERS),
        "finished_at": clean(finished_at, MAX_TIME_CHARACTERS) if finished_at is not None else None,
        **{name: whole_or_none(values[name]) for name in ("elapsed_ms", "forked_version")},
        "scenarios": _all(_scenario_run, values["scenarios"]),
        "kind": values["kind"] or "tornado",  # older releases did not record it
        "judges": _all(_judge_result, values["judges"]),
        "confirmation": parse_confirmation(values["confirmation"]),
        "gate": Gate.of(values["gate"]),
        "promoted": values["promoted"] is True,
        "quarantined": values["quarantined"] or [],  # as above
        **{name: text_or_none(values[name]) for name in ("promoted_from", "forked_content", "first_content")},
        "first_failed_ids": _ids(values["first_failed_ids"]),
    }
    return RunVerdict(**{**values, **extra})


def _all(parse: Callable[[Mapping[str, Any]], T | None], value: Any) -> list[T] | None:
    """Return the recorded entries of a list; None if they are not recorded, or damaged."""
    if not isinstance(value, list):
        return None
    parsed = [parse(entry) for entry in value if isinstance(entry, dict)]
    readable = [entry for entry in parsed if entry is not None]
    return readable if len(readable) == len(value) else None


def _ids(value: Any) -> list[str] | None:
    return value if isinstance(value, list) and all(isinstance(text, str) for text in value) else None


def _scenario_run(value: Mapping[str, Any]) -> ScenarioRun | None:
    scenario_id, name, passed = (value.get(key) for key in ("id", "name", "passed"))
    if isinstance(scenario_id, str) and isinstance(name, str | None) and isinstance(passed, bool):
        return {"id": scenario_id, "name": name, "passed": passed}
    return None


def _judge_result(value: Mapping[str, Any]) -> JudgeResult | None:
    keys = ("id", "name", "required", "passed", "match_rate")
    judge_id, name, required, passed, rate = (value.get(key) for key in keys)
    are_flags = isinstance(required, bool | None) and isinstance(passed, bool | None)
    if not isinstance(name, str) or not isinstance(judge_id, str | None) or not are_flags or not _is_rate(rate):
        return None
    match_rate = float(rate) if rate is not None else None  # the state has 1, and the API 1.0
    return {"id": judge_id, "name": name, "required": required, "match_rate": match_rate, "passed": passed}


def _is_rate(value: Any) -> bool:
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    return value is None or (is_number and 0 <= value <= 1)
