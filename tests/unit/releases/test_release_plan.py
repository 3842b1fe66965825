"""What is published with which content."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from tests.support.results import gated_run_of, result_of, status_of
from tornado_resource.bland.content import Digests
from tornado_resource.declarations.releases import Release
from tornado_resource.releases.release_plan import plan_releases
from tornado_resource.runs.model import PromotedVersion
from tornado_resource.versions.drift import edit_since_pass, unread

if TYPE_CHECKING:
    from tornado_resource.runs.model import Result

OLD, NEW, CURRENT = "sha256:" + "0" * 64, "sha256:" + "1" * 64, "sha256v2:" + "2" * 64
RELEASE = Release("booking", "sessions", "pw-1", "production", 7, ("booking", "billing"))


def passed(name: str, content: str | None, finished_at: str | None = None, **gated: Any) -> Result:
    result = result_of(gated_run_of(name, f"s-{name}", **gated), status_of("COMPLETED_ALL_PASSED", ("a",), ()))
    return replace(result, verdict=replace(result.verdict, content=content, finished_at=finished_at))


def results(first: str | None, second: str | None) -> dict[str, Result]:
    return {"booking": passed("booking", first, "2026-04-14T10:00:00Z"), "billing": passed("billing", second)}


def test_a_release_has_what_its_sessions_passed_with() -> None:
    [plan], problems = plan_releases([RELEASE], results(OLD, OLD))
    assert (plan.version, plan.run_ids, plan.content) == (7, ["s-booking", "s-billing"], OLD)
    assert plan.passed_at == "2026-04-14T10:00:00Z"
    assert problems == {}


@pytest.mark.parametrize(("first", "second"), [(OLD, None), (None, OLD)])
def test_one_session_that_names_the_content_is_enough(first: str | None, second: str | None) -> None:
    [plan], problems = plan_releases([RELEASE], results(first, second))
    assert (plan.content, problems) == (OLD, {})


@pytest.mark.parametrize(
    ("gated", "repaired", "content"),
    [
        ({"promoted": PromotedVersion(content=Digests.of(OLD)), "started_content": NEW}, False, OLD),
        ({"started_content": NEW}, False, NEW),
        ({"started_content": NEW}, True, None),
        ({}, False, None),
    ],
)
def test_a_content_that_is_not_recorded_is_known_otherwise(
    gated: dict[str, Any],
    repaired: bool,  # noqa: FBT001
    content: str | None,
) -> None:
    result = passed("booking", None, **gated)
    result = replace(result, verdict=replace(result.verdict, repaired=repaired))
    [plan], _ = plan_releases([replace(RELEASE, runs=("booking",))], {"booking": result})
    assert (plan.content, plan.passed_at) == (content, None)


def test_two_contents_of_one_version_are_a_problem() -> None:
    _, problems = plan_releases([RELEASE], results(OLD, NEW))
    assert problems == {
        "billing": "version 7 was edited between two passes: booking passed with sha256:000000000000, "
        "billing with sha256:111111111111"
    }


def test_passes_in_two_forms_are_both_compared_with_the_version() -> None:
    [plan], problems = plan_releases([RELEASE], results(OLD, CURRENT))
    assert (plan.content, plan.contents, problems) == (CURRENT, (CURRENT, OLD), {})


def test_a_release_without_a_version_is_left_out() -> None:
    assert plan_releases([replace(RELEASE, version=None)], results(OLD, OLD)) == ([], {})


@pytest.mark.parametrize(
    ("changed", "is_recorded"),
    [
        ({}, True),
        ({"live": OLD}, True),
        ({"live": NEW}, False),
        ({"unproved": "the live pathway could not be read"}, False),
        ({"version": 6}, False),
        ({"sessions": ["s-booking"]}, False),
        ({"content": NEW}, False),
        ({"content": None}, False),
        ({"environment": "staging"}, False),
        ({"pathway_id": "pw-2"}, False),
    ],
)
def test_a_release_that_is_recorded_as_it_is(changed: dict[str, Any], is_recorded: bool) -> None:  # noqa: FBT001
    [plan], _ = plan_releases([RELEASE], results(OLD, OLD))
    recorded = {
        "pathway_id": "pw-1",
        "environment": "production",
        "version": 7,
        "sessions": ["s-booking", "s-billing"],
        "content": OLD,
    }
    assert plan.is_recorded({**recorded, **changed}) is is_recorded
    assert not plan.is_recorded(None)


def test_a_pass_with_other_ignored_paths_is_no_proof_and_no_edit() -> None:
    plain, ignoring = "sha256v2:" + "3" * 64, "sha256v2(status):" + "4" * 64
    assert edit_since_pass(7, plain, None, Digests(ignoring, OLD, whole=plain)) is None
    unknown = edit_since_pass(7, plain, "noon", Digests(ignoring, OLD, whole=CURRENT))
    assert unknown is not None
    assert unknown.startswith("version 7 may have been edited since: sha256v2:333333333333 passed at noon, now it is ")
    assert "(tornado:ignoreContent); run it again" in unknown


def test_passes_with_other_ignored_paths_do_not_contradict() -> None:
    plain, ignoring = "sha256v2:" + "3" * 64, "sha256v2(status):" + "4" * 64
    [plan], problems = plan_releases([RELEASE], results(plain, ignoring))
    assert (plan.contents, problems) == ((plain, ignoring), {})


def test_an_edit_is_told_with_both_digests_and_the_time() -> None:
    assert edit_since_pass(7, OLD, "2026-04-14T10:00:00Z", Digests(CURRENT, OLD)) is None
    edited = edit_since_pass(7, OLD, "2026-04-14T10:00:00Z", Digests(CURRENT, NEW))
    assert edited is not None
    assert edited.startswith(
        "version 7 was edited since: sha256:000000000000 passed at 2026-04-14T10:00:00Z, now it is sha256:111111111111"
    )
    gone = edit_since_pass(7, OLD, None, None)
    assert gone is not None
    assert gone.startswith("version 7 cannot be read any more (sha256:000000000000 passed at an unknown time)")
    assert unread(7).startswith("could not read version 7")
