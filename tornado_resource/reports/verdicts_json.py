"""The JSON report for programs: `verdicts.json`, described by `schemas/verdicts.schema.json`."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Any, Final

from tornado_resource.bland.sessions import Omitted
from tornado_resource.core.text import json_text
from tornado_resource.reports.baseline import as_json
from tornado_resource.reports.outcomes import held, quarantine_views, scenario_results
from tornado_resource.stacks.recorded_promotion import as_output

if TYPE_CHECKING:
    from tornado_resource.bland.sessions import Iteration
    from tornado_resource.declarations.budget import Cost
    from tornado_resource.reports.model import Report
    from tornado_resource.runs.model import Result

FORMAT_VERSION: Final = 1


def verdicts_json(report: Report) -> str:
    """Return the results as ASCII JSON, with lone surrogates replaced (U+FFFD)."""
    content = {
        "version": FORMAT_VERSION,
        "stack": report.stack,
        "project": report.project,
        "environment": report.environment,
        "written_at": report.written_at,
        "run_url": report.run_url,
        "outcome": report.outcome,
        "problem": report.problem,
        "tally": report.tally,
        "promotion": as_output(report.promotion) if report.promotion is not None else None,
        "rollbacks": {name: asdict(rollback) for name, rollback in report.rollbacks.items()},
        "baseline": as_json(report.results, report.baseline) if report.baseline is not None else None,
        "cost": _cost(report.cost) if report.cost is not None else None,
        "sessions": {result.gated.name: _session(result, report) for result in report.results},
    }
    return json_text(content)


def _cost(cost: Cost) -> dict[str, Any]:
    budget = cost.budget
    limits = {"minutes": budget.minutes, "runs": budget.runs} if budget is not None else None
    return {
        "started": len(cost.conversations),
        "minutes": cost.minutes,
        "conversations": cost.total,
        "budget": limits,
    }


def _session(result: Result, report: Report) -> dict[str, Any]:
    gated, status, verdict = result.gated, result.status, asdict(result.verdict)
    del verdict["scenarios"], verdict["gate"]["quarantine"]  # below are also those that did not run, and days left
    return {
        **verdict,
        "created_at": gated.created_at,
        "urn": gated.urn,
        "pathway_id": gated.shown_pathway,
        "agent_id": gated.shown_agent,
        "env": gated.request.get("env"),
        "drift": result.drift,
        "declared_at": str(gated.position) if gated.position is not None else "",
        "scenarios": [
            {
                "id": scenario.scenario_id,
                "name": scenario.name,
                "passed": scenario.passed,
                "unfixable": scenario.unfixable,
            }
            for scenario in scenario_results(result)
        ],
        "quarantine": [
            {
                **asdict(quarantined.entry),
                "name": result.known_name(quarantined.entry.part),
                "days_left": quarantined.days_left,
                "failed": quarantined.has_failed,
            }
            for quarantined in quarantine_views(result, report.day)
        ],
        "history": [_iteration(iteration) for iteration in (status.iterations if status else ())],
        "mismatches": [asdict(mismatch) for mismatch in result.mismatches],
        "cost_usd": result.cost_usd,
        "conversations": {
            "at_worst": report.cost.conversations.get(gated.name) if report.cost is not None else None,
            "held": held(result),
        },
        "omitted": {**asdict(status.omitted if status else Omitted()), "mismatches": result.omitted_mismatches},
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
