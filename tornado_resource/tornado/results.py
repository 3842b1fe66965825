"""The result of a session: all that must be read for it, beside its status."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from tornado_resource.bland.listing import SCENARIOS_LIMIT, Listing, Owner
from tornado_resource.bland.retrying import retried
from tornado_resource.bland.scenarios import complete, list_scenarios, with_ids
from tornado_resource.core.text import clean
from tornado_resource.errors import ApiError, OutcomeUnknown
from tornado_resource.runs.edited_scenarios import with_scenarios
from tornado_resource.runs.model import NOT_SHOWN_NOW, Ending, Result
from tornado_resource.runs.rerun import LastRun
from tornado_resource.runs.verdict import make_verdict
from tornado_resource.tornado.gate import tested_version, unreadable_content, with_content
from tornado_resource.versions.difference import compare_contents
from tornado_resource.versions.drift import drift, version_name
from tornado_resource.versions.reading import read_content, read_digests

if TYPE_CHECKING:
    from tornado_resource.bland.client import Client
    from tornado_resource.bland.listing import Scenario
    from tornado_resource.bland.retrying import Retry
    from tornado_resource.bland.sessions import Status
    from tornado_resource.runs.model import GatedRun, RunVerdict


async def session_result(client: Client, gated: GatedRun, ending: Ending, retry: Retry) -> Result:
    """Return the result of a session, with all that must be read for it. Never raises for what the API does.

    Args:
        client: sends the requests.
        gated: the session and its gate.
        ending: how the wait for it ended.
        retry: repeats a request through transient failures.

    """
    ending = replace(ending, status=_spelled(gated, ending.status))
    result = await with_scenarios(client, await _judged_by_gate(client, gated, ending, retry), _owner(gated), retry)
    try:
        return await _with_content(client, result, retry)
    except ApiError as error:
        verdict = unreadable_content(result.verdict, error)
        return replace(result, verdict=verdict, cause="content_unreadable" if verdict != result.verdict else None)


async def last_run(client: Client, gated: GatedRun) -> tuple[LastRun, GatedRun]:
    """Return what the gate says of a session that has ended, and the session with what was read of it.

    The content of its version is read only if it could show that something else was tested than what started or what
    was promoted.

    Args:
        client: sends the requests.
        gated: the session, with its final status.

    Raises:
        ApiError: a request failed.

    """
    status = _spelled(gated, gated.known.status)
    gated = replace(gated, known=replace(gated.known, status=status))
    listing = Listing(())
    if gated.gate.passed == "promotion":
        listing = await _promotion_scenarios(client, gated, status, retried)
    judged = _judged_by_listing(gated, Ending(status), listing)
    if judged.cause == "scenarios_unlisted":
        return LastRun(gated.run_id, gated.gate), gated  # another run would know no more
    result = await with_scenarios(client, judged, _owner(gated))
    if gated.must_be_shown:
        result = await _with_content(client, result)
    return LastRun.recorded(result.verdict), result.gated


async def with_drift(client: Client, result: Result) -> Result:
    """Return the result with what has become of the version that it is for. Never raises for what the API does."""
    gated = result.gated
    tested = result.verdict.basis(gated.request, gated.started_content)
    if tested.content is None or result.verdict.outcome == "incomplete":
        return result
    try:
        now = await read_digests(client, gated.request["pathway_id"], tested.version)
    except ApiError as error:
        return replace(result, drift=f"could not check for edits since: {error}")
    return replace(result, drift=drift(tested.version, tested.content, now))


async def with_changes(client: Client, result: Result) -> Result:
    """Return the result with what the session changed in the pathway, if it forked a version that can be read."""
    verdict, started = result.verdict, result.gated.request.get("version_number")
    if not verdict.repaired or verdict.version is None or started is None:
        return result
    pathway_id, versions = result.gated.request["pathway_id"], (started, verdict.version)
    try:
        before, after = [await read_content(client, pathway_id, version) for version in versions]
    except ApiError:
        return result  # for people only: it changes no verdict
    if before is None or after is None:
        return result
    return replace(
        result, changes=compare_contents(before, after, (f"version {started}", f"version {verdict.version}"))
    )


def _spelled(gated: GatedRun, status: Status | None) -> Status | None:
    """Return a status that spells the scenario ids as they are declared: the API may write UUIDs in another case."""
    declared = (*(gated.declared_scenarios or ()), *(entry.part for entry in gated.gate.quarantine))
    return status.spelled_as(declared) if status is not None else None


async def _judged_by_gate(client: Client, gated: GatedRun, ending: Ending, retry: Retry) -> Result:
    """Return the result by the gate alone, and read the pathway's scenarios only where it needs them."""
    if gated.gate.passed == "promotion" and ending.given_up is None:
        return await _judged_with_scenarios(client, gated, ending, retry)
    result = _result(gated, ending)
    if result.verdict.outcome == "passed" or not (result.verdict.failed_ids or result.verdict.unfixable_ids):
        return result
    try:
        listing = await list_scenarios(client, _owner(gated), enabled=True)
    except ApiError:
        # Without a retry, and without an error: names are for people and change no verdict.
        return result
    ids = (*result.verdict.failed_ids, *result.verdict.unfixable_ids)
    return replace(result, scenario_names=_names(listing.spelled_as(ids).scenarios))


async def _with_content(client: Client, result: Result, retry: Retry = retried) -> Result:
    """Return the result with the content of its version: as read when the session had ended, else as it is now.

    Raises:
        ApiError: the content could not be read, and the API does not say that it never can, or has shown it before.

    """
    gated, verdict = result.gated, result.verdict
    version = tested_version(gated, verdict)
    if verdict.outcome == "incomplete" or version is None:
        return result
    pathway_id = gated.request["pathway_id"]
    content = gated.known.content or await read_digests(client, pathway_id, version, retry)
    if content is None and verdict.outcome == "passed" and gated.must_be_shown:
        label = f"{version_name(version)} of pathway {clean(pathway_id)}"
        raise OutcomeUnknown(label, NOT_SHOWN_NOW)
    verdict = with_content(gated, await _with_fork(client, gated, verdict, retry), content)
    cause = "edited" if verdict.outcome == "incomplete" else result.cause
    return replace(
        result, gated=replace(gated, known=replace(gated.known, content=content)), verdict=verdict, cause=cause
    )


async def _with_fork(client: Client, gated: GatedRun, verdict: RunVerdict, retry: Retry) -> RunVerdict:
    """Return the verdict with the content of the version that the session forked, where it is for an earlier one.

    Raises:
        ApiError: the content could not be read.

    """
    if verdict.forked_version is None or verdict.forked_version == verdict.version:
        return verdict
    forked = await read_digests(client, gated.request["pathway_id"], verdict.forked_version, retry)
    return replace(verdict, forked_content=forked.best if forked is not None else None)


async def _judged_with_scenarios(client: Client, gated: GatedRun, ending: Ending, retry: Retry) -> Result:
    try:
        listing = await _promotion_scenarios(client, gated, ending.status, retry)
    except ApiError as error:
        reason = f"the scenarios required for promotion could not be read: {error}"
        return _result(gated, replace(ending, given_up=reason, cause="scenarios_unreadable"))
    return _judged_by_listing(gated, ending, listing)


def _judged_by_listing(gated: GatedRun, ending: Ending, listing: Listing) -> Result:
    """Return the result by the gate, as far as the listing of the pathway's scenarios settles it."""
    result = _result(gated, ending, listing.scenarios)
    doubt = unlisted_doubt(result.verdict, listing)
    return result if doubt is None else _result(gated, replace(ending, given_up=doubt, cause="scenarios_unlisted"))


async def _promotion_scenarios(client: Client, gated: GatedRun, status: Status | None, retry: Retry) -> Listing:
    """Return the enabled scenarios of a session's pathway; those that ran are there in any case.

    Raises:
        ApiError: a request failed.

    """
    owner, results = _owner(gated), status.last_results if status is not None else {}
    listed = await retry(lambda: list_scenarios(client, owner, enabled=True))
    whole = await complete(client, owner, listed, enabled=True, retry=retry)
    # Those that ran are read by their ids: lists by category lack one of a category that is not documented.
    listing = await with_ids(client, owner, replace(whole, is_whole=listed.is_whole), results, retry)
    is_complete = whole.is_whole and len(listing.enabled) == len(whole.enabled)
    is_whole = is_complete or (status is not None and ran_all(gated, status, listing))
    return Listing(listing.enabled, is_whole)


def _owner(gated: GatedRun) -> Owner:
    return Owner.pathway(gated.request["pathway_id"])


def _result(gated: GatedRun, ending: Ending, scenarios: tuple[Scenario, ...] = ()) -> Result:
    return Result(gated, make_verdict(gated, ending, scenarios), ending.status, _names(scenarios), ending.cause)


def _names(scenarios: tuple[Scenario, ...]) -> dict[str, str]:
    return {scenario.scenario_id: scenario.name for scenario in scenarios if scenario.name}


def ran_all(gated: GatedRun, status: Status, listing: Listing) -> bool:
    """Return whether a session ran every enabled scenario of its pathway, although they cannot all be listed.

    One that names no scenarios does, as the API's page says. Then its results show all of them, those that are listed
    included.
    """
    results = status.last_results
    is_unlimited = gated.declared_scenarios is None and not gated.adopted
    return (
        is_unlimited
        and len(results) == status.total_scenarios
        and all(scenario.scenario_id in results for scenario in listing.enabled)
    )


def unlisted_doubt(verdict: RunVerdict, listing: Listing) -> str | None:
    """Return why a verdict of a promotion gate does not hold for scenarios that the API does not list; None if it does.

    A required scenario that did not pass is reason enough to fail.
    """
    if listing.is_whole or verdict.outcome == "incomplete":
        return None
    if verdict.outcome == "failed" and any(scenario.is_required_for_promotion for scenario in listing.scenarios):
        return None
    return (
        f"the API lists no more than {SCENARIOS_LIMIT} scenarios of the pathway, "
        "so it is unknown which others are required for promotion"
    )
