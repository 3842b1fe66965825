"""The Pulumi resource of a tornado session, and its outputs as one value."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import asdict, dataclass, fields
from inspect import get_annotations
from typing import TYPE_CHECKING, Any, Final, Literal, TypeVar

import pulumi
from pulumi.dynamic import Resource

from tornado_resource.bland.scenario_content import scenario_digest
from tornado_resource.core.urns import SESSION_TYPE, parents_of
from tornado_resource.declarations.model import REQUEST_FIELDS, Gate
from tornado_resource.declarations.values import session_problems
from tornado_resource.errors import TornadoError
from tornado_resource.program.arguments import (
    InvalidArgument,
    is_plain,
    own_urn,
    parents,
    refuse_to_import,
    resource_path,
    secret_names,
)
from tornado_resource.program.config import ambiguous_session, configured_url
from tornado_resource.program.purpose import is_idle, is_update
from tornado_resource.program.run import program_run
from tornado_resource.program.sdk import exit_on_signals, together, untrack_properties
from tornado_resource.runs.intents import IntentStore, intents_folder
from tornado_resource.runs.rerun import REPLACING, UPDATING
from tornado_resource.stacks.backend import resource_address
from tornado_resource.tornado.provider import TornadoProvider
from tornado_resource.versions.scenarios import runs_together

if TYPE_CHECKING:
    from collections.abc import Awaitable, Sequence

    from pulumi import Input, Output, ResourceOptions

    from tornado_resource.declarations.model import Declaration, OnConflict, OnDestroy, Rerun
    from tornado_resource.program.mappings import GateMapping
    from tornado_resource.program.run import ProgramRun
    from tornado_resource.scenarios.resource import TornadoScenario
    from tornado_resource.stacks.settings import Settings

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class SessionOutputs:
    """The outputs of a `TornadoSession`, as the engine returned them: some may be unknown or None."""

    session_id: Any
    created_at: Any
    status: Any
    pathway_id: Any
    max_iterations: Any
    timeout_ms: Any
    adopted: Any
    started_content: Any
    declared: Any
    secrets: Any

    @property
    def is_created(self) -> bool:
        """Whether the session exists, and all that a verdict needs is known."""
        needed = [self.session_id, self.created_at, self.timeout_ms, self.declared, self.adopted]
        return self.session_id is not None and not pulumi.contains_unknowns(needed)

    @property
    def has_secret_pathway(self) -> bool:
        """Whether the pathway's id is known to be secret."""
        return isinstance(self.secrets, list) and "pathway_id" in self.secrets

    @property
    def has_public_request(self) -> bool:
        """Whether it is known that only other inputs than those of the request are secret, such as triggers.

        What is said of the session holds none of these.
        """
        return isinstance(self.secrets, list) and not set(self.secrets).intersection(REQUEST_FIELDS)

    def exported(self, verdict: Any) -> dict[str, Any]:
        """Return the outputs as `deploy()` exports them.

        Args:
            verdict: the session's verdict, which knows the status later than the resource does; None or unknown if
                there is none.

        """
        status = verdict.get("status") if isinstance(verdict, dict) else None
        outputs = {name: getattr(self, name) for name in OUTPUTS if name not in INTERNAL}
        return outputs if status is None else {**outputs, "status": status}


INTERNAL: Final = frozenset({"started_content", "declared", "secrets"})
"""Outputs that `deploy()` does not export."""
OUTPUTS: Final = tuple(field.name for field in fields(SessionOutputs))
"""The names of the outputs of a session's resource."""


def session_outputs(session: pulumi.Resource) -> pulumi.Output[SessionOutputs]:
    """Return the outputs of a session, once they have resolved, known or not."""
    outputs = [getattr(session, name) for name in OUTPUTS]
    return together(outputs, lambda values: SessionOutputs(*values), lambda found: found.has_public_request)


class TornadoSession(Resource, module="bland", name="TornadoSession"):
    """One tornado session: started when the resource is created, cancelled when it is deleted.

    The resource is created as soon as the API has responded to the start request; `wait_for` waits for the end.

    Examples:
        ```python
        import pulumi
        from tornado_resource import TornadoSession

        session = TornadoSession(
            "support-line",
            pathway_id="c3d4e5f6-789a-bcde-f012-34567890abcd",
            scenario_ids=["sc-refund", "sc-cancel"],
            gate={"passed": "95%", "repaired": "refuse"},
        )
        pulumi.export("session_id", session.session_id)
        ```

    """

    session_id: Output[str]
    """The API's id, byte for byte; it is the resource's id too."""
    created_at: Output[str | None]
    """The API's time of creation, byte for byte; None for an adopted session that had ended."""
    status: Output[str]
    """The status as last read: at the start, or by `pulumi refresh`."""
    pathway_id: Output[str]
    max_iterations: Output[int | None]
    """As in the API's response; None if the response has none."""
    timeout_ms: Output[int | None]
    """As in the API's response, in milliseconds; None if the response has none."""
    adopted: Output[bool]
    """Whether an existing session was taken over rather than started."""
    started_content: Output[str | None]
    """The digest of the declared version right after the start; None if it is unknown."""
    declared: Output[dict[str, Any]]
    """The inputs that the recorded session was started with."""
    secrets: Output[list[str] | None]
    """The names of those that are secret."""

    def __init__(  # noqa: PLR0913 - one keyword argument for each key of a declaration
        self,
        name: str,
        *,
        pathway_id: Input[str],
        persona_id: Input[str] | None = None,
        scenario_ids: Input[Sequence[Input[str]]] | None = None,
        scenarios: Sequence[TornadoScenario] = (),
        version_number: Input[int] | None = None,
        max_iterations: Input[int] | None = None,
        timeout_ms: Input[int] | None = None,
        gate: Gate | GateMapping | Literal["none"] | Output[Any] | Awaitable[Any] | None = None,
        on_conflict: Input[OnConflict] | None = None,
        on_destroy: Input[OnDestroy] | None = None,
        rerun: Input[Rerun] | None = None,
        triggers: Input[Mapping[str, Input[str | float | bool]]] | None = None,
        adopt: Input[str] | None = None,
        declared_at: str | None = None,
        opts: ResourceOptions | None = None,
    ) -> None:
        """Declare a session.

        The arguments mean what the keys of the same name mean in `sessions.yaml`; a request field that is None is not
        sent, so that the API's default applies.

        Args:
            name: the resource's name, `[a-z][a-z0-9-]{0,62}`.
            pathway_id: the pathway to test and fix.
            persona_id: the persona to test with.
            scenario_ids: ids of 1 to 50 scenarios; None for all enabled ones.
            scenarios: scenarios of this program to run, beside *scenario_ids*. The session starts when they are as
                declared, and runs again when one of them changes.
            version_number: the pathway version to start from.
            max_iterations: the largest number of fix iterations.
            timeout_ms: the session's time limit in milliseconds.
            gate: what must hold for the verdict to be `passed`: a `Gate`, a mapping, or `none`.
            on_conflict: `fail`, `adopt`, `wait` or `supersede`.
            on_destroy: `cancel` or `leave`.
            rerun: `on_failure`, `on_change`, `always` or `on_drift`.
            triggers: values whose change runs the session again.
            adopt: the id of an existing session to take over; then nothing is started. Default: `tornado:adopt`.
            declared_at: the declaration's position, such as `sessions.yaml:14:3`, for messages and reports.
            opts: Pulumi's resource options.

        Raises:
            InvalidArgument: a value breaks a rule of `sessions.yaml`; the text lists all problems. Values that are
                outputs are checked when they are known: by the provider, in previews too.

        """
        exit_on_signals()
        refuse_to_import(f"TornadoSession {name}", opts, 'to take over a session, pass adopt="{id}"')
        path = resource_path(name)
        inputs = {
            "name": path,
            "pathway_id": pathway_id,
            "persona_id": persona_id,
            "scenario_ids": _all_ids(scenario_ids, scenarios),
            "definitions": _definitions(scenarios),
            "version_number": version_number,
            "max_iterations": max_iterations,
            "timeout_ms": timeout_ms,
            "gate": gate_input(gate) if isinstance(gate, Gate) else gate,
            "on_conflict": on_conflict,
            "on_destroy": on_destroy,
            "rerun": rerun,
            "triggers": triggers,
            "adopt": adopt if adopt is not None else _configured_adoption(name),
            "declared_at": declared_at,
        }
        given = {key: value for key, value in inputs.items() if value is not None}
        _check(name, given, declared_at)
        self.scenarios = tuple(each.declaration for each in scenarios)
        """The declared scenarios that the session runs, in the order of their ids."""
        if not is_plain(declared := declared_inputs(given)):
            given["secrets"] = secret_names(declared)
        given["base_url"] = configured_url()
        # Unlike the property `urn`, it is known before the resource exists.
        self.known_urn = asyncio.ensure_future(own_urn(SESSION_TYPE, name, opts))
        _take_note(name, self.known_urn, has_gate=inputs["gate"] != "none")
        given["parents"] = parents(self.known_urn)
        given["last_run"] = _last_run(name, self.known_urn, given)
        # A dynamic resource has only the outputs that it was created with as properties: None declares one.
        awaited = dict.fromkeys(OUTPUTS)
        # A replacement that Pulumi's user asks for (--replace) would otherwise start while the old session holds the
        # pathway. The provider says the same of those that it asks for itself.
        opts = pulumi.ResourceOptions.merge(pulumi.ResourceOptions(delete_before_replace=True), opts)
        super().__init__(TornadoProvider(), name, {**awaited, **given}, opts)
        untrack_properties(self, (*awaited, *given))
        if is_update():
            # Not in a preview, which changes nothing on disk.
            self.session_id.apply(lambda session_id: _settle_intent(path, self.known_urn, session_id))


# The SDK evaluates the annotations of a resource's class for every resource, and finds these evaluated.
TornadoSession.__annotations__ = get_annotations(TornadoSession, eval_str=True, locals={"Output": pulumi.Output})


def gate_input(gate: Gate | None) -> dict[str, Any] | str | None:
    """Return a gate as an input, without default values: every byte of an input is stored in the state."""
    if gate is None:
        return "none"
    given = {key: value for key, value in asdict(gate).items() if value != getattr(Gate(), key)}
    return given or None


def session_arguments(declaration: Declaration, settings: Settings) -> dict[str, Any]:
    """Return the arguments of a session's resource that describe its run, without default values."""
    return {
        **declaration.request,
        "gate": gate_input(declaration.gate),
        "on_conflict": _unless_default(declaration.on_conflict, "fail"),
        "on_destroy": _unless_default(declaration.on_destroy, "cancel"),
        "rerun": _unless_default(declaration.rerun, "on_failure"),
        "triggers": {**declaration.triggers, **settings.triggers} or None,
    }


def declared_inputs(given: Mapping[str, Any]) -> dict[str, Any]:
    """Return the inputs that the provider compares with the recorded ones."""
    return {key: given[key] for key in (*REPLACING, *UPDATING) if given.get(key) is not None}


def _configured_adoption(name: str) -> str | None:
    """Return the id that `tornado:adopt` has for a session."""
    try:
        return program_run().settings.adopt.get(name)
    except TornadoError:
        return None  # the provider reports it


def _take_note(name: str, known_urn: Awaitable[str], *, has_gate: bool) -> None:
    """Let the program know which sessions it has declared under which name, and whether one may have a gate."""
    with suppress(TornadoError):  # the provider reports it
        run = program_run()
        run.session_urns.setdefault(name, []).append(known_urn)
        if has_gate:
            run.gate.report.note_gate()


async def _last_run(name: str, known_urn: Awaitable[str], given: Mapping[str, Any]) -> dict[str, Any] | None:
    """Return what the provider's `diff` need not ask the API for. `check` takes note of it; the state never has it."""
    try:
        run = program_run()
    except TornadoError:
        return None  # the provider reports it
    await _require_unambiguous(name, run)
    if is_idle():
        return None
    declared = await _resolved(declared_inputs(given))
    return await run.last_runs.known(await known_urn, declared if is_plain(declared) else None)


async def _require_unambiguous(name: str, run: ProgramRun) -> None:
    """Check that the config that names a session can only mean this one.

    Raises:
        InvalidArgument: the program has declared several sessions of this name.

    """
    settings = run.settings
    urns = [await urn for urn in run.session_urns.get(name, ())]
    by_key = {"adopt": settings.adopt, "onConflict": settings.on_conflict}
    for key, given in by_key.items():
        if len(urns) > 1 and isinstance(given, Mapping) and name in given:
            raise InvalidArgument(ambiguous_session(key, name, urns))


async def _resolved(declared: dict[str, Any]) -> dict[str, Any]:
    """Return inputs with the values of those that are outputs, if all of them are known; else as they are."""
    if is_plain(declared):
        return declared
    output = pulumi.Output.from_input(declared)
    found = await output.future()
    return found if await output.is_known() and isinstance(found, dict) else declared


def _definitions(scenarios: Sequence[TornadoScenario]) -> Output[str] | None:
    """Return the digest of what decides about the runs of *scenarios*; None if there are none."""
    if not scenarios:
        return None
    declared = pulumi.Output.all(*(each.declaration for each in scenarios))
    return declared.apply(lambda known: runs_together(scenario_digest(each.fields) for each in known))


def _all_ids(scenario_ids: Any, scenarios: Sequence[TornadoScenario]) -> Any:
    """Return the ids to run: the given ones, then those of *scenarios*, which a preview knows as long as they exist."""
    if not scenarios:
        return scenario_ids
    ids = pulumi.Output.all(scenario_ids, *(each.id for each in scenarios))
    return ids.apply(lambda known: [*(known[0] or ()), *known[1:]])


def _check(name: str, given: Mapping[str, Any], declared_at: str | None) -> None:
    """Check the values that are known already, so that the program fails where the mistake is."""
    known = {key: value for key, value in declared_inputs(given).items() if is_plain(value)}
    problems = session_problems(name, known)
    if problems:
        lines = [f"  {key}: {text}" for key, text in problems.items()]
        where = f" ({declared_at})" if declared_at else ""
        message = "\n".join([f"TornadoSession {name}{where} is invalid, and nothing was started for it:", *lines])
        raise InvalidArgument(message)


async def _settle_intent(path: str, known_urn: Awaitable[str], session_id: str) -> Any:
    """Delete the intent of a start: when a program gets the id, the engine has already written it to the state."""
    address = resource_address(path, pulumi.get_project(), os.environ, parents_of(await known_urn))
    IntentStore(intents_folder(os.environ)).settle(address, session_id)


def _unless_default(value: T, default: T) -> T | None:
    return None if value == default else value
