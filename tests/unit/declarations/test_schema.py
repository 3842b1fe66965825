from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tornado_resource.declarations.reader import parse
from tornado_resource.declarations.schema import _decider, explain, schema_problems, schema_text

if TYPE_CHECKING:
    from collections.abc import Iterator

SCHEMA = json.loads(schema_text())


def _properties(schema: Any, path: str = "") -> Iterator[tuple[str, Any]]:
    for key, value in schema.get("properties", {}).items():
        yield f"{path}.{key}", value
        yield from _properties(value, f"{path}.{key}")
    for key, value in schema.get("$defs", {}).items():
        yield f"{path}#{key}", value
        yield from _properties(value, f"{path}#{key}")


@pytest.mark.parametrize(("path", "schema"), list(_properties(SCHEMA)))
def test_every_key_tells_an_editor_what_it_is(path: str, schema: dict[str, Any]) -> None:
    assert {"title", "description", "examples"} <= schema.keys(), path


@pytest.mark.parametrize(("path", "schema"), list(_properties(SCHEMA)))
def test_every_example_is_valid(path: str, schema: dict[str, Any]) -> None:
    import jsonschema_rs

    validator = jsonschema_rs.Draft202012Validator({**schema, "$defs": SCHEMA["$defs"]})
    assert all(validator.is_valid(example) for example in schema["examples"]), path


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
    explained = {"type", "const", "enum", "pattern", "minItems", "maxItems", "minimum", "maximum", "minProperties"}
    explained |= {"minLength", "maxLength", "required", "additionalProperties", "propertyNames", "uniqueItems"}
    neutral = {"$schema", "$id", "$ref", "title", "description", "items", "patternErrorMessage"}
    assert set(_keywords(SCHEMA)) <= explained | neutral


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


@given(trees | nearly)
def test_both_validators_agree_and_an_invalid_file_is_always_explained(data: Any) -> None:
    document = parse(json.dumps(data).encode(), "f")
    problems = list(explain(document))
    assert bool(problems) is not _decider()(data)
    assert all("\n" not in str(problem) for problem in problems)


def test_a_valid_file_is_decided_without_importing_jsonschema() -> None:
    import subprocess
    import sys

    program = (
        "import sys; from tornado_resource.declarations.resolver import load; load('sessions.yaml', 'dev');"
        "assert not {'jsonschema', 'pulumi', 'httpx', 'click'} & set(sys.modules), sys.modules.keys()"
    )
    subprocess.run([sys.executable, "-c", program], check=True)


def test_problems_come_in_the_files_order() -> None:
    document = parse(b"sessions:\n  B: 1\n  A: 2\nversion: 3\n", "f")
    assert [problem.position.line for problem in schema_problems(document)] == sorted(
        problem.position.line for problem in schema_problems(document)
    )
