"""A YAML file, read strictly and with positions.

libyaml's events are walked directly: that is several times faster than PyYAML's own loader, keeps the position of each
value, and leaves out all that is surprising in YAML 1.1.
"""

from __future__ import annotations

import gc
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import yaml

from tornado_resource.core.positions import Position, Problem
from tornado_resource.core.text import clean
from tornado_resource.declarations import scalars
from tornado_resource.declarations.document import Document, Mark, Marks, Step, dotted
from tornado_resource.errors import ConfigurationError, DeclarationError

MAX_BYTES: Final = 10 * 1024 * 1024
MAX_DEPTH: Final = 64
MAX_NODES: Final = 1_000_000
"""How many nodes a file may have once its aliases are expanded."""

_TAG_PREFIX = "tag:yaml.org,2002:"
_SCALAR_TAGS: dict[str, tuple[type, ...]] = {
    "str": (str,),
    "null": (type(None),),
    "bool": (bool,),
    "int": (int,),
    "float": (float, int),
}
_NO_KEY: Any = object()
_MERGE: Any = object()
"""Stands for a merge key, whose value is left out: it was reported."""


def read(path: str) -> Document:
    """Read the YAML file at *path*.

    Raises:
        ConfigurationError: the file cannot be opened.
        DeclarationError: it is not UTF-8, not one YAML document, or beyond the limits: there is nothing to go on with.

    """
    try:
        with Path(path).open("rb") as file:
            content = file.read(MAX_BYTES + 1)
    except OSError as error:
        reason = (error.strerror or "cannot be read").lower()
        message = f"{clean(path)}: {reason}; name the declarations file (tornado:declarations, or the argument)"
        raise ConfigurationError(message) from None
    return parse(content, clean(path))


def parse(content: bytes, file: str) -> Document:
    """Turn the bytes of a file into a document. See `read` for what is raised."""
    if len(content) > MAX_BYTES:
        raise _stop(file, 0, 0, f"more than {MAX_BYTES // 1024**2} MiB; split the declarations over several projects")
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        before = content[: error.start].decode("utf-8")
        line, column = before.count("\n"), len(before) - (before.rfind("\n") + 1)
        raise _stop(file, line, column, "a byte that is not UTF-8; save the file as UTF-8") from None
    composer = _Composer(file)
    was_collecting = gc.isenabled()
    gc.disable()  # no cycles are made, and collecting takes a third of the time for a large file
    try:
        data = composer.compose(yaml.CSafeLoader(text))
    except yaml.MarkedYAMLError as error:
        composer.report(error.problem_mark or error.context_mark, _explain(error, text))
    except yaml.reader.ReaderError as error:
        before = text[: error.position] if isinstance(error.position, int) else ""
        line, column = before.count("\n"), len(before) - (before.rfind("\n") + 1)
        composer.problems.append(Problem(Position(file, line + 1, column + 1), "", f"not YAML: {clean(error.reason)}"))
    except _Stop:
        pass
    else:
        return Document(file, data, composer.marks, text.splitlines(), tuple(composer.problems))
    finally:
        if was_collecting:
            gc.enable()
    raise DeclarationError(sorted(composer.problems))


def _stop(file: str, line: int, column: int, text: str) -> DeclarationError:
    return DeclarationError([Problem(Position(file, line + 1, column + 1), "", text)])


def _explain(error: yaml.MarkedYAMLError, text: str) -> str:
    """Say in one line why libyaml stopped."""
    mark, context = error.problem_mark, error.context_mark
    if mark is not None and text[mark.index : mark.index + 1] == "\t":
        return "not YAML: found a tab, expected spaces: YAML is indented with spaces"
    where = f" that begins in line {context.line + 1}" if context is not None and error.context else ""
    said = f"{error.context}{where}: {error.problem}" if error.context else str(error.problem)
    return f"not YAML: {clean(said)}"


class _Stop(Exception):
    """Nothing sensible can be read after this."""


@dataclass(slots=True)
class _Frame:
    """A mapping or list that is being filled."""

    node: Any
    marks: dict[Step, tuple[Mark | None, Mark]]
    mark: Mark
    anchor: str | None
    nodes_before: int
    key: Any = _NO_KEY
    key_mark: Mark | None = None
    height: int = 1


def _step(frame: _Frame) -> Step | None:
    """Where a frame is being filled: a list's next index, a mapping's key if it has come."""
    if isinstance(frame.node, list):
        return len(frame.node)
    if frame.key is _MERGE:
        return "<<"
    return None if frame.key is _NO_KEY else str(frame.key)


@dataclass(slots=True)
class _Anchored:
    node: Any
    size: int
    height: int


@dataclass(slots=True)
class _Composer:
    """Builds the data of one document out of libyaml's events."""

    file: str
    problems: list[Problem] = field(default_factory=list)
    marks: Marks = field(default_factory=dict)
    anchors: dict[str, _Anchored] = field(default_factory=dict)
    stack: list[_Frame] = field(default_factory=list)
    root: Any = None
    has_root: bool = False
    nodes: int = 0

    def compose(self, parser: Any) -> Any:
        handlers = {
            yaml.ScalarEvent: self._scalar,
            yaml.MappingStartEvent: self._start_mapping,
            yaml.SequenceStartEvent: self._start_list,
            yaml.MappingEndEvent: self._end,
            yaml.SequenceEndEvent: self._end,
            yaml.AliasEvent: self._alias,
            yaml.DocumentStartEvent: self._start_document,
        }
        find, get_event, stream_end = handlers.get, parser.get_event, yaml.StreamEndEvent
        while type(event := get_event()) is not stream_end:
            handle = find(type(event))
            if handle is not None:
                handle(event)
        return self.root

    def report(self, mark: Mark | None, text: str) -> None:
        line, column = (mark.line, mark.column) if mark is not None else (0, 0)
        path = dotted([step for frame in self.stack if (step := _step(frame)) is not None])
        self.problems.append(Problem(Position(self.file, line + 1, column + 1), clean(path, 120), text))

    def _start_document(self, event: Any) -> None:
        if self.has_root:
            self.report(event.start_mark, "a second YAML document begins; a file holds one")
            raise _Stop

    def _scalar(self, event: Any) -> None:
        text = event.value
        frame = self.stack[-1] if self.stack else None
        if frame is not None and frame.key is _NO_KEY and type(frame.node) is dict:
            self._key(frame, event)
            return
        value: Any = text
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
            self.report(event.start_mark, f"found {error}, expected a number that JSON can carry, or quotes around it")
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
            self.report(event.start_mark, f"`{clean(key, 80)}` stands here twice (first in line {first.line + 1})")
        if key == "<<" and event.implicit[0]:
            frame.key = _MERGE
            self.report(event.start_mark, "merge keys (<<) are not YAML 1.2; put what sessions share under `defaults`")
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
        if self.stack and self.stack[-1].key is _NO_KEY and type(self.stack[-1].node) is dict:
            self.report(event.start_mark, "found a mapping or list as a key, expected text")
            raise _Stop
        if len(self.stack) >= MAX_DEPTH:
            self._too_deep(event.start_mark)
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
        mark, name = event.start_mark, clean(event.anchor, 80)
        if any(frame.anchor == event.anchor for frame in self.stack):
            self.report(mark, f"the alias *{name} refers to what it stands in")
            raise _Stop
        target = self.anchors.get(event.anchor)
        if target is None:
            self.report(mark, f"the alias *{name} refers to no anchor above it")
            raise _Stop
        self.nodes += target.size
        if self.nodes > MAX_NODES:
            self.report(mark, f"the aliases expand to more than {MAX_NODES:,} nodes")
            raise _Stop
        if len(self.stack) + target.height > MAX_DEPTH:
            self._too_deep(mark)
        frame = self.stack[-1] if self.stack else None
        if frame is not None and frame.key is _NO_KEY and type(frame.node) is dict:
            self.report(mark, f"found the alias *{name} as a key, expected text")
            raise _Stop
        if frame is not None and frame.height <= target.height:
            frame.height = target.height + 1
        self._add(target.node, mark)

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
        shown = clean(event.tag.replace(_TAG_PREFIX, "!!"), 80)
        self.report(event.start_mark, f"the tag {shown} is not supported; write the plain value, quoted if it is text")

    def _too_deep(self, mark: Mark) -> None:
        self.report(mark, f"nested deeper than {MAX_DEPTH} levels")
        raise _Stop
