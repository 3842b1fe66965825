"""Publish a version: only the content that passed, and proved by what is live afterwards."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final, TypeVar

from tornado_resource.bland.content import LIVE, STAGING, is_same, short
from tornado_resource.bland.pathways import publish_version
from tornado_resource.bland.retrying import is_transient, retried
from tornado_resource.core.clock import SYSTEM, Backoff, Poller
from tornado_resource.core.text import MAX_NAMED, short_list
from tornado_resource.errors import ApiError, TornadoError
from tornado_resource.versions.difference import change_labels, compare_contents
from tornado_resource.versions.drift import edit_since_pass
from tornado_resource.versions.reading import read_content

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Mapping

    from tornado_resource.bland.client import Client
    from tornado_resource.bland.content import Content, Which
    from tornado_resource.core.clock import Clock

PROOF_SECONDS: Final = 30.0
"""How long what is published may take to become what was sent."""
PROOF_BACKOFF: Final = Backoff(first=0.5, longest=5.0)
T = TypeVar("T")
PLACES: Final[Mapping[str, tuple[Which, str]]] = {
    "production": (LIVE, "the live pathway"),
    "staging": (STAGING, "the staging version"),
}
"""By environment, where the API shows what is published, and what people call it."""


async def watch(read: Callable[[], Awaitable[T]], is_proof: Callable[[T], bool], name: str, clock: Clock) -> T | str:
    """Read what is published until *is_proof* accepts it, for up to `PROOF_SECONDS`.

    Returns:
        What was read last, proof or not; or why *name* could not be read: at once for an error that stays.

    """
    poller = Poller(PROOF_BACKOFF, PROOF_SECONDS, clock)
    while True:
        last: T | str
        try:
            last = published = await read()
            is_done = is_proof(published)
        except ApiError as error:
            last, is_done = f"{name} could not be read: {error}", not is_transient(error)
        if is_done or not await poller.pause():
            return last


@dataclass(frozen=True, slots=True)
class ReleaseOrder:
    """A version to publish. *content* is the digest of what passed at *passed_at*, None if that is unknown.

    *was_shown*: whether the API has shown before what is published. *is_sent*: whether exactly this was published
    before, without a proof.
    """

    pathway_id: str
    environment: str
    version: int
    content: str | None = None
    passed_at: str | None = None
    was_shown: bool = False
    is_sent: bool = False


@dataclass(frozen=True, slots=True)
class Published:
    """What was published: the digest of the version, and of what is published now; None where unknown.

    *warning*: what the API does not show. *unproved*: why it must be looked at again; None if it need not be.
    """

    content: str | None
    live: str | None = None
    warning: str | None = None
    unproved: str | None = None


@dataclass(frozen=True, slots=True)
class _Proof:
    """What a look at the published version needs: the order, the version, and what was published before it."""

    order: ReleaseOrder
    content: Content
    before: Content | None
    must_be_shown: bool

    @property
    def place(self) -> tuple[Which, str]:
        return PLACES[self.order.environment]

    def is_live(self, live: Content | None) -> bool:
        return live is not None and is_same(live.digests, self.content.digests) is True

    def proved(self) -> Published:
        # In the form of the order, which the next update compares it with.
        digest = self.content.digests.like(self.order.content)
        return Published(digest, digest)

    def unproved(self, problem: str) -> Published:
        order, digest = self.order, self.content.digests.like(self.order.content)
        published = f"version {order.version} ({short(digest)}) was published, but {problem}"
        back = f"; to go back, publish in Bland what was there before: {_named(self.before)}" if self.before else ""
        return Published(digest, unproved=published + back)


async def publish(client: Client, order: ReleaseOrder, clock: Clock = SYSTEM) -> Published:
    """Publish a version that still is what passed, and return when it is live, or when that cannot be proved.

    Raises:
        TornadoError: the version is not what passed, so nothing was published.
        ApiError: a request failed for good.

    """
    content = await read_content(client, order.pathway_id, order.version)
    if order.content is not None:
        now = content.digests if content is not None else None
        edit = edit_since_pass(order.version, order.content, order.passed_at, now)
        if edit is not None:
            message = f"nothing was published: {edit}"
            raise TornadoError(message)
    before = await _published_before(client, order)
    if content is None:
        is_done = await _send(client, order)
        return _unreadable(order, is_done=is_done)
    proof = _Proof(order, content, before, order.was_shown or order.environment == "production" or before is not None)
    if order.is_sent and proof.is_live(before):
        return proof.proved()
    if not await _send(client, order):
        proof = replace(proof, must_be_shown=True)
    return await _proved(client, proof, clock)


async def _send(client: Client, order: ReleaseOrder) -> bool:
    """Send the request, with retries, and return whether the API says that it is done."""
    return bool(await retried(lambda: publish_version(client, order.pathway_id, order.version, order.environment)))


async def _published_before(client: Client, order: ReleaseOrder) -> Content | None:
    """Return what is published now; None if that cannot be read, which does not stop a release."""
    try:
        return await read_content(client, order.pathway_id, PLACES[order.environment][0])
    except ApiError:
        return None


def _unreadable(order: ReleaseOrder, *, is_done: bool) -> Published:
    """Return what is known of a published version that the API does not show."""
    if is_done and not order.was_shown:
        return Published(None, warning=f"published, but not verified: version {order.version} cannot be read")
    how = "it cannot be read any more" if is_done else "the API says that it is pending, and it cannot be read"
    return Published(None, unproved=f"version {order.version} was published, but {how}")


async def _proved(client: Client, proof: _Proof, clock: Clock) -> Published:
    """Look until what is published is the version, and return what is known then."""
    which, name = proof.place

    def is_enough(live: Content | None) -> bool:
        return proof.is_live(live) if live is not None else not proof.must_be_shown

    live = await watch(lambda: read_content(client, proof.order.pathway_id, which), is_enough, name, clock)
    if isinstance(live, str):
        return proof.unproved(live)
    if live is not None:
        return proof.proved() if proof.is_live(live) else proof.unproved(_difference(proof, live))
    problem = f"the API does not show {name}"
    if proof.must_be_shown:
        return proof.unproved(problem)
    digest = proof.content.digests.like(proof.order.content)
    return Published(digest, warning=f"published, but not verified: {problem}")


def _difference(proof: _Proof, live: Content) -> str:
    """Return how what is published differs from the version."""
    changes = compare_contents(proof.content, live, ("", ""))
    fields = list(change_labels(changes))
    name = proof.place[1]
    return f"after {PROOF_SECONDS:g} s {name} is different: {_named(live)} (differs in {short_list(fields, MAX_NAMED)})"


def _named(content: Content) -> str:
    number = f"version {content.version}, " if content.version else ""
    return f"{number}{short(content.digest)}"
