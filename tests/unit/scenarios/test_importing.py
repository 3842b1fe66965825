"""What is imported reads back as what the API shows."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from addresses import REPOSITORY
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tornado_resource.bland.listing import Scenario, parse_scenarios
from tornado_resource.declarations.resolver import load
from tornado_resource.scenarios.importing import declarations, definitions_of, left_out, scenarios_only
from tornado_resource.versions.definitions import changed_fields


def scenarios_of(*entries: dict[str, Any]) -> tuple[Scenario, ...]:
    found = parse_scenarios([{"id": f"sc-{index}", **entry} for index, entry in enumerate(entries)])
    assert found is not None
    return found


SHOWN: dict[str, Any] = {
    "name": "Refunds an order: fast!",
    "tester_persona_prompt": "You were charged twice.\n\n  Be firm.\n",
    "advanced_instructions": "No\nbreak at the end",
    "category": "CUSTOM",
    "max_turns": 30,
    "request_data": {"order id": "A-17", "sum": 1.5, "deep": {"yes": [True, None, "no"]}},
    "input_messages": ["Hello", {"role": "user", "content": "12:30"}],
    "enabled": True,
    "assertions": [
        {"id": "as-1", "type": "NODE_REACHED", "config": {"node_id": "done"}, "is_required": True, "order": 0},
        {"id": "as-2", "type": "BLAND_TONE", "config": {}, "weight": 2.0, "name": "Tone", "order": 5},
    ],
}
SCHEMA_ADDRESS = f"{REPOSITORY.replace('github.com', 'raw.githubusercontent.com')}/main/schemas/sessions.schema.json"
TEXT = """\
# yaml-language-server: $schema=ADDRESS
version: 1
scenarios:
  refunds-an-order-fast:
    name: "Refunds an order: fast!"
    tester_persona_prompt: |
      You were charged twice.

        Be firm.
    advanced_instructions: |-
      No
      break at the end
    input_messages:
      - Hello
      - {role: user, content: "12:30"}
    max_turns: 30
    request_data: {order id: A-17, sum: 1.5, deep: {"yes": [true, null, "no"]}}
    assertions:
      - {type: NODE_REACHED, config: {node_id: done}}
      - {type: BLAND_TONE, config: {}, name: Tone, weight: 2, order: 5}
    on_conflict: adopt
sessions:
  imported:
    pathway_id: pw-1
    scenarios: [refunds-an-order-fast]
    version_number: latest  # 7 now
    gate: {passed: all}
""".replace("ADDRESS", SCHEMA_ADDRESS)


@pytest.fixture(autouse=True)
def _project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def read_back(text: str) -> dict[str, dict[str, Any]]:
    Path("s.yaml").write_text(text, encoding="utf-8", newline="\n")
    return {each.key: dict(each.fields) for each in load("s.yaml").scenarios}


def test_the_file_reads_like_one_that_a_person_wrote() -> None:
    assert declarations(scenarios_of(SHOWN), "pw-1", 7) == TEXT
    [fields] = read_back(TEXT).values()
    assert changed_fields(fields, SHOWN) == ()


def test_scenarios_alone_can_be_pasted() -> None:
    text = scenarios_only(scenarios_of({"name": "A"}, {"name": "a!"}, {"name": "7"}, {"name": ""}))
    assert text == (
        "scenarios:\n"
        "  a:\n    name: A\n    on_conflict: adopt\n"
        '  a-2:\n    name: "a!"\n    on_conflict: adopt\n'
        '  scenario-7:\n    name: "7"\n    on_conflict: adopt\n'
        "  sc-3:\n    name: sc-3\n    on_conflict: adopt\n"
    )


def test_a_pathway_without_scenarios_has_a_session_all_the_same() -> None:
    text = declarations((), "pw-1", None)
    assert "scenarios" not in text
    assert read_back(text) == {}


def test_what_no_declaration_can_have_is_left_out_and_said() -> None:
    [scenario] = scenarios_of({"name": "A", "category": "NEW", "max_turns": 99, "assertions": ["x"]})
    assert set(left_out(scenario)) == {"category", "max_turns"}
    assert read_back(declarations([scenario], "pw-1", None)) == {"a": {"name": "A"}}


@pytest.mark.parametrize("name", ["Null", "TRUE", "false", "Yes", "on", "n" * 70, "7", "退款"])
def test_every_name_has_a_key_that_reads_back(name: str) -> None:
    fields = read_back(declarations(scenarios_of({"name": name}, {"name": f"{name}!"}), "pw-1", None))
    assert [each["name"] for each in fields.values()] == [name, f"{name}!"]


@pytest.mark.parametrize("text", [" a\nb", "\n a\nb", "a\n\n", "a\nb\n\n"], ids=repr)
def test_a_text_reads_back_with_the_spaces_around_it(text: str) -> None:
    [fields] = read_back(declarations(scenarios_of({"name": "A", "description": text}), "pw-1", None)).values()
    assert fields["description"] == text


def test_a_thousand_names_that_are_alike_have_valid_keys() -> None:
    ends = (f"{number:010b}".replace("0", "!").replace("1", "?") for number in range(1002))
    alike = scenarios_of(*({"name": "a" * 80 + end} for end in ends))
    keys = definitions_of(alike)
    assert len(keys) == 1002
    assert max(map(len, keys)) == 63


@pytest.mark.parametrize(
    "field",
    [
        {"tester_persona_prompt": "\ud83d"},
        {"request_data": {"\ude00": 1}},
        {"metadata": {"a": ["\ud83d"]}},
        {"assertions": [{"type": "LLM_JUDGE", "config": {"prompt": "a\ud83d\nb"}}]},
    ],
    ids=lambda field: next(iter(field)),
)
def test_a_field_with_half_an_emoji_is_left_out_and_said(field: dict[str, Any]) -> None:
    [scenario] = scenarios_of({"name": "A", **field})
    assert set(left_out(scenario)) == set(field)
    assert read_back(declarations([scenario], "pw-1", None)) == {"a": {"name": "A"}}


def test_a_name_that_cannot_be_declared_leaves_its_scenario_out() -> None:
    names = ["n" * 201, "a\x07b", " lead", "half \ud83d", "Good"]
    odd = scenarios_of(*({"name": name} for name in names))
    assert [set(left_out(each)) for each in odd] == [{"name"}, {"name"}, {"name"}, {"name"}, set()]
    assert read_back(declarations(odd, "pw-1", None)) == {"good": {"name": "Good"}}


def test_long_keys_of_values_read_back() -> None:
    data = {key * length: {key * length: 1} for key in ("k", "é", "\x07") for length in (1022, 1024, 1025, 3000)}
    [fields] = read_back(declarations(scenarios_of({"name": "A", "request_data": data}), "pw-1", None)).values()
    assert fields["request_data"] == data


@pytest.mark.parametrize(("count", "sessions"), [(50, ["imported"]), (51, ["imported", "imported-2"])])
def test_more_scenarios_than_a_session_can_have_take_more_sessions(count: int, sessions: list[str]) -> None:
    text = declarations(scenarios_of(*({"name": f"Case {number}"} for number in range(count))), "pw-1", 7)
    assert len(read_back(text)) == count
    assert [each.name for each in load("s.yaml").declarations] == sessions


def test_a_replay_reads_back_and_one_without_messages_is_none() -> None:
    replay = {"name": "Replay", "scenario_type": "REPLAY", "input_messages": ["Hello"]}
    lost = {"name": "Lost", "scenario_type": "REPLAY", "input_messages": ["\ud800"]}
    found = scenarios_of(replay, lost, {**lost, "name": "None", "input_messages": []})
    assert [{*left_out(each)} for each in found] == [set(), {"input_messages", "scenario_type"}, {"scenario_type"}]
    fields = read_back(declarations(found, "pw-1", None))
    assert fields == {"replay": {**replay}, "lost": {"name": "Lost"}, "none": {"name": "None"}}


texts = st.text(max_size=40) | st.text("ab \n\t:#-'\"|>{}[],&*!%@`\\\x00\x85\u2028\ufeff\U000e0001", max_size=40)
values = st.recursive(
    st.booleans() | st.integers(-(10**12), 10**12) | st.floats(-1e9, 1e9) | texts,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(texts, inner, max_size=3),
    max_leaves=8,
)
shown = st.fixed_dictionaries(
    {"name": st.from_regex(r"[^\s\x00-\x1f\x7f]([^\x00-\x1f\x7f]{0,20}[^\s\x00-\x1f\x7f])?", fullmatch=True)},
    optional={
        "description": texts,
        "tester_persona_prompt": texts,
        "start_node_id": texts,
        "scenario_type": st.sampled_from(["AGENT", "REPLAY", "HISTORICAL"]),
        "input_messages": st.lists(texts | st.dictionaries(texts, texts, max_size=2), max_size=3),
        "request_data": st.dictionaries(texts, values, max_size=3),
        "metadata": st.dictionaries(texts, values, max_size=3),
        "bland_tone_enabled": st.booleans(),
        "assertions": st.lists(
            st.fixed_dictionaries({"type": st.just("LLM_JUDGE"), "config": st.dictionaries(texts, values, max_size=2)}),
            max_size=3,
        ),
    },
)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(st.lists(shown, min_size=1, max_size=3, unique_by=lambda entry: entry["name"]))
def test_whatever_the_api_shows_reads_back_as_it_is(entries: list[dict[str, Any]]) -> None:
    entries = json.loads(json.dumps(entries).encode("utf-8", "replace"))
    found = scenarios_of(*entries)
    known = [each for each in found if not left_out(each)]
    fields = read_back(declarations(known, "pw-1", None))
    for scenario, declared in zip(known, fields.values(), strict=True):
        assert changed_fields(declared, scenario.entry) == ()
