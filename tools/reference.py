"""Write `docs/reference/` from what it describes: the JSON Schema, the docstrings, and the help of the commands.

`python tools/reference.py` writes the pages; a test compares them.
"""

from __future__ import annotations

import json
import re
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import click
import griffe

from tornado_resource.cli import COMMANDS, PROGRAM, cli
from tornado_resource.cli.output import HELP

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

ROOT: Final = Path(__file__).resolve().parent.parent
FOLDER: Final = ROOT / "docs/reference"
SCHEMA: Final = ROOT / "schemas/sessions.schema.json"
OBJECTS: Final = {
    "defaults": "Defaults",
    "session": "A session",
    "agent": "An agent",
    "checks": "Checks",
    "usedJudge": "A judge of checks",
    "quarantinedScenario": "Quarantined scenarios",
    "quarantinedJudge": "Quarantined judges",
    "judge": "A judge",
    "level": "A level of a judge",
    "scenario": "A scenario",
    "assertion": "An assertion",
    "environment": "An environment",
    "budget": "A budget",
}
"""The definitions of the schema that have a section of their own, with its heading."""
RESOURCES: Final = (
    "TornadoSession",
    "CheckRun",
    "TornadoScenario",
    "AgentChecks",
    "AgentJudge",
    "PathwayRelease",
    "AgentRelease",
)
FUNCTIONS: Final = ("deploy", "wait_for", "load")
VALUES: Final = ("Gate", "Confirm", "Verdict", "TornadoError")
NOTE: Final = "<!-- made by tools/reference.py -->\n\n"
NULL: Final = (
    "Every key that is not required may be null. Outside of `environments`, that is the same as leaving it out; "
    "inside, null removes the inherited key, session, agent, scenario or judge."
)
IMPORTS: Final = (
    "All names are imported from `tornado_resource`. An `Input[T]` is a value, an output of another resource, or an "
    "awaitable, as everywhere in Pulumi's SDK. `InvalidArgument`, `ConfigurationError` and `DeclarationError` are "
    "kinds of `TornadoError`."
)
HELP_WIDTH: Final = 100
LARGEST: Final = 2**53 - 1


def declarations() -> str:
    """Return the page about every key of `sessions.yaml`, from its JSON Schema."""
    schema = json.loads(SCHEMA.read_text(encoding="utf-8"))
    parts = [
        f"# sessions.yaml: all keys\n\n{NOTE}",
        f"{schema['description']} [declarations.md](../declarations.md) explains how they work together. {NULL}\n\n",
        "## The file\n\n",
        _keys(schema, schema["$defs"]),
    ]
    for name, heading in OBJECTS.items():
        described = schema["$defs"][name]
        parts += [f"\n## {heading}\n\n{described['description']}\n\n", _keys(described, schema["$defs"])]
    return "".join(parts)


def _keys(schema: Mapping[str, Any], definitions: Mapping[str, Any]) -> str:
    rows = "".join(
        f"| `{key}` | {_cell(_value(value, definitions))} | {_cell(value['description'])} |\n"
        for key, value in _properties(schema)
    )
    return f"| key | value | meaning |\n| --- | --- | --- |\n{rows}"


def _properties(schema: Mapping[str, Any], prefix: str = "") -> Iterator[tuple[str, Mapping[str, Any]]]:
    """Yield the keys of an object with their schemas, and those of objects that are described in place.

    A key that is that of another object is described there.
    """
    for key, value in schema.get("properties", {}).items():
        if "description" not in value:
            continue
        is_required = key in schema.get("required", ()) and not prefix
        yield f"{prefix}{key}", {**value, "is_required": is_required}
        yield from _properties(value, f"{prefix}{key}.")


def _value(schema: Mapping[str, Any], definitions: Mapping[str, Any]) -> str:
    required = ", required" if schema.get("is_required") else ""
    return f"{_kind(schema, definitions)}{required}"


def _kind(schema: Mapping[str, Any], definitions: Mapping[str, Any]) -> str:
    if "const" in schema:
        return f"`{schema['const']}`"
    if "enum" in schema:
        return ", ".join(f"`{each}`" for each in schema["enum"] if each is not None)
    if "$ref" in schema:
        return _reference(schema["$ref"].rpartition("/")[2], definitions)
    types = [each for each in _types(schema) if each != "null"]
    return " or ".join(_typed(each, schema, definitions) for each in types)


def _types(schema: Mapping[str, Any]) -> list[str]:
    types = schema.get("type", [])
    return [types] if isinstance(types, str) else list(types)


def _reference(name: str, definitions: Mapping[str, Any]) -> str:
    if name in OBJECTS:
        return f"[{OBJECTS[name].lower()}](#{OBJECTS[name].lower().replace(' ', '-')})"
    if "enum" in definitions[name] or "boolean" in _types(definitions[name]):
        return _kind(definitions[name], definitions)
    names = {
        "name": "a name",
        "scenarioKey": "a name",
        "environmentName": "a stack's name",
        "identifier": "an id",
        "percentage": "a percentage",
        "tag": "a word",
    }
    return names[name]


def _typed(kind: str, schema: Mapping[str, Any], definitions: Mapping[str, Any]) -> str:
    if kind == "array":
        return f"a list of {_plural(_kind(schema['items'], definitions))}{_range(schema, 'minItems', 'maxItems')}"
    if kind == "object":
        values = schema.get("additionalProperties")
        of_what = f" of names to {_plural(_kind(values, definitions))}" if isinstance(values, dict) else ""
        return f"a mapping{of_what}{_range(schema, 'minProperties', 'maxProperties')}"
    if kind == "string" and schema.get("pattern") == "^none$":
        return "`none`"
    names = {"integer": "a whole number", "number": "a number", "boolean": "`true` or `false`", "string": "a string"}
    return names[kind] + (_range(schema, "minimum", "maximum") if kind in {"integer", "number"} else "")


def _range(schema: Mapping[str, Any], smallest: str, largest: str) -> str:
    low, high = (None if abs(schema.get(key, LARGEST)) == LARGEST else schema[key] for key in (smallest, largest))
    if low is not None and high is not None:
        return f" ({low} to {high})"
    return f" (at least {low})" if low is not None else f" (at most {high})" if high is not None else ""


def _plural(kind: str) -> str:
    """Return `ids` for `an id`, and `[sessions](#a-session)` for `[a session](#a-session)`."""
    return re.sub(r"\b(?<!#)an? ((?:whole )?\w+)\b", r"\1s", kind)


def _cell(text: str) -> str:
    return " ".join(text.split()).replace("|", "\\|")


def resources() -> str:
    """Return the page about the public names of the package, from their docstrings."""
    package = griffe.load("tornado_resource", search_paths=[str(ROOT)], docstring_parser="google")
    parts = [f"# Resources and functions\n\n{NOTE}{IMPORTS}\n"]
    for heading, names in {"Resources": RESOURCES, "Functions": FUNCTIONS, "Values": VALUES}.items():
        parts.append(f"\n## {heading}\n")
        parts += [
            _described(name, package[name].final_target if package[name].is_alias else package[name]) for name in names
        ]
    return "".join(parts)


def _described(name: str, item: Any) -> str:
    lines = [f"\n### {name}\n\n", *_sections(item.docstring)]
    if item.is_class:
        constructor = item.members.get("__init__")
        if constructor is not None and constructor.docstring:
            lines += _sections(constructor.docstring)
        lines += _attributes(item)
    return "".join(lines)


def _sections(docstring: griffe.Docstring | None) -> Iterator[str]:
    """Yield the parts of a docstring as Markdown."""
    for section in docstring.parse("google") if docstring else ():
        if section.kind is griffe.DocstringSectionKind.text:
            yield f"{_plain(section.value)}\n\n"
        elif section.kind is griffe.DocstringSectionKind.parameters:
            yield "| argument | type | meaning |\n| --- | --- | --- |\n"
            yield from (
                f"| `{each.name}` | `{_cell(str(each.annotation))}` | {_cell(_plain(each.description))} |\n"
                for each in section.value
            )
            yield "\n"
        elif section.kind is griffe.DocstringSectionKind.raises:
            yield "".join(
                f"Raises `{each.annotation}`: {_cell(_plain(each.description))}\n\n" for each in section.value
            )
        elif section.kind is griffe.DocstringSectionKind.examples:
            yield "".join(f"{text}\n\n" for _, text in section.value)


def _attributes(item: Any) -> Iterator[str]:
    found = [
        each
        for each in item.members.values()
        if each.is_attribute and not each.name.startswith("_") and each.annotation is not None
    ]
    if found:
        yield "| output or attribute | type | meaning |\n| --- | --- | --- |\n"
    for each in found:
        meaning = _cell(_plain(each.docstring.value)) if each.docstring else ""
        yield f"| `{each.name}` | `{_cell(str(each.annotation))}` | {meaning} |\n"


def _plain(text: str) -> str:
    """Return a text of a docstring, whose *names* of arguments become code."""
    return re.sub(r"(?<![*\w])\*([a-z_]+)\*(?![*\w])", r"`\1`", text)


def commands() -> str:
    """Return the page about the command line, from the help of each command."""
    parts = [
        f"# Commands\n\n{NOTE}",
        "[command-line.md](../command-line.md) explains what scripts, terminals and shells need. Exit codes of every ",
        "command:\n\n",
        f"```text\n{HELP.replace(chr(8), '').strip()}\n```\n",
    ]
    root = click.Context(cli, info_name=PROGRAM, **cli.context_settings)
    for name in COMMANDS:
        command = cli.get_command(root, name)
        assert command is not None  # noqa: S101 - for the type checker
        command.epilog = None
        context = click.Context(
            command, info_name=name, parent=root, terminal_width=HELP_WIDTH, max_content_width=HELP_WIDTH
        )
        parts.append(f"\n## {name}\n\n```text\n{command.get_help(context)}\n```\n")
    return "".join(parts)


def pages() -> dict[Path, str]:
    """Return every page by its path."""
    return {
        FOLDER / "sessions-yaml.md": declarations(),
        FOLDER / "resources.md": resources(),
        FOLDER / "commands.md": commands(),
    }


def main() -> int:
    """Write the pages."""
    FOLDER.mkdir(parents=True, exist_ok=True)
    for path, content in pages().items():
        path.write_text(content, encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
