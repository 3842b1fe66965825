"""From libyaml's events to data with positions.

PyYAML's own loader is several times slower, keeps no positions, and reads YAML 1.1 (`on` is true, `012` is ten).
"""

from __future__ import annotations

import math
import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final, Never

from yaml import (
    AliasEvent,
    DocumentStartEvent,
    MappingEndEvent,
    MappingStartEvent,
    ScalarEvent,
    SequenceEndEvent,
    StreamEndEvent,
)

from tornado_resource.core.positions import Position, Problem
from tornado_resource.declarations.document import Findings, Quoting
from tornado_resource.declarations.slips import BRACES, COMMENT, COMMENT_START

if TYPE_CHECKING:
    from collections.abc import Callable

    from tornado_resource.declarations.document import Mark, Marks

Scalar = str | int | float | bool | None
_WORDS: dict[str, Scalar] = {
    **dict.fromkeys(["", "~", "null", "Null", "NULL"]),
    **dict.fromkeys(["true", "True", "TRUE"], True),
    **dict.fromkeys(["false", "False", "FALSE"], False),
}
_NUMERIC_START = frozenset("+-.0123456789")
_INTEGER = re.compile(r"[-+]?[0-9]+")
_BASED = re.compile(r"0o[0-7]+|0x[0-9a-fA-F]+")
_FLOAT = re.compile(r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?")
_NOT_FINITE = re.compile(r"[-+]?\.(inf|Inf|INF)|\.(nan|NaN|NAN)")
_MAX_DIGITS = 400


def plain(text: str) -> Scalar:
    """Return the value of a plain (unquoted) scalar: `on`, `no`, `1_000`, `12:30` and dates are strings.

    Raises:
        ValueError: a number that JSON cannot represent (infinite, not a number, more than 400 digits).

    """
    if not text or text[0] not in _NUMERIC_START:
        return _WORDS.get(text, text)
    if len(text) > _MAX_DIGITS and (_FLOAT.fullmatch(text) or _BASED.fullmatch(text)):
        message = f"a number of {len(text)} digits, expected at most {_MAX_DIGITS}"
        raise ValueError(message)
    if _INTEGER.fullmatch(text):
        return int(text)
    if _BASED.fullmatch(text):
        return int(text, 0)
    if _FLOAT.fullmatch(text):
        return _finite(float(text))
    return _finite(math.inf) if _NOT_FINITE.fullmatch(text) else text


def _finite(number: float) -> float:
    if math.isfinite(number):
        return number
    message = "a number that is not finite"
    raise ValueError(message)


MAX_DEPTH: Final = 64
MAX_ENTRIES: Final = 2_000
"""How many entries one mapping or list may have, so also how many sessions."""
MAX_VALUES: Final = 150_000
"""How many keys and values a file may have once its aliases are expanded."""
MAX_EXPANDED: Final = 4 * 1024 * 1024
"""How many characters a file may have once its aliases are expanded."""
_WORD: Final = re.compile(r"[^\s#]")
_PROMPT: Final = "tester_persona_prompt"
_TEXTS: Final = frozenset({"name", "description"})
"""The keys that have texts, even of one word. Of the others, a value of one word that a comment follows is whole."""
_TAG_PREFIX: Final = "tag:yaml.org,2002:"
_SCALAR_TAGS: Final[dict[str, tuple[type, ...]]] = {
    "str": (str,),
    "null": (type(None),),
    "bool": (bool,),
    "int": (int,),
    "float": (float, int),
}


class Stop(Exception):
    """A problem was reported, and the rest of the file cannot be read."""


@dataclass(slots=True)
class _Frame:
    """A mapping or list that is being filled. *height* is how deep its contents are nested, *key* is what is read."""

    node: Any
    anchor: str | None
    key: str | None = None
    height: int = 1


@dataclass(slots=True)
class _Anchored:
    """What an alias refers to; *text* counts its characters and *values* its keys and values, with aliases expanded."""

    node: Any
    text: int
    values: int = 0
    height: int = 0


@dataclass(slots=True)
class Composer:
    """Builds the data of one YAML document; problems and marks are collected on the way."""

    file: str
    quoting: Quoting = field(default_factory=Quoting)
    findings: Findings = field(default_factory=Findings)
    marks: Marks = field(default_factory=dict)
    empty: set[int] = field(default_factory=set)
    anchors: dict[str, _Anchored] = field(default_factory=dict)
    stack: list[_Frame] = field(default_factory=list)
    get_event: Callable[[], Any] = field(init=False)
    text: str = field(init=False)
    comments: frozenset[int] = field(init=False)
    has_merge_key: bool = False
    values: int = 0
    aliased: int = 0

    def compose(self, get_event: Callable[[], Any], text: str) -> Any:
        """Return the data of the document that *get_event* reads from *text*.

        Raises:
            Stop: the rest cannot be read; the reason is in *findings*.
            yaml.YAMLError: libyaml cannot parse it.

        """
        self.get_event, self.text = get_event, text
        self.comments = frozenset(match.start() for match in COMMENT_START.finditer(text))
        root: Any = None
        has_root = False
        event: Any
        while type(event := get_event()) is not StreamEndEvent:
            if type(event) is not DocumentStartEvent:
                continue
            if has_root:
                self._stop(event.start_mark, "second YAML document, expected one document in a file")
            root, has_root = self._value(get_event()), True
        return root

    def report(self, mark: Mark | None, text: str) -> None:
        """Add a problem at *mark*, with the path of the value that is being read."""
        self.findings.add(self._problem(mark, text))
        if self.findings.is_full:
            raise Stop

    def _problem(self, mark: Mark | None, text: str) -> Problem:
        line, column = (mark.line, mark.column) if mark is not None else (0, 0)
        keys = [frame.key if type(frame.node) is dict else len(frame.node) for frame in self.stack]
        path = self.quoting.path([key for key in keys if key is not None])
        return Problem(Position(self.file, line + 1, column + 1), path, text)

    def _stop(self, mark: Mark | None, text: str) -> Never:
        self.report(mark, text)
        raise Stop

    def _value(self, event: Any) -> Any:
        """Return the value that begins with *event*."""
        if type(event) is not ScalarEvent:
            return self._alias(event) if type(event) is AliasEvent else self._collection(event)
        value = self._plain(event) if event.implicit[0] or event.tag is not None else event.value
        if event.anchor is not None:
            self.anchors[event.anchor] = _anchored_scalar(event, value)
        return value

    def _plain(self, event: Any) -> Any:
        """Return the value of a scalar without quotes, or with a tag."""
        value: Any
        try:
            value = plain(event.value)
        except ValueError as error:
            self.report(event.start_mark, f"found {error}; quote it if it is text")
            value = None  # no second problem: almost every key may be null
        if event.tag is not None:
            value = self._tagged(event, value)
        elif value is None and not event.value:
            self.empty.add(_start(event))
        if _end(event) in self.comments and not event.style:
            self._warn_of_comment(event, value)
        return value

    def _warn_of_comment(self, event: Any, value: Any) -> None:
        """Warn of a text that ends where a comment begins, as in `order #4411`."""
        key = self.stack[-1].key if self.stack else None
        start = self.text.index("#", _end(event)) + 1
        is_of_text = " " in str(value) or key in _TEXTS
        if isinstance(value, str) and (key == _PROMPT or (is_of_text and _WORD.match(self.text, start))):
            self.findings.warn(self._problem(event.end_mark, COMMENT))

    def _tagged(self, event: Any, value: Any) -> Any:
        kind = event.tag.removeprefix(_TAG_PREFIX)
        if kind in {"!", "str"}:
            return event.value
        if not isinstance(value, _SCALAR_TAGS.get(kind, ())):
            self._refuse_tag(event)
        return value

    def _collection(self, event: Any) -> Any:
        is_mapping = type(event) is MappingStartEvent
        self._check_depth(event.start_mark, 1)
        if event.tag not in {None, "!", _TAG_PREFIX + ("map" if is_mapping else "seq")}:
            self._refuse_tag(event)
        text_before, values_before = self.aliased, self.values
        frame = _Frame({} if is_mapping else [], event.anchor)
        self.stack.append(frame)
        end = (self._fill_mapping if is_mapping else self._fill_list)(frame)
        self.stack.pop()
        self.values += len(frame.node) * (2 if is_mapping else 1)
        if self.values > MAX_VALUES:
            self._stop(
                event.start_mark, f"more than {MAX_VALUES:,} values; split the declarations into several projects"
            )
        if event.anchor is not None:
            text = end - event.start_mark.index + self.aliased - text_before
            self.anchors[event.anchor] = _Anchored(frame.node, text, self.values - values_before, frame.height)
        self._raise_height(frame.height)
        return frame.node

    def _fill_mapping(self, frame: _Frame) -> int:
        """Read the entries of a mapping, and return the index of its end in the text."""
        node, get_event = frame.node, self.get_event
        marks = self.marks[id(node)] = {}
        while type(event := get_event()) is not MappingEndEvent:
            if type(event) is not ScalarEvent:
                self._refuse_key(event)
            key = frame.key = event.value
            is_kept = (key not in node and key != "<<" and event.tag is event.anchor is None) or self._is_kept(event)
            first = get_event()
            value = self._value(first)
            if is_kept:
                node[key] = value
                marks[key] = (event.start_mark, first.start_mark)
            if len(node) > MAX_ENTRIES:
                self._refuse_entry(first.start_mark)
        frame.key = None
        return _end(event)

    def _fill_list(self, frame: _Frame) -> int:
        """Read the entries of a list, and return the index of its end in the text."""
        node, get_event = frame.node, self.get_event
        marks = self.marks[id(node)] = {}
        while type(event := get_event()) is not SequenceEndEvent:
            value = self._value(event)
            marks[len(node)] = (None, event.start_mark)
            node.append(value)
            if len(node) > MAX_ENTRIES:
                self._refuse_entry(event.start_mark)
        return _end(event)

    def _refuse_entry(self, mark: Mark) -> Never:
        self._stop(mark, f"more than {MAX_ENTRIES:,} entries; split the declarations into several projects")

    def _is_kept(self, event: Any) -> bool:
        """Return whether a key that is no plain new one is part of the data; report what is wrong with it."""
        key, mark = event.value, event.start_mark
        frame = self.stack[-1]
        if event.anchor is not None:
            self.anchors[event.anchor] = _anchored_scalar(event, key)
        if event.tag not in {None, "!", _TAG_PREFIX + "str"}:
            self._refuse_tag(event)
        if key == "<<" and event.implicit[0]:
            self.has_merge_key = True
            self.report(mark, "merge keys (<<) are not YAML 1.2; put shared values under `defaults`")
            return False
        if key in frame.node:
            first = self.marks[id(frame.node)][key][0]
            quoted = f" `{self.quoting.name(key)}`"
            self.report(mark, f"duplicate key{quoted} (first at line {first.line + 1 if first else 1})")
            return False
        return True

    def _refuse_key(self, event: Any) -> Never:
        self.stack[-1].key = None
        if self.text.startswith("{{", _start(event) - 1):
            self._stop(event.start_mark, BRACES)
        description = "a mapping or list"
        if type(event) is AliasEvent:
            self._target(event)
            description = f"alias *{self._anchor(event)}"
        self._stop(event.start_mark, f"found {description} as a key, expected a string")

    def _alias(self, event: Any) -> Any:
        mark, target = event.start_mark, self._target(event)
        # An alias costs no memory here, but all that walks the data later visits its target again.
        self.aliased += target.text
        self.values += target.values
        if mark.index + self.aliased > MAX_EXPANDED or self.values > MAX_VALUES:
            mebibytes = MAX_EXPANDED // 1024**2
            self._stop(mark, f"aliases expand to more than {mebibytes} MiB of text or {MAX_VALUES:,} values")
        self._check_depth(mark, target.height)
        self._raise_height(target.height)
        return target.node

    def _target(self, event: Any) -> _Anchored:
        name = self._anchor(event)
        if any(frame.anchor == event.anchor for frame in self.stack):
            self._stop(event.start_mark, f"alias *{name} refers to itself")
        if event.anchor not in self.anchors:
            self._stop(event.start_mark, f"unknown alias *{name}, expected an anchor &{name} above it")
        return self.anchors[event.anchor]

    def _anchor(self, event: Any) -> str:
        return self.quoting.name(event.anchor)

    def _refuse_tag(self, event: Any) -> None:
        tag = self.quoting.name(event.tag.replace(_TAG_PREFIX, "!!"))
        self.report(event.start_mark, f"unsupported tag {tag}; write the plain value, in quotes if it is text")

    def _raise_height(self, height: int) -> None:
        """Note in the surrounding mapping or list, if there is one, how deep what was just read is nested."""
        if self.stack and self.stack[-1].height <= height:
            self.stack[-1].height = height + 1

    def _check_depth(self, mark: Mark, height: int) -> None:
        if len(self.stack) + height > MAX_DEPTH:
            self._stop(mark, f"nested deeper than {MAX_DEPTH} levels")


def _anchored_scalar(event: Any, value: Any) -> _Anchored:
    return _Anchored(value, _end(event) - _start(event))


def _start(event: Any) -> int:
    """Return the index in the text at which an event begins."""
    return int(event.start_mark.index)


def _end(event: Any) -> int:
    """Return the index in the text at which an event ends."""
    return int(event.end_mark.index)
