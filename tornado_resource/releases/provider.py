"""The dynamic provider of releases: maps the calls of Pulumi's engine to `releases`."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, Any, Final

from pulumi import contains_unknowns
from pulumi.dynamic import (
    CheckFailure,
    CheckResult,
    ConfigureRequest,
    CreateResult,
    DiffResult,
    ReadResult,
    UpdateResult,
)

from tornado_resource.bland.content import LIVE, Digests, is_digest, is_same
from tornado_resource.core.text import clean
from tornado_resource.provider.base import BaseProvider
from tornado_resource.provider.runtime import confirm_base_url, failure
from tornado_resource.runs.model import HIDDEN, without_secret
from tornado_resource.stacks.promotion import version_or_none
from tornado_resource.versions.drift import drift_of_live

if TYPE_CHECKING:
    from collections.abc import Mapping


TARGET: Final = ("pathway_id", "environment")
"""Where a version is published. A change of one of these replaces the release."""
RUN: Final = ("version", "sessions")
"""What is published, and the sessions that passed with it."""
MAX_PROBLEM_CHARACTERS: Final = 2_000
BLAND_ENVIRONMENTS: Final = ("staging", "production")


class ReleaseProvider(BaseProvider[None]):
    """Create and update publish a version, which is safe to repeat. Delete does nothing: pathways stay published."""

    __module__ = "tornado_resource.provider"  # the path that is in every state

    def _begin(self, _req: ConfigureRequest) -> None:
        """Remember nothing."""

    def check(self, _olds: dict[str, Any], news: dict[str, Any]) -> CheckResult:
        """Called in preview and update. Refuses values that the API (*Promote Pathway Version*) does not accept."""
        confirm_base_url(news.pop("base_url", None))
        environment, version = news.get("environment"), news.get("version")
        failures = []
        if not contains_unknowns(environment) and environment not in BLAND_ENVIRONMENTS:
            failures.append(CheckFailure("environment", f"expected one of {', '.join(BLAND_ENVIRONMENTS)}"))
        if not contains_unknowns(version) and version_or_none(version) is None:
            failures.append(CheckFailure("version", "expected the number of a pathway version"))
        return CheckResult(news, failures)

    def create(self, props: dict[str, Any]) -> CreateResult:
        """Publish one version."""
        return CreateResult(_new_id(props), self._publish(props))

    def diff(self, _release_id: str, olds: dict[str, Any], news: dict[str, Any]) -> DiffResult:
        """Called in preview and update.

        In a preview the version may be unknown; it counts as unchanged as long as the sessions are the same. A changed
        `__provider` is an update too, which records the provider's new module path. So is a live pathway that differed
        at the last refresh, or a release that is not proved; the reason is printed, since a diff cannot show it.
        """
        replaces = [key for key in TARGET if olds.get(key) != news.get(key)]
        is_moved = olds.get("__provider") != news.get("__provider")
        doubt = _doubt(olds)
        if doubt is not None and not replaces:
            print(f"{_place(news)}: {doubt}", flush=True)
        is_same = _is_same(olds, news) and doubt is None
        return DiffResult(changes=bool(replaces) or not is_same or is_moved, replaces=replaces)

    def update(self, _release_id: str, olds: dict[str, Any], news: dict[str, Any]) -> UpdateResult:
        """Publish for another run, even the recorded version: after a lost response another one may be live.

        A release that was recorded without its content gets it without being published again. One that is not proved
        is only published again if it still is not live.
        """
        is_same_content = olds.get("content") is None or not _is_other(olds.get("content"), news.get("content"))
        is_same_run = is_same_content and all(olds.get(key) == news.get(key) for key in RUN)
        is_sent = unproved(olds) is not None and _is_same(olds, news)
        if not is_same_run or unproved(olds) is not None or live_drift(olds) is not None:
            return UpdateResult(self._publish(news, was_shown=is_digest(olds.get("live")), is_sent=is_sent))
        outputs = {**_outputs(news), "content": news.get("content"), "live": olds.get("live"), "unproved": None}
        return UpdateResult(outputs)

    def read(self, release_id: str, props: dict[str, Any]) -> ReadResult:
        """Called by refresh. Reads the live pathway, if this release says what it must be."""
        outputs = {key: value for key, value in props.items() if key != "__provider"}
        if props.get("environment") == "production" and is_digest(props.get("content")):
            from tornado_resource.versions.reading import read_digests

            pathway_id = _pathway_of(release_id, props)
            live = self._run(lambda client: read_digests(client, pathway_id, LIVE), props)
            if is_same(live, Digests.of(props["content"])) is not None and live is not None:
                outputs["live"] = live.like(props["content"])
        return ReadResult(release_id, outputs)

    def _publish(self, props: dict[str, Any], *, was_shown: bool = False, is_sent: bool = False) -> dict[str, Any]:
        """Publish a version and return the outputs.

        A release that is not proved is recorded as such, so that the next update proves it. The program fails then.
        """
        from tornado_resource.releases.publishing import ReleaseOrder, publish

        order = ReleaseOrder(
            pathway_id=props["pathway_id"],
            environment=props["environment"],
            version=int(props["version"]),
            content=props.get("content"),
            passed_at=props.get("passed_at"),
            was_shown=was_shown,
            is_sent=is_sent,
        )
        published = self._run(lambda client: publish(client, order), props)
        if published.warning is not None:
            print(f"{_place(props)}: {_public(published.warning, props)}", flush=True)
        problem = _public(published.unproved, props) if published.unproved is not None else None
        known = {"content": published.content, "live": published.live, "unproved": problem}
        return {**_outputs(props), **known}


def live_drift(outputs: Mapping[str, Any]) -> str | None:
    """Return how the live pathway differs from what a release has published, by its outputs; None if it does not."""
    content, live = outputs.get("content"), outputs.get("live")
    if not isinstance(content, str) or not is_digest(content) or not is_digest(live):
        return None
    drift = drift_of_live(content, Digests.of(live))
    return clean(drift) if drift is not None else None


def unproved(outputs: Mapping[str, Any]) -> str | None:
    """Return why a release is not proved to be live, by its outputs; None if it is, or if nothing can prove it."""
    problem = outputs.get("unproved")
    return clean(problem, MAX_PROBLEM_CHARACTERS) if isinstance(problem, str) else None


def _doubt(outputs: Mapping[str, Any]) -> str | None:
    """Return why an unchanged release is updated, and what the update does; None if it is not."""
    drift, problem = live_drift(outputs), unproved(outputs)
    if drift is not None:
        return f"{drift}; `pulumi up` publishes it again"
    return f"{problem}; `pulumi up` looks again" if problem is not None else None


def _is_other(recorded: Any, content: Any) -> bool:
    """Return whether two recorded contents differ. Of two forms of digest that is unknown, and no reason to publish."""
    if is_digest(recorded) and is_digest(content):
        return is_same(Digests.of(recorded), Digests.of(content)) is False
    return bool(recorded != content)


def _new_id(props: Mapping[str, Any]) -> str:
    """Return the id of a release. Pulumi keeps ids in clear, so it has only a digest of a pathway that is secret."""
    pathway = str(props["pathway_id"])
    shown = hashlib.sha256(pathway.encode()).hexdigest()[:16] if _has_secret_pathway(props) else pathway
    return f"{shown}/{props['environment']}"


def _public(text: str, props: Mapping[str, Any]) -> str:
    """Return *text*, which may be an error of the API, without the id of a pathway that is secret."""
    return without_secret(text, str(props["pathway_id"])) if _has_secret_pathway(props) else text


def _has_secret_pathway(props: Mapping[str, Any]) -> bool:
    return "pathway_id" in (props.get("secrets") or ())


def _place(props: Mapping[str, Any]) -> str:
    pathway = HIDDEN if _has_secret_pathway(props) else clean(str(props.get("pathway_id")))
    return f"release of pathway {pathway} to {props.get('environment')}"


def _pathway_of(release_id: str, props: Mapping[str, Any]) -> str:
    """Return the pathway of a release in the state.

    Raises:
        Failure: there is none, which only happens if the state is damaged or was changed by hand.

    """
    pathway_id = props.get("pathway_id")
    if isinstance(pathway_id, str):
        return pathway_id
    message = (
        f"the state of release {release_id} is damaged: it has no `pathway_id`. Restore the state from a backup "
        "(pulumi stack import --file BACKUP.json), or remove the release from it (pulumi state delete URN; "
        "`pulumi stack --show-urns` shows the URN), and run `pulumi up`, which publishes again"
    )
    raise failure(message, None)


def _is_same(olds: Mapping[str, Any], news: Mapping[str, Any]) -> bool:
    """Return whether the same version is published for the same sessions."""
    sessions, content = news.get("sessions"), news.get("content")
    is_same_run = not contains_unknowns(sessions) and olds.get("sessions") == sessions
    if contains_unknowns(news.get("version")):
        return is_same_run and sessions is not None
    is_same_content = content is None or contains_unknowns(content) or not _is_other(olds.get("content"), content)
    return is_same_run and is_same_content and olds.get("version") == news.get("version")


def _outputs(props: dict[str, Any]) -> dict[str, Any]:
    version = int(props["version"])
    return {**{key: props[key] for key in TARGET}, "version": version, "sessions": props.get("sessions")}
