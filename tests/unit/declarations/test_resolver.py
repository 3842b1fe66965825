from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tornado_resource.declarations.merging import merge
from tornado_resource.declarations.model import Gate
from tornado_resource.declarations.resolver import check_document, check_environments, load
from tornado_resource.errors import DeclarationError

if TYPE_CHECKING:
    from pathlib import Path

    from tornado_resource.declarations.model import Environment


def resolved(folder: Path, text: str, environment: str | None = None) -> Environment:
    (folder / "s.yaml").write_text(text, encoding="utf-8")
    return load(str(folder / "s.yaml"), environment)


RFC_7396 = [
    ({"a": "b"}, {"a": "c"}, {"a": "c"}),
    ({"a": "b"}, {"b": "c"}, {"a": "b", "b": "c"}),
    ({"a": "b"}, {"a": None}, {}),
    ({"a": "b", "b": "c"}, {"a": None}, {"b": "c"}),
    ({"a": ["b"]}, {"a": "c"}, {"a": "c"}),
    ({"a": "c"}, {"a": ["b"]}, {"a": ["b"]}),
    ({"a": {"b": "c"}}, {"a": {"b": "d", "c": None}}, {"a": {"b": "d"}}),
    ({"a": [{"b": "c"}]}, {"a": [1]}, {"a": [1]}),
    (["a", "b"], ["c", "d"], ["c", "d"]),
    ({"a": "b"}, ["c"], ["c"]),
    ({"a": "foo"}, None, None),
    ({"a": "foo"}, "bar", "bar"),
    ({"e": None}, {"a": 1}, {"e": None, "a": 1}),
    ([1, 2], {"a": "b", "c": None}, {"a": "b"}),
    ({}, {"a": {"bb": {"ccc": None}}}, {"a": {"bb": {}}}),
]


@pytest.mark.parametrize(("target", "patch", "result"), RFC_7396)
def test_merging_is_rfc_7396(target: Any, patch: Any, result: Any) -> None:
    """The examples of the RFC's appendix A."""
    assert merge(target, patch) == result


json_values = st.recursive(
    st.none() | st.integers() | st.text(max_size=3),
    lambda inner: st.dictionaries(st.sampled_from("abc"), inner, max_size=3) | st.lists(inner, max_size=2),
    max_leaves=8,
)


@given(json_values, json_values)
def test_merging_twice_is_merging_once(target: Any, patch: Any) -> None:
    assert merge(merge(target, patch), patch) == merge(target, patch)


def test_each_layer_overrides_the_one_before(tmp_path: Path) -> None:
    text = """\
version: 1
defaults: {max_iterations: 1, timeout_ms: 10001, version_number: 1, persona_id: base}
sessions:
  a: {pathway_id: p, version_number: 3, persona_id: session}
environments:
  e:
    defaults: {timeout_ms: 10002, version_number: 2, persona_id: environment}
    sessions: {a: {persona_id: own}}
"""
    request = resolved(tmp_path, text, "e").declarations[0].request
    assert request == {
        "pathway_id": "p", "persona_id": "own", "version_number": 3, "max_iterations": 1, "timeout_ms": 10002,
    }  # fmt: skip


def test_an_omitted_field_is_not_in_the_request_and_null_means_omitted(tmp_path: Path) -> None:
    text = "version: 1\ndefaults: {max_iterations: 3}\nsessions:\n  a: {pathway_id: p, max_iterations: null}\n"
    assert resolved(tmp_path, text).declarations[0].request == {"pathway_id": "p"}


def test_numbers_are_sent_as_integers(tmp_path: Path) -> None:
    text = "version: 1\nsessions:\n  a: {pathway_id: p, timeout_ms: 1e4, max_iterations: 5.0}\n"
    request = resolved(tmp_path, text).declarations[0].request
    assert [type(request["timeout_ms"]), type(request["max_iterations"])] == [int, int]


def test_null_leaves_a_session_out_and_a_new_one_comes_last(tmp_path: Path) -> None:
    text = """\
version: 1
sessions: {a: {pathway_id: p}, b: {pathway_id: q}}
environments: {e: {sessions: {new: {pathway_id: r}, a: null}}}
"""
    found = resolved(tmp_path, text, "e").declarations
    assert [(each.name, each.position.line, each.position.column) for each in found] == [("b", 2, 32), ("new", 3, 31)]


def test_without_environments_every_stack_gets_the_base(tmp_path: Path) -> None:
    text = "version: 1\nsessions: {a: {pathway_id: p}}\n"
    base = resolved(tmp_path, text)
    found = load(str(tmp_path / "s.yaml"), stack="anything")
    assert (found.name, found.declarations) == ("anything", base.declarations)


@pytest.mark.parametrize("stack", [None, "dev", "staging"])
def test_an_environment_cannot_be_requested_of_a_file_without_any(tmp_path: Path, stack: str | None) -> None:
    (tmp_path / "s.yaml").write_text("version: 1\nsessions: {a: {pathway_id: p}}\n", encoding="utf-8")
    with pytest.raises(DeclarationError) as caught:
        load(str(tmp_path / "s.yaml"), "staging", stack=stack)
    [problem] = caught.value.problems
    assert (problem.position.line, problem.path) == (1, "environments")
    assert problem.text == (
        "unknown environment 'staging', this file has no environments; "
        "add `environments`, or remove --environment (or config tornado:environment)"
    )


def test_a_requested_environment_wins_over_the_stacks_name(tmp_path: Path) -> None:
    (tmp_path / "s.yaml").write_text(
        "version: 1\nsessions: {a: {pathway_id: p}}\nenvironments: {staging: {}, production: {}}\n", encoding="utf-8"
    )
    assert load(str(tmp_path / "s.yaml"), "production", stack="staging").name == "production"
    assert load(str(tmp_path / "s.yaml"), stack="staging").name == "staging"


@pytest.mark.parametrize(
    ("session", "environment", "line"),
    [
        ("gate: {passed: 3}", "scenario_ids: [x, y]", 2),  # the number is at line 2, whatever makes it too large
        ("scenario_ids: [x, y]", "gate: {passed: 3}", 3),
        ("scenario_ids: [x, y], gate: {passed: 3}", "gate: {repaired: allow}", 2),
        ("scenario_ids: [x, y], gate: {passed: 9}", "gate: {passed: 3}", 3),
        ("", "scenario_ids: [x, y]}}, defaults: {\n  gate: {passed: 3", 4),
    ],
)
def test_a_gate_cannot_require_more_scenarios_than_are_declared(
    tmp_path: Path, session: str, environment: str, line: int
) -> None:
    text = f"""\
version: 1
sessions: {{a: {{pathway_id: p, {session}}}}}
environments: {{e: {{sessions: {{a: {{{environment}}}}}}}}}
"""
    with pytest.raises(DeclarationError) as caught:
        resolved(tmp_path, text, "e")
    [problem] = caught.value.problems
    assert problem.position.line == line
    assert problem.path == "sessions.a.gate.passed"
    assert problem.text == "found the number 3, expected at most 2, the number of its scenarios"


@pytest.mark.parametrize("gate", ["{passed: 2}", "{passed: 100%}", "{passed: all}", "none"])
def test_a_gate_that_the_declared_scenarios_can_meet_is_valid(tmp_path: Path, gate: str) -> None:
    text = f"version: 1\nsessions: {{a: {{pathway_id: p, scenario_ids: [x, y], gate: {gate}}}}}\n"
    assert len(resolved(tmp_path, text).declarations) == 1


def test_without_scenario_ids_any_number_may_be_required(tmp_path: Path) -> None:
    text = "version: 1\nsessions: {a: {pathway_id: p, gate: {passed: 500}}}\n"
    assert resolved(tmp_path, text).declarations[0].gate == Gate(500)


def test_an_unlisted_environment_is_an_error_with_the_listed_ones(tmp_path: Path) -> None:
    text = "version: 1\nsessions: {a: {pathway_id: p}}\nenvironments: {staging: {}, production: {}}\n"
    with pytest.raises(DeclarationError, match="expected one of staging, production; did you mean `staging`"):
        resolved(tmp_path, text, "stagign")


@pytest.mark.parametrize(
    ("gate", "promotes", "expected"),
    [
        ("{}", False, Gate("all", "allow")),
        ("{}", True, Gate("all", "refuse")),
        ("{repaired: allow}", True, Gate("all", "allow")),
        ("{passed: 3}", False, Gate(3, "allow")),
        ("{passed: 95%, repaired: refuse}", False, Gate("95%", "refuse")),
        ("none", True, None),
    ],
)
def test_the_gate_is_stricter_where_a_pass_is_promoted(
    tmp_path: Path,
    gate: str,
    promotes: bool,  # noqa: FBT001
    expected: Gate | None,
) -> None:
    source = "promotes_from: other" if promotes else ""
    text = f"""\
version: 1
sessions: {{a: {{pathway_id: p, gate: {gate}}}}}
environments: {{other: {{}}, e: {{{source}}}}}
"""
    assert resolved(tmp_path, text, "e").declarations[0].gate == expected


def test_a_problem_of_several_environments_is_told_once(tmp_path: Path) -> None:
    text = (
        "version: 1\nsessions: {a: {pathway_id: p, gate: {passed: 2}, scenario_ids: [x]}}\nenvironments: {e: , f: }\n"
    )
    (tmp_path / "s.yaml").write_text(text, encoding="utf-8")
    document = check_document("s.yaml")
    with pytest.raises(DeclarationError) as caught:
        check_environments(document, ["e", "f"])
    assert [problem.path for problem in caught.value.problems] == ["sessions.a.gate.passed"]
