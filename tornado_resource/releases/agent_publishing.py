"""Let an environment of an agent pin a version, settled and proved by what the environments pin afterwards."""

from __future__ import annotations

from dataclasses import dataclass, replace
from http import HTTPStatus
from typing import TYPE_CHECKING, Final

from tornado_resource.bland.agents import (
    ALREADY_IN_PRODUCTION,
    CHECKS_BLOCKED,
    PRODUCTION,
    PUBLISH_IN_PROGRESS,
    STAGING,
    promote_to_production,
    publish_to_staging,
    read_pins,
    roll_back_production,
)
from tornado_resource.bland.responses import is_other
from tornado_resource.bland.retrying import BACKOFF, is_transient, retried
from tornado_resource.bland.variables import find_missing_variables
from tornado_resource.core.clock import SYSTEM, Poller
from tornado_resource.errors import ApiError, NotSent, Rejected, ReportedError, TornadoError
from tornado_resource.releases.blocked_checks import read_block_reason
from tornado_resource.releases.proof import PROOF_SECONDS, watch

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Mapping

    from tornado_resource.bland.agents import Moved, Pin, Pins
    from tornado_resource.bland.client import Client
    from tornado_resource.core.clock import Clock

SEND_SECONDS: Final = 60.0
"""How long a request is repeated while another publish is in progress, or the API fails for a moment."""
MOVES: Final[Mapping[str, Callable[[Client, str, str], Awaitable[Moved]]]] = {
    STAGING: publish_to_staging,
    PRODUCTION: promote_to_production,
}


@dataclass(frozen=True, slots=True)
class AgentOrder:
    """A version that an environment of an agent must pin. *passed_at*: when it passed, for messages.

    *is_rollback*: production goes back to it. It was pinned before, and so the checks of staging do not block it.
    """

    agent_id: str
    environment: str
    version_id: str
    passed_at: str | None = None
    is_rollback: bool = False

    @property
    def move(self) -> Callable[[Client, str, str], Awaitable[Moved]]:
        """The request that lets the environment pin it."""
        is_back = self.is_rollback and self.environment == PRODUCTION
        return roll_back_production if is_back else MOVES[self.environment]

    def is_pinned_by(self, pins: Pins) -> bool:
        """Return whether the environment pins the version."""
        pinned = pins.of(self.environment).version_id
        return pinned is not None and not is_other(pinned, self.version_id)


@dataclass(frozen=True, slots=True)
class Pinned:
    """What the environment pins now; None where unknown. *unproved*: why it must be looked at again."""

    version_id: str | None = None
    semver: str | None = None
    unproved: str | None = None


async def publish_agent(client: Client, order: AgentOrder, clock: Clock = SYSTEM) -> Pinned:
    """Let the environment pin the version, unless it does, and return when it does, or when that cannot be proved.

    Production is promoted, which lets staging pin the version too; a rollback moves production alone. `force` is never
    sent.

    Raises:
        TornadoError: the checks of staging block the version, or variables that it refers to have no value in the
            environment, so nothing was moved.
        ApiError: what is pinned could not be read first, or a request failed for good, so nothing was moved.

    """
    before = await retried(lambda: read_pins(client, order.agent_id))
    if order.is_pinned_by(before):
        return _pinned(before.of(order.environment))
    missing = await find_missing_variables(client, order.agent_id, order.environment, order.version_id)
    if missing is not None:
        message = f"nothing was published to {order.environment}: {missing}"
        raise TornadoError(message)
    doubt = await _send(client, order, clock)
    name = f"what {order.environment} pins"
    found = await watch(lambda: read_pins(client, order.agent_id), order.is_pinned_by, name, clock)
    if not isinstance(found, str) and order.is_pinned_by(found):
        return _pinned(found.of(order.environment))
    problem = found if isinstance(found, str) else _difference(order, found)
    how, last = ("may have been", f" (last error: {doubt})") if doubt is not None else ("was", "")
    return Pinned(unproved=f"version {order.version_id} {how} published to {order.environment}, but {problem}{last}")


async def _send(client: Client, order: AgentOrder, clock: Clock) -> str | None:
    """Send the request until the API accepts it, or the pins show that it took effect although the response was lost.

    Returns:
        None if one of them is so; else the last error, where it is unknown whether a request took effect.

    Raises:
        TornadoError: no request took effect.

    """
    poller, is_doubtful = Poller(BACKOFF, SEND_SECONDS, clock), False
    while True:
        error = await _error_of_one(client, order)
        if error is None:
            return None
        may_have_moved = is_transient(error) and not isinstance(error, NotSent)
        if may_have_moved and await _is_pinned(client, order):
            return None
        is_doubtful |= may_have_moved and not isinstance(error, ReportedError)
        if not _can_repeat(error) or not await poller.pause(error.short_pause):
            break
    if not is_doubtful:
        raise await _explained(client, order, error)
    return str(error)


async def _error_of_one(client: Client, order: AgentOrder) -> ApiError | None:
    """Send the request once; return why it failed, None if the API has done what it asks for, now or before.

    Production only goes back to what it has had (API page *Roll Back Agent*). Another version is promoted.
    """
    try:
        await order.move(client, order.agent_id, order.version_id)
    except ApiError as error:
        if order.is_rollback and isinstance(error, Rejected) and error.status_code == HTTPStatus.BAD_REQUEST:
            return await _error_of_one(client, replace(order, is_rollback=False))
        return None if _code(error) == ALREADY_IN_PRODUCTION else error
    return None


async def _is_pinned(client: Client, order: AgentOrder) -> bool:
    try:
        return order.is_pinned_by(await read_pins(client, order.agent_id))
    except ApiError:
        return False


def _can_repeat(error: ApiError) -> bool:
    return _code(error) == PUBLISH_IN_PROGRESS or (is_transient(error) and not isinstance(error, ReportedError))


async def _explained(client: Client, order: AgentOrder, error: ApiError) -> TornadoError:
    """Return the error, or what is known of the reason if the checks of staging block the version."""
    if _code(error) != CHECKS_BLOCKED:
        return error
    reason = await read_block_reason(client, order.agent_id, order.version_id)
    passed = f" (passed {order.passed_at})" if order.passed_at else ""
    return TornadoError(
        f"nothing was promoted: the checks of staging block version {order.version_id}{passed}: {reason}. "
        "Run the checks of staging on this version again, then `pulumi up`"
    )


def _code(error: ApiError) -> str | None:
    return error.code if isinstance(error, Rejected) else None


def _pinned(pin: Pin) -> Pinned:
    return Pinned(pin.version_id, pin.semver)


def _difference(order: AgentOrder, pins: Pins) -> str:
    pin = pins.of(order.environment)
    shown = f"version {pin.version_id}{f' ({pin.semver})' if pin.semver else ''}" if pin.version_id else "nothing"
    return f"after {PROOF_SECONDS:g} s {order.environment} pins {shown}"
