from __future__ import annotations

from dataclasses import replace

import pytest
from markdown_it import MarkdownIt

from tests.support.paths import EXAMPLES
from tests.support.results import FIX, gated_run_of, report_of, result_of, sample, status_of
from tornado_resource.bland.sessions import Iteration
from tornado_resource.reports.summary import (
    CUT_SUMMARY,
    MAX_SECTION_SCENARIOS,
    MAX_SECTIONS,
    MAX_SUMMARY_CHARACTERS,
    escape,
    summary,
)
from tornado_resource.stacks.rollback import Rollback

GOLDEN = EXAMPLES / "reports/summary.md"
MARKDOWN = MarkdownIt("commonmark", {"html": True}).enable(["table", "strikethrough"])


def test_the_summary_matches_the_golden_file() -> None:
    """Golden: look at the change, then copy it over."""
    assert summary(sample()) == GOLDEN.read_text(encoding="utf-8")


def test_a_problem_of_the_update_comes_first_with_a_line_for_each_part() -> None:
    page = MARKDOWN.render(summary(replace(report_of(), problem="nothing was started:\na.yaml:3:1: <b>\nline 3")))
    assert "Tornado gate incomplete: no session</h2>" in page
    many = summary(replace(report_of(), problem="\n".join(map(str, range(MAX_SECTION_SCENARIOS + 4)))))
    assert "”\n  - and 3 more: see `verdicts.json`\n" in many
    assert "<li><strong>Problem:</strong> nothing was started:\n<ul>\n<li>“a.yaml:3:1: &lt;b&gt;”</li>" in page


def test_the_markdown_renders_as_a_table_and_sections() -> None:
    page = MARKDOWN.render(summary(sample()))
    assert page.count("<tr>") == 7
    assert page.count("<td>") == 18
    assert page.count("<h3>") == 4
    assert "<li>“Refund | within 30 days (sc-refund)”</li>" in page


@pytest.mark.parametrize(
    "text",
    [
        "a | b",
        "a \\| b \\",
        "`code` ``",
        "<b>&lt;</b> <!-- x -->",
        "[x](javascript:alert(1)) ![y](z)",
        "*a* __b__ ~~c~~ _d_",
        "$x$ #1 1. - + >",
        "&#60;script&#62;",
    ],
)
def test_text_from_outside_renders_as_plain_text(text: str) -> None:
    shown = text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;").replace('"', "&quot;")
    assert MARKDOWN.render(f"x {escape(text)} y") == f"<p>x {shown} y</p>\n"
    table = MARKDOWN.render(f"| a | b |\n| --- | --- |\n| x {escape(text)} y | z |\n")
    assert f"<td>x {shown} y</td>\n<td>z</td>" in table


@pytest.mark.parametrize("text", ["@everyone", "a@example.com", "https://x.example", "www.x.example", "mailto:a@b.c"])
def test_nothing_becomes_a_link_or_a_mention(text: str) -> None:
    assert "&#8288;" in escape(text)
    assert MARKDOWN.render(escape(text)).replace("\u2060", "") == f"<p>{text}</p>\n"


def test_line_breaks_become_spaces() -> None:
    assert escape("a\r\n\n| b |\t# c\n") == "a &#124; b &#124; \\# c"


def test_many_sessions_and_long_texts_stay_within_the_limit() -> None:
    fixes = tuple(FIX for _ in range(40))
    words = tuple("<&@|" * 2500 + str(number) for number in range(50))
    status = status_of("COMPLETED_PARTIAL", (), words, iterations=(Iteration(1, None, None, (), words, fixes),))
    results = [result_of(gated_run_of(f"s-{number}", "<" * 10_000), status) for number in range(150)]
    text = summary(report_of(*results))
    assert len(text) <= MAX_SUMMARY_CHARACTERS
    assert text.endswith(CUT_SUMMARY)


def test_so_many_sessions_get_a_section() -> None:
    status = status_of("COMPLETED_PARTIAL", ("sc-1",), tuple(f"sc-{number}" for number in range(2, 60)))
    results = [result_of(gated_run_of(f"s-{number}"), status) for number in range(MAX_SECTIONS + 1)]
    text = summary(report_of(*results))
    assert text.count("### ") == MAX_SECTIONS
    assert text.endswith("… and 1 failed more: see `report.html`.\n")
    assert text.count("  - and 38 more\n") == MAX_SECTIONS


def test_rows_beyond_the_limit_are_counted() -> None:
    passed = status_of("COMPLETED_ALL_PASSED", ("sc-1",), ())
    text = summary(report_of(*(result_of(gated_run_of(f"s-{number}"), passed) for number in range(1002))))
    assert "… and 2 sessions more: see `verdicts.json`." in text


def test_a_summary_without_sessions() -> None:
    assert summary(report_of()).startswith("## ✅ Tornado gate passed: no session\n")


def test_a_rollback_is_said_with_its_reason() -> None:
    rollbacks = {f"a{number}": Rollback(5, "s-5", "s-6", "INC-7: <b>") for number in range(MAX_SECTIONS + 2)}
    text = summary(replace(report_of(), rollbacks=rollbacks))
    page = MARKDOWN.render(text)
    assert "<strong>a0</strong> is rolled back to version 5: INC-7: &lt;b&gt;" in page
    assert "and 2 more rollbacks: see `verdicts.json`" in text
