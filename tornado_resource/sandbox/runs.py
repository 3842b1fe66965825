"""The runs of a session's iterations: a batch for each, a run for each of its scenarios. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Mapping

Json = dict[str, Any]
MAX_LISTED_RUNS: Final = 100


def batch_of(batch_id: str, iteration: Json) -> Json:
    """Return the response of *Get Batch* for an iteration of a status response."""
    failed = iteration["failed_ids"]
    runs = [
        {"run_id": f"{batch_id}--{scenario_id}", "scenario_id": scenario_id, "status": status}
        for status, ids in (("PASSED", iteration["passed_ids"]), ("FAILED", failed))
        for scenario_id in ids
    ]
    return {"batch_id": batch_id, "status": "FAILED" if failed else "PASSED", "runs": runs}


def listed_runs(pathway_id: str, iteration: Json) -> list[Json]:
    """Return the runs of an iteration of a session, as *List Runs* shows them."""
    batch_id = iteration["batch_id"]
    return _listed(pathway_id, batch_id, iteration["started_at"], batch_of(batch_id, iteration)["runs"])


def listed_running(pathway_id: str, batch_id: str, started_at: str, scenario_ids: list[str]) -> list[Json]:
    """Return the runs of the iteration that runs."""
    runs = [
        {"run_id": f"{batch_id}--{scenario_id}", "scenario_id": scenario_id, "status": "RUNNING"}
        for scenario_id in scenario_ids
    ]
    return _listed(pathway_id, batch_id, started_at, runs)


def _listed(pathway_id: str, batch_id: str, created_at: str, runs: list[Json]) -> list[Json]:
    shown: Json = {"pathway_id": pathway_id, "batch_id": batch_id, "trigger_source": "tornado"}
    shown |= {"simulation_set_id": None, "created_at": created_at}
    return [{**run, **shown} for run in runs]


def run_of(run: Json, scenario: Mapping[str, Any]) -> Json:
    """Return the response of *Get Run* for a run of a batch.

    Args:
        run: an entry of the batch.
        scenario: its scenario, as the endpoint *scenarios* shows it; empty if there is none.

    """
    has_passed = run["status"] == "PASSED"
    name = scenario.get("name") or run["scenario_id"]
    asserted = scenario.get("assertions") or [{"type": "LLM_JUDGE", "name": ""}]
    return {
        **run,
        "chat_history": [
            {"role": "user", "content": scenario.get("tester_persona_prompt") or f"Hello, it is about: {name}."},
            {"role": "assistant", "content": "Thank you for calling. How can I help you?"},
            {"role": "user", "content": "I have just told you."},
            {"role": "assistant", "content": "Done." if has_passed else "I am afraid that I cannot help with that."},
        ],
        "assertion_results": [
            {
                "type": each["type"],
                "name": each.get("name", ""),
                "passed": has_passed,
                "reason": "It did." if has_passed else f"The agent did not help the caller ({name}).",
            }
            for each in asserted
        ],
        "overall_score": 1.0 if has_passed else 0.0,
        "error_message": None,
    }
