"""The Pulumi resource of a check run."""

from __future__ import annotations

from inspect import get_annotations
from typing import TYPE_CHECKING, Any, Literal

import pulumi

from tornado_resource.agents.provider import CheckRunProvider
from tornado_resource.declarations.model import DEFAULT_ENV, LATEST
from tornado_resource.program.arguments import refuse_to_import
from tornado_resource.program.run_resource import RunResource, after_registration, run_inputs, run_options
from tornado_resource.program.sdk import exit_on_signals

if TYPE_CHECKING:
    from collections.abc import Awaitable, Mapping, Sequence

    from pulumi import Input, Output, ResourceOptions

    from tornado_resource.checks.resource import AgentChecks
    from tornado_resource.declarations.model import Gate, OnConflict, OnDestroy, Publish, Rerun
    from tornado_resource.program.mappings import GateMapping


class CheckRun(RunResource, module="bland", name="CheckRun"):
    """One check run of an agent: started when the resource is created, cancelled when it is deleted.

    The resource is created as soon as the API has responded to the start request; `wait_for` waits for the end.

    Examples:
        ```python
        import pulumi
        from tornado_resource import CheckRun, wait_for

        run = CheckRun("support", agent_id="7c1f0a52-0b1e-4c8a-9a55-6f0d6f6f1f01", gate={"passed": "80%"})
        pulumi.export("support", wait_for(run))
        ```

    """

    kind = "check_run"
    output_names = (
        "run_id",
        "created_at",
        "status",
        "agent_id",
        "env",
        "version_id",
        "semver",
        "adopted",
        "declared",
        "secrets",
    )

    run_id: Output[str]
    """The API's id, byte for byte; it is the resource's id too."""
    created_at: Output[str | None]
    """The API's time of creation, byte for byte; None if the API does not show it."""
    status: Output[str]
    """The status as last read: at the start, or by `pulumi refresh`."""
    agent_id: Output[str]
    env: Output[str]
    version_id: Output[str]
    """The id of the version that is checked."""
    semver: Output[str | None]
    """The version's published number; None until it is published."""
    adopted: Output[bool]
    """Whether an existing check run was taken over rather than started."""
    declared: Output[dict[str, Any]]
    """The inputs that the recorded check run was started with."""
    secrets: Output[list[str] | None]
    """The names of those that are secret."""

    def __init__(  # noqa: PLR0913 - one keyword argument for each key of a declaration
        self,
        name: str,
        *,
        agent_id: Input[str],
        env: Input[Publish] = DEFAULT_ENV,
        version: Input[str] = LATEST,
        checks: AgentChecks | None = None,
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
        """Declare a check run.

        The arguments mean what the keys of the same name mean in `sessions.yaml`.

        Args:
            name: the resource's name, `[a-z][a-z0-9-]{0,62}`.
            agent_id: the agent to check.
            env: the environment whose checks and variables are used, `staging` (the default) or `production`.
            version: the version to check: `latest` (the default), `pinned`, a published version such as `1.4.0`, or the
                id of a version.
            checks: checks of this program, of the same agent and env. The run starts when they are as declared, and the
                agent is checked again when they, or their declared scenarios, change: Bland voids the old pass.
            gate: what must hold for the verdict to be `passed`: a `Gate`, a mapping, or `none`.
            quarantine: the judges that do not decide until a day: mappings of `judge` (its name), `reason` and `until`.
            on_conflict: `fail`, `adopt`, `wait` or `supersede`.
            on_destroy: `cancel` or `leave`.
            rerun: `on_drift`, `on_failure`, `on_change` or `always`.
            triggers: values whose change runs the checks again.
            adopt: the id of an existing check run to take over; then nothing is started. Default: `tornado:adopt`.
            declared_at: the declaration's position, such as `sessions.yaml:14:3`, for messages and reports.
            opts: Pulumi's resource options.

        Raises:
            InvalidArgument: a value breaks a rule of `sessions.yaml`; the text lists all problems. Values that are
                outputs are checked when they are known: by the provider, in previews too.

        """
        exit_on_signals()
        refuse_to_import(f"CheckRun {name}", opts, 'to take over a check run, pass adopt="{id}"')
        inputs = {
            "agent_id": agent_id,
            "env": env,
            "version_id": version,
            "checks": checks.stored_config if checks is not None else None,
            "definitions": checks.definitions if checks is not None else None,
            "gate": gate,
            "quarantine": quarantine,
            "on_conflict": on_conflict,
            "on_destroy": on_destroy,
            "rerun": rerun,
            "triggers": triggers,
            "adopt": adopt,
            "declared_at": declared_at,
        }
        declared = run_inputs(self, name, inputs, opts)
        self.scenarios = checks.test_cases if checks is not None else ()
        self.checks_config = checks.declared_config if checks is not None else None
        # Not in a function of its own: the SDK writes every frame of the call stack into the state, for each resource.
        super().__init__(CheckRunProvider(), name, {**dict.fromkeys(self.output_names), **declared}, run_options(opts))
        after_registration(self, declared)


# The SDK evaluates the annotations of a resource's class for every resource, and finds these evaluated.
CheckRun.__annotations__ = get_annotations(CheckRun, eval_str=True, locals={"Output": pulumi.Output})
