"""What an editor offers at every position of a file, and what the file is once it is taken."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any

import pytest

from tests.support.edited_file import CURSOR, EVERY_KEY, MODELINE, Line, lines
from tornado_resource.declarations.reader import parse
from tornado_resource.declarations.schema import is_valid, schema_text, violations

if TYPE_CHECKING:
    from tests.support.language_server import LanguageServer

SCHEMA = json.loads(schema_text())
LINES = lines(SCHEMA)
NAMES = {
    name: f"{name.removesuffix('s')}-name" for name in ("sessions", "agents", "judges", "scenarios", "environments")
}
TITLE = "Tornado sessions and check runs"
HEAD = f"{MODELINE}version: 1\nsessions:\n  support-line:\n    pathway_id: pw-1\n"


def offered(server: LanguageServer, text: str) -> dict[str, str]:
    """Return what is offered at the cursor: by its label, the file once it is taken."""
    before, _, after = text.partition(CURSOR)
    server.open(before + after)
    items = server.complete(before.count("\n"), len(before) - before.rfind("\n") - 1)
    found = {item["label"]: taken(before + after, item["textEdit"]) for item in items}
    assert len(found) == len(items), "two labels are the same"
    return found


def taken(text: str, edit: dict[str, Any]) -> str:
    """Return the file with what was offered. Where it leaves something to be typed, nothing is typed."""
    rows = text.splitlines(keepends=True) or [""]
    rows += [""] if text.endswith("\n") else []
    start, end = edit["range"]["start"], edit["range"]["end"]
    assert start["line"] == end["line"]
    row = rows[start["line"]]
    # Editors indent what they insert like the line that it begins in.
    indent = row[: len(row) - len(row.lstrip(" "))]
    snippet = edit["newText"].replace("\n", f"\n{indent}")
    inserted = re.sub(r"\$\{\d+(?::([^}]*))?\}|\$\d+", lambda match: match[1] or "", snippet)
    rows[start["line"]] = row[: start["character"]] + inserted + row[end["character"] :]
    return "".join(rows)


def faults(text: str) -> set[str]:
    """Return what the schema refuses, but for what has not been typed yet."""
    found = violations(parse(text.encode(), "f").data)
    untyped = {"required", "anyOf"}
    return {f"{each.path}: {each.keyword}" for each in found if each.keyword not in untyped and each.value is not None}


def assert_good(found: dict[str, str]) -> None:
    for label, text in found.items():
        assert re.fullmatch(r"[\w .,'%/?()-]+", label), label
        assert faults(text) == set(), f"{label}:\n{text}"


@pytest.mark.parametrize("line", LINES, ids=lambda line: ".".join(line.path))
def test_every_key_is_offered_where_it_belongs(line: Line, server: LanguageServer) -> None:
    found = offered(server, MODELINE + line.without_key())
    assert_good(found)
    # The server offers nothing in the place of the first key of an entry that has others.
    if line.is_named and not line.is_first_of_entry:
        assert line.key in found
        assert line.key in parse(found[line.key].encode(), "f").lines[line.number + 1]
    elif line.path[0] in NAMES and len(line.path) == 2:
        assert list(found) == [NAMES[line.path[0]]]


@pytest.mark.parametrize("line", LINES, ids=lambda line: ".".join(line.path))
def test_every_value_that_is_offered_is_valid(line: Line, server: LanguageServer) -> None:
    if not line.is_scalar:
        return
    found = offered(server, MODELINE + line.without_value())
    assert_good(found)
    choices = line.schema.get("enum", line.schema.get("examples", []))
    assert {"null" if each is None else str(each).strip("'") for each in choices} - {"True", "False"} <= {
        label.strip("'") for label in found
    }


@pytest.mark.parametrize(
    ("text", "labels"),
    [
        (CURSOR, ["version", TITLE, "defaults", "sessions", "agents", "scenarios", "judges", "budget", "environments"]),
        ("version: 1\nsessions: ‸", []),
        ("version: 1\nsessions:\n  a: ‸", ["null"]),
        ("version: 1\nsessions:\n  a:\n    gate: ‸", ["none", "null"]),
        ("version: 1\nsessions:\n  a:\n    scenario_ids: ‸", ["null"]),
        ("version: 1\nsessions:\n  a:\n    scenario_ids: [‸]", []),
        ("version: 1\nsessions:\n  a:\n    scenario_ids:\n      - ‸", ["sc-refund"]),
        ("version: 1\nsessions:\n  a:\n    scenarios:\n      - ‸", ["refund"]),
        ("version: 1\nscenarios:\n  a:\n    assertions: ‸", ["null"]),
        (
            "version: 1\nscenarios:\n  a:\n    assertions:\n      - ‸",
            ["type", "Assertion", "config", "name", "is_required", "weight", "order"],
        ),
        ("version: 1\nsessions:\n  a: {gate: ‸}", ["none", "null"]),
        ("version: 1\nsessions:\n  a: {gate: {passed: ‸}}", ["all", "promotion", "38", "95%", "any", "null"]),
        ("version: 1\nsessions:\n  a: {gate: {p‸}}", ["passed", "repaired", "full_run", "confirm"]),
        ("version: 1\nsessions:\n  a: {gate: {confirm: {r‸}}}", ["runs", "passed"]),
        ("version: 1\nsessions:\n  a:\n    gate: {\n      ‸\n      }", ["passed", "repaired", "full_run", "confirm"]),
    ],
)
def test_exactly_what_fits_is_offered(text: str, labels: list[str], server: LanguageServer) -> None:
    found = offered(server, MODELINE + text)
    assert list(found) == labels
    assert_good(found)


def test_a_new_file_is_offered_with_what_every_file_has(server: LanguageServer) -> None:
    found = offered(server, MODELINE + CURSOR)
    assert found[TITLE] == f"{MODELINE}version: 1"


@pytest.mark.parametrize(("text", "offers"), [("{‸}", False), ("{p‸}", True), ("{\n  ‸\n}", True)])
def test_the_server_offers_keys_in_braces_once_one_is_begun(
    text: str,
    *,
    offers: bool,
    server: LanguageServer,
) -> None:
    """A limit of the server: whatever the schema, it offers no key between `{` and `}` where nothing is typed yet."""
    plain = {"type": "object", "properties": {"gate": {"type": "object", "properties": {"passed": {"enum": ["all"]}}}}}
    (server.folder / "plain.json").write_text(json.dumps(plain), encoding="utf-8")
    head = MODELINE.replace("sessions.schema.json", "plain.json")
    assert bool(offered(server, f"{head}gate: {text}")) is offers


def test_the_file_has_every_key_of_the_schema() -> None:
    assert is_valid(parse(EVERY_KEY.encode(), "f").data)
    titles = {line.schema["title"] for line in LINES if line.is_named}
    assert {schema["title"] for schema in named(SCHEMA) if schema.keys() != {"$ref"}} == titles


def named(schema: Any) -> list[dict[str, Any]]:
    """Return the schemas of all keys that the schema names."""
    if not isinstance(schema, dict):
        return []
    own = [*schema.get("properties", {}).values()]
    inner = [*own, *schema.get("$defs", {}).values()]
    return own + [each for value in inner for each in named(value)]
