"""What a stack records about a promotion: the stack output `promotion`, and a part of every report."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from tornado_resource.bland.content import Digests
from tornado_resource.core.canonical import natural_or_none, text_or_none, texts
from tornado_resource.runs.model import PromotedVersion

if TYPE_CHECKING:
    from tornado_resource.runs.model import GatedRun


@dataclass(frozen=True, slots=True)
class PromotedSession:
    """What one session or agent takes over from the source stack.

    *session_id* and *finished_at* are those of the pass there. *version* is the one to test here, None if none is
    known, and *content* the digest of what passed on it there, as recorded there. A version of an agent is known by
    *version_id*, *semver* or both instead. *waived* lists the problems that were overridden. *now*: what the version
    holds now, if that has been read. *quarantined*: what failed there and decided nothing, since it is in quarantine:
    scenarios by their ids there, judges by their names.
    """

    session_id: str | None
    version: int | None
    finished_at: str | None
    waived: tuple[str, ...] = ()
    content: str | None = None
    now: Digests | None = None
    quarantined: tuple[str, ...] = ()
    version_id: str | None = None
    semver: str | None = None

    @property
    def pinned(self) -> Digests | None:
        """What must pass here: the content that passed there, in every form that is known."""
        return self.now or Digests.of(self.content)


@dataclass(frozen=True, slots=True)
class Promotion:
    """The stack that the sessions are promoted from, and what each session takes over.

    *override* is the reason given in `tornado:promoteWithout`, if it is set.
    """

    source: str
    override: str | None = None
    sessions: Mapping[str, PromotedSession] = field(default_factory=dict)

    @property
    def waived(self) -> dict[str, tuple[str, ...]]:
        """The problems that were overridden, by session."""
        return {name: session.waived for name, session in self.sessions.items() if session.waived}

    @property
    def quarantined(self) -> dict[str, tuple[str, ...]]:
        """What failed there in quarantine, by session."""
        return {name: session.quarantined for name, session in self.sessions.items() if session.quarantined}


def with_promoted_version(gated: GatedRun, promotion: Promotion | None) -> GatedRun:
    """Return *gated* with the version that must pass here; unchanged if the session was not promoted."""
    session = promotion.sessions.get(gated.name) if promotion is not None else None
    if session is None:
        return gated
    return replace(gated, promoted=PromotedVersion(session.version, session.pinned))


def as_output(promotion: Promotion) -> dict[str, Any]:
    """Return a promotion as plain JSON."""
    return {
        "from": promotion.source,
        "without": promotion.override,
        "sessions": {
            name: {
                "session_id": session.session_id,
                "version": session.version,
                "version_id": session.version_id,
                "semver": session.semver,
                "content": session.content,
                "finished_at": session.finished_at,
                "waived": list(session.waived),
                "quarantined": list(session.quarantined),
            }
            for name, session in promotion.sessions.items()
        },
    }


def from_output(value: Any) -> Promotion | None:
    """Parse what `as_output` returned, as Pulumi gives it back; None if *value* is anything else."""
    if not isinstance(value, Mapping) or not isinstance(value.get("from"), str):
        return None
    entries = value.get("sessions")
    sessions = {name: _session(entry) for name, entry in entries.items()} if isinstance(entries, Mapping) else {}
    return Promotion(value["from"], text_or_none(value.get("without")), sessions)


def _session(entry: Any) -> PromotedSession:
    fields = entry if isinstance(entry, Mapping) else {}
    return PromotedSession(
        session_id=text_or_none(fields.get("session_id")),
        version=natural_or_none(fields.get("version")),
        content=text_or_none(fields.get("content")),
        finished_at=text_or_none(fields.get("finished_at")),
        waived=texts(fields.get("waived")),
        quarantined=texts(fields.get("quarantined")),
        version_id=text_or_none(fields.get("version_id")),
        semver=text_or_none(fields.get("semver")),
    )
