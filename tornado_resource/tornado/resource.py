"""The Pulumi resource of a tornado session."""

from __future__ import annotations

from inspect import get_annotations
from typing import TYPE_CHECKING, Any, Literal

import pulumi

from tornado_resource.program.arguments import refuse_to_import
from tornado_resource.program.run_resource import RunResource, after_registration, run_inputs, run_options
from tornado_resource.program.sdk import exit_on_signals
from tornado_resource.runs.inputs import by_ids
from tornado_resource.scenarios.tested import all_ids, declarations, definitions
from tornado_resource.tornado.provider import TornadoProvider

if TYPE_CHECKING:
    from collections.abc import Awaitable, Mapping, Sequence

    from pulumi import Input, Output, ResourceOptions

    from tornado_resource.declarations.model import Gate, OnConflict, OnDestroy, Rerun
    from tornado_resource.program.mappings import GateMapping
    from tornado_resource.scenarios.resource import TornadoScenario


class TornadoSession(RunResource, module="bland", name="TornadoSession"):
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

    kind = "tornado"
    output_names = (
        "session_id",
        "created_at",
        "status",
        "pathway_id",
        "max_iterations",
        "timeout_ms",
        "adopted",
        "started_content",
        "declared",
        "secrets",
    )

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
        version_number: Input[int | Literal["latest"]] | None = None,
        max_iterations: Input[int] | None = None,
        timeout_ms: Input[int] | None = None,
        gate: Gate | GateMapping | Literal["none"] | Output[Any] | Awaitable[Any] | None = None,
        quarantine: Input[Sequence[Input[Mapping[str, Input[str]]]]] | None = None,
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
            version_number: the pathway version to start from; `latest` for the newest one.
            max_iterations: the largest number of fix iterations.
            timeout_ms: the session's time limit in milliseconds.
            gate: what must hold for the verdict to be `passed`: a `Gate`, a mapping, or `none`.
            quarantine: the scenarios that do not decide until a day: mappings of `scenario` (an id, or the name of the
                resource of one of *scenarios*), `reason` and `until`.
            on_conflict: `fail`, `adopt`, `wait` or `supersede`.
            on_destroy: `cancel` or `leave`.
            rerun: `on_drift`, `on_failure`, `on_change` or `always`.
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
        inputs = {
            "pathway_id": pathway_id,
            "persona_id": persona_id,
            "scenario_ids": all_ids(scenario_ids, scenarios, "pathway_id", pathway_id),
            "definitions": definitions(scenarios),
            "version_number": version_number,
            "max_iterations": max_iterations,
            "timeout_ms": timeout_ms,
            "gate": gate,
            "quarantine": _quarantine(quarantine, scenarios),
            "on_conflict": on_conflict,
            "on_destroy": on_destroy,
            "rerun": rerun,
            "triggers": triggers,
            "adopt": adopt,
            "declared_at": declared_at,
        }
        declared = run_inputs(self, name, inputs, opts)
        self.scenarios = declarations(scenarios)
        # A dynamic resource has only the outputs that it was created with as properties: None declares one. Not in a
        # function of its own: the SDK writes every frame of the call stack into the state, for each resource.
        super().__init__(TornadoProvider(), name, {**dict.fromkeys(self.output_names), **declared}, run_options(opts))
        after_registration(self, declared)


# The SDK evaluates the annotations of a resource's class for every resource, and finds these evaluated.
TornadoSession.__annotations__ = get_annotations(TornadoSession, eval_str=True, locals={"Output": pulumi.Output})


def _quarantine(quarantine: Any, scenarios: Sequence[TornadoScenario]) -> Any:
    """Return a quarantine with the ids of *scenarios*, which a preview knows as long as they exist.

    `deploy()` declares a scenario once for each pathway, by the name `KEY@PATHWAY`.
    """
    if quarantine is None or not scenarios:
        return quarantine
    ids = {scenario.pulumi_resource_name.partition("@")[0]: scenario.stored_id for scenario in scenarios}
    return pulumi.Output.all(quarantine, pulumi.Output.all(**ids)).apply(lambda resolved: by_ids(*resolved))
