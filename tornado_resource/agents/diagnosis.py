"""Why the checks of an agent cannot run as they are declared, as far as the API shows it: for `doctor`."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any, Final

from tornado_resource.bland.agents import read_latest_version, read_pins, read_version
from tornado_resource.bland.check_runs import read_checks
from tornado_resource.bland.retrying import retried
from tornado_resource.bland.variables import find_missing_of_snapshot, find_missing_variables
from tornado_resource.core.text import clean
from tornado_resource.declarations.model import LATEST, PINNED, is_version_id
from tornado_resource.errors import NotFound

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tornado_resource.bland.agents import Version
    from tornado_resource.bland.check_runs import Checks
    from tornado_resource.bland.client import Client

Fault = tuple[str, str]
"""What is wrong, and what to do about it."""
SET_VALUES: Final = "until then, no check run starts"
UNKNOWN_AGENT: Final = (
    "the API does not know the agent",
    "check agent_id, and that the API key is of its account",
)


async def find_faults(client: Client, request: Mapping[str, Any], *, has_checks: bool) -> list[Fault]:
    """Return what is wrong, each with what to do about it.

    Args:
        client: sends the requests: six at most.
        request: what the check run is declared with.
        has_checks: whether the update creates its checks.

    Raises:
        ApiError: a request failed for good.

    """
    agent_id, env = request["agent_id"], request["env"]
    try:
        pins = await retried(lambda: read_pins(client, agent_id))
    except NotFound:
        return [UNKNOWN_AGENT]
    faults = [_fault_of_version(client, request, pins.of(env).version_id)]
    faults += [] if has_checks else [_fault_of_checks(client, agent_id, env)]
    return [fault for fault in await asyncio.gather(*faults) if fault is not None]


async def _fault_of_version(client: Client, request: Mapping[str, Any], pinned: str | None) -> Fault | None:
    agent_id, env, version = request["agent_id"], request["env"], request.get("version_id", LATEST)
    if version == PINNED:
        if pinned is None:
            return f"{env} pins no version", "publish one, or declare `version: latest`"
        version = pinned
    if is_version_id(version):
        # It may be one of a branch, which no list shows.
        missing = await find_missing_variables(client, agent_id, env, version)
    else:
        try:
            snapshot = await retried(lambda: _read(client, agent_id, version))
        except NotFound:
            return _no_version(version)
        missing = await find_missing_of_snapshot(client, agent_id, env, snapshot.snapshot or {})
    return (missing, SET_VALUES) if missing is not None else None


def _no_version(version: str) -> Fault:
    if version == LATEST:
        return "it has no version", "save one in Bland"
    return f"it has no version {clean(version)}", "declare one that is published, or `version: latest`"


async def _read(client: Client, agent_id: str, version: str) -> Version:
    if version == LATEST:
        return await read_latest_version(client, agent_id)
    return await read_version(client, agent_id, version)


async def _fault_of_checks(client: Client, agent_id: str, env: str) -> Fault | None:
    return fault_of_checks(await retried(lambda: read_checks(client, agent_id, env)), env)


def fault_of_checks(checks: Checks | None, env: str) -> Fault | None:
    """Return why the checks of an environment cannot run, and what to do about it."""
    if checks is None:
        return f"it has no checks in {env}", "set them up in Bland, or declare `checks`"
    if checks.is_enabled is False:
        return f"its checks in {env} are disabled", "enable them in Bland, or declare `checks`"
    return None
