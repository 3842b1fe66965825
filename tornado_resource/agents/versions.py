"""Versions of an agent with their contents, as far as the API shows them: for `diff`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tornado_resource.bland.agents import PRODUCTION, find_version, read_latest_version, read_pins, read_version
from tornado_resource.bland.content import FORM, LAYOUT, Content, Digests
from tornado_resource.bland.retrying import retried
from tornado_resource.core.canonical import digest, whole
from tornado_resource.core.text import clean
from tornado_resource.declarations.model import LATEST, LIVE_VERSION, PINNED, is_version_id
from tornado_resource.errors import ConfigurationError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from tornado_resource.bland.agents import Version
    from tornado_resource.bland.client import Client


async def read_content(client: Client, request: Mapping[str, Any], which: str) -> tuple[str, Content]:
    """Return what people call a version, and its content.

    Args:
        client: sends the requests, with retries.
        request: what the check run is declared with.
        which: a published version, the id of one, `latest`, `pinned` (what its environment pins), or `live` (what
            production pins).

    Raises:
        TornadoError: it cannot be read, or the API does not show its content: it shows those of published versions, and
            of the newest one.

    """
    agent_id, wanted, prefix = request["agent_id"], which, ""
    if which in {LIVE_VERSION, PINNED}:
        env = PRODUCTION if which == LIVE_VERSION else request["env"]
        pinned = (await retried(lambda: read_pins(client, agent_id))).of(env).version_id
        if pinned is None:
            message = f"{env} pins no version"
            raise ConfigurationError(message)
        wanted, prefix = pinned, f"{which}: "
    version = await _find(client, agent_id, wanted)
    if version is None or version.snapshot is None:
        message = f"the API does not show version {clean(wanted)}"
        raise ConfigurationError(message)
    return f"{prefix}version {clean(version.semver or version.version_id)}", content_of(version.snapshot)


async def _find(client: Client, agent_id: str, wanted: str) -> Version | None:
    if is_version_id(wanted):
        return await find_version(client, agent_id, wanted)
    if wanted == LATEST:
        return await retried(lambda: read_latest_version(client, agent_id))
    return await retried(lambda: read_version(client, agent_id, wanted))


def content_of(snapshot: Mapping[str, Any]) -> Content:
    """Return the content of a version by its snapshot, whose form the API's pages do not say.

    Nodes and edges are compared by their ids, wherever they are; all else by its path.
    """
    parts: dict[str, list[dict[str, Any]]] = {"nodes": [], "edges": []}
    settings: dict[str, Any] = {}
    for path, value in _entries(snapshot):
        name = path.rpartition(".")[2]
        if name in parts and _are_parts(value):
            parts[name] += [{key: whole(node[key]) for key in node if key not in LAYOUT} for node in value]
        elif value is not None:
            settings[path] = whole(value)
    content = Digests(f"{FORM}:{digest({**parts, 'settings': settings})}")
    return Content(content, tuple(parts["nodes"]), tuple(parts["edges"]), settings)


def _entries(snapshot: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    """Yield each value with its path: those of objects one by one."""
    for key, value in snapshot.items():
        if isinstance(value, dict) and value:
            yield from ((f"{key}.{name}", entry) for name, entry in value.items())
        else:
            yield key, value


def _are_parts(value: Any) -> bool:
    return isinstance(value, list) and all(isinstance(part, dict) for part in value)
