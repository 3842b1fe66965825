"""The content of a pathway version: what changes its digest, and what does not."""

from __future__ import annotations

import copy
import hashlib
import json
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tornado_resource.bland.content import Content, parse_content, short

if TYPE_CHECKING:
    import random

VERSION: dict[str, Any] = {
    "name": "Support",
    "nodes": [
        {"id": "start", "type": "Default", "data": {"prompt": "Grüß Gott", "isStart": True, "temperature": 0.5}},
        {"id": "refund", "type": "Webhook", "data": {"url": "https://shop.example/refund", "retries": 3}},
    ],
    "edges": [{"id": "e-1", "source": "start", "target": "refund", "label": "wants a refund"}],
    "version_number": 6,
    "is_latest": True,
}


def parse(version: Any) -> Content:
    content = parse_content(json.dumps(version).encode())
    assert content is not None
    return content


def digest(version: Any) -> str:
    return parse(version).digest


def changed(*path: str | int, to: Any) -> dict[str, Any]:
    """Return the version with another value at a path."""
    version = copy.deepcopy(VERSION)
    place: Any = version
    for key in path[:-1]:
        place = place[key]
    place[path[-1]] = to
    return version


def test_the_digest_is_that_of_the_documented_canonical_json() -> None:
    nodes = [{key: node[key] for key in ("id", "type", "data")} for node in reversed(VERSION["nodes"])]
    canonical = {"nodes": nodes, "edges": VERSION["edges"]}
    text = json.dumps(canonical, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    assert digest(VERSION) == "sha256:" + hashlib.sha256(text.encode()).hexdigest()
    assert parse(VERSION).version == 6


@pytest.mark.parametrize(
    "same",
    [
        {"data": VERSION, "errors": None},
        {"data": {"data": VERSION}},
        {**VERSION, "name": "Another name", "is_latest": False, "version_number": 7, "updated_at": "2026-04-14"},
        {**VERSION, "nodes": VERSION["nodes"][::-1]},
        {**VERSION, "nodes": [dict(reversed(node.items())) for node in VERSION["nodes"]]},
        {**VERSION, "nodes": [{**node, "position": {"x": 1}, "selected": True} for node in VERSION["nodes"]]},
        {**VERSION, "nodes": [{**node, "measured": {"width": 2}, "dragging": False} for node in VERSION["nodes"]]},
        {**VERSION, "edges": [{**VERSION["edges"][0], "animated": True, "data": None, "type": None}]},
        changed("nodes", 1, "data", "retries", to=3.0),
    ],
)
def test_what_no_call_can_notice_does_not_matter(same: Any) -> None:
    assert digest(same) == digest(VERSION)


@pytest.mark.parametrize(
    "text", ['"data": {"n": 5}', '"data": {"n": 5.0}', '"data": {"n": 5e0}', '"data": {"n": 50E-1}']
)
def test_one_number_in_any_form_is_one_content(text: str) -> None:
    content = parse_content(f'{{"nodes": [{{"id": "a", {text}}}]}}'.encode())
    assert content is not None
    assert content.digest == digest({"nodes": [{"id": "a", "data": {"n": 5}}]})


def test_escaped_text_is_the_same_text() -> None:
    escaped = parse_content(json.dumps(VERSION, ensure_ascii=True).encode())
    written = parse_content(json.dumps(VERSION, ensure_ascii=False, indent=4).encode())
    assert escaped == written


@pytest.mark.parametrize(
    "other",
    [
        changed("nodes", 0, "data", "prompt", to="Grüß Gott!"),
        changed("nodes", 0, "data", "prompt", to="Gru\u0308ß Gott"),
        changed("nodes", 0, "data", "isStart", to=1),
        changed("nodes", 0, "data", "temperature", to=0.50001),
        changed("nodes", 0, "data", "position", to={"x": 1}),
        changed("nodes", 0, "data", "voice", to=None),
        changed("nodes", 0, "type", to="End Call"),
        changed("nodes", 0, "id", to="begin"),
        changed("nodes", to=VERSION["nodes"][:1]),
        changed("nodes", to=[*VERSION["nodes"], {"id": "end"}]),
        changed("edges", to=[]),
        changed("edges", 0, "label", to="wants money"),
        changed("edges", 0, "source", to="refund"),
        changed("edges", 0, "target", to="start"),
        changed("edges", 0, "data", to={"condition": "x"}),
        changed("edges", 0, "type", to="custom"),
    ],
)
def test_all_else_is_another_content(other: Any) -> None:
    assert digest(other) != digest(VERSION)


@pytest.mark.parametrize(
    "body",
    [
        {},
        [],
        "text",
        {"data": None, "errors": [{"message": "no"}]},
        {"nodes": None},
        {"nodes": {"a": 1}},
        {"nodes": ["a"]},
        {"nodes": [], "edges": ["a"]},
        {"nodes": [], "edges": {"a": 1}},
    ],
)
def test_a_response_that_shows_no_content(body: Any) -> None:
    assert parse_content(json.dumps(body).encode()) is None


@pytest.mark.parametrize(
    "body",
    [
        b"<html>",
        b'{"nodes": [], "nodes": [{"id": "a"}]}',
        b'{"nodes": [{"id": "a", "data": NaN}]}',
        b'{"nodes": [{"id": "a", "data": 1e400}]}',
        b'{"nodes": [{"id": "a", "data": ' + b"[" * 100_000 + b"]" * 100_000 + b"}]}",
        b"\xff",
    ],
)
def test_a_body_that_readers_read_differently_is_refused(body: bytes) -> None:
    with pytest.raises(ValueError, match=r"^it (is|has) "):
        parse_content(body)


def test_edges_may_be_missing_and_a_version_without_nodes_is_a_content() -> None:
    assert parse({"nodes": []}).digest == digest({"nodes": [], "edges": None})


def test_lone_surrogates_have_a_digest() -> None:
    assert digest({"nodes": [{"id": "a", "data": "\ud800"}]}) != digest({"nodes": [{"id": "a", "data": "\udfff"}]})


@pytest.mark.parametrize("number", [True, -1, "6", 6.0, None])
def test_a_number_of_another_type_names_no_version(number: Any) -> None:
    assert parse({**VERSION, "version_number": number}).version is None


def test_the_short_form_is_enough_to_compare() -> None:
    assert short("sha256:" + "0123456789abcdef" * 4) == "sha256:0123456789ab"
    assert short(None) == "unknown"


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)
IDS = st.text(max_size=3) | st.integers() | st.none()
NODES = st.lists(st.fixed_dictionaries({"id": IDS, "type": st.text(max_size=3), "data": JSON}), max_size=5)
EDGES = st.lists(st.fixed_dictionaries({"id": IDS, "source": IDS, "target": IDS}, optional={"label": JSON}), max_size=5)


def shuffled(value: Any, rng: random.Random) -> Any:
    """Return a value with the keys of its mappings in another order."""
    if isinstance(value, dict):
        items = [(key, shuffled(entry, rng)) for key, entry in value.items()]
        return dict(rng.sample(items, len(items)))
    return [shuffled(entry, rng) for entry in value] if isinstance(value, list) else value


@given(NODES, EDGES, st.randoms(use_true_random=False))
def test_no_order_of_parts_and_keys_matters(nodes: Any, edges: Any, rng: random.Random) -> None:
    mixed = {
        "edges": [{**shuffled(edge, rng), "selected": True} for edge in rng.sample(edges, len(edges))],
        "nodes": [{**shuffled(node, rng), "position": {"x": 1}} for node in rng.sample(nodes, len(nodes))],
    }
    assert digest(mixed) == digest({"nodes": nodes, "edges": edges})


@given(NODES, EDGES, st.data())
def test_every_change_of_a_part_matters(nodes: Any, edges: Any, data: st.DataObject) -> None:
    parts = [("nodes", index) for index in range(len(nodes))] + [("edges", index) for index in range(len(edges))]
    if not parts:
        return
    kind, index = data.draw(st.sampled_from(parts))
    version = {"nodes": nodes, "edges": edges}
    other = copy.deepcopy(version)
    other[kind][index]["type"] = "changed to this"
    assert digest(other) != digest(version)
