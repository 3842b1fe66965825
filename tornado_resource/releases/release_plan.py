"""What is published with which content, and whether the passes agree on it. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from tornado_resource.bland.content import form_of, is_older, short

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping

    from tornado_resource.declarations.releases import Release
    from tornado_resource.runs.model import Result


@dataclass(frozen=True, slots=True)
class ReleasePlan:
    """A release with what passed: *contents* are the digests of the version then, one of each form, the newest first.

    *passed_at* is the last of the passes.
    """

    release: Release
    version: int | str
    run_ids: list[str]
    contents: tuple[str, ...]
    passed_at: str | None

    @property
    def content(self) -> str | None:
        """The digest to publish; None if it is unknown."""
        return next(iter(self.contents), None)

    def is_recorded(self, recorded: Mapping[str, Any] | None) -> bool:
        """Return whether a release's recorded outputs say that exactly this is published, and live as far as known."""
        if recorded is None or recorded.get("unproved") is not None:
            return False
        if recorded.get("live") not in (None, self.content):
            return False
        planned = {
            "pathway_id": self.release.subject_id,
            "environment": self.release.environment,
            "version": self.version,
            "sessions": self.run_ids,
            "content": self.content,
        }
        return all(recorded.get(key) == value for key, value in planned.items())


def plan_releases(
    releases: Iterable[Release], results: Mapping[str, Result]
) -> tuple[list[ReleasePlan], dict[str, str]]:
    """Return the releases whose version is known, with what passed, and by session why there is no single content."""
    plans: list[ReleasePlan] = []
    problems: dict[str, str] = {}
    for release in releases:
        if release.version is not None:
            passes = {name: results[name] for name in release.runs}
            plans.append(_plan(release, release.version, passes.values()))
            problems |= _disagreements(release.version, passes)
    return plans, problems


def _plan(release: Release, version: int | str, passes: Collection[Result]) -> ReleasePlan:
    return ReleasePlan(
        release,
        version,
        [result.verdict.session_id for result in passes],
        tuple(dict.fromkeys(sorted(_contents(passes), key=is_older))),
        max((result.verdict.finished_at for result in passes if result.verdict.finished_at is not None), default=None),
    )


def _disagreements(version: int | str, passes: Mapping[str, Result]) -> dict[str, str]:
    """Return a message for each session that passed with other content than the first one that names its content."""
    contents = {name: content for name, result in passes.items() if (content := _content(result)) is not None}
    firsts: dict[str | None, tuple[str, str]] = {}
    problems: dict[str, str] = {}
    for name, content in contents.items():
        first, passed = firsts.setdefault(form_of(content), (name, content))  # two forms cannot be compared
        if content != passed:
            problems[name] = (
                f"version {version} was edited between two passes: {first} passed with {short(passed)}, "
                f"{name} with {short(content)}"
            )
    return problems


def _contents(passes: Iterable[Result]) -> list[str]:
    return [content for result in passes if (content := _content(result)) is not None]


def _content(result: Result) -> str | None:
    """Return the content that passed: as read at the end, else the promoted one, else what the session started on."""
    verdict, gated = result.verdict, result.gated
    promoted = gated.promoted.content.best if gated.promoted.content is not None else None
    return verdict.content or promoted or (None if verdict.repaired else gated.started_content)
