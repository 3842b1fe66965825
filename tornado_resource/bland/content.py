"""The content of a pathway version: what a call can notice of it, and its digest. Pure.

The API lets anybody edit a version in place, so its number does not say what was tested; its content does. Everything
counts but what is known to be layout (`LAYOUT`) or bookkeeping (`BOOKKEEPING`), so that a field that nobody here knows
is a visible difference. The canonical content is JSON in UTF-8 with sorted keys and no blanks:

- `nodes`: those with an id sorted by it, then the others (the global prompt is a node without an id)
- `edges`
- `settings`: every other field of the version

Order counts where it is not said otherwise, also that of nodes that share an id. A field of a node, an edge or the
version that is null counts as one that is missing; deeper down, values count as they are. `5`, `5.0` and `5e0` are one
number.

`tornado:ignoreContent` names paths that do not count either. The digest names them too, as in
`sha256v2(is_production,nodes.data.updated_at):` and the digest, so that it always says what it leaves out.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final, Literal

from tornado_resource.core.canonical import canonical, digest, whole
from tornado_resource.core.strict_json import parse_json

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

LAYOUT: Final = frozenset(
    {
        "position",
        "positionAbsolute",
        "width",
        "height",
        "measured",
        "selected",
        "dragging",
        "resizing",
        "zIndex",
        "style",
        "className",
        "animated",
    }
)
"""The fields of nodes and edges that only the editor draws by."""
BOOKKEEPING: Final = frozenset(
    {
        "id",
        "pathway_id",
        "version_id",
        "org_id",
        "user_id",
        "created_by",
        "updated_by",
        "name",
        "version_number",
        "revision_number",
        "production_version_number",
        "is_latest",
        "created_at",
        "updated_at",
        "published_at",
    }
)
"""The fields of a version that say which record it is, and since when."""
FORM: Final = "sha256v2"
OLDER_PREFIX: Final = "sha256:"
"""Of a digest of only some fields, which older releases recorded."""
OLDER_NODE_FIELDS: Final = ("id", "type", "data")
OLDER_EDGE_FIELDS: Final = ("id", "source", "target", "label", "data", "type")
SHORT_CHARACTERS: Final = 12
OTHER_PATHS: Final = "the two leave out other paths (tornado:ignoreContent)"
"""Why two digests cannot be compared."""
LIVE: Final = 0
"""The number by which the API shows the live pathway (page *Get Pathway Version*)."""
STAGING: Final = "staging"
"""The name by which the API shows what is published to staging."""
MAX_IGNORED: Final = 20
"""How many paths a digest may leave out."""
TOO_WIDE: Final = frozenset({"nodes", "nodes.data", "edges"})
"""Paths without which a digest would prove nothing."""
IGNORED_PATH: Final = r"[A-Za-z0-9_-]{1,60}(?:\.[A-Za-z0-9_-]{1,60}){0,9}"
_DIGEST: Final = re.compile(
    rf"sha256(?:v2(?:\({IGNORED_PATH}(?:,{IGNORED_PATH}){{0,{MAX_IGNORED - 1}}}\))?)?:[0-9a-f]{{64}}"
)

Part = dict[str, Any]
Which = int | Literal["staging"]
"""How a request names a version: its number, `LIVE` or `STAGING`."""


@dataclass(frozen=True, slots=True)
class Digests:
    """The digests of one content, as far as they are known: as of now, and as older releases recorded it.

    *whole*: beside a *current* one that leaves out paths, the one that leaves out none.
    """

    current: str | None
    older: str | None = None
    whole: str | None = None

    @classmethod
    def of(cls, recorded: str | None) -> Digests | None:
        """Return a recorded digest."""
        if recorded is None:
            return None
        return cls(None, recorded) if is_older(recorded) else cls(recorded)

    @property
    def best(self) -> str:
        """The digest to record."""
        return self.current or self.older or ""

    def like(self, other: str | None) -> str:
        """Return the digest of the form that *other* has, so that people can compare the two."""
        forms = (digest for digest in (self.current, self.whole, self.older) if digest is not None)
        return next((digest for digest in forms if form_of(digest) == form_of(other)), self.best)

    @property
    def complete(self) -> str | None:
        """The digest that leaves out no path, if that is known."""
        return self.current if form_of(self.current) == FORM else self.whole


@dataclass(frozen=True, slots=True)
class Content:
    """The content of a version: its digests, and its canonical parts in order.

    *version* is the number that the response names, if any: the live pathway is one of the versions.
    """

    digests: Digests
    nodes: tuple[Part, ...] = field(repr=False)
    edges: tuple[Part, ...] = field(repr=False)
    settings: Part = field(repr=False)
    version: int | None = None

    @property
    def digest(self) -> str:
        """`sha256v2:` and the hexadecimal digest of the canonical content."""
        return self.digests.best


def parse_content(body: bytes, ignored: Iterable[str] = ()) -> Content | None:
    """Parse the body of a *Get Pathway Version* response, bare or in `data`.

    The digest must not depend on what is cleaned or redacted for people, so this reads the body itself.

    Args:
        body: the response's body.
        ignored: the paths that do not count: the keys from the version to a value, joined by dots. A list on the way
            stands for each of its entries.

    Returns:
        None if the body does not show nodes, or shows something else than objects in its lists.

    Raises:
        ValueError: the body is not JSON that every reader reads alike.

    """
    version = _unwrapped(parse_json(body))
    if version is None:
        return None
    nodes, edges = version["nodes"], version.get("edges") or []
    if not _are_parts(nodes) or not _are_parts(edges):
        return None
    try:
        return _content(version, sorted(set(ignored)))
    except RecursionError:
        message = "it is nested too deeply"
        raise ValueError(message) from None


def is_same(one: Digests | None, other: Digests | None) -> bool | None:
    """Return whether two contents are the same, by the newest form that both have; None if that is unknown.

    A difference between forms that count more than one of the two wants to count may be in the ignored paths only.
    """
    if one is None or other is None:
        return None
    if one.current is not None and form_of(one.current) == form_of(other.current):
        return one.current == other.current
    return _is_same_otherwise(one, other)


def _is_same_otherwise(one: Digests, other: Digests) -> bool | None:
    is_ignoring = one.whole is not None or other.whole is not None
    for ours, theirs in ((one.complete, other.complete), (one.older, other.older)):
        if ours is not None and theirs is not None:
            is_unknown = ours != theirs and is_ignoring
            return None if is_unknown else ours == theirs
    return None


def is_incomparable(one: Digests | None, other: Digests | None) -> bool:
    """Return whether a content that was read cannot be compared with a record, which ignores other paths."""
    if one is None or other is None or is_same(one, other) is not None:
        return False
    return any(digests.current is not None and digests.older is not None for digests in (one, other))


def is_digest(value: Any) -> bool:
    """Return whether a value has the form of a digest."""
    return isinstance(value, str) and _DIGEST.fullmatch(value) is not None


def form_of(digest: str | None) -> str | None:
    """Return what stands before the colon: two digests can be compared if it is the same."""
    return digest.partition(":")[0] if digest is not None else None


def is_older(digest: str | None) -> bool:
    """Return whether a digest is one that older releases recorded."""
    return digest is not None and digest.startswith(OLDER_PREFIX)


def short(digest: str | None) -> str:
    """Return a digest as people compare it: `sha256v2:1a2b3c4d5e6f`; `unknown` for what is none."""
    if digest is None or not is_digest(digest):
        return "unknown"
    return digest[: digest.index(":") + 1 + SHORT_CHARACTERS]


def _unwrapped(body: Any) -> Mapping[str, Any] | None:
    """Return the object that has the nodes: the body, or what its `data` holds."""
    while isinstance(body, dict):
        if "nodes" in body:
            return body
        body = body.get("data")
    return None


def _are_parts(listed: Any) -> bool:
    return isinstance(listed, list) and all(isinstance(entry, dict) for entry in listed)


def _content(version: Mapping[str, Any], ignored: Sequence[str]) -> Content:
    parts = whole = _canonical(version)
    for path in ignored:
        parts = _ignoring(path.split("."), parts)
    older = _older_digest(version["nodes"], version.get("edges") or [])
    digests = Digests(f"{FORM}:{digest(whole)}", older)
    if ignored:
        digests = Digests(f"{FORM}({','.join(ignored)}):{digest(parts)}", older, digests.current)
    return Content(digests, tuple(parts["nodes"]), tuple(parts["edges"]), parts["settings"], _version(version))


def _canonical(version: Mapping[str, Any]) -> Part:
    return {
        "nodes": sorted((_without(LAYOUT, node) for node in version["nodes"]), key=_order),
        "edges": [_without(LAYOUT, edge) for edge in version.get("edges") or []],
        "settings": _without(BOOKKEEPING | {"nodes", "edges"}, version),
    }


def _ignoring(path: Sequence[str], parts: Part) -> Part:
    """Return canonical parts without what a path of the version names."""
    from_parts = path if path[0] in {"nodes", "edges"} else ["settings", *path]
    kept: Part = _pruned(from_parts, parts)
    return kept


def _pruned(path: Sequence[str], value: Any) -> Any:
    if isinstance(value, list):
        return [_pruned(path, entry) for entry in value]
    if not isinstance(value, dict) or path[0] not in value:
        return value
    key, *rest = path
    others = {name: entry for name, entry in value.items() if name != key}
    return {**others, key: _pruned(rest, value[key])} if rest else others


def _without(ignored: frozenset[str], values: Mapping[str, Any]) -> Part:
    return _picked(values, (key for key in values if key not in ignored))


def _older_digest(nodes: list[Part], edges: list[Part]) -> str:
    """Return the digest of the fields that older releases knew, in an order that does not matter."""
    parts = {
        "nodes": [_picked(node, OLDER_NODE_FIELDS) for node in nodes],
        "edges": [_picked(edge, OLDER_EDGE_FIELDS) for edge in edges],
    }
    return OLDER_PREFIX + digest({kind: sorted(listed, key=_older_order) for kind, listed in parts.items()})


def _picked(values: Mapping[str, Any], keys: Iterable[str]) -> Part:
    return {key: whole(values[key]) for key in keys if values.get(key) is not None}


def _order(node: Part) -> tuple[bool, str]:
    """Sort nodes by id, those without one last. Among equals, Python's sort keeps the order."""
    return ("id" not in node, _id(node))


def _older_order(part: Part) -> tuple[str, str]:
    return (_id(part), canonical(part))


def _id(part: Part) -> str:
    identifier = part.get("id")
    return identifier if isinstance(identifier, str) else canonical(identifier)


def _version(version: Mapping[str, Any]) -> int | None:
    number = version.get("version_number")
    return number if isinstance(number, int) and not isinstance(number, bool) and number >= 0 else None
