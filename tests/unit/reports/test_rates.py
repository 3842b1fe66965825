"""The rates of a confirmation in every report, the lowest first, with their intervals."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest
from jsonschema import Draft202012Validator
from lxml import etree
from lxml import html as lxml_html

from tests.support.paths import ROOT
from tests.support.results import gated_run_of, report_of, result_of, status_of
from tornado_resource.declarations.model import Confirm, Gate
from tornado_resource.declarations.quarantine import Quarantine
from tornado_resource.reports.console import failure_message
from tornado_resource.reports.html import html
from tornado_resource.reports.junit import junit
from tornado_resource.reports.outcomes import advice, gate_text
from tornado_resource.reports.rates import RateView, rate_views
from tornado_resource.reports.summary import MAX_SECTIONS, summary
from tornado_resource.reports.verdicts_json import verdicts_json
from tornado_resource.runs.confirmation import judged_again, unconfirmed

if TYPE_CHECKING:
    from tornado_resource.runs.model import Result

GATE = Gate(confirm=Confirm(5, "80%"))
IDS = ("sc-1", "sc-2", "sc-3")
NAMES = {"sc-1": "Refund", "sc-2": "Cancel | now"}
REFUND = "20% (1 of 5 runs; 95% interval 4% to 62%)"


def confirmed(*rates: tuple[int, int], gate: Gate = GATE) -> Result:
    """A session that passed, and how often each of its scenarios passed of the runs with a result."""
    result = result_of(
        gated_run_of("booking", gate=gate), status_of("COMPLETED_ALL_PASSED", IDS, (), unfixable_ids=()), names=NAMES
    )
    found: Any = {f"sc-{number}": {"passed": each[0], "runs": each[1]} for number, each in enumerate(rates, 1)}
    return judged_again(result, {"set_id": "set-1", "runs": 5, "scenarios": found})


FAILED = confirmed((1, 5), (4, 5), (5, 5))


def cases(result: Result) -> dict[str, tuple[str, str]]:
    """By case, what it is, and the rate in it."""
    root: Any = etree.fromstring(junit(report_of(result)).encode())
    found = {}
    for case in root.iter("testcase"):
        kinds = [child.tag for child in case if child.tag != "system-out"]
        found[case.get("name")] = ((kinds or ["passed"])[0], case.findtext("system-out") or "")
    return found


def test_the_lowest_rate_is_the_first() -> None:
    views = rate_views(confirmed((5, 5), (1, 5), (0, 0)))
    assert [view.scenario_id for view in views] == ["sc-3", "sc-2", "sc-1"]
    assert [view.outcome for view in views] == ["incomplete", "failed", "passed"]
    assert views[0].shown == "none of 5 runs gave a result"
    assert RateView("sc-1", None, 3, 4, 5, 4).shown == (
        "75% (3 of 4 runs, 1 without a result; 95% interval 30% to 95%)"
    )
    assert (views[0].label, views[1].label, views[1].bar) == ("sc-3", "Cancel | now", 80)


def test_the_message_of_the_gate_has_the_lowest_rates() -> None:
    message = failure_message([FAILED], "dev") or ""
    assert f"    confirmation:\n      - Refund: {REFUND}\n      - Cancel | now: 80% (4 of 5 runs;" in message
    assert "1 of 5, the gate requires 4 of 5 runs (80%)" in message
    many = judged_again(
        FAILED,
        {"set_id": "s", "runs": 5, "scenarios": {f"sc-{number}": {"passed": 0, "runs": 5} for number in range(9)}},
    )
    assert "    confirmation, 5 of 9, the lowest first:\n" in (failure_message([many], "dev") or "")


def test_the_summary_has_the_rates_of_what_passed_too() -> None:
    text = summary(report_of(FAILED))
    assert f"- **Confirmation:** 3 scenarios\n  - ■■□□□□□□□□ Refund: {REFUND}; the gate requires 4 of 5\n" in text
    assert "Cancel &#124; now" in text
    passed = summary(report_of(confirmed((5, 5), (4, 5), (5, 5))))
    assert "### ✅ booking\n\n- **Confirmation:** 3 scenarios\n" in passed
    many = summary(report_of(*[confirmed((5, 5), (5, 5), (5, 5))] * (MAX_SECTIONS + 2)))
    assert "… and 2 more confirmed: see `report.html`." in many
    long = judged_again(
        FAILED,
        {"set_id": "s", "runs": 5, "scenarios": {f"sc-{number}": {"passed": 0, "runs": 5} for number in range(25)}},
    )
    assert "  - and 5 more\n" in summary(report_of(long))


def test_a_case_has_its_rate_and_fails_if_it_is_too_low() -> None:
    found = cases(FAILED)
    assert found["Refund"] == ("failure", f"{REFUND}; the gate requires 4 of 5")
    assert found["Cancel | now"][0] == found["sc-3"][0] == "passed"
    assert cases(confirmed((5, 5), (4, 4), (5, 5)))["Cancel | now"][0] == "error"


def test_a_case_in_quarantine_is_skipped() -> None:
    gate = replace(GATE, quarantine=(Quarantine("sc-1", "mishears numbers", "2026-12-31"),))
    result = confirmed((1, 5), (5, 5), (5, 5), gate=gate)
    assert result.verdict.outcome == "passed"
    assert cases(result)["Refund"] == ("skipped", f"{REFUND}; in quarantine")


def test_the_page_shows_the_rates_as_bars() -> None:
    page: Any = lxml_html.document_fromstring(html(report_of(FAILED)))
    rows = page.xpath("//ul[contains(@class, 'rates')]/li")
    assert [row.get("class") for row in rows] == ["failed", "passed", "passed"]
    assert " ".join(rows[0].text_content().split()) == (
        "Refund 20% (1 of 5 runs) 95% interval 4% to 62%; the gate requires 4 of 5"
    )
    assert rows[0].xpath(".//path/@d") == ["M7.2 8H124.9", "M160 0v16"]
    silent: Any = lxml_html.document_fromstring(html(report_of(confirmed((0, 0), (5, 5), (5, 5)))))
    row = silent.xpath("//ul[contains(@class, 'rates')]/li")[0]
    assert " ".join(row.text_content().split()) == "Refund none of 5 runs gave a result the gate requires 4 of 5"
    assert row.xpath(".//path/@d") == ["M160 0v16"]


@pytest.mark.parametrize("result", [FAILED, unconfirmed(confirmed((5, 5), (5, 5), (5, 5)))], ids=["failed", "not yet"])
def test_the_json_is_of_the_schema(result: Result) -> None:
    schema = json.loads((ROOT / "schemas/verdicts.schema.json").read_text(encoding="utf-8"))
    content = json.loads(verdicts_json(report_of(result)))
    Draft202012Validator(schema).validate(content)
    assert content["sessions"]["booking"]["gate"]["confirm"] == {"runs": 5, "passed": "80%"}
    assert content["sessions"]["booking"]["confirmation"]["set_id"] == "set-1"


def test_what_to_do_starts_no_other_session() -> None:
    result = unconfirmed(confirmed((5, 5), (5, 5), (5, 5)))
    assert advice(result, "dev") == (
        "Run `pulumi up --stack dev`: it confirms the pass, and starts no other session. With `tornado:wait` false, it "
        "does not."
    )
    assert gate_text(GATE) == "all, confirm: 4 of 5 runs (80%)"
