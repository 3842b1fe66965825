"""How a definition differs from what the API shows."""

from __future__ import annotations

from typing import Any

import pytest

from tornado_resource.bland.scenario_content import SCENARIO_FIELDS as FIELDS
from tornado_resource.versions.definitions import (
    changed_fields,
    creation_of,
    declared_changes,
    filled_fields,
    other_fields,
    runs_together,
    unstored_fields,
    update_of,
)

JUDGE = {"type": "LLM_JUDGE", "config": {"prompt": "Refunded?", "output_type": "boolean"}}
NODE = {"type": "NODE_REACHED", "config": {"node_id": "done"}, "name": "end"}
FIELDS_DECLARED: dict[str, Any] = {
    "name": "Refund",
    "tester_persona_prompt": "You want your money back.",
    "max_turns": 10,
    "request_data": {"order": {"id": 7}, "tags": ["a", "b"]},
    "assertions": [JUDGE, NODE],
}


@pytest.mark.parametrize(
    "same",
    [
        {},
        {"id": "sc-1", "org_id": "o", "created_at": "2026", "updated_at": "2026", "most_recent_run": None},
        {"max_turns": 10.0},
        {"category": "CUSTOM", "scenario_type": "AGENT", "bland_tone_enabled": False, "enabled": True},
        {"description": "", "start_node_id": None, "metadata": {}, "input_messages": []},
        {"request_data": {"tags": ["a", "b"], "order": {"id": 7.0}}},
        {"request_data": {"tags": ["a", "b"], "order": {"id": 7, "sum": 20}, "vip": True}},
        {"assertions": [NODE, JUDGE]},
        {"assertions": [{**JUDGE, "id": "as-1", "is_required": True, "weight": 1.0, "order": 0}, NODE]},
        {"assertions": [{**JUDGE, "config": {**JUDGE["config"], "threshold": 0.5}}, NODE]},  # type: ignore[dict-item]
        {"tester_persona_name": "Sam"},
        {"description": " \n"},
    ],
)
def test_what_the_api_adds_or_reorders_is_no_difference(same: dict[str, Any]) -> None:
    assert changed_fields(FIELDS_DECLARED, {**FIELDS_DECLARED, **same}) == ()


@pytest.mark.parametrize(
    "other",
    [
        {"name": "Refunds"},
        {"tester_persona_prompt": "You are happy."},
        {"tester_persona_prompt": None},
        {"max_turns": 11},
        {"category": "ANGRY_CALLER"},
        {"enabled": False},
        {"is_required_for_promotion": True},
        {"request_data": {"order": {"id": 8}, "tags": ["a", "b"]}},
        {"request_data": {"order": 7, "tags": ["a", "b"]}},
        {"request_data": {"order": {"id": 7}, "tags": ["a"]}},
        {"request_data": {"order": {"id": True}, "tags": ["a", "b"]}},
        {"assertions": None},
        {"assertions": "none"},
        {"assertions": [JUDGE]},
        {"assertions": [JUDGE, "x"]},
        {"assertions": [JUDGE, JUDGE]},
        {"assertions": [{**JUDGE, "weight": 2}, NODE]},
        {"assertions": [JUDGE, {**NODE, "name": "start"}]},
    ],
)
def test_an_edit_is_named(other: dict[str, Any]) -> None:
    assert changed_fields(FIELDS_DECLARED, {**FIELDS_DECLARED, **other}) == tuple(other)


TEXT = "You want\nyour money back.\n"


@pytest.mark.parametrize(
    "shown", ["You want\nyour money back.", "You want\r\nyour money back.\r\n", "You want \nyour money back. \n\n"]
)
def test_white_space_at_the_ends_of_lines_and_texts_is_no_edit(shown: str) -> None:
    declared: dict[str, Any] = {"tester_persona_prompt": TEXT, "assertions": [{**JUDGE, "config": {"prompt": TEXT}}]}
    stored: dict[str, Any] = {"tester_persona_prompt": shown, "assertions": [{**JUDGE, "config": {"prompt": shown}}]}
    assert changed_fields(declared, stored) == ()
    assert changed_fields(declared, stored, filled_fields(declared, stored)) == ()
    assert set(filled_fields(declared, stored)) == {"tags"}
    assert changed_fields({"description": "\n"}, {"description": ""}) == ()


@pytest.mark.parametrize(
    "shown", [" You want\nyour money back.", "You want your money back.", "you want\nyour money back.\n", "\n"]
)
def test_other_white_space_and_case_are_an_edit(shown: str) -> None:
    assert changed_fields({"tester_persona_prompt": TEXT}, {"tester_persona_prompt": shown}) == (
        "tester_persona_prompt",
    )


@pytest.mark.parametrize(
    ("edit", "changed"),
    [
        ({}, ()),
        ({"tester_persona_name": "Eve"}, ("tester_persona_name",)),
        ({"request_data": {**FIELDS_DECLARED["request_data"], "vip": True}}, ("request_data",)),
        ({"tester_persona_name": None}, ()),
    ],
)
def test_an_edit_of_what_the_api_had_filled_in_is_seen(edit: dict[str, Any], changed: tuple[str, ...]) -> None:
    shown = {**FIELDS_DECLARED, "tester_persona_name": "Sam", "assertions": [{**JUDGE, "order": 1}, NODE]}
    filled = filled_fields(FIELDS_DECLARED, shown)
    assert set(filled) == {"tags", "tester_persona_name", "assertions"}
    assert changed_fields(FIELDS_DECLARED, {**shown, **edit}, filled) == changed


def test_what_is_stored_otherwise_is_nobodys_edit() -> None:
    shown = {**FIELDS_DECLARED, "max_turns": 11, "tester_persona_prompt": None}
    filled = filled_fields(FIELDS_DECLARED, shown)
    changed = changed_fields(FIELDS_DECLARED, shown, filled)
    assert changed == unstored_fields(changed, shown, filled) == ("tester_persona_prompt", "max_turns")
    assert unstored_fields(changed, {**shown, "max_turns": 12}, filled) == ("tester_persona_prompt",)
    assert unstored_fields(changed, shown, None) == ()


@pytest.mark.parametrize(
    "other",
    [{"description": "Late"}, {"request_data": {"order": {"id": 7}}}, {"tags": ["a"]}, {"max_turns": 9}],
    ids=str,
)
def test_what_the_declaration_says_is_never_what_the_api_filled_in(other: dict[str, Any]) -> None:
    declared = {"description": "Soon", "request_data": {"order": {"id": 8}}, "tags": ["b"], "max_turns": 8}
    assert changed_fields(declared, {**declared, **other}) == tuple(other)
    assert changed_fields(declared, {**declared, **other}, filled_fields(declared, {**declared, **other})) == tuple(
        other
    )


def test_an_assertion_that_says_less_leaves_the_exact_one_to_the_other() -> None:
    plain = {"type": "NODE_REACHED", "config": {"node_id": "done"}}
    assert changed_fields({"assertions": [plain, NODE]}, {"assertions": [NODE, {**plain, "name": "x"}]}) == ()


def test_an_update_changes_only_what_changed_and_resets_the_undeclared() -> None:
    changed = ("description", "category", "max_turns", "start_node_id", "request_data", "enabled", "assertions")
    assert update_of({"name": "a", "max_turns": 5}, changed) == {
        "description": "",
        "category": "CUSTOM",
        "max_turns": 5,
        "start_node_id": None,
        "request_data": {},
        "enabled": True,
        "assertions": [],
    }


def test_a_creation_has_what_is_declared_but_for_fields_of_updates() -> None:
    body = creation_of({**FIELDS_DECLARED, "enabled": False, "description": "", "other": 1})
    assert body == FIELDS_DECLARED


def test_definitions_differ_by_content() -> None:
    same = {**FIELDS_DECLARED, "max_turns": 10.0, "category": "CUSTOM", "metadata": {}, "enabled": True}
    assert declared_changes(FIELDS_DECLARED, same) == ()
    assert declared_changes(FIELDS_DECLARED, {"name": "Refund"}) == (
        "tester_persona_prompt",
        "max_turns",
        "request_data",
        "assertions",
    )


def test_the_runs_of_scenarios_have_one_digest_whatever_their_order() -> None:
    assert runs_together(["a", "b"]) == runs_together(["b", "a"]) != runs_together(["a"])


def test_every_field_is_listed_once() -> None:
    assert len(set(FIELDS)) == len(FIELDS)


@pytest.mark.parametrize(
    ("declared", "shown", "is_changed"),
    [
        (None, [], False),
        (["a", "b"], ["b", "a"], False),
        (["a"], ["a", "b"], True),
        (["a"], None, True),
        (None, ["a"], True),
    ],
)
def test_tags_are_compared_without_their_order(declared: Any, shown: Any, *, is_changed: bool) -> None:
    fields, filled = {"name": "A", "tags": declared}, filled_fields({"name": "A"}, {"name": "A", "tags": []})
    assert changed_fields(fields, {"name": "A", "tags": shown}, filled) == (("tags",) if is_changed else ())
    assert declared_changes({"tags": ["a", "b"]}, {"tags": ["b", "a"]}) == ()
    assert update_of({"name": "A"}, ["tags"]) == {"tags": []}


def test_the_state_of_an_older_release_says_nothing_of_tags() -> None:
    """It did not record them: those that somebody had added by then are no edit, until the next write records them."""
    fields, shown = {"name": "A"}, {"name": "A", "tags": ["vip"], "description": "by hand"}
    assert changed_fields(fields, shown, {}) == ("description",)
    assert changed_fields(fields, shown, filled_fields(fields, shown)) == ()
    assert changed_fields(fields, {**shown, "tags": []}, filled_fields(fields, shown)) == ()
    assert changed_fields(fields, {**shown, "tags": ["a"]}, filled_fields(fields, shown)) == ("tags",)
    assert changed_fields({**fields, "tags": ["a"]}, shown, {}) == ("tags", "description")
    assert other_fields(fields, {"name": "A", "tags": []}) == ()
    assert other_fields(fields, {"name": "A", "tags": ["vip"]}) == ("tags",)
