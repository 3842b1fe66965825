"""The dynamic provider: what Pulumi's engine asks, answered by `lifecycle`.

The class is pickled into the state by reference (its module path is therefore public for ever), and an instance
holds nothing until `configure` runs in the provider's own process.
"""

from __future__ import annotations

import os
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, TypeVar

from pulumi.dynamic import (
    ConfigureRequest,
    CreateResult,
    DiffResult,
    ReadResult,
    ResourceProvider,
    UpdateResult,
)
from pulumi.output import contains_unknowns

from tornado_resource.clock import SYSTEM
from tornado_resource.declarations.model import Gate, request_from
from tornado_resource.errors import NotFound
from tornado_resource.lifecycle.comparing import REPLACING, UPDATING, compare, rerun_reason
from tornado_resource.lifecycle.intents import IntentStore, address_of, intents_folder
from tornado_resource.runtime import configured

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine

    from tornado_resource.bland.client import Client
    from tornado_resource.bland.models import Scenario, Status
    from tornado_resource.declarations.model import OnConflict
    from tornado_resource.lifecycle.intents import Address
    from tornado_resource.lifecycle.starting import Session
    from tornado_resource.runtime import Runtime

T = TypeVar("T")


@dataclass
class _Known:
    """What one provider process knows of its update.

    *recorded* are the resources that the engine has asked to compare, and so has in its state: `adopt` is not for
    them. *taken* are the sessions that a resource got in this update: one that was renamed leaves them alone.
    *refreshed* are the statuses that a refresh has just read: the engine compares right after it.
    """

    runtime: Runtime
    on_conflict: OnConflict | None
    intents: IntentStore
    recorded: set[str] = field(default_factory=set)
    taken: set[str] = field(default_factory=set)
    refreshed: dict[str, Status] = field(default_factory=dict)


class TornadoProvider(ResourceProvider):
    """Create starts a session and returns; update records; delete cancels. None of them waits for the end of a run."""

    serialize_as_secret_always = False
    _known: _Known | None = None

    def configure(self, req: ConfigureRequest) -> None:
        """Called once per provider process, before anything else. Raises for a missing or unfit key or URL."""
        override = req.config.get("tornado:onConflict")
        self._known = _Known(configured(req), override, IntentStore(intents_folder(os.environ)))

    def create(self, props: dict[str, Any]) -> CreateResult:
        """Start one session, or adopt the one that `adopt` names; returns as soon as its id is known."""
        ready, source = self._ready, props.get("source")
        adopt = props.get("adopt") if props["name"] not in ready.recorded else None
        session = self._call(lambda client: _start(client, props, adopt, ready), source)
        ready.taken.add(session.session_id)
        return CreateResult(session.session_id, _outputs(session, props))

    def diff(self, session_id: str, olds: dict[str, Any], news: dict[str, Any]) -> DiffResult:
        """Called in preview and update, changed or not. Replaces for another request or a due rerun, old one first."""
        self._ready.recorded.add(news["name"])
        self._ready.intents.settle(_address(news), session_id)
        change = compare(olds["declared"], _declared(news))
        replaces = list(change.replaces)
        is_known = not contains_unknowns(news)
        if not replaces and is_known and news.get("rerun") != "on_change":
            fresh = self._ready.refreshed.get(session_id)
            reason = self._call(lambda client: _rerun_reason(client, session_id, news, fresh), news.get("source"))
            if reason is not None:
                print(f"{_address(news).resource}: runs again, {reason}", flush=True)
                replaces = ["rerun"]
        return DiffResult(
            changes=bool(replaces or change.updates), replaces=replaces, delete_before_replace=bool(replaces)
        )

    def update(self, _session_id: str, olds: dict[str, Any], news: dict[str, Any]) -> UpdateResult:
        """Record what changes nothing for the run; everything else stays (the default would wipe it)."""
        outputs = {key: value for key, value in olds.items() if key != "__provider"}
        return UpdateResult({**outputs, "declared": _declared(news)})

    def delete(self, session_id: str, props: dict[str, Any]) -> None:
        """Cancel a session that still runs, and return when its pathway is free."""
        from tornado_resource.lifecycle.ending import end

        is_taken_over = session_id in self._ready.taken
        if props["declared"].get("on_destroy") != "leave" and not is_taken_over:
            self._call(lambda client: end(client, session_id, props["pathway_id"], SYSTEM))
        self._ready.intents.settle(_address(props), session_id)

    def read(self, session_id: str, props: dict[str, Any]) -> ReadResult:
        """Called by refresh. Only a certain 404 is "gone" (an empty id); any other fault raises."""
        outputs = {key: value for key, value in props.items() if key != "__provider"}
        try:
            status = self._call(lambda client: _status(client, session_id))
        except _Gone:
            return ReadResult("", {})
        self._ready.refreshed[session_id] = status
        return ReadResult(session_id, {**outputs, "status": status.status})

    @property
    def _ready(self) -> _Known:
        assert self._known is not None  # noqa: S101 - Pulumi configures before it calls
        return self._known

    def _call(self, work: Callable[[Client], Coroutine[Any, Any, T]], source: str | None = None) -> T:
        return self._ready.runtime.run(work, source)


class _Gone(Exception):
    """The API is certain that there is no such session."""


def _address(props: dict[str, Any]) -> Address:
    return address_of(props["name"], os.environ.get("PULUMI_PROJECT", ""), os.environ)


async def _start(client: Client, props: dict[str, Any], session_id: str | None, ready: _Known) -> Session:
    from tornado_resource.lifecycle.starting import Order, adopt, start

    on_conflict: OnConflict = ready.on_conflict or props.get("on_conflict", "fail")
    order = Order(_address(props), request_from(props), on_conflict)
    if session_id is not None:
        return await adopt(client, order, session_id)
    return await start(client, order, ready.intents)


async def _status(client: Client, session_id: str) -> Status:
    from tornado_resource.bland.retrying import retried

    try:
        return await retried(lambda: client.status(session_id))
    except NotFound:
        raise _Gone from None


async def _rerun_reason(client: Client, session_id: str, props: dict[str, Any], fresh: Status | None) -> str | None:
    """Ask how the recorded session ended, and whether that calls for another run. One that is gone does not."""
    from tornado_resource.bland.retrying import retried

    try:
        status = fresh if fresh is not None else await _status(client, session_id)
    except _Gone:
        return None
    gate = Gate.of(props.get("gate"))
    required: tuple[Scenario, ...] = ()
    if gate is not None and gate.passed == "promotion" and status.is_final:
        required = await retried(lambda: client.scenarios(props["pathway_id"]))
    scenario_ids = props.get("scenario_ids")
    declared = len(scenario_ids) if scenario_ids is not None else None
    return rerun_reason(props.get("rerun", "on_failure"), gate, status, declared=declared, required=required)


def _declared(props: dict[str, Any]) -> dict[str, Any]:
    """The inputs that say what was declared, without what only tells the provider where it is."""
    return {key: props[key] for key in (*REPLACING, *UPDATING) if props.get(key) is not None}


def _outputs(session: Session, props: dict[str, Any]) -> dict[str, Any]:
    return {
        "session_id": session.session_id,
        "created_at": session.created_at,
        "status": session.status,
        "pathway_id": props["pathway_id"],
        "max_iterations": session.max_iterations,
        "timeout_ms": session.timeout_ms,
        "adopted": session.adopted,
        "name": props["name"],
        "declared": _declared(props),
    }
