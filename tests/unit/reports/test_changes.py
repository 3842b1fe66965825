"""What differs between two versions, as people and programs get it."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest

from tests.support.payloads import PAYLOADS, commands, shows
from tests.support.results import gated_run_of, report_of, result_of, status_of
from tornado_resource.bland.content import Content, parse_content
from tornado_resource.reports.changes import as_json, markdown, text
from tornado_resource.reports.html import html
from tornado_resource.versions.difference import Changes, compare_contents


def content(*nodes: dict[str, Any]) -> Content:
    found = parse_content(json.dumps({"nodes": nodes}).encode())
    assert found is not None
    return found


def changes(before: str, after: str, name: str = "refund") -> Changes:
    old, new = (content({"id": name, "data": {"prompt": prompt}}) for prompt in (before, after))
    return compare_contents(old, new, ("version 6", "version 7"))


def digits(found: Changes) -> tuple[str, str]:
    return (found.before.digest[:21], found.after.digest[:21])


def test_the_text_is_for_a_terminal() -> None:
    found = changes("Be kind.\nAsk for the name.", "Be kind.\nAsk for the number.")
    before, after = digits(found)
    assert text("support-line", found) == (
        f"support-line: version 6 ({before}) → version 7 ({after})\n"
        "  ~ node refund\n"
        "      data.prompt:\n"
        "          Be kind.\n"
        "        - Ask for the name.\n"
        "        + Ask for the number."
    )


def test_the_markdown_is_a_diff_with_its_marks_in_front() -> None:
    found = changes("a", "b")
    before, after = digits(found)
    assert markdown("support-line", found) == (
        f"### support-line: version 6 ({before}) → version 7 ({after})\n"
        "\n"
        "```diff\n"
        "~   node refund\n"
        "       data.prompt:\n"
        "-         a\n"
        "+         b\n"
        "```"
    )


def test_unchanged_lines_have_no_mark_in_markdown() -> None:
    shown = markdown("support-line", changes("\n- Be kind.\na", "\n- Be kind.\nb"))
    assert shown.splitlines()[5:9] == ["          ", "          - Be kind.", "-         a", "+         b"]


def test_no_text_ends_the_code_block() -> None:
    shown = markdown("support-line", changes("a", "````\n# Heading\n````"))
    assert shown.splitlines()[2] == "`````diff"
    assert shown.splitlines()[-1] == "`````"


def test_the_same_content_is_said_to_be_the_same() -> None:
    assert text("a", changes("x", "x")).endswith("\n  no difference")


def test_what_is_left_out_is_counted() -> None:
    found = changes("a", "b")
    more = replace(found, parts=(replace(found.parts[0], omitted=2),), omitted=1)
    assert text("a", more).endswith("\n      and 2 more values\n  and 1 more part")
    assert (as_json(more)["omitted"], as_json(more)["parts"][0]["omitted"]) == (1, 2)


def test_the_json_has_all_of_it() -> None:
    found = changes("a", "b")
    assert as_json(found) == {
        "before": {"label": "version 6", "content": found.before.digest},
        "after": {"label": "version 7", "content": found.after.digest},
        "parts": [
            {
                "kind": "node",
                "id": "refund",
                "change": "changed",
                "fields": [{"path": "data.prompt", "lines": ["- a", "+ b"]}],
                "omitted": 0,
            }
        ],
        "omitted": 0,
    }


@pytest.mark.parametrize("payload", PAYLOADS.values(), ids=PAYLOADS)
def test_no_text_of_a_pathway_is_a_command(payload: str) -> None:
    found = changes("x", f"y\n{payload}", name=payload[:90])
    for shown in (text("a", found), markdown("a", found)):
        assert (shows(shown), commands(shown)) == ([], [])


def page(found: Changes) -> str:
    status = status_of("COMPLETED_ALL_PASSED", ("a",), (), forked_version=7)
    return html(report_of(replace(result_of(gated_run_of("support-line"), status), changes=found)))


def test_the_page_shows_what_the_session_changed() -> None:
    shown = page(changes("Be kind.", "Be very kind."))
    assert "<h3>What the session changed</h3>" in shown
    assert '<span class="removed">- Be kind.' in shown
    assert '<span class="added">+ Be very kind.' in shown
    assert "What the session changed" not in html(report_of(result_of(gated_run_of("a"), None)))
    assert "Nothing that a call could notice." in page(changes("x", "x"))


@pytest.mark.parametrize("payload", ["<script>alert(1)</script>", "</pre><img src=x onerror=alert(1)>"])
def test_the_page_runs_nothing_from_a_pathway(payload: str) -> None:
    shown = page(changes("x", payload, name=payload))
    assert payload not in shown
    assert "&lt;" in shown
