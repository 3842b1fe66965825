"""The state of a session at a point in time, and the runs of its iterations. Pure.

All of it follows from the script and the session's age.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tornado_resource.sandbox.operations import Json
    from tornado_resource.sandbox.scripts import Script

RUNNING = "RUNNING"
MAX_LISTED_RUNS: Final = 100


@dataclass(frozen=True, slots=True)
class Session:
    """A started session. Times are real ones in milliseconds since 1970; *speed* scales them into session time.

    *is_fixed*: it starts from a version that an earlier session forked, and so plays the last iteration only.
    """

    session_id: str
    pathway_id: str
    persona_id: str | None
    scenario_ids: tuple[str, ...]
    version_number: int | None
    max_iterations: int
    timeout_ms: int
    created_ms: int
    cancelled_ms: int | None
    is_fixed: bool = False


@dataclass(frozen=True, slots=True)
class _Course:
    """How far a session is: its age in session time, its status, and for each iteration the scenarios that fail.

    *done* counts the iterations that have ended; *rounds* has those to come too.
    """

    age_ms: int
    done: int
    rounds: list[set[str]]
    status: str

    @property
    def has_ended(self) -> bool:
        return self.status != RUNNING

    @property
    def has_forked(self) -> bool:
        """Whether an iteration but the last one failed, and was followed by a fix."""
        return any(self.rounds[index] for index in range(min(self.done, len(self.rounds) - 1)))


def status_of(session: Session, script: Script, now_ms: int, speed: float) -> Json:
    """Return the response body of *Get Tornado Status*."""
    course = _course(session, script, now_ms, speed)
    failed = course.rounds[course.done - 1] if course.done else set(session.scenario_ids)
    unfixable = sorted(failed) if course.status == "COMPLETED_PARTIAL" else []
    return {
        "session_id": session.session_id,
        "status": course.status,
        "current_iteration": course.done if course.has_ended else course.done + 1,
        "max_iterations": session.max_iterations,
        "total_scenarios": len(session.scenario_ids),
        "passed_scenarios": len(session.scenario_ids) - len(failed) if course.done else 0,
        "failed_scenarios": len(failed) if course.done else 0,
        "unfixable_count": len(unfixable),
        "unfixable_ids": unfixable,
        "iterations": [_iteration(session, script, course, index, speed) for index in range(course.done)],
        "elapsed_ms": course.age_ms,
        "timeout_ms": session.timeout_ms,
        "forked_version": _forked_version(session, script) if course.has_forked else None,
        **(script.answer if course.has_ended else {}),
    }


def active_of(session: Session, script: Script, now_ms: int, speed: float) -> Json | None:
    """Return the response body of *Get Active Tornado Session*; None once the session has ended."""
    status = status_of(session, script, now_ms, speed)
    if status["status"] != RUNNING:
        return None
    kept = ("session_id", "status", "current_iteration", "max_iterations")
    counts = ("total_scenarios", "passed_scenarios", "failed_scenarios")
    return {
        **{key: status[key] for key in (*kept, *counts)},
        "pathway_id": session.pathway_id,
        "persona_id": session.persona_id,
        "created_at": iso(session.created_ms),
    }


def running_batch(session: Session, script: Script, now_ms: int, speed: float) -> tuple[str, str, list[str]] | None:
    """Return the id of the batch of the iteration that runs, when it began, and its scenarios; None after the end."""
    course = _course(session, script, now_ms, speed)
    if course.has_ended:
        return None
    ran = _ran(session, script, course, course.done)
    begins = session.created_ms + course.done * script.iteration_ms / speed
    return (
        _batch_id(session, course.done),
        iso(begins),
        [scenario_id for scenario_id in session.scenario_ids if scenario_id in ran],
    )


def iso(milliseconds: float) -> str:
    """Format milliseconds since 1970 as the API does: `2026-04-14T10:15:00.000Z`."""
    moment = datetime.fromtimestamp(milliseconds / 1000, UTC)
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _course(session: Session, script: Script, now_ms: int, speed: float) -> _Course:
    entries = script.failing[-1:] if session.is_fixed else script.failing[: session.max_iterations]
    rounds = [_failing(session, entry) for entry in entries]
    age_ms = max(int((now_ms - session.created_ms) * speed), 0)  # the clock may be put back
    end_ms, final_status = _end(session, script, rounds, speed)
    if age_ms >= end_ms:
        return _Course(end_ms, _iterations_done(end_ms, script, rounds), rounds, final_status)
    # The last iteration ends with the session, never before it.
    done = min(_iterations_done(age_ms, script, rounds), len(rounds) - 1)
    return _Course(age_ms, done, rounds, RUNNING)


def _end(session: Session, script: Script, rounds: list[set[str]], speed: float) -> tuple[int, str]:
    """Return the age in milliseconds at which a session ends, and its final status."""
    result = "COMPLETED_PARTIAL" if rounds[-1] else "COMPLETED_ALL_PASSED"
    end = (len(rounds) * script.iteration_ms, script.ends_as or result)
    if session.timeout_ms < end[0]:
        end = (session.timeout_ms, "TIMEOUT")
    if session.cancelled_ms is not None:
        # Only a running session is cancelled, and it stays so where the speed has changed since.
        end = (min(int((session.cancelled_ms - session.created_ms) * speed), end[0]), "CANCELLED")
    return end


def _iterations_done(age_ms: int, script: Script, rounds: list[set[str]]) -> int:
    return min(age_ms // script.iteration_ms, len(rounds)) if script.iteration_ms else len(rounds)


def _failing(session: Session, entry: int | tuple[str, ...]) -> set[str]:
    chosen = session.scenario_ids[:entry] if isinstance(entry, int) else entry
    return set(session.scenario_ids).intersection(chosen)


def _forked_version(session: Session, script: Script) -> int:
    if script.forked_version is not None:
        return script.forked_version
    return session.version_number + 1 if session.version_number is not None else 2


def _iteration(session: Session, script: Script, course: _Course, index: int, speed: float) -> Json:
    failed = course.rounds[index]
    ran = _ran(session, script, course, index)
    begins = session.created_ms + index * script.iteration_ms / speed
    is_last = index == len(course.rounds) - 1
    fixes = [] if is_last else _fixes(sorted(failed), index + 1)
    return {
        "iteration": index + 1,
        "batch_id": _batch_id(session, index),
        "started_at": iso(begins),
        "completed_at": iso(begins + script.iteration_ms / speed),
        "passed_ids": [run_id for run_id in session.scenario_ids if run_id in ran and run_id not in failed],
        "failed_ids": [scenario_id for scenario_id in session.scenario_ids if scenario_id in failed],
        "newly_unfixable_ids": sorted(failed) if is_last else [],
        "fix_plan": {"fixes": fixes, "priority_order": [fix["id"] for fix in fixes]},
        "norm_prompt_excerpt": None,
    }


def _batch_id(session: Session, index: int) -> str:
    return f"batch-{session.session_id[:8]}-{index + 1}"


def _ran(session: Session, script: Script, course: _Course, index: int) -> set[str]:
    """Return the scenarios that an iteration runs."""
    return course.rounds[index - 1] if index and script.retests == "failed" else set(session.scenario_ids)


def _fixes(failed: list[str], iteration: int) -> list[Json]:
    return [
        {
            "id": f"fix-{iteration}-{scenario_id}",
            "target_node": f"node-{scenario_id.removeprefix('sc-')}",
            "description": f"Say clearly what the caller of {scenario_id} can expect",
            "type": "prompt_edit",
        }
        for scenario_id in failed
    ]


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
    fields: Json = {"pathway_id": pathway_id, "batch_id": batch_id, "trigger_source": "tornado"}
    fields |= {"simulation_set_id": None, "created_at": created_at}
    return [{**run, **fields} for run in runs]


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
                "type": assertion["type"],
                "name": assertion.get("name", ""),
                "passed": has_passed,
                "reason": "It did." if has_passed else f"The agent did not help the caller ({name}).",
            }
            for assertion in asserted
        ],
        "overall_score": 1.0 if has_passed else 0.0,
        "error_message": None,
    }
