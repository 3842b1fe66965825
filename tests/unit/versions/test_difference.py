"""What differs between two versions: by node and edge, and by line of their texts."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tornado_resource.bland.content import Content, parse_content
from tornado_resource.versions.difference import (
    MAX_CHANGED_LINES,
    MAX_CHANGED_PARTS,
    MAX_COMPARED_LINES,
    MAX_FIELDS,
    Changes,
    PartChange,
    change_labels,
    compare_contents,
)


def content(*nodes: Any, edges: Any = (), **settings: Any) -> Content:
    found = parse_content(json.dumps({"nodes": nodes, "edges": list(edges), **settings}).encode())
    assert found is not None
    return found


def node(name: Any, **data: Any) -> dict[str, Any]:
    return {"id": name, "type": "Default", "data": data}


def compare(before: Content, after: Content) -> Changes:
    return compare_contents(before, after, ("version 6", "version 7"))


def lines(before: Any, after: Any) -> tuple[str, ...]:
    """What is shown of one value of a node."""
    [part] = compare(content(node("a", it=before)), content(node("a", it=after))).parts
    [field] = part.fields
    assert field.path == "data.it"
    return field.lines


def test_a_prompt_is_compared_line_by_line() -> None:
    before = "You are kind.\nAsk for the name.\nSay goodbye.\n"
    after = "You are kind.\nAsk for the order number.\nSay goodbye.\n"
    shown = ("  You are kind.", "- Ask for the name.", "+ Ask for the order number.", "  Say goodbye.", "  ")
    assert lines(before, after) == shown


def test_nodes_and_edges_are_added_removed_and_changed() -> None:
    edge = {"id": "e", "source": "a", "target": "b", "label": "yes"}
    before = content(node("a", prompt="x"), node("b"), edges=[edge])
    after = content(node("a", prompt="y"), node("c", prompt="z"), edges=[{**edge, "label": "no"}])
    found = compare(before, after)
    assert [(part.kind, part.name, part.how) for part in found.parts] == [
        ("node", "a", "changed"),
        ("node", "b", "removed"),
        ("node", "c", "added"),
        ("edge", "e", "changed"),
    ]
    assert [field.lines for field in found.parts[2].fields] == [("+ Default",), ("+ z",)]
    assert (found.before.label, found.after.digest) == ("version 6", after.digest)


@pytest.mark.parametrize(
    ("before", "after", "shown"),
    [
        (0.5, 0.7, ("- 0.5", "+ 0.7")),
        ("5", 5, ('- "5"', "+ 5")),
        (True, 1, ("- true", "+ 1")),
        (None, "", ("- null", "+ ")),
        ("a", "a\n", ("  a", "+ ")),
        ("-- a", "++ b", ("- -- a", "+ ++ b")),
        (["a", "b"], ["a", "c"], ("  [", '    "a",', '-   "b"', '+   "c"', "  ]")),
        ({}, [], ("- {}", "+ []")),
        (["ü"], ["\U0001f389"], ("  [", '-   "ü"', '+   "\U0001f389"', "  ]")),
        ("\x1b[31m\u202e", "::error::x", (r"- \x1b[31m\u202e", "+ : :error::x")),
    ],
)
def test_values_of_any_kind_are_shown_safely(before: Any, after: Any, shown: tuple[str, ...]) -> None:
    assert lines(before, after) == shown


def test_names_with_dots_stay_apart() -> None:
    before, after = content(node("a", **{"b.c": 1, "b": {"c": 2}})), content(node("a", **{"b.c": 3, "b": {"c": 2}}))
    [part] = compare(before, after).parts
    assert [field.path for field in part.fields] == ['data."b.c"']


def test_parts_of_one_id_and_without_one_are_all_compared() -> None:
    before, after = content(node("a", n=1), node("a", n=2), {"type": "x"}), content(node("a", n=1), {"type": "y"})
    found = [(part.name, part.how) for part in compare(before, after).parts]
    assert found == [("a (2)", "removed"), ("without an id", "changed")]


def test_the_global_prompt_and_the_settings_are_compared() -> None:
    before = content({"globalConfig": {"globalPrompt": "Be kind."}}, memory_enabled=False, entity_schemas=[])
    after = content({"globalConfig": {"globalPrompt": "Refuse."}}, memory_enabled=True, post_call_actions=["x"])
    found = compare(before, after)
    assert [(part.kind, part.name, part.how) for part in found.parts] == [
        ("node", "without an id", "changed"),
        ("setting", "entity_schemas", "removed"),
        ("setting", "memory_enabled", "changed"),
        ("setting", "post_call_actions", "added"),
    ]
    assert found.parts[0].fields[0].lines == ("- Be kind.", "+ Refuse.")
    assert list(change_labels(found)) == [
        "node without an id: globalConfig.globalPrompt",
        "setting entity_schemas",
        "setting memory_enabled: value",
        "setting post_call_actions",
    ]


def test_another_order_of_edges_is_a_difference() -> None:
    edges = [{"id": name, "source": "a"} for name in "abc"]
    [part] = compare(content(edges=edges), content(edges=[edges[1], edges[0], edges[2]])).parts
    assert (part.kind, part.name, part.how) == ("edge", "order", "changed")
    assert part.fields[0].lines == ("+ b", "  a", "- b", "  c")
    assert compare(content(edges=edges), content(edges=edges[1:])).parts[0].how == "removed"


def test_the_same_content_has_no_changes() -> None:
    assert compare(content(node("a")), content(node("a"))).parts == ()


def test_what_is_beyond_the_limits_is_counted() -> None:
    many = content(*(node(f"n-{number}") for number in range(MAX_CHANGED_PARTS + 3)))
    assert (len(compare(content(), many).parts), compare(content(), many).omitted) == (MAX_CHANGED_PARTS, 3)
    wide = content(node("a", **{f"f-{number}": 1 for number in range(MAX_FIELDS + 4)}))
    [part] = compare(content(node("a")), wide).parts
    assert (len(part.fields), part.omitted) == (MAX_FIELDS, 5)  # the empty `data` has gone too
    long = "\n".join(map(str, range(MAX_CHANGED_LINES + 5)))
    assert lines("", long)[-1] == "  and 6 more lines"
    longer = "x\n" * MAX_COMPARED_LINES
    assert lines(longer, "x") == (f"  it is too long to be compared: {MAX_COMPARED_LINES + 1} lines, now 1 line",)
    assert len(lines("", "x" * 9_999)[1]) == 2_002


JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-9, 9) | st.text("ab.\n", max_size=4),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.text("ab.", max_size=2), inner, max_size=2),
    max_leaves=5,
)
PARTS = st.lists(st.fixed_dictionaries({"id": st.sampled_from("abc") | st.none(), "data": JSON}), max_size=4)
VERSIONS = st.tuples(PARTS, PARTS, st.dictionaries(st.sampled_from(["a", "a\x00", "a\x01"]), JSON, max_size=3))


@given(VERSIONS, VERSIONS)
def test_every_difference_is_shown_and_nothing_else(before: Any, after: Any) -> None:
    old, new = (content(*nodes, edges=edges, **settings) for nodes, edges, settings in (before, after))
    found = compare(old, new)
    assert bool(found.parts) is (old.digest != new.digest)
    changed: list[PartChange] = [part for part in found.parts if part.how == "changed"]
    assert all(part.fields for part in changed)
    assert all(field.lines for part in found.parts for field in part.fields)
