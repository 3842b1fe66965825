"""`deploy()` where nothing may change: in `pulumi destroy` and `pulumi refresh` with `--run-program`, and in tests."""

from __future__ import annotations

import asyncio
from dataclasses import fields
from functools import partial
from typing import TYPE_CHECKING, Any, Final

import pulumi

from tornado_resource.core.urns import SESSION_TYPE, STACK_TYPE, type_of
from tornado_resource.deployment.scenarios import declare_scenarios
from tornado_resource.program.last_runs import read_resources
from tornado_resource.runs.model import RunVerdict
from tornado_resource.stacks.recorded import outputs_of
from tornado_resource.tornado.resource import TornadoSession, session_arguments

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tornado_resource.declarations.model import Environment
    from tornado_resource.program.run import ProgramRun


NULLABLE: Final = {
    "sessions": ("created_at", "max_iterations", "timeout_ms"),
    "verdicts": tuple(field.name for field in fields(RunVerdict) if field.default is None),
}
"""By stack output, the keys of its entries that may be null."""


def keep(environment: Environment, run: ProgramRun) -> None:
    """Declare an environment's sessions, so that the providers get the config, and export what is recorded.

    A refresh stores the stack outputs: without the recorded ones it would lose the verdicts.
    """
    resources: pulumi.Output[Mapping[str, Any]] = pulumi.Output.from_input(asyncio.ensure_future(read_resources()))
    recorded: pulumi.Output[Any] = resources.apply(_stack_outputs)
    names = ["environment", "sessions", "verdicts"]
    names += ["scenarios"] if environment.scenarios else []
    names += ["promotion"] if environment.promotes_from is not None else []
    for name in names:
        pulumi.export(name, recorded.apply(partial(_output, name)))
    recorded.apply(lambda _: _declare(environment, run))


def _stack_outputs(resources: Mapping[str, Any]) -> Any:
    """Return the outputs that the stack has. They are in clear here, and secret if an input of a session is."""
    outputs = [(type_of(urn), outputs_of(entry)) for urn, entry in resources.items()]
    own: Mapping[str, Any] = next((found for kind, found in outputs if kind == STACK_TYPE), {})
    has_secrets = any(found.get("secrets") for kind, found in outputs if kind == SESSION_TYPE)
    return pulumi.Output.secret(own) if has_secrets else own


def _output(name: str, outputs: Mapping[str, Any]) -> Any:
    """Return a stack output with the nulls that the SDK leaves out of what the engine returns."""
    value, nullable = outputs.get(name), NULLABLE.get(name)
    if nullable is None or not isinstance(value, dict):
        return value
    return {key: {**dict.fromkeys(nullable), **entry} for key, entry in value.items() if isinstance(entry, dict)}


def _declare(environment: Environment, run: ProgramRun) -> None:
    scenarios = declare_scenarios(environment.scenarios, ())
    for declaration in environment.declarations:
        TornadoSession(
            declaration.name,
            **session_arguments(declaration, run.settings),
            scenarios=[scenarios[each.key, each.pathway_id] for each in declaration.scenarios],
            declared_at=str(declaration.position),
        )
