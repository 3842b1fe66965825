"""Hostile text in every field of the API, and what every report, message and table makes of it."""

from __future__ import annotations

import json
import re
from dataclasses import asdict, replace
from datetime import UTC, datetime
from functools import cache
from typing import TYPE_CHECKING, Any, Final

import pytest
from jsonschema import Draft202012Validator
from junitparser import JUnitXml
from lxml import etree
from lxml import html as lxml_html
from markdown_it import MarkdownIt

from tests.support.orders import order
from tests.support.paths import ROOT
from tests.support.payloads import PAYLOADS, commands, every_payload, shows, strings
from tests.support.results import PATHWAY_ID, gated_run_of, report_of, result_of
from tornado_resource.bland.listing import parse_scenarios
from tornado_resource.bland.responses import UNREADABLE_ID
from tornado_resource.bland.scenario_runs import Transcript
from tornado_resource.bland.sessions import Active, Started, Status, session_fault
from tornado_resource.cli.live import LiveTable
from tornado_resource.cli.status import _lines
from tornado_resource.core.clock import today
from tornado_resource.core.positions import Position
from tornado_resource.core.text import clean, clean_lines
from tornado_resource.declarations.model import Declaration, Environment, Gate
from tornado_resource.errors import OutcomeUnknown
from tornado_resource.releases.promotion import SourceStack, check_promotion
from tornado_resource.reports.console import failure_message
from tornado_resource.reports.github import annotation_lines
from tornado_resource.reports.html import html
from tornado_resource.reports.junit import junit
from tornado_resource.reports.outcomes import advice
from tornado_resource.reports.summary import CUT_SUMMARY, summary
from tornado_resource.reports.verdicts_json import verdicts_json
from tornado_resource.runs.model import GatedRun
from tornado_resource.runs.order import StartedRun
from tornado_resource.runs.wait import Progress, gone, progress_line
from tornado_resource.stacks.recorded_promotion import PromotedSession, Promotion
from tornado_resource.tornado.kind import found_run

if TYPE_CHECKING:
    from collections.abc import Callable

    from tornado_resource.reports.model import Report
    from tornado_resource.runs.model import Result

JUNIT_SCHEMA = etree.XMLSchema(etree.parse(str(ROOT / "tests/examples/junit.xsd")))
MARKDOWN = MarkdownIt("commonmark", {"html": True}).enable(["table", "strikethrough"])
COMMAND: Final = re.compile(r"::(error|warning) ([a-z]+=[^:,\n]*,){0,3}title=[^:,\n]*::[^\n]*")


@cache
def results(text: str) -> list[tuple[GatedRun, Status, Result]]:
    """Parse responses that have *text* in every field, and judge them in every way."""
    started = Started.parse({"session_id": text}) or Started.parse({"session_id": "s-1"})
    timed = Started.parse({"session_id": "s-1", "created_at": text})
    assert started is not None
    scenarios = parse_scenarios({"scenarios": [{"id": "sc-1", "name": text}, {"id": "sc-2", "name": text}]})
    names = {scenario.scenario_id: scenario.name for scenario in scenarios or () if scenario.name}
    found = []
    unanswered = f"the API request failed: {OutcomeUnknown('status', clean(text))}"
    endings = (None, None, unanswered, gone(GatedRun(text, started.session_id, Gate(), {})).given_up)
    for number, word in enumerate(("COMPLETED_PARTIAL", "ERROR", text, "RUNNING")):
        status = Status.parse(response_of(text, word)) or Status.parse(response_of(text, "UNKNOWN"))
        assert status is not None
        created_at = timed.created_at if timed is not None else None
        # The completed one ran other scenarios than these, which would hide how many of them failed.
        declared = {"scenario_ids": [text, "sc-2"]} if number else {}
        request = {"pathway_id": PATHWAY_ID, **declared}
        gated = gated_run_of(f"s-{number}", started.session_id, created_at=created_at, request=request)
        judged = replace(result_of(gated, status, endings[number], names), transcripts=transcripts(text))
        found.append((gated, status, judged))
    raw = gated_run_of("raw", text, created_at=text, position=Position(text, 1, 1))
    found.append((raw, Status(text), result_of(raw, None, text)))
    return found


def transcripts(text: str) -> dict[str, Transcript]:
    run = {
        "chat_history": [{"role": text, "content": text}],
        "assertion_results": [{"name": text, "reason": text, "passed": False}, {"type": text, "passed": False}],
        "error_message": text,
    }
    found = Transcript.parse(run)
    return dict.fromkeys(("sc-1", UNREADABLE_ID, text), found) if found is not None else {}


def response_of(text: str, word: str) -> dict[str, Any]:
    fix = {"target_node": text, "type": text, "description": text}
    iteration = {"iteration": 1, "started_at": text, "completed_at": text, "fix_plan": {"fixes": [fix, fix]}}
    ids = {"passed_ids": ["sc-2"], "failed_ids": [text, "sc-1"]}
    counts = {"total_scenarios": 3, "passed_scenarios": 1, "failed_scenarios": 2, "current_iteration": 1}
    times = {"elapsed_ms": text, "timeout_ms": text, "forked_version": text}
    return {"status": word, "unfixable_ids": [text, "sc-1"], "iterations": [iteration | ids], **counts, **times}


@cache
def report(text: str) -> Report:
    promotion = Promotion(text, text, {"s-0": PromotedSession(text, 1, text, (text, text))})
    report = report_of(*(result for _, _, result in results(text)), promotion=promotion)
    return replace(report, project=text, problem=text)


def outputs(text: str) -> dict[str, Any]:
    """The stack outputs of the sessions that responses with *text* in every field start."""
    started = Started.parse({"session_id": text, "created_at": text, "status": text})
    session = StartedRun(started.session_id, started.created_at, started.status) if started is not None else None
    active = Active.parse({"session_id": "s-1", "created_at": "2026", "status": "RUNNING", "persona_id": text}, None)
    assert active is not None
    found = {result.gated.name: asdict(result.verdict) for _, _, result in results(text) if result.gated.name != "raw"}
    return {"verdicts": found, "sessions": [session and asdict(session), asdict(found_run(order(), active).run)]}


def test_there_are_enough_payloads() -> None:
    assert len(set(PAYLOADS.values())) >= 90


@every_payload
def test_no_stack_output_can_control_a_terminal(text: str) -> None:
    """Pulumi prints outputs as they are: each line by line where it has changed, and one alone by its name."""
    for shown in strings(outputs(text)):
        assert not shows(shown)
        assert "\n" not in shown
        assert "<{%" not in shown
        assert not commands(shown)


@every_payload
def test_ids_times_and_statuses_are_unchanged_or_refused(text: str) -> None:
    started = Started.parse({"session_id": text, "created_at": text, "status": text})
    assert started is None or {started.session_id, started.created_at, started.status} == {text}
    for word in ("created_at", "status"):
        given = {"session_id": "s-1", word: text}
        fault = session_fault(given)
        assert (Started.parse(given) is None) is (fault is not None)
        assert not shows(fault or "")
        assert not commands(fault or "")
    status = Status.parse(response_of(text, text))
    assert status is None or status.status == text
    kept = Status.parse(response_of(text, "RUNNING"))
    assert kept is not None
    assert kept.iterations[0].completed_at in {text, None}
    assert kept.unfixable_ids == (kept.unfixable_ids[0], "sc-1")
    assert kept.unfixable_ids[0] in {text, UNREADABLE_ID}


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
    assert len(JUnitXml.fromstring(written)) == sum(1 for _ in root.iter("testsuite")) == 6
    gates = [case[0].tag for case in root.iter("testcase") if case.get("name") == "gate"]
    assert gates == ["failure", "failure", "error", "error", "error"]
    assert not any("\x1b" in (value or "") for element in root.iter() for value in (element.text, *element.values()))


@every_payload
def test_the_json_is_valid_and_keeps_plain_text(text: str) -> None:
    written = verdicts_json(report(text))
    assert written.isascii()
    content = json.loads(written)
    schema = json.loads((ROOT / "schemas/verdicts.schema.json").read_text(encoding="utf-8"))
    Draft202012Validator(schema).validate(content)
    kept = clean_lines(text, 2000)
    session = content["sessions"]["s-0"]
    assert session["history"][0]["fixes"][1] == {"target_node": kept, "type": kept, "description": kept}
    assert {text, UNREADABLE_ID} & {*session["failed_ids"]}


@every_payload
def test_the_markdown_has_no_active_node(text: str) -> None:
    written = summary(report(text))
    assert "<" not in written
    page = MARKDOWN.render(written.removesuffix(CUT_SUMMARY))
    allowed = {"h2", "h3", "p", "table", "thead", "tbody", "tr", "th", "td", "ul", "li", "strong", "code"}
    assert set(re.findall(r"<\s*/?\s*([^\s>/]*)[^>]*>", page)) <= allowed
    assert (page.count("<h2>"), page.count("<tr>"), page.count("<td>")) == (1, 6, 15)
    if not written.endswith(CUT_SUMMARY):
        assert page.count("<h3>") == 5
        assert page.count("<code>") == sum(advice(result, "dev").count("`") // 2 for result in report(text).results)
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
    assert len(tree.xpath("//script")) == len(tree.xpath("//form[@id='controls']")) == len(tree.xpath("//form")) == 1
    assert not tree.xpath("//img | //iframe | //object | //base | //svg//a | //*[@style]")
    assert not [name for element in tree.iter() for name in element.attrib if str(name).startswith("on")]
    assert {link.get("href")[:1] for link in tree.xpath("//a")} == {"#"}
    assert len(tree.xpath("//section[contains(@class, 'session')]")) == 5


@every_payload
def test_the_final_message_cannot_control_a_terminal(text: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tornado_resource.cli.status.painted", lambda text, _outcome: text)
    found = [result for _, _, result in results(text)]
    message = failure_message(found, "dev")
    assert message is not None
    status = "\n".join(_lines(found, [], today()))
    for shown in (message, status):
        assert not shows(shown)
        assert "<{%" not in shown
        assert not commands(shown)
    assert len(status.split("\n")) == 5


@every_payload
def test_the_live_table_cannot_control_a_terminal(text: str) -> None:
    table = LiveTable([result.gated for _, _, result in results(text)], lambda: 0.0)
    for gated, status, result in results(text):
        table.progress(result.gated, Progress(progress_line(gated, status), status))
    lines = table.lines(100, 40)
    for _, _, result in results(text):
        table.end(result)
    shown = "\n".join(line.plain for line in (*lines, *table.lines(100, 40)))
    assert not shows(shown)
    assert not commands(shown)


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
