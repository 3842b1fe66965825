from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from tests.support.paths import ROOT
from tests.support.results import gated_run_of, report_of, result_of, sample, status_of
from tornado_resource.bland.sessions import Status
from tornado_resource.declarations.model import Gate
from tornado_resource.reports.verdicts_json import verdicts_json
from tornado_resource.stacks.rollback import Rollback

SCHEMA = json.loads((ROOT / "schemas/verdicts.schema.json").read_text(encoding="utf-8"))


def read(text: str) -> dict[str, Any]:
    content: dict[str, Any] = json.loads(text)
    Draft202012Validator(SCHEMA).validate(content)
    return content


def subschemas(schema: Any) -> list[dict[str, Any]]:
    """Every place that describes a value."""
    found = [schema]
    for key in ("properties", "$defs"):
        for inner in schema.get(key, {}).values():
            found += subschemas(inner)
    for key in ("items", "additionalProperties"):
        if isinstance(schema.get(key), dict) and "$ref" not in schema[key]:
            found += subschemas(schema[key])
    return found


def test_the_json_matches_the_golden_file() -> None:
    """Golden: look at the change, then copy it over."""
    text = verdicts_json(sample())
    assert text == (ROOT / "tests/examples/reports/verdicts.json").read_text(encoding="utf-8")
    content = read(text)
    assert content["tally"] == {"passed": 2, "failed": 2, "incomplete": 2}
    assert content["sessions"]["support-line"]["scenarios"][1:] == [
        {"id": "sc-refund", "name": "Refund | within 30 days", "passed": False, "unfixable": False},
        {"id": "sc-cancel", "name": "Cancel an order", "passed": False, "unfixable": True},
    ]


def test_a_problem_of_the_update_leaves_nothing_passed() -> None:
    content = read(verdicts_json(replace(report_of(), project="agents", problem="nothing was judged")))
    assert (content["outcome"], content["problem"], content["project"]) == (
        "incomplete",
        "nothing was judged",
        "agents",
    )
    failed = result_of(gated_run_of("a"), status_of("COMPLETED_PARTIAL", (), ("sc-1",)))
    assert read(verdicts_json(replace(report_of(failed), problem="x")))["outcome"] == "failed"


def test_the_schema_explains_every_key_and_allows_no_other() -> None:
    Draft202012Validator.check_schema(SCHEMA)
    for schema in subschemas(SCHEMA):
        assert schema["title"], schema
        assert schema["description"], schema
        if "properties" in schema:
            assert schema["additionalProperties"] is False
            assert set(schema["required"]) == set(schema["properties"])


@pytest.mark.parametrize("text", ["\x1b]0;x\x07", "\x7f", "\x9b31m", "\u202e", "\u200b", "\U000e0041", "ü", "\ufffe"])
def test_values_of_the_api_are_written_unchanged_in_ascii(text: str) -> None:
    written = verdicts_json(report_of(result_of(gated_run_of("a", text), Status(text, unfixable_ids=(text,)))))
    assert written.isascii()
    assert written.replace("\n", "").isprintable()
    session = read(written)["sessions"]["a"]
    assert (session["session_id"], session["status"], session["unfixable_ids"]) == (text, text, [text])


def test_lone_surrogates_are_replaced() -> None:
    written = verdicts_json(report_of(result_of(gated_run_of("a", "x\ud800y"), None, "no answer")))
    assert read(written)["sessions"]["a"]["session_id"] == "x\ufffdy"
    assert "ud800" not in written


def test_a_gate_may_be_a_number_and_numbers_may_be_huge() -> None:
    status = status_of("COMPLETED_PARTIAL", ("a",), ("b",), total_scenarios=10**30, current_iteration=-1)
    content = read(verdicts_json(report_of(result_of(gated_run_of("a", gate=Gate(1)), status))))
    assert content["sessions"]["a"]["gate"] == {
        "passed": 1,
        "repaired": "allow",
        "full_run": "required",
        "judges": {},
        "confirm": None,
    }
    assert content["sessions"]["a"]["total_scenarios"] == 10**30


def test_a_report_without_sessions_is_valid() -> None:
    assert read(verdicts_json(report_of()))["sessions"] == {}


def test_a_rollback_is_in_the_file_with_what_is_unknown_as_null() -> None:
    rollback = Rollback(5, "s-5", "s-6", "INC-7", instead_of_version=6)
    found = read(verdicts_json(replace(report_of(), rollbacks={"support-line": rollback})))["rollbacks"]
    assert found["support-line"]["reason"] == "INC-7"
    assert found["support-line"]["content"] is None
