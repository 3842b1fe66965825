"""The dynamic providers of releases: they map the calls of Pulumi's engine to `releases`."""

from __future__ import annotations

from abc import abstractmethod
from typing import TYPE_CHECKING, Any, ClassVar, Final

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
from tornado_resource.bland.responses import MAX_ID_CHARACTERS, SEGMENT, SEGMENT_EXPECTED, is_other, word
from tornado_resource.core.canonical import natural_or_none
from tornado_resource.core.text import clean
from tornado_resource.declarations.releases import LIVE_RELEASE
from tornado_resource.errors import NotFound
from tornado_resource.provider.base import BaseProvider, id_in_clear, kept_outputs, recorded_text
from tornado_resource.provider.runtime import check_failure, confirm_base_url
from tornado_resource.runs.model import HIDDEN
from tornado_resource.versions.drift import drift_of_live, drift_of_pins

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tornado_resource.bland.agents import Pin
    from tornado_resource.bland.client import Client

MAX_PROBLEM_CHARACTERS: Final = 2_000
MAX_PREVIOUS: Final = 10
"""How many earlier versions a release records: a backend may show no past states to roll back to."""
BLAND_ENVIRONMENTS: Final = ("staging", "production")


class BaseReleaseProvider(BaseProvider[None]):
    """Create and update publish a version, which is safe to repeat. Delete does nothing: it stays published."""

    thing: ClassVar[str]
    """What has the version, in words: its id is the input `THING_id`."""
    version: ClassVar[str]
    """The input that names the version."""
    runs: ClassVar[str]
    """The input that has the ids of what passed."""

    def _begin(self, _req: ConfigureRequest) -> None:
        """Remember nothing."""

    def check(self, _olds: dict[str, Any], news: dict[str, Any]) -> CheckResult:
        """Called in preview and update. Refuses values that the API does not accept."""
        confirm_base_url(news.pop("base_url", None))
        key, environment, version = self._id_key, news.get("environment"), news.get(self.version)
        failures = []
        if not contains_unknowns(news.get(key)) and not _is_id(news.get(key)):
            failures.append(check_failure(key, f"expected an id of {SEGMENT_EXPECTED}", news))
        if not contains_unknowns(environment) and environment not in BLAND_ENVIRONMENTS:
            failures.append(CheckFailure("environment", f"expected one of {', '.join(BLAND_ENVIRONMENTS)}"))
        fault = self._version_fault(version) if not contains_unknowns(version) else None
        if fault is not None:
            failures.append(CheckFailure(self.version, fault))
        return CheckResult(news, failures)

    def create(self, props: dict[str, Any]) -> CreateResult:
        """Publish one version."""
        return CreateResult(self._new_id(props), self._publish(props))

    def diff(self, _release_id: str, olds: dict[str, Any], news: dict[str, Any]) -> DiffResult:
        """Called in preview and update.

        In a preview the version may be unknown; it counts as unchanged as long as what passed is the same. A changed
        `__provider` is an update too, which records the provider's new module path. So is something else that was
        published at the last refresh, or a release that is not proved; the reason is printed, since a diff cannot show
        it.
        """
        replaces = [key for key in (self._id_key, "environment") if olds.get(key) != news.get(key)]
        is_moved = olds.get("__provider") != news.get("__provider")
        doubt = self._doubt(olds)
        if doubt is not None and not replaces:
            print(f"{self._place(news)}: {doubt}", flush=True)
        is_same = self._is_same(olds, news) and doubt is None
        return DiffResult(changes=bool(replaces) or not is_same or is_moved, replaces=replaces)

    @property
    def _id_key(self) -> str:
        return f"{self.thing}_id"

    @abstractmethod
    def _version_fault(self, version: Any) -> str | None:
        """Return what is expected of the version; None if it is valid."""

    @abstractmethod
    def _publish(self, props: dict[str, Any]) -> dict[str, Any]:
        """Publish a version and return the outputs.

        A release that is not proved is recorded as such, so that the next update proves it. The program fails then.
        """

    @abstractmethod
    def _drift(self, outputs: Mapping[str, Any]) -> str | None:
        """Return how what is published differs from a release, by its outputs; None if it does not."""

    def _doubt(self, outputs: Mapping[str, Any]) -> str | None:
        """Return why an unchanged release is updated, and what the update does; None if it is not."""
        drift, problem = self._drift(outputs), unproved(outputs)
        if drift is not None:
            return f"{drift}; `pulumi up` publishes it again"
        return f"{problem}; `pulumi up` looks again" if problem is not None else None

    def _is_same(self, olds: Mapping[str, Any], news: Mapping[str, Any]) -> bool:
        """Return whether the same version is published for the same runs."""
        runs, version = news.get(self.runs), news.get(self.version)
        is_same_run = not contains_unknowns(runs) and olds.get(self.runs) == runs
        if contains_unknowns(version):
            return is_same_run and runs is not None
        return is_same_run and olds.get(self.version) == version and olds.get("rollback") == news.get("rollback")

    def _kept(self, props: Mapping[str, Any]) -> dict[str, Any]:
        """Return the outputs that repeat inputs. A refresh gets only outputs, so it has from them what is secret."""
        kept = {key: props.get(key) for key in (self._id_key, "environment", self.version, self.runs)}
        more = {key: props[key] for key in ("passed_at", "rollback", "secrets") if props.get(key)}
        return {**kept, **more}

    def _previous(self, olds: Mapping[str, Any], news: Mapping[str, Any]) -> dict[str, Any]:
        """Return the output with the versions that were published before, the newest first.

        Other content of the same version is none of them: nothing can go back to what was edited away.
        """
        keys = (self.version, self.runs, "content", "passed_at", "semver")
        previous, before = olds.get("previous"), {key: olds[key] for key in keys if olds.get(key) is not None}
        entries = previous if isinstance(previous, list) else []
        is_other = olds.get(self.version) != news.get(self.version)
        entries = [before, *entries][:MAX_PREVIOUS] if is_other and before else entries
        return {"previous": entries} if entries else {}

    def _new_id(self, props: Mapping[str, Any]) -> str:
        """Return the id of a release."""
        return f"{id_in_clear(props[self._id_key], is_secret=self._is_secret(props))}/{props['environment']}"

    def _secret_texts(self, props: Mapping[str, Any]) -> list[str]:
        return [str(props[self._id_key])] if self._is_secret(props) else []

    def _problem(self, text: str | None, props: Mapping[str, Any]) -> str | None:
        return self._public(text, props) if text is not None else None

    def _is_secret(self, props: Mapping[str, Any]) -> bool:
        return self._id_key in (props.get("secrets") or ())

    def _place(self, props: Mapping[str, Any]) -> str:
        subject = HIDDEN if self._is_secret(props) else clean(str(props.get(self._id_key)))
        return f"release of {self.thing} {subject} to {props.get('environment')}"

    def _id_of(self, release_id: str, props: Mapping[str, Any]) -> str:
        """Return the id that a release in the state has."""
        return recorded_text(f"release {release_id}", props, self._id_key, "run `pulumi up`, which publishes again")


class ReleaseProvider(BaseReleaseProvider):
    """Publishes versions of pathways."""

    __module__ = "tornado_resource.provider"  # the path that is in every state
    thing = "pathway"
    version = "version"
    runs = "sessions"

    def update(self, _release_id: str, olds: dict[str, Any], news: dict[str, Any]) -> UpdateResult:
        """Publish for another run, even the recorded version: after a lost response another one may be live.

        A release that was recorded without its content gets it without being published again. One that is not proved
        is only published again if it still is not live.
        """
        is_same_content = olds.get("content") is None or not _is_other(olds.get("content"), news.get("content"))
        is_same_run = is_same_content and all(olds.get(key) == news.get(key) for key in (self.version, self.runs))
        is_sent = unproved(olds) is not None and self._is_same(olds, news)
        if not is_same_run or unproved(olds) is not None or self._drift(olds) is not None:
            published = self._publish(news, was_shown=is_digest(olds.get("live")), is_sent=is_sent)
            return UpdateResult({**published, **self._previous(olds, news)})
        recorded = {"content": news.get("content"), "live": olds.get("live"), "unproved": None}
        return UpdateResult({**self._kept(news), **recorded, **self._previous(olds, news)})

    def read(self, release_id: str, props: dict[str, Any]) -> ReadResult:
        """Called by refresh. Reads the live pathway, if this release says what it must be."""
        outputs = kept_outputs(props)
        if props.get("environment") == "production" and is_digest(props.get("content")):
            from tornado_resource.versions.reading import read_digests

            pathway_id = self._id_of(release_id, props)
            live = self._run(lambda client: read_digests(client, pathway_id, LIVE), props)
            if is_same(live, Digests.of(props["content"])) is not None and live is not None:
                outputs["live"] = live.like(props["content"])
        return ReadResult(release_id, outputs)

    def _version_fault(self, version: Any) -> str | None:
        number = natural_or_none(version)
        if number is None:
            return "expected the number of a pathway version"
        return LIVE_RELEASE if number == LIVE else None

    def _kept(self, props: Mapping[str, Any]) -> dict[str, Any]:
        return {**super()._kept(props), "version": int(props["version"])}

    def _publish(self, props: dict[str, Any], *, was_shown: bool = False, is_sent: bool = False) -> dict[str, Any]:
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
            print(f"{self._place(props)}: {self._public(published.warning, props)}", flush=True)
        problem = self._problem(published.unproved, props)
        return {**self._kept(props), "content": published.content, "live": published.live, "unproved": problem}

    def _drift(self, outputs: Mapping[str, Any]) -> str | None:
        content, live = outputs.get("content"), outputs.get("live")
        if not isinstance(content, str) or not is_digest(content) or not is_digest(live):
            return None
        drift = drift_of_live(content, Digests.of(live))
        return clean(drift) if drift is not None else None

    def _is_same(self, olds: Mapping[str, Any], news: Mapping[str, Any]) -> bool:
        content = news.get("content")
        is_known = content is not None and not contains_unknowns([content, news.get("version")])
        is_same_content = not is_known or not _is_other(olds.get("content"), content)
        return is_same_content and super()._is_same(olds, news)


class AgentReleaseProvider(BaseReleaseProvider):
    """Lets environments of agents pin versions. What is pinned already is not sent again, but read."""

    __module__ = "tornado_resource.provider"  # the path that is in every state
    thing = "agent"
    version = "version_id"
    runs = "runs"

    def update(self, _release_id: str, olds: dict[str, Any], news: dict[str, Any]) -> UpdateResult:
        """Prove the release, and publish first if the version is not pinned."""
        return UpdateResult({**self._publish(news), **self._previous(olds, news)})

    def read(self, release_id: str, props: dict[str, Any]) -> ReadResult:
        """Called by refresh. Reads what the environment pins. That an agent is gone is for the next update to say."""
        from tornado_resource.bland.agents import read_pins
        from tornado_resource.bland.retrying import retried

        agent_id, environment = self._id_of(release_id, props), str(props.get("environment"))

        async def read(client: Client) -> Pin | str:
            try:
                return (await retried(lambda: read_pins(client, agent_id))).of(environment)
            except NotFound as error:
                return str(error)

        pin = self._run(read, props)
        outputs = kept_outputs(props)
        if isinstance(pin, str):
            return ReadResult(release_id, {**outputs, "unproved": self._public(pin, props)})
        outputs |= {"live": pin.version_id, "semver": pin.semver}
        if _is_pinned(outputs):
            outputs["unproved"] = None
        return ReadResult(release_id, outputs)

    def _version_fault(self, version: Any) -> str | None:
        return None if _is_id(version) else f"expected the id of a version of an agent: {SEGMENT_EXPECTED}"

    def _publish(self, props: dict[str, Any]) -> dict[str, Any]:
        from tornado_resource.releases.agent_publishing import AgentOrder, publish_agent

        order = AgentOrder(
            props["agent_id"],
            props["environment"],
            props["version_id"],
            props.get("passed_at"),
            is_rollback=bool(props.get("rollback")),
        )
        pinned = self._run(lambda client: publish_agent(client, order), props)
        problem = self._problem(pinned.unproved, props)
        return {**self._kept(props), "semver": pinned.semver, "live": pinned.version_id, "unproved": problem}

    def _drift(self, outputs: Mapping[str, Any]) -> str | None:
        if unproved(outputs) is not None:
            return None
        live = outputs.get("live")
        pinned = (word(live, MAX_ID_CHARACTERS) or "(unreadable)") if live is not None else None
        return drift_of_pins(str(outputs.get("environment")), str(outputs.get("version_id")), pinned)


def unproved(outputs: Mapping[str, Any]) -> str | None:
    """Return why a release is not proved to be live, by its outputs; None if it is, or if nothing can prove it."""
    problem = outputs.get("unproved")
    return clean(problem, MAX_PROBLEM_CHARACTERS) if isinstance(problem, str) else None


def _is_id(value: Any) -> bool:
    return isinstance(value, str) and SEGMENT.fullmatch(value) is not None


def _is_other(recorded: Any, content: Any) -> bool:
    """Return whether two recorded contents differ. Of two forms of digest that is unknown, and no reason to publish."""
    if is_digest(recorded) and is_digest(content):
        return is_same(Digests.of(recorded), Digests.of(content)) is False
    return bool(recorded != content)


def _is_pinned(outputs: Mapping[str, Any]) -> bool:
    """Return whether the environment pins the version, by the outputs of a release of an agent."""
    live, version_id = outputs.get("live"), outputs.get("version_id")
    return isinstance(live, str) and isinstance(version_id, str) and not is_other(live, version_id)
