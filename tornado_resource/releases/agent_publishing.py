"""Let an environment of an agent pin a version, settled and proved by what the environments pin afterwards.

Where its checks block a version, the API shows why.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from http import HTTPStatus
from typing import TYPE_CHECKING, Any, Final, TypeVar

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
from tornado_resource.bland.check_runs import CHECK_RUNS_LIMIT, list_check_runs, read_checks
from tornado_resource.bland.responses import folded, is_other, parse_time
from tornado_resource.bland.retrying import BACKOFF, is_transient, retried
from tornado_resource.bland.variables import find_missing_variables
from tornado_resource.core.clock import SYSTEM, Poller
from tornado_resource.errors import ApiError, NotSent, Rejected, ReportedError, TornadoError
from tornado_resource.releases.publishing import PROOF_SECONDS, watch

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence

    from tornado_resource.bland.agents import Pin, Pins
    from tornado_resource.bland.check_runs import CheckRun, CheckRuns, Checks, ConfiguredJudge, JudgeVerdict
    from tornado_resource.bland.client import Client
    from tornado_resource.core.clock import Clock

SEND_SECONDS: Final = 60.0
"""How long a request is repeated while another publish is in progress, or the API fails for a moment."""
MOVES: Final[Mapping[str, Callable[[Client, str, str], Awaitable[None]]]] = {
    STAGING: publish_to_staging,
    PRODUCTION: promote_to_production,
}
PASSED: Final = "PASSED"
T = TypeVar("T")


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
    def move(self) -> Callable[[Client, str, str], Awaitable[None]]:
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
    pins = await watch(lambda: read_pins(client, order.agent_id), order.is_pinned_by, name, clock)
    if not isinstance(pins, str) and order.is_pinned_by(pins):
        return _pinned(pins.of(order.environment))
    problem = pins if isinstance(pins, str) else _difference(order, pins)
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
    semver = f" ({pin.semver})" if pin.semver else ""
    pinned = f"version {pin.version_id}{semver}" if pin.version_id else "nothing"
    return f"after {PROOF_SECONDS:g} s {order.environment} pins {pinned}"


async def read_block_reason(client: Client, agent_id: str, version_id: str) -> str:
    """Read the check runs and the checks of staging, and return why they block a version (`block_reason`)."""
    runs = await _read(lambda: list_check_runs(client, agent_id, STAGING))
    checks = await _read(lambda: read_checks(client, agent_id, STAGING))
    return block_reason(version_id, runs, checks)


def block_reason(version_id: str, runs: CheckRuns | str, checks: Checks | str | None) -> str:
    """Return why the checks of staging block a version.

    Bland counts a pass only if it is the newest run of the version in staging, on the checks as they are now (API page
    *Promote Agent*).

    Args:
        version_id: the version.
        runs: the check runs of staging, or why they could not be read.
        checks: the checks of staging, None if it has none; or why they could not be read.

    """
    if isinstance(runs, str):
        return f"the reason is unknown, since the check runs of staging could not be read: {runs}"
    own = [run for run in runs.runs if run.version_id is not None and not is_other(run.version_id, version_id)]
    passed = next((run for run in own if run.status == PASSED), None)
    if passed is None:
        return _no_pass(own, runs)
    if passed is not own[0]:
        return f"its pass in staging (check run {passed.run_id}) is not its newest run there: {_named(own[0])}"
    return _voided(passed, checks)


def _voided(passed: CheckRun, checks: Checks | str | None) -> str:
    """Return why the newest run of a version does not count although it has passed."""
    if isinstance(checks, str):
        return f"{_seen(passed)}, and the checks of staging could not be read: {checks}"
    if checks is None:
        return f"staging has no checks any more; they were deleted after {_named(passed)}"
    edits = list(_edits(passed, checks))
    if edits:
        return f"the checks of staging were edited after {_named(passed)}: {'; '.join(edits)}"
    edited = f"last edited {checks.updated_at}" if checks.updated_at else "with no time of an edit"
    return f"{_seen(passed)}, and the checks look the same ({edited}); one of their scenarios may have been edited"


async def _read(call: Callable[[], Awaitable[T]]) -> T | str:
    try:
        return await retried(call)
    except ApiError as error:
        return str(error)


def _no_pass(own: Sequence[CheckRun], runs: CheckRuns) -> str:
    among = "" if runs.is_whole else f" among the newest {CHECK_RUNS_LIMIT}"
    newest = f"; its newest one is {_named(own[0])}" if own else ""
    return f"no check run of it in staging{among} has passed{newest}"


def _edits(passed: CheckRun, checks: Checks) -> Iterator[str]:
    """Yield how the checks differ from those that a run began with, as far as the API shows that."""
    began, edited = parse_time(passed.created_at), parse_time(checks.updated_at)
    if began is not None and edited is not None and edited > began:
        yield f"it began {passed.created_at}, and the edit is of {checks.updated_at}"
    counts = (
        ("scenario count", passed.scenario_count, len(checks.scenario_ids)),
        ("simulations_count", passed.simulations_count, checks.simulations_count),
    )
    for name, then, now in counts:
        if _is_changed(then, now):
            yield f"{name} was {then} and is {now}"
    if passed.verdicts and not passed.has_omissions and all(verdict.judge_id for verdict in passed.verdicts):
        yield from _edited_judges(passed.verdicts, checks.judges)


def _edited_judges(then: Sequence[JudgeVerdict], now: Sequence[ConfiguredJudge]) -> Iterator[str]:
    ran = {folded(verdict.judge_id or ""): verdict for verdict in then}
    configured = {folded(judge.judge_id): judge for judge in now}
    for judge_id, after in configured.items():
        before = ran.get(judge_id)
        if before is None:
            yield f"judge {_name(after)} was added"
        elif _differ(before, after):
            yield f"judge {_name(after)} was changed"
    yield from (
        f"judge {_name(verdict)} was removed" for judge_id, verdict in ran.items() if judge_id not in configured
    )


def _differ(before: JudgeVerdict, after: ConfiguredJudge) -> bool:
    """Return whether a judge is another one than in a run."""
    values = (
        (before.version_id, after.version_id),
        (before.is_required, after.is_required),
        (sorted(before.target_level_keys) or None, sorted(after.target_level_keys) or None),
    )
    return any(_is_changed(then, now) for then, now in values)


def _is_changed(then: Any, now: Any) -> bool:
    """Return whether two values differ. What the API does not show is no difference."""
    return then is not None and now is not None and then != now


def _name(judge: JudgeVerdict | ConfiguredJudge) -> str:
    return judge.name or judge.judge_id or "(unknown)"


def _named(run: CheckRun) -> str:
    return f"check run {run.run_id} ({run.status})"


def _seen(passed: CheckRun) -> str:
    return f"the reason is unknown: {_named(passed)} is its newest run in staging"
