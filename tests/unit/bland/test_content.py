"""The content of a pathway version: what changes its digest, and what does not."""

from __future__ import annotations

import copy
import hashlib
import json
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tornado_resource.bland.content import (
    BOOKKEEPING,
    LAYOUT,
    Content,
    Digests,
    is_digest,
    is_incomparable,
    is_same,
    parse_content,
    short,
)

if TYPE_CHECKING:
    import random

VERSION: dict[str, Any] = {
    "name": "Support",
    "nodes": [
        {"id": "start", "type": "Default", "data": {"prompt": "Grüß Gott", "isStart": True, "temperature": 0.5}},
        {"id": "refund", "type": "Webhook", "data": {"url": "https://shop.example/refund", "retries": 3}},
        {"globalConfig": {"globalPrompt": "Stay polite."}, "position": {"x": 0, "y": 0}},
    ],
    "edges": [
        {"id": "e-1", "source": "start", "target": "refund", "label": "wants a refund", "sourceHandle": "a"},
        {"id": "e-2", "source": "refund", "target": "start", "label": "has one"},
    ],
    "post_call_actions": [{"type": "webhook", "url": "https://shop.example/done"}],
    "memory_enabled": False,
    "entity_schemas": [],
    "analysis_options": {"summary": True},
    "version_number": 6,
    "revision_number": 2,
    "is_latest": True,
}
SETTINGS = {key: VERSION[key] for key in ("post_call_actions", "memory_enabled", "entity_schemas", "analysis_options")}


def parse(version: Any, *ignored: str) -> Content:
    content = parse_content(json.dumps(version).encode(), ignored)
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


def sha256(canonical: Any) -> str:
    text = json.dumps(canonical, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return hashlib.sha256(text.encode()).hexdigest()


def test_the_digest_is_that_of_the_documented_canonical_json() -> None:
    start, refund, _ = VERSION["nodes"]
    everywhere = {"globalConfig": {"globalPrompt": "Stay polite."}}
    canonical = {"nodes": [refund, start, everywhere], "edges": VERSION["edges"], "settings": SETTINGS}
    assert digest(VERSION) == "sha256v2:" + sha256(canonical)
    assert parse(VERSION).version == 6


def test_the_older_digest_is_that_of_the_fields_that_counted_then() -> None:
    nodes = [{}, *({key: node[key] for key in ("id", "type", "data")} for node in VERSION["nodes"][1::-1])]
    edges = [{key: edge[key] for key in ("id", "source", "target", "label")} for edge in VERSION["edges"]]
    older = "sha256:" + sha256({"nodes": nodes, "edges": edges})
    assert parse(VERSION).digests == Digests(digest(VERSION), older)
    assert parse(changed("edges", to=VERSION["edges"][::-1])).digests.older == older


@pytest.mark.parametrize(
    "same",
    [
        {"data": VERSION, "errors": None},
        {"data": {"data": VERSION}},
        {**VERSION, "name": "Another name", "is_latest": False, "version_number": 7, "updated_at": "2026-04-14"},
        {**VERSION, "revision_number": 3, "id": "v-7", "created_at": None, "pathway_id": "pw-1"},
        {**VERSION, "nodes": VERSION["nodes"][::-1]},
        {**VERSION, "description": None},
        {**VERSION, "nodes": [dict(reversed(node.items())) for node in VERSION["nodes"]]},
        {**VERSION, "nodes": [{**node, "position": {"x": 1}, "selected": True} for node in VERSION["nodes"]]},
        {**VERSION, "nodes": [{**node, "measured": {"width": 2}, "dragging": False} for node in VERSION["nodes"]]},
        changed("edges", 0, to={**VERSION["edges"][0], "animated": True, "data": None, "type": None}),
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
        changed("edges", to=VERSION["edges"][::-1]),
        changed("edges", 0, "sourceHandle", to="b"),
        changed("nodes", 0, "extra", to=1),
        changed("nodes", 2, "globalConfig", "globalPrompt", to="Refuse everything."),
        changed("nodes", to=VERSION["nodes"][:2]),
        changed("nodes", to=[*VERSION["nodes"], {"globalConfig": {}}]),
        changed("post_call_actions", 0, "url", to="https://elsewhere.example"),
        changed("post_call_actions", to=[]),
        changed("memory_enabled", to=True),
        changed("entity_schemas", to=[{"name": "order"}]),
        changed("analysis_options", "summary", to=False),
        {**VERSION, "nodes_of_tomorrow": []},
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
    assert short("sha256v2:" + "0123456789abcdef" * 4) == "sha256v2:0123456789ab"
    for text in (None, "", "<script>", "sha256:0", "sha256v3:" + "0" * 64, "sha256:" + "0" * 65):
        assert short(text) == "unknown"
        assert not is_digest(text)


OLD, OTHER, NEW = "sha256:" + "0" * 64, "sha256:" + "1" * 64, "sha256v2:" + "2" * 64


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        (Digests.of(OLD), Digests.of(OLD), True),
        (Digests.of(OLD), Digests.of(OTHER), False),
        (Digests.of(OLD), Digests.of(NEW), None),
        (Digests.of(OLD), Digests(NEW, OLD), True),
        (Digests.of(OTHER), Digests(NEW, OLD), False),
        (Digests(NEW, OTHER), Digests(NEW, OLD), True),
        (Digests.of(NEW), None, None),
        (Digests.of(None), Digests.of(NEW), None),
    ],
)
def test_contents_are_compared_in_the_newest_form_of_both(
    one: Digests | None,
    other: Digests | None,
    same: bool | None,  # noqa: FBT001
) -> None:
    assert is_same(one, other) is same
    assert is_same(other, one) is same


def test_people_see_two_digests_of_one_form() -> None:
    read = Digests(NEW, OLD)
    assert (read.best, read.like(OTHER), read.like(NEW), read.like(None)) == (NEW, OLD, NEW, NEW)
    assert (Digests(NEW).like(OLD), Digests(None, OLD).like(NEW)) == (NEW, OLD)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)
NAMES = st.text("abcxyz_", min_size=1, max_size=4)
NODES = st.lists(
    st.fixed_dictionaries({"type": NAMES, "data": JSON}, optional={"id": NAMES, "globalConfig": JSON}), max_size=5
)
EDGES = st.lists(st.fixed_dictionaries({"id": NAMES, "source": NAMES, "target": NAMES}), max_size=5)
VERSIONS = st.builds(
    lambda nodes, edges, settings: {**settings, "nodes": nodes, "edges": edges},
    NODES,
    EDGES,
    st.dictionaries(NAMES.filter(lambda name: name not in BOOKKEEPING), JSON, max_size=4),
)


def shuffled(value: Any, rng: random.Random) -> Any:
    """Return a value with the keys of its mappings in another order."""
    if isinstance(value, dict):
        items = [(key, shuffled(entry, rng)) for key, entry in value.items()]
        return dict(rng.sample(items, len(items)))
    return [shuffled(entry, rng) for entry in value] if isinstance(value, list) else value


IGNORED = st.tuples(st.sampled_from(sorted(LAYOUT)), st.sampled_from(sorted(BOOKKEEPING)))


@given(VERSIONS, st.randoms(use_true_random=False), IGNORED)
def test_no_layout_and_bookkeeping_matters(version: Any, rng: random.Random, ignored: tuple[str, str]) -> None:
    layout, record = ignored
    mixed = shuffled(version, rng)
    for part in [*mixed["nodes"], *mixed["edges"]]:
        part[layout] = {"x": 1}
    numbers = {id(node): index for index, node in enumerate(mixed["nodes"])}
    # Nodes with an id may come in any order, but for those that share one.
    mixed["nodes"].sort(key=lambda node: (str(node.get("id", ""))[::-1], numbers[id(node)]))
    assert digest({**mixed, record: "anything"}) == digest(version)


def places(value: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """The path of every value in a version."""
    inner: Any = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    return [found for key, entry in inner for found in [(*path, key), *places(entry, (*path, key))]]


@given(VERSIONS, JSON, st.data())
def test_every_change_of_any_field_matters(version: Any, value: Any, data: st.DataObject) -> None:
    path = data.draw(st.sampled_from(places(version)))
    other = copy.deepcopy(version)
    place: Any = other
    for key in path[:-1]:
        place = place[key]
    before = place[path[-1]]
    is_part = isinstance(before, dict) and path[0] in {"nodes", "edges"} and len(path) == 2
    place[path[-1]] = {"another": value} if is_part else [{"another": value}] if len(path) == 1 else value
    if canonical(other) != canonical(version):
        assert digest(other) != digest(version)


@given(VERSIONS, NAMES.filter(lambda name: name not in LAYOUT | BOOKKEEPING), st.data())
def test_every_new_field_at_any_depth_matters(version: Any, name: str, data: st.DataObject) -> None:
    paths = [path for path in [(), *places(version)] if isinstance(at(version, path), dict)]
    other = copy.deepcopy(version)
    place = at(other, data.draw(st.sampled_from(paths)))
    if name not in place:
        place[name] = "new"
        assert digest(other) != digest(version)


def at(value: Any, path: tuple[Any, ...]) -> Any:
    for key in path:
        value = value[key]
    return value


def canonical(version: Any) -> str:
    """What may be equal although a field was changed: null and a missing field, 5 and 5.0, the order of nodes."""
    parts = {key: value for key, value in version.items() if value is not None}
    nodes = [{key: value for key, value in node.items() if value is not None} for node in version["nodes"]]
    named = sorted((node for node in nodes if "id" in node), key=lambda node: str(node["id"]))
    return json.dumps({**parts, "nodes": named + [node for node in nodes if "id" not in node]}, sort_keys=True)


@pytest.mark.parametrize(
    ("path", "before", "after"),
    [
        ("deployed_at", VERSION, {**VERSION, "deployed_at": "today"}),
        ("analysis_options.summary", VERSION, changed("analysis_options", "summary", to=5)),
        ("post_call_actions.url", VERSION, changed("post_call_actions", 0, "url", to="https://other.example")),
        ("nodes.data.retries", VERSION, changed("nodes", 1, "data", "retries", to=9)),
        ("edges.label", VERSION, changed("edges", 1, "label", to="has two")),
    ],
)
def test_an_ignored_path_does_not_count(path: str, before: dict[str, Any], after: dict[str, Any]) -> None:
    one, other = parse(before, path), parse(after, path)
    assert is_same(one.digests, other.digests) is True
    assert (one.nodes, one.edges, one.settings) == (other.nodes, other.edges, other.settings)
    assert is_same(parse(before).digests, parse(after).digests) is False
    assert is_same(one.digests, parse(changed("nodes", 0, "data", "prompt", to="Bye"), path).digests) is False


def test_a_digest_names_the_paths_that_it_leaves_out() -> None:
    content = parse(VERSION, "nodes.data.retries", "is_production", "is_production", "memory_enabled.x")
    form = "sha256v2(is_production,memory_enabled.x,nodes.data.retries):"
    assert content.digest.startswith(form)
    assert is_digest(content.digest)
    assert short(content.digest) == content.digest[: len(form) + 12]


@pytest.mark.parametrize("form", ["sha256v2()", "sha256v2(a b)", "sha256v2(a,)", "sha256(a)", "sha256v2(\x1b[2J)"])
def test_a_digest_with_other_paths_than_config_can_have_is_none(form: str) -> None:
    assert not is_digest(f"{form}:{'0' * 64}")


EDITED = changed("nodes", 0, "data", "prompt", to="Bye")


@pytest.mark.parametrize(
    ("recorded", "now", "is_equal"),
    [
        (parse(VERSION).digest, parse(VERSION, "memory_enabled"), True),
        (parse(VERSION).digest, parse(EDITED, "memory_enabled"), None),
        (parse(VERSION, "name").digest, parse(VERSION), None),
        (parse(VERSION, "name").digest, parse(VERSION, "memory_enabled"), None),
        (parse(VERSION).digests.older, parse(VERSION, "memory_enabled"), True),
        (parse(VERSION).digests.older, parse(EDITED, "memory_enabled"), None),
    ],
)
def test_other_ignored_paths_are_no_edit_and_prove_only_a_whole(
    recorded: str,
    now: Content,
    is_equal: bool | None,  # noqa: FBT001
) -> None:
    then = Digests.of(recorded)
    assert is_same(now.digests, then) is is_equal
    assert is_same(then, now.digests) is is_equal
    assert is_incomparable(now.digests, then) is is_incomparable(then, now.digests) is (is_equal is None)


def test_two_records_with_other_ignored_paths_are_not_compared() -> None:
    one, other = Digests.of(parse(VERSION, "name").digest), Digests.of(parse(VERSION).digest)
    assert is_same(one, other) is None
    assert not is_incomparable(one, other)
    assert not is_incomparable(one, None)


def test_a_digest_is_shown_in_the_form_of_another() -> None:
    digests = parse(VERSION, "memory_enabled").digests
    assert digests.like(digest(EDITED)) == digest(VERSION)
    assert digests.like(digests.current) == digests.like(None) == digests.current
    assert digests.like(parse(VERSION).digests.older) == digests.older
