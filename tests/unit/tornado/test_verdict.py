from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from tornado_resource.bland.content import Digests
from tornado_resource.bland.listing import Scenario
from tornado_resource.bland.sessions import Fix, Iteration, Status
from tornado_resource.core.canonical import digest
from tornado_resource.core.positions import Position
from tornado_resource.declarations.model import Declaration, Gate
from tornado_resource.reports.outcomes import scenario_results
from tornado_resource.runs.model import Ending, GatedRun, PromotedVersion, Result, RunVerdict, declared_runs
from tornado_resource.runs.verdict import make_verdict, unknown_result
from tornado_resource.runs.wait import limit_ms
from tornado_resource.tornado.gate import unreadable_content, with_content

GATED = GatedRun("support-line", "s-1", Gate(), {"pathway_id": "pw-1", "version_number": 3}, "2026-04-14T10:00:00.000Z")
FIXES = (Fix("node-1", "say it", "prompt_edit"),)


def iteration(passed: str = "", failed: str = "", *, fixes: tuple[Fix, ...] = (), number: int = 1) -> Iteration:
    return Iteration(number, None, f"2026-04-14T10:0{number}:00.000Z", tuple(passed), tuple(failed), fixes)


def completed(passed: int, total: int, **fields: object) -> Status:
    status = "COMPLETED_ALL_PASSED" if passed == total else "COMPLETED_PARTIAL"
    values = {"total_scenarios": total, "passed_scenarios": passed, "failed_scenarios": total - passed, **fields}
    return Status(status, **values)  # type: ignore[arg-type] # the fields of Status


def test_a_verdict_has_every_field() -> None:
    iterations = (iteration("a", "bc", fixes=FIXES), iteration("b", "c", number=2))
    status = completed(2, 3, iterations=iterations, forked_version=7, current_iteration=2, unfixable_ids=("c",))
    verdict = make_verdict(GATED, Ending(status))
    assert verdict == RunVerdict(
        outcome="failed",
        reason="2 of 3 scenarios passed; the gate requires all",
        session_id="s-1",
        status="COMPLETED_PARTIAL",
        passed_scenarios=2,
        total_scenarios=3,
        failed_ids=["c"],
        unfixable_ids=["c"],
        iterations=2,
        repaired=True,
        version=7,
        forked_version=7,
        content=None,
        full_run=False,
        gate=Gate(),
        declaration=digest(GATED.request),
        finished_at="2026-04-14T10:02:00.000Z",
    )


@pytest.mark.parametrize(
    ("changes", "first", "expected"),
    [
        ({}, iteration("a", "bc", fixes=FIXES), (["b", "c"], "sha256v2:0")),
        ({}, iteration("abc", fixes=FIXES), ([], "sha256v2:0")),
        ({"started_content": None}, iteration("a", "bc", fixes=FIXES), (None, None)),
        ({}, iteration("a", "b", fixes=FIXES), (None, None)),
        ({}, iteration("a", "bc", fixes=FIXES, number=2), (None, None)),
        ({}, iteration("ab", "c"), (None, None)),
    ],
)
def test_a_repaired_session_says_how_it_began(changes: dict[str, Any], first: Iteration, expected: Any) -> None:
    status = completed(3, 3, iterations=(first, iteration("abc", number=2)))
    verdict = make_verdict(replace(GATED, **({"started_content": "sha256v2:0"} | changes)), Ending(status))
    assert (verdict.first_failed_ids, verdict.first_content) == expected


def test_a_pass_that_refuses_repairs_is_for_what_ran_before_them() -> None:
    gated = replace(GATED, gate=Gate("promotion", "refuse"))
    iterations = (iteration("ab", "c", fixes=FIXES), iteration("c", "b", number=2))
    status = completed(2, 3, iterations=iterations, forked_version=7)
    verdict = make_verdict(gated, Ending(status), (Scenario("a", None, is_required_for_promotion=True),))
    assert (verdict.outcome, verdict.version, verdict.forked_version) == ("passed", 3, 7)
    assert (verdict.repaired, verdict.full_run) == (False, True)
    assert (verdict.passed_scenarios, verdict.failed_ids) == (2, ["c"])
    assert verdict.finished_at == "2026-04-14T10:02:00.000Z"
    met = {each.scenario_id: each.passed for each in scenario_results(Result(gated, verdict, status))}
    assert met == {"a": True, "b": True, "c": False}  # as on version 3


@pytest.mark.parametrize(
    ("fields", "version", "finished_at"),
    [
        ({"forked_version": None, "elapsed_ms": 90_000}, 3, "2026-04-14T10:01:30.000Z"),
        ({"forked_version": 0}, 0, None),
        ({"forked_version": 0, "elapsed_ms": 10**18}, 0, None),
        ({"elapsed_ms": 10**300}, 3, None),
    ],
)
def test_the_version_and_the_end_as_far_as_they_are_known(
    fields: dict[str, object], version: int, finished_at: str | None
) -> None:
    verdict = make_verdict(GATED, Ending(completed(1, 1, **fields)))
    assert (verdict.version, verdict.finished_at) == (version, finished_at)


@pytest.mark.parametrize(
    ("fields", "adopted", "created_at", "version"),
    [
        ({}, False, "t", 3),
        ({"forked_version": 7}, False, "t", 7),
        ({"forked_version": 7}, False, None, 7),
        ({"iterations": (iteration("a", "b", fixes=FIXES), iteration("ab"))}, False, "t", None),
        ({"has_forked": True}, False, "t", None),
        ({}, True, "t", None),
        ({"forked_version": 7}, True, "t", 7),
        ({"forked_version": 7}, True, None, None),
        ({"iterations": (iteration("a", "b", fixes=FIXES), iteration("ab"))}, True, "t", None),
    ],
)
def test_a_verdict_names_a_version_only_if_it_is_certain(
    fields: dict[str, object],
    adopted: bool,  # noqa: FBT001
    created_at: str | None,
    version: int | None,
) -> None:
    """After repairs that is the forked version; of an adopted session, only one that it forked on this pathway."""
    verdict = make_verdict(replace(GATED, created_at=created_at, adopted=adopted), Ending(completed(2, 2, **fields)))
    assert (verdict.outcome, verdict.version) == ("passed", version)


@pytest.mark.parametrize(
    ("changes", "request_", "basis"),
    [
        ({}, {}, (0, "started")),
        ({}, {"version_number": 3}, (3, "started")),
        ({"version": 7}, {"version_number": 3}, (7, "started")),
        ({"version": 7, "content": "own"}, {}, (7, "own")),
        ({"version": 7, "repaired": True}, {"version_number": 3}, (7, None)),
        ({"repaired": True, "content": "own"}, {"version_number": 3}, (3, None)),
    ],
)
def test_what_a_run_was_tested_on(changes: dict[str, Any], request_: dict[str, Any], basis: tuple[int, Any]) -> None:
    verdict = replace(make_verdict(GATED, Ending(completed(2, 2))), version=None)
    found = replace(verdict, **changes).basis(request_, "started", {"a": "0"})
    assert (found.request, found.version, found.content, found.scenarios) == (request_, *basis, {"a": "0"})


@pytest.mark.parametrize(("adopted", "outcome"), [(False, "passed"), (True, "incomplete")])
def test_an_adopted_session_cannot_pass_on_a_promoted_version(adopted: bool, outcome: str) -> None:  # noqa: FBT001
    verdict = make_verdict(replace(GATED, adopted=adopted, promoted=PromotedVersion(7)), Ending(completed(2, 2)))
    assert verdict.outcome == outcome
    assert adopted == ("whether it ran on the promoted version 7" in verdict.reason)


@pytest.mark.parametrize("status", [None, Status("RUNNING", elapsed_ms=1000)], ids=["no status", "running"])
def test_a_session_that_has_not_ended_has_no_end(status: Status | None) -> None:
    verdict = make_verdict(GATED, Ending(status, "it is still running"))
    assert (verdict.outcome, verdict.reason, verdict.finished_at) == ("incomplete", "it is still running", None)
    assert (verdict.failed_ids, verdict.unfixable_ids, verdict.iterations, verdict.repaired) == ([], [], None, False)


@pytest.mark.parametrize(
    ("fields", "iterations"),
    [
        ({"current_iteration": 0}, 0),
        ({"current_iteration": 4, "iterations": (iteration("a"),)}, 4),
        ({"iterations": (iteration("a"), iteration("a"))}, 2),
        ({}, None),
    ],
)
def test_iterations_are_counted_if_the_api_does_not_number_them(fields: dict[str, object], iterations: Any) -> None:
    assert make_verdict(GATED, Ending(completed(1, 1, **fields))).iterations == iterations


def test_an_unknown_result_is_incomplete() -> None:
    result = unknown_result(GATED, "not started")
    assert (result.gated, result.status, result.verdict.reason) == (GATED, None, "not started")
    assert (result.verdict.outcome, result.verdict.version) == ("incomplete", 3)


def test_only_declarations_with_a_gate_are_awaited() -> None:
    position = Position("sessions.yaml", 4, 3)
    request = {"pathway_id": "pw-1", "scenario_ids": ["a", "b"]}
    declarations = [Declaration("a", request, Gate(3), position), Declaration("b", request, None, position)]
    sessions = declared_runs(declarations)
    assert sessions == [GatedRun("a", "", Gate(3), request, position=position)]
    assert (sessions[0].declared_scenarios, limit_ms(sessions[0])) == (("a", "b"), 900_000)
    assert limit_ms(replace(sessions[0], timeout_ms=0, request={})) == 0
    assert replace(sessions[0], request={}).declared_scenarios is None


def test_the_declared_timeout_wins_over_the_responses() -> None:
    declared = replace(GATED, request={"pathway_id": "pw-1", "timeout_ms": 20_000})
    for answered in (None, 0, 1, 10**9):
        assert limit_ms(replace(declared, timeout_ms=answered)) == 20_000


OLD, NEW = "sha256:" + "0" * 64, "sha256:" + "1" * 64


def content_verdict(content: str | None, *, passed: int = 3, forked: int | None = None, **gated: object) -> RunVerdict:
    session = replace(GATED, **gated)  # type: ignore[arg-type] # the fields of GatedRun
    verdict = make_verdict(session, Ending(completed(passed, 3, forked_version=forked)))
    return with_content(session, verdict, Digests.of(content))


@pytest.mark.parametrize("started", [None, OLD])
def test_a_verdict_has_the_content_of_its_version(started: str | None) -> None:
    verdict = content_verdict(OLD, started_content=started)
    assert (verdict.outcome, verdict.content) == ("passed", OLD)


@pytest.mark.parametrize("passed", [3, 2])
def test_a_version_that_was_edited_while_it_was_tested_is_incomplete(passed: int) -> None:
    verdict = content_verdict(NEW, passed=passed, started_content=OLD)
    assert verdict.outcome == "incomplete"
    assert verdict.reason == (
        "version 3 was edited while it was tested: sha256:000000000000 when it started, "
        "sha256:111111111111 when it had ended"
    )


def test_a_fork_has_other_content_than_what_it_started_from() -> None:
    verdict = content_verdict(NEW, forked=7, started_content=OLD)
    assert (verdict.outcome, verdict.version, verdict.content) == ("passed", 7, NEW)


def test_only_the_promoted_content_may_pass() -> None:
    verdict = content_verdict(NEW, promoted=PromotedVersion(content=Digests.of(OLD)))
    assert verdict.outcome == "incomplete"
    assert "its content is sha256:111111111111, sha256:000000000000 passed there" in verdict.reason
    assert content_verdict(OLD, promoted=PromotedVersion(content=Digests.of(OLD))).outcome == "passed"
    assert content_verdict(NEW, passed=2, promoted=PromotedVersion(content=Digests.of(OLD))).outcome == "failed"


def test_an_api_that_does_not_show_versions_leaves_the_content_unknown() -> None:
    verdict = content_verdict(None)
    assert (verdict.outcome, verdict.content) == ("passed", None)


PLAIN, OTHER, IGNORING = f"sha256v2:{'2' * 64}", f"sha256v2:{'3' * 64}", f"sha256v2(status):{'4' * 64}"


@pytest.mark.parametrize("key", ["started_content", "promoted"])
def test_a_record_with_other_ignored_paths_is_no_edit_and_no_proof(key: str) -> None:
    def found(now: Digests) -> RunVerdict:
        value = PromotedVersion(content=Digests.of(PLAIN)) if key == "promoted" else PLAIN
        session = replace(GATED, **{key: value})  # type: ignore[arg-type] # the fields of GatedRun
        return with_content(session, make_verdict(session, Ending(completed(3, 3))), now)

    kept = found(Digests(IGNORING, OLD, whole=PLAIN))
    assert (kept.outcome, kept.content) == ("passed", IGNORING)
    unknown = found(Digests(IGNORING, OLD, whole=OTHER))
    assert unknown.outcome == "incomplete"
    assert "version 3 may " in unknown.reason
    assert "sha256v2:222222222222" in unknown.reason
    assert "sha256v2:333333333333" in unknown.reason
    assert unknown.reason.endswith("the two leave out other paths (tornado:ignoreContent)")


def test_an_older_record_is_compared_in_its_form_and_renewed() -> None:
    read, other = Digests("sha256v2:" + "2" * 64, OLD), Digests("sha256v2:" + "2" * 64, NEW)
    verdict = make_verdict(GATED, Ending(completed(3, 3)))
    for gated in (
        replace(GATED, started_content=OLD),
        replace(GATED, promoted=PromotedVersion(content=Digests.of(OLD))),
    ):
        found = with_content(gated, verdict, read)
        assert (found.outcome, found.content) == ("passed", read.current)
        found = with_content(gated, verdict, other)
        assert found.outcome == "incomplete"
        assert "sha256:111111111111" in found.reason


@pytest.mark.parametrize(("passed", "outcome"), [(3, "incomplete"), (2, "failed")])
def test_a_pass_on_content_that_could_not_be_read_is_no_pass(passed: int, outcome: str) -> None:
    verdict = unreadable_content(make_verdict(GATED, Ending(completed(passed, 3))), OSError("no connection"))
    assert verdict.outcome == outcome
    assert (verdict.reason == "version 3 could not be read: no connection") is (outcome == "incomplete")
