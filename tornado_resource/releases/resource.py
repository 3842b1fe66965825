"""The Pulumi resources of releases."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any, overload

import pulumi
from pulumi.dynamic import Resource
from pulumi.runtime import is_dry_run

from tornado_resource.bland.content import LIVE
from tornado_resource.core.text import clean
from tornado_resource.declarations.model import Gate
from tornado_resource.declarations.releases import PASSED_ON_LIVE, PATCHED
from tornado_resource.program.arguments import is_plain, refuse_to_import, secret_names
from tornado_resource.program.config import configured_url
from tornado_resource.program.purpose import is_idle, is_update
from tornado_resource.program.sdk import exit_on_signals, is_mocked, outputs_registered, untrack_properties
from tornado_resource.releases.provider import MAX_PROBLEM_CHARACTERS, AgentReleaseProvider, ReleaseProvider

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from pulumi import Input, Output, ResourceOptions

    from tornado_resource.declarations.model import Publish
    from tornado_resource.program.mappings import Verdict


class PathwayRelease(Resource, module="bland", name="PathwayRelease"):
    """A pathway version that is published to a Bland environment; deleting the resource leaves it published.

    Before it is published, the version must still have the content that passed. After it is published to production,
    the live pathway must have that content.

    Examples:
        ```python
        from tornado_resource import PathwayRelease, TornadoSession, wait_for

        PATHWAY = "c3d4e5f6-789a-bcde-f012-34567890abcd"

        session = TornadoSession("support-line", pathway_id=PATHWAY, version_number=3)
        PathwayRelease("support-line", pathway_id=PATHWAY, verdict=wait_for(session), environment="staging")
        ```

    """

    pathway_id: Output[str]
    environment: Output[str]
    version: Output[int]
    sessions: Output[list[str] | None]
    content: Output[str | None]
    """The digest of the content that was published; None if the API does not show it."""
    live: Output[str | None]
    """The digest of what is published there, as read afterwards, or as `pulumi refresh` has read the live pathway."""
    unproved: Output[str | None]
    """Why it is not proved that the version is published; None if it is, or if the API does not show it."""

    @overload
    def __init__(
        self,
        name: str,
        *,
        pathway_id: Input[str],
        verdict: Input[Verdict] | Input[Mapping[str, Any]],
        environment: Input[Publish] = "production",
        sessions: Input[Sequence[Input[str]]] | None = None,
        declared_at: str | None = None,
        opts: ResourceOptions | None = None,
    ) -> None: ...

    @overload
    def __init__(
        self,
        name: str,
        *,
        pathway_id: Input[str],
        version: Input[int],
        environment: Input[Publish] = "production",
        sessions: Input[Sequence[Input[str]]] | None = None,
        content: Input[str] | None = None,
        passed_at: Input[str] | None = None,
        rollback: Mapping[str, Any] | None = None,
        declared_at: str | None = None,
        opts: ResourceOptions | None = None,
    ) -> None: ...

    def __init__(  # noqa: PLR0913 - one keyword argument for each part of a release
        self,
        name: str,
        *,
        pathway_id: Input[str],
        verdict: Input[Verdict] | Input[Mapping[str, Any]] | None = None,
        version: Input[int] | None = None,
        environment: Input[Publish] = "production",
        sessions: Input[Sequence[Input[str]]] | None = None,
        content: Input[str] | None = None,
        passed_at: Input[str] | None = None,
        rollback: Mapping[str, Any] | None = None,
        declared_at: str | None = None,
        opts: ResourceOptions | None = None,
    ) -> None:
        """Declare a release. The program fails if it cannot be proved that the version is published.

        Args:
            name: the resource's name.
            pathway_id: the pathway.
            verdict: what `wait_for` returns. If it is `passed`, its version is published; if not, the program fails and
                nothing is published.
            version: the number of the version to publish, instead of a verdict: no session has to pass.
            environment: Bland's environment, `production` (the default) or `staging`.
            sessions: the ids of the sessions that passed on the version. While they stay the same, a preview takes a
                version that is not known yet as unchanged.
            content: the digest of the content that must be published; with a verdict, its own.
            passed_at: when that content passed, for messages.
            rollback: why the stack goes back to the version, such as `{"reason": "INC-7"}`. It is recorded.
            declared_at: the declaration's position, such as `sessions.yaml:14:3`, for messages.
            opts: Pulumi's resource options.

        Raises:
            TypeError: neither or both of *verdict* and *version* are given.

        """
        exit_on_signals()
        _refuse(f"PathwayRelease {name}", opts, is_one=(verdict is None) != (version is None))
        if verdict is not None:
            passed: Output[Any] = pulumi.Output.from_input(verdict)
            version = passed.apply(partial(_version_of_pass, name))
            sessions = sessions if sessions is not None else _runs_of(passed)
            content, passed_at = (passed.apply(partial(_entry, key)) for key in ("content", "finished_at"))
        inputs = {
            "pathway_id": pathway_id,
            "environment": environment,
            "version": version,
            "sessions": sessions,
            "content": content,
            "passed_at": passed_at,
            "rollback": rollback,
            "declared_at": declared_at,
        }
        awaited = dict.fromkeys(("version", "sessions", "content", "live", "unproved"))
        present = _given(inputs, "pathway_id")
        super().__init__(ReleaseProvider(), name, {**awaited, **present}, opts)
        self.unproved.apply(partial(_refuse_unproved, name))
        untrack_properties(self, (*awaited, *present))


class AgentRelease(Resource, module="bland", name="AgentRelease"):
    """A version of an agent that a Bland environment pins; deleting the resource leaves it pinned.

    A release to staging publishes the version, and one to production promotes it, which lets staging pin it too. After
    that, the environment must pin the version. A promotion that the checks of staging block is never forced.

    Examples:
        ```python
        from tornado_resource import AgentRelease

        AgentRelease(
            "support",
            agent_id="7c1f0a52-0b1e-4c8a-9a55-6f0d6f6f1f01",
            version_id="ef61f54f-8a36-5f04-a522-eb409e8cde2a",
            environment="staging",
        )
        ```

    """

    agent_id: Output[str]
    environment: Output[str]
    version_id: Output[str]
    runs: Output[list[str] | None]
    semver: Output[str | None]
    """The version's semver, which it has once it is published; None if the API does not show it."""
    live: Output[str | None]
    """The id of the version that the environment pins, as read afterwards, or by `pulumi refresh`."""
    unproved: Output[str | None]
    """Why it is not proved that the environment pins the version; None if it is."""

    @overload
    def __init__(
        self,
        name: str,
        *,
        agent_id: Input[str],
        verdict: Input[Verdict] | Input[Mapping[str, Any]],
        environment: Input[Publish] = "production",
        runs: Input[Sequence[Input[str]]] | None = None,
        declared_at: str | None = None,
        opts: ResourceOptions | None = None,
    ) -> None: ...

    @overload
    def __init__(
        self,
        name: str,
        *,
        agent_id: Input[str],
        version_id: Input[str],
        environment: Input[Publish] = "production",
        runs: Input[Sequence[Input[str]]] | None = None,
        passed_at: Input[str] | None = None,
        rollback: Mapping[str, Any] | None = None,
        declared_at: str | None = None,
        opts: ResourceOptions | None = None,
    ) -> None: ...

    def __init__(  # noqa: PLR0913 - one keyword argument for each part of a release
        self,
        name: str,
        *,
        agent_id: Input[str],
        verdict: Input[Verdict] | Input[Mapping[str, Any]] | None = None,
        version_id: Input[str] | None = None,
        environment: Input[Publish] = "production",
        runs: Input[Sequence[Input[str]]] | None = None,
        passed_at: Input[str] | None = None,
        rollback: Mapping[str, Any] | None = None,
        declared_at: str | None = None,
        opts: ResourceOptions | None = None,
    ) -> None:
        """Declare a release. The program fails if it cannot be proved that the environment pins the version.

        Args:
            name: the resource's name.
            agent_id: the agent.
            verdict: what `wait_for` returns. If it is `passed`, its version is published; if not, the program fails and
                nothing is published.
            version_id: the id of the version to publish, instead of a verdict: no run has to pass here.
            environment: Bland's environment, `production` (the default) or `staging`.
            runs: the ids of the runs that passed on the version. While they stay the same, a preview takes a version
                that is not known yet as unchanged.
            passed_at: when the version passed, for messages; with a verdict, its own.
            rollback: why the stack goes back to the version, such as `{"reason": "INC-7"}`. It is recorded. Production
                goes back to what it had before (API page *Roll Back Agent*), which the checks of staging do not block.
            declared_at: the declaration's position, such as `sessions.yaml:14:3`, for messages.
            opts: Pulumi's resource options.

        Raises:
            TypeError: neither or both of *verdict* and *version_id* are given.

        """
        exit_on_signals()
        _refuse(f"AgentRelease {name}", opts, is_one=(verdict is None) != (version_id is None))
        if verdict is not None:
            passed: Output[Any] = pulumi.Output.from_input(verdict)
            version_id = passed.apply(partial(_version_id_of_pass, name))
            runs = runs if runs is not None else _runs_of(passed)
            passed_at = passed.apply(partial(_entry, "finished_at"))
        inputs = {
            "agent_id": agent_id,
            "environment": environment,
            "version_id": version_id,
            "runs": runs,
            "passed_at": passed_at,
            "rollback": rollback,
            "declared_at": declared_at,
        }
        awaited = dict.fromkeys(("version_id", "runs", "semver", "live", "unproved"))
        present = _given(inputs, "agent_id")
        super().__init__(AgentReleaseProvider(), name, {**awaited, **present}, opts)
        self.unproved.apply(partial(_refuse_unproved, name))
        untrack_properties(self, (*awaited, *present))


def _refuse(resource: str, opts: ResourceOptions | None, *, is_one: bool) -> None:
    refuse_to_import(resource, opts, "remove it: a version that is published may be published again")
    if not is_one:
        message = f"{resource.partition(' ')[0]} takes either a verdict or a version"
        raise TypeError(message)


def _given(inputs: Mapping[str, Any], id_key: str) -> dict[str, Any]:
    """Return the inputs of a release: those that are given, and what its provider must know of this program."""
    declared = {key: value for key, value in {**inputs, "base_url": configured_url()}.items() if value is not None}
    return declared if is_plain(inputs[id_key]) else {**declared, "secrets": secret_names({id_key: inputs[id_key]})}


def _runs_of(passed: Output[Any]) -> list[Output[str]]:
    return [passed.apply(lambda verdict: str(verdict.get("session_id")))]


async def _version_of_pass(name: str, verdict: Mapping[str, Any]) -> Any:
    """Return the number of the version of a pass.

    Raises:
        pulumi.RunError: it is no pass, or names no version.

    """
    number = verdict.get("version")
    version = int(number) if number is not None else None
    if is_idle():
        return _unjudged(verdict, version if version != LIVE else None)
    await _refuse_unless_passed(name, verdict)
    if verdict.get("full_run") is False and (Gate.of(verdict.get("gate")) or Gate()).full_run == "required":
        message = f"release {name}: nothing is published: {PATCHED}"
        raise pulumi.RunError(message)
    if version is None:
        message = f"release {name}: nothing is published: the session passed, but its version is unknown"
        raise pulumi.RunError(message)
    if version == LIVE:
        message = f"release {name}: nothing is published: the session {PASSED_ON_LIVE}"
        raise pulumi.RunError(message)
    return version


async def _version_id_of_pass(name: str, verdict: Mapping[str, Any]) -> Any:
    """Return the id of the agent's version of a pass.

    Raises:
        pulumi.RunError: it is no pass, or names no version of an agent.

    """
    version_id = verdict.get("version_id")
    if is_idle():
        return _unjudged(verdict, version_id)
    await _refuse_unless_passed(name, verdict)
    if version_id is None:
        message = f"release {name}: nothing is published: the verdict names no version of an agent"
        raise pulumi.RunError(message)
    return version_id


async def _refuse_unless_passed(name: str, verdict: Mapping[str, Any]) -> None:
    if verdict.get("outcome") != "passed":
        if not is_dry_run():
            await outputs_registered()
        judged = f"{verdict.get('outcome')}: {verdict.get('reason')}"
        message = f"release {name}: nothing is published, the verdict is {judged}"
        raise pulumi.RunError(message)


def _unjudged(verdict: Mapping[str, Any], version: Any) -> Any:
    """Return the version where nothing is judged: only that of a pass, but in a test with mocks the declared one."""
    is_shown = verdict.get("outcome") == "passed" or is_mocked()
    return version if is_shown and version is not None else pulumi.UNKNOWN


def _refuse_unproved(name: str, problem: Any) -> None:
    """Fail the program. The release is recorded then, so that the next update proves it."""
    if isinstance(problem, str) and is_update():
        message = f"release {name}: {clean(problem, MAX_PROBLEM_CHARACTERS)}; `pulumi up` looks again"
        raise pulumi.RunError(message)


def _entry(key: str, verdict: Mapping[str, Any]) -> Any:
    return verdict.get(key)
