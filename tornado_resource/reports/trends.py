"""How the runs of each session went over the last updates. Pure."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from statistics import median
from typing import TYPE_CHECKING, Any, Final

from tornado_resource.bland.responses import parse_time
from tornado_resource.core.text import clean, clean_json
from tornado_resource.core.urns import STACK_TYPE, make_urn, name_of, parents_of, type_of, unique_names
from tornado_resource.runs.kinds import kind_of_type
from tornado_resource.runs.model import OUTCOMES
from tornado_resource.stacks.recorded import verdicts_in

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

FORMAT_VERSION: Final = 1


@dataclass(frozen=True, slots=True)
class Run:
    """One session, and its verdict as last recorded. *duration_ms* is from its creation to its end."""

    session_id: str
    outcome: str
    passed_scenarios: int | None
    total_scenarios: int | None
    created_at: str | None
    finished_at: str | None
    duration_ms: int | None


@dataclass(frozen=True, slots=True)
class Trend:
    """The runs of the session *name*, which no other one has, the oldest first."""

    name: str
    runs: tuple[Run, ...]

    @property
    def passed(self) -> int:
        """How many runs passed."""
        return sum(run.outcome == "passed" for run in self.runs)

    @property
    def judged(self) -> int:
        """How many runs passed or failed: an incomplete one says nothing about the pathway."""
        return sum(run.outcome in {"passed", "failed"} for run in self.runs)

    @property
    def pass_rate(self) -> float | None:
        """The share of the judged runs that passed, from 0 to 1; None without a judged run."""
        return round(self.passed / self.judged, 4) if self.judged else None

    @property
    def median_ms(self) -> int | None:
        """The median duration in milliseconds; None if no duration is known."""
        known = [run.duration_ms for run in self.runs if run.duration_ms is not None]
        return round(median(known)) if known else None


@dataclass(frozen=True, slots=True)
class Trends:
    """The runs of all sessions over the last *updates* updates; *unreadable* of them could not be read."""

    updates: int
    sessions: tuple[Trend, ...]
    unreadable: int = 0


def trends(states: Iterable[Mapping[str, Any] | None]) -> Trends:
    """Return the runs that the states after the last updates know, in the order of the sessions' names.

    A session that several updates recorded is one run, with the last of its verdicts.

    Args:
        states: by URN, the type and outputs of each resource, after each update; the newest first. None for one that
            cannot be read.

    """
    found: dict[str, dict[str, Run]] = {}
    updates = unreadable = 0
    for state in states:
        updates += 1
        unreadable += state is None
        for urn, run in _runs(state or {}):
            found.setdefault(urn, {}).setdefault(run.session_id, run)
    names = {urn: clean(name) for urn, name in unique_names(found).items()}
    sessions = (Trend(names[urn], tuple(reversed(found[urn].values()))) for urn in sorted(found, key=names.__getitem__))
    return Trends(updates, tuple(sessions), unreadable)


def trends_json(stack: str, written_at: str, found: Trends) -> str:
    """Return `history.json`: the pass rate, median duration and runs of each session, as ASCII JSON."""
    content = {
        "version": FORMAT_VERSION,
        "stack": stack,
        "written_at": written_at,
        "updates": found.updates,
        "unreadable_updates": found.unreadable,
        "sessions": {trend.name: _session(trend) for trend in found.sessions},
    }
    return clean_json(json.dumps(content, indent=2)) + "\n"


def _session(trend: Trend) -> dict[str, Any]:
    return {
        "passed": trend.passed,
        "judged": trend.judged,
        "pass_rate": trend.pass_rate,
        "median_ms": trend.median_ms,
        "runs": [asdict(run) for run in trend.runs],
    }


def _runs(state: Mapping[str, Any]) -> Iterator[tuple[str, Run]]:
    outputs = {urn: entry["outputs"] for urn, entry in state.items() if isinstance(entry.get("outputs"), dict)}
    verdicts = verdicts_in(next((each for urn, each in outputs.items() if type_of(urn) == STACK_TYPE), {}))
    for urn, run in outputs.items():
        kind = kind_of_type(type_of(urn))
        verdict = verdicts.get(str(run.get(kind.id_output))) if kind is not None else None
        if verdict is not None and verdict["outcome"] in OUTCOMES:
            # Without stack and project: both can be renamed.
            yield make_urn("_", "_", type_of(urn), name_of(urn), parents_of(urn)), _run(run.get("created_at"), verdict)


def _run(created_at: Any, verdict: Mapping[str, Any]) -> Run:
    began = parse_time(created_at) if isinstance(created_at, str) else None
    ended = parse_time(verdict["finished_at"])
    return Run(
        session_id=clean(verdict["session_id"]),
        outcome=verdict["outcome"],
        passed_scenarios=verdict["passed_scenarios"],
        total_scenarios=verdict["total_scenarios"],
        created_at=began.isoformat() if began else None,
        finished_at=ended.isoformat() if ended else None,
        duration_ms=round((ended - began).total_seconds() * 1000) if began and ended and ended >= began else None,
    )
