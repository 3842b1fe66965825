"""The dynamic provider of tornado sessions: maps the calls of Pulumi's engine to `runs`."""

from __future__ import annotations

import asyncio
import os
from contextlib import suppress
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, TypeVar

from pulumi import contains_unknowns
from pulumi.dynamic import (
    CheckResult,
    ConfigureRequest,
    CreateResult,
    DiffResult,
    ReadResult,
    ResourceProvider,
    UpdateResult,
)

from tornado_resource.core.canonical import whole_without_nulls
from tornado_resource.core.clock import SYSTEM
from tornado_resource.core.urns import SESSION_TYPE
from tornado_resource.declarations.model import Gate, request_from
from tornado_resource.errors import ConfigurationError, TornadoError
from tornado_resource.provider.addresses import Identity, address_of, identity
from tornado_resource.provider.runtime import (
    Failure,
    check_failure,
    confirm_base_url,
    failure,
    secret,
    settings_of,
    start_runtime,
)
from tornado_resource.runs import commands
from tornado_resource.runs.intents import IntentStore, intents_folder
from tornado_resource.runs.model import GatedSession
from tornado_resource.runs.rerun import ANY, REPLACING, UPDATING, LastRun, compare, must_be_known, rerun_reason
from tornado_resource.stacks.pulumi_cli import pulumi_json
from tornado_resource.stacks.recorded import scenarios_of, started_content
from tornado_resource.versions.drift import RunBasis, find_drift, scenarios_run

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine

    from tornado_resource.bland.client import Client
    from tornado_resource.bland.responses import Status
    from tornado_resource.declarations.model import OnConflict
    from tornado_resource.provider.runtime import Runtime
    from tornado_resource.runs.order import Session
    from tornado_resource.stacks.settings import Settings


def recorded_urn(stack: str, session_id: str) -> str | None:
    """Return the URN under which a stack's state has a session; None if it has not, or if it cannot be read.

    It runs `pulumi`, which takes a second: only for the message of an error.
    """
    try:
        deployment = pulumi_json("stack", "export", "--stack", stack).get("deployment") or {}
    except (ConfigurationError, ValueError):
        return None
    resources = deployment.get("resources") or []
    urns = (each["urn"] for each in resources if each["type"] == SESSION_TYPE and each.get("id") == session_id)
    return next(urns, None)


T = TypeVar("T")


@dataclass
class _Update:
    """What a provider process knows about the update that it serves.

    Args:
        runtime: sends the requests.
        settings: `tornado:onConflict`, which overrides the declarations.
        intents: the intents of this machine.
        compared: the `identity` of the resources for which the engine has called `diff`. They are in its state: no
            `adopt`.
        created: the sessions that resources got in this update. The engine creates a renamed resource before it deletes
            the old one, and that delete must not cancel the session.
        refreshed: the statuses that `read` has returned. The engine calls `diff` right after a refresh.
        last_runs: what the program knows of the last runs, by the `identity` of their resources.

    """

    runtime: Runtime
    settings: Settings
    intents: IntentStore
    compared: set[Identity] = field(default_factory=set)
    created: set[str] = field(default_factory=set)
    refreshed: dict[str, Status] = field(default_factory=dict)
    last_runs: dict[Identity, LastRun] = field(default_factory=dict)


class TornadoProvider(ResourceProvider):
    """Create starts a session, update records the declaration, delete cancels. None of them waits for a session to end.

    Pulumi calls a dynamic provider from four threads and cannot cancel a call, so the Pulumi program waits instead.
    """

    __module__ = "tornado_resource.provider"  # the path that is in every state

    serialize_as_secret_always = False
    _update: _Update | None = None

    def configure(self, req: ConfigureRequest) -> None:
        """Called once per provider process, before anything else.

        Raises:
            Failure: the API key is missing, or it, the base URL or `tornado:onConflict` is invalid.

        """
        runtime = start_runtime(req)
        try:
            settings = settings_of(req, "onConflict")
        except ConfigurationError as error:
            raise Failure(str(error)) from None
        self._update = _Update(runtime, settings, IntentStore(intents_folder(os.environ)))

    def check(self, _olds: dict[str, Any], news: dict[str, Any]) -> CheckResult:
        """Called in preview and update, before `diff`. Applies the rules of `sessions.yaml` to all known values.

        What it returns is what the engine records: the inputs `last_run` and `base_url` are for this update only.
        """
        from tornado_resource.declarations.values import session_problems

        confirm_base_url(news.pop("base_url", None))
        self._this_update.last_runs.pop(identity(news), None)
        last_run = news.pop("last_run", None)
        if last_run is not None and not contains_unknowns(last_run):
            self._this_update.last_runs[identity(news)] = LastRun.of(last_run)
        declared = {key: value for key, value in _declared(news).items() if not contains_unknowns(value)}
        problems = session_problems(news["name"].rpartition("/")[2], whole_without_nulls(declared))
        return CheckResult(news, [check_failure(key, text, news) for key, text in problems.items()])

    def create(self, props: dict[str, Any]) -> CreateResult:
        """Start a session, or adopt the one that the input `adopt` names. Returns as soon as its id is known."""
        adopt = props.get("adopt") if identity(props) not in self._this_update.compared else None
        session = self._run(lambda client: _create(client, props, adopt, self._this_update), props.get("declared_at"))
        # From here on nothing may raise: the engine does not record the id of a create that failed.
        self._this_update.created.add(session.session_id)
        tested = self._run(lambda client: _tested(client, props, session))
        return CreateResult(session.session_id, {**_outputs(session, props), **tested})

    def diff(self, session_id: str, olds: dict[str, Any], news: dict[str, Any]) -> DiffResult:
        """Called in preview and update, changed or not. A changed request or a due rerun replaces the session.

        The old session is deleted first, because the API runs one session at a time on a pathway.
        """
        self._this_update.compared.add(identity(news))
        self._this_update.intents.settle(address_of(news), session_id)
        change = compare(_recorded(session_id, olds, news), _declared(news))
        replaces = list(change.replaces)
        if not replaces and not contains_unknowns(news) and self._is_rerun(session_id, olds, news):
            replaces = ["rerun"]
        is_changed = bool(replaces or change.updates) or olds.get("secrets") != news.get("secrets")
        return DiffResult(changes=is_changed, replaces=replaces, delete_before_replace=bool(replaces))

    def update(self, session_id: str, olds: dict[str, Any], news: dict[str, Any]) -> UpdateResult:
        """Record the new declaration and keep all other outputs (the SDK's default would drop them)."""
        _recorded(session_id, olds, news)
        outputs = {key: value for key, value in olds.items() if key not in {"__provider", "secrets"}}
        return UpdateResult({**outputs, **_declaration(news)})

    def delete(self, session_id: str, props: dict[str, Any]) -> None:
        """Cancel the session if it is running, and return when its pathway is free."""
        declared = _recorded(session_id, props, needed=("pathway_id", "name"))
        if declared.get("on_destroy") != "leave" and session_id not in self._this_update.created:
            self._run(lambda client: _cancel(client, session_id, props))
        self._this_update.intents.settle(address_of(props), session_id)

    def read(self, session_id: str, props: dict[str, Any]) -> ReadResult:
        """Called by refresh. Only a session that is certainly gone is removed (empty id); any other error raises."""
        from tornado_resource.runs.existence import status_or_gone

        outputs = {key: value for key, value in props.items() if key != "__provider"}
        _recorded(session_id, props, needed=("pathway_id",))
        status = self._run(lambda client: status_or_gone(client, session_id, props["pathway_id"]))
        if status is None:
            return ReadResult("", {})
        self._this_update.refreshed[session_id] = status
        return ReadResult(session_id, {**outputs, "status": status.status})

    @property
    def _this_update(self) -> _Update:
        assert self._update is not None  # noqa: S101 - Pulumi calls configure first
        return self._update

    def _run(self, work: Callable[[Client], Coroutine[Any, Any, T]], declared_at: str | None = None) -> T:
        return self._this_update.runtime.run(work, declared_at)

    def _is_rerun(self, session_id: str, olds: dict[str, Any], props: dict[str, Any]) -> bool:
        """Return whether an unchanged declaration runs again. Prints the reason, which a diff cannot show."""
        rerun, gate = props.get("rerun", "on_failure"), Gate.of(props.get("gate"))
        if not must_be_known(rerun, gate):
            return False
        last = self._this_update.last_runs.get(identity(props))
        if last is None or last.session_id != session_id or last.gate != (gate or last.gate):
            last = self._read_last_run(session_id, gate or ANY, olds, props)
        if last.problem is not None:
            raise failure(last.problem, props.get("declared_at"))
        reason = rerun_reason(rerun, gate, last)
        if reason is not None:
            print(f"{address_of(props).resource}: runs again, {reason}", flush=True)
        return reason is not None

    def _read_last_run(self, session_id: str, gate: Gate, olds: dict[str, Any], props: dict[str, Any]) -> LastRun:
        """Ask the API: for a program that does not pass on what it knows, and after a refresh.

        A refresh asks for nothing but the status: what it finds is compared again in the next update.
        """
        from tornado_resource.runs.results import read_last_run

        fresh = self._this_update.refreshed.get(session_id)
        gated = GatedSession(
            address_of(props).resource,
            session_id,
            gate,
            request_from(props),
            adopted=olds.get("adopted") is True,
            started_content=started_content(olds) if fresh is None else None,
            status=fresh,
        )

        async def read(client: Client) -> LastRun:
            last, _ = await read_last_run(client, gated)
            return last if fresh is not None else await _with_drift(client, last, olds, props)

        return self._run(read, props.get("declared_at"))


async def _create(client: Client, props: dict[str, Any], adopted_id: str | None, update: _Update) -> Session:
    from tornado_resource.runs.conflict import PathwayBusy
    from tornado_resource.runs.order import Order
    from tornado_resource.runs.start import start
    from tornado_resource.tornado.adopt import adopt

    address = address_of(props)
    on_conflict: OnConflict = update.settings.on_conflict_of(address.resource) or props.get("on_conflict", "fail")
    order = Order(address, request_from(props), on_conflict)
    if adopted_id is not None:
        return await adopt(client, order, adopted_id)
    try:
        return await start(client, order, update.intents)
    except PathwayBusy as error:
        urn = await asyncio.to_thread(recorded_urn, address.stack, error.active.session_id)
        raise (error.of_own_stack(urn) if urn is not None else error) from None


async def _tested(client: Client, props: dict[str, Any], session: Session) -> dict[str, Any]:
    """Return the outputs that say what a session was started on, as far as that is declared and can be read.

    Unknown for adopted sessions. The scenarios are only for `rerun: on_drift`.
    """
    from tornado_resource.versions.reading import ContentReader

    request, reader, found = request_from(props), ContentReader(client), dict[str, Any]()
    if session.adopted:
        return {}
    with suppress(TornadoError):
        if "version_number" in request:
            digests = await reader.digests(props["pathway_id"], request["version_number"])
            found["started_content"] = digests.current if digests is not None else None
    with suppress(TornadoError):
        if props.get("rerun") == "on_drift":
            chosen = request.get("scenario_ids")
            listing = await reader.scenarios(props["pathway_id"], chosen or ())
            if chosen is not None or listing.is_whole:
                found["started_scenarios"] = scenarios_run(chosen, listing.enabled)
    return {key: value for key, value in found.items() if value is not None}


async def _with_drift(client: Client, last: LastRun, olds: dict[str, Any], props: dict[str, Any]) -> LastRun:
    """Return the last run with how what it was tested on has changed, for a program that does not know."""
    from tornado_resource.versions.reading import ContentReader

    if props.get("rerun") != "on_drift" or last.outcome != "passed":
        return last
    tested = RunBasis(request_from(props), started_content(olds), scenarios_of(olds))
    return replace(last, drift=await find_drift(ContentReader(client), tested))


async def _cancel(client: Client, session_id: str, props: dict[str, Any]) -> None:
    from tornado_resource.runs.cancel import Unsettled, cancel_if_running

    try:
        await cancel_if_running(client, session_id, props["pathway_id"], SYSTEM)
    except Unsettled as error:
        address = address_of(props)
        message = (
            f"{error}\n"
            f"To leave the session alone: declare `on_destroy: leave`, {commands.up(address.stack)}, and try again.\n"
            f"Or remove it from the state only: {commands.forget(address)} "
            f"(`pulumi stack --show-urns --stack {address.stack}` shows the URN of a session in a component)"
        )
        raise TornadoError(message) from None


def _recorded(
    session_id: str, olds: dict[str, Any], news: dict[str, Any] | None = None, needed: tuple[str, ...] = ()
) -> dict[str, Any]:
    """Return what the state has recorded as declared.

    Raises:
        Failure: there is nothing, or a text of *needed* is missing, which only happens if the state is damaged or was
            changed by hand.

    """
    declared = olds.get("declared")
    missing = [key for key in needed if not isinstance(olds.get(key), str)]
    if isinstance(declared, dict) and not missing:
        return declared
    props = {**olds, **(news or {})}
    address = address_of({**props, "name": str(props.get("name") or "STACK/SESSION")})
    lost = missing[0] if isinstance(declared, dict) else "declared"
    message = (
        f"the state of session {session_id} is damaged: it has no `{lost}`. Restore the state from a backup (pulumi "
        f"stack import --stack {address.stack} --file BACKUP.json), or remove the session from it "
        f"({commands.forget(address)}) and adopt it again "
        f"({commands.adopt(address.stack, address.resource, session_id)})"
    )
    declared_at = props.get("declared_at")
    raise failure(message, declared_at if isinstance(declared_at, str) else None)


def _declared(props: dict[str, Any]) -> dict[str, Any]:
    """Return the declared inputs, without those that only identify the resource, such as `name` and `declared_at`."""
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
        **({"parents": props["parents"]} if "parents" in props else {}),
        **_declaration(props),
    }


def _declaration(props: dict[str, Any]) -> dict[str, Any]:
    """Return the outputs that repeat inputs: each as secret as the input."""
    secrets = props.get("secrets")
    declared = {key: secret(value) if key in (secrets or ()) else value for key, value in _declared(props).items()}
    return {"declared": declared} if secrets is None else {"declared": declared, "secrets": secrets}
