"""What is known of a stack's sessions before they are declared: from its own state, else from the API."""

from __future__ import annotations

import asyncio
from dataclasses import asdict, replace
from typing import TYPE_CHECKING, Any, Final

import pulumi
from pulumi.runtime import invoke_async

from tornado_resource.declarations.model import Gate, request_from
from tornado_resource.errors import TornadoError
from tornado_resource.gate.model import GatedSession
from tornado_resource.gate.recorded import recorded_sessions
from tornado_resource.gate.rerun import ANY, LastRun, must_be_known, rerun_reason
from tornado_resource.sessions.compare import compare

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tornado_resource.bland.responses import Status
    from tornado_resource.gate.model import Result
    from tornado_resource.gate.recorded import RecordedSession
    from tornado_resource.program.shared_client import SharedClient

READ_STATE: Final = "pulumi:pulumi:readStackResourceOutputs"
"""A function of Pulumi's engine: the outputs of all resources of a stack, as its state has them now."""


class LastRuns:
    """The last runs of the sessions of one stack.

    The engine calls a provider's `diff` for one resource after the other, so a request there costs a round trip for
    each session. Here the sessions without a final verdict are asked for side by side, and the others not at all.

    Args:
        client: for what the state does not know.

    """

    def __init__(self, client: SharedClient) -> None:
        self._client = client
        self._reading: asyncio.Task[dict[str, RecordedSession]] | None = None
        self._statuses: dict[str, Status] = {}

    async def recorded(self) -> Mapping[str, RecordedSession]:
        """Return the sessions that the stack's state had before this program declared the first one."""
        if self._reading is None:
            self._reading = asyncio.ensure_future(_read_state())
        return await self._reading

    async def known(self, name: str, declared: Mapping[str, Any] | None) -> dict[str, Any] | None:
        """Return what `diff` needs to know of a session's last run, as a mapping; None if it must ask itself.

        Args:
            name: the session's name.
            declared: its inputs; None if not all of them are known.

        """
        session = (await self.recorded()).get(name)
        if session is None:
            return None
        gate = Gate.of(declared.get("gate")) if declared is not None else None
        if session.verdict is not None and session.verdict.gate == (gate or session.verdict.gate):
            return asdict(LastRun.recorded(session.verdict))
        if declared is None or compare(session.declared, declared).replaces:
            return None
        if not must_be_known(declared.get("rerun", "on_failure"), gate):
            return None
        return asdict(await self._ask(session, gate or ANY))

    def kept(self, declared: Mapping[str, Any], gated: GatedSession) -> Result | None:
        """Return the recorded result of a session that this update will leave as it is; None for any other.

        Args:
            declared: the session's inputs.
            gated: the session as declared.

        """
        session = self._found(gated.name)
        if session is None or session.verdict is None or compare(session.declared, declared).replaces:
            return None
        gate, last = Gate.of(declared.get("gate")), LastRun.recorded(session.verdict)
        if rerun_reason(declared.get("rerun", "on_failure"), gate, last) is not None:
            return None
        return session.result(replace(gated, session_id=session.session_id, adopted=session.adopted))

    def result(self, gated: GatedSession) -> Result | None:
        """Return the recorded result of a declared session, if it is final and about the same session and gate."""
        session = self._found(gated.name)
        return session.result(gated) if session is not None else None

    def with_status(self, gated: GatedSession) -> GatedSession:
        """Return a session with the status that was read for it, if one was."""
        return replace(gated, status=self._statuses.get(gated.session_id))

    def _found(self, name: str) -> RecordedSession | None:
        return self._reading.result().get(name) if self._reading is not None else None

    async def _ask(self, session: RecordedSession, gate: Gate) -> LastRun:
        from tornado_resource.gate.results import read_last_run

        gated = GatedSession("", session.session_id, gate, request_from(session.declared))
        try:
            async with self._client.open() as client:
                last, read = await read_last_run(client, gated)
        except TornadoError as error:
            return LastRun(session.session_id, gate, problem=str(error))
        if read.status is not None:
            self._statuses[session.session_id] = read.status
        return last


async def _read_state() -> dict[str, RecordedSession]:
    stack = f"{pulumi.get_organization()}/{pulumi.get_project()}/{pulumi.get_stack()}"
    try:
        read = await invoke_async(READ_STATE, {"stackName": stack})
    except Exception as error:  # noqa: BLE001 - whatever a backend or a test's mocks raise, the sessions can be asked
        pulumi.log.debug(f"the stack's own state cannot be read: {error}")
        return {}
    return recorded_sessions(read.get("outputs") or {})
