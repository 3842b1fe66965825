"""The Pulumi resources, for any Pulumi program."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

import pulumi
from pulumi.dynamic import Resource

from tornado_resource.provider import ReleaseProvider, TornadoProvider
from tornado_resource.sessions.intents import IntentStore, intents_folder
from tornado_resource.stacks.backend import resource_address

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from pulumi import Input, Output, ResourceOptions

LOCAL = "organization"
"""The name that backends without organizations give theirs."""
OUTPUTS = ("session_id", "created_at", "status", "pathway_id", "max_iterations", "timeout_ms", "adopted")


class TornadoSession(Resource, module="bland", name="TornadoSession"):
    """One tornado session: started when the resource is created, cancelled when it is deleted.

    Creating it returns as soon as the API has answered the start call; `wait_for` waits for the end.
    """

    session_id: Output[str]
    """The API's id, byte for byte."""
    created_at: Output[str | None]
    """When the API created the session, byte for byte; None for a finished session that was adopted."""
    status: Output[str]
    """The status as last read: at the start, or by `pulumi refresh`."""
    pathway_id: Output[str]
    max_iterations: Output[int | None]
    timeout_ms: Output[int | None]
    adopted: Output[bool]
    """Whether an existing session was taken over rather than started."""
    declared: Output[dict[str, Any]]

    def __init__(  # noqa: PLR0913 - the keys of a declaration, all by name
        self,
        name: str,
        *,
        pathway_id: Input[str],
        persona_id: Input[str] | None = None,
        scenario_ids: Input[Sequence[Input[str]]] | None = None,
        version_number: Input[int] | None = None,
        max_iterations: Input[int] | None = None,
        timeout_ms: Input[int] | None = None,
        gate: Input[Mapping[str, Any] | str] | None = None,
        on_conflict: Input[str] | None = None,
        on_destroy: Input[str] | None = None,
        rerun: Input[str] | None = None,
        triggers: Input[Mapping[str, Any]] | None = None,
        adopt: Input[str] | None = None,
        declared_at: str | None = None,
        opts: ResourceOptions | None = None,
    ) -> None:
        """Declare a session.

        The request fields and the other keys mean what they mean in `sessions.yaml`; one that is None is not sent.

        Args:
            name: the resource's name, `[a-z][a-z0-9-]{0,62}`.
            pathway_id: the pathway to test and fix.
            persona_id: the persona to test with.
            scenario_ids: 1 to 50 scenarios; None for every enabled one.
            version_number: the pathway version to start from.
            max_iterations: the most fix iterations.
            timeout_ms: the session's time limit in milliseconds.
            gate: decides, with *rerun*, whether an unchanged declaration runs again.
            on_conflict: `fail`, `adopt`, `wait` or `supersede`.
            on_destroy: `cancel` or `leave`.
            rerun: `on_failure`, `on_change` or `always`.
            triggers: values whose change runs the session again.
            adopt: the id of an existing session to take over instead of starting one.
            declared_at: where the session is declared, such as `sessions.yaml:14:3`, for messages.
            opts: Pulumi's resource options.

        """
        path = _resource_path(name)
        inputs = {
            "name": path,
            "pathway_id": pathway_id,
            "persona_id": persona_id,
            "scenario_ids": scenario_ids,
            "version_number": version_number,
            "max_iterations": max_iterations,
            "timeout_ms": timeout_ms,
            "gate": gate,
            "on_conflict": on_conflict,
            "on_destroy": on_destroy,
            "rerun": rerun,
            "triggers": triggers,
            "adopt": adopt,
            "declared_at": declared_at,
        }
        given = {key: value for key, value in inputs.items() if value is not None}
        awaited = dict.fromkeys((*OUTPUTS, "declared"))
        super().__init__(TornadoProvider(), name, {**awaited, **given}, opts)
        if not pulumi.runtime.is_dry_run():
            self.session_id.apply(lambda session_id: _settle(path, session_id))


class PathwayRelease(Resource, module="bland", name="PathwayRelease"):
    """A pathway version that is published to a Bland environment; deleting the resource leaves it published."""

    pathway_id: Output[str]
    environment: Output[str]
    version: Output[int]
    sessions: Output[list[str] | None]

    def __init__(  # noqa: PLR0913 - the parts of a release, all by name
        self,
        name: str,
        *,
        pathway_id: Input[str],
        verdict: Input[Mapping[str, Any]] | None = None,
        version: Input[int] | None = None,
        environment: Input[str] = "production",
        sessions: Input[Sequence[Input[str]]] | None = None,
        declared_at: str | None = None,
        opts: ResourceOptions | None = None,
    ) -> None:
        """Declare a release.

        Args:
            name: the resource's name.
            pathway_id: the pathway.
            verdict: what `wait_for` gives: the version that it speaks for is published if it is `passed`, and if not,
                the program fails and nothing is published.
            version: instead of a verdict, the version to publish, whatever any session says of it.
            environment: `production` or `staging`.
            sessions: the ids of the sessions that passed on it. As long as they are the same, a version that a preview
                cannot know is taken to be the same too.
            declared_at: where it is declared, such as `sessions.yaml:14:3`, for messages.
            opts: Pulumi's resource options.

        Raises:
            TypeError: neither or both of *verdict* and *version* are given.

        """
        if (verdict is None) == (version is None):
            message = "PathwayRelease takes a verdict, or a version"
            raise TypeError(message)
        if verdict is not None:
            passed = pulumi.Output.from_input(verdict)
            version = passed.apply(lambda known: _version_of_pass(name, known))
            sessions = sessions if sessions is not None else [passed.apply(lambda known: str(known.get("session_id")))]
        inputs = {
            "pathway_id": pathway_id,
            "environment": environment,
            "version": version,
            "sessions": sessions,
            "declared_at": declared_at,
        }
        given = {key: value for key, value in inputs.items() if value is not None}
        super().__init__(ReleaseProvider(), name, {"version": None, "sessions": None, **given}, opts)


def _version_of_pass(name: str, verdict: Mapping[str, Any]) -> int:
    if verdict.get("outcome") != "passed":
        said = f"{verdict.get('outcome')}: {verdict.get('reason')}"
        message = f"release {name}: nothing is published, the verdict is {said}"
        raise pulumi.RunError(message)
    if verdict.get("version") is None:
        message = f"release {name}: nothing is published, it passed and no version is known"
        raise pulumi.RunError(message)
    return int(verdict["version"])


def _resource_path(name: str) -> str:
    """Say where a resource is: `create` is told neither stack nor name."""
    organization = pulumi.get_organization()
    parts = [pulumi.get_stack(), name] if organization == LOCAL else [organization, pulumi.get_stack(), name]
    return "/".join(parts)


def _settle(path: str, session_id: str) -> None:
    """Forget the intent: the engine writes its checkpoint before a program learns the id."""
    address = resource_address(path, pulumi.get_project(), os.environ)
    IntentStore(intents_folder(os.environ)).settle(address, session_id)
