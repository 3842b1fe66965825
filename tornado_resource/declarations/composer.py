"""From libyaml's events to data with positions.

PyYAML's own loader is several times slower, keeps no positions, and reads YAML 1.1 (`on` is true, `012` is ten).
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final, Never

import yaml

from tornado_resource.core.positions import Position, Problem
from tornado_resource.core.text import clean
from tornado_resource.declarations import scalars
from tornado_resource.declarations.document import dotted

if TYPE_CHECKING:
    from tornado_resource.declarations.document import Key, Mark, Marks

MAX_DEPTH: Final = 64
MAX_NODES: Final = 1_000_000
"""How many nodes a file may have once its aliases are expanded."""
MAX_NAME: Final = 80
"""How many characters of a key, tag or anchor a message shows."""

_TAG_PREFIX: Final = "tag:yaml.org,2002:"
_SCALAR_TAGS: Final[dict[str, tuple[type, ...]]] = {
    "str": (str,),
    "null": (type(None),),
    "bool": (bool,),
    "int": (int,),
    "float": (float, int),
}
_NO_KEY: Any = object()
_MERGE: Any = object()
"""The key of a frame after a merge key (`<<`), which was reported: its value is dropped."""


class Stop(Exception):
    """A problem was reported, and the rest of the file cannot be read."""


@dataclass(slots=True)
class _Frame:
    """A mapping or list that is being filled. *height* is how deep its contents are nested."""

    node: Any
    marks: dict[Key, tuple[Mark | None, Mark]]
    mark: Mark
    anchor: str | None
    nodes_before: int
    key: Any = _NO_KEY
    key_mark: Mark | None = None
    height: int = 1

    @property
    def expects_key(self) -> bool:
        return self.key is _NO_KEY and type(self.node) is dict

    @property
    def next_key(self) -> Key | None:
        """The index or key of the value that comes next; None before a key."""
        if isinstance(self.node, list):
            return len(self.node)
        if self.key is _MERGE:
            return "<<"
        return None if self.key is _NO_KEY else str(self.key)


@dataclass(slots=True)
class _Anchored:
    """What an alias refers to; *size* counts its nodes."""

    node: Any
    size: int
    height: int


@dataclass(slots=True)
class Composer:
    """Builds the data of one YAML document; problems and marks are collected on the way."""

    file: str
    problems: list[Problem] = field(default_factory=list)
    marks: Marks = field(default_factory=dict)
    anchors: dict[str, _Anchored] = field(default_factory=dict)
    stack: list[_Frame] = field(default_factory=list)
    root: Any = None
    has_root: bool = False
    nodes: int = 0

    def compose(self, parser: Any) -> Any:
        """Return the data.

        Raises:
            Stop: the rest cannot be read; the reason is in *problems*.
            yaml.YAMLError: libyaml cannot parse it.

        """
        handlers = {
            yaml.ScalarEvent: self._scalar,
            yaml.MappingStartEvent: self._start_mapping,
            yaml.SequenceStartEvent: self._start_list,
            yaml.MappingEndEvent: self._end,
            yaml.SequenceEndEvent: self._end,
            yaml.AliasEvent: self._alias,
            yaml.DocumentStartEvent: self._start_document,
        }
        # Bound once: this loop runs for every node of the file.
        find, get_event, stream_end = handlers.get, parser.get_event, yaml.StreamEndEvent
        while type(event := get_event()) is not stream_end:
            handle = find(type(event))
            if handle is not None:
                handle(event)
        return self.root

    def report(self, mark: Mark | None, text: str) -> None:
        """Add a problem at *mark*, with the path of the value that is being read."""
        line, column = (mark.line, mark.column) if mark is not None else (0, 0)
        path = dotted([key for frame in self.stack if (key := frame.next_key) is not None])
        self.problems.append(Problem(Position(self.file, line + 1, column + 1), clean(path, 120), text))

    def _stop(self, mark: Mark, text: str) -> Never:
        self.report(mark, text)
        raise Stop

    def _start_document(self, event: Any) -> None:
        if self.has_root:
            self._stop(event.start_mark, "second YAML document, expected one document in a file")

    def _scalar(self, event: Any) -> None:
        frame = self.stack[-1] if self.stack else None
        if frame is not None and frame.key is _NO_KEY and type(frame.node) is dict:  # inlined, for speed
            self._key(frame, event)
            return
        value: Any = event.value
        if event.tag is not None or event.implicit[0]:
            value = self._typed(event)
        self.nodes += 1
        if event.anchor is not None:
            self.anchors[event.anchor] = _Anchored(value, 1, 0)
        self._add(value, event.start_mark)

    def _typed(self, event: Any) -> Any:
        try:
            value = scalars.plain(event.value) if event.implicit[0] or event.tag is not None else event.value
        except ValueError as error:
            self.report(event.start_mark, f"found {error}; quote it if it is text")
            return 0
        tag = event.tag
        if tag is None or tag == "!":
            return value if tag is None else event.value
        kind = tag.removeprefix(_TAG_PREFIX)
        if kind == "str":
            return event.value
        if not isinstance(value, _SCALAR_TAGS.get(kind, ())):
            self._refuse_tag(event)
        return value

    def _key(self, frame: _Frame, event: Any) -> None:
        key = frame.key = event.value
        frame.key_mark = event.start_mark
        if key in frame.node:
            first = frame.marks[key][0] or frame.mark
            self.report(event.start_mark, f"duplicate key `{clean(key, MAX_NAME)}` (first at line {first.line + 1})")
        if key == "<<" and event.implicit[0]:
            frame.key = _MERGE
            self.report(event.start_mark, "merge keys (<<) are not YAML 1.2; put shared values under `defaults`")
        if event.tag not in {None, "!", _TAG_PREFIX + "str"}:
            self._refuse_tag(event)
        if event.anchor is not None:
            self.anchors[event.anchor] = _Anchored(key, 1, 0)
        self.nodes += 1

    def _start_mapping(self, event: Any) -> None:
        self._start(event, {}, "map")

    def _start_list(self, event: Any) -> None:
        self._start(event, [], "seq")

    def _start(self, event: Any, node: Any, tag: str) -> None:
        if self.stack and self.stack[-1].expects_key:
            self._stop(event.start_mark, "found a mapping or list as a key, expected a string")
        self._check_depth(event.start_mark, 1)
        if event.tag not in {None, "!", _TAG_PREFIX + tag}:
            self._refuse_tag(event)
        marks = self.marks[id(node)] = {}
        self.nodes += 1
        self.stack.append(_Frame(node, marks, event.start_mark, event.anchor, self.nodes))

    def _end(self, _event: Any) -> None:
        frame = self.stack.pop()
        if frame.anchor is not None:
            self.anchors[frame.anchor] = _Anchored(frame.node, self.nodes - frame.nodes_before + 1, frame.height)
        if self.stack and self.stack[-1].height <= frame.height:
            self.stack[-1].height = frame.height + 1
        self._add(frame.node, frame.mark)

    def _alias(self, event: Any) -> None:
        mark, target = event.start_mark, self._target(event)
        # An alias costs no memory here, but all that walks the data later visits its target again.
        self.nodes += target.size
        if self.nodes > MAX_NODES:
            self._stop(mark, f"aliases expand to more than {MAX_NODES:,} nodes")
        self._check_depth(mark, target.height)
        if self.stack and self.stack[-1].height <= target.height:
            self.stack[-1].height = target.height + 1
        self._add(target.node, mark)

    def _target(self, event: Any) -> _Anchored:
        name = clean(event.anchor, MAX_NAME)
        if any(frame.anchor == event.anchor for frame in self.stack):
            self._stop(event.start_mark, f"alias *{name} refers to itself")
        if event.anchor not in self.anchors:
            self._stop(event.start_mark, f"unknown alias *{name}, expected an anchor &{name} above it")
        if self.stack and self.stack[-1].expects_key:
            self._stop(event.start_mark, f"found alias *{name} as a key, expected a string")
        return self.anchors[event.anchor]

    def _add(self, value: Any, mark: Mark) -> None:
        if not self.stack:
            self.root, self.has_root = value, True
            return
        frame = self.stack[-1]
        node = frame.node
        if frame.key is _MERGE:
            frame.key = _NO_KEY
        elif type(node) is dict:
            node[frame.key] = value
            frame.marks[frame.key] = (frame.key_mark, mark)
            frame.key = _NO_KEY
        else:
            frame.marks[len(node)] = (None, mark)
            node.append(value)

    def _refuse_tag(self, event: Any) -> None:
        shown = clean(event.tag.replace(_TAG_PREFIX, "!!"), MAX_NAME)
        self.report(event.start_mark, f"unsupported tag {shown}; write the plain value, in quotes if it is text")

    def _check_depth(self, mark: Mark, height: int) -> None:
        if len(self.stack) + height > MAX_DEPTH:
            self._stop(mark, f"nested deeper than {MAX_DEPTH} levels")
