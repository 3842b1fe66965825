"""What a recorded confirmation says, and that nothing passes without one where the gate requires it."""

from __future__ import annotations

from dataclasses import asdict, replace
from typing import TYPE_CHECKING, Any

import pytest

from tests.support.api import FakeTime, client_of, json_response
from tests.support.results import status_of
from tests.support.simulations import gated_set, set_body
from tornado_resource.declarations.model import Confirm, Gate
from tornado_resource.declarations.quarantine import Quarantine
from tornado_resource.runs.confirmation import (
    agrees,
    confirmed,
    holds,
    judge_confirmation,
    judged_again,
    parse_confirmation,
)
from tornado_resource.runs.model import Ending, GatedRun, Known, Result
from tornado_resource.runs.results import read_result, wait_for_result
from tornado_resource.runs.verdict import make_verdict
from tornado_resource.stacks.recorded import RecordedRun, Resource, read_outputs

if TYPE_CHECKING:
    import httpx

    from tornado_resource.runs.model import RunVerdict

GATE = Gate(confirm=Confirm(5, "80%"))
GATED = GatedRun("booking", "session-1", GATE, {"pathway_id": "pw-1", "version_number": 5})
RATES: Any = {"set_id": "set-1", "runs": 5, "scenarios": {"sc-1": {"passed": 4, "runs": 5}}}
URN = "urn:pulumi:dev::agents::pulumi-python:dynamic/bland:TornadoSession::booking"
SET_URN = URN.replace("TornadoSession::", "TornadoSession$pulumi-python:dynamic/bland:Confirmation::")


def verdict(outcome: Any = "passed", gate: Gate = GATE, confirmation: Any = RATES) -> RunVerdict:
    passed = make_verdict(replace(GATED, gate=gate), Ending(status_of("COMPLETED_ALL_PASSED", ("sc-1",), ())))
    assert passed.outcome == "passed"
    return replace(passed, outcome=outcome, confirmation=confirmation)


@pytest.mark.parametrize(
    ("given", "is_so"),
    [
        (verdict(), True),
        (verdict("failed"), False),
        (verdict(gate=Gate(confirm=Confirm(5))), False),
        (verdict("failed", Gate(confirm=Confirm(5))), True),
        (verdict(gate=Gate()), False),
        (verdict(gate=Gate(), confirmation=None), True),
        (verdict(confirmation=None), False),
        (verdict("failed", confirmation=None), True),
    ],
)
def test_a_recorded_verdict_agrees_with_its_rates(given: RunVerdict, is_so: bool) -> None:  # noqa: FBT001
    assert agrees(given) is is_so


def test_only_a_pass_is_confirmed() -> None:
    assert holds(verdict(), GATED.request)
    assert not holds(replace(verdict(), passed_scenarios=0), GATED.request)
    assert not holds(verdict("failed", confirmation=None), GATED.request)


def test_rates_of_no_scenario_confirm_nothing() -> None:
    none: Any = {**RATES, "scenarios": {}}
    assert judge_confirmation(GATE, none) == ("incomplete", "no scenario that decides was simulated")
    many: Any = {**RATES, "scenarios": {f"sc-{number}": {"passed": 0, "runs": 5} for number in range(7)}}
    outcome, reason = judge_confirmation(GATE, many)
    listed = "; ".join(f"sc-{number} passed 0 of 5" for number in range(5))
    expected = f"0 of 7 scenarios confirmed: {listed} and 2 more, the gate requires 4 of 5 runs (80%)"
    assert (outcome, reason) == ("failed", expected)


@pytest.mark.parametrize(("gate", "needed"), [(Gate(), "no confirmation"), (Gate(confirm=Confirm(6)), "6")], ids=str)
def test_rates_of_another_confirmation_say_nothing(gate: Gate, needed: str) -> None:
    reason = f"5 runs of each scenario, the gate requires {needed}"
    assert judge_confirmation(gate, RATES) == ("incomplete", reason)


def test_what_is_in_quarantine_does_not_decide_about_a_confirmation() -> None:
    gate = replace(GATE, quarantine=(Quarantine("sc-2", "mishears numbers", "2026-12-31"),))
    scenarios = {"sc-1": {"passed": 4, "runs": 5}, "sc-2": {"passed": 1, "runs": 5}}
    rates: Any = {**RATES, "scenarios": scenarios}
    outcome, reason = judge_confirmation(gate, rates)
    assert (outcome, reason.partition("; ")[2]) == ("passed", "not confirmed, but in quarantine: sc-2 passed 1 of 5")
    assert judge_confirmation(GATE, rates)[0] == "failed"
    silent: Any = {**RATES, "scenarios": {**scenarios, "sc-2": {"passed": 0, "runs": 0}}}
    assert judge_confirmation(gate, silent)[0] == "passed"
    too_many = replace(gate, quarantine=(*gate.quarantine, Quarantine("sc-3", "slow", "2026-12-31")))
    three: Any = {**RATES, "scenarios": {**scenarios, "sc-3": {"passed": 5, "runs": 5}}}
    outcome, reason = judge_confirmation(too_many, three)
    assert (outcome, reason.endswith("but 2 of 3 are in quarantine, expected at most half of them")) == (
        "incomplete",
        True,
    )
    alone: Any = {**RATES, "scenarios": {"sc-2": {"passed": 5, "runs": 5}}}
    assert judge_confirmation(gate, alone)[0] == "incomplete"


@pytest.mark.parametrize(
    "damage",
    [
        None,
        {},
        {**RATES, "set_id": 5},
        {**RATES, "runs": True},
        {**RATES, "runs": -1},
        {**RATES, "scenarios": []},
        {**RATES, "scenarios": {"sc-1": 5}},
        {**RATES, "scenarios": {"sc-1": {"passed": 6, "runs": 5}}},
        {**RATES, "scenarios": {"sc-1": {"passed": 1}}},
        {**RATES, "scenarios": {"sc-1": {"passed": 1, "runs": 6}}},
    ],
    ids=str,
)
def test_a_damaged_confirmation_is_none(damage: Any) -> None:
    assert parse_confirmation(damage) is None


@pytest.mark.parametrize(
    "rate", [{"passed": 0, "runs": 0}, {"passed": 0, "runs": 5}, {"passed": 5, "runs": 5}], ids=str
)
def test_a_confirmation_comes_back_as_it_is_recorded(rate: Any) -> None:
    recorded = {**RATES, "scenarios": {"sc-1": rate}}
    assert parse_confirmation(recorded) == recorded


def test_another_bar_is_judged_by_the_recorded_rates() -> None:
    strict = replace(GATED, gate=Gate(confirm=Confirm(5)))
    passed = make_verdict(strict, Ending(status_of("COMPLETED_ALL_PASSED", ("sc-1",), ())))
    found = judged_again(Result(strict, passed), parse_confirmation(RATES) or RATES).verdict
    assert (found.outcome, found.confirmation) == ("failed", RATES)
    assert found.reason == (
        "1 of 1 scenario passed; 0 of 1 scenario confirmed: sc-1 passed 4 of 5, the gate requires 5 of 5 runs"
    )


def test_a_confirmation_decides_about_a_pass_and_says_why() -> None:
    passed, other = verdict(confirmation=None), verdict("incomplete")
    found = confirmed(Result(GATED, passed), Result(gated_set(), replace(other, reason="it has gone"), cause="gone"))
    assert (found.verdict.outcome, found.verdict.confirmation, found.cause) == ("incomplete", RATES, "gone")
    assert found.verdict.reason == f"{passed.reason}; it has gone"


def state(given: RunVerdict, *, with_set: bool = True) -> dict[str, Any]:
    """A state as the engine shows it: every number is a float."""
    floats = asdict(given)
    floats["confirmation"] = {**RATES, "runs": 5.0} if given.confirmation is not None else None
    declared = {**GATED.request, "gate": {"confirm": {"runs": 5.0, "passed": "80%"}}}
    session = {"session_id": "session-1", "declared": declared, "adopted": False}
    request = {**gated_set().request, "simulations_per_scenario": 5.0}
    confirmation = {"set_id": "set-1", "pathway_id": "pw-1", "declared": request, "adopted": False}
    found: dict[str, Any] = {
        "urn:pulumi:dev::agents::pulumi:pulumi:Stack::agents-dev": {"outputs": {"verdicts": {"booking": floats}}},
        URN: {"outputs": session},
    }
    return {**found, SET_URN: {"outputs": confirmation}} if with_set else found


@pytest.mark.parametrize(
    ("given", "outcome"),
    [
        (verdict(), "passed"),
        (verdict("failed"), None),
        (verdict(confirmation=None), None),
        (verdict("failed", confirmation=None), None),
    ],
    ids=["confirmed", "with other rates", "without rates", "failed, though its own numbers say otherwise"],
)
def test_a_recorded_pass_holds_only_with_its_confirmation(given: RunVerdict, outcome: str | None) -> None:
    recorded = read_outputs(state(given)).runs[URN]
    assert (recorded.verdict.outcome if recorded.verdict is not None else None) == outcome
    assert recorded.rates == given.confirmation


def test_the_rates_of_an_incomplete_confirmation_settle_nothing() -> None:
    """The version may have been edited while it ran, or errors could not be read: the set must be read again."""
    assert read_outputs(state(verdict("incomplete"))).runs[URN].rates is None


@pytest.mark.parametrize(
    "confirm",
    [5, {}, {"runs": "5"}, {"runs": 5, "passed": "any"}, {"runs": 5, "passed": 1.5}],
    ids=str,
)
def test_a_damaged_gate_is_no_verdict(confirm: Any) -> None:
    resources = state(verdict())
    outputs = resources["urn:pulumi:dev::agents::pulumi:pulumi:Stack::agents-dev"]["outputs"]
    outputs["verdicts"]["booking"]["gate"]["confirm"] = confirm
    assert read_outputs(resources).runs[URN].verdict is None


def test_a_gate_is_read_with_the_default_of_its_confirmation() -> None:
    gate = Gate(confirm=Confirm(5))
    rates: Any = {**RATES, "scenarios": {"sc-1": {"passed": 5, "runs": 5}}}
    resources = state(verdict(gate=gate, confirmation=rates))
    outputs = resources["urn:pulumi:dev::agents::pulumi:pulumi:Stack::agents-dev"]["outputs"]
    outputs["verdicts"]["booking"] |= {"confirmation": rates}
    outputs["verdicts"]["booking"]["gate"]["confirm"] = {"runs": 5.0}
    found = read_outputs(resources).runs[URN].verdict
    assert found is not None
    assert found.gate == gate


def test_a_confirmation_is_a_part_of_its_session() -> None:
    found = read_outputs(state(verdict()))
    assert ([*found.runs], [*found.confirmations]) == ([URN], ["session-1"])
    gated = found.runs[URN].gated
    assert gated is not None
    confirmation = gated.known.confirmation
    assert confirmation is not None
    assert (confirmation.run_id, confirmation.gate, confirmation.kind) == ("set-1", GATE, "confirmation")
    assert found.runs[URN].under(Gate()).known.confirmation is None


def test_the_content_of_a_pass_that_is_not_confirmed_yet_is_kept() -> None:
    """A later look could take an edit for what passed."""
    content = f"sha256v2:{'a' * 64}"
    unconfirmed = replace(verdict("incomplete", confirmation=None), content=content)
    recorded = read_outputs(state(unconfirmed, with_set=False)).runs[URN]
    assert recorded.ended_content is not None
    assert recorded.ended_content.best == content
    assert replace(recorded, recorded=None).ended_content is None
    plain = replace(unconfirmed, gate=Gate())
    assert read_outputs(state(plain, with_set=False)).runs[URN].ended_content is None


def test_an_interrupted_start_confirms_nothing() -> None:
    resource = Resource(SET_URN, {}, is_interrupted=True)
    assert RecordedRun("booking", resource, "confirmation", "", {}).confirmation is None


SESSION = {
    "session_id": "session-1",
    "status": "COMPLETED_ALL_PASSED",
    "total_scenarios": 2,
    "passed_scenarios": 2,
    "failed_scenarios": 0,
}


def respond(request: httpx.Request, rates: dict[str, tuple[int, int]] | None = None) -> httpx.Response:
    if "simulation-sets" in request.url.path:
        return json_response(set_body(rates=rates))
    return json_response(SESSION if request.url.path.endswith("/status") else {"runs": [], "scenarios": []})


@pytest.mark.parametrize("waits", [False, True])
@pytest.mark.parametrize(
    ("confirmation", "rates", "outcome", "reason"),
    [
        (None, None, "incomplete", "2 of 2 scenarios passed; it is not confirmed yet: `pulumi up` confirms it"),
        (gated_set(), None, "passed", "2 of 2 scenarios passed; 2 of 2 scenarios confirmed, each in at least 4 of 5"),
        (gated_set(), {"refund": (1, 4), "cancel": (5, 0)}, "failed", "1 of 2 scenarios confirmed: refund passed 1"),
    ],
    ids=["none", "passed", "failed"],
)
async def test_a_command_reads_the_confirmation_that_the_state_has(
    waits: bool,  # noqa: FBT001
    confirmation: GatedRun | None,
    rates: Any,
    outcome: str,
    reason: str,
) -> None:
    gated = replace(GATED, known=Known(confirmation=confirmation))
    client = client_of(lambda request: respond(request, rates))
    if waits:
        result = await wait_for_result(client, gated, 10, lambda _: None, FakeTime().clock())
    else:
        result = await read_result(client, gated)
    assert result.verdict.outcome == outcome
    assert reason in result.verdict.reason
    assert (result.verdict.confirmation is None) == (confirmation is None)


async def test_one_of_other_runs_is_no_confirmation_and_pulumi_starts_another() -> None:
    """It has ended: nothing is wrong with the scenarios, whatever it says."""
    gated = replace(GATED, gate=Gate(confirm=Confirm(6, "80%")), known=Known(confirmation=gated_set()))
    result = await read_result(client_of(respond), gated)
    assert (result.verdict.outcome, result.verdict.confirmation) == ("incomplete", None)
    reason = "its confirmation ran each scenario 5 times, the gate requires 6: `pulumi up` starts another one"
    assert result.verdict.reason == f"2 of 2 scenarios passed; {reason}"
    assert result.cause == "unconfirmed"


@pytest.mark.parametrize("waits", [False, True])
async def test_a_program_confirms_a_pass_itself(waits: bool) -> None:  # noqa: FBT001
    async def confirm(result: Result) -> Result:
        return replace(result, verdict=replace(result.verdict, reason="confirmed here"))

    client = client_of(respond)
    if waits:
        result = await wait_for_result(client, GATED, 10, lambda _: None, FakeTime().clock(), confirm=confirm)
    else:
        result = await read_result(client, GATED, confirm)
    assert result.verdict.reason == "confirmed here"
