"""The requests of the API's pages on the versions of pathways, and what the responses say.

Every function sends one request, and is safe to repeat.
"""

from __future__ import annotations

from dataclasses import replace
from http import HTTPStatus
from typing import TYPE_CHECKING, Any

from tornado_resource.bland.content import LIVE, STAGING, Content, parse_content
from tornado_resource.bland.response_body import check_body
from tornado_resource.bland.responses import flag, reported_error, segment, shows_more
from tornado_resource.core.canonical import whole_or_none
from tornado_resource.core.text import clean
from tornado_resource.errors import OutcomeUnknown, Rejected

if TYPE_CHECKING:
    from tornado_resource.bland.client import Client
    from tornado_resource.bland.content import Which
    from tornado_resource.bland.responses import Json


async def read_version(client: Client, pathway_id: str, version: Which) -> Content | None:
    """Return the content of a version of a pathway (*Get Pathway Version*).

    Returns:
        None if the response is a JSON object that shows no content.

    """
    which = {LIVE: "live version", STAGING: "staging version"}.get(version, f"version {version}")
    label = f"{which} of pathway {clean(pathway_id)}"
    response = await client.send(label, "GET", f"/v1/pathway/{segment(label, pathway_id)}/version/{version}")
    try:
        check_body(response.content)
        content = parse_content(response.content, client.ignored)
    except ValueError as error:
        raise OutcomeUnknown(label, f"the response is unusable: {error}") from None
    if content is None:
        return None
    client.recognize()
    # Only now: the digest is that of the content as it is.
    parts = [list(content.nodes), list(content.edges), content.settings]
    nodes, edges, settings = client.without_key(parts, response.content)
    return replace(content, nodes=tuple(nodes), edges=tuple(edges), settings=settings)


async def read_latest(client: Client, pathway_id: str) -> int | None:
    """Return the number of the newest version of a pathway; None if the API lists none.

    Raises:
        OutcomeUnknown: the list goes on, and no version of it is marked as the newest.

    """
    label = f"versions of pathway {clean(pathway_id)}"
    body: Any = await client.exchange(label, "GET", f"/v1/pathway/{segment(label, pathway_id)}/versions")
    listed = _versions_in(body)
    numbers = {number: entry for entry in listed if (number := whole_or_none(entry.get("version_number"))) is not None}
    marked = [number for number, entry in numbers.items() if flag(entry.get("is_latest")) is True]
    if not marked and shows_more(body, len(listed)):
        raise OutcomeUnknown(label, "the list goes on, and no version of it is marked as the newest")
    return max(marked or numbers, default=None)


def _versions_in(body: Any) -> list[Json]:
    """Return the versions that a body lists: under `versions`, under `data`, or as the whole body."""
    while isinstance(body, dict):
        body = body.get("versions", body.get("data"))
    return [entry for entry in body if isinstance(entry, dict)] if isinstance(body, list) else []


async def publish_version(client: Client, pathway_id: str, version: int, environment: str) -> bool:
    """Publish a version of a pathway (*Promote Pathway Version*).

    The API's page documents only `message` in the response. So a 2xx without a body counts as accepted, and so does
    one with any JSON object that is not one of the API's error bodies.

    Returns:
        Whether the API says that it is done, rather than pending.

    """
    label = f"publish version {version} of pathway {clean(pathway_id)} to {environment}"
    path = f"/v1/pathway/{segment(label, pathway_id)}/publish"
    reply = await client.request(label, "POST", path, body={"version_id": version, "environment": environment})
    content = {} if reply.is_empty else reply.body
    if not isinstance(content, dict):
        raise OutcomeUnknown(label, "the response is not a JSON object")
    error = _publish_error(content)
    if error:
        raise Rejected(label, error, status_code=reply.status_code)
    return reply.status_code != HTTPStatus.ACCEPTED and not _is_pending(content)


def _publish_error(body: Json) -> str:
    """Return what the body of a *publish* response says if it reports an error, at its top or in `data`; else ""."""
    layers = (part | {"status": "error"} if _status(part) in {"ERROR", "FAILED"} else part for part in _layers(body))
    return next(filter(None, map(reported_error, layers)), "")


def _is_pending(body: Json) -> bool:
    """Return whether the body of a *publish* response says that the version is not published yet."""
    return any(_status(part) in {"PENDING", "QUEUED", "RUNNING"} for part in _layers(body))


def _layers(body: Json) -> list[Json]:
    inner = body.get("data")
    return [body, inner] if isinstance(inner, dict) else [body]


def _status(part: Json) -> str:
    status = part.get("status")
    return status.upper() if isinstance(status, str) else ""
