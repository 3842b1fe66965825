"""Every status and every rule of the gate in one real update, and a wait that was killed and goes on elsewhere."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from tests.support.crashes import Victim, crash, lift_lock

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.support.project import Project

FOUR: Final = "scenarios: [{id: sc-1, required: true}, {id: sc-2, required: true}, {id: sc-3}, {id: sc-4}]"
ENDS: Final = {
    "empty": "scenarios: []",
    "all-passed": FOUR,
    "repaired": f"{FOUR}, failing: [1, 0]",
    "three-passed": f"{FOUR}, failing: [[sc-4]]",
    "two-passed": f"{FOUR}, failing: [2]",
    "stuck": f"{FOUR}, failing: [2], ends_as: STUCK",
    "error": f"{FOUR}, ends_as: ERROR",
    "cancelled": f"{FOUR}, ends_as: CANCELLED",
    "too-slow": f"{FOUR}, failing: [1, 0], iteration_ms: 800000",
    "odd": f"{FOUR}, ends_as: SOMETHING_NEW",
    "contradicting": f"{FOUR}, answer: {{passed_scenarios: 9}}",
    "numberless": f"{FOUR}, answer: {{total_scenarios: null}}",
    "cut-short": f"{FOUR}, answer: {{total_scenarios: 1, passed_scenarios: 1, failed_scenarios: 0}}",
}
ASKS_ALL, ALL_PASSED, THREE = "the gate requires all", "4 of 4 scenarios passed", "3 of 4 scenarios passed"
REFUSED = f"it passed only after repairs, which the gate refuses (repaired: refuse); {ALL_PASSED}"
STUCK = "it got stuck: a fix did not help (STUCK, 2 of 4 scenarios passed)"
CONTRADICTION = "contradictory numbers: 9 passed and 0 failed of 4"
# how it ends, rest of the declaration, status, outcome, reason
CASES: Final[tuple[tuple[str, str, str, str, str], ...]] = (
    ("all-passed", "gate: {passed: all}", "COMPLETED_ALL_PASSED", "passed", ALL_PASSED),
    ("repaired", "gate: {passed: all}", "COMPLETED_ALL_PASSED", "passed", ALL_PASSED),
    ("repaired", "gate: {passed: all, repaired: refuse}", "COMPLETED_ALL_PASSED", "failed", REFUSED),
    ("three-passed", "gate: {passed: all}", "COMPLETED_PARTIAL", "failed", f"{THREE}; {ASKS_ALL}"),
    ("three-passed", "gate: {passed: 3}", "COMPLETED_PARTIAL", "passed", THREE),
    ("three-passed", "gate: {passed: 4}", "COMPLETED_PARTIAL", "failed", f"{THREE}; the gate requires 4"),
    ("three-passed", 'gate: {passed: "75%"}', "COMPLETED_PARTIAL", "passed", THREE),
    ("three-passed", 'gate: {passed: "76%"}', "COMPLETED_PARTIAL", "failed", f"{THREE}; the gate requires 4 (76%)"),
    (
        "three-passed",
        "gate: {passed: promotion}",
        "COMPLETED_PARTIAL",
        "passed",
        "all scenarios required for promotion passed (2)",
    ),
    (
        "two-passed",
        "gate: {passed: promotion}",
        "COMPLETED_PARTIAL",
        "failed",
        "required for promotion but not passed: sc-1, sc-2",
    ),
    ("two-passed", "gate: {passed: any}", "COMPLETED_PARTIAL", "passed", "it completed: 2 of 4 scenarios passed"),
    (
        "stuck",
        "gate: {passed: any}",
        "STUCK",
        "failed",
        STUCK,
    ),
    ("error", "gate: {passed: 1}", "ERROR", "failed", f"it stopped with an error (ERROR, {ALL_PASSED})"),
    ("cancelled", "gate: {passed: any}", "CANCELLED", "failed", f"it was cancelled (CANCELLED, {ALL_PASSED})"),
    ("too-slow", "gate: {passed: any}", "TIMEOUT", "failed", f"it reached its time limit (TIMEOUT, {THREE})"),
    ("odd", "gate: {passed: any}", "SOMETHING_NEW", "incomplete", "unknown status SOMETHING_NEW"),
    ("empty", "gate: {passed: any}", "COMPLETED_ALL_PASSED", "incomplete", "no scenario ran"),
    ("contradicting", "gate: {passed: any}", "COMPLETED_ALL_PASSED", "incomplete", CONTRADICTION),
    (
        "numberless",
        "gate: {passed: any}",
        "COMPLETED_ALL_PASSED",
        "incomplete",
        "the response does not say how many scenarios ran and passed",
    ),
    (
        "cut-short",
        "scenario_ids: [sc-1, sc-2], gate: {passed: any}",
        "COMPLETED_ALL_PASSED",
        "incomplete",
        "only 1 of 2 declared scenarios ran",
    ),
)
ONE_EACH: Final = "version: 1\nsessions:\n  quick: {pathway_id: quick}\n  slow: {pathway_id: slow}\n"
SLOW: Final = """\
pathways:
  quick: {scenarios: [{id: sc-1}]}
  slow: {scenarios: [{id: sc-1}, {id: sc-2}], failing: [1]}
"""


def test_every_status_and_every_rule_in_one_update(make_project: Callable[..., Project]) -> None:
    script, declarations = "pathways:\n", "version: 1\nsessions:\n"
    for number, (ending, rest, *_) in enumerate(CASES):
        script += f"  pw-{number}: {{{ENDS[ending]}}}\n"
        declarations += f"  case-{number}: {{pathway_id: pw-{number}, {rest}}}\n"
    project = make_project(speed=1000, script=script)
    project.declare(declarations)
    printed = project.up(expect=None)
    verdicts = project.outputs()["verdicts"]
    found = [(verdict["status"], verdict["outcome"], verdict["reason"]) for verdict in ordered(verdicts)]
    assert found == [tuple(expected) for _, _, *expected in CASES]
    assert len(project.requests("/start")) == len(project.sessions()) == len(CASES)
    assert len(project.requests("/cancel")) == 0
    outcomes = [outcome for _, _, _, outcome, _ in CASES]
    counts = f"{outcomes.count('failed')} failed, {outcomes.count('incomplete')} incomplete"
    assert f"gate failed: {counts} of {len(CASES)} sessions" in printed
    assert "Traceback" not in printed


def ordered(verdicts: dict[str, Any]) -> list[dict[str, Any]]:
    assert len(verdicts) == len(CASES)
    return [verdicts[f"case-{number}"] for number in range(len(CASES))]


def test_another_machine_resumes_a_killed_wait_with_the_same_verdicts(
    make_project: Callable[..., Project], tmp_path: Path
) -> None:
    project = make_project(script=SLOW)
    project.declare(ONE_EACH)
    crash(project, Victim("cli"), lambda: len(project.requests("/status")) >= 4)
    started = [row["session_id"] for row in project.sessions()]
    assert len(started) == 2
    lift_lock(project)
    code, printed = project.up_of_held_sessions(XDG_STATE_HOME=str(tmp_path / "another-machine"))
    assert code != 0
    verdicts = project.outputs()["verdicts"]
    assert {name: verdict["outcome"] for name, verdict in verdicts.items()} == {"quick": "passed", "slow": "failed"}
    assert sorted(verdict["session_id"] for verdict in verdicts.values()) == sorted(started)
    assert "1 of 2 scenarios passed; the gate requires all" in printed
    assert len(project.requests("/start")) == 2
    assert len(project.requests("/cancel")) == 0
