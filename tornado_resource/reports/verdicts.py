"""The report for programs: `verdicts.json`, described by `schemas/verdicts.schema.json`."""

from __future__ import annotations

import json
import re
from dataclasses import asdict
from typing import TYPE_CHECKING, Any, Final

from tornado_resource.promotion.record import as_output
from tornado_resource.reports.scenarios import played

if TYPE_CHECKING:
    from tornado_resource.bland.models import Iteration
    from tornado_resource.gate.verifying import Result
    from tornado_resource.reports.model import Report

FORMAT_VERSION: Final = 1
_SURROGATE: Final = re.compile(r"[\ud800-\udfff]")


def verdicts_json(report: Report) -> str:
    """Write the results as ASCII JSON: the API's values as they came, but for lone surrogates, which become U+FFFD."""
    content = {
        "version": FORMAT_VERSION,
        "stack": report.stack,
        "environment": report.environment,
        "written_at": report.written_at,
        "outcome": report.outcome,
        "tally": report.tally,
        "promotion": as_output(report.promotion) if report.promotion is not None else None,
        "sessions": {result.subject.name: _session(result) for result in report.results},
    }
    return json.dumps(_sound(content), indent=2, ensure_ascii=True) + "\n"


def _session(result: Result) -> dict[str, Any]:
    subject, status = result.subject, result.status
    return {
        **asdict(result.verdict),
        "created_at": subject.created_at,
        "pathway_id": subject.request.get("pathway_id"),
        "place": subject.place,
        "gate": {"passed": subject.gate.passed, "repaired": subject.gate.repaired},
        "scenarios": [
            {"id": each.scenario_id, "name": each.name, "passed": each.passed, "unfixable": each.unfixable}
            for each in played(result)
        ],
        "history": [_iteration(iteration) for iteration in (status.iterations if status else ())],
    }


def _iteration(iteration: Iteration) -> dict[str, Any]:
    return {
        "iteration": iteration.number,
        "started_at": iteration.started_at,
        "completed_at": iteration.completed_at,
        "passed_ids": list(iteration.passed_ids),
        "failed_ids": list(iteration.failed_ids),
        "fixes": [
            {"target_node": fix.target_node, "type": fix.kind, "description": fix.description}
            for fix in iteration.fixes
        ],
    }


def _sound(value: Any) -> Any:
    """Replace lone surrogates everywhere: strict readers of JSON refuse them even when escaped."""
    if isinstance(value, str):
        return _SURROGATE.sub("\ufffd", value)
    if isinstance(value, dict):
        return {_sound(key): _sound(inner) for key, inner in value.items()}
    if isinstance(value, list):
        return [_sound(inner) for inner in value]
    return value
