"""Reports to write: one that reads like a real one, and parts for others."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from tornado_resource.agents.kind import CheckStatus
from tornado_resource.bland.check_runs import CheckRun, JudgeVerdict
from tornado_resource.bland.sessions import Fix, Iteration, Status
from tornado_resource.core.positions import Position
from tornado_resource.declarations.model import Confirm, Gate
from tornado_resource.declarations.quarantine import Quarantine
from tornado_resource.reports.model import Report
from tornado_resource.runs.confirmation import judged_again
from tornado_resource.runs.model import Ending, GatedRun, Mismatch, Result
from tornado_resource.runs.rerun import LastRun
from tornado_resource.runs.verdict import make_verdict, unknown_result
from tornado_resource.stacks.recorded_promotion import PromotedSession, Promotion

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tornado_resource.bland.listing import Scenario
    from tornado_resource.reports.trends import Trends
    from tornado_resource.runs.model import ConfirmedScenario

CREATED_AT = "2026-04-14T10:00:00.000Z"
PATHWAY_ID = "c3d4e5f6-789a-bcde-f012-34567890abcd"
AGENT_ID = "7c1f0a52-0b1e-4c8a-9a55-6f0d6f6f1f01"
VERSION_ID = "ef61f54f-8a36-5f04-a522-eb409e8cde2a"
FIX = Fix("refund_node", "Ask for the order number first.\nThen | only then | promise a refund.", "prompt_update")


def gated_run_of(name: str, session_id: str = "e1f2a3b4-0001", **changes: Any) -> GatedRun:
    known: dict[str, Any] = {
        "gate": Gate(),
        "request": {"pathway_id": PATHWAY_ID},
        "created_at": CREATED_AT,
        "position": Position("sessions.yaml", 6, 3),
    }
    return GatedRun(name, session_id, **(known | changes))


def status_of(word: str, passed: tuple[str, ...], failed: tuple[str, ...], **changes: Any) -> Status:
    """Two rounds: in the first all failed, and were then fixed."""
    known: dict[str, Any] = {
        "current_iteration": 2,
        "max_iterations": 5,
        "total_scenarios": len(passed) + len(failed),
        "passed_scenarios": len(passed),
        "failed_scenarios": len(failed),
        "elapsed_ms": 190_000,
        "iterations": (
            Iteration(1, CREATED_AT, "2026-04-14T10:01:30.000Z", (), (*passed, *failed), (FIX,)),
            Iteration(2, "2026-04-14T10:01:31.000Z", "2026-04-14T10:03:10.000Z", passed, failed, ()),
        ),
    }
    return Status(word, **(known | changes))


def result_of(
    gated: GatedRun, status: Status | None, given_up: str | None = None, names: Mapping[str, str] | None = None
) -> Result:
    return Result(gated, make_verdict(gated, Ending(status, given_up)), status, names or {})


def judge_of(name: str, rate: float | None, *, is_required: bool = True) -> JudgeVerdict:
    """A verdict of a judge, whose word is the API's: half of the conversations."""
    return JudgeVerdict(f"j-{name}", "jv-1", name, is_required, rate, rate is not None and rate >= 0.5)


def check_run_of(word: str, *verdicts: JudgeVerdict, **changes: Any) -> CheckRun:
    """A check run that took ten minutes."""
    known: dict[str, Any] = {
        "agent_id": AGENT_ID,
        "env": "staging",
        "version_id": VERSION_ID,
        "semver": "1.4.0",
        "judge_names": tuple(each.name for each in verdicts),
        "verdicts": verdicts,
        "eval_run_id": "ev-1",
        "created_at": CREATED_AT,
        "completed_at": "2026-04-14T10:10:00.000Z",
    }
    return CheckRun("run-1", word, **(known | changes))


def gated_check_run_of(name: str, run_id: str = "c7a1b2d3-0001", **changes: Any) -> GatedRun:
    """A check run of an agent in staging, and its gate."""
    request = {"agent_id": AGENT_ID, "env": "staging", "version_id": VERSION_ID}
    return gated_run_of(name, run_id, **({"request": request, "kind": "check_run"} | changes))


def check_result_of(gated: GatedRun, run: CheckRun, **changes: Any) -> Result:
    """The result of a check run."""
    status = CheckStatus.of(run)
    return replace(Result(gated, make_verdict(gated, Ending(status)), status), **changes)


def last_run_of(gated: GatedRun, scenarios: tuple[Scenario, ...] = ()) -> LastRun:
    """What the status of a session says of its last run, where no content is read."""
    status = gated.known.status
    if status is None or not status.is_final:
        return LastRun.unsettled(gated)
    return LastRun.recorded(make_verdict(gated, Ending(status), scenarios))


def report_of(*results: Result, promotion: Promotion | None = None, trends: Trends | None = None) -> Report:
    return Report("acme/voice/staging", "staging", "2026-04-14T10:20:00Z", results, promotion, trends=trends)


def sample() -> Report:
    """One session of each kind: passed, passed by a threshold, failed, broken off, incomplete, not started."""
    names = {"sc-refund": "Refund | within 30 days", "sc-cancel": "Cancel an order"}
    request = {"pathway_id": PATHWAY_ID, "scenario_ids": ["sc-refund", "sc-cancel", "sc-late"]}
    partial = "COMPLETED_PARTIAL"
    return report_of(
        result_of(
            gated_run_of("support-line"),
            status_of(partial, ("sc-status",), ("sc-refund", "sc-cancel"), unfixable_ids=("sc-cancel",)),
            names=names,
        ),
        _with_content(
            result_of(
                gated_run_of("booking", "e1f2a3b4-0002", position=Position("sessions.yaml", 14, 3)),
                status_of("COMPLETED_ALL_PASSED", ("sc-1", "sc-2"), (), forked_version=7),
            )
        ),
        result_of(
            gated_run_of("billing", "e1f2a3b4-0003", gate=Gate("80%"), position=Position("sessions.yaml", 21, 3)),
            status_of(partial, ("sc-1", "sc-2", "sc-3", "sc-4"), ("sc-5",), unfixable_ids=("sc-5",)),
        ),
        result_of(
            gated_run_of("reminders", "e1f2a3b4-0004", position=Position("teams/a,b.yaml", 3, 1)),
            Status("TIMEOUT", unfixable_ids=("sc-9",), elapsed_ms=900_000),
        ),
        result_of(
            gated_run_of("surveys", "e1f2a3b4-0005", request=request),
            status_of("RUNNING", ("sc-refund",), ("sc-cancel",)),
            "it still runs",
            names,
        ),
        unknown_result(gated_run_of("later", "", created_at=None, position=None), "it has not been started"),
        promotion=Promotion(
            "acme/voice/dev",
            "release freeze | INC-7",
            {
                "booking": PromotedSession("d0d0-0001", 6, "2026-04-14T09:00:00.000Z"),
                "billing": PromotedSession(
                    "d0d0-0002", 3, None, ("its verdict there is failed: 1 of 5 scenarios passed",)
                ),
            },
        ),
    )


REASONING = "The agent promised a refund before it had the order number | and did not say when it would arrive."


def quarantined_sample() -> Result:
    """A session that passed although a scenario failed: it is in quarantine, and another that has recovered."""
    entries = (
        Quarantine("sc-spell", "mishears spelled names since the new voice | INC-12", "2026-04-21"),
        Quarantine("sc-late", "the clock of the test line was an hour off", "2026-06-30"),
    )
    gated = gated_run_of(
        "order-desk",
        "e1f2a3b4-0006",
        gate=Gate(quarantine=entries),
        position=Position("sessions.yaml", 38, 3),
    )
    names = {"sc-spell": "Spells a name", "sc-late": "Asks for a late delivery"}
    return result_of(
        gated, status_of("COMPLETED_PARTIAL", ("sc-order", "sc-address", "sc-late"), ("sc-spell",)), names=names
    )


def confirmed_sample() -> Result:
    """A session that passed, and was then simulated: one scenario is far below the bar, one is right at it."""
    rates = {"sc-visa": (8, 20), "sc-move": (16, 20), "sc-book": (20, 20)}
    gated = gated_run_of(
        "travel-desk",
        "e1f2a3b4-0007",
        gate=Gate(confirm=Confirm(20, "80%")),
        position=Position("sessions.yaml", 47, 3),
    )
    names = {"sc-visa": "Asks whether a visa is needed", "sc-move": "Moves a booking", "sc-book": "Books a trip"}
    result = result_of(gated, status_of("COMPLETED_ALL_PASSED", tuple(rates), (), forked_version=9), names=names)
    scenarios: dict[str, ConfirmedScenario] = {
        key: {"passed": passed, "runs": runs} for key, (passed, runs) in rates.items()
    }
    return judged_again(result, {"set_id": "5e7c0001", "runs": 20, "scenarios": scenarios})


def mixed_sample() -> Report:
    """Sessions and check runs side by side: a quarantine, a confirmation, a check run of each outcome."""
    mismatches = (
        Mismatch("polite & calm", "no match", "call-17", "poor", REASONING),
        Mismatch("polite & calm", "inconclusive", "call-18", None, ""),
    )
    judges = (judge_of("resolved", 0.9), judge_of("polite & calm", 2 / 3), judge_of("brief", 0.3, is_required=False))
    support = gated_check_run_of("support", gate=Gate("80%"), position=Position("sessions.yaml", 30, 3))
    return report_of(
        *sample().results[:2],
        quarantined_sample(),
        confirmed_sample(),
        check_result_of(
            support, check_run_of("PASSED", *judges), mismatches=mismatches, omitted_mismatches=3, cost_usd=1.25
        ),
        check_result_of(
            gated_check_run_of("sales", "c7a1b2d3-0002", gate=Gate(judges={"brief": "30%"})),
            check_run_of("PASSED", judge_of("resolved", 1.0), judge_of("brief", 0.3, is_required=False), semver=None),
        ),
        check_result_of(
            gated_check_run_of("reminder-calls", "c7a1b2d3-0003"),
            check_run_of("ERROR", error_message="no credits left", eval_run_id=None),
        ),
        check_result_of(
            gated_check_run_of("returns", "c7a1b2d3-0004"), check_run_of("FAILED", judge_of("resolved", None))
        ),
        check_result_of(
            gated_check_run_of("surveys-agent", "c7a1b2d3-0005"), check_run_of("RUNNING", completed_at=None)
        ),
        unknown_result(
            gated_check_run_of("later-agent", "", created_at=None, position=None), "it has not been started"
        ),
    )


def _with_content(result: Result) -> Result:
    return replace(result, verdict=replace(result.verdict, content="sha256:924cc551979d" + "0" * 52))
