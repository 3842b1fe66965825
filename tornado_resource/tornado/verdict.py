"""What the verdict on a session says beside its outcome, and whether it is for the content that was tested. Pure."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING

from tornado_resource.bland.content import LIVE, OTHER_PATHS, Digests, is_incomparable, is_same, short
from tornado_resource.bland.responses import parse_time
from tornado_resource.versions.drift import version_name

if TYPE_CHECKING:
    from collections.abc import Iterable

    from tornado_resource.bland.sessions import Status
    from tornado_resource.declarations.model import Gate
    from tornado_resource.runs.model import GatedRun, Outcome, RunFacts, RunVerdict


def facts(gated: GatedRun, status: Status, outcome: Outcome) -> RunFacts:
    """Return what a verdict says of a session by its last known status.

    A pass is for the version with the repairs, but where the gate refuses them: then it is for what ran before them.
    """
    is_before = outcome == "passed" and gated.gate.repaired == "refuse"
    tested = (status.at_first if is_before and status.is_repaired else None) or status
    return {
        "passed_scenarios": tested.passed_scenarios,
        "total_scenarios": tested.total_scenarios,
        "failed_ids": tested.failed_ids,
        "unfixable_ids": list(status.unfixable_ids),
        "quarantined": quarantined(gated.gate, tested.failed_ids, status.unfixable_ids),
        "iterations": _iterations(status),
        "repaired": tested.is_repaired,
        "version": _version(gated, tested),
        "forked_version": status.forked_version,
        "full_run": tested.is_full_run,
        **_first(gated, tested),
        "finished_at": _finished_at(status, gated.created_at) if status.is_final else None,
    }


def quarantined(gate: Gate, failed: Iterable[str], unfixable: Iterable[str]) -> list[str]:
    """Return the scenarios in quarantine among those that failed or are unfixable."""
    return [each for each in dict.fromkeys((*failed, *unfixable)) if gate.quarantine_of(each) is not None]


def _first(gated: GatedRun, tested: Status) -> RunFacts:
    """Return how the first iteration went, on the content that the session was started on, if it was repaired since."""
    first = tested.at_first if tested.is_repaired else None
    if first is None or not first.is_full_run or gated.started_content is None:
        return {}
    return {"first_failed_ids": first.failed_ids, "first_content": gated.started_content}


def tested_version(gated: GatedRun, verdict: RunVerdict) -> int | None:
    """Return the version whose content a verdict is for; None if none is known.

    Where none was declared, it is the live one, if that was read after the start, and if the session repaired nothing.
    """
    is_on_live = gated.started_content is not None and "version_number" not in gated.request
    return verdict.version if verdict.version is not None or verdict.repaired or not is_on_live else LIVE


def with_content(gated: GatedRun, verdict: RunVerdict, content: Digests | None) -> RunVerdict:
    """Return a verdict with the content of the version that it is for.

    Args:
        gated: the session.
        verdict: its verdict, by the gate alone.
        content: what the version holds now; None if the API does not show it.

    Returns:
        The verdict. It is `incomplete` if other content was there when the session started, and a pass is if other
        content passed in the environment that the version was promoted from. So it is if that is unknown, since other
        paths were ignored then.

    """
    if content is None:
        return verdict
    name = version_name(verdict.version)
    found, started, promoted = replace(verdict, content=content.best), gated.started_content, gated.promoted.content
    if not verdict.repaired and started is not None:
        edit = f"{short(started)} when it started, {short(content.like(started))} when it had ended"
        if is_same(content, Digests.of(started)) is False:
            return _incomplete(found, f"{name} was edited while it was tested: {edit}")
        if is_incomparable(content, Digests.of(started)):
            edit = f"{name} may have been edited while it was tested: {edit}"
            return _incomplete(found, f"{edit}; {OTHER_PATHS}")
    if verdict.outcome == "passed" and promoted is not None:
        known = f"its content is {short(content.like(promoted.best))}, {short(promoted.best)} passed there"
        if is_same(content, promoted) is False:
            return _incomplete(found, f"version {verdict.version} is not the content that was promoted: {known}")
        if is_incomparable(content, promoted):
            known = f"version {verdict.version} may not be the content that was promoted: {known}"
            return _incomplete(found, f"{known}; {OTHER_PATHS}")
    return found


def unreadable_content(verdict: RunVerdict, error: Exception) -> RunVerdict:
    """Return a verdict on a version whose content could not be read now. Only a certain pass counts."""
    reason = f"{version_name(verdict.version)} could not be read: {error}"
    return _incomplete(verdict, reason) if verdict.outcome == "passed" else verdict


def _incomplete(verdict: RunVerdict, reason: str) -> RunVerdict:
    return replace(verdict, outcome="incomplete", reason=reason)


def _version(gated: GatedRun, status: Status) -> int | None:
    """Return the pathway version that the verdict applies to; None if it is unknown.

    After repairs, that is the forked version and no other. Of an adopted session the API shows neither the pathway nor
    the version it started on; only one that still ran when it was adopted (it has a `created_at`) is known to run on
    this pathway.
    """
    if status.is_repaired:
        return status.forked_version if gated.created_at is not None or not gated.adopted else None
    return None if gated.adopted else gated.request.get("version_number")


def _iterations(status: Status) -> int | None:
    listed = len(status.iterations) + status.omitted.iterations
    return status.current_iteration if status.current_iteration is not None else listed or None


def _finished_at(status: Status, created_at: str | None) -> str | None:
    """Return the end by the API's clock: that of the last iteration, else creation plus elapsed time."""
    ends = [iteration.completed_at for iteration in status.iterations if iteration.completed_at is not None]
    if ends:
        return ends[-1]
    created = parse_time(created_at)
    if created is None or status.elapsed_ms is None:
        return None
    try:
        moment = created + timedelta(milliseconds=status.elapsed_ms)
    except OverflowError:
        return None
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")
