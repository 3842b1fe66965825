"""What a program has declared, as stack outputs and in the preview."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING, Any, TypeVar

import pulumi
from pulumi.runtime import is_dry_run

from tornado_resource.core.text import count
from tornado_resource.declarations.budget import cost_of
from tornado_resource.declarations.schedule import one_at_a_time, predecessors
from tornado_resource.deployment.scenarios import scenario_ids
from tornado_resource.program.sdk import together

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from tornado_resource.bland.listing import Owner
    from tornado_resource.checks.resource import AgentChecks
    from tornado_resource.declarations.model import Declaration, Environment, Section
    from tornado_resource.deployment.rollback import Rollbacks
    from tornado_resource.deployment.verdicts import GateRun, VerdictOutput
    from tornado_resource.program.run import ProgramRun
    from tornado_resource.program.run_resource import RunOutputs
    from tornado_resource.scenarios.resource import TornadoScenario

T = TypeVar("T")


@dataclass(frozen=True)
class Deployed:
    """What a program has declared: the environment (on the promoted versions), and what is added as it is declared.

    *runs* and *verdicts*: by name, in the order of the file.
    """

    environment: Environment
    gate: GateRun
    scenarios: Mapping[tuple[str, Owner], TornadoScenario]
    checks: Mapping[tuple[str, ...], AgentChecks]
    rollbacks: Rollbacks
    runs: dict[str, pulumi.Output[RunOutputs]] = field(default_factory=dict)
    verdicts: dict[str, VerdictOutput] = field(default_factory=dict)

    @property
    def published(self) -> tuple[Declaration, ...]:
        """The runs, if any of them is published; without those whose versions are held by a rollback."""
        declarations = self.rollbacks.others(self.environment)
        return declarations if any(declaration.publish is not None for declaration in declarations) else ()


def export_all(deployed: pulumi.Output[Deployed], environment: Environment, run: ProgramRun) -> pulumi.Output[Any]:
    """Export the stack outputs, and return `verdicts`."""
    verdicts: pulumi.Output[Any] = deployed.apply(_verdicts)
    pulumi.export("sessions", deployed.apply(partial(_runs, "sessions")))
    if environment.agents:
        pulumi.export("agents", deployed.apply(partial(_runs, "agents")))
    pulumi.export("verdicts", verdicts)
    if environment.all_scenarios:
        pulumi.export("scenarios", deployed.apply(lambda deployed_now: scenario_ids(deployed_now.scenarios)))
    if run.settings.rollbacks:
        pulumi.export("rollbacks", deployed.apply(lambda deployed_now: deployed_now.rollbacks.as_output()))
    return verdicts


def _verdicts(deployed: Deployed) -> pulumi.Output[dict[str, Any]]:
    """Return the stack output `verdicts`."""
    return together(deployed.verdicts.values(), lambda verdicts: dict(zip(deployed.verdicts, verdicts, strict=True)))


def _runs(section: Section, deployed: Deployed) -> pulumi.Output[dict[str, Any]]:
    """Return the stack output `sessions` or `agents`.

    In a preview it is unknown if a run is. An update leaves out what it has left out (`--target`) or failed to start:
    with one unknown value, the output would record none of the others.
    """
    names = {declaration.name for declaration in deployed.environment.declarations if declaration.section == section}

    def export(outputs: Mapping[str, RunOutputs], verdicts: Mapping[str, Any]) -> dict[str, Any]:
        listed = {
            name: run_outputs
            for name, run_outputs in outputs.items()
            if name in names and (is_dry_run() or not pulumi.contains_unknowns(run_outputs.run_id))
        }
        return {name: run_outputs.exported(verdicts.get(name)) for name, run_outputs in listed.items()}

    return _with_all(deployed, export)


def _with_all(deployed: Deployed, func: Callable[[Mapping[str, RunOutputs], Mapping[str, Any]], T]) -> pulumi.Output[T]:
    """Apply *func* to the outputs and the verdicts of all runs, by name, once they have resolved, known or not."""

    def apply(values: list[Any]) -> T:
        split = len(deployed.runs)
        outputs = dict(zip(deployed.runs, values[:split], strict=True))
        return func(outputs, dict(zip(deployed.verdicts, values[split:], strict=True)))

    return together([*deployed.runs.values(), *deployed.verdicts.values()], apply)


def preview(deployed: Deployed, run: ProgramRun) -> None:
    """Log what would run, and declare the releases, so that the preview shows them."""
    if deployed.environment.omission is not None:
        pulumi.log.info(deployed.environment.omission)
    if deployed.environment.version_note is not None:
        pulumi.log.info(deployed.environment.version_note)
    for warning in deployed.environment.warnings:
        pulumi.log.warn(str(warning))
    if deployed.published:
        from tornado_resource.deployment.publish import preview_releases

        preview_releases(deployed.published, deployed.runs, run)
    _with_all(deployed, partial(_log_run_order, deployed.environment))


def _log_run_order(environment: Environment, outputs: Mapping[str, RunOutputs], verdicts: Mapping[str, Any]) -> None:
    """Log, in a preview, in which order runs start, and the worst case: of those that start or have not ended yet."""
    declarations = [
        declaration
        for declaration in environment.declarations
        if pulumi.contains_unknowns([outputs[declaration.name].run_id, verdicts.get(declaration.name)])
    ]
    before = predecessors(declarations)
    sections = {declaration.name: declaration.section for declaration in declarations}
    for name, first in before.items():
        pulumi.log.info(f"{name} starts when {first} has ended: {one_at_a_time(sections[name])}")
    if before or (environment.promotes_from is not None and declarations):
        minutes = count(cost_of(declarations).minutes, "minute")
        what = "all of them" if environment.agents else "all sessions"
        pulumi.log.info(f"at worst, {minutes} until {what} have ended")
