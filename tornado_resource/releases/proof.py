"""Proof of a release: what the API shows after it was sent."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, TypeVar

from tornado_resource.bland.retrying import is_transient
from tornado_resource.core.clock import Backoff, Poller
from tornado_resource.errors import ApiError

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from tornado_resource.core.clock import Clock

PROOF_SECONDS: Final = 30.0
"""How long what is published may take to become what was sent."""
PROOF_BACKOFF: Final = Backoff(first=0.5, longest=5.0)
T = TypeVar("T")


async def watch(read: Callable[[], Awaitable[T]], is_proof: Callable[[T], bool], name: str, clock: Clock) -> T | str:
    """Read what is published until *is_proof* accepts it, for up to `PROOF_SECONDS`.

    Returns:
        What was read last, proof or not; or why *name* could not be read: at once for an error that stays.

    """
    poller = Poller(PROOF_BACKOFF, PROOF_SECONDS, clock)
    while True:
        found: T | str
        try:
            found = shown = await read()
            is_done = is_proof(shown)
        except ApiError as error:
            found, is_done = f"{name} could not be read: {error}", not is_transient(error)
        if is_done or not await poller.pause():
            return found
