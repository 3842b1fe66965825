from __future__ import annotations

import base64
import hashlib
import re
from dataclasses import replace

import pytest
import screenshots
from lxml import etree
from lxml import html as lxml_html

from tests.support.hostile_page import HOSTILE, hostile_page
from tests.support.large_report import iterations, large
from tests.support.results import gated_run_of, report_of, result_of, sample, status_of
from tornado_resource.bland.sessions import Iteration
from tornado_resource.reports.html import CHART_HEIGHT, HERE, MAX_OPEN, chart, html
from tornado_resource.runs.verdict import unknown_result
from tornado_resource.stacks.rollback import Rollback

SCRIPT = (HERE / "report.js").read_text(encoding="utf-8")


@pytest.mark.parametrize("text", HOSTILE)
def test_text_from_the_api_is_escaped(text: str) -> None:
    page = hostile_page(text)
    tree = lxml_html.document_fromstring(page)
    assert tree.xpath("//script/text()") == [SCRIPT]
    assert not tree.xpath("//img | //svg[@onload] | //*[@onerror] | //*[@style]")
    assert {link.get("href")[0] for link in tree.xpath("//a")} == {"#"}
    assert not re.search(r"[\x00-\x09\x0b-\x1f\x7f-\x9f\u202a-\u202e\ud800-\udfff]", page)
    assert "49" not in tree.xpath("string(//section)") or "{{" not in text


def test_a_problem_of_the_update_is_shown_above_the_sessions() -> None:
    tree = lxml_html.document_fromstring(html(replace(report_of(), problem="nothing was started:\na.yaml:3:1: <b>")))
    assert tree.xpath("string(//h1)").split() == ["?", "Incomplete"]
    assert tree.xpath("//section[@aria-label='Problem']/p/text()") == ["nothing was started:", "a.yaml:3:1: <b>"]
    assert "no session was judged" in tree.xpath("string(//header)")


def test_a_rollback_is_said_with_its_reason() -> None:
    rollback = Rollback(5, "s-5", "s-6", "INC-7: <b>")
    tree = lxml_html.document_fromstring(html(replace(report_of(), rollbacks={"support-line": rollback})))
    assert "support-line is rolled back to version 5: INC-7: <b>" in tree.xpath("//header/p/text()")


def test_the_policy_allows_the_pages_own_style_and_script_alone() -> None:
    tree = lxml_html.document_fromstring(html(sample()))
    own = [
        f"{element}-src 'sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}'"
        for element in ("style", "script")
        for text in tree.xpath(f"//{element}/text()")
    ]
    policy = tree.xpath("//meta[@http-equiv='Content-Security-Policy']/@content")
    assert policy == [f"default-src 'none'; {'; '.join(own)}; base-uri 'none'; form-action 'none'"]


def test_a_card_has_the_name_of_its_session_for_an_id() -> None:
    names = ["support-line", "sessions", "Not a name", "controls", "session-2", "support-line-name"]
    page = html(report_of(*(result_of(gated_run_of(name), None) for name in names)))
    tree = lxml_html.document_fromstring(page)
    links = [link.get("href") for link in tree.xpath("//nav//a")]
    assert links[:4] == ["#support-line", "#session.2", "#session.3", "#session.4"]
    assert links[4:] == ["#session-2", "#support-line-name"]
    assert all(len(tree.xpath(f"//details//*[@id='{link[1:]}']")) == 1 for link in links)
    ids = tree.xpath("//@id")
    assert len(ids) == len(set(ids))


def test_the_overview_has_times_and_totals() -> None:
    tree = lxml_html.document_fromstring(html(large(3)))
    assert len(tree.xpath("//nav//meter")) == len(tree.xpath("//nav//tbody//meter")) > 0
    first, *cells = (
        " ".join(cell.text_content().split()) for cell in tree.xpath("//nav//tfoot//*[self::th or self::td]")
    )
    assert first == "3 sessions"
    assert cells[0].endswith(" passed")
    assert "/" in cells[1]


def test_the_page_links_the_run_that_wrote_it() -> None:
    url = "https://github.com/acme/agents/actions/runs/7"
    page = html(replace(report_of(), run_url=url))
    assert lxml_html.document_fromstring(page).xpath("//header//a/@href") == [url]


def test_the_last_fix_plan_is_beside_what_failed() -> None:
    tree = lxml_html.document_fromstring(html(sample()))
    assert tree.xpath("//section[.//h3='Failed scenarios']//h3[.='Last fix plan']")
    unmet = ".//h3='Failed scenarios' or .//h3='Unfixable scenarios'"
    assert not tree.xpath(f"//section[not({unmet})]//h3[.='Last fix plan']")


def test_the_page_refers_to_nothing_outside() -> None:
    page = html(large(12))
    assert not re.search(r"https?://|@import|url\(|\bsrc=|<link", page)


def test_sessions_that_did_not_pass_come_first() -> None:
    tree = lxml_html.document_fromstring(html(large(20)))
    outcomes = tree.xpath("//section/@data-outcome")
    assert outcomes == sorted(outcomes, key=["failed", "incomplete", "passed"].index)
    assert len(outcomes) == 20


def test_in_a_long_page_only_the_first_that_did_not_pass_are_open() -> None:
    tree = lxml_html.document_fromstring(html(large(100)))
    unfolded = tree.xpath("//section[details[@open]]/@data-outcome")
    assert len(unfolded) == MAX_OPEN
    assert "passed" not in unfolded
    assert not lxml_html.document_fromstring(html(large(12))).xpath("//section[not(details[@open])]")


def test_unknown_values_are_shown_as_unknown() -> None:
    page = html(
        report_of(unknown_result(gated_run_of("support-line", "", created_at=None, position=None), "not started"))
    )
    assert page.count("unknown") >= 6
    assert ">None<" not in page
    assert "Overview" not in page


def test_a_recorded_verdict_says_where_its_iterations_are() -> None:
    status = status_of("COMPLETED_ALL_PASSED", ("sc-1",), ())
    result = result_of(gated_run_of("a"), status)
    note = "As an earlier update recorded it. <code>tornado-resource report</code> shows the iterations too."
    assert note not in html(report_of(result))
    assert note in html(report_of(replace(result, status=None)))
    assert note not in html(report_of(result_of(gated_run_of("a"), None, "interrupted")))


def test_bars_are_in_proportion() -> None:
    bars = chart(iterations(8, 4, 0))
    assert [(bar.number, bar.passed, bar.failed) for bar in bars] == [(1, 0, 8), (2, 4, 4), (3, 8, 0)]
    assert [bar.passed_height + bar.failed_height for bar in bars] == [CHART_HEIGHT] * 3
    assert bars[1].passed_height == CHART_HEIGHT / 2
    assert chart((Iteration(None, None, None, (), (), ()),))[0].passed_height == 0


def test_scenarios_show_by_name_and_fixes_by_node() -> None:
    status = status_of("COMPLETED_PARTIAL", ("sc-1",), ("sc-2",))
    page = html(report_of(result_of(gated_run_of("support-line"), status, names={"sc-2": "Refunds an order"})))
    assert re.search(r"<li>Refunds an order <code>sc-2</code></li>", page)
    assert "refund_node" in page


def test_the_page_is_well_formed() -> None:
    parser = etree.HTMLParser(recover=False)
    etree.fromstring(html(large(3)).replace("<nav", "<div").replace("</nav", "</div").encode(), parser)


def test_the_screenshots_in_the_docs_show_this_page() -> None:
    recorded = screenshots.DIGEST.read_text(encoding="utf-8")
    assert screenshots.digest(screenshots.page_text()) == recorded, "run `python tools/screenshots.py`"
