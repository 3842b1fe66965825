"""The Pulumi program: from the declarations to resources, verdicts and stack outputs."""

from __future__ import annotations

import json
import os
import signal
import sys
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

import pulumi
from pulumi.runtime import is_dry_run

from tornado_resource.bland.access import find_access
from tornado_resource.declarations.model import Gate
from tornado_resource.declarations.planning import predecessors, worst_minutes
from tornado_resource.declarations.publishing import certain_versions, faults, releases
from tornado_resource.declarations.resolving import load
from tornado_resource.errors import ConfigurationError, TornadoError
from tornado_resource.gatekeeper import Gatekeeper
from tornado_resource.promoting import NEEDLESS, blocked, promote
from tornado_resource.promotion.record import as_output
from tornado_resource.resources import OUTPUTS, PathwayRelease, TornadoSession
from tornado_resource.settings import Settings, read_settings
from tornado_resource.text import count, nearest

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from types import FrameType

    from tornado_resource.bland.access import Access
    from tornado_resource.declarations.model import Declaration, Environment
    from tornado_resource.declarations.publishing import Release
    from tornado_resource.gate.verifying import Result
    from tornado_resource.promotion.checking import Promoted

SHOWN = 32
"""The exit code that tells Pulumi's language host that the user has seen a message already."""


def deploy() -> None:
    """Declare every session of the stack's environment, export their outputs and verdicts, hold the gate, and publish.

    To be called from a Pulumi program's `__main__.py`. Reads the config keys of the README.

    Raises:
        pulumi.RunError: the declarations or the configuration are wrong, with all problems at once.

    """
    _leave_on_signals(None)
    try:
        settings, access = _read_config()
        name = settings.environment or pulumi.get_stack()
        environment = load(settings.declarations, name)
        _check_adopt(settings.adopt, [declaration.name for declaration in environment.declarations])
        _check_publishing(environment.declarations, settings)
    except TornadoError as error:
        raise pulumi.RunError(_as_message(error)) from None
    gatekeeper = Gatekeeper(access, settings, name)
    _leave_on_signals(gatekeeper)
    deployment = _Deployment(environment, settings, gatekeeper)
    pulumi.export("environment", name)
    promoted: pulumi.Output[Promoted | None] = pulumi.Output.from_input(None)
    if environment.promotes_from is not None:
        promoted = carried = promote(environment, settings, gatekeeper)
        pulumi.export("promotion", carried.apply(lambda found: as_output(found.record)))
    elif settings.promote_without is not None:
        pulumi.log.warn(NEEDLESS)
    declared = promoted.apply(deployment.declare)
    pulumi.export("sessions", declared.apply(_lifted))
    verdicts: pulumi.Output[Any] = declared.apply(lambda found: pulumi.Output.from_input(found.verdicts))
    pulumi.export("verdicts", verdicts)
    gatekeeper.hold(verdicts, deployment.publish)


def _lifted(declared: _Declared) -> Any:
    """The sessions' outputs; in a preview, those that are known show beside those that are not."""
    return declared.sessions if is_dry_run() else pulumi.Output.from_input(declared.sessions)


def wait_for(session: TornadoSession, gate: Gate | Mapping[str, Any] | None = None) -> pulumi.Output[dict[str, Any]]:
    """Wait for a session's end and give its verdict (in a preview: unknown), for programs that do not use `deploy`.

    Args:
        session: the session to wait for.
        gate: what must hold, as in `sessions.yaml`; by default all scenarios must have passed.

    """
    try:
        settings, access = _read_config()
    except TornadoError as error:
        raise pulumi.RunError(_as_message(error)) from None
    chosen = gate if isinstance(gate, Gate) else Gate.of(gate)
    name = session._name  # noqa: SLF001 - the SDK has no public way to a resource's name
    return Gatekeeper(access, settings).verdict(session, name, chosen or Gate())


def _read_config() -> tuple[Settings, Access]:
    bland = pulumi.Config("bland")
    settings = read_settings(json.loads(os.environ.get("PULUMI_CONFIG") or "{}"))
    access = find_access({f"bland:{key}": bland.get(key) for key in ("apiKey", "baseUrl")}, os.environ)
    return settings, access


def _check_adopt(adopt: Mapping[str, str], names: list[str]) -> None:
    for name in adopt:
        if name not in names:
            meant = nearest(name, names)
            hint = f"; did you mean {meant}?" if meant else ""
            message = f"config tornado:adopt names the session {name!r}, expected one of {', '.join(names)}{hint}"
            raise ConfigurationError(message)


def _check_publishing(declarations: Sequence[Declaration], settings: Settings) -> None:
    publishing = [declaration.name for declaration in declarations if declaration.publish is not None]
    if publishing and not settings.is_waiting:
        message = (
            f"config tornado:wait is false, and `publish` ({', '.join(publishing)}) needs the verdicts that come from "
            f"waiting: pulumi config rm tornado:wait, or declare no `publish` for this environment"
        )
        raise ConfigurationError(message)


def _tell_order(environment: Environment) -> None:
    """Say in a preview which sessions wait for which, and how long all can take."""
    before = predecessors(environment.declarations)
    for name, first in before.items():
        pulumi.log.info(f"{name} starts when {first} has ended: one session at a time on a pathway")
    if before or (environment.promotes_from is not None and environment.declarations):
        minutes = count(worst_minutes(environment.declarations), "minute")
        pulumi.log.info(f"at worst, {minutes} until all have ended")


@dataclass(frozen=True)
class _Declared:
    """What a program has declared, as outputs by session."""

    sessions: dict[str, Any]
    verdicts: dict[str, pulumi.Output[dict[str, Any]]]


class _Deployment:
    """The resources of one environment."""

    def __init__(self, environment: Environment, settings: Settings, gatekeeper: Gatekeeper) -> None:
        self._environment = environment
        self._settings = settings
        self._gatekeeper = gatekeeper

    def declare(self, promoted: Promoted | None) -> _Declared:
        """Declare the sessions, on the versions that are carried; in a preview, the releases too."""
        if promoted is not None:
            self._environment = promoted.environment
        try:
            self._gatekeeper.prepare(self._declarations, promoted.record if promoted is not None else None)
        except TornadoError as error:
            raise pulumi.RunError(_as_message(error)) from None
        sessions = self._sessions()
        if is_dry_run():
            _tell_order(self._environment)
            for release in releases(self._declarations, certain_versions(self._declarations)):
                self._release(release, [sessions[name].session_id for name in release.sessions])
        return _Declared({name: _shown(session) for name, session in sessions.items()}, self._gatekeeper.verdicts)

    def publish(self, results: Mapping[str, Result]) -> None:
        """Declare the releases, now that every gate has passed; none of them if a version is not known."""
        versions = {name: result.verdict.version for name, result in results.items()}
        against = faults(self._declarations, versions)
        if against:
            title = "every gate passed, and nothing was published"
            raise pulumi.RunError(blocked(title, self._declarations, against))
        for release in releases(self._declarations, versions):
            self._release(release, [results[name].verdict.session_id for name in release.sessions])

    @property
    def _declarations(self) -> Sequence[Declaration]:
        return self._environment.declarations

    def _release(self, release: Release, sessions: Sequence[pulumi.Input[str]]) -> None:
        place = next(each.place for each in self._declarations if each.name == release.name)
        version: Any = release.version if release.version is not None else pulumi.UNKNOWN
        PathwayRelease(
            release.name,
            pathway_id=release.pathway_id,
            version=version,
            environment=release.environment,
            sessions=sessions,
            source=str(place),
        )

    def _sessions(self) -> dict[str, TornadoSession]:
        """Declare all sessions; one on a pathway that another holds depends on that one's end."""
        before = predecessors(self._declarations)
        sessions: dict[str, TornadoSession] = {}
        ends: dict[str, pulumi.Output[Any]] = {}
        for declaration in self._declarations:
            first = before.get(declaration.name)
            after = _after(sessions[first], ends[first]) if first is not None else None
            session = sessions[declaration.name] = self._session(declaration, after)
            if declaration.gate is not None and self._settings.is_waiting:
                gate, place = declaration.gate, str(declaration.place)
                ends[declaration.name] = self._gatekeeper.expect(session, declaration.name, gate, place)
            elif declaration.name in before.values():
                ends[declaration.name] = self._gatekeeper.verdict(session, declaration.name, Gate("any"))
        return sessions

    def _session(self, declaration: Declaration, after: pulumi.Input[Any] | None) -> TornadoSession:
        return TornadoSession(
            declaration.name,
            **declaration.request,
            gate=_gate_input(declaration.gate),
            on_conflict=_unless(declaration.on_conflict, "fail"),
            on_destroy=_unless(declaration.on_destroy, "cancel"),
            rerun=_unless(declaration.rerun, "on_failure"),
            triggers={**declaration.triggers, **self._settings.triggers} or None,
            adopt=self._settings.adopt.get(declaration.name),
            source=str(declaration.place),
            opts=pulumi.ResourceOptions(depends_on=after) if after is not None else None,
        )


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


def _as_message(error: TornadoError) -> str:
    lines = str(error).splitlines()
    return "\n".join(["the declarations or the configuration are not right, and nothing was started:", *lines])


def _leave_on_signals(gatekeeper: Gatekeeper | None) -> None:
    """Leave on SIGTERM or SIGINT (Ctrl-C, or the engine after a failed resource) without Python's traceback.

    Every session that was started is recorded by the engine, and goes on; the next `pulumi up` resumes the wait, as
    was said when it began: the engine may be too far gone now to print anything.
    """

    def leave(_signal: int, _frame: FrameType | None) -> None:
        if gatekeeper is not None:
            gatekeeper.leave()
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(SHOWN)

    for stop in (signal.SIGINT, signal.SIGTERM):
        signal.signal(stop, leave)
