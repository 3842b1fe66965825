"""The content of a pathway version: what a call can notice of it, and its digest. Pure.

The API lets anybody edit a version in place, so its number does not say what was tested; its content does. The
canonical content is JSON in UTF-8 with sorted keys and no blanks:

- `nodes`, sorted by id: of each node `id`, `type` and `data`
- `edges`, sorted by id: of each edge `id`, `source`, `target`, `label`, `data` and `type`

All else is left out: the name of the version, and layout such as `position`. Of the keys above, one that is null counts
as one that is missing. `data` counts as it is, at any depth. `5`, `5.0` and `5e0` are one number.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

from tornado_resource.core.strict_json import parse_json

if TYPE_CHECKING:
    from collections.abc import Mapping

NODE_KEYS: Final = ("id", "type", "data")
EDGE_KEYS: Final = ("id", "source", "target", "label", "data", "type")
PREFIX: Final = "sha256:"
SHORT_CHARACTERS: Final = 12
LIVE: Final = 0
"""The number by which the API shows the live pathway (page *Get Pathway Version*)."""

Part = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Content:
    """The content of a version. *digest* is `sha256:` and the hexadecimal digest of the canonical content.

    *nodes* and *edges* hold the canonical parts, in order. *version* is the number that the response names, if any:
    the live pathway is one of the versions.
    """

    digest: str
    nodes: tuple[Part, ...] = field(repr=False)
    edges: tuple[Part, ...] = field(repr=False)
    version: int | None = None


def parse_content(body: bytes) -> Content | None:
    """Parse the body of a *Get Pathway Version* response, bare or in `data`.

    The digest must not depend on what is cleaned or redacted for people, so this reads the body itself.

    Returns:
        None if the body does not show nodes, or shows something else than objects in its lists.

    Raises:
        ValueError: the body is not JSON that every reader reads alike.

    """
    shown = _unwrapped(parse_json(body))
    if shown is None:
        return None
    try:
        nodes, edges = _parts(shown.get("nodes"), NODE_KEYS), _parts(shown.get("edges") or [], EDGE_KEYS)
        return content_of(nodes, edges, _version(shown)) if nodes is not None and edges is not None else None
    except RecursionError:
        message = "it is nested too deeply"
        raise ValueError(message) from None


def content_of(nodes: list[Part], edges: list[Part], version: int | None = None) -> Content:
    """Return the content with these nodes and edges, which have canonical keys only."""
    nodes, edges = sorted(nodes, key=_order), sorted(edges, key=_order)
    text = _json({"nodes": nodes, "edges": edges})
    digest = hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()
    return Content(PREFIX + digest, tuple(nodes), tuple(edges), version)


def short(digest: str | None) -> str:
    """Return a digest as people compare it: `sha256:1a2b3c4d5e6f`, or `unknown`."""
    return digest[: len(PREFIX) + SHORT_CHARACTERS] if digest else "unknown"


def _unwrapped(body: Any) -> Mapping[str, Any] | None:
    """Return the object that has the nodes: the body, or what its `data` holds."""
    while isinstance(body, dict):
        if "nodes" in body:
            return body
        body = body.get("data")
    return None


def _parts(listed: Any, keys: tuple[str, ...]) -> list[Part] | None:
    if not isinstance(listed, list) or not all(isinstance(entry, dict) for entry in listed):
        return None
    return [{key: _exact(entry[key]) for key in keys if entry.get(key) is not None} for entry in listed]


def _exact(value: Any) -> Any:
    """Return *value* with whole numbers as integers, at any depth."""
    if isinstance(value, float):
        return int(value) if value.is_integer() else value
    if isinstance(value, dict):
        return {key: _exact(entry) for key, entry in value.items()}
    return [_exact(entry) for entry in value] if isinstance(value, list) else value


def _order(part: Part) -> tuple[str, str]:
    """Sort by id. The rest decides among parts without one, or with the same, so that their order never matters."""
    identifier = part.get("id")
    return (identifier if isinstance(identifier, str) else _json(identifier), _json(part))


def _json(value: Any) -> str:
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False)


def _version(shown: Mapping[str, Any]) -> int | None:
    number = shown.get("version_number")
    return number if isinstance(number, int) and not isinstance(number, bool) and number >= 0 else None
