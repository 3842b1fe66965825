"""Stacks as Pulumi has recorded them: `pulumi stack export` and `pulumi config`, parsed into values."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Final

from tornado_resource.bland.content import Digests, is_digest
from tornado_resource.core.canonical import whole_without_nulls
from tornado_resource.core.positions import Position
from tornado_resource.core.text import clean
from tornado_resource.core.urns import RELEASE_TYPE, SCENARIO_TYPE, SESSION_TYPE, STACK_TYPE, project_of, unique_names
from tornado_resource.declarations.model import Gate, request_from
from tornado_resource.declarations.values import session_problems
from tornado_resource.errors import ConfigurationError
from tornado_resource.runs.model import HIDDEN, GatedRun
from tornado_resource.runs.order import Run
from tornado_resource.stacks.backend import lock_owner
from tornado_resource.stacks.fields import Fields, damaged, decrypted, is_encrypted
from tornado_resource.stacks.promotion import from_output, text_or_none
from tornado_resource.stacks.pulumi_cli import pulumi_json
from tornado_resource.stacks.recorded import (
    judged_versions,
    recorded_doubts,
    recorded_shown,
    run_by,
    started_content,
    stored_scenario,
)

if TYPE_CHECKING:
    from collections.abc import Container, Iterator, Mapping

    from tornado_resource.stacks.promotion import Promotion
    from tornado_resource.stacks.recorded import JudgedVersion, StoredScenario

_UNUSED: Final = frozenset({"triggers", "definitions"})
"""What is recorded only for comparing it in the next update."""
MAX_CHARACTERS: Final = 1000


@dataclass(frozen=True, slots=True)
class StackSession:
    """A session in a stack's state. *gated* has its gate; None for `gate: none`.

    *is_replaced*: it was deleted for a replacement that is not recorded. *tested*: the version of its final verdict.
    *is_interrupted*: an update was cut off while it started the session (it has no id then) or its replacement.
    *name*: with the types of its parents where two sessions of the stack share one.
    """

    name: str
    session_id: str
    pathway_id: str
    gated: GatedRun | None
    is_replaced: bool
    tested: JudgedVersion | None = None
    is_interrupted: bool = False
    is_secret: bool = False

    @property
    def shown_pathway(self) -> str:
        """The id of the pathway for people."""
        return HIDDEN if self.is_secret else self.pathway_id

    @property
    def run(self) -> Run:
        """The run at the API."""
        return Run(self.session_id, {"pathway_id": self.pathway_id})

    @property
    def resource(self) -> str:
        """The name of its resource, which has no spaces."""
        return self.name.partition(" ")[0]

    @property
    def is_started(self) -> bool:
        """Whether it is known that the session exists."""
        return not self.is_replaced and not self.is_interrupted


@dataclass(frozen=True, slots=True)
class StackRelease:
    """A release to production in a stack's state, and the digest of what was published."""

    name: str
    pathway_id: str
    content: str
    is_secret: bool = False

    @property
    def shown_pathway(self) -> str:
        """The id of the pathway for people."""
        return HIDDEN if self.is_secret else self.pathway_id


@dataclass(frozen=True, slots=True)
class Stack:
    """What Pulumi has recorded of a stack: its config (secrets in clear), sessions and outputs.

    *pending* are the names of the sessions whose start was interrupted, *settled* of those that a later update has
    recorded: Pulumi keeps a pending operation of both. *locked_by* says who holds the lock, if anyone.
    *has_plain_key*: whether `bland:apiKey` is in the config, and not encrypted. *project*: empty if it is unknown.
    """

    name: str
    config: Mapping[str, str]
    sessions: tuple[StackSession, ...]
    environment: str | None
    promotion: Promotion | None
    pending: tuple[str, ...]
    locked_by: str | None
    has_plain_key: bool = False
    releases: tuple[StackRelease, ...] = ()
    project: str = ""
    settled: tuple[str, ...] = ()
    scenarios: tuple[StoredScenario, ...] = ()

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
    resources = list(deployment.objects("resources"))
    outputs = _stack_outputs(resources)
    tested = judged_versions(outputs, _started_on_live(resources))
    known = _Known(tested, recorded_doubts(outputs), tuple(_scenarios(resources)), secrets, recorded_shown(outputs))
    cut_off = _interrupted_creations(deployment)
    sessions = _sessions(resources, known, cut_off)
    entries = {key: config.object(key) for key in config.values}
    key = entries.get("bland:apiKey")
    return Stack(
        name=name,
        config={
            key: entry.values["value"] for key, entry in entries.items() if isinstance(entry.values.get("value"), str)
        },
        sessions=tuple(sessions.values()),
        releases=tuple(_releases(resources, secrets)),
        scenarios=known.scenarios,
        environment=text_or_none(outputs.get("environment")),
        promotion=from_output(outputs.get("promotion")),
        pending=tuple(sessions[urn].name for urn in cut_off if sessions[urn].is_interrupted),
        settled=tuple(sessions[urn].name for urn in cut_off if not sessions[urn].is_interrupted),
        locked_by=lock_owner(name),
        has_plain_key=key is not None and not key.flag("secret"),
        project=next((project_of(resource.text("urn")) for resource in resources), ""),
    )


def _read_deployment(name: str) -> tuple[Fields, frozenset[str]]:
    """Return the deployment of a stack, with what is needed in clear, and the URNs of the resources with a secret."""
    deployment = read_export(name).object("deployment")
    secrets = frozenset(each.text("urn") for each in _own_resources(deployment) if _is_secret(each))
    if secrets:
        deployment = read_export(name, shows_secrets=True).object("deployment")
    return deployment, secrets


def _own_resources(deployment: Fields) -> Iterator[Fields]:
    """Yield the resources of this package, those whose creation was interrupted included."""
    pending = (operation.object("resource") for operation in deployment.objects("pending_operations"))
    for resource in (*deployment.objects("resources"), *pending):
        if resource.text("type") in {SESSION_TYPE, SCENARIO_TYPE, RELEASE_TYPE}:
            yield resource


def _is_secret(resource: Fields) -> bool:
    """Return whether a value of a resource is encrypted that is needed here, or could be shown."""
    inputs, outputs = resource.object("inputs").values, dict(resource.object("outputs").values)
    declared = outputs.get("declared")
    if isinstance(declared, dict):
        outputs["declared"] = {key: value for key, value in declared.items() if key not in _UNUSED}
    needed = {key: value for key, value in outputs.items() if key not in _UNUSED}
    return is_encrypted([needed, inputs.get("pathway_id")])


def _stack_outputs(resources: list[Fields]) -> Mapping[str, Any]:
    outputs = (resource.object("outputs").values for resource in resources if resource.text("type") == STACK_TYPE)
    return next(outputs, {})


def _is_session(resource: Fields) -> bool:
    """Return whether a resource is a session that exists: it has an id, and its replacement has not taken its name.

    The engine keeps a replaced resource as `delete: true` until it has deleted it; then the name is there twice.
    """
    is_created = resource.text("type") == SESSION_TYPE and bool(resource.text_or_none("id"))
    return is_created and not resource.flag("delete")


def _interrupted_creations(deployment: Fields) -> dict[str, Fields]:
    """Return the sessions that an update was creating when it was cut off, by URN; each interruption adds a row."""
    operations = [(each.text("type"), each.object("resource")) for each in deployment.objects("pending_operations")]
    return {
        resource.text("urn"): resource
        for kind, resource in operations
        if kind == "creating" and resource.text("type") == SESSION_TYPE
    }


def _interrupted(resource: Fields, *, is_secret: bool) -> StackSession:
    """Return a session that was being created, and of which the state has only the inputs."""
    name, inputs = _name(resource), resource.object("inputs").values
    position = Position.parse(text_or_none(inputs.get("declared_at")))
    urn = clean(resource.text("urn"), MAX_CHARACTERS)
    gated = GatedRun(name, "", Gate(), {}, position=position, urn=urn, is_pathway_secret=is_secret)
    pathway_id = text_or_none(inputs.get("pathway_id")) or ""
    return StackSession(
        name,
        "",
        pathway_id,
        gated if inputs.get("gate") != "none" else None,
        is_replaced=False,
        is_interrupted=True,
        is_secret=is_secret,
    )


def _releases(resources: list[Fields], secrets: Container[str]) -> Iterator[StackRelease]:
    """Yield the releases to production whose content is known: only those can be compared with what is live."""
    for resource in resources:
        outputs = resource.object("outputs")
        if resource.text("type") == RELEASE_TYPE and outputs.text_or_none("environment") == "production":
            content = outputs.text_or_none("content")
            if content is not None and is_digest(content) and not resource.flag("delete"):
                is_secret = resource.text("urn") in secrets
                yield StackRelease(_name(resource), outputs.text("pathway_id"), content, is_secret)


def _scenarios(resources: list[Fields]) -> Iterator[StoredScenario]:
    for resource in resources:
        if resource.text("type") == SCENARIO_TYPE and not resource.flag("delete"):
            found = stored_scenario(_name(resource), resource.object("outputs").values)
            if found is not None:
                yield found


@dataclass(frozen=True, slots=True)
class _Known:
    """What a state has beside its sessions: versions and doubts of verdicts by session id, and the scenarios.

    *secrets*: the URNs of the resources that have a secret. *shown*: the ids of the sessions to which the API has shown
    a content.
    """

    tested: Mapping[str, JudgedVersion]
    doubts: Mapping[str, str]
    scenarios: tuple[StoredScenario, ...]
    secrets: frozenset[str]
    shown: frozenset[str]


def _sessions(resources: list[Fields], known: _Known, cut_off: Mapping[str, Fields]) -> dict[str, StackSession]:
    """Return the recorded sessions by URN, and after them those whose first start was interrupted."""
    recorded = {
        resource.text("urn"): _session(resource, known, cut_off) for resource in resources if _is_session(resource)
    }
    found = recorded | {
        urn: _interrupted(resource, is_secret=urn in known.secrets)
        for urn, resource in cut_off.items()
        if urn not in recorded
    }
    names = unique_names(found)
    return {urn: _named(session, clean(names[urn])) for urn, session in found.items()}


def _named(session: StackSession, name: str) -> StackSession:
    gated = replace(session.gated, name=name) if session.gated is not None else None
    return replace(session, name=name, gated=gated)


def _started_on_live(resources: list[Fields]) -> dict[str, str]:
    """Return, by their ids, the digests of the live versions that sessions without a declared one were started on."""
    found = {}
    for resource in filter(_is_session, resources):
        outputs = resource.object("outputs")
        content = started_content(outputs.values)
        if content is not None and "version_number" not in outputs.object("declared").values:
            found[resource.text("id")] = content
    return found


def _session(resource: Fields, known: _Known, cut_off: Container[str]) -> StackSession:
    # An interrupted creation beside a recorded session is an earlier one, unless the recorded one is to be replaced.
    is_replaced = resource.flag("pendingReplacement")
    return StackSession(
        name=_name(resource),
        session_id=resource.text("id"),
        pathway_id=resource.object("outputs").text("pathway_id"),
        gated=_gated(resource, known),
        tested=known.tested.get(resource.text("id")),
        is_replaced=is_replaced,
        is_interrupted=is_replaced and resource.text("urn") in cut_off,
        is_secret=resource.text("urn") in known.secrets,
    )


def _gated(resource: Fields, known: _Known) -> GatedRun | None:
    outputs, inputs = resource.object("outputs"), resource.object("inputs")
    is_secret = resource.text("urn") in known.secrets
    declared, session_id = _declared(resource, is_secret=is_secret), resource.text("id")
    gate = Gate.of(declared.get("gate"))
    if gate is None:
        return None
    version = known.tested.get(session_id)
    return GatedRun(
        name=_name(resource),
        run_id=session_id,
        gate=gate,
        request=request_from(declared),
        scenarios=run_by(declared, known.scenarios),
        doubt=known.doubts.get(session_id),
        created_at=outputs.text_or_none("created_at"),
        timeout_ms=outputs.whole_or_none("timeout_ms"),
        # States that were written before `declared_at` have `source`.
        position=Position.parse(inputs.text_or_none("declared_at") or inputs.text_or_none("source")),
        adopted=outputs.values.get("adopted") is True,
        started_content=started_content(outputs.values),
        content=Digests.of(version.content) if version is not None else None,
        was_shown=session_id in known.shown,
        urn=clean(resource.text("urn"), MAX_CHARACTERS),
        is_pathway_secret=is_secret,
    )


def _declared(resource: Fields, *, is_secret: bool) -> Mapping[str, Any]:
    """Return what a session was declared with, checked by the rules of `sessions.yaml`.

    Messages do not quote it if *is_secret*.
    """
    declared = resource.object("outputs").object("declared")
    declared.text("pathway_id")
    values = {key: value for key, value in declared.values.items() if key not in _UNUSED or not is_encrypted(value)}
    try:
        problems = session_problems(_name(resource), whole_without_nulls(values))
    except RecursionError:
        problems = {"declared": "nested too deeply"}
    if problems:
        key, text = next(iter(problems.items()))
        raise damaged(resource.stack, f"{declared.path}: {key}: {'a secret breaks a rule' if is_secret else text}")
    return values


def _name(resource: Fields) -> str:
    return clean(resource.text("urn").rpartition("::")[2])
