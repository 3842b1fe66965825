"""Responses that are larger than what is kept: every report says what is missing, and takes time in proportion."""

from __future__ import annotations

import json
import sys
from functools import cache
from typing import TYPE_CHECKING, Any

import pytest
from jsonschema import Draft202012Validator

from tests.support.large_report import large as sessions
from tests.support.paths import ROOT
from tests.support.results import gated_run_of, report_of, result_of
from tests.support.soak import IS_SOAK
from tornado_resource.bland.sessions import MAX_FIXES, MAX_IDS, MAX_ITERATIONS, Status
from tornado_resource.reports.console import failure_message
from tornado_resource.reports.github import annotation_lines
from tornado_resource.reports.html import MAX_FAILED, html
from tornado_resource.reports.junit import _Names, junit
from tornado_resource.reports.outcomes import omission
from tornado_resource.reports.summary import summary
from tornado_resource.reports.verdicts_json import verdicts_json

if TYPE_CHECKING:
    from collections.abc import Callable

    from tornado_resource.reports.model import Report
    from tornado_resource.runs.model import Result

    Write = Callable[[Report], str | None]

MANY = 1_000 if IS_SOAK else 300
KEPT = "(kept: the last 100 iterations, the first 5,000 scenario ids, and 100 fixes of an iteration)"
TEXT = f"… and 99,900 iterations, 1,000 scenario ids, 7 fixes more in the API's response {KEPT}"
WRITERS: dict[str, Write] = {
    "junit": junit,
    "html": html,
    "summary": summary,
    "verdicts": verdicts_json,
    "annotations": lambda report: "\n".join(annotation_lines(report)),
    "message": lambda report: failure_message(report.results, "dev"),
}


def read(iterations: list[dict[str, Any]], **fields: Any) -> Result:
    status = Status.parse({"status": "STUCK", "iterations": iterations, **fields})
    assert status is not None
    names = dict.fromkeys(status.unfixable_ids, "the same name" * 30)
    return result_of(gated_run_of("support-line"), status, names=names)


@cache
def large() -> Result:
    """100,000 iterations, 6,000 scenarios, and 107 fixes: far more than is kept of each."""
    last = {"fix_plan": {"fixes": [{"type": "prompt_edit"}] * (MAX_FIXES + 7)}}
    ids = [f"sc-{number}" for number in range(MAX_IDS + 1_000)]
    return read([{}] * 99_999 + [last], unfixable_ids=ids)


@pytest.mark.parametrize("name", ["junit", "html", "summary", "message"])
def test_every_report_for_people_says_what_is_left_out(name: str) -> None:
    written = WRITERS[name](report_of(large())) or ""
    said = TEXT.replace("'", {"html": "&#39;", "junit": "'"}.get(name, "'"))
    assert said in written


def test_the_json_has_the_numbers_and_is_valid() -> None:
    content = json.loads(verdicts_json(report_of(large())))
    schema = json.loads((ROOT / "schemas/verdicts.schema.json").read_text(encoding="utf-8"))
    Draft202012Validator(schema).validate(content)
    session = content["sessions"]["support-line"]
    assert session["omitted"] == {"iterations": 99_900, "ids": 1_000, "fixes": 7, "mismatches": 0}
    assert (len(session["history"]), session["iterations"]) == (MAX_ITERATIONS, 100_000)
    assert len(session["unfixable_ids"]) == MAX_IDS


def test_a_response_that_is_kept_as_a_whole_says_nothing() -> None:
    result = read([{}] * MAX_ITERATIONS, unfixable_ids=[str(number) for number in range(MAX_IDS)])
    assert omission(result) is None
    assert omission(result_of(gated_run_of("a"), None)) is None
    session = json.loads(verdicts_json(report_of(result)))["sessions"]["support-line"]
    assert session["omitted"] == {"iterations": 0, "ids": 0, "fixes": 0, "mismatches": 0}
    for write in WRITERS.values():
        assert "more in the API" not in (write(report_of(result)) or "")


def test_one_kind_is_named_alone() -> None:
    assert omission(read([{}] * 101)) == f"… and 1 iterations more in the API's response {KEPT}"


def test_an_iteration_on_the_page_names_some_of_its_failures() -> None:
    ids = [f"sc-{number}" for number in range(MAX_FAILED + 5)]
    page = html(report_of(read([{"failed_ids": ids}])))
    assert f"<p>Failed: {', '.join(ids[:MAX_FAILED])} … and 5 more</p>" in page
    assert "and 0 more" not in html(report_of(read([{"failed_ids": ids[:MAX_FAILED]}])))


@pytest.mark.parametrize("write", WRITERS.values(), ids=WRITERS.keys())
def test_a_report_is_as_large_as_what_it_is_about(write: Write) -> None:
    """A fix plan belongs to the session: repeated for each failed scenario, 0.5 MB became 100 MB."""
    fix = {"type": "prompt_edit", "target_node": "x" * 2_000, "description": "y" * 2_000}
    response = [{"failed_ids": [f"sc-{each}" for each in range(MAX_IDS)], "fix_plan": {"fixes": [fix] * MAX_FIXES}}]
    assert len(write(report_of(read(response))) or "") < 4 * len(json.dumps(response))


def scenarios(number: int) -> Report:
    """So many scenarios that look alike."""
    ids = [f"sc-{each:06d}" for each in range(number)]
    return report_of(read([{"failed_ids": ids, "passed_ids": ids}], unfixable_ids=ids))


def calls(write: Write, found: Report) -> int:
    """How many functions are called for a report."""
    counted = 0

    def count(_frame: object, event: str, _argument: object) -> None:
        nonlocal counted
        counted += event in {"call", "c_call"}

    sys.setprofile(count)
    try:
        write(found)
    finally:
        sys.setprofile(None)
    return counted


@pytest.mark.parametrize("write", WRITERS.values(), ids=WRITERS.keys())
def test_a_report_takes_time_in_proportion_to_its_scenarios(write: Write) -> None:
    write(report_of(read([{}])))  # imports and compiled templates
    assert calls(write, scenarios(2 * MANY)) <= 2.2 * calls(write, scenarios(MANY))


@pytest.mark.parametrize("write", WRITERS.values(), ids=WRITERS.keys())
def test_a_report_takes_time_in_proportion_to_its_sessions(write: Write) -> None:
    write(sessions(1))
    assert calls(write, sessions(2 * MANY // 10)) <= 2.2 * calls(write, sessions(MANY // 10))


def test_names_that_look_alike_are_unique() -> None:
    labels = ["x", "x #2", "x", "x", "x #2", "gate"]
    names = _Names()
    assert [names.unique(label) for label in labels] == ["x", "x #2", "x #3", "x #4", "x #2 #2", "gate #2"]


class Counting(set[str]):
    """A set that counts how often it was asked."""

    asked = 0

    def __contains__(self, value: object) -> bool:
        self.asked += 1
        return super().__contains__(value)


def test_a_name_that_is_taken_is_not_tried_again() -> None:
    names = _Names()
    names._taken = taken = Counting()
    for _ in range(1_000):
        names.unique("x")
    assert len(taken) == 1_000
    assert taken.asked < 2_000
