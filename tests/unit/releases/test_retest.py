"""Whether a pass in another stack counts here, with nothing started (`retest: false`)."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from tests.support.results import (
    check_result_of,
    check_run_of,
    gated_check_run_of,
    gated_run_of,
    judge_of,
    result_of,
    status_of,
)
from tornado_resource.bland.listing import Owner
from tornado_resource.core.positions import Position
from tornado_resource.declarations.model import Confirm, Declaration, Environment, Gate, ScenarioDeclaration
from tornado_resource.declarations.quarantine import Quarantine
from tornado_resource.releases.promotion import Promoted, SourceStack, VersionNow, check_promotion
from tornado_resource.runs.confirmation import judged_again

NOW = datetime(2026, 4, 14, 12, 0, tzinfo=UTC)
STACK = "organization/agents/staging"
PASSED = result_of(gated_run_of("booking", "s-1"), status_of("COMPLETED_ALL_PASSED", ("a",), ())).verdict
DIGEST = "sha256v2:" + "0" * 64
VERDICT = replace(PASSED, version=7, content=DIGEST, full_run=True).as_output()
DECLARED = Declaration("booking", {"pathway_id": "pw-1"}, Gate(), Position("s.yaml", 4, 3), retest=False)


def promoted(verdict: Any, *, pathway_id: str = "pw-1", override: str | None = None) -> Promoted:
    session = {"session_id": "s-1", "pathway_id": pathway_id}
    source = SourceStack(STACK, "staging", {"booking": session}, {"booking": verdict})
    return check_promotion(Environment("production", (DECLARED,), "staging"), source, NOW, override)


def test_a_pass_is_carried_and_says_whose_it_is() -> None:
    found = promoted(VERDICT)
    carried = found.carried["booking"]
    assert found.problems == {}
    assert (carried.outcome, carried.session_id, carried.version, carried.content) == ("passed", "s-1", 7, DIGEST)
    assert (carried.promoted, carried.promoted_from) == (True, STACK)
    assert carried.reason == f"it passed in stack {STACK}, and is not tested again (retest: false)"


@pytest.mark.parametrize(
    ("verdict", "options", "problem"),
    [
        ({**VERDICT, "outcome": "failed"}, {}, "its verdict there is failed"),
        ({**VERDICT, "outcome": "failed"}, {"override": "because"}, "its verdict there is failed"),
        (
            {**VERDICT, "failed_ids": 3},
            {},
            "its verdict there is damaged, or of another version of tornado-resource, so it cannot count here",
        ),
        ({**VERDICT, "kind": "check_run"}, {}, "its verdict there is damaged"),
        ({**VERDICT, "status": "REBALANCING"}, {}, "its verdict there is damaged"),
        (VERDICT, {"pathway_id": "pw-2"}, "it passed there on another pathway, so its pass cannot count here"),
        (None, {}, "no verdict there"),
    ],
)
def test_what_is_no_pass_of_the_same_is_refused(verdict: Any, options: Any, problem: str) -> None:
    assert problem in promoted(verdict, **options).problems["booking"]


def test_a_version_that_was_edited_since_is_refused_whatever_the_override() -> None:
    for override in (None, "because"):
        found = promoted(VERDICT, override=override).compared_with({"booking": VersionNow(None)})
        assert "version 7 cannot be read any more" in found.problems["booking"]


CHECKED = check_result_of(gated_check_run_of("support", "run-1"), check_run_of("PASSED", judge_of("resolved", 0.6)))


@pytest.mark.parametrize(
    ("env", "gate", "problem"),
    [
        ("staging", Gate(), None),
        ("staging", Gate("60%"), None),
        ("staging", Gate("61%"), "its pass there does not meet the gate that is declared here (retest: false)"),
        ("staging", Gate(judges={"resolved": "90%"}), "does not meet the gate that is declared here"),
        ("staging", Gate(judges={"polite": "1%"}), "does not meet the gate that is declared here"),
        ("production", Gate(), "it passed there with the checks of staging, not of production (retest: false)"),
    ],
)
def test_a_pass_must_show_what_is_declared_here(env: str, gate: Gate, problem: str | None) -> None:
    request = {**CHECKED.gated.request, "env": env}
    declared = Declaration("support", request, gate, Position("s.yaml", 4, 3), section="agents", retest=False)
    there = {"support": {"run_id": "run-1", **CHECKED.gated.request}}
    source = SourceStack(STACK, "staging", verdicts={"support": CHECKED.verdict.as_output()}, agents=there)
    found = check_promotion(Environment("production", (declared,), "staging"), source, NOW).problems
    assert problem in found["support"] if problem is not None else found == {}


def test_a_pass_after_repairs_counts_but_one_by_a_lower_gate_does_not() -> None:
    repaired = {**VERDICT, "repaired": True, "gate": {"passed": "any"}}
    declared = replace(DECLARED, gate=Gate("all", repaired="refuse"))
    session = {"booking": {"session_id": "s-1", "pathway_id": "pw-1"}}

    def problems(verdict: Any) -> dict[str, str]:
        source = SourceStack(STACK, "staging", session, {"booking": verdict})
        return dict(check_promotion(Environment("production", (declared,), "staging"), source, NOW).problems)

    assert problems(repaired) == {}
    poor = {**repaired, "status": "COMPLETED_PARTIAL", "total_scenarios": 2, "failed_ids": ["b"]}
    assert "does not meet the gate that is declared here" in problems(poor)["booking"]


EXCUSED = result_of(
    gated_run_of("booking", "s-1", gate=Gate(quarantine=(Quarantine("b", "flaky", "2026-04-14"),))),
    status_of("COMPLETED_PARTIAL", ("a",), ("b",)),
).verdict


def test_the_quarantine_over_there_goes_on_here_while_it_lasts() -> None:
    verdict = replace(EXCUSED, version=7, content=DIGEST, full_run=True).as_output()
    found = promoted(verdict)
    assert found.problems == {}
    carried = found.carried["booking"]
    assert (carried.quarantined, carried.gate.quarantine) == (["b"], EXCUSED.gate.quarantine)
    assert carried.reason.endswith("is not tested again (retest: false); failed there in quarantine: b")
    session = {"session_id": "s-1", "pathway_id": "pw-1"}
    source = SourceStack(STACK, "staging", {"booking": session}, {"booking": verdict})
    late = check_promotion(Environment("production", (DECLARED,), "staging"), source, NOW + timedelta(days=1))
    assert "b failed there in quarantine, which ended on 2026-04-14" in late.problems["booking"]
    assert "does not meet the gate that is declared here" in late.problems["booking"]


def test_what_its_confirmation_excused_over_there_is_named_here() -> None:
    gate = Gate(quarantine=(Quarantine("b", "flaky", "2026-04-14"),), confirm=Confirm(5, "80%"))
    rates: Any = {key: {"passed": passed, "runs": 5} for key, passed in {"a": 5, "c": 4, "d": 5, "b": 2}.items()}
    ended = result_of(gated_run_of("booking", "s-1", gate=gate), status_of("COMPLETED_ALL_PASSED", tuple("abcd"), ()))
    confirmed = judged_again(ended, {"set_id": "set-1", "runs": 5, "scenarios": rates}).verdict
    found = promoted(replace(confirmed, version=7, content=DIGEST, full_run=True).as_output())
    assert found.problems == {}
    assert found.carried["booking"].reason.endswith("(retest: false); failed there in quarantine: b")
    assert [found.carried["booking"].confirmation, found.record.quarantined] == [
        confirmed.confirmation,
        {"booking": ("b",)},
    ]


RATES = {"set_id": "set-1", "runs": 5, "scenarios": {"a": {"passed": 4, "runs": 5}}}


@pytest.mark.parametrize(
    ("there", "rates", "here", "is_carried"),
    [
        (Confirm(5, "80%"), RATES, Confirm(5, "80%"), True),
        (Confirm(5, "80%"), RATES, None, True),
        (Confirm(5, "80%"), RATES, Confirm(5), False),
        (Confirm(5, "80%"), RATES, Confirm(10, "80%"), False),
        (None, None, Confirm(5, "80%"), False),
    ],
    ids=["as here", "more than here", "by a lower bar", "by fewer runs", "not at all"],
)
def test_a_pass_must_be_confirmed_as_is_declared_here(
    there: Confirm | None,
    rates: Any,
    here: Confirm | None,
    is_carried: bool,  # noqa: FBT001
) -> None:
    verdict = {**VERDICT, "gate": Gate(confirm=there).recorded, "confirmation": rates}
    declared = replace(DECLARED, gate=Gate(confirm=here))
    source = SourceStack(
        STACK, "staging", {"booking": {"session_id": "s-1", "pathway_id": "pw-1"}}, {"booking": verdict}
    )
    found = check_promotion(Environment("production", (declared,), "staging"), source, NOW).problems
    problem = "its pass there is not confirmed as the gate that is declared here requires (retest: false)"
    assert found == ({} if is_carried else {"booking": problem})


def test_a_pass_of_declared_scenarios_beside_others_counts() -> None:
    verdict = result_of(gated_run_of("booking", "s-1"), status_of("COMPLETED_ALL_PASSED", ("sc-1", "sc-2"), ())).verdict
    output = replace(verdict, version=7, content=DIGEST, full_run=True).as_output()
    session = {"session_id": "s-1", "pathway_id": "pw-1"}
    source = SourceStack(STACK, "staging", {"booking": session}, {"booking": output})
    for keys, is_refused in ((["hours"], False), ([], True), (["hours", "refund"], True)):
        scenarios = tuple(ScenarioDeclaration(key, Owner.pathway("pw-1"), {"name": key}) for key in keys)
        request = {**DECLARED.request, "scenario_ids": ["sc-1"]}
        declared = replace(DECLARED, request=request, scenarios=scenarios)
        found = check_promotion(Environment("production", (declared,), "staging"), source, NOW)
        assert bool(found.problems) == is_refused, keys
