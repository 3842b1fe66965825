"""`tags` and `only`: an environment runs what has one of the tags, and says what it leaves out."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tornado_resource.declarations.resolver import check_document, check_environments, load, resolve
from tornado_resource.declarations.schedule import make_plan
from tornado_resource.errors import DeclarationError

if TYPE_CHECKING:
    from tornado_resource.declarations.model import Environment

FILE = """\
version: 1
defaults: {version_number: latest}
scenarios:
  refund: {max_turns: 3}
  cancel: {max_turns: 3}
  invoice: {max_turns: 3}
sessions:
  support-line: {pathway_id: p, tags: [smoke, nightly], scenarios: [refund]}
  billing: {pathway_id: p, scenarios: [refund, cancel]}
  booking: {pathway_id: q, tags: [nightly], scenarios: [invoice]}
agents:
  desk: {agent_id: a, tags: [smoke]}
  phone: {agent_id: b}
environments:
  all: {}
  pr: ONLY
"""


def environment(only: str, name: str = "pr") -> Environment:
    Path("s.yaml").write_text(FILE.replace("ONLY", only), encoding="utf-8")
    return load("s.yaml", name)


def problems(only: str, name: str = "pr") -> list[str]:
    with pytest.raises(DeclarationError) as caught:
        environment(only, name)
    return [str(problem) for problem in caught.value.problems]


@pytest.fixture(autouse=True)
def _folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


@pytest.mark.parametrize(
    ("only", "runs", "left_out"),
    [
        ("{only: [smoke]}", "support-line desk", "billing, booking, phone (only: smoke)"),
        ("{only: [nightly]}", "support-line booking", "billing, desk, phone (only: nightly)"),
        ("{only: [smoke, nightly]}", "support-line booking desk", "billing, phone (only: smoke, nightly)"),
        ("{only: [smoke], sessions: {booking: null}}", "support-line desk", "booking; billing, phone (only: smoke)"),
        ("{only: [smoke], sessions: {billing: {tags: [smoke]}}}", "support-line billing desk", "booking, phone"),
        ("{only: [smoke], sessions: {support-line: {tags: [slow]}}}", "desk", "support-line, billing, booking, phone"),
        ("{only: [smoke], defaults: {tags: [smoke]}}", "support-line billing desk phone", "booking (only: smoke)"),
        ("{only: [smoke], sessions: {own: {pathway_id: p}}}", "support-line desk", "billing, booking, own, phone"),
    ],
)
def test_an_environment_runs_what_has_one_of_the_tags(only: str, runs: str, left_out: str) -> None:
    found = environment(only)
    assert [each.name for each in found.declarations] == runs.split()
    assert found.omission is not None
    assert found.omission.startswith(f"environment pr leaves out {left_out}")
    assert set(found.left_out) >= set(found.untagged)


@pytest.mark.parametrize("only", ["{}", "{only: null}", "{only: }"])
def test_without_only_tags_decide_nothing(only: str) -> None:
    found = environment(only)
    assert [each.name for each in found.declarations] == ["support-line", "billing", "booking", "desk", "phone"]
    assert (found.omission, found.spare_scenarios) == (None, ())
    assert found.declarations[0].tags == ["smoke", "nightly"]


def test_a_tag_that_nothing_has_is_an_error_at_its_place() -> None:
    [problem] = problems("{only: [nightly, smok]}")
    assert problem == (
        "s.yaml:16:24: environments.pr.only[1]: unknown tag 'smok': no session or agent has it in `tags`; "
        "did you mean `smoke`?"
    )


def test_the_tags_of_an_environment_are_known_to_it_and_not_to_others() -> None:
    assert environment("{only: [quick], agents: {phone: {tags: [quick]}}}").declarations[0].name == "phone"
    assert "unknown tag 'quick'" in problems("{only: [quick]}\n  dev: {agents: {phone: {tags: [quick]}}}")[0]


@pytest.mark.parametrize(
    ("only", "text"),
    [
        ("{only: []}", "environments.pr.only: 0 tags, expected at least 1; remove the key to run all"),
        (f"{{only: [{', '.join(f't{n}' for n in range(51))}]}}", "environments.pr.only: 51 tags, expected at most 50"),
        ("{only: smoke}", "environments.pr.only: found 'smoke', expected a list"),
        ("{only: [smoke, smoke]}", "duplicate tag 'smoke' (first at line 16); remove one"),
        ("{only: [Smoke]}", "environments.pr.only[0]: found 'Smoke', expected a lower-case letter, then up to 62"),
        ("{sessions: {billing: {tags: [1]}}}", "environments.pr.sessions.billing.tags[0]: found the number 1"),
    ],
)
def test_a_wrong_tag_is_told_as_any_wrong_value(only: str, text: str) -> None:
    assert text in problems(only)[0]


def test_the_scenarios_of_what_is_left_out_are_spare() -> None:
    """To stop running a test must not disable its scenarios, which other stacks may run."""
    found = environment("{only: [smoke]}")
    assert [(each.key, each.owner.owner_id) for each in found.scenarios] == [("refund", "p")]
    assert [(each.key, each.owner.owner_id) for each in found.spare_scenarios] == [("cancel", "p"), ("invoice", "q")]
    found = environment("{only: [smoke], sessions: {booking: null}, scenarios: {cancel: null}}")
    assert found.spare_scenarios == ()


def test_what_is_left_out_needs_no_pathway_and_no_scenario_here() -> None:
    only = "{only: [smoke], scenarios: {cancel: null}, sessions: {billing: {pathway_id: null}}}"
    assert [each.name for each in environment(only).declarations] == ["support-line", "desk"]


def test_a_left_out_session_promotes_nothing() -> None:
    file = "{only: [smoke]}\n  production: {promotes_from: pr}"
    environment(file, "production")
    document = check_document("s.yaml")
    plan = make_plan(document, resolve(document, "production"))
    assert [each.carries for each in plan.runs] == ["version", "never", "never", "version", "never"]


CHECKED = """\
version: 1
agents:
  quick: {agent_id: a, tags: [smoke]}
  whole: {agent_id: a, checks: {scenario_ids: [tc-1], judges: [polite]}}
  other: {agent_id: b, checks: {scenario_ids: [tc-2], judges: [polite]}}
judges:
  polite: {id: j-1}
environments:
  pr: {only: [smoke]}
"""


def test_an_agent_runs_the_checks_that_a_left_out_one_declares() -> None:
    Path("s.yaml").write_text(CHECKED, encoding="utf-8")
    [checks] = load("s.yaml", "pr").checks
    assert (checks.name, checks.scenario_ids) == ("whole", ("tc-1",))


def test_the_note_on_versions_is_about_what_runs(tmp_path: Path) -> None:
    del tmp_path
    Path("s.yaml").write_text(
        "version: 1\nsessions: {a: {pathway_id: p, version_number: 3, tags: [x]}, b: {pathway_id: p}}\n"
        "environments: {pr: {only: [x]}}\n",
        encoding="utf-8",
    )
    assert check_environments(check_document("s.yaml"), ["pr"]) is None
