"""Stacks as Pulumi has recorded them: `pulumi stack export` and `pulumi config`, parsed into values."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from tornado_resource.core.canonical import text_or_none, whole_without_nulls
from tornado_resource.core.text import clean
from tornado_resource.core.urns import RELEASE_TYPE, STACK_TYPE, name_of, project_of, type_of
from tornado_resource.errors import ConfigurationError
from tornado_resource.runs.kinds import kind_of_type, kinds
from tornado_resource.stacks.backend import lock_owner
from tornado_resource.stacks.fields import Fields, damaged, decrypted, is_encrypted
from tornado_resource.stacks.pulumi_cli import pulumi_json
from tornado_resource.stacks.recorded import RELEASE_TYPES, Recorded, Resource, is_ours, read_state
from tornado_resource.stacks.recorded_promotion import from_output
from tornado_resource.stacks.recorded_verdicts import carried_results

if TYPE_CHECKING:
    from collections.abc import Container, Iterator, Mapping

    from tornado_resource.runs.model import Result
    from tornado_resource.stacks.recorded import RecordedRun
    from tornado_resource.stacks.recorded_promotion import Promotion
    from tornado_resource.stacks.recorded_scenarios import StoredScenario

_UNUSED: Final = frozenset({"triggers", "definitions", "checks"})
"""What is recorded only for comparing it in the next update."""


@dataclass(frozen=True, slots=True)
class Stack:
    """What Pulumi has recorded of a stack: its config (secrets in clear), runs and outputs.

    *runs* have those whose start was interrupted too. *settled* are the names of the runs that a later update has
    recorded: Pulumi keeps a pending operation of both. *locked_by* says who holds the lock, if anyone.
    *carried* has what passed in another stack and counts here, with nothing started (`retest: false`).
    *recorded* has all of it by URN, and every release.
    *has_plain_key*: whether `bland:apiKey` is in the config, and not encrypted. *project*: empty if it is unknown.
    """

    name: str
    config: Mapping[str, str]
    runs: tuple[RecordedRun, ...] = ()
    environment: str | None = None
    promotion: Promotion | None = None
    locked_by: str | None = None
    has_plain_key: bool = False
    releases: tuple[Resource, ...] = ()
    project: str = ""
    settled: tuple[str, ...] = ()
    scenarios: tuple[StoredScenario, ...] = ()
    carried: tuple[Result, ...] = ()
    recorded: Recorded = field(default_factory=Recorded)

    @property
    def pending(self) -> tuple[str, ...]:
        """The names of the runs whose start was interrupted."""
        return tuple(run.name for run in self.runs if run.resource.is_interrupted)

    def __repr__(self) -> str:
        # The default would show the config, and with it the API key.
        return f"Stack({self.name!r})"


def stack_names() -> list[str]:
    """Return the stacks of the project in this folder.

    Raises:
        ConfigurationError: Pulumi cannot list them.

    """
    return [stack.text("name") for stack in _stacks()]


def selected_stack() -> str:
    """Return the name of the stack that is selected in this folder.

    Raises:
        ConfigurationError: none is selected, or Pulumi cannot list the stacks.

    """
    name = next((stack.text("name") for stack in _stacks() if stack.flag("current")), None)
    if name is None:
        message = "no stack is selected: name one with --stack, or run `pulumi stack select`"
        raise ConfigurationError(message)
    return name


def _stacks() -> list[Fields]:
    return list(Fields("list", "", {"stacks": pulumi_json("stack", "ls")}).objects("stacks"))


def read_export(name: str, *, shows_secrets: bool = False) -> Fields:
    """Return the state of one stack of the project in this folder, as `pulumi stack export` prints it.

    Args:
        name: the stack.
        shows_secrets: whether Pulumi decrypts the secrets, which then are as any other value.

    Raises:
        ConfigurationError: Pulumi cannot read it, or a secret is damaged.

    """
    options = ["--show-secrets"] if shows_secrets else []
    state = pulumi_json("stack", "export", "--stack", name, *options)
    try:
        return Fields(name, "", {"state": decrypted(state) if shows_secrets else state}).object("state")
    except (ValueError, RecursionError):
        raise damaged(name, "a secret cannot be read") from None


def configured_urls(name: str) -> list[str]:
    """Return the base URL of a stack's config; an empty list if it has none.

    Raises:
        ConfigurationError: Pulumi cannot read the config.

    """
    value = _read_config(name).object("bland:baseUrl").values.get("value")
    return [value] if isinstance(value, str) else []


def _read_config(name: str) -> Fields:
    return Fields(name, "", {"config": pulumi_json("config", "--show-secrets", "--stack", name)}).object("config")


def read_stack(name: str) -> Stack:
    """Read one stack of the project in this folder.

    Raises:
        ConfigurationError: Pulumi cannot read it, or its state is damaged.

    """
    # A stack that was never updated has no deployment, and lists are null rather than empty.
    deployment, secrets = _read_deployment(name)
    config = _read_config(name)
    cut_off = _interrupted_creations(deployment)
    try:
        recorded = read_state(_resources(deployment, cut_off, secrets))
    except RecursionError:
        raise damaged(name, "nested too deeply") from None
    entries = {key: config.object(key) for key in config.values}
    key = entries.get("bland:apiKey")
    return Stack(
        name=name,
        config={
            key: entry.values["value"] for key, entry in entries.items() if isinstance(entry.values.get("value"), str)
        },
        runs=tuple(recorded.runs.values()),
        releases=tuple(recorded.published),
        scenarios=recorded.scenarios,
        carried=tuple(carried_results(recorded.outputs)),
        environment=text_or_none(recorded.outputs.get("environment")),
        promotion=from_output(recorded.outputs.get("promotion")),
        settled=tuple(recorded.runs[urn].name for urn in cut_off if not recorded.runs[urn].resource.is_interrupted),
        locked_by=lock_owner(name),
        recorded=recorded,
        has_plain_key=key is not None and not key.flag("secret"),
        project=next((project_of(resource.text("urn")) for resource in deployment.objects("resources")), ""),
    )


def read_recorded(name: str) -> Recorded:
    """Return what the state of any stack has; *name* can be `organization/project/stack`.

    Raises:
        ConfigurationError: Pulumi cannot read it, or its state is damaged.

    """
    deployment, secrets = _read_deployment(name)
    try:
        return read_state(_resources(deployment, {}, secrets))
    except RecursionError:
        raise damaged(name, "nested too deeply") from None


def _read_deployment(name: str) -> tuple[Fields, frozenset[str]]:
    """Return the deployment of a stack, with what is needed in clear, and the URNs of the resources with a secret."""
    deployment = read_export(name).object("deployment")
    secrets = frozenset(resource.text("urn") for resource in _own_resources(deployment) if _is_secret(resource))
    if secrets:
        deployment = read_export(name, shows_secrets=True).object("deployment")
    return deployment, secrets


def _own_resources(deployment: Fields) -> Iterator[Fields]:
    """Yield the resources of this package, those whose creation was interrupted included."""
    pending = (operation.object("resource") for operation in deployment.objects("pending_operations"))
    for resource in (*deployment.objects("resources"), *pending):
        own_type = resource.text("type")
        if is_ours(own_type) and own_type != STACK_TYPE:
            yield resource


def _is_secret(resource: Fields) -> bool:
    """Return whether a value of a resource is encrypted that is needed here, or could be shown."""
    inputs, outputs = resource.object("inputs").values, dict(resource.object("outputs").values)
    declared = outputs.get("declared")
    if isinstance(declared, dict):
        outputs["declared"] = {key: value for key, value in declared.items() if key not in _UNUSED}
    needed = {key: value for key, value in outputs.items() if key not in _UNUSED}
    places = [inputs.get(key) for kind in kinds() for key in kind.place_outputs]
    return is_encrypted([needed, *places])


def _interrupted_creations(deployment: Fields) -> dict[str, Fields]:
    """Return the runs that an update was creating when it was cut off, by URN; each interruption adds a row."""
    operations = [
        (pending.text("type"), pending.object("resource")) for pending in deployment.objects("pending_operations")
    ]
    return {
        _urn(resource): resource
        for operation, resource in operations
        if operation == "creating" and kind_of_type(resource.text("type")) is not None
    }


def _resources(deployment: Fields, cut_off: Mapping[str, Fields], secrets: Container[str]) -> Iterator[Resource]:
    """Yield the resources that exist, and after them the runs whose first start was interrupted.

    The engine keeps a replaced resource as `delete: true` until it has deleted it; then the URN is there twice.
    """
    existing = set()
    for resource in deployment.objects("resources"):
        is_created = bool(resource.text_or_none("id")) or kind_of_type(resource.text("type")) is None
        if not is_ours(resource.text("type")) or not is_created or resource.flag("delete"):
            continue
        urn = _urn(resource)
        existing.add(urn)
        _require_sound(resource, is_secret=urn in secrets)
        # An interrupted creation beside a recorded run is an earlier one, unless the recorded one is to be replaced.
        is_replaced = resource.flag("pendingReplacement")
        yield Resource(
            urn,
            resource.object("outputs").values,
            resource.object("inputs").values,
            resource.text_or_none("id") or "",
            is_secret=urn in secrets,
            is_replaced=is_replaced,
            is_interrupted=is_replaced and urn in cut_off,
        )
    for urn, resource in cut_off.items():
        if urn not in existing:
            inputs = resource.object("inputs").values
            yield Resource(urn, {}, inputs, is_secret=urn in secrets, is_interrupted=True)


def _urn(resource: Fields) -> str:
    urn = resource.text("urn")
    return urn if type_of(urn) == resource.text("type") else resource.refuse("urn", "the URN of its type")


def _require_sound_release(outputs: Fields, own_type: str) -> None:
    outputs.text("pathway_id" if own_type == RELEASE_TYPE else "agent_id")
    for key in ("environment", "content", "version_id"):
        outputs.text_or_none(key)


def _require_sound(resource: Fields, *, is_secret: bool) -> None:
    """Refuse a damaged run or release: a command that leaves it out could be green without it.

    What a run was declared with is checked by the rules of `sessions.yaml`. Messages do not quote it if *is_secret*.
    """
    outputs, inputs, own_type = resource.object("outputs"), resource.object("inputs"), resource.text("type")
    if own_type in RELEASE_TYPES:
        _require_sound_release(outputs, own_type)
    kind = kind_of_type(own_type)
    if kind is None:
        return
    declared = outputs.object("declared")
    for key in kind.place_outputs:
        outputs.text(key)
        declared.text(key)
    values = {key: value for key, value in declared.values.items() if key not in _UNUSED or not is_encrypted(value)}
    try:
        problems = kind.problems(clean(name_of(resource.text("urn"))), whole_without_nulls(values))
    except RecursionError:
        problems = {"declared": "nested too deeply"}
    if problems:
        key, text = next(iter(problems.items()))
        raise damaged(resource.stack, f"{declared.path}: {key}: {'a secret breaks a rule' if is_secret else text}")
    outputs.text_or_none("created_at")
    outputs.whole_or_none("timeout_ms")
    inputs.text_or_none("declared_at")
    inputs.text_or_none("source")
