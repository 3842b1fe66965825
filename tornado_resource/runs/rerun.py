"""Whether an unchanged declaration runs again, because of how its last run ended. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, Literal, Self

from tornado_resource.declarations.model import Gate

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tornado_resource.runs.model import GatedRun, Outcome, RunVerdict

ANY: Final = Gate("any")
"""The gate by which a session with `gate: none` is judged: its outcome does not matter."""


@dataclass(frozen=True, slots=True)
class LastRun:
    """What is known of a recorded session: whether it has ended, and what its gate says then.

    *gate*: the gate that *outcome* and *reason* are judged by. *drift*: how what it tested has changed since it passed.
    *problem*: why nothing is known: a failed request. *verdict*: the one that *outcome* and
    *reason* are of.
    """

    run_id: str
    gate: Gate
    state: Literal["ended", "running", "unknown", "gone"] = "unknown"
    outcome: Outcome | None = None
    reason: str = ""
    drift: str | None = None
    problem: str | None = None
    verdict: RunVerdict | None = None

    @classmethod
    def recorded(cls, verdict: RunVerdict) -> Self:
        """Return the last run that the verdict on a session that has ended is about."""
        return cls(verdict.session_id, verdict.gate, "ended", verdict.outcome, verdict.reason, verdict=verdict)

    @classmethod
    def unsettled(cls, gated: GatedRun) -> Self:
        """Return the last run of a session that has not ended, by its status, which is None if it is gone."""
        if gated.known.status is None:
            return cls(gated.run_id, gated.gate, "gone")
        return cls(gated.run_id, gated.gate, "running" if gated.known.status.is_running else "unknown")


@dataclass(frozen=True, slots=True)
class Decision:
    """Why a recorded run of an unchanged declaration runs again; neither reason nor problem if it stays.

    *problem*: why that could not be determined.
    """

    run_id: str
    reason: str | None = None
    problem: str | None = None

    @property
    def stays(self) -> bool:
        """Whether the run stays as it is."""
        return self.reason is None and self.problem is None

    @classmethod
    def of(cls, rerun: str, gate: Gate | None, last: LastRun) -> Self:
        """Return the decision about a recorded run; the arguments are those of `rerun_reason`."""
        if last.problem is not None:
            return cls(last.run_id, problem=last.problem)
        return cls(last.run_id, rerun_reason(rerun, gate, last))


def must_be_known(rerun: str, gate: Gate | None) -> bool:
    """Return whether a rerun depends on how the last run ended."""
    return rerun == "always" or (rerun in {"on_failure", "on_drift"} and gate is not None)


def rerun_reason(rerun: str, gate: Gate | None, last: LastRun) -> str | None:
    """Return why an unchanged declaration runs again (docs/lifecycle.md), or None if it does not.

    Args:
        rerun: `on_drift`, `on_failure`, `on_change` or `always`.
        gate: what must hold; None for `gate: none`.
        last: the recorded session. One that still runs is resumed, whatever *rerun* is, and one that is gone is left to
            `pulumi refresh`.

    """
    if last.state in {"running", "gone"} or not must_be_known(rerun, gate):
        return None
    if rerun == "always":
        return "rerun is `always`"
    if rerun == "on_drift" and last.drift is not None:
        return last.drift
    # An unknown status may be that of a session that still runs: starting another one could cancel good work.
    if last.state == "unknown" or last.outcome == "passed":
        return None
    return f"the last run did not meet its gate: {last.reason}"


@dataclass(frozen=True, slots=True)
class Fork:
    """A version that a run of the stack has made: by which resource, from which version, and whether it then passed.

    *content* is the digest of what it held when the run had ended; None if that is not known.
    """

    urn: str
    started: Any
    has_passed: bool
    content: str | None = None

    @classmethod
    def of(cls, urn: str, started: Any, verdict: RunVerdict) -> tuple[int, Self] | None:
        """Return the version that a run has made, by its verdict; None if it is known of none."""
        # Older releases recorded the fork as the version only.
        version = verdict.forked_version or (verdict.version if verdict.repaired else None)
        if version is None:
            return None
        content = verdict.content if verdict.version == version else verdict.forked_content
        return version, cls(urn, started, verdict.outcome == "passed", content)


def is_newer(newest: Any, urn: str, started: Any, forks: Mapping[Any, Fork]) -> bool:
    """Return whether the newest version is to be tested by a run that has met its gate on an earlier one.

    Two runs on one pathway would otherwise test each other's repairs in turns, for ever. So a version that a run of
    this stack has made is tested once more by each of the others, and only if it passed; what they make of it is not.

    Args:
        newest: the newest version.
        urn: the resource of the run.
        started: the version that the run was started on.
        forks: by version, those that the last runs of the stack have made on the same pathway.

    """
    fork = forks.get(newest)
    if fork is None:
        return True
    return fork.has_passed and fork.urn != urn and fork.started not in forks and started not in forks
