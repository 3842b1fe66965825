"""`deploy()` where nothing may change: in `pulumi destroy` and `pulumi refresh` with `--run-program`, and in tests."""

from __future__ import annotations

import asyncio
from dataclasses import fields
from functools import partial
from typing import TYPE_CHECKING, Any, Final

import pulumi

from tornado_resource.agents.resource import CheckRun
from tornado_resource.core.urns import STACK_TYPE, type_of
from tornado_resource.deployment.checks import declare_checks
from tornado_resource.deployment.scenarios import declare_scenarios
from tornado_resource.program.state import read_resources
from tornado_resource.runs.inputs import run_arguments
from tornado_resource.runs.kinds import kind_of_type
from tornado_resource.runs.model import RunVerdict
from tornado_resource.stacks.recorded import outputs_of
from tornado_resource.stacks.recorded_scenarios import StoredScenarios
from tornado_resource.tornado.resource import TornadoSession

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tornado_resource.declarations.model import Environment
    from tornado_resource.program.run import ProgramRun


NULLABLE: Final = {
    "sessions": ("created_at", "max_iterations", "timeout_ms"),
    "agents": ("created_at", "semver"),
    "verdicts": tuple(field.name for field in fields(RunVerdict) if field.default is None),
}
"""By stack output, the keys of its entries that may be null."""


def keep(environment: Environment, run: ProgramRun) -> None:
    """Declare an environment's runs, so that the providers get the config, and export what is recorded.

    A refresh stores the stack outputs: without the recorded ones it would lose the verdicts.
    """
    resources: pulumi.Output[Mapping[str, Any]] = pulumi.Output.from_input(asyncio.ensure_future(read_resources()))
    recorded: pulumi.Output[Any] = resources.apply(_stack_outputs)
    names = ["environment", "sessions", "verdicts"]
    names += ["agents"] if environment.agents else []
    names += ["scenarios"] if environment.all_scenarios else []
    names += ["promotion"] if environment.promotes_from is not None else []
    names += ["rollbacks"] if run.settings.rollbacks else []
    for name in names:
        pulumi.export(name, recorded.apply(partial(_output, name)))
    recorded.apply(lambda _: _declare(environment, run))


def _stack_outputs(resources: Mapping[str, Any]) -> Any:
    """Return the outputs that the stack has. They are in clear here, and secret if an input of a session is."""
    outputs = [(type_of(urn), outputs_of(entry)) for urn, entry in resources.items()]
    own: Mapping[str, Any] = next(
        (resource_outputs for own_type, resource_outputs in outputs if own_type == STACK_TYPE), {}
    )
    has_secrets = any(
        resource_outputs.get("secrets") for own_type, resource_outputs in outputs if kind_of_type(own_type) is not None
    )
    return pulumi.Output.secret(own) if has_secrets else own


def _output(name: str, outputs: Mapping[str, Any]) -> Any:
    """Return a stack output with the nulls that the SDK leaves out of what the engine returns."""
    value, nullable = outputs.get(name), NULLABLE.get(name)
    if nullable is None or not isinstance(value, dict):
        return value
    return {key: {**dict.fromkeys(nullable), **entry} for key, entry in value.items() if isinstance(entry, dict)}


def _declare(environment: Environment, run: ProgramRun) -> None:
    scenarios = declare_scenarios(environment.all_scenarios, StoredScenarios(()))
    checks = declare_checks(environment, scenarios, run.last_runs)
    for declaration in (session for session in environment.sessions if session.retest):
        TornadoSession(
            declaration.name,
            **run_arguments(declaration, run.settings.triggers),
            scenarios=[scenarios[scenario.key, scenario.owner] for scenario in declaration.scenarios],
            declared_at=str(declaration.position),
        )
    for declaration in (agent for agent in environment.agents if agent.retest):
        arguments = run_arguments(declaration, run.settings.triggers)
        version = arguments.pop("version_id")
        CheckRun(
            declaration.name,
            version=version,
            checks=checks.get(declaration.place),
            **arguments,
            declared_at=str(declaration.position),
        )
