"""Hostile text in every field of the API, and what every report, message and table makes of it."""

from __future__ import annotations

import io
import json
import re
import unicodedata
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Final

import pytest
from jsonschema import Draft202012Validator
from junitparser import JUnitXml
from lxml import etree
from lxml import html as lxml_html
from markdown_it import MarkdownIt
from rich.console import Console

from tests.support.paths import ROOT
from tests.support.results import PATHWAY_ID, gated_session_of, report_of, result_of
from tornado_resource.bland.responses import Active, Started, Status, parse_scenarios
from tornado_resource.cli.live import LiveTable
from tornado_resource.cli.status import _lines
from tornado_resource.core.positions import Position
from tornado_resource.core.text import clean
from tornado_resource.declarations.model import Declaration, Environment, Gate
from tornado_resource.errors import OutcomeUnknown
from tornado_resource.gate.polling import Progress, gone, progress_line
from tornado_resource.promotion.check import SourceStack, check_promotion
from tornado_resource.promotion.record import PromotedSession, Promotion
from tornado_resource.reports.console import failure_message
from tornado_resource.reports.github import annotation_lines
from tornado_resource.reports.html import html
from tornado_resource.reports.junit import junit
from tornado_resource.reports.outcomes import advice
from tornado_resource.reports.summary import summary
from tornado_resource.reports.verdicts import verdicts_json

if TYPE_CHECKING:
    from collections.abc import Callable

    from tornado_resource.gate.model import GatedSession, Result
    from tornado_resource.reports.model import Report

JUNIT_SCHEMA = etree.XMLSchema(etree.parse(str(ROOT / "tests/examples/junit.xsd")))
MARKDOWN = MarkdownIt("commonmark", {"html": True}).enable(["table", "strikethrough"])
COMMAND: Final = re.compile(r"::(error|warning) ([a-z]+=[^:,\n]*,){0,3}title=[^:,\n]*::[^\n]*")
PAYLOADS: Final = {
    "clear screen": "\x1b[2J\x1b[H",
    "colour": "\x1b[31mred\x1b[0m",
    "conceal": "\x1b[8mhidden",
    "cursor up": "\x1b[1A\x1b[2Kgone",
    "title": "\x1b]0;title\x07",
    "hyperlink": "\x1b]8;;https://evil.example\x1b\\text\x1b]8;;\x1b\\",
    "clipboard": "\x1b]52;c;cm0gLXJmIC8=\x07",
    "reset": "\x1bc",
    "device control": "\x1bP$q\x1b\\",
    "report": "\x1b[6n",
    "bell": "a\x07b",
    "backspace": "passed\x08\x08\x08\x08\x08\x08failed",
    "delete": "a\x7fb",
    "C1 CSI": "\x9b31m",
    "C1 OSC": "\x9d0;x\x9c",
    "C1 DCS": "\x90q\x9c",
    "next line": "a\x85::error::x",
    "overwrite": "failed\rpassed",
    "NUL": "a\x00b",
    "vertical tab": "a\x0bb",
    "form feed": "a\x0cb",
    "file separators": "a\x1c\x1d\x1e\x1fb",
    "shift out": "\x0e\x0f",
    "all C0": "".join(map(chr, range(32))),
    "all C1": "".join(map(chr, range(127, 160))),
    "right to left": "\u202edetcejer\u202c",
    "isolates": "\u2066a\u2067b\u2068c\u2069",
    "marks": "\u200e\u200f\u061c",
    "line separators": "a\u2028::error::b\u2029::error::c",
    "zero width": "a\u200b\u200c\u200d\u2060\ufeffb",
    "invisible operators": "\u2061\u2062\u2063\u2064",
    "annotations": "\ufff9a\ufffab\ufffb",
    "tags": "\U000e0001\U000e0041\U000e007f",
    "soft hyphen": "a\xadb",
    "non-characters": "\ufffe\uffff\ufdd0\U0001fffe\U0010ffff",
    "high surrogate": "a\ud800b",
    "low surrogate": "a\udc00b",
    "pair the wrong way": "\udc00\ud800",
    "Pulumi colour": "<{%fg 1%}>red<{%reset%}>",
    "Pulumi colour, doubled": "<<{%fg 1%}>{%fg 1%}>",
    "Pulumi colour, hidden": "<\u200b{%fg 1%}>",
    "add-mask": "::add-mask::x",
    "indented command": "   ::stop-commands::x",
    "command in a new line": "x\n::error file=a::b",
    "command after CR LF": "x\r\n  ::error::b",
    "command, encoded": "%0A::error::x%0D%0A::error::y",
    "set-output": "\n::set-output name=a::b",
    "old command": "##[error]x",
    "old command in a new line": "x\n  ##[add-path]/tmp",
    "old-style logging": "##vso[task.setvariable variable=a]b",
    "property": "a,line=9,title=b::c",
    "end of CDATA": "]]>",
    "CDATA": "<![CDATA[x]]>",
    "entity": '<!DOCTYPE a [<!ENTITY x SYSTEM "file:///etc/passwd">]>&x;',
    "processing": "<?xml version='1.0'?><?php ?>",
    "closing tags": "</failure></testcase></testsuite></testsuites>",
    "end of attribute": '"><x y="',
    "comment": "--><!-- -- -->",
    "ampersands": "&amp;&lt;script&gt;&#60;&#x3c;&nbsp;&bogus;",
    "script": "<script>alert(1)</script>",
    "image": "<img src=x onerror=alert(1)>",
    "svg": "<svg/onload=alert(1)>",
    "frame": "<iframe srcdoc='<script>x</script>'>",
    "details": "</td></table><details open ontoggle=x>",
    "open tag": "<a href=",
    "autolink": "<https://evil.example> <mailto:a@b.example>",
    "bare link": "https://evil.example www.evil.example a@evil.example",
    "link": "[x](javascript:alert(1))",
    "image link": "![x](https://evil.example/pixel.png)",
    "reference": "[x][y]\n\n[y]: https://evil.example",
    "footnote": "[^1]\n\n[^1]: x",
    "mention": "@everyone @org/team",
    "issue": "#1 GH-1 org/repo#1",
    "pipes": "| a | b |\n| --- | --- |\n| c | d |",
    "escaped pipe": "a \\| b \\\\| c \\",
    "backticks": "`a` ``b`` ```\nc\n```",
    "fence": "\n~~~\nx\n~~~\n",
    "heading": "# x\n## y\nx\n===",
    "lists": "\n- a\n1. b\n> c\n* * *",
    "emphasis": "**a** __b__ *c* _d_ ~~e~~",
    "mathematics": "$x$ $$\\href{javascript:x}{y}$$",
    "indented code": "\n\n        x",
    "formula": '=HYPERLINK("https://evil.example")',
    "formulas": "+1\t-1\t@SUM(A1)",
    "format": "%s%n {0} {self} ${PATH} $(id) `id`",
    "template": "{{7*7}} {% x %} ${{ github.token }}",
    "quotes": "'\"“”«»",
    "path": "../../etc/passwd",
    "empty": "",
    "spaces": "   ",
    "very long": "A" * 10_000,
    "very long and hostile": "<|\x1b`@\n" * 1500,
    "long marks": "e" + "\u0301" * 5000,
}


def results(text: str) -> list[tuple[GatedSession, Status, Result]]:
    """Parse responses that have *text* in every field, and judge them in every way."""
    name = text if text and not re.search("[\ud800-\udfff]", text) else "-"
    started = Started.parse({"session_id": name, "created_at": text, "status": text})
    active = Active.parse({"session_id": name, "created_at": text, "status": text, "persona_id": text}, None)
    assert started is not None
    assert active is not None
    scenarios = parse_scenarios({"scenarios": [{"id": text, "name": text}, {"id": "sc-1", "name": text}]})
    names = {scenario.scenario_id: scenario.name for scenario in scenarios or () if scenario.name}
    request = {"pathway_id": PATHWAY_ID, "scenario_ids": [text, "sc-2"]}
    found = []
    unanswered = f"the API request failed: {OutcomeUnknown('status', clean(text))}"
    endings = (None, None, unanswered, gone(started.session_id).given_up)
    for number, word in enumerate(("COMPLETED_PARTIAL", "ERROR", text or "-", "RUNNING")):
        status = Status.parse(response_of(text, word))
        assert status is not None
        session_id = (started, active)[number % 2].session_id
        gated = gated_session_of(f"s-{number}", session_id, created_at=started.created_at, request=request)
        found.append((gated, status, result_of(gated, status, endings[number], names)))
    raw = gated_session_of("raw", text, created_at=text, position=Position(text, 1, 1))
    found.append((raw, Status(text), result_of(raw, None, text)))
    return found


def response_of(text: str, word: str) -> dict[str, Any]:
    fix = {"target_node": text, "type": text, "description": text}
    iteration = {"iteration": 1, "started_at": text, "completed_at": text, "fix_plan": {"fixes": [fix, fix]}}
    ids = {"passed_ids": ["sc-2"], "failed_ids": [text, "sc-1"]}
    counts = {"total_scenarios": 3, "passed_scenarios": 1, "failed_scenarios": 2, "current_iteration": 1}
    times = {"elapsed_ms": text, "timeout_ms": text, "forked_version": text}
    return {"status": word, "unfixable_ids": [text, "sc-1"], "iterations": [iteration | ids], **counts, **times}


def report(text: str) -> Report:
    promotion = Promotion(text, text, {"s-0": PromotedSession(text, 1, text, (text, text))})
    return report_of(*(result for _, _, result in results(text)), promotion=promotion)


def shows(text: str) -> list[str]:
    """What would do something where it is shown: control, format, unassigned-forever and surrogate characters."""
    bad = {"Cc", "Cf", "Cs", "Zl", "Zp"}
    return [
        character
        for character in text.replace("\n", "")
        if unicodedata.category(character) in bad or ord(character) & 0xFFFE == 0xFFFE
    ]


def commands(text: str) -> list[str]:
    """The lines that a runner of GitHub Actions (or Azure Pipelines) would obey."""
    return [line for line in re.split(r"\r\n|\n|\r", text) if line.lstrip().startswith(("::", "##[", "##vso["))]


every_payload = pytest.mark.parametrize("text", PAYLOADS.values(), ids=PAYLOADS.keys())


def test_there_are_enough_payloads() -> None:
    assert len(set(PAYLOADS.values())) >= 60


@every_payload
@pytest.mark.parametrize("sink", [junit, verdicts_json, summary], ids=["junit", "verdicts", "summary"])
def test_no_report_can_control_a_terminal_or_a_runner(sink: Callable[[Report], str], text: str) -> None:
    written = sink(report(text))
    assert not shows(written.replace("\t", "") if sink is junit else written)
    assert not commands(written)
    written.encode()


@every_payload
def test_the_xml_is_valid_and_has_every_session(text: str) -> None:
    written = junit(report(text)).encode()
    root: Any = etree.fromstring(written, etree.XMLParser(resolve_entities=False))
    JUNIT_SCHEMA.assertValid(root)
    assert len(JUnitXml.fromstring(written)) == sum(1 for _ in root.iter("testsuite")) == 5
    gates = [case[0].tag for case in root.iter("testcase") if case.get("name") == "gate"]
    assert gates == ["failure", "failure", "error", "error", "error"]
    assert not any("\x1b" in (value or "") for element in root.iter() for value in (element.text, *element.values()))


@every_payload
def test_the_json_is_valid_and_keeps_the_text(text: str) -> None:
    written = verdicts_json(report(text))
    assert written.isascii()
    content = json.loads(written)
    schema = json.loads((ROOT / "schemas/verdicts.schema.json").read_text(encoding="utf-8"))
    Draft202012Validator(schema).validate(content)
    kept = re.sub("[\ud800-\udfff]", "\ufffd", text)
    session = content["sessions"]["s-0"]
    assert session["history"][0]["fixes"][1] == {"target_node": kept, "type": kept, "description": kept}
    assert kept in session["failed_ids"]


@every_payload
def test_the_markdown_has_no_active_node(text: str) -> None:
    written = summary(report(text))
    assert "<" not in written
    page = MARKDOWN.render(written)
    allowed = {"h2", "h3", "p", "table", "thead", "tbody", "tr", "th", "td", "ul", "li", "strong", "code"}
    assert set(re.findall(r"<\s*/?\s*([^\s>/]*)[^>]*>", page)) <= allowed
    assert (page.count("<h2>"), page.count("<h3>"), page.count("<tr>"), page.count("<td>")) == (1, 5, 6, 30)
    assert page.count("<code>") == sum(advice(result).count("`") // 2 for result in report(text).results)
    prose = re.sub(r"<[^>]*>", "", page)
    assert not re.search(r"@[A-Za-z0-9]|https?://|www\.", prose)


@every_payload
def test_an_annotation_is_one_line_and_one_command(text: str) -> None:
    lines = annotation_lines(report(text))
    assert len(lines) == 5
    for line in lines:
        assert not shows(line)
        assert "\n" not in line
        assert COMMAND.fullmatch(line), line
        decoded = line.replace("%0A", "\n").replace("%0D", "\r").replace("%25", "%")
        assert not shows(decoded)
        assert len(commands(decoded)) == 1


@every_payload
def test_a_progress_line_stays_one_plain_line(text: str) -> None:
    for gated, status, _ in results(text):
        line = progress_line(gated, status)
        assert not shows(line)
        assert "\n" not in line
        assert "<{%" not in line
        assert not commands(line)
        assert len(line) < 1500


@every_payload
def test_the_page_has_no_active_node(text: str) -> None:
    page = html(report(text))
    assert not shows(page.replace("\t", ""))
    tree = lxml_html.document_fromstring(page)
    assert not tree.xpath("//script | //img | //iframe | //object | //form | //base | //svg//a | //*[@style]")
    assert not [name for element in tree.iter() for name in element.attrib if str(name).startswith("on")]
    assert {link.get("href")[:1] for link in tree.xpath("//a")} == {"#"}
    assert len(tree.xpath("//section[contains(@class, 'session')]")) == 5


@every_payload
def test_the_final_message_cannot_control_a_terminal(text: str) -> None:
    found = [result for _, _, result in results(text)]
    message = failure_message(found)
    assert message is not None
    for shown in (message, "\n".join(_lines(tuple(found)))):
        assert not shows(shown)
        assert "<{%" not in shown
        assert not commands(shown)
    assert len("\n".join(_lines(tuple(found))).split("\n")) == 5


@every_payload
def test_the_live_table_cannot_control_a_terminal(text: str) -> None:
    out = io.StringIO()
    console = Console(file=out, width=100, height=40, force_terminal=False)
    table = LiveTable([result.gated for _, _, result in results(text)], console, lambda: 0.0)
    for gated, status, result in results(text):
        table.progress(result.gated)(Progress(progress_line(gated, status), is_last=False, status=status))
    console.print(table.render())
    for _, _, result in results(text):
        table.end(result)
    console.print(table.render())
    assert not shows(out.getvalue())
    assert not commands(out.getvalue())


@every_payload
def test_outputs_of_another_stack_cannot_control_a_terminal(text: str) -> None:
    declaration = Declaration("a", {"pathway_id": "p"}, Gate(), Position("s.yaml", 1, 1))
    environment = Environment("production", (declaration,), "staging", "1h")
    session = {"session_id": text, "pathway_id": "p"}
    passed = {"outcome": "passed", "session_id": text, "version": 7, "finished_at": text}
    for verdict in ({"outcome": text, "reason": text}, {"outcome": "failed", "reason": text}, passed):
        for recorded in (session, {"session_id": f"{text}2", "pathway_id": "p"}):
            source = SourceStack("staging", text, {"a": recorded}, {"a": verdict})
            for override in (None, "INC-7"):
                found = check_promotion(environment, source, datetime(2026, 4, 14, tzinfo=UTC), override)
                said = "\n".join([*found.problems.values(), *found.summaries.values()])
                assert not shows(said)
                assert "<{%" not in said
                assert not commands(said)
