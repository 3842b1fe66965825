"""Publish a version: only the content that passed, and proved by what is live afterwards."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from tornado_resource.bland.content import LIVE, short
from tornado_resource.bland.retrying import is_transient, retried
from tornado_resource.bland.versions import read_content
from tornado_resource.core.clock import SYSTEM
from tornado_resource.core.polling import Backoff, Poller
from tornado_resource.errors import ApiError, TornadoError
from tornado_resource.promotion.release import edit_since_pass

if TYPE_CHECKING:
    from tornado_resource.bland.client import Client
    from tornado_resource.bland.content import Content
    from tornado_resource.core.clock import Clock

PROOF_SECONDS: Final = 30.0
"""How long the live pathway may take to become what was published."""
PROOF_BACKOFF: Final = Backoff(first=0.5, longest=5.0)


@dataclass(frozen=True, slots=True)
class ReleaseOrder:
    """A version to publish. *content* is the digest of what passed at *passed_at*, None if that is unknown."""

    pathway_id: str
    environment: str
    version: int
    content: str | None = None
    passed_at: str | None = None


@dataclass(frozen=True, slots=True)
class Published:
    """What was published: its digest, and that of the live pathway; None where unknown. *warning*: what is unproved."""

    content: str | None
    live: str | None = None
    warning: str | None = None


async def publish(client: Client, order: ReleaseOrder, clock: Clock = SYSTEM) -> Published:
    """Publish a version that still is what passed, and return when it is live.

    Raises:
        TornadoError: the version is not what passed, so nothing was published; or it was published, and something else
            is live.
        ApiError: a request failed for good.

    """
    content = await read_content(client, order.pathway_id, order.version)
    digest = content.digest if content is not None else None
    if order.content is not None:
        edit = edit_since_pass(order.version, order.content, order.passed_at, digest)
        if edit is not None:
            message = f"nothing was published: {edit}"
            raise TornadoError(message)
    await retried(lambda: client.publish(order.pathway_id, order.version, order.environment))
    if order.environment != "production":
        return Published(digest)
    if digest is None:
        return Published(None, warning=f"published, but not verified: version {order.version} cannot be read")
    return await _proved(client, order, digest, clock)


async def _proved(client: Client, order: ReleaseOrder, digest: str, clock: Clock) -> Published:
    """Return when the live pathway has the published content.

    Raises:
        TornadoError: it has other content after `PROOF_SECONDS`, or could not be read.

    """
    poller = Poller(PROOF_BACKOFF, PROOF_SECONDS, clock)
    while True:
        live: Content | None = None
        problem = ""
        try:
            live = await read_content(client, order.pathway_id, LIVE)
        except ApiError as error:
            if not is_transient(error):
                raise
            problem = str(error)
        else:
            if live is None:
                return Published(digest, warning="published, but not verified: the API does not show the live pathway")
        if live is not None and live.digest == digest:
            return Published(digest, live.digest)
        if not await poller.pause():
            raise TornadoError(_unproved(order, digest, live, problem))


def _unproved(order: ReleaseOrder, digest: str, live: Content | None, problem: str) -> str:
    published = f"version {order.version} ({short(digest)}) was published"
    again = "`pulumi up` publishes it again"
    if live is None:
        return f"{published}, but the live pathway could not be read: {problem}; {again}"
    number = f"version {live.version}, " if live.version else ""
    found = f"{number}{short(live.digest)}"
    return f"{published}, but after {PROOF_SECONDS:g} s the live pathway is different: {found}; {again}"
