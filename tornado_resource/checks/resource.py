"""The Pulumi resources of a check config and of a judge."""

from __future__ import annotations

from dataclasses import asdict
from functools import partial
from inspect import get_annotations
from typing import TYPE_CHECKING, Any, Final, Literal

import pulumi
from pulumi.dynamic import Resource

from tornado_resource.checks.check_config import CHECK_CONFIG_FIELDS, ChecksNotStored, ChecksOrder, outputs_of
from tornado_resource.checks.judges import JudgeNotStored, JudgeOrder
from tornado_resource.checks.provider import JUDGE_OPTIONS, OPTION_DEFAULTS, ChecksProvider, JudgeProvider
from tornado_resource.core.canonical import whole_without_nulls
from tornado_resource.core.urns import CHECKS_TYPE, JUDGE_TYPE
from tornado_resource.declarations.checks import DEFAULT_SIMULATIONS, checks_problems, too_many
from tornado_resource.declarations.model import JUDGE_FIELDS
from tornado_resource.declarations.values import judge_problems
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
from tornado_resource.program.judges import with_defaults
from tornado_resource.program.purpose import is_idle, is_update
from tornado_resource.program.run import program_run
from tornado_resource.program.sdk import exit_on_signals, untrack_properties
from tornado_resource.runs.declared_checks import checks_of, config_digest
from tornado_resource.runs.model import without_secret
from tornado_resource.scenarios.tested import all_ids, declarations, definitions

if TYPE_CHECKING:
    from collections.abc import Awaitable, Mapping, Sequence

    from pulumi import Input, Output, ResourceOptions

    from tornado_resource.checks.judges import SeenJudge
    from tornado_resource.declarations.model import ScenarioDeclaration
    from tornado_resource.program.run import ProgramRun
    from tornado_resource.scenarios.resource import TornadoScenario

CHECKS_OUTPUTS: Final = ("enabled", "updated_at", "drift")
JUDGE_OUTPUTS: Final = ("judge_id", "version", "drift")


class AgentChecks(Resource, module="bland", name="AgentChecks"):
    """The checks of an agent in one environment: stored with the resource, replaced as a whole when they change.

    Deleting the resource leaves them, unless `on_destroy` is `delete`.

    Examples:
        ```python
        from tornado_resource import AgentChecks

        AgentChecks(
            "support",
            agent_id="7c1f0a52-0b1e-4c8a-9a55-6f0d6f6f1f01",
            scenario_ids=["5f3c9a10-2b4d-4e6f-8a0b-1c2d3e4f5a6b"],
            judges=[{"name": "Resolved"}, {"name": "Polite", "required": False, "target_level_keys": ["friendly"]}],
            simulations_count=10,
        )
        ```

    """

    agent_id: Output[str]
    env: Output[str]
    scenario_ids: Output[list[str]]
    """The test cases, as the API shows them."""
    judges: Output[list[dict[str, Any]]]
    """The judges with their ids and versions, as the API shows them."""
    simulations_count: Output[int]
    """The number of conversations for each test case, as the API shows it."""
    enabled: Output[bool]
    """Whether the checks can run, as the API shows it."""
    config: Output[str]
    """A digest of the declared config. A check run depends on it: another config voids the pass."""
    updated_at: Output[str | None]
    """When the config was changed last, by the API's clock."""
    drift: Output[list[str]]
    """The fields that the API shows with other values than the declared ones, as last read (`pulumi refresh`)."""

    def __init__(  # noqa: PLR0913 - one keyword argument for each part of a config
        self,
        resource_name: str,
        *,
        agent_id: Input[str],
        scenario_ids: Input[Sequence[Input[str]]] | None = None,
        scenarios: Sequence[TornadoScenario] = (),
        judges: Input[Sequence[Input[Mapping[str, Any]]]],
        env: Input[str] = "staging",
        simulations_count: Input[int] = DEFAULT_SIMULATIONS,
        vacuous: Literal["refuse", "allow"] = "refuse",
        on_conflict: Literal["fail", "adopt"] = "fail",
        on_destroy: Literal["leave", "delete"] = "leave",
        manage: bool = True,
        managed_by: str | None = None,
        declared_at: str | None = None,
        opts: ResourceOptions | None = None,
    ) -> None:
        """Declare the checks of an agent.

        Args:
            resource_name: the resource's name.
            agent_id: the agent.
            scenario_ids: the ids of test cases of the agent. Their order does not count.
            scenarios: test cases of this program, with the `agent_id` of the checks; 1 to 5 with *scenario_ids*. The
                checks are stored when these are as declared, and the agent is checked again when one of them changes.
            judges: what scores the conversations, each a mapping: `id`, or `name` if it is unique; `version`, the id of
                one or `active` (the default), which is resolved by the program; `required` (default true); and
                `target_level_keys`, the levels that match, for judges that have levels.
            env: `staging` or `production`.
            simulations_count: the number of conversations for each test case, 1 to 50.
            vacuous: `allow` a config without a required judge: Bland passes every run of it, and no gate is met.
            on_conflict: `fail`, or `adopt` other checks that the stack has not stored: they are replaced.
            on_destroy: `leave` the checks when the resource is deleted, or `delete` them if they still are as declared.
            manage: False if another stack manages them: they are read and compared.
            managed_by: the name of that stack, for messages.
            declared_at: the declaration's position, such as `sessions.yaml:14:3`, for messages.
            opts: Pulumi's resource options.

        Raises:
            InvalidArgument: a value breaks a rule; the text lists all problems. Values that are outputs are checked
                when they are known: by the provider, in previews too.

        """
        values = dict(locals())
        exit_on_signals()
        label = f"AgentChecks {resource_name}{f' ({declared_at})' if declared_at else ''}"
        refuse_to_import(label, opts, 'to take over checks, declare them and pass on_conflict="adopt"')
        inputs: dict[str, Any] = {key: values[key] for key in ("agent_id", "env", *CHECK_CONFIG_FIELDS)}
        given_ids = scenario_ids if scenario_ids is not None or scenarios else []
        inputs["scenario_ids"] = all_ids(given_ids, scenarios, "agent_id", agent_id)
        options = {key: values[key] for key, default in OPTION_DEFAULTS.items() if values[key] != default}
        _refuse(label, _problems({**inputs, **options}, [*_plain_ids(scenario_ids), *scenarios]))
        secrets = _secrets(inputs)
        inputs["judges"] = pulumi.Output.from_input(judges).apply(partial(_resolved, label))
        declared = pulumi.Output.all(**inputs)
        own_inputs: dict[str, Any] = {
            **inputs,
            **options,
            "name": resource_path(resource_name),
            "parents": parents(own_urn(CHECKS_TYPE, resource_name, opts)),
            "config": declared.apply(_digest),
            "declared_at": declared_at,
            "base_url": configured_url(),
            "seen": pulumi.Output.all(agent_id, env, _is_secret(agent_id)).apply(_seen),
            "secrets": secrets,
        }
        own_inputs = {key: value for key, value in own_inputs.items() if value is not None}
        super().__init__(ChecksProvider(), resource_name, {**dict.fromkeys(CHECKS_OUTPUTS), **own_inputs}, opts)
        untrack_properties(self, (*CHECKS_OUTPUTS, *own_inputs))
        self.stored_config: Output[str] = _stored_config(self, declared, secrets) if is_update() else self.config
        """As `config`, for what depends on it: it fails if the API has not stored the checks as they are declared."""
        self.declared_config: Output[dict[str, Any]] = declared
        """The declared config, for the gate, which compares it with what a run ran."""
        self.test_cases: tuple[Output[ScenarioDeclaration], ...] = declarations(scenarios)
        """The declared test cases, for the gate, which compares them with what is there when a run has passed."""
        self.definitions: Output[str] | None = definitions(scenarios)
        """A digest of what decides about the conversations of *scenarios*, on which a check run depends too."""


# The SDK evaluates the annotations of a resource's class for every resource, and finds these evaluated.
AgentChecks.__annotations__ = get_annotations(AgentChecks, eval_str=True, locals={"Output": pulumi.Output})


def _plain_ids(scenario_ids: Any) -> Sequence[Any]:
    return scenario_ids if isinstance(scenario_ids, list | tuple) else ()


class AgentJudge(Resource, module="bland", name="AgentJudge"):
    """A judge as code: created and published with the resource, published again when its definition changes.

    It is found by its name, which no other judge may have. Deleting the resource leaves the judge, unless `on_destroy`
    says otherwise.

    Examples:
        ```python
        from tornado_resource import AgentChecks, AgentJudge

        solved = AgentJudge("solved", name="Solves the problem", prompt="Did the agent solve the caller's problem?")
        AgentChecks(
            "support",
            agent_id="7c1f0a52-0b1e-4c8a-9a55-6f0d6f6f1f01",
            scenario_ids=["5f3c9a10-2b4d-4e6f-8a0b-1c2d3e4f5a6b"],
            judges=[{"id": solved.judge_id, "version": solved.stored_version}],
        )
        ```

    """

    judge_id: Output[str]
    """The API's id; it is the resource's id too."""
    version: Output[str]
    """The id of the published version, as last read."""
    drift: Output[list[str]]
    """The fields that the API shows with other values than the definition, as last read (`pulumi refresh`)."""

    def __init__(  # noqa: PLR0913 - one keyword argument for each field of a judge
        self,
        resource_name: str,
        *,
        prompt: Input[str],
        name: Input[str] | None = None,
        system_prompt: Input[str] | None = None,
        modality: Input[Literal["text", "audio"]] | None = None,
        levels: Input[Sequence[Input[Mapping[str, Any]]]] | None = None,
        target_level_keys: Input[Sequence[Input[str]]] | None = None,
        weight: Input[float] | None = None,
        judge_config: Input[Mapping[str, Any]] | None = None,
        on_conflict: Literal["fail", "adopt"] = "fail",
        on_destroy: Literal["leave", "delete"] = "leave",
        manage: bool = True,
        managed_by: str | None = None,
        declared_at: str | None = None,
        opts: ResourceOptions | None = None,
    ) -> None:
        """Declare a judge.

        The arguments mean what the keys of the same name mean in `sessions.yaml`. A field that is None is left as it
        is, but for the levels: a judge without any says pass or fail.

        Args:
            resource_name: the resource's name.
            prompt: what the judge decides, at most 8,000 characters of Markdown.
            name: the judge's name. Default: the resource's name.
            system_prompt: who the judge is, at most 8,000 characters of Markdown.
            modality: `text` (the default) or `audio`.
            levels: 2 to 5 verdicts, the best or the worst first, each a mapping with `level_key`, `label` and `prompt`.
            target_level_keys: the levels that match; needed with `levels`, refused without.
            weight: the weight in the score of a run, 0 to 100.
            judge_config: `model` and `temperature`. Bland never shows them, so they cannot be verified.
            on_conflict: `fail`, or `adopt` a judge of this name that the stack has not created, or that has a draft.
            on_destroy: `leave` it, or `delete` it if this stack has created it and no checks use it.
            manage: False if another stack manages it: it is read by its name and compared.
            managed_by: the name of that stack, for messages.
            declared_at: the declaration's position, such as `sessions.yaml:14:3`, for messages.
            opts: Pulumi's resource options.

        Raises:
            InvalidArgument: a value breaks a rule; the text lists all problems. Values that are outputs are checked
                when they are known: by the provider, in previews too.

        """
        values = dict(locals())
        exit_on_signals()
        label = f"AgentJudge {resource_name}{f' ({declared_at})' if declared_at else ''}"
        refuse_to_import(label, opts, 'to take over a judge, declare it with its name and pass on_conflict="adopt"')
        fields = {key: values[key] for key in JUDGE_FIELDS if values[key] is not None}
        fields.setdefault("name", resource_name)
        options = {key: values[key] for key in JUDGE_OPTIONS if values[key] != OPTION_DEFAULTS[key]}
        _refuse(label, judge_problems(_plain({**fields, **options})))
        declared: dict[str, Any] = {
            "fields": fields,
            **options,
            "name": resource_path(resource_name),
            "parents": parents(own_urn(JUDGE_TYPE, resource_name, opts)),
            "managed_by": managed_by,
            "declared_at": declared_at,
            "base_url": configured_url(),
            "seen": pulumi.Output.from_input(fields).apply(_seen_judge),
            "secrets": _secrets(fields),
        }
        declared = {key: value for key, value in declared.items() if value is not None}
        super().__init__(JudgeProvider(), resource_name, {**dict.fromkeys(JUDGE_OUTPUTS), **declared}, opts)
        untrack_properties(self, (*JUDGE_OUTPUTS, *declared))
        self.stored_version: Output[str] = _stored_version(self, fields) if is_update() else self.version
        """As `version`, for checks; it fails if the API has not stored the judge as it is declared."""


AgentJudge.__annotations__ = get_annotations(AgentJudge, eval_str=True, locals={"Output": pulumi.Output})


async def _seen_judge(fields: Mapping[str, Any]) -> dict[str, Any] | None:
    """Return the judge of a name, or that there is none, or why that is not known.

    The provider's `check` takes note of it; no state ever has it.
    """
    if is_idle():
        return None
    try:
        seen = await look_for_judge(program_run(), fields)
    except TornadoError as error:
        return {"problem": str(error)}
    return {"judge": asdict(seen)} if seen is not None else {"is_gone": True}


async def look_for_judge(run: ProgramRun, fields: Mapping[str, Any]) -> SeenJudge | None:
    """Return the judge that a definition names, compared with it; None if there is none.

    Raises:
        TornadoError: that could not be determined.

    """
    from tornado_resource.checks.judge_lifecycle import look

    resolved = whole_without_nulls(dict(fields))
    order = JudgeOrder(str(resolved.pop("name")), resolved)
    return await look(order, await run.judges.listed(), run.judges.shown, run.judges.draft)


def _stored_version(judge: AgentJudge, fields: Mapping[str, Any]) -> Output[str]:
    async def require(resolved: Sequence[Any]) -> str:
        version, drift, name = resolved
        if not drift:
            return str(version)
        secrets = frozenset(await secret_names(fields) or ())
        raise InvalidArgument(str(JudgeNotStored(JudgeOrder(str(name), {}, secrets=secrets), drift)))

    return pulumi.Output.all(judge.version, judge.drift, fields["name"]).apply(require)


def _problems(declared: Mapping[str, Any], scenarios: Sequence[Any]) -> dict[str, str]:
    problems, text = checks_problems(_plain(declared)), too_many(len(scenarios))
    if text is not None:
        problems.setdefault("scenarios", text)
    return problems


def _plain(declared: Mapping[str, Any]) -> dict[str, Any]:
    """Return the values that are known already."""
    return {key: value for key, value in declared.items() if is_plain(value)}


def _refuse(label: str, problems: Mapping[str, str]) -> None:
    """Refuse values that are known already, so that the program fails where the mistake is."""
    if problems:
        lines = [f"  {key}: {text}" for key, text in problems.items()]
        raise InvalidArgument("\n".join([f"{label} is invalid:", *lines]))


def _secrets(inputs: Mapping[str, Any]) -> Output[Any] | None:
    """Return the names of the inputs that are secret; None if none can be."""
    if is_plain(inputs):
        return None
    names: Awaitable[Any] = secret_names(inputs)
    return pulumi.Output.from_input(names)


async def _resolved(label: str, judges: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    if is_idle():
        return list(map(with_defaults, judges))
    try:
        return await program_run().judges.resolve(judges)
    except TornadoError as error:
        message = f"{label}: {error}"
        raise InvalidArgument(message) from None


def _digest(declared: Mapping[str, Any]) -> str:
    return config_digest(checks_of(whole_without_nulls(declared)))


async def _is_secret(value: Input[str]) -> bool:
    return await pulumi.Output.from_input(value).is_secret()


async def _seen(place: Sequence[Any]) -> dict[str, Any] | None:
    """Return the checks that are there, or that there are none, or why they could not be read.

    The provider's `check` takes note of it; no state ever has it.
    """
    from tornado_resource.bland.check_runs import read_checks
    from tornado_resource.bland.retrying import retried

    agent_id, env, is_secret = place
    if is_idle():
        return None
    try:
        async with program_run().client.open() as client:
            stored = await retried(lambda: read_checks(client, agent_id, env))
    except TornadoError as error:
        return {"problem": without_secret(str(error), agent_id if is_secret else None)}
    return {"checks": outputs_of(stored, stored)} if stored is not None else {"is_gone": True}


def _stored_config(checks: AgentChecks, declared: Output[dict[str, Any]], secrets: Output[Any] | None) -> Output[str]:
    outputs = pulumi.Output.all(**{key: vars(checks)[key] for key in (*CHECK_CONFIG_FIELDS, "enabled")})

    def require(resolved: Sequence[Any]) -> str:
        config, drift, wanted, stored, names = resolved
        if not drift:
            return str(config)
        checks = checks_of(whole_without_nulls(wanted))
        order = ChecksOrder(wanted["agent_id"], wanted["env"], checks, secrets=frozenset(names or ()))
        raise InvalidArgument(str(ChecksNotStored(order, checks_of(stored))))

    return pulumi.Output.all(checks.config, checks.drift, declared, outputs, secrets).apply(require)
