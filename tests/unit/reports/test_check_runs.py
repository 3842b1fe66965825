"""Check runs in the reports, beside sessions and alone."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from datetime import date
from typing import TYPE_CHECKING, Any, Final

import pytest
from jsonschema import Draft202012Validator
from lxml import etree
from lxml import html as lxml_html

from tests.support.paths import EXAMPLES, ROOT
from tests.support.results import (
    check_result_of,
    check_run_of,
    gated_check_run_of,
    gated_run_of,
    judge_of,
    mixed_sample,
    report_of,
    result_of,
    status_of,
)
from tornado_resource.declarations.model import Gate
from tornado_resource.declarations.quarantine import Quarantine
from tornado_resource.reports.console import failure_message
from tornado_resource.reports.github import annotation_lines
from tornado_resource.reports.html import html
from tornado_resource.reports.junit import junit
from tornado_resource.reports.outcomes import advice, gate_text, headings, judge_views, nouns, parts, quarantine_views
from tornado_resource.reports.summary import summary
from tornado_resource.reports.verdicts_json import verdicts_json
from tornado_resource.runs.kinds import count_runs
from tornado_resource.runs.model import HIDDEN, Mismatch

if TYPE_CHECKING:
    from tornado_resource.bland.check_runs import JudgeVerdict
    from tornado_resource.reports.model import Report
    from tornado_resource.runs.model import GatedRun, Result

NO_RESULT: Final = "\N{EN DASH}"
AGAIN: Final = "then run `pulumi up --stack dev`: it runs again, unless `rerun` is `on_change`."
RERUN: Final = "then run `pulumi up --stack dev`. Failed check runs run again, unless `rerun` is `on_change`."
GOLDEN: Final = EXAMPLES / "reports/mixed"
SCHEMA: Final = json.loads((ROOT / "schemas/verdicts.schema.json").read_text(encoding="utf-8"))
WORDS: Final = re.compile(r"session|iteration|scenario|pathway|repair", re.IGNORECASE)


def written(report: Report) -> dict[str, str]:
    return {
        "console.txt": f"{failure_message(report.results, report.stack)}\n",
        "summary.md": summary(report),
        "junit.xml": junit(report),
        "verdicts.json": verdicts_json(report),
        "annotations.txt": "".join(f"{line}\n" for line in annotation_lines(report)),
    }


def agents() -> Report:
    """The check runs alone."""
    return report_of(*(result for result in mixed_sample().results if result.gated.kind == "check_run"))


def runs_of(report: Report) -> list[GatedRun]:
    return [result.gated for result in report.results]


def visible(page: str) -> str:
    tree: Any = lxml_html.document_fromstring(page)
    for hidden in tree.xpath("//style | //script"):
        hidden.getparent().remove(hidden)
    return " ".join(tree.text_content().split())


@pytest.mark.parametrize("name", sorted(path.name for path in GOLDEN.iterdir()))
def test_a_report_of_both_kinds_matches_the_golden_file(name: str) -> None:
    """Golden: look at the change, then copy it over."""
    assert written(mixed_sample())[name] == (GOLDEN / name).read_text(encoding="utf-8")


def test_every_golden_file_is_compared() -> None:
    assert {path.name for path in GOLDEN.iterdir()} == {*written(mixed_sample())}


def test_the_json_is_valid() -> None:
    Draft202012Validator(SCHEMA).validate(json.loads(verdicts_json(mixed_sample())))


def test_nothing_of_a_session_is_said_of_a_check_run() -> None:
    texts = {name: text.replace("sessions.yaml", "") for name, text in written(agents()).items()}
    del texts["verdicts.json"]  # whose keys are those of both
    assert {name: WORDS.findall(text) for name, text in texts.items()} == {name: [] for name in texts}
    assert WORDS.findall(visible(html(agents())).replace("sessions.yaml", "")) == []


def test_the_headings_name_what_there_is() -> None:
    both, alone, none = (headings(runs) for runs in (runs_of(mixed_sample()), runs_of(agents()), []))
    assert (both.run, both.parts, both.is_mixed, both.has_iterations) == ("Run", "Passed", True, True)
    assert (alone.run, alone.parts, alone.is_mixed, alone.has_iterations) == ("Check run", "Judges", False, False)
    assert (none.run, none.is_mixed) == ("Run", False)
    assert count_runs(runs_of(mixed_sample())) == "4 sessions and 6 check runs"
    assert nouns(runs_of(mixed_sample())) == "sessions and check runs"
    assert (count_runs([]), nouns([])) == ("0 runs", "runs")


@pytest.mark.parametrize(
    ("gate", "word", "numbers", "met"),
    [
        (Gate(), "PASSED", (2, 2), [True, True, False]),
        (Gate("80%"), "PASSED", (1, 2), [True, False, False]),
        (Gate("any"), "PASSED", (2, 2), [True, True, False]),
        (Gate("80%", judges={"brief": "20%"}), "PASSED", (2, 3), [True, False, True]),
        (Gate("any", judges={"brief": "20%"}), "PASSED", (1, 1), [True, True, True]),
    ],
)
def test_the_judges_that_decide_are_counted(gate: Gate, word: str, numbers: tuple[int, int], met: list[bool]) -> None:
    run = check_run_of(word, judge_of("a", 0.9), judge_of("b", 0.6), judge_of("brief", 0.3, is_required=False))
    result = check_result_of(gated_check_run_of("support", gate=gate), run)
    assert (parts(result).passed, parts(result).total) == numbers
    assert [view.is_met for view in judge_views(result)] == met


def test_a_bar_shows_the_rate_and_what_the_gate_requires() -> None:
    tree = lxml_html.document_fromstring(html(agents()))
    row = tree.xpath("//section[@data-name='support']//ul[@class='judges']/li[2]")[0]
    assert row.get("class") == "failed"
    assert [float(rect.get("width")) for rect in row.xpath(".//rect")] == [200, pytest.approx(133.3)]
    assert row.xpath(".//path/@d") == ["M160 0v16"]
    assert " ".join(row.text_content().split()) == "polite & calm 66.6% matched the gate requires 80%"


def test_a_pass_with_a_rate_of_nothing_has_an_empty_bar() -> None:
    run = check_run_of("PASSED", judge_of("resolved", 1.0), judge_of("brief", 0.0, is_required=False))
    tree = lxml_html.document_fromstring(html(report_of(check_result_of(gated_check_run_of("support"), run))))
    assert len(tree.xpath("//li[@class='aside']//rect")) == 1


HOSTILE: Final = "<img src=x onerror=alert(1)> | `x` ]]> \x1b[31m @team {{ 7*7 }}"


def hostile() -> Result:
    run = check_run_of("FAILED", judge_of(HOSTILE, 0.4), version_id=HOSTILE, semver=HOSTILE, error_message=None)
    gated = gated_check_run_of("support", request={"agent_id": HOSTILE, "env": HOSTILE, "version_id": HOSTILE})
    return check_result_of(gated, run, mismatches=(Mismatch(HOSTILE, HOSTILE, HOSTILE, HOSTILE, HOSTILE),))


def test_text_of_judges_is_escaped_for_each_report() -> None:
    report = report_of(hostile())
    tree = lxml_html.document_fromstring(html(report))
    assert not tree.xpath("//img | //*[@onerror] | //*[@style]")
    assert etree.fromstring(junit(report).encode()) is not None
    assert "<img" not in summary(report)
    assert "\x1b" not in "".join([*written(report).values(), html(report)])


def test_a_secret_agent_is_in_no_report() -> None:
    result = check_result_of(gated_check_run_of("support", is_place_secret=True), check_run_of("PASSED"))
    agent_id = result.gated.request["agent_id"]
    report = report_of(replace(result, drift=f"agent {agent_id} could not be read"))
    texts = [*written(report).values(), html(report)]
    assert not any(agent_id in text for text in texts)
    assert HIDDEN in verdicts_json(report)


def test_the_advice_after_an_error_is_not_about_the_agent() -> None:
    result = check_result_of(gated_check_run_of("support"), check_run_of("ERROR"))
    assert advice(result, "dev") == (
        "Look at the run in Bland's dashboard, and at the credit and the limits of the account, then run "
        "`pulumi up --stack dev`: it runs again, unless `rerun` is `on_change`."
    )


@pytest.mark.parametrize(
    ("gate", "judges", "told"),
    [
        (Gate(), [judge_of("a", 1.0, is_required=False)], f"Let a judge of the agent's checks be required, {AGAIN}"),
        (
            Gate(),
            [judge_of("a", None)],
            f"Look at its conversations in Bland's dashboard, and at the prompts of the judges, {AGAIN}",
        ),
        (Gate(), [judge_of("a", 0.4)], f"Look at the check run and the checks in Bland's dashboard, {AGAIN}"),
        (Gate(), [], f"Look at the check run and the checks in Bland's dashboard, {AGAIN}"),
        (Gate(judges={"b": "80%"}), [judge_of("a", 1.0)], f"Correct its `gate`, {RERUN}"),
    ],
)
def test_the_advice_is_about_what_is_in_doubt(gate: Gate, judges: list[JudgeVerdict], told: str) -> None:
    """Also where only the verdict is left, as in `report` from the stack's outputs."""
    result = check_result_of(gated_check_run_of("support", gate=gate), check_run_of("PASSED", *judges))
    assert result.verdict.outcome == "incomplete"
    assert advice(result, "dev") == told
    if judges and "Look at the check run" not in told:
        assert advice(replace(result, status=None), "dev") == told


def test_the_advice_for_too_much_quarantine_is_to_shorten_it() -> None:
    gate = Gate(quarantine=(Quarantine("a", "flaky", "2026-12-31"),))
    result = check_result_of(gated_check_run_of("support", gate=gate), check_run_of("FAILED", judge_of("a", 0.4)))
    assert result.verdict.outcome == "incomplete"
    assert advice(result, "dev") == f"Shorten its `quarantine`, {RERUN}"


def test_a_page_says_no_result_where_there_is_none() -> None:
    error = check_result_of(gated_check_run_of("a"), check_run_of("ERROR", completed_at=None))
    session = result_of(gated_run_of("b"), None)
    tree = lxml_html.document_fromstring(html(report_of(error, session)))
    rows = [[" ".join(cell.text_content().split()) for cell in row][2:5] for row in tree.xpath("//nav//tbody/tr")]
    assert rows == [[NO_RESULT, "", NO_RESULT], [NO_RESULT] * 3]


def test_a_case_of_a_judge_has_a_name_of_its_own() -> None:
    run = check_run_of("PASSED", judge_of("gate", 1.0), judge_of("tone", 1.0), judge_of("tone", 0.9), judge_of(" ", 1))
    root = etree.fromstring(junit(report_of(check_result_of(gated_check_run_of("support"), run))).encode())
    names = [case.get("name") for case in root.iter("testcase")]
    assert names == ["gate", "gate #2", "tone", "tone #2", "a judge without a name"]


def test_the_cost_is_shown_where_it_is_known() -> None:
    result = next(result for result in agents().results if result.cost_usd is not None)
    assert "1.25 US$" in visible(html(report_of(result)))
    assert "Cost" not in visible(html(report_of(replace(result, cost_usd=None))))


def test_a_recorded_check_run_says_where_its_conversations_are() -> None:
    passed = check_result_of(gated_check_run_of("a"), check_run_of("PASSED", judge_of("resolved", 1.0)))
    note = "`tornado-resource report` shows the conversations too".replace("`", "")
    assert note in visible(html(report_of(replace(passed, status=None))))
    assert note not in visible(html(report_of(passed)))


def test_the_overview_counts_both_kinds() -> None:
    session = result_of(gated_run_of("a"), status_of("COMPLETED_ALL_PASSED", ("sc-1",), ()))
    run = check_result_of(gated_check_run_of("b"), check_run_of("PASSED", judge_of("resolved", 1.0)))
    foot = lxml_html.document_fromstring(html(report_of(session, run))).xpath("//tfoot")[0]
    assert " ".join(foot.text_content().split()).startswith("1 session and 1 check run2 passed 1/1 scenario1/1 judge")


def test_a_judge_that_the_gate_names_by_its_id_is_shown_by_its_name() -> None:
    judges = (judge_of("Resolved", 0.7), judge_of("Polite", 0.4))
    ids = {each.name: each.judge_id or "" for each in judges}
    excused = Quarantine(ids["Polite"], "flaky", "2026-12-31")
    gate = Gate(judges={ids["Resolved"]: "80%"}, quarantine=(excused,))
    result = check_result_of(gated_check_run_of("support", gate=gate), check_run_of("FAILED", *judges))
    assert [each.requirement for each in judge_views(result)] == [
        "the gate requires 80%",
        "in quarantine until 2026-12-31",
    ]
    assert gate_text(gate, result.verdict.judges or ()) == "all, Resolved: 80%"
    [view] = quarantine_views(result, date(2026, 12, 1))
    assert (view.label, view.found) == (f"Polite ({ids['Polite']})", "failed")
