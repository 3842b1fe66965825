"""Storing, reading and deleting the check config of an environment, whatever happens to requests and responses.

There is one config for each agent and environment, and a request replaces all of it. So every request is safe to
repeat, and what a lost response or a crash leaves behind is either the config as it was or as it must be.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from tornado_resource.bland.agents import list_agents
from tornado_resource.bland.check_runs import delete_checks, put_checks, read_checks
from tornado_resource.bland.responses import is_other
from tornado_resource.bland.retrying import is_transient, retried
from tornado_resource.checks.check_config import differences, refusal
from tornado_resource.core.text import clean
from tornado_resource.errors import ApiError, NotFound, NotSent, OutcomeUnknown
from tornado_resource.runs.declared_checks import config_digest

if TYPE_CHECKING:
    from collections.abc import Callable

    from tornado_resource.bland.check_runs import Checks
    from tornado_resource.bland.client import Client
    from tornado_resource.checks.check_config import ChecksOrder


@dataclass(frozen=True, slots=True)
class Claim:
    """What a new resource may take: *interrupted*, the digest of the checks that a killed update may have stored.

    *note* is called before other checks are stored.
    """

    interrupted: str | None = None
    note: Callable[[], object] = lambda: None

    def covers(self, existing: Checks | None) -> bool:
        """Return whether the checks that are there are of an update that was killed."""
        return existing is not None and config_digest(existing) == self.interrupted


async def store(client: Client, order: ChecksOrder, claim: Claim | None = None) -> Checks:
    """Let an environment have the checks of *order*, and return them as the API shows them.

    Nothing is sent but a GET if they are there already, or if another stack manages them.

    Args:
        client: sends the requests.
        order: the checks as they must be.
        claim: what may be taken although the stack's state has no checks; None if it has some.

    Raises:
        ChecksExist: other ones are there, which this stack has not stored.
        ChecksMissing, ChecksDiffer: another stack manages them, and they are not there or differ.
        ApiError: they were not stored, or that could not be determined.

    """
    existing = await retried(lambda: read_checks(client, order.agent_id, order.env))
    error = refusal(order, existing, is_new=claim is not None and not claim.covers(existing))
    if error is not None:
        raise error
    if existing is not None and not differences(order.checks, existing):
        return existing
    if claim is not None:
        claim.note()
    return await retried(lambda: _write(client, order))


async def read(client: Client, agent_id: str, env: str) -> Checks | None:
    """Return the checks of an environment; None if there are certainly none, the agent's end included.

    Raises:
        ApiError: they could not be read, so nothing is known.

    """
    try:
        return await retried(lambda: read_checks(client, agent_id, env))
    except NotFound:
        # A wrong base URL says 404 as well: only the list of all agents is certain.
        agents = await retried(lambda: list_agents(client))
        if agents.is_whole and all(is_other(agent.agent_id, agent_id) for agent in agents.agents):
            return None
        raise


async def remove(client: Client, agent_id: str, env: str, is_ours: Callable[[Checks], bool]) -> bool:
    """Delete the checks of an environment if they are ours, and return whether there are none then.

    Raises:
        ApiError: a request failed, or the API still shows them.

    """
    existing = await read(client, agent_id, env)
    if existing is None:
        return True
    if not is_ours(existing):
        return False
    await retried(lambda: delete_checks(client, agent_id, env))
    if await read(client, agent_id, env) is not None:
        label = f"removal of the checks of agent {clean(agent_id)} in {clean(env)}"
        raise OutcomeUnknown(label, "the API still shows them")
    return True


async def _write(client: Client, order: ChecksOrder) -> Checks:
    """Replace the checks once. A response that is lost is settled by what is there: then nothing is sent again."""
    try:
        return await put_checks(client, order.agent_id, order.env, order.checks)
    except ApiError as fault:
        if isinstance(fault, NotSent) or not is_transient(fault):
            raise
        stored = await read_checks(client, order.agent_id, order.env)
        if stored is None or differences(order.checks, stored):
            raise
        return stored
