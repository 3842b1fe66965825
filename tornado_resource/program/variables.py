"""The variables that runs need, read before anything is declared: each environment of an agent once."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from tornado_resource.program.last_runs import intent_of
from tornado_resource.program.purpose import has_targets

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from tornado_resource.bland.variables import Variables
    from tornado_resource.program.last_runs import LastRuns
    from tornado_resource.program.shared_client import SharedClient
    from tornado_resource.runs.kinds import Kind


@dataclass(frozen=True, slots=True)
class VariablesFound:
    """What is known of the variables of a run. *missing*: which of them have no value, as a text.

    *is_checked*: whether the provider need not look; else it does, if it starts the run.
    """

    is_checked: bool = False
    missing: str | None = None


class KnownVariables:
    """Finds out which variables of runs that start have no value, where their versions have been read anyway.

    Only names are kept, and nothing is asked for a run that stays as it is.

    Args:
        client: sends the requests.
        last_runs: knows which runs start, and what their versions refer to.

    """

    def __init__(self, client: SharedClient, last_runs: LastRuns) -> None:
        self._client = client
        self._last_runs = last_runs
        self._reading: dict[tuple[str, str], asyncio.Task[Variables | None]] = {}

    async def find(
        self, kind: Kind, urns: Sequence[str], declared: Mapping[str, Any], *, adopts: bool
    ) -> VariablesFound:
        """Return what is known of the variables of a run.

        Args:
            kind: the kind of run.
            urns: the URN of the run's resource, and those that it may have been recorded under before.
            declared: its inputs, with the id of its version.
            adopts: whether an existing run is taken over if none is recorded.

        """
        names = self._last_runs.variables(kind, declared)
        if names is None or not names:
            return VariablesFound(is_checked=names is not None)
        if not await self._starts(kind, urns, declared, adopts=adopts):
            return VariablesFound()
        from tornado_resource.bland.variables import missing_variables

        agent_id, env = (declared[key] for key in kind.place_outputs)
        variables = await self._read(agent_id, env)
        missing = missing_variables(env, names, variables) if variables is not None else None
        return VariablesFound(is_checked=missing is None, missing=missing)

    async def _starts(self, kind: Kind, urns: Sequence[str], declared: Mapping[str, Any], *, adopts: bool) -> bool:
        """Return whether this update certainly sends a start: not if the command line may leave the run out.

        A start that was cut off has perhaps had its effect, which comes first.
        """
        own, *former = urns
        if has_targets() or intent_of(kind, own) is not None:
            return False
        return await self._last_runs.starts(own, declared, former, adopts=adopts)

    async def _read(self, agent_id: str, env: str) -> Variables | None:
        """Return the variables of an environment, as they were when this run asked first; None if they are unreadable.

        What cannot be read blocks nothing.
        """
        key = (agent_id, env)
        if key not in self._reading:
            self._reading[key] = asyncio.ensure_future(self._find(agent_id, env))
        return await self._reading[key]

    async def _find(self, agent_id: str, env: str) -> Variables | None:
        from tornado_resource.bland.variables import find_variables

        async with self._client.open() as client:
            return await find_variables(client, agent_id, env)
