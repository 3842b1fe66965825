"""What commands write into `sessions.yaml`: texts, keys, and entries between its comments. Pure."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import yaml

from tornado_resource.core.text import escaped

if TYPE_CHECKING:
    from collections.abc import Container, Mapping, Sequence

_PLAIN: Final = re.compile(r"[A-Za-z][A-Za-z0-9_-]*( [A-Za-z0-9_-]+)*")
_WORDS: Final = frozenset({"true", "false", "null", "yes", "no", "on", "off", "y", "n"})
_NO_KEY: Final = re.compile(r"[^a-z0-9]+")
_MAX_KEY: Final = 63
_STEP: Final = "  "


def unused_key(name: str, taken: Container[Any], noun: str) -> str:
    """Return a key made of a name that is not taken; *noun* begins it if the name cannot."""
    word = _NO_KEY.sub("-", name.lower()).strip("-")
    is_usable = word[:1].isalpha() and word not in _WORDS
    base = word if is_usable else f"{noun}-{word}"
    number, key = 1, base[:_MAX_KEY].rstrip("-")
    while key in taken:
        number += 1
        end = f"-{number}"
        key = base[: _MAX_KEY - len(end)].rstrip("-") + end
    return key


def yaml_text(text: str) -> str:
    """Return a text as YAML: plain if nothing else could be meant, else in double quotes."""
    if _PLAIN.fullmatch(text) and text.lower() not in _WORDS:
        return text
    return '"' + "".join(map(_quoted, text)) + '"'


def _quoted(character: str) -> str:
    if character in {'"', "\\"}:
        return f"\\{character}"
    return character if character.isprintable() else escaped(character)


@dataclass(frozen=True, slots=True)
class _Edit:
    """Put *text* in the place of what is from *start* to *end*."""

    start: int
    end: int
    text: str


def with_entries(text: str, section: str, entries: Mapping[str, Sequence[str]]) -> tuple[str, list[str]]:
    """Return a file with entries in a section of its environments, and the environments where that is not possible.

    These share what they declare with others, by an alias.

    Args:
        text: the file, which is valid.
        section: such as `agents`. An environment without it gets it.
        entries: by environment, the entries, each on one line: `support: {rerun: always}`.

    """
    if not entries:
        return text, []
    _, declared = _pairs(yaml.compose(text, yaml.CSafeLoader))["environments"]
    environments = _pairs(declared)
    numbers = [id(own) for _, own in environments.values()]
    edits: list[_Edit] = []
    left: list[str] = []
    for name, added in entries.items():
        key, own = environments[name]
        edit = _edit(text, own, section, added) if numbers.count(id(own)) == 1 and not _is_alias(key, own) else None
        if edit is None:
            left.append(name)
        else:
            edits.append(edit)
    for edit in sorted(edits, key=lambda change: -change.start):
        text = text[: edit.start] + edit.text + text[edit.end :]
    return text, left


def _edit(text: str, own: yaml.Node, section: str, added: Sequence[str]) -> _Edit | None:
    """Put entries into the section of an environment; None if that is an alias."""
    place = _pairs(own).get(section)
    if place is not None:
        return _inserted(text, place[1], added) if not _is_alias(*place) else None
    if _is_block(own):
        return _inserted(text, own, [f"{section}:", *(_STEP + entry for entry in added)])
    return _inserted(text, own, [f"{section}: {_flow(added)}"])


def _pairs(node: yaml.Node | None) -> dict[str, tuple[yaml.Node, yaml.Node]]:
    """Return the keys and values of a mapping; nothing of anything else."""
    return {key.value: (key, value) for key, value in node.value} if isinstance(node, yaml.MappingNode) else {}


def _is_alias(key: yaml.Node, value: yaml.Node) -> bool:
    """Return whether a value is defined elsewhere: then it has the marks of that place."""
    return bool(value.start_mark.index < key.start_mark.index)


def _is_block(node: yaml.Node) -> bool:
    return isinstance(node, yaml.CollectionNode) and not node.flow_style and bool(node.value)


def _flow(entries: Sequence[str]) -> str:
    return "{" + ", ".join(entries) + "}"


def _inserted(text: str, node: yaml.Node, entries: Sequence[str]) -> _Edit:
    """Put entries into a mapping as it is written: a line for each, or in braces. What is null or empty gets braces."""
    start, end = node.start_mark.index, node.end_mark.index
    if _is_block(node):
        indent = " " * node.start_mark.column
        place = _end_of_line(text, _end(text, node))
        return _Edit(place, place, "".join(f"\n{indent}{entry}" for entry in entries))
    if node.value and isinstance(node, yaml.MappingNode):
        return _Edit(start + 1, start + 1, f"{', '.join(entries)}, ")
    return _Edit(start, end, f"{'' if start < end else ' '}{_flow(entries)}")


def _end(text: str, node: yaml.Node) -> int:
    """Return where a node ends, without the comments that follow it."""
    if isinstance(node, yaml.SequenceNode) and _is_block(node):
        return _without_comments(text, node.end_mark.index)  # its last entry may be an alias, which has no marks
    if _is_block(node):
        key, value = node.value[-1]
        return int(key.end_mark.index) if _is_alias(key, value) else _end(text, value)
    return len(text[: node.end_mark.index].rstrip())


def _without_comments(text: str, end: int) -> int:
    """Return the end of the last line that has more than a comment."""
    lines = text[:end].rstrip().split("\n")
    while lines[-1].lstrip().startswith("#"):
        lines.pop()
    return len("\n".join(lines).rstrip())


def _end_of_line(text: str, place: int) -> int:
    line_end = text.find("\n", place)
    return line_end if line_end >= 0 else len(text)
