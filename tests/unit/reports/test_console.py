from __future__ import annotations

from dataclasses import replace
from typing import Any

from tornado_resource.bland.sessions import Fix, Iteration, Status
from tornado_resource.core.positions import Position
from tornado_resource.declarations.model import Gate
from tornado_resource.reports.console import failure_message
from tornado_resource.runs.model import Ending, GatedRun, Result
from tornado_resource.runs.verdict import make_verdict

FIXES = tuple(Fix(f"node-{number}", f"Say the price, {number}", "prompt_edit") for number in range(3))


def failed(name: str = "billing", *, ids: tuple[str, ...] = ("sc-1", "sc-2"), **fields: Any) -> Result:
    iterations = (
        Iteration(1, None, None, (), ids, FIXES),
        Iteration(2, None, None, (), ids, ()),
    )
    values = {"total_scenarios": 12, "passed_scenarios": 10, "iterations": iterations, **fields}
    return _result(name, Ending(Status("COMPLETED_PARTIAL", **values)))


def late(name: str = "late") -> Result:
    return _result(name, Ending(None, "it did not end in time"))


def passed(name: str = "fine") -> Result:
    return _result(name, Ending(Status("COMPLETED_ALL_PASSED", total_scenarios=1, passed_scenarios=1)))


def _result(name: str, ending: Ending) -> Result:
    position = Position("sessions.yaml", 14, 3)
    gated = GatedRun(name, f"s-{name}", Gate(), {"pathway_id": "pw"}, position=position)
    return Result(gated, make_verdict(gated, ending), ending.status, {"sc-1": "Refunds an order"})


def test_no_message_when_everything_passed() -> None:
    assert failure_message([passed()], "dev") is None
    assert failure_message([], "dev") is None


def test_a_failed_gate_shows_sessions_scenarios_fixes_and_advice() -> None:
    ids = tuple(f"sc-{number}" for number in range(8))
    message = failure_message([late(), passed(), failed(ids=ids, unfixable_ids=("sc-1",))], "dev")
    assert (
        message
        == """\
gate failed: 1 failed, 1 incomplete of 3 sessions
  billing (sessions.yaml:14:3, session s-billing): failed: 10 of 12 scenarios passed; the gate requires all
    failed: sc-0, sc-2, sc-3, sc-4, sc-5 and 2 more
    unfixable: Refunds an order (sc-1)
    last fix plan, iteration 1, 2 of 3 fixes:
      - node-0: Say the price, 0
      - node-1: Say the price, 1
  late (sessions.yaml:14:3, session s-late): incomplete: it did not end in time
All verdicts: pulumi stack output verdicts --stack dev. What to do:
  billing: Fix the pathway or the scenarios, then run `pulumi up --stack dev`. \
Failed sessions run again, unless `rerun` is `on_change`.
  late: To read it again, run `pulumi up --stack dev` again: \
a session that was started is resumed, not started twice."""
    )


def test_a_scenario_whose_name_is_its_id_is_named_once() -> None:
    result = replace(failed(unfixable_ids=("sc-1",)), scenario_names={"sc-1": "sc-1"})
    message = failure_message([result], "dev")
    assert message is not None
    assert "    unfixable: sc-1\n" in message


def test_an_incomplete_gate_is_not_called_failed() -> None:
    message = failure_message([late()], "dev")
    assert message is not None
    assert message.startswith("gate incomplete: 1 incomplete of 1 session")
    assert "a session that was started is resumed, not started twice" in message.splitlines()[-1]


def test_three_failures_fit_on_a_screen() -> None:
    message = failure_message([failed(f"s-{n}", ids=("x",) * 40, unfixable_ids=("y",) * 40) for n in range(3)], "dev")
    assert message is not None
    assert len(message.splitlines()) <= 24


def test_a_hundred_failures_fit_on_sixty_lines() -> None:
    message = failure_message([failed(f"s-{n}", ids=("x",) * 40, unfixable_ids=("x",)) for n in range(100)], "dev")
    assert message is not None
    assert len(message.splitlines()) <= 60
    assert "and 64 more" in message


def test_text_from_the_api_is_made_safe() -> None:
    message = failure_message([failed(ids=("\x1b[2J<{%fg 1%}>",))], "dev")
    assert message is not None
    assert "failed: \\x1b[2J< {%fg 1%}>" in message


def test_sessions_with_the_same_advice_share_a_line() -> None:
    message = failure_message([*(failed(f"s-{n}") for n in range(5)), late()], "dev")
    assert message is not None
    assert message.startswith("gate failed: 5 failed, 1 incomplete of 6 sessions\n")
    advice = [line.partition(":")[0] for line in message.splitlines()[-2:]]
    assert advice == ["  s-0, s-1, s-2 and 2 more", "  late"]
