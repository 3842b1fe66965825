"""What the resources of every kind of run share: inputs that are none of the declaration, and outputs as one value."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from functools import partial, reduce
from inspect import get_annotations
from typing import TYPE_CHECKING, Any, ClassVar, Final, Literal

import pulumi
from pulumi.dynamic import Resource

from tornado_resource.core.canonical import whole_without_nulls
from tornado_resource.core.clock import today
from tornado_resource.core.urns import parents_of
from tornado_resource.declarations.document import Quoting
from tornado_resource.declarations.model import UNCONFIRMABLE, Gate
from tornado_resource.declarations.quarantine import notes
from tornado_resource.errors import TornadoError
from tornado_resource.program.arguments import (
    InvalidArgument,
    alias_urns,
    is_plain,
    own_urn,
    parents_input,
    resource_path,
    secret_names,
    with_path,
)
from tornado_resource.program.config import ambiguous_session, configured_url
from tornado_resource.program.purpose import is_idle, is_update
from tornado_resource.program.run import program_run, program_run_or_none
from tornado_resource.program.sdk import is_mocked, together, untrack_properties
from tornado_resource.program.spending import as_declaration, own_share
from tornado_resource.runs.inputs import declared_inputs, gate_input
from tornado_resource.runs.intents import IntentStore, intents_folder
from tornado_resource.runs.kinds import kind_of
from tornado_resource.runs.model import without_secret
from tornado_resource.stacks.backend import resource_address

if TYPE_CHECKING:
    from asyncio import Future
    from collections.abc import Awaitable, Sequence

    from pulumi import Output

    from tornado_resource.declarations.budget import Share
    from tornado_resource.declarations.model import ScenarioDeclaration
    from tornado_resource.program.run import ProgramRun
    from tornado_resource.runs.kinds import Kind

OWN_OUTPUTS: Final = ("urn", "id", "__provider")
"""Outputs that every dynamic resource has."""
INTERNAL: Final = frozenset({"started_content", "declared", "secrets"})
"""Outputs that `deploy()` does not export."""


class RunResource(Resource):
    """The resource of a run: started when the resource is created, cancelled when it is deleted."""

    kind: ClassVar[str]
    """The name of the kind of run."""
    output_names: ClassVar[tuple[str, ...]]
    known_urn: Awaitable[str]
    """Unlike the property `urn`, it is known before the resource exists."""
    declared: Output[dict[str, Any]]
    """The inputs that the recorded run was started with."""
    scenarios: tuple[Output[ScenarioDeclaration], ...]
    """The declared scenarios that the run tests, in the order of their ids."""
    checks_config: Output[dict[str, Any]] | None = None
    """The declared checks that the run runs."""
    given_gate: Any
    """The gate that is declared, as an input: also before the run exists."""


# The SDK evaluates the annotations of a resource's classes for every resource, and finds these evaluated.
RunResource.__annotations__ = {
    name: annotation
    for name, annotation in get_annotations(RunResource).items()
    if name not in {"known_urn", "scenarios", "checks_config", "given_gate"}
}
RunResource.__annotations__["declared"] = pulumi.Output[dict[str, Any]]


@dataclass(frozen=True, slots=True)
class RunOutputs:
    """The outputs of a run's resource by name, as the engine returned them: some may be unknown or None."""

    kind: str
    values: Mapping[str, Any]

    @property
    def run_id(self) -> Any:
        """The run's id."""
        return self.values[kind_of(self.kind).id_output]

    @property
    def is_created(self) -> bool:
        """Whether the run exists, and all that a verdict needs is known."""
        needed = [self.values.get(name) for name in ("created_at", "timeout_ms", "declared", "adopted")]
        return self.run_id is not None and not pulumi.contains_unknowns([self.run_id, *needed])

    @property
    def has_failed(self) -> bool:
        """Whether the resource could not be created: the SDK makes all outputs of such a one unknown.

        Of one that the engine left out (`--target`), it fills in those that are inputs too.
        """
        return any(pulumi.contains_unknowns(self.values[name]) for name in kind_of(self.kind).place_outputs)

    @property
    def has_secret_place(self) -> bool:
        """Whether the id of its place is known to be secret."""
        secrets = self.values.get("secrets")
        return isinstance(secrets, list) and not set(secrets).isdisjoint(kind_of(self.kind).place_outputs)

    @property
    def has_public_request(self) -> bool:
        """Whether it is known that only other inputs than those of the request are secret, such as triggers.

        What is said of the run holds none of these.
        """
        secrets = self.values.get("secrets")
        return isinstance(secrets, list) and set(secrets).isdisjoint(kind_of(self.kind).fields)

    def exported(self, verdict: Any) -> dict[str, Any]:
        """Return the outputs as `deploy()` exports them.

        Args:
            verdict: the run's verdict, which knows the status later than the resource does; None or unknown if there is
                none.

        """
        status = verdict.get("status") if isinstance(verdict, dict) else None
        outputs = {name: value for name, value in self.values.items() if name not in INTERNAL}
        return outputs if status is None else {**outputs, "status": status}


def run_outputs(resource: RunResource) -> pulumi.Output[RunOutputs]:
    """Return the outputs of a run, once they have resolved, known or not."""
    names = resource.output_names
    outputs = [getattr(resource, name) for name in names]

    def as_one(values: list[Any]) -> RunOutputs:
        return RunOutputs(resource.kind, dict(zip(names, values, strict=True)))

    return together(outputs, as_one, lambda outputs_now: outputs_now.has_public_request)


def run_inputs(
    resource: RunResource, name: str, inputs: Mapping[str, Any], opts: pulumi.ResourceOptions | None
) -> dict[str, Any]:
    """Return all inputs of a run's resource, and let the program know of the run.

    Args:
        resource: the resource, which is about to be registered. It gets `known_urn`.
        name: its name.
        inputs: what is declared, by the names of the inputs, with `adopt` and `declared_at`. None is left out.
        opts: its options.

    Raises:
        InvalidArgument: a value breaks a rule of `sessions.yaml`.

    """
    kind = kind_of(resource.kind)
    gate = gate_input(inputs["gate"]) if isinstance(inputs["gate"], Gate) else inputs["gate"]
    wanted = {**inputs, "gate": gate, "base_url": configured_url()}
    all_inputs = {"name": resource_path(name), **{key: value for key, value in wanted.items() if value is not None}}
    resource.given_gate = all_inputs.get("gate")
    _check(resource, name, all_inputs)
    if "adopt" not in all_inputs and (adopt := _configured_adoption(name)) is not None:
        all_inputs["adopt"] = adopt
    if not is_plain(declared := declared_inputs(resource.kind, all_inputs)):
        all_inputs["secrets"] = secret_names(declared)
    _note_quarantine(name, all_inputs)
    known_urn = resource.known_urn = asyncio.ensure_future(own_urn(kind.resource_type, name, opts))
    _take_note(name, known_urn, has_gate=gate != "none")
    urns = asyncio.ensure_future(_urns(known_urn, kind.resource_type, name, opts))
    version = all_inputs.get(kind.version_field)
    if version is not None and not (is_plain(version) and kind.is_resolved(version)):
        all_inputs[kind.version_field] = pulumi.Output.from_input(version).apply(
            partial(_version, kind, urns, declared)
        )
    all_inputs |= parents_input(known_urn, opts)
    share = _own_share(resource, name, urns, all_inputs, is_known=is_plain({**declared, kind.version_field: version}))
    all_inputs |= _of_this_update(kind, name, urns, all_inputs, share)
    return all_inputs


def _note_quarantine(name: str, inputs: Mapping[str, Any]) -> None:
    """Warn of the quarantine of a program that ends soon, or has ended. `deploy()` warns of what the file has."""

    def note(resolved: Any) -> None:
        for _, text in notes(resolved, today(), Quoting()):
            pulumi.log.warn(f"{name}: {text}")

    if "quarantine" in inputs and "declared_at" not in inputs:
        pulumi.Output.from_input(inputs["quarantine"]).apply(note)


def run_options(opts: pulumi.ResourceOptions | None) -> pulumi.ResourceOptions:
    """Return the options of a run's resource.

    A replacement that Pulumi's user asks for (--replace) would otherwise start while the old run holds its place. The
    provider says the same of those that it asks for itself.
    """
    return pulumi.ResourceOptions.merge(pulumi.ResourceOptions(delete_before_replace=True), opts)


def after_registration(resource: RunResource, inputs: Mapping[str, Any]) -> None:
    """Untrack the outputs of a run's resource, and delete the intent of its start when its id is known.

    Not in a preview, which changes nothing on disk.
    """
    untrack_properties(resource, dict.fromkeys((*OWN_OUTPUTS, *resource.output_names, *inputs)))
    if is_update():
        run_id: pulumi.Output[str] = getattr(resource, kind_of(resource.kind).id_output)
        run_id.apply(lambda known_id: _settle_intent(resource, inputs["name"], known_id))


def _configured_adoption(name: str) -> str | None:
    """Return the id that `tornado:adopt` has for a run."""
    run = program_run_or_none()
    return run.settings.adopt.get(name) if run is not None else None


def _take_note(name: str, known_urn: Awaitable[str], *, has_gate: bool) -> None:
    """Let the program know which runs it has declared under which name, and whether one may have a gate."""
    run = program_run_or_none()
    if run is not None:
        run.session_urns.setdefault(name, []).append(known_urn)
        if has_gate:
            run.gate.report.note_gate()


async def _urns(
    known_urn: Awaitable[str], resource_type: str, name: str, opts: pulumi.ResourceOptions | None
) -> list[str]:
    return [await known_urn, *await alias_urns(resource_type, name, opts)]


async def _version(kind: Kind, urns: Awaitable[Sequence[str]], declared: Mapping[str, Any], version: Any) -> Any:
    """Return the declared version, or the one that it stands for; unknown if that depends on unknown inputs.

    In a test with mocks it is the declared one: nobody asks the API what it stands for.
    """
    if kind.is_resolved(version) or is_mocked():
        return version
    inputs = await _resolved({key: value for key, value in declared.items() if key != kind.version_field})
    if not is_plain(inputs):
        return pulumi.UNKNOWN
    try:
        last_runs = program_run().last_runs
        if is_idle():
            return await last_runs.started_version(await urns) or pulumi.UNKNOWN
        resolved, _ = await last_runs.version(kind, await urns, {**inputs, kind.version_field: version})
    except TornadoError as error:
        raise InvalidArgument(await _public(kind, declared, inputs, str(error))) from None
    return resolved


async def _public(kind: Kind, declared: Mapping[str, Any], inputs: Mapping[str, Any], text: str) -> str:
    """Return *text* without what is secret of the run's place."""
    secret = [inputs[name] for name in await secret_names(declared) or () if name in kind.place_outputs]
    return reduce(without_secret, secret, text)


def _of_this_update(
    kind: Kind,
    name: str,
    urns: Future[list[str]],
    inputs: Mapping[str, Any],
    share: Future[Share | None] | None,
) -> dict[str, Awaitable[Any]]:
    """Return the inputs that no state has: the provider's `check` takes note of them."""
    decided: dict[str, Awaitable[Any]] = {"rerun_decision": _decision(kind.name, name, urns, inputs, share)}
    return {**decided, "is_checked": _is_checked(kind, name, urns, inputs)} if kind.has_variables else decided


async def _decision(
    kind: str,
    name: str,
    urns: Future[list[str]],
    inputs: Mapping[str, Any],
    share: Future[Share | None] | None,
) -> dict[str, Any] | None:
    """Return whether the run is started again.

    Raises:
        InvalidArgument: the name is ambiguous, or the budget of the config does not allow to start the run.

    """
    run = program_run_or_none()
    if run is None:
        return None
    await _require_unambiguous(name, run)
    if is_idle():
        return None
    declared = await _resolved(declared_inputs(kind, inputs))
    decision = await run.last_runs.decision(await urns, declared if is_plain(declared) else None)
    refusal = await run.spending.refusal(name, share, urns) if share is not None else None
    if refusal is not None:
        raise InvalidArgument(refusal)
    return asdict(decision) if decision is not None and not decision.stays else None


async def _is_checked(
    kind: Kind, name: str, urns: Future[list[str]], inputs: Mapping[str, Any]
) -> Literal[True] | None:
    """Return whether the provider need not look for variables without a value; None if it does.

    Raises:
        InvalidArgument: the run would start, and variables that its version refers to have no value.

    """
    run = program_run_or_none()
    if run is None or is_idle():
        return None
    unresolved = declared_inputs(kind.name, inputs)
    declared = await _resolved(unresolved)
    if not is_plain(declared):
        return None
    variables = await run.variables.find(kind, await urns, declared, adopts="adopt" in inputs)
    if variables.missing is not None:
        message = f"nothing was started for {kind.noun} {name}: {variables.missing}"
        raise InvalidArgument(await _public(kind, unresolved, declared, message))
    return True if variables.is_checked else None


def _own_share(
    resource: RunResource, name: str, urns: Future[list[str]], inputs: Mapping[str, Any], *, is_known: bool
) -> Future[Share | None] | None:
    """Return what a run costs at worst that the program declares itself; None if there is no budget that counts it.

    *is_known*: whether its inputs are known before any other resource is.
    """
    run = program_run_or_none()
    if run is None or not run.spending.counts(name) or is_idle():
        return None

    async def count() -> Share | None:
        declared = await _resolved(declared_inputs(resource.kind, inputs))
        if resource.scenarios and not isinstance(declared.get("scenario_ids"), list):
            declared = {**declared, "scenario_ids": [*resource.scenarios]}  # known before their ids are
        declaration = as_declaration(resource.kind, name, declared)
        return await own_share(declaration, await urns, declared, run.last_runs, adopts="adopt" in inputs)

    share = asyncio.ensure_future(count())
    if is_known:
        run.spending.expect(share, urns)
    return share


async def _require_unambiguous(name: str, run: ProgramRun) -> None:
    """Check that the config that names a session can only mean this one.

    Raises:
        InvalidArgument: the program has declared several sessions of this name.

    """
    settings = run.settings
    urns = [await urn for urn in run.session_urns.get(name, ())]
    by_key = {"adopt": settings.adopt, "onConflict": settings.on_conflict}
    for key, names in by_key.items():
        if len(urns) > 1 and isinstance(names, Mapping) and name in names:
            raise InvalidArgument(ambiguous_session(key, name, urns))


async def _resolved(declared: dict[str, Any]) -> dict[str, Any]:
    """Return inputs with the values of those that are outputs, if all of them are known; else as they are."""
    if is_plain(declared):
        return declared
    output = pulumi.Output.from_input(declared)
    resolved = await output.future()
    return resolved if await output.is_known() and isinstance(resolved, dict) else declared


def _check(resource: RunResource, name: str, inputs: Mapping[str, Any]) -> None:
    """Check the values that are known already, so that the program fails where the mistake is."""
    from tornado_resource.declarations.values import input_problems

    plain = {key: value for key, value in declared_inputs(resource.kind, inputs).items() if is_plain(value)}
    kind = kind_of(resource.kind)
    if not kind.is_resolved(plain.get(kind.version_field)):  # it is by the time that the provider sees it
        del plain[kind.version_field]
    problems = kind.problems(name, whole_without_nulls(plain))
    gate = plain.get("gate")
    if isinstance(gate, dict) and gate.get("confirm") is not None and kind.version_field not in inputs:
        problems = {"gate": f"confirm: {UNCONFIRMABLE}", **problems}
    problems = {**input_problems(kind.place_outputs, inputs), **problems}
    if problems:
        lines = [f"  {with_path(key, text)}" for key, text in problems.items()]
        where = f" ({inputs['declared_at']})" if "declared_at" in inputs else ""
        first = f"{type(resource).__name__} {name}{where} is invalid, and nothing was started for it:"
        raise InvalidArgument("\n".join([first, *lines]))


async def _settle_intent(resource: RunResource, path: str, run_id: str) -> Any:
    """Delete the intent of a start: when a program gets the id, the engine has already written it to the state."""
    address = resource_address(path, pulumi.get_project(), os.environ, parents_of(await resource.known_urn))
    IntentStore(intents_folder(os.environ, kind_of(resource.kind).intents)).settle(address, run_id)
