"""What an update costs at worst, and the budget that it is compared with."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tornado_resource.declarations.budget import CURES, MAX_LISTED_COSTS, Cost, Share, cost_of
from tornado_resource.declarations.model import Budget
from tornado_resource.declarations.resolver import load
from tornado_resource.errors import DeclarationError

if TYPE_CHECKING:
    from tornado_resource.declarations.model import Environment

FILE = """\
version: 1
budget: {minutes: 60, runs: 500}
scenarios:
  refund: {max_turns: 3}
sessions:
  all-enabled: {pathway_id: p}
  named: {pathway_id: q, scenario_ids: [x, y], scenarios: [refund], max_iterations: 2}
agents:
  there: {agent_id: a}
  declared: {agent_id: b, checks: {scenario_ids: [tc-1, tc-2], judges: [polite], simulations_count: 7}}
judges: {polite: {id: j-1}}
environments:
  dev: OWN
"""


@pytest.fixture(autouse=True)
def _folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def environment(own: str, name: str = "dev") -> Environment:
    Path("s.yaml").write_text(FILE.replace("OWN", own), encoding="utf-8")
    return load("s.yaml", name)


def test_a_run_costs_its_scenarios_times_its_iterations_or_simulations() -> None:
    cost = cost_of(environment("{}").declarations, None)
    assert cost.conversations == {"all-enabled": 50 * 5, "named": 3 * 2, "there": 5 * 50, "declared": 2 * 7}
    assert (cost.total, cost.minutes, str(cost)) == (520, 50, "50 minutes and 520 conversations")
    assert (cost.excesses, cost.refusal) == ([], None)


def test_an_environment_removes_a_limit_of_the_file() -> None:
    assert environment("{budget: {minutes: null}}").budget == Budget(None, 500)


CONFIRMED = "{sessions: {named: {version_number: 7, gate: {confirm: {runs: 10}}}}}"


def test_a_confirmation_runs_every_scenario_so_often_again() -> None:
    [confirmed] = [each for each in environment(CONFIRMED).declarations if each.repeats]
    assert (confirmed.name, confirmed.repeats, confirmed.conversations) == ("named", 3 * 10, 3 * 2 + 3 * 10)
    share = Share.of_confirmation(confirmed)
    assert str(share) == "named (s.yaml:7:3): 30 conversations, 60 minutes"
    assert Cost((share, share)).minutes == 120, "the next one on the pathway waits for it"
    assert Cost((share, Share.of(confirmed))).conversations == {"named": 36}


def test_a_pass_that_is_carried_is_not_confirmed_again() -> None:
    own = "{}\n  production: {promotes_from: dev, retest: false, "
    found = environment(own + CONFIRMED[1:], "production")
    assert {each.repeats for each in found.declarations} == {0}


def test_what_starts_nothing_costs_nothing() -> None:
    own = "{}\n  production: {promotes_from: dev, agents: {there: {retest: false}}, sessions: {named: {retest: false}}}"
    found = environment(own, "production")
    assert cost_of(found.declarations, None).conversations == {"all-enabled": 250, "declared": 14}


def test_of_two_budgets_the_lower_limits_hold() -> None:
    file, config = Budget(60, 500, {"minutes": "file", "runs": "file"}), Budget(None, 100, {"runs": "config"})
    assert file.within(None) is file
    found = config.within(file)
    assert (found, found.places) == (Budget(60, 100), {"minutes": "file", "runs": "config"})
    unlimited = Budget(None, 7, {"runs": "config"}).within(Budget(None, 9, {"runs": "file"}))
    assert (unlimited, unlimited.places) == (Budget(None, 7), {"runs": "config"})


def test_a_run_of_a_program_is_refused_by_its_name_and_has_no_position() -> None:
    [declared] = [each for each in environment("{}").declarations if each.name == "named"]
    share = replace(Share.of(declared), is_located=False)
    cost = Cost((share,), Budget(None, 5, {"runs": "config tornado:budget"}))
    lines = (cost.refusal_of("named") or "").splitlines()
    assert lines[:2] == [
        "named: not started: over the budget:",
        "  6 conversations at worst, 1 more than `runs: 5` (config tornado:budget)",
    ]
    assert "  named: 6 conversations, 16 minutes" in lines
    assert Cost((share,), Budget(None, 6)).refusal_of("named") is None


@pytest.mark.parametrize(
    ("own", "minutes", "runs"),
    [
        ("{}", 60, 500),
        ("{budget: {runs: 10}}", 60, 10),
        ("{budget: {runs: null}}", 60, None),
        ("{budget: {minutes: 5, runs: 1e3}}", 5, 1000),
    ],
)
def test_an_environment_overrides_the_budget_of_the_file(own: str, minutes: int, runs: int) -> None:
    budget = environment(own).budget
    assert budget is not None
    assert (budget.minutes, budget.runs) == (minutes, runs)
    lines = {key: int(str(place).split(":")[1]) for key, place in budget.places.items()}
    assert lines.get("minutes") == (13 if "minutes" in own else 2)
    assert "runs" not in lines or lines["runs"] == (13 if "runs" in own else 2)


@pytest.mark.parametrize("own", ["{budget: null}", "{budget: {minutes: null, runs: null}}"])
def test_an_environment_can_have_no_budget(own: str) -> None:
    assert environment(own).budget is None


def test_more_than_the_budget_is_refused_with_what_costs_most() -> None:
    found = environment("{budget: {minutes: 20}}")
    cost = cost_of(found.declarations, found.budget)
    assert cost.refusal == (
        "nothing was started: over the budget:\n"
        "  50 minutes at worst, 30 more than `minutes: 20` (s.yaml:13:27)\n"
        "  520 conversations at worst, 20 more than `runs: 500` (s.yaml:2:29)\n"
        "What costs most:\n"
        "  there (s.yaml:9:3): 250 conversations, 50 minutes\n"
        "  all-enabled (s.yaml:6:3): 250 conversations, 16 minutes\n"
        "  declared (s.yaml:10:3): 14 conversations, 50 minutes\n"
        "  named (s.yaml:7:3): 6 conversations, 16 minutes\n"
        f"{CURES}"
    )
    assert str(found.budget) == "20 minutes, 500 conversations"


@pytest.mark.parametrize(("minutes", "runs"), [(50, 520), (None, 520), (50, None)])
def test_exactly_the_budget_is_allowed(minutes: int | None, runs: int | None) -> None:
    limits = {"minutes": minutes, "runs": runs}
    own = ", ".join(f"{key}: {'null' if limit is None else limit}" for key, limit in limits.items())
    found = environment(f"{{budget: {{{own}}}}}")
    assert cost_of(found.declarations, found.budget).excesses == []


def test_a_message_lists_the_most_expensive_and_counts_the_rest() -> None:
    sessions = "".join(f"  s{number}: {{pathway_id: p{number}, max_iterations: {number}}}\n" for number in range(1, 9))
    Path("s.yaml").write_text(f"version: 1\nbudget: {{runs: 1}}\nsessions:\n{sessions}", encoding="utf-8")
    found = load("s.yaml")
    for number, last in ((8, "  and 3 more"), (MAX_LISTED_COSTS, "  s1 (s.yaml:4:3): 50 conversations, 16 minutes")):
        lines = str(cost_of(found.declarations[:number], found.budget).refusal).splitlines()
        listed = lines[lines.index("What costs most:") + 1 : -1]
        assert [line.split()[0] for line in listed[:MAX_LISTED_COSTS]] == [
            f"s{number - n}" for n in range(MAX_LISTED_COSTS)
        ]
        assert listed[-1] == last


@pytest.mark.parametrize("own", ["{budget: 5}", "{budget: {runs: 0}}", "{budget: {hours: 1}}", "{budget: {runs: 1.5}}"])
def test_a_wrong_budget_is_told_as_any_wrong_value(own: str) -> None:
    with pytest.raises(DeclarationError, match=r"s.yaml:13:\d+: environments.dev.budget"):
        environment(own)
