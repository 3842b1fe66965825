"""Which verdicts of the stack's own state hold without a request."""

from __future__ import annotations

from dataclasses import asdict, replace
from typing import Any

import pytest

from tests.support.damage import DEEP, damaged_copies
from tornado_resource.bland.content import LIVE, Digests
from tornado_resource.bland.sessions import Status
from tornado_resource.core.urns import RELEASE_TYPE, SCENARIO_TYPE, SESSION_TYPE, STACK_TYPE
from tornado_resource.declarations.model import Gate
from tornado_resource.declarations.releases import Release
from tornado_resource.releases.release_plan import ReleasePlan
from tornado_resource.runs.model import NOT_AS_DECLARED, NOT_SHOWN_NOW, Ending, GatedRun, PromotedVersion, Result
from tornado_resource.runs.verdict import make_verdict
from tornado_resource.stacks.recorded import read_outputs
from tornado_resource.stacks.recorded_verdicts import carried_results
from tornado_resource.versions.drift import RunBasis

GATED = GatedRun("support-line", "s-1", Gate(), {"pathway_id": "pw-1", "scenario_ids": ["a", "b"]})
PASSED = Status("COMPLETED_ALL_PASSED", total_scenarios=2, passed_scenarios=2, failed_scenarios=0)
FAILED = Status("COMPLETED_PARTIAL", total_scenarios=2, passed_scenarios=1, failed_scenarios=1, unfixable_ids=("b",))
URN = f"urn:pulumi:dev::agents::{SESSION_TYPE}::support-line"
HOSTILE = "a\0b\x1b[31m\n::error::\u202e"
DIGEST = f"sha256v2:{'1' * 64}"
STACK = f"urn:pulumi:dev::agents::{STACK_TYPE}::agents-dev"


def verdict(ended: Status = PASSED, gated: GatedRun = GATED, **changed: Any) -> dict[str, Any]:
    return {**asdict(make_verdict(gated, Ending(ended))), **changed}


def state(*verdicts: Any, urn: str = URN, **outputs: Any) -> dict[str, Any]:
    """A state as the engine shows it: every number is a float."""
    session = {"session_id": "s-1", "declared": dict(GATED.request), "adopted": False, **outputs}
    return {
        STACK: {"type": STACK_TYPE, "outputs": {"verdicts": {str(index): each for index, each in enumerate(verdicts)}}},
        urn: {"type": SESSION_TYPE, "outputs": session},
    }


def outcome(resources: dict[str, Any], gated: GatedRun = GATED) -> str | None:
    session = next(iter(read_outputs(resources).runs.values()), None)
    result = session.result(gated) if session is not None else None
    return result.verdict.outcome if result is not None else None


@pytest.mark.parametrize(("status", "expected"), [(PASSED, "passed"), (FAILED, "failed"), (Status("STUCK"), "failed")])
def test_a_final_verdict_holds(status: Status, expected: str) -> None:
    assert outcome(state(verdict(status))) == expected


def test_a_pass_with_a_scenario_that_failed_and_is_unfixable_holds() -> None:
    gated = replace(GATED, gate=Gate(1))
    assert outcome(state(verdict(FAILED, gated, failed_ids=["b"])), gated) == "passed"


def test_a_verdict_comes_back_as_it_was_given() -> None:
    given = make_verdict(GATED, Ending(FAILED))
    floats = {key: float(value) if type(value) is int else value for key, value in asdict(given).items()}
    session = read_outputs(state(floats)).runs[URN]
    assert session.verdict == given


def test_the_scenarios_of_a_verdict_come_back_by_name() -> None:
    runs = [{"id": "a", "name": "Refund", "passed": True}, {"id": "b", "name": None, "passed": False}]
    session = read_outputs(state(verdict(scenarios=runs, elapsed_ms=190_000.0))).runs[URN]
    result = session.result(GATED)
    assert result is not None
    assert (result.verdict.scenarios, result.verdict.elapsed_ms) == (runs, 190_000)
    assert [result.scenario_name(each) for each in ("a", "b")] == ["Refund", "b"]


@pytest.mark.parametrize(
    "damage",
    [None, "a", {"id": "a"}, ["a"], [{"id": 1, "name": "x", "passed": True}], [{"id": "a", "passed": "yes"}]],
    ids=str,
)
def test_damaged_scenarios_are_not_recorded_ones(damage: Any) -> None:
    result = read_outputs(state(verdict(scenarios=damage))).runs[URN].result(GATED)
    assert result is not None
    assert (result.verdict.outcome, result.verdict.scenarios) == ("passed", None)


@pytest.mark.parametrize(("recorded", "known"), [(["a"], ["a"]), ([], []), ([1], None), ("a", None), (None, None)])
def test_the_failures_of_the_first_iteration_come_back(recorded: Any, known: Any) -> None:
    found = read_outputs(state(verdict(first_failed_ids=recorded, first_content=DIGEST))).runs[URN].verdict
    assert found is not None
    assert (found.first_failed_ids, found.first_content) == (known, DIGEST)


JUDGE = {"id": "j-1", "name": "resolved", "required": True, "match_rate": 1, "passed": None}


def test_the_judges_of_a_verdict_come_back_as_they_were_given() -> None:
    judges = [JUDGE, {"name": "polite", "match_rate": 0.5}]  # of a release that recorded no ids
    session = read_outputs(state(verdict(judges=judges, version_id="v-1", semver="1.4.0"))).runs[URN]
    assert session.verdict is not None
    assert (session.verdict.version_id, session.verdict.semver) == ("v-1", "1.4.0")
    other = {"id": None, "name": "polite", "required": None, "match_rate": 0.5, "passed": None}
    assert session.verdict.judges == [JUDGE, other]


@pytest.mark.parametrize(
    "damage",
    [
        "resolved",
        [5],
        *([{**JUDGE, key: value}] for key, value in [("id", 1), ("name", 1), ("required", "yes"), ("passed", 1)]),
        *([{**JUDGE, "match_rate": rate}] for rate in ("1", True, 1.5, -0.5)),
    ],
    ids=str,
)
def test_damaged_judges_are_not_recorded_ones(damage: Any) -> None:
    session = read_outputs(state(verdict(judges=damage))).runs[URN]
    assert session.verdict is not None
    assert session.verdict.judges is None


def test_a_record_of_an_older_release_has_no_kind_and_no_judges() -> None:
    new = {"kind", "version_id", "semver", "judges"}
    older = {key: value for key, value in verdict().items() if key not in new}
    older["gate"] = {"passed": "all", "repaired": "allow"}
    session = read_outputs(state(older)).runs[URN]
    assert session.verdict == make_verdict(GATED, Ending(PASSED))


def test_the_gate_of_a_session_is_recorded_without_judges() -> None:
    given = make_verdict(GATED, Ending(PASSED))
    assert given.as_output()["gate"] == {"passed": "all", "repaired": "allow", "full_run": "required"}
    judged = replace(given, gate=Gate(judges={"polite": "90%"}))
    assert Gate.of(judged.as_output()["gate"]) == judged.gate


@pytest.mark.parametrize(
    "gate",
    [Gate(2), Gate("50%"), Gate("any"), Gate("all", "refuse"), Gate("promotion"), Gate("all", "allow", "any")],
    ids=str,
)
def test_a_verdict_holds_under_its_own_gate_only(gate: Gate) -> None:
    gated = replace(GATED, gate=gate)
    recorded = verdict(gated=gated, outcome="passed")
    assert outcome(state(recorded), gated) == "passed"
    assert outcome(state(recorded)) is None


@pytest.mark.parametrize("status", [Status("RUNNING"), Status("NEW"), replace(PASSED, total_scenarios=0)])
def test_an_incomplete_verdict_is_asked_for_again(status: Status) -> None:
    assert outcome(state(verdict(status))) is None


@pytest.mark.parametrize(
    "changed",
    [
        {"session_id": "s-2"},
        {"declaration": "0" * 64},
        {"status": "RUNNING"},
        {"status": "STUCK"},
        {"status": None},
        {"passed_scenarios": 1},
        {"total_scenarios": 1, "passed_scenarios": 1},
        {"gate": {"passed": 3, "repaired": "allow"}},
        {"gate": "none"},
        {"gate": {"passed": "half"}},
        {"gate": {"passed": "0%"}},
        {"gate": {"passed": ["all"]}},
        {"gate": {"judges": ["polite"]}},
        {"gate": {"judges": {"polite": 90}}},
        {"gate": {"judges": {"polite": "all"}}},
        {"kind": "check_run"},
        {"kind": 1},
        {"version_id": 1},
        {"semver": 1},
        {"content": "v-1", "version_id": "v-2"},
        {"failed_ids": [1]},
        {"failed_ids": ["a"]},
        {"unfixable_ids": ["a"]},
        {"outcome": "green"},
        {"reason": 5},
    ],
    ids=str,
)
def test_a_pass_that_contradicts_its_session_or_numbers_is_no_pass(changed: dict[str, Any]) -> None:
    assert outcome(state(verdict(**changed))) is None


def test_a_repaired_pass_does_not_hold_if_repairs_are_refused() -> None:
    gated = replace(GATED, gate=Gate("all", "refuse"))
    assert outcome(state(verdict(gated=gated, repaired=True)), gated) is None


def test_a_promotion_gate_holds_only_for_a_session_that_completed() -> None:
    gated = replace(GATED, gate=Gate("promotion"))
    assert outcome(state(verdict(gated=gated, outcome="passed", status="ERROR")), gated) is None
    assert outcome(state(verdict(gated=gated, outcome="failed", status="ERROR")), gated) == "failed"


def test_a_changed_request_has_no_recorded_result() -> None:
    assert outcome(state(verdict()), replace(GATED, request={"pathway_id": "pw-2"})) is None


def test_an_adopted_session_does_not_pass_for_a_promoted_version() -> None:
    resources = state(verdict(), adopted=True)
    adopted = replace(GATED, adopted=True)
    assert outcome(resources, adopted) == "passed"
    assert outcome(resources, replace(adopted, promoted=PromotedVersion(7))) is None


def test_a_session_without_a_verdict_is_known_all_the_same() -> None:
    session = read_outputs(state()).runs[URN]
    assert (session.run_id, session.verdict, session.result(GATED)) == ("s-1", None, None)


@pytest.mark.parametrize(
    ("exports", "expected"),
    [
        ({"mine": verdict(), "verdicts": "text"}, "passed"),
        ({"mine": {"support-line": verdict()}}, "passed"),
        ({"mine": [7, verdict()]}, "passed"),
        ({"mine": [{"deep": verdict()}]}, None),
        (verdict(), None),
    ],
    ids=["a verdict", "a mapping", "a list", "deeper", "the outputs themselves"],
)
def test_a_program_exports_verdicts_under_any_name(exports: dict[str, Any], expected: str | None) -> None:
    resources = state()
    resources[STACK]["outputs"] = exports
    assert outcome(resources) == expected


def test_only_the_stacks_own_outputs_are_believed() -> None:
    resources = state()
    resources["urn:pulumi:dev::agents::other::x"] = {"type": "other", "outputs": {"verdicts": {"a": verdict()}}}
    assert outcome(resources) is None


def test_sessions_in_components_that_share_a_name_are_told_apart() -> None:
    inside = f"urn:pulumi:dev::agents::my:index:Agents${SESSION_TYPE}::support-line"
    resources = state(verdict())
    resources[inside] = state(session_id="s-2")[URN]
    assert {urn: session.run_id for urn, session in read_outputs(resources).runs.items()} == {
        URN: "s-1",
        inside: "s-2",
    }


@pytest.mark.parametrize("outputs", [{"session_id": 5}, {"session_id": None}, {"declared": "text"}])
def test_a_damaged_session_is_left_to_the_api(outputs: dict[str, Any]) -> None:
    assert read_outputs(state(verdict(), **outputs)).runs == {}
    assert read_outputs({"no urn": {"type": SESSION_TYPE, "outputs": None}}).runs == {}


OLD, NEW, CURRENT = "sha256:" + "0" * 64, "sha256:" + "1" * 64, "sha256v2:" + "2" * 64


@pytest.mark.parametrize(
    ("recorded", "promoted", "holds"),
    [
        (OLD, Digests.of(OLD), True),
        (OLD, None, True),
        (None, Digests.of(OLD), True),
        (OLD, Digests.of(NEW), False),
        (OLD, Digests(CURRENT, OLD), True),
        (CURRENT, Digests(CURRENT, OLD), True),
        (OLD, Digests(CURRENT, NEW), False),
    ],
)
def test_a_pass_on_other_content_than_the_promoted_one_is_outdated(
    recorded: str | None,
    promoted: Digests | None,
    holds: bool,  # noqa: FBT001
) -> None:
    found = outcome(state(verdict(content=recorded)), replace(GATED, promoted=PromotedVersion(content=promoted)))
    assert found == ("passed" if holds else None)


def test_a_verdict_of_an_older_release_holds() -> None:
    old = {key: value for key, value in verdict().items() if key not in {"content", "full_run"}}
    old["gate"] = {"passed": "all", "repaired": "allow"}
    assert outcome(state(old)) == "passed"


@pytest.mark.parametrize("changed", [{"content": 7}, {"content": "sha256:0"}, {"full_run": "yes"}])
def test_a_damaged_content_is_asked_for_again(changed: dict[str, Any]) -> None:
    assert outcome(state(verdict(**changed))) is None


@pytest.mark.parametrize(
    ("started", "content", "repaired", "tested"),
    [
        (OLD, NEW, False, (7, NEW)),
        (None, NEW, True, (7, NEW)),
        (OLD, None, False, (7, OLD)),
        (OLD, None, True, (7, None)),
        (7, None, False, (7, None)),
        ("sha256:0", None, False, (7, None)),
    ],
)
def test_what_a_session_was_tested_on(
    started: Any,
    content: str | None,
    repaired: bool,  # noqa: FBT001
    tested: tuple[int, str | None],
) -> None:
    """The version that its verdict is for, else the one that it was started on."""
    recorded = state(verdict(content=content, repaired=repaired, version=7), started_content=started)
    basis = read_outputs(recorded).runs[URN].basis
    assert (basis.version, basis.content) == tested


@pytest.mark.parametrize(
    ("changed", "tested"),
    [({}, OLD), ({"content": NEW}, NEW), ({"repaired": True}, None), ({"repaired": True, "content": NEW}, None)],
)
def test_a_session_without_a_version_was_tested_on_the_live_one(changed: dict[str, Any], tested: str | None) -> None:
    recorded = state(verdict(**{"version": None, "content": None, **changed}), started_content=OLD)
    basis = read_outputs(recorded).runs[URN].basis
    assert (basis.version, basis.content) == (LIVE, tested)


@pytest.mark.parametrize(
    "damage",
    [{}, {"pathway_id": 7}, {"version_number": "latest"}, {"version_number": 6.5}, {"scenario_ids": 5}],
    ids=str,
)
def test_a_damaged_declaration_is_no_session(damage: dict[str, Any]) -> None:
    declared = {"pathway_id": "pw-1", **damage} if damage else {}
    assert read_outputs(state(declared=declared)).runs == {}


def test_a_session_without_a_verdict_has_what_it_started_with() -> None:
    assert read_outputs(state()).runs[URN].basis.content is None
    assert read_outputs(state(started_content=OLD)).runs[URN].basis.content == OLD


@pytest.mark.parametrize(
    ("recorded", "started", "was_shown"),
    [
        (verdict(content=None), None, False),
        (verdict(content=None), OLD, True),
        (verdict(content=OLD), None, True),
        (verdict(content=None, outcome="incomplete", reason=f"version 3 …: {NOT_SHOWN_NOW}"), None, True),
        (None, None, False),
    ],
)
def test_a_content_that_was_shown_once_is_remembered(recorded: Any, started: Any, was_shown: bool) -> None:  # noqa: FBT001
    resources = state(*([recorded] if recorded else []), started_content=started)
    assert read_outputs(resources).runs[URN].was_shown is was_shown


def test_releases_are_found_by_urn() -> None:
    urn = f"urn:pulumi:dev::agents::{RELEASE_TYPE}::support-line"
    resources = {**state(), urn: {"outputs": {"version": 7.0, "sessions": ["s-1"], "live": None}}}
    releases = read_outputs(resources).releases
    assert {key: each.outputs for key, each in releases.items()} == {urn: {"version": 7, "sessions": ["s-1"]}}


@pytest.mark.parametrize(
    ("changed", "version"),
    [
        ({"version": 7.0}, 7),
        ({"version": None}, LIVE),
        ({"version": 7.0, "content": None}, None),
        ({"version": 7.0, "status": "RUNNING"}, None),
        ({"version": 7.0, "outcome": "incomplete"}, None),
        ({"version": 7.0, "passed_scenarios": 1}, None),
    ],
)
def test_the_version_that_a_final_verdict_is_for(changed: dict[str, Any], version: int | None) -> None:
    tested = read_outputs(state(verdict(**{"content": OLD, **changed}))).runs[URN].tested
    assert tested == (RunBasis(GATED.request, version, OLD, None) if version is not None else None)


@pytest.mark.parametrize(("changed", "is_known"), [({}, True), ({"repaired": True}, False), ({"status": "X"}, False)])
def test_a_verdict_without_a_version_is_for_the_live_one(changed: dict[str, Any], is_known: bool) -> None:  # noqa: FBT001
    recorded = verdict(version=None, content=None, **changed)
    tested = read_outputs(state(recorded, started_content=OLD)).runs[URN].tested
    assert tested == (RunBasis(GATED.request, LIVE, OLD, None) if is_known else None)
    assert read_outputs(state(recorded)).runs[URN].tested is None
    assert read_outputs(state(started_content=OLD)).runs[URN].tested is None


def test_a_doubt_about_the_scenarios_outlives_their_repair() -> None:
    reason = "not tested as declared: scenario 'Refund' is disabled"
    doubtful = verdict(outcome="incomplete", reason=reason)
    assert read_outputs(state(doubtful)).runs[URN].doubt == reason
    assert read_outputs(state(verdict())).runs[URN].doubt is None
    assert read_outputs(state(verdict(outcome="incomplete", reason="gone"))).runs[URN].doubt is None
    assert read_outputs(state()).runs[URN].doubt is None


@pytest.mark.parametrize(
    "gate",
    [
        {"passed": []},
        {"passed": {"a": 1}},
        {"passed": "most"},
        {"passed": "%"},
        {"passed": True},
        {"passed": 1.5},
        {"repaired": 5.0},
        {"repaired": "never"},
        {"full_run": ["any"]},
        {"full_run": "sometimes"},
        {"judges": ["polite"]},
        {"judges": {"polite": 90}},
        {"quarantine": [{"part": "a"}]},
        {"quarantine": "a"},
        {"confirm": {"runs": 5.5}},
    ],
)
def test_a_verdict_under_a_gate_that_is_none_is_not_believed(gate: Any) -> None:
    assert read_outputs(state(verdict(gate=gate))).runs[URN].recorded is None


@pytest.mark.parametrize(
    "gate",
    [
        {},
        {"passed": 3.0, "repaired": "refuse", "full_run": "any"},
        {"passed": "100%", "repaired": "allow", "full_run": "required", "judges": {"polite": "9%"}, "confirm": None},
        {"quarantine": [{"part": "a", "reason": "flaky", "until": "2026-12-31"}], "confirm": {"runs": 5.0}},
        {"confirm": {"runs": 5.0, "passed": 4.0}},
    ],
    ids=str,
)
def test_a_verdict_under_a_gate_is_known(gate: Any) -> None:
    assert read_outputs(state(verdict(gate=gate))).runs[URN].recorded is not None


@pytest.mark.parametrize("key", ["passed_scenarios", "total_scenarios", "iterations", "version"])
def test_true_is_no_number_of_a_verdict(key: str) -> None:
    assert outcome(state({**verdict(), key: True})) is None


def test_what_a_verdict_says_is_shown_without_control_characters() -> None:
    run = read_outputs(state(verdict(reason=HOSTILE, finished_at=HOSTILE))).runs[URN]
    assert run.verdict is not None
    assert (run.verdict.reason + str(run.verdict.finished_at)).isprintable()
    doubtful = verdict(outcome="incomplete", reason=f"{NOT_AS_DECLARED}: {HOSTILE}")
    assert str(read_outputs(state(doubtful)).runs[URN].doubt).isprintable()


def test_a_state_that_is_damaged_anywhere_is_read_without_an_error() -> None:
    """As a program gets it from the engine: what is not of its form is left out, and nothing of it is believed."""
    scenario = {"scenario_id": "sc-1", "pathway_id": "pw-1", "fields": {"name": "Refund"}, "filled": {"tags": "0"}}
    release: dict[str, Any] = {"pathway_id": "pw-1", "environment": "production", "version": 3, "sessions": ["s-1"]}
    release |= {"content": DIGEST, "live": DIGEST}
    whole = {
        **state(verdict(content=DIGEST, forked_version=4), started_content=DIGEST, started_scenarios={"a": "0"}),
        f"urn:pulumi:dev::agents::{SCENARIO_TYPE}::refund@pw-1": {"type": SCENARIO_TYPE, "outputs": scenario},
        f"urn:pulumi:dev::agents::{RELEASE_TYPE}::a": {"type": RELEASE_TYPE, "outputs": release},
    }
    plan = ReleasePlan(Release("a", "sessions", "pw-1", "production", 3, ("a",)), 3, ["s-1"], (DIGEST,), None)
    kinds: tuple[Any, ...] = (None, True, 5.0, -1.5, "", HOSTILE, "sha256v2:zz", [], [None], {}, DEEP)
    assert outcome(whole) == "passed"
    for resources in damaged_copies(whole, kinds):
        assert outcome(resources) in {None, "passed"}
        found = read_outputs(resources)
        for run in found.runs.values():
            reason = run.verdict.reason if run.verdict is not None else ""
            assert all(str(each).isprintable() for each in (run.basis.content, run.doubt, run.name, reason))
        assert {plan.is_recorded(each.outputs) for each in found.releases.values()} <= {True, False}
        assert all(isinstance(each.declaration.name, str) for each in found.scenarios)


CHECKED = {"agent_id": "ag-1", "env": "staging", "version_id": "v-2"}
JUDGES = [{"id": "j-1", "name": "resolved", "required": True, "match_rate": 0.9, "passed": True}]


def promoted(kind: str = "tornado", **changes: Any) -> dict[str, Any]:
    """A verdict of another stack that counts here."""
    carried = {"promoted": True, "promoted_from": "organization/agents/staging", **changes}
    if kind == "tornado":
        return verdict(**carried)
    passed = {"status": "PASSED", "judges": JUDGES, "version_id": "v-2", "content": "v-2", "kind": "check_run"}
    return verdict(**{**passed, **carried})


def carried(recorded: Any, **outputs: Any) -> list[Result]:
    return list(carried_results({"verdicts": recorded, **outputs}))


def test_what_passed_in_another_stack_is_read_from_the_outputs() -> None:
    verdicts = {"booking": promoted(), "support": promoted("check_run"), "own": verdict()}
    booking, support = carried(verdicts, sessions={"booking": dict(GATED.request)}, agents={"support": CHECKED})
    assert (booking.gated.name, booking.gated.run_id, booking.gated.kind) == ("booking", "s-1", "tornado")
    assert booking.gated.request == GATED.request
    assert (support.gated.kind, support.gated.request) == ("check_run", CHECKED)
    assert [each.verdict.outcome for each in (booking, support)] == ["passed", "passed"]
    assert booking.verdict.promoted_from == "organization/agents/staging"


@pytest.mark.parametrize(
    "damaged",
    [
        promoted("check_run", judges=[{**JUDGES[0], "match_rate": 0.1, "passed": False}]),
        promoted("check_run", version_id="v-3", content="v-3"),
        promoted("check_run", status="REBALANCING"),
        promoted("check_run", outcome="failed"),
        {**promoted("check_run"), "kind": "toy"},
        {**promoted("check_run"), "kind": "of a later release"},
        promoted(passed_scenarios=1),
    ],
)
def test_a_pass_of_another_stack_that_does_not_agree_with_itself_is_none(damaged: dict[str, Any]) -> None:
    [found] = carried({"support": damaged}, agents={"support": CHECKED})
    assert found.verdict.outcome == "incomplete"
    assert found.verdict.reason == "its recorded verdict is damaged: run `pulumi up` again"


@pytest.mark.parametrize("recorded", [None, 3, {"a": None}, {"a": {"promoted": True}}, {"a": verdict()}])
def test_outputs_without_such_a_pass_have_none(recorded: Any) -> None:
    assert carried(recorded) == []


def test_a_pass_of_another_stack_without_its_outputs_shows_no_pathway() -> None:
    [found] = carried({"booking": promoted()}, sessions={"booking": 7}, agents=3)
    assert (found.verdict.outcome, found.gated.shown_pathway) == ("passed", None)
