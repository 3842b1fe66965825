"""`deploy()`: declarations in, resources, verdicts and stack outputs out."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any, TypeVar

import pulumi
from pulumi.runtime import is_dry_run

from tornado_resource.core.text import count
from tornado_resource.declarations.model import Gate
from tornado_resource.declarations.releases import certain_versions, faults, releases
from tornado_resource.declarations.resolver import load
from tornado_resource.declarations.run_order import predecessors, worst_case_minutes
from tornado_resource.errors import TornadoError
from tornado_resource.gate.model import GatedSession
from tornado_resource.program.config import check_against_declarations, config_message
from tornado_resource.program.gate import GateRun, register_verdicts
from tornado_resource.program.promotion import promote, refusal, warn_of_unused_override
from tornado_resource.program.registration import outputs_registered
from tornado_resource.program.resources import OUTPUTS, PathwayRelease, TornadoSession, declared_inputs, gate_input
from tornado_resource.program.run import program_run
from tornado_resource.program.signals import exit_on_signals
from tornado_resource.program.waiting import verdict_output
from tornado_resource.promotion.record import as_output

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence

    from tornado_resource.declarations.model import Declaration, Environment
    from tornado_resource.declarations.releases import Release
    from tornado_resource.gate.model import Result
    from tornado_resource.program.run import ProgramRun
    from tornado_resource.program.waiter import Waiter
    from tornado_resource.program.waiting import VerdictOutput
    from tornado_resource.promotion.check import Promoted
    from tornado_resource.stacks.settings import Settings

T = TypeVar("T")


def deploy() -> None:
    """Declare every session of the stack's environment, export outputs and verdicts, enforce the gate, and publish.

    Call it from a Pulumi program's `__main__.py`. It reads the config keys that docs/configuration.md lists and exports
    `environment`, `sessions`, `verdicts`, and with `promotes_from` also `promotion`.

    Raises:
        pulumi.RunError: the declarations or the configuration are invalid; the text lists all problems. What fails
            later (a gate, a promotion, a release) fails an output, and so the update.

    """
    exit_on_signals()
    try:
        run = program_run()
        settings = run.settings
        environment = load(settings.declarations, settings.environment, stack=pulumi.get_stack())
        check_against_declarations(settings, environment.declarations)
    except TornadoError as error:
        raise pulumi.RunError(config_message(error)) from None
    pulumi.export("environment", environment.name)
    # The state is read before anything is declared: it must show this stack as it was.
    ready: pulumi.Output[Any] = pulumi.Output.all(_promoted(environment, settings), run.last_runs.recorded())
    deployed = ready.apply(partial(_declare, environment=environment, run=run))
    pulumi.export("sessions", deployed.apply(_session_outputs))
    verdicts: pulumi.Output[Any] = deployed.apply(lambda found: pulumi.Output.from_input(found.verdicts))
    pulumi.export("verdicts", verdicts)
    if not is_dry_run():
        # Not exported, so that the stack's outputs, failing verdicts included, do not wait for this.
        pulumi.Output.all(deployed, verdicts).apply(lambda both: _finish(both[0]))


@dataclass(frozen=True)
class _Deployed:
    """What a program has declared: the environment (on the promoted versions), its sessions, and their verdicts."""

    environment: Environment
    sessions: Mapping[str, TornadoSession]
    verdicts: Mapping[str, VerdictOutput]
    gate: GateRun


def _promoted(environment: Environment, settings: Settings) -> pulumi.Output[Promoted | None]:
    if environment.promotes_from is None:
        if settings.promote_without is not None:
            warn_of_unused_override()
        return pulumi.Output.from_input(None)
    promoted = promote(environment, settings)
    pulumi.export("promotion", promoted.apply(lambda found: as_output(found.record)))
    return promoted


def _declare(ready: Sequence[Any], environment: Environment, run: ProgramRun) -> _Deployed:
    """Declare the sessions, on the promoted versions if there are some; in a preview, declare the releases too."""
    promoted: Promoted | None = ready[0]
    promotion = promoted.record if promoted is not None else None
    environment = promoted.environment if promoted is not None else environment
    gate = GateRun(environment, promotion, run)
    if not is_dry_run():
        exit_on_signals(gate.report.write_if_possible)
        # Before anything starts: a folder that cannot be written is an error now, not after minutes of testing, and an
        # update that is killed leaves reports that say `incomplete`.
        try:
            gate.report.write()
        except TornadoError as error:
            raise pulumi.RunError(config_message(error)) from None
        if not run.settings.is_waiting:
            register_verdicts((), environment.name or "", promotion)
        else:
            declared = {each.name: declared_inputs(_arguments(each, run.settings)) for each in environment.declarations}
            gate.replace_old_verdicts(declared)
    sessions, verdicts = _declare_sessions(environment, run, gate)
    if is_dry_run():
        _preview(environment, sessions)
    return _Deployed(environment, sessions, verdicts, gate)


def _declare_sessions(
    environment: Environment, run: ProgramRun, gate: GateRun
) -> tuple[dict[str, TornadoSession], dict[str, VerdictOutput]]:
    """Declare all sessions; return them and the verdicts by name.

    A session whose pathway an earlier session uses depends on the end of that one: the API allows one at a time.
    """
    before = predecessors(environment.declarations)
    holders = set(before.values())
    sessions: dict[str, TornadoSession] = {}
    verdicts: dict[str, VerdictOutput] = {}
    ends: dict[str, VerdictOutput] = {}
    for declaration in environment.declarations:
        name, first = declaration.name, before.get(declaration.name)
        after = _after(sessions[first], ends.get(first)) if first is not None else None
        # Not in a function of its own: the SDK writes every frame of the call stack into the state, for each session.
        opts = pulumi.ResourceOptions(depends_on=after) if after is not None else None
        sessions[name] = TornadoSession(
            name, **_arguments(declaration, run.settings), declared_at=str(declaration.position), opts=opts
        )
        if declaration.gate is not None and run.settings.is_waiting:
            ends[name] = verdicts[name] = gate.verdict(sessions[name], name)
        elif name in holders and not is_dry_run():
            ends[name] = _end(sessions[name], name, run.waiter)
    return sessions, verdicts


def _arguments(declaration: Declaration, settings: Settings) -> dict[str, Any]:
    """Return the arguments of a session's resource that describe its run, without default values."""
    return {
        **declaration.request,
        "gate": gate_input(declaration.gate),
        "on_conflict": _unless_default(declaration.on_conflict, "fail"),
        "on_destroy": _unless_default(declaration.on_destroy, "cancel"),
        "rerun": _unless_default(declaration.rerun, "on_failure"),
        "triggers": {**declaration.triggers, **settings.triggers} or None,
    }


def _after(session: TornadoSession, end: pulumi.Output[Any] | None) -> pulumi.Input[Any]:
    """Return a dependency on *session* that resolves when the session has ended; in a preview, at once."""
    return [session] if is_dry_run() or end is None else end.apply(lambda _: [session])


def _end(session: TornadoSession, name: str, waiter: Waiter) -> VerdictOutput:
    """Return the verdict, which is not exported, on a session without a gate that a later session must wait for."""
    return verdict_output(session, GatedSession(name, "", Gate("any"), {}), lambda gated: waiter.wait(gated, session))


def _unless_default(value: T, default: T) -> T | None:
    return None if value == default else value


def _session_outputs(deployed: _Deployed) -> Any:
    """Return the stack output `sessions`.

    `Output.from_input` would make all of it unknown in a preview as soon as one value is; the plain mapping shows what
    is known.
    """
    outputs = {
        name: {key: getattr(session, key) for key in OUTPUTS}
        | {"status": _status(session, deployed.verdicts.get(name))}
        for name, session in deployed.sessions.items()
    }
    return outputs if is_dry_run() else pulumi.Output.from_input(outputs)


def _status(session: TornadoSession, verdict: VerdictOutput | None) -> pulumi.Output[str]:
    """Return the last known status: the verdict's, else that of the resource, which is as old as its start."""
    if verdict is None:
        return session.status
    both: pulumi.Output[Any] = pulumi.Output.all(session.status, verdict)
    return both.apply(lambda known: (known[1] or {}).get("status") or known[0])


def _preview(environment: Environment, sessions: Mapping[str, TornadoSession]) -> None:
    """Log the run order and the worst case, and declare the releases, so that the preview shows them."""
    declarations = environment.declarations
    before = predecessors(declarations)
    for name, first in before.items():
        pulumi.log.info(f"{name} starts when {first} has ended: one session at a time on a pathway")
    if before or (environment.promotes_from is not None and declarations):
        minutes = count(worst_case_minutes(declarations), "minute")
        pulumi.log.info(f"at worst, {minutes} until all sessions have ended")
    for release in releases(declarations, certain_versions(declarations)):
        _declare_release(release, declarations, [sessions[name].session_id for name in release.sessions])


async def _finish(deployed: _Deployed) -> Any:
    """Enforce the gate, then publish. With `tornado:wait` false there are no verdicts, and so neither."""
    if deployed.verdicts:
        await outputs_registered()
        deployed.gate.finish()
        _publish(deployed.environment, deployed.gate.report.results, deployed.gate.left_out)


def _publish(environment: Environment, results: Mapping[str, Result], left_out: Collection[str]) -> None:
    """Declare the releases, now that every gate has passed; none of them if one of the versions is unknown.

    A pathway on which a session was left out (`--target`) keeps what it has.
    """
    kept = {each.pathway_id for each in environment.declarations if each.name in left_out}
    declarations = [each for each in environment.declarations if each.pathway_id not in kept]
    versions = {name: result.verdict.version for name, result in results.items()}
    found = faults(declarations, versions)
    if found:
        raise pulumi.RunError(refusal("every gate passed, but nothing was published", declarations, found))
    for release in releases(declarations, versions):
        _declare_release(release, declarations, [results[name].verdict.session_id for name in release.sessions])


def _declare_release(
    release: Release, declarations: Sequence[Declaration], sessions: Sequence[pulumi.Input[str]]
) -> None:
    position = next(each.position for each in declarations if each.name == release.name)
    version: Any = release.version if release.version is not None else pulumi.UNKNOWN
    PathwayRelease(
        release.name,
        pathway_id=release.pathway_id,
        version=version,
        environment=release.environment,
        sessions=sessions,
        declared_at=str(position),
    )
