"""Updates, ends, foreign sessions, crashes, edits, deletes and refreshes in any order, compared with a model.

The claim: we start at most one session for each declared run, however often `pulumi up` runs. The documented gap: the
response was lost in a crash, and the session ended before the next request.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import Any

import httpx
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from tests.support.api import EPOCH, json_response
from tests.support.results import last_run_of
from tests.support.sandbox_api import Entry, SessionApi
from tests.support.soak import IS_SOAK
from tornado_resource.bland.sessions import SESSION_STATUSES, read_status
from tornado_resource.declarations.model import Gate
from tornado_resource.errors import NotFound, TornadoError
from tornado_resource.runs.cancel import cancel_if_running
from tornado_resource.runs.inputs import compare
from tornado_resource.runs.model import GatedRun, Known
from tornado_resource.runs.order import Address, Order, Run
from tornado_resource.runs.rerun import rerun_reason
from tornado_resource.runs.start import start

EXAMPLES = 5000 if IS_SOAK else 25
STEPS = 50
ADDRESS = Address("b", "agents", "dev", "a")
REFUSED = httpx.ConnectError("refused")
NO_LIMIT: dict[str, Any] = {"timeout_ms": 10**12}
FAULTS = [
    httpx.ReadError("reset"),
    httpx.ReadTimeout("slow"),
    json_response({}, 500),
    json_response({}, 503),
    httpx.Response(200, text="<html>"),
]


@dataclass
class Recorded:
    """The resource in the state of Pulumi's engine."""

    session_id: str
    declared: dict[str, Any]


class Lifecycle(RuleBasedStateMachine):
    """One resource, one pathway, one API, and users who do anything in any order."""

    def __init__(self) -> None:
        super().__init__()
        self.api = SessionApi()
        self.declared: dict[str, Any] = {"pathway_id": "pw-1", "max_iterations": 5, **NO_LIMIT}
        self.state: Recorded | None = None
        self.run = 0  # counts the declared runs
        self.served: dict[int, set[str]] = {}  # run to the sessions that we started for it
        self.ours: set[str] = set()
        self.finals: dict[str, str] = {}
        self.is_in_gap = False

    @rule(
        faults=st.lists(st.just((REFUSED, False)) | st.tuples(st.sampled_from(FAULTS), st.booleans()), max_size=2),
        on_conflict=st.sampled_from(["fail", "fail", "adopt", "supersede"]),
        is_cut_off=st.booleans(),
    )
    def update(self, faults: list[Any], on_conflict: Any, is_cut_off: bool) -> None:  # noqa: FBT001
        """`pulumi up`; *is_cut_off*: killed after the start, before the checkpoint."""
        self.api.time.seconds += 1
        asyncio.run(self._update(faults, on_conflict, is_cut_off=is_cut_off))

    async def _update(self, faults: list[Any], on_conflict: Any, *, is_cut_off: bool) -> None:
        clock = self.api.time.clock()
        async with self.api.client() as client:
            if self.state is not None:
                self.api.intents.settle(ADDRESS, self.state.session_id)
                replaces = bool(compare("tornado", self.state.declared, self.declared).replaces)
                if not replaces:
                    try:
                        status = await read_status(client, self.state.session_id)
                    except NotFound:
                        return
                    gated = GatedRun("support-line", self.state.session_id, Gate("any"), {}, known=Known(status=status))
                    if rerun_reason("on_failure", gated.gate, last_run_of(gated)) is None:
                        return
                await cancel_if_running(client, Run(self.state.session_id, {"pathway_id": "pw-1"}), clock)
                self.state = None
                self.run += 1
            before = set(self._ids())
            self.api.faults = list(faults)
            order = Order(ADDRESS, self.declared, on_conflict)
            try:
                session = await start(client, order, self.api.intents, clock)
            except TornadoError:
                session = None
            finally:
                self.api.faults = []
        self._record_starts(before)
        if session is None or is_cut_off:
            return
        assert session.run_id in self._ids()
        self.state = Recorded(session.run_id, dict(self.declared))

    def _record_starts(self, before: set[str]) -> None:
        for session_id in set(self._ids()) - before:
            self.ours.add(session_id)
            self.served.setdefault(self.run, set()).add(session_id)

    def _ids(self) -> list[str]:
        return [session.session_id for session in self.api.sessions]

    def _running(self) -> Entry | None:
        return next((each for each in self.api.sessions if each.status == "RUNNING"), None)

    @rule(status=st.sampled_from(sorted(SESSION_STATUSES)))
    def a_session_ends(self, status: str) -> None:
        session = self._running()
        if session is not None:
            intent = self.api.intents.find(ADDRESS)
            is_lost = session.session_id in self.ours and (
                self.state is None or self.state.session_id != session.session_id
            )
            if is_lost and (intent is None or intent.session_id != session.session_id):
                self.is_in_gap = True
            session.status = status
            self.finals[session.session_id] = status

    @rule(iterations=st.sampled_from([5, 9]))
    def somebody_else_starts_a_session(self, iterations: int) -> None:
        self.api.time.seconds += 3600
        if self._running() is None:
            self.api.add(max_iterations=iterations, **NO_LIMIT)

    @rule(iterations=st.integers(1, 3))
    def the_declaration_is_edited(self, iterations: int) -> None:
        if iterations != self.declared["max_iterations"]:
            self.declared = {**self.declared, "max_iterations": iterations}
            self.run += 1

    @precondition(lambda self: self.state is not None)
    @rule()
    def destroy(self) -> None:
        assert self.state is not None
        session_id = self.state.session_id
        run = Run(session_id, {"pathway_id": "pw-1"})
        asyncio.run(cancel_if_running(self.api.client(), run, self.api.time.clock()))
        self.api.intents.settle(ADDRESS, session_id)
        running = self._running()
        assert running is None or running.session_id != session_id
        self.state = None
        self.run += 1

    @precondition(lambda self: self.state is not None)
    @rule(is_forgotten=st.booleans())
    def refresh(self, is_forgotten: bool) -> None:  # noqa: FBT001
        assert self.state is not None
        if is_forgotten:
            self.api.store.forget(self.state.session_id)
            self.state = None
            self.run += 1

    @invariant()
    def at_most_one_session_runs_on_the_pathway(self) -> None:
        assert sum(session.status == "RUNNING" for session in self.api.sessions) <= 1

    @invariant()
    def a_declared_run_is_one_session(self) -> None:
        if not self.is_in_gap:
            assert all(len(sessions) <= 1 for sessions in self.served.values()), self.served

    @invariant()
    def a_final_status_never_turns_back(self) -> None:
        known = {session.session_id: session.status for session in self.api.sessions}
        assert all(known.get(session_id, status) == status for session_id, status in self.finals.items())

    @invariant()
    def what_we_start_is_of_this_time(self) -> None:
        assert all(session.created_at >= EPOCH for session in self.api.sessions)


TestLifecycle = Lifecycle.TestCase
TestLifecycle.settings = settings(
    max_examples=EXAMPLES, stateful_step_count=STEPS, deadline=None, suppress_health_check=list(HealthCheck)
)
