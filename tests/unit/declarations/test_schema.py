from __future__ import annotations

import json
import re
import subprocess
import sys
from functools import reduce
from typing import TYPE_CHECKING, Any

import jsonschema_rs
import pytest
from hypothesis import given
from hypothesis import strategies as st
from jsonschema import Draft202012Validator
from jsonschema.exceptions import ValidationError
from jsonschema.validators import extend

from tests.support.paths import ROOT
from tornado_resource.declarations.explanations import EXPLAINED, FORMS
from tornado_resource.declarations.reader import parse
from tornado_resource.declarations.schema import is_valid, schema_problems, schema_text

if TYPE_CHECKING:
    from collections.abc import Iterator


SCHEMA = json.loads(schema_text())


def _properties(schema: Any, path: str = "") -> Iterator[tuple[str, Any]]:
    for key, value in schema.get("properties", {}).items():
        if value.keys() == {"$ref"}:
            continue  # an editor shows what it refers to
        yield f"{path}.{key}", value
        yield from _properties(value, f"{path}.{key}")
    for key, value in schema.get("$defs", {}).items():
        yield f"{path}#{key}", value
        yield from _properties(value, f"{path}#{key}")


PROPERTIES = list(_properties(SCHEMA))


def _examples(schema: Any) -> list[Any]:
    """Return the examples of a key: its own, those of its `then`, or those of what it refers to."""
    own = [*schema.get("examples", []), *schema.get("then", {}).get("examples", [])]
    reference = schema.get("$ref", "").removeprefix("#/")
    if own or not reference:
        return own
    return _examples(reduce(lambda part, key: part[key], reference.split("/"), SCHEMA))


EXAMPLES = [(path, schema, example) for path, schema in PROPERTIES for example in _examples(schema)]
ENTRIES = ["assertion", "usedJudge", "level", "quarantinedScenario", "quarantinedJudge"]
"""Entries of lists: an editor would offer their examples at `- ` as `[object Object]`. The lists have examples."""


def test_every_key_has_title_and_description_for_editors() -> None:
    assert len(PROPERTIES) > 100
    assert [path for path, schema in PROPERTIES if not {"title", "description"} <= schema.keys()] == []


def test_examples_are_those_that_an_editor_can_offer() -> None:
    """It shows a mapping as `[object Object]`, and writes a list in lines, also inside of braces."""
    offered = [example for _, schema in PROPERTIES for example in schema.get("examples", [])]
    assert len(offered) > 100
    assert [example for example in offered if isinstance(example, dict | list)] == []


def test_every_key_has_examples() -> None:
    assert [path for path, schema in PROPERTIES if not _examples(schema)] == [f"#{name}" for name in ENTRIES]


def test_the_examples_of_lists_are_those_of_their_entries() -> None:
    lists = {name: _values_with(SCHEMA, "items", {"$ref": f"#/$defs/{name}"}) for name in ENTRIES}
    assert all(_examples(schema)[0] for schemas in lists.values() for schema in schemas)
    assert all(lists.values())


def test_what_an_editor_shows_and_does_not_offer_is_no_rule() -> None:
    """`if: true` and `then` hold examples that the hover has, and that the completion leaves alone."""
    held = list(_values_of(SCHEMA, "then"))
    assert len(held) == len(list(_values_of(SCHEMA, "if"))) > 30
    assert set(_values_of(SCHEMA, "if")) == {True}
    assert {key for each in held for key in each} == {"examples"}


def _values_with(schema: Any, keyword: str, value: Any) -> list[Any]:
    """Return the parts of a schema that have a keyword with this value."""
    if not isinstance(schema, dict):
        return []
    own = [schema] if schema.get(keyword) == value else []
    return own + [found for each in schema.values() for found in _values_with(each, keyword, value)]


def _values_of(schema: Any, keyword: str) -> Iterator[Any]:
    for key, value in schema.items() if isinstance(schema, dict) else ():
        if key == keyword:
            yield value
        yield from _values_of(value, keyword)


def test_every_pattern_is_put_into_words() -> None:
    """In Python, since strict validators refuse a keyword of our own in the schema."""
    assert set(FORMS) == {value for value in _values_of(SCHEMA, "pattern") if isinstance(value, str)}


def test_every_example_is_valid() -> None:
    def is_good(schema: dict[str, Any], example: Any) -> bool:
        return jsonschema_rs.Draft202012Validator({**schema, "$defs": SCHEMA["$defs"]}).is_valid(example)

    assert len(EXAMPLES) > 150
    assert [(path, example) for path, schema, example in EXAMPLES if not is_good(schema, example)] == []


def _keywords(schema: Any) -> Iterator[str]:
    if isinstance(schema, dict):
        for key, value in schema.items():
            if key in {"properties", "$defs"}:
                for inner in value.values():
                    yield from _keywords(inner)
            elif key not in {"examples", "enum", "const"}:
                yield key
                yield from _keywords(value)


def test_the_schema_uses_only_keywords_that_are_explained() -> None:
    neutral = {"$schema", "$id", "$ref", "title", "description", "items", "if", "then"}
    assert set(_keywords(SCHEMA)) <= EXPLAINED | neutral


keys = st.sampled_from([
    "version", "defaults", "sessions", "environments", "pathway_id", "persona_id", "scenario_ids", "version_number",
    "max_iterations", "timeout_ms", "gate", "passed", "repaired", "on_conflict", "on_destroy", "rerun", "triggers",
    "publish", "promotes_from", "max_age", "support-line", "staging", "Bad Name", "x\n",
])  # fmt: skip
leaves: st.SearchStrategy[Any] = st.sampled_from([
    None, True, 0, 1, 5, 5.0, 2.5, -1, 2**60, "", "all", "95%", "none", "fail", "adopt", "pw-1", "pw-1\n", "pw 1", ".",
    "24h", "24h\n", "staging", "sc-1", "é", "always", "production", {}, [], ["sc-1"], ["sc-1", "sc-1"], [1], [True, 1],
])  # fmt: skip
trees = st.recursive(
    leaves, lambda inner: st.dictionaries(keys, inner, max_size=4) | st.lists(inner, max_size=3), max_leaves=12
)
nearly = st.fixed_dictionaries(
    {
        "version": st.just(1),
        "sessions": st.dictionaries(st.sampled_from(["a", "b-1"]), st.dictionaries(keys, trees), min_size=1),
    },
    optional={
        "defaults": st.dictionaries(keys, trees),
        "environments": st.dictionaries(keys, st.dictionaries(keys, trees)),
    },
)


def _check_pattern(_validator: Any, pattern: str, value: Any, _schema: Any) -> Iterator[ValidationError]:
    """Check `pattern` by ECMA 262, as the standard says: Python's `$` also matches before a final line break."""
    if isinstance(value, str) and re.search(pattern.replace("$", r"\Z"), value) is None:
        yield ValidationError(pattern)


STANDARD: Any = extend(Draft202012Validator, {"pattern": _check_pattern})(SCHEMA)  # type: ignore[no-untyped-call] # stubs
"""jsonschema, the reference implementation that jsonschema-rs is compared with."""


@given(trees | nearly)
def test_a_verdict_is_jsonschemas_and_an_invalid_file_is_explained(data: Any) -> None:
    document = parse(json.dumps(data).encode(), "f")
    problems = sorted(schema_problems(document))
    assert is_valid(data) is STANDARD.is_valid(data)
    assert bool(problems) is not is_valid(data)
    assert all("\n" not in str(problem) for problem in problems)


def reported(text: str) -> list[str]:
    return [str(problem) for problem in sorted(schema_problems(parse(text.encode(), "f")))]


def test_a_long_list_is_counted_as_a_whole() -> None:
    listed = ", ".join(f"s{n}" for n in range(1500))
    assert reported(f"version: 1\nsessions: {{a: {{scenario_ids: [{listed}]}}}}\n") == [
        "f:2:30: sessions.a.scenario_ids: 1500 scenarios, the API takes at most 50"
    ]


def test_parts_of_an_environment_are_explained_like_those_of_the_file() -> None:
    text = (
        "version: 1\nsessions: {a: {}}\nenvironments:\n"
        "  b c: {defaults: {rerun: 1}, sessions: {B: {triggers: {x: [1]}}}}\n"
    )
    assert [line.partition(", expected")[0] for line in reported(text)] == [
        "f:4:3: environments.b c: found the name 'b c'",
        "f:4:27: environments.b c.defaults.rerun: found the number 1",
        "f:4:42: environments.b c.sessions.B: found the name 'B'",
        "f:4:60: environments.b c.sessions.B.triggers.x: found a list",
    ]


@pytest.mark.parametrize(
    ("values", "problem"),
    [
        ("timeout_ms: 9007199254740992", "found the number 9007199254740992, expected at most 9007199254740991"),
        (f"timeout_ms: {10**20}", "found a number of 21 digits, expected at most 9007199254740991"),
        (
            "timeout_ms: 900",
            "found the number 900, expected at least 10000 (milliseconds); write 900000 if seconds are meant",
        ),
        (
            "timeout_ms: 15",
            "found the number 15, expected at least 10000 (milliseconds); write 900000 if minutes are meant",
        ),
        (
            "timeout_ms: 9999",
            "found the number 9999, expected at least 10000 (milliseconds); write 9999000 if seconds are meant",
        ),
        ("timeout_ms: 0", "found the number 0, expected at least 10000 (milliseconds)"),
        ("timeout_ms: 0.5", "found the number 0.5, expected a whole number"),
        ("timeout_ms: 5 minutes", "found '5 minutes', expected a whole number"),
        ("timeout_ms: {a: 1}", "found a mapping, expected a whole number"),
        ("version_number: '7'", "found '7', expected `latest`, or the number of a version; remove the quotes"),
        ("persona_id: 1.5 # half", 'found the number 1.5, expected a string; quote it: "1.5"'),
        (
            "gate: {passed: []}",
            "found a list, expected `all`, `promotion`, `any`, a whole number, or a percentage such as 95%",
        ),
        ("publish: {}", "found a mapping, expected staging or production"),
        ("publish: staging\xa0", r"found 'staging\xa0', expected staging or production; did you mean `staging`?"),
        (" \xa0gate: none", "found a no-break space (U+00A0) in a key, expected an ordinary space"),
    ],
)
def test_a_wrong_value_is_explained(values: str, problem: str) -> None:
    [found] = reported(f"version: 1\nsessions:\n  a:\n    {values}\n")
    assert found.endswith(f": {problem}")


def test_a_repeated_number_is_reported_by_its_type_only() -> None:
    problems = reported("version: 1\nsessions:\n  a: {scenario_ids: [1, 1, x, x, x]}\n")
    assert [line.partition(": sessions.a.")[2].partition(",")[0].partition(" (")[0] for line in problems] == [
        "scenario_ids[0]: found the number 1",
        "scenario_ids[1]: found the number 1",
        "scenario_ids[3]: duplicate scenario 'x'",
        "scenario_ids[4]: duplicate scenario 'x'",
    ]


def test_no_file_is_validated_with_jsonschema_at_run_time() -> None:
    """Its import takes longer than all else that explaining a small file needs. The tests compare with it."""
    program = (
        "import sys; from tornado_resource.declarations.reader import parse;"
        "from tornado_resource.declarations.resolver import load; load('sessions.yaml', 'dev');"
        "from tornado_resource.declarations.schema import schema_problems;"
        "assert list(schema_problems(parse(b'a: 1', 'f')));"
        "assert not {'jsonschema', 'pulumi', 'httpx', 'click'} & set(sys.modules), sys.modules.keys()"
    )
    subprocess.run([sys.executable, "-c", program], check=True, cwd=ROOT)
