"""The Pulumi program: from the declarations to resources, verdicts and stack outputs."""

from __future__ import annotations

import os
import signal
import sys
from dataclasses import asdict, replace
from typing import TYPE_CHECKING, Any

import pulumi
from pulumi.runtime import is_dry_run

from tornado_resource.bland.access import find_access
from tornado_resource.declarations.model import DEFAULT_TIMEOUT_MS, Gate, digest, request_from
from tornado_resource.declarations.planning import predecessors, worst_minutes
from tornado_resource.declarations.resolving import load
from tornado_resource.errors import ApiError, ConfigurationError, TornadoError
from tornado_resource.resources import OUTPUTS, TornadoSession
from tornado_resource.settings import KEYS, Settings, read_settings
from tornado_resource.text import count, nearest

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from tornado_resource.bland.access import Access
    from tornado_resource.bland.client import Client
    from tornado_resource.bland.models import Scenario
    from tornado_resource.declarations.model import Declaration, Environment
    from tornado_resource.gate.waiting import Progress

SHOWN = 32
"""The exit code that tells Pulumi's language host that the user has seen a message already."""


def deploy() -> None:
    """Declare every session of the stack's environment, export their outputs and verdicts, and hold the gate.

    To be called from a Pulumi program's `__main__.py`. Reads the config keys of the README.

    Raises:
        pulumi.RunError: the declarations or the configuration are wrong, with all problems at once.

    """
    for stop in (signal.SIGINT, signal.SIGTERM):
        signal.signal(stop, _leave)
    try:
        settings, access = _read_config()
        name = settings.environment or pulumi.get_stack()
        environment = load(settings.declarations, name)
        _check_adopt(settings.adopt, [declaration.name for declaration in environment.declarations])
        _refuse_promotion(environment)
    except TornadoError as error:
        raise pulumi.RunError(_as_message(error)) from None
    if is_dry_run():
        _tell_order(environment.declarations)
    gatekeeper = _Gatekeeper(access, settings)
    sessions = _declare(environment.declarations, settings, gatekeeper)
    pulumi.export("environment", name)
    pulumi.export("sessions", {key: _shown(session) for key, session in sessions.items()})
    pulumi.export("verdicts", gatekeeper.verdicts)
    gatekeeper.hold(environment.declarations)


def wait_for(session: TornadoSession, gate: Gate | Mapping[str, Any] | None = None) -> pulumi.Output[dict[str, Any]]:
    """Wait for a session's end and give its verdict (in a preview: unknown), for programs that do not use `deploy`.

    Args:
        session: the session to wait for.
        gate: what must hold, as in `sessions.yaml`; by default all scenarios must have passed.

    """
    settings, access = _read_config()
    chosen = gate if isinstance(gate, Gate) else Gate.of(gate)
    return _Gatekeeper(access, settings).verdict(session, chosen or Gate())


def _read_config() -> tuple[Settings, Access]:
    tornado, bland = pulumi.Config("tornado"), pulumi.Config("bland")
    settings = read_settings({key: tornado.get(key) for key in KEYS})
    access = find_access({f"bland:{key}": bland.get(key) for key in ("apiKey", "baseUrl")}, os.environ)
    return settings, access


def _check_adopt(adopt: Mapping[str, str], names: list[str]) -> None:
    for name in adopt:
        if name not in names:
            meant = nearest(name, names)
            hint = f"; did you mean {meant}?" if meant else ""
            message = f"config tornado:adopt names the session {name!r}, expected one of {', '.join(names)}{hint}"
            raise ConfigurationError(message)


def _refuse_promotion(environment: Environment) -> None:
    """Stop before anything starts: a promotion that is declared and not checked would be worse than none."""
    publishing = [declaration.name for declaration in environment.declarations if declaration.publish is not None]
    declared = [f"`promotes_from: {environment.promotes_from}`"] if environment.promotes_from is not None else []
    declared += [f"`publish` ({', '.join(publishing)})"] if publishing else []
    if declared:
        message = f"environment {environment.name} declares {' and '.join(declared)}, which this version cannot do yet"
        raise ConfigurationError(message)


def _tell_order(declarations: Sequence[Declaration]) -> None:
    """Say in a preview which sessions wait for which, and how long all can take."""
    before = predecessors(declarations)
    for name, first in before.items():
        pulumi.log.info(f"{name} starts when {first} has ended: one session at a time on a pathway")
    if before:
        pulumi.log.info(f"at worst, {count(worst_minutes(declarations), 'minute')} until all have ended")


def _declare(
    declarations: Sequence[Declaration], settings: Settings, gatekeeper: _Gatekeeper
) -> dict[str, TornadoSession]:
    """Declare all sessions; one on a pathway that another holds depends on that one's end."""
    before = predecessors(declarations)
    sessions: dict[str, TornadoSession] = {}
    ends: dict[str, pulumi.Output[Any]] = {}
    for declaration in declarations:
        first = before.get(declaration.name)
        opts = pulumi.ResourceOptions(depends_on=_after(sessions[first], ends[first])) if first is not None else None
        session = sessions[declaration.name] = TornadoSession(
            declaration.name,
            **declaration.request,
            gate=_gate_input(declaration.gate),
            on_conflict=_unless(declaration.on_conflict, "fail"),
            on_destroy=_unless(declaration.on_destroy, "cancel"),
            rerun=_unless(declaration.rerun, "on_failure"),
            triggers={**declaration.triggers, **settings.triggers} or None,
            adopt=settings.adopt.get(declaration.name),
            source=str(declaration.place),
            opts=opts,
        )
        is_gated = declaration.gate is not None and settings.is_waiting
        if is_gated or declaration.name in before.values():
            ends[declaration.name] = gatekeeper.verdict(session, declaration.gate or Gate("any"))
        if is_gated:
            gatekeeper.verdicts[declaration.name] = ends[declaration.name]
    return sessions


def _after(session: TornadoSession, end: pulumi.Output[Any]) -> pulumi.Input[Any]:
    """A dependency on *session* that is there once it has ended; in a preview, at once."""
    return [session] if is_dry_run() else end.apply(lambda _: [session])


def _gate_input(gate: Gate | None) -> dict[str, Any] | str | None:
    """Write a gate as an input, leaving out what is the default: every byte of it is in the state."""
    if gate is None:
        return "none"
    written = {key: value for key, value in asdict(gate).items() if value != getattr(Gate(), key)}
    return written or None


def _unless(value: str, default: str) -> str | None:
    return None if value == default else value


def _shown(session: TornadoSession) -> dict[str, Any]:
    return {name: getattr(session, name) for name in OUTPUTS}


class _Gatekeeper:
    """Waits for all sessions of a program with one client, on the program's event loop."""

    def __init__(self, access: Access, settings: Settings) -> None:
        self._access = access
        self._settings = settings
        self._shared: Client | None = None
        self._is_announced = False
        self.verdicts: dict[str, pulumi.Output[dict[str, Any]]] = {}

    def verdict(self, session: TornadoSession, gate: Gate) -> pulumi.Output[dict[str, Any]]:
        """The verdict on one session as plain values, once it has ended."""

        async def judge(known: list[Any]) -> Any:
            if is_dry_run():
                return pulumi.UNKNOWN
            session_id, created_at, timeout_ms, declared = known
            return asdict(await self._judge(session, gate, session_id, created_at, timeout_ms, declared))

        parts = (session.session_id, session.created_at, session.timeout_ms, session.declared)
        return pulumi.Output.all(*parts).apply(judge)

    def hold(self, declarations: Sequence[Declaration]) -> None:
        """Fail the update when a verdict is not `passed`: no output itself, it comes after they are registered."""
        from tornado_resource.gate.summing import failure_message

        places = {declaration.name: str(declaration.place) for declaration in declarations}

        def fail(verdicts: dict[str, dict[str, Any]]) -> None:
            message = failure_message(verdicts, places)
            if message is not None:
                raise pulumi.RunError(message)

        if self.verdicts and not is_dry_run():
            pulumi.Output.all(**self.verdicts).apply(fail)

    async def _judge(  # noqa: PLR0913 - what the engine tells of one session
        self,
        session: TornadoSession,
        gate: Gate,
        session_id: str,
        created_at: str | None,
        timeout_ms: float | None,
        declared: dict[str, Any],
    ) -> Any:
        from tornado_resource.bland.retrying import retried
        from tornado_resource.gate.judging import verdict_of
        from tornado_resource.gate.waiting import Awaited, wait

        client = self._client()
        name = session._name  # noqa: SLF001 - the SDK has no public way to a resource's name
        limit = int(timeout_ms) if timeout_ms is not None else DEFAULT_TIMEOUT_MS
        awaited = Awaited(name, session_id, limit, self._settings.poll_seconds)

        def report(progress: Progress) -> None:
            self._announce()
            pulumi.log.info(progress.line, resource=session, ephemeral=not progress.is_last)

        ending = await wait(client, awaited, report)
        request = request_from(declared)
        required: tuple[Scenario, ...] = ()
        if gate.passed == "promotion" and ending.given_up is None:
            try:
                required = await retried(lambda: client.scenarios(request["pathway_id"]))
            except ApiError as error:
                ending = replace(ending, given_up=f"what promotion requires could not be read: {error}")
        return verdict_of(
            gate,
            ending,
            session_id=session_id,
            created_at=created_at,
            request=request,
            declaration=digest(request),
            required=required,
        )

    def _announce(self) -> None:
        """Say once, when the wait has begun, how it can be left."""
        if not self._is_announced:
            self._is_announced = True
            pulumi.log.info("waiting for verdicts; Ctrl-C leaves sessions running and recorded, `pulumi up` resumes")

    def _client(self) -> Client:
        from tornado_resource.bland.client import Client

        if self._shared is None:
            self._shared = Client(self._access)
        return self._shared


def _as_message(error: TornadoError) -> str:
    lines = str(error).splitlines()
    return "\n".join(["the declarations or the configuration are not right, and nothing was started:", *lines])


def _leave(_signal: int, _frame: Any) -> None:
    """Leave on SIGTERM or SIGINT (Ctrl-C, or the engine after a failed resource) without Python's traceback.

    Every session that was started is recorded by the engine, and goes on; the next `pulumi up` resumes the wait, as
    was said when it began: the engine may be too far gone now to print anything.
    """
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(SHOWN)
