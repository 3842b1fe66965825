"""The Pulumi resource of a scenario."""

from __future__ import annotations

from inspect import get_annotations
from typing import TYPE_CHECKING, Any, Final, Literal

import pulumi
from pulumi.dynamic import Resource

from tornado_resource.bland.listing import OWNER_FIELDS, Owner
from tornado_resource.bland.scenario_content import SCENARIO_FIELDS
from tornado_resource.core.canonical import whole_without_nulls
from tornado_resource.core.positions import Position
from tornado_resource.core.urns import SCENARIO_TYPE
from tornado_resource.declarations.model import ScenarioDeclaration
from tornado_resource.declarations.values import scenario_problems
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
from tornado_resource.program.config import configured_url
from tornado_resource.program.purpose import is_idle, is_update
from tornado_resource.program.run import program_run, program_run_or_none
from tornado_resource.program.sdk import exit_on_signals, untrack_properties
from tornado_resource.scenarios.conflict import ScenarioNotStored
from tornado_resource.scenarios.provider import ScenarioProvider

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from pulumi import Input, Output, ResourceOptions

    from tornado_resource.bland.listing import Scenario

SCENARIO_OUTPUTS: Final = ("scenario_id", "adopted", "drift")
_DEFAULTS: Final[Mapping[str, Any]] = {"on_conflict": "fail", "on_destroy": "disable", "manage": True}


class TornadoScenario(Resource, module="bland", name="TornadoScenario"):
    """One scenario of a pathway or an agent: created with the resource, changed when its definition changes.

    Deleting the resource disables the scenario, unless `on_destroy` is `leave` or `delete`: deleting it takes its past
    runs along.

    Examples:
        ```python
        from tornado_resource import TornadoScenario, TornadoSession, wait_for

        PATHWAY = "c3d4e5f6-789a-bcde-f012-34567890abcd"

        refund = TornadoScenario(
            "refund",
            pathway_id=PATHWAY,
            name="Refunds an order",
            tester_persona_prompt="You were charged twice and want your money back.",
            assertions=[{"type": "NODE_REACHED", "config": {"node_id": "refund-done"}}],
        )
        wait_for(TornadoSession("support-line", pathway_id=PATHWAY, scenarios=[refund]))
        ```

    """

    scenario_id: Output[str]
    """The API's id; it is the resource's id too."""
    adopted: Output[bool]
    """Whether an existing scenario was taken over rather than created."""
    drift: Output[list[str]]
    """The fields that the API shows with other values than the definition, as last read (`pulumi refresh`)."""

    def __init__(  # noqa: PLR0913 - one keyword argument for each field of a scenario
        self,
        resource_name: str,
        *,
        pathway_id: Input[str] | None = None,
        agent_id: Input[str] | None = None,
        name: Input[str] | None = None,
        tags: Input[Sequence[Input[str]]] | None = None,
        description: Input[str] | None = None,
        tester_persona_prompt: Input[str] | None = None,
        tester_persona_name: Input[str] | None = None,
        advanced_instructions: Input[str] | None = None,
        category: Input[str] | None = None,
        scenario_type: Input[str] | None = None,
        input_messages: Input[Sequence[Any]] | None = None,
        max_turns: Input[int] | None = None,
        request_data: Input[Mapping[str, Any]] | None = None,
        metadata: Input[Mapping[str, Any]] | None = None,
        start_node_id: Input[str] | None = None,
        bland_tone_enabled: Input[bool] | None = None,
        is_required_for_promotion: Input[bool] | None = None,
        enabled: Input[bool] | None = None,
        assertions: Input[Sequence[Mapping[str, Any]]] | None = None,
        on_conflict: Literal["fail", "adopt"] = "fail",
        on_destroy: Literal["disable", "leave", "delete"] = "disable",
        manage: bool = True,
        managed_by: str | None = None,
        declared_at: str | None = None,
        opts: ResourceOptions | None = None,
    ) -> None:
        """Declare a scenario.

        The arguments mean what the keys of the same name mean in `sessions.yaml`. A field that is None has the API's
        default.

        Args:
            resource_name: the resource's name.
            pathway_id: the pathway that the scenario belongs to; or
            agent_id: the agent that it is a test case of.
            name: the scenario's name, unique for its pathway or agent. Default: the resource's name.
            tags: words that Bland shows beside it. Their order does not matter.
            description: what it is about, for people.
            tester_persona_prompt: tells the simulated caller how to behave.
            tester_persona_name: the name of the simulated caller.
            advanced_instructions: further instructions for the simulated caller.
            category: `CUSTOM`, `ANGRY_CALLER` and so on, as on the API's page.
            scenario_type: `AGENT`, `REPLAY` or `HISTORICAL`.
            input_messages: the caller's messages, for `REPLAY`.
            max_turns: the maximum number of turns, 1 to 50.
            request_data: variables of the call.
            metadata: free data.
            start_node_id: the node to start from.
            bland_tone_enabled: whether the tone of the agent is judged too.
            is_required_for_promotion: whether it must pass before a version goes live.
            enabled: whether it runs.
            assertions: what must hold in the call; each a mapping with `type` and `config`.
            on_conflict: `fail`, or `adopt` a scenario of this name that the stack has not created.
            on_destroy: `disable` it when the resource is deleted, `leave` it as it is, or `delete` it with its past
                runs.
            manage: False if another stack manages it: it is read by its name and compared.
            managed_by: the name of that stack, for messages.
            declared_at: the declaration's position, such as `sessions.yaml:14:3`, for messages and reports.
            opts: Pulumi's resource options.

        Raises:
            InvalidArgument: a value breaks a rule of `sessions.yaml`; the text lists all problems. Values that are
                outputs are checked when they are known: by the provider, in previews too.

        """
        values = dict(locals())
        exit_on_signals()
        cure = 'to take over a scenario, declare it with its name and pass on_conflict="adopt"'
        refuse_to_import(f"TornadoScenario {resource_name}", opts, cure)
        fields = {key: values[key] for key in SCENARIO_FIELDS if values[key] is not None}
        fields.setdefault("name", resource_name)
        options = {key: values[key] for key, default in _DEFAULTS.items() if values[key] != default}
        owners: dict[str, Any] = {key: values[key] for key in OWNER_FIELDS}
        _check(resource_name, {**owners, "input_messages": None, **fields, **options}, declared_at)
        inputs = {
            "name": resource_path(resource_name),
            **owners,
            "fields": fields,
            **options,
            "managed_by": managed_by,
            "declared_at": declared_at,
            "base_url": configured_url(),
        }
        declared = {key: value for key, value in inputs.items() if value is not None}
        declared["parents"] = parents(own_urn(SCENARIO_TYPE, resource_name, opts))
        declared["seen"] = _seen(resource_name)
        if not is_plain([fields, owners]):
            declared["secrets"] = secret_names({**fields, **owners})
        super().__init__(ScenarioProvider(), resource_name, {**dict.fromkeys(SCENARIO_OUTPUTS), **declared}, opts)
        self.declaration: Output[ScenarioDeclaration] = _declaration(self, resource_name, declared)
        """The scenario for the gate, which compares it with what ran."""
        untrack_properties(self, (*SCENARIO_OUTPUTS, *declared))
        self.stored_id: Output[str] = _stored_id(self) if is_update() else self.id
        """Its id, for sessions; it fails if the API has not stored the scenario as it is declared."""


# The SDK evaluates the annotations of a resource's class for every resource, and finds these evaluated.
TornadoScenario.__annotations__ = get_annotations(TornadoScenario, eval_str=True, locals={"Output": pulumi.Output})


def _declaration(scenario: TornadoScenario, name: str, declared: Mapping[str, Any]) -> Output[ScenarioDeclaration]:
    """Return a scenario as its resource has it: an update with targets may leave out what the program declares now."""
    owner, position = next(key for key in OWNER_FIELDS if key in declared), Position.parse(declared.get("declared_at"))
    recorded = pulumi.Output.all(vars(scenario)[owner], vars(scenario)["fields"])
    return recorded.apply(
        lambda resolved: ScenarioDeclaration(
            name, Owner(owner, resolved[0]), whole_without_nulls(resolved[1]), position
        )
    )


async def _seen(resource_name: str) -> dict[str, Any] | None:
    """Return what has become of a recorded scenario. The provider's `check` takes note of it; no state ever has it."""
    if is_idle():
        return None
    run = program_run_or_none()
    return await run.scenarios.seen(resource_name) if run is not None else None


def _stored_id(scenario: TornadoScenario) -> Output[str]:
    declaration = scenario.declaration

    async def require(resolved: Sequence[Any]) -> str:
        scenario_id, drift, declared = resolved
        if not drift:
            return str(scenario_id)
        existing = await _shown(scenario_id) if not await declaration.is_secret() else None
        raise InvalidArgument(str(ScenarioNotStored(declared, scenario_id, drift, existing)))

    return pulumi.Output.all(scenario.id, scenario.drift, declaration).apply(require)


async def _shown(scenario_id: str) -> Scenario | None:
    """Return a scenario as the API shows it; None if it cannot be read."""
    from tornado_resource.bland.retrying import retried
    from tornado_resource.bland.scenarios import get_scenario

    try:
        async with program_run().client.open() as client:
            scenario_now: Scenario = await retried(lambda: get_scenario(client, scenario_id))
    except TornadoError:
        return None
    return scenario_now


def _check(name: str, declared: Mapping[str, Any], declared_at: str | None) -> None:
    """Check the values that are known already, so that the program fails where the mistake is."""
    problems = scenario_problems({key: value for key, value in declared.items() if is_plain(value)})
    if problems:
        lines = [f"  {key}: {text}" for key, text in problems.items()]
        where = f" ({declared_at})" if declared_at else ""
        message = "\n".join([f"TornadoScenario {name}{where} is invalid:", *lines])
        raise InvalidArgument(message)
