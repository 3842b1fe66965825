"""Why the checks of an agent cannot run as they are declared, as far as the API shows it: for `doctor`."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any, Final

from tornado_resource.bland.agents import read_latest_version, read_pins, read_version
from tornado_resource.bland.check_runs import read_checks
from tornado_resource.bland.retrying import retried
from tornado_resource.core.text import clean
from tornado_resource.declarations.model import LATEST, PINNED, is_version_id
from tornado_resource.errors import NotFound

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tornado_resource.bland.client import Client

UNKNOWN: Final = (
    "the API does not know the agent",
    "check agent_id, and that the API key is of its account",
)


async def find_faults(client: Client, request: Mapping[str, Any], *, has_checks: bool) -> list[tuple[str, str]]:
    """Return what is wrong, each with what to do about it.

    Args:
        client: sends the requests: three at most.
        request: what the check run is declared with.
        has_checks: whether the update creates its checks.

    Raises:
        ApiError: a request failed for good.

    """
    agent_id, env = request["agent_id"], request["env"]
    try:
        pins = await retried(lambda: read_pins(client, agent_id))
    except NotFound:
        return [UNKNOWN]
    faults = [_fault_of_version(client, request, is_pinned=pins.of(env).version_id is not None)]
    faults += [] if has_checks else [_fault_of_checks(client, agent_id, env)]
    return [fault for fault in await asyncio.gather(*faults) if fault is not None]


async def _fault_of_version(client: Client, request: Mapping[str, Any], *, is_pinned: bool) -> tuple[str, str] | None:
    agent_id, version = request["agent_id"], request.get("version_id", LATEST)
    if version == PINNED:
        fault = f"{request['env']} pins no version", "publish one, or declare `version: latest`"
        return None if is_pinned else fault
    if version != LATEST and is_version_id(version):
        return None  # it may be one of a branch, which no list shows
    try:
        if version == LATEST:
            await retried(lambda: read_latest_version(client, agent_id))
        else:
            await retried(lambda: read_version(client, agent_id, version))
    except NotFound:
        if version == LATEST:
            return "it has no version", "save one in Bland"
        return f"it has no version {clean(version)}", "declare one that is published, or `version: latest`"
    return None


async def _fault_of_checks(client: Client, agent_id: str, env: str) -> tuple[str, str] | None:
    checks = await retried(lambda: read_checks(client, agent_id, env))
    if checks is None:
        return f"it has no checks in {env}", "set them up in Bland, or declare `checks`"
    if checks.is_enabled is False:
        return f"its checks in {env} are disabled", "enable them in Bland, or declare `checks`"
    return None
