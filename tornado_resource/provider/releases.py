"""The dynamic provider of releases: published versions of pathways."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from pulumi import contains_unknowns
from pulumi.dynamic import (
    CheckFailure,
    CheckResult,
    ConfigureRequest,
    CreateResult,
    DiffResult,
    ReadResult,
    ResourceProvider,
    UpdateResult,
)

from tornado_resource.provider.runtime import start_runtime

if TYPE_CHECKING:
    from tornado_resource.bland.client import Client
    from tornado_resource.provider.runtime import Runtime

TARGET: Final = ("pathway_id", "environment")
"""Where a version is published. A change of one of these replaces the release."""
RUN: Final = ("version", "sessions")
"""What is published, and the sessions that passed with it."""
BLAND_ENVIRONMENTS: Final = ("staging", "production")


class ReleaseProvider(ResourceProvider):
    """Create and update publish a version, which is safe to repeat. Delete does nothing: pathways stay published."""

    serialize_as_secret_always = False
    _runtime: Runtime | None = None

    def configure(self, req: ConfigureRequest) -> None:
        """Called once per provider process, before anything else.

        Raises:
            Failure: the API key or base URL is missing or invalid.

        """
        self._runtime = start_runtime(req)

    def check(self, _olds: dict[str, Any], news: dict[str, Any]) -> CheckResult:
        """Called in preview and update. Refuses values that the API (*Promote Pathway Version*) does not accept."""
        environment, version = news.get("environment"), news.get("version")
        failures = []
        if not contains_unknowns(environment) and environment not in BLAND_ENVIRONMENTS:
            failures.append(CheckFailure("environment", f"expected one of {', '.join(BLAND_ENVIRONMENTS)}"))
        if not contains_unknowns(version) and not _is_version(version):
            failures.append(CheckFailure("version", "expected the number of a pathway version"))
        return CheckResult(news, failures)

    def create(self, props: dict[str, Any]) -> CreateResult:
        """Publish one version."""
        self._publish(props)
        return CreateResult(f"{props['pathway_id']}/{props['environment']}", _outputs(props))

    def diff(self, _release_id: str, olds: dict[str, Any], news: dict[str, Any]) -> DiffResult:
        """Called in preview and update.

        In a preview the version may be unknown; it counts as unchanged as long as the sessions are the same. A changed
        `__provider` is an update too, which records the provider's new module path.
        """
        replaces = [key for key in TARGET if olds.get(key) != news.get(key)]
        sessions = news.get("sessions")
        is_same_run = not contains_unknowns(sessions) and olds.get("sessions") == sessions
        is_known = not contains_unknowns(news.get("version"))
        is_same = is_same_run and (olds.get("version") == news.get("version") if is_known else sessions is not None)
        is_moved = olds.get("__provider") != news.get("__provider")
        return DiffResult(changes=bool(replaces) or not is_same or is_moved, replaces=replaces)

    def update(self, _release_id: str, olds: dict[str, Any], news: dict[str, Any]) -> UpdateResult:
        """Publish for another run, even the recorded version: after a lost response another one may be live."""
        if any(olds.get(key) != news.get(key) for key in RUN):
            self._publish(news)
        return UpdateResult(_outputs(news))

    def read(self, release_id: str, props: dict[str, Any]) -> ReadResult:
        """Called by refresh. Returns the recorded outputs: the API does not show what is published."""
        return ReadResult(release_id, {key: value for key, value in props.items() if key != "__provider"})

    def _publish(self, props: dict[str, Any]) -> None:
        from tornado_resource.bland.retrying import retried

        assert self._runtime is not None  # noqa: S101 - Pulumi calls configure first
        version = int(props["version"])

        async def publish(client: Client) -> None:
            await retried(lambda: client.publish(props["pathway_id"], version, props["environment"]))

        self._runtime.run(publish, props.get("declared_at"))


def _is_version(value: Any) -> bool:
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    return is_number and value >= 0 and float(value).is_integer()


def _outputs(props: dict[str, Any]) -> dict[str, Any]:
    version = int(props["version"])
    return {**{key: props[key] for key in TARGET}, "version": version, "sessions": props.get("sessions")}
