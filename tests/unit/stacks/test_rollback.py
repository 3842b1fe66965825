"""What a stack can go back to, by what it and its past states have recorded."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from tornado_resource.bland.content import Digests
from tornado_resource.core import canonical
from tornado_resource.core.urns import AGENT_RELEASE_TYPE, RELEASE_TYPE, SESSION_TYPE, STACK_TYPE, make_urn
from tornado_resource.declarations.model import Gate
from tornado_resource.declarations.releases import Release
from tornado_resource.runs.model import RunVerdict
from tornado_resource.stacks.fields import MAX_REASON_CHARACTERS
from tornado_resource.stacks.recorded import Recorded, Resource, read_outputs
from tornado_resource.stacks.renames import release_of
from tornado_resource.stacks.rollback import (
    Pass,
    Passes,
    Rollback,
    as_output,
    passes_of,
    recorded_rollbacks,
)

RELEASE = Release("a", "sessions", "pw-1", "production", None, ("a",))
AGENT = Release("b", "agents", "ag-1", "production", None, ("b",))
ROLLBACK = Rollback(5, "s-5", "s-6", "INC-7", f"sha256v2:{'5' * 64}", "2026-04-05T10:00:00Z", 6, "2026-04-07T03:00:00Z")


def day(number: int) -> str:
    return f"2026-04-{number:02}T10:00:00Z"


def digest(number: int) -> str:
    return f"sha256v2:{number:064}"


def passed(number: int, *, is_released: bool = True) -> Pass:
    return Pass(number, digest(number), f"s-{number}", day(number), is_released)


def published(number: int, **more: Any) -> dict[str, Any]:
    outputs = {"pathway_id": "pw-1", "environment": "production", "version": float(number), "content": digest(number)}
    return {**outputs, "sessions": [f"s-{number}"], "passed_at": day(number), **more}


def state(number: int, release: dict[str, Any] | None, name: str = "a", **changes: Any) -> Recorded:
    """A state in which the session has passed on a version of its number, after which something was published."""
    request = {"pathway_id": "pw-1", "version_number": number}
    known: dict[str, Any] = {
        "outcome": "passed",
        "reason": "1 of 1 scenario passed",
        "session_id": f"s-{number}",
        "status": "COMPLETED_ALL_PASSED",
        "passed_scenarios": 1,
        "total_scenarios": 1,
        "iterations": 1,
        "version": number,
        "content": digest(number),
        "full_run": True,
        "gate": Gate(),
        "declaration": canonical.digest(request),
        "finished_at": day(number),
    }
    verdict = RunVerdict(**{**known, **changes})
    run = {"session_id": f"s-{number}", "pathway_id": "pw-1", "declared": request}
    resources: dict[str, Any] = {
        make_urn("dev", "p", STACK_TYPE, "p-dev"): {"outputs": {"verdicts": {name: verdict.as_output()}}},
        make_urn("dev", "p", SESSION_TYPE, name): {"outputs": run},
    }
    if release is not None:
        resources[make_urn("dev", "p", RELEASE_TYPE, name)] = {"outputs": release}
    return read_outputs(resources)


def test_an_entry_survives_the_config_and_the_state() -> None:
    assert Rollback.of({**ROLLBACK.as_output(), "version": 5.0}) == ROLLBACK
    assert Rollback.of({**ROLLBACK.as_output(), "content": None}) == replace(ROLLBACK, content=None)
    agent = Rollback("v-5", "r-5", "r-6", "INC-7")
    assert Rollback.of(as_output({"b": agent})["b"]) == agent


@pytest.mark.parametrize(
    "change",
    [
        {"version": None},
        {"version": -1},
        {"version": 0},
        {"version": True},
        {"version": ""},
        {"version": "a\nb"},
        {"session_id": ""},
        {"session_id": 5},
        {"instead_of": None},
        {"reason": ""},
        {"reason": "a\x1b[2J"},
        {"reason": "x" * (MAX_REASON_CHARACTERS + 1)},
        {"content": 5},
        {"unknown": "x"},
    ],
)
def test_what_is_no_entry_is_refused(change: dict[str, Any]) -> None:
    assert Rollback.of({**ROLLBACK.as_output(), **change}) is None


def test_an_entry_says_what_it_does() -> None:
    assert str(ROLLBACK) == (
        "rolled back to version 5 (sha256v2:555555555555), which passed at 2026-04-05T10:00:00Z: INC-7"
    )
    assert str(Rollback("v-5", "r-5", "r-6", "x::y")) == "rolled back to version v-5: x::y"
    assert Rollback.of([]) is None


def test_the_last_good_version_is_the_one_published_before() -> None:
    states = [
        state(7, published(6), outcome="failed"),
        state(6, published(6)),
        state(5, published(4)),
        state(4, published(4)),
        state(3, None),
    ]
    found = passes_of(RELEASE, states)
    assert found.live == passed(6)
    assert found.others == (passed(5, is_released=False), passed(4), passed(3, is_released=False))
    assert found.last_good == passed(4)
    assert found.find("3") == passed(3, is_released=False)
    assert found.find("6") is None


def test_without_a_published_one_the_newest_pass_is_the_last_good() -> None:
    found = passes_of(RELEASE, [state(6, published(6)), state(5, None), state(4, None)])
    assert found.last_good == passed(5, is_released=False)


def test_after_a_rollback_the_next_one_goes_further_back() -> None:
    states = [state(6, published(5)), state(6, published(6)), state(5, published(5)), state(4, published(4))]
    found = passes_of(RELEASE, states)
    assert (found.live, found.last_good) == (passed(5), passed(4))
    assert found.find("6") == passed(6)


def test_releases_record_what_was_published_before() -> None:
    """A backend may show no past states."""
    before = [
        {"version": 5, "content": digest(5), "sessions": ["s-5"], "passed_at": day(5)},
        "damaged",
        {"version": "?"},
    ]
    found = passes_of(RELEASE, [state(6, published(6, previous=before))])
    assert found.last_good == passed(5)
    assert [each.version for each in found.others] == [5, "?"]
    assert passes_of(RELEASE, [state(6, published(6, previous="damaged"))]).others == ()


def test_an_older_release_gets_the_time_of_its_pass_from_the_verdict() -> None:
    outputs = published(6, passed_at=None, sessions=None)
    assert passes_of(RELEASE, [state(6, outputs), state(5, None)]).live == passed(6)
    unknown = passes_of(RELEASE, [state(7, outputs), state(5, None)])
    assert (unknown.live, unknown.last_good) == (Pass(6, digest(6), "", None, is_released=True), None)


def test_nothing_published_is_nothing_to_go_back_from() -> None:
    found = passes_of(RELEASE, [state(6, None)])
    assert (found.live, found.last_good, found.others) == (None, None, (passed(6, is_released=False),))
    assert Passes().last_good is None


def test_only_passes_on_one_version_of_the_same_pathway_count() -> None:
    assert passes_of(RELEASE, [state(6, None, full_run=False)]).others == ()
    assert passes_of(RELEASE, [state(6, None, "other")]).others == ()
    moved = replace(RELEASE, subject_id="pw-2")
    assert passes_of(moved, [state(6, published(6))]) == Passes()


def test_the_passes_of_a_renamed_session_are_its_own() -> None:
    states = [state(6, published(6), "new"), state(6, published(6)), state(5, published(5))]
    found = passes_of(replace(RELEASE, name="new", runs=("new",)), states)
    assert (found.live, found.others) == (passed(6), (passed(5),))
    unpublished = [state(6, None, "new"), state(6, None), state(5, None)]
    assert [each.version for each in passes_of(replace(RELEASE, runs=("new",)), unpublished).others] == [6, 5]


def test_a_release_is_found_by_what_it_publishes_where() -> None:
    recorded = state(6, published(6))
    found = release_of(RELEASE, recorded)
    assert found is not None
    assert found.outputs["version"] == 6
    assert release_of(replace(RELEASE, environment="staging"), recorded) is None
    assert release_of(AGENT, recorded) is None


def test_the_release_of_an_agent_names_versions_by_id_and_semver() -> None:
    urn = make_urn("dev", "p", AGENT_RELEASE_TYPE, "b")
    outputs = {"agent_id": "ag-1", "environment": "production", "version_id": "v-6", "runs": ["r-6"], "semver": "1.6.0"}
    previous = [{"version_id": "v-5", "runs": ["r-5"], "semver": "1.5.0", "passed_at": day(5)}]
    found = passes_of(AGENT, [read_outputs({urn: {"outputs": {**outputs, "passed_at": day(6), "previous": previous}}})])
    assert found.live == Pass("v-6", "v-6", "r-6", day(6), is_released=True, semver="1.6.0")
    assert found.last_good == found.find("1.5.0") == found.find("v-5")
    assert found.last_good is not None
    assert found.last_good.version == "v-5"


def test_a_pass_of_another_stack_that_counted_here_can_be_gone_back_to() -> None:
    recorded = state(5, None, promoted=True, promoted_from="o/p/staging")
    outputs = {**recorded.outputs, "sessions": {"a": {"pathway_id": "pw-1", "version_number": 5}}}
    only = read_outputs({make_urn("dev", "p", STACK_TYPE, "p-dev"): {"outputs": outputs}})
    assert passes_of(RELEASE, [only]).others == (passed(5, is_released=False),)


def test_what_a_stack_has_gone_back_to_is_in_its_releases() -> None:
    recorded = state(6, published(5, rollback={"name": "a", **ROLLBACK.as_output()}))
    assert recorded_rollbacks(recorded) == {"a": ROLLBACK}
    for damaged in ("x", {"name": 5, **ROLLBACK.as_output()}, {"name": "a"}):
        assert recorded_rollbacks(state(6, published(5, rollback=damaged))) == {}
    assert recorded_rollbacks(Recorded(releases={"urn": Resource("urn", {})})) == {}


def read(number: int) -> Digests | None:
    return Digests.of(digest(number))


@pytest.mark.parametrize(
    ("now", "doubts", "good"),
    [
        ({}, ["edited since", None, None], 4),
        ({6: read(6), 5: read(5), 4: read(4)}, ["edited since", None, None], 4),
        ({6: read(1), 5: read(5), 4: read(4)}, [None, None, None], 6),
        ({6: read(6), 5: read(9), 4: read(9)}, ["edited since", "edited since", "edited since"], None),
        ({6: read(6), 5: read(5), 4: None}, ["edited since", None, "cannot be read any more"], 5),
    ],
    ids=["by the state", "as recorded", "edited back", "all edited", "deleted"],
)
def test_what_was_edited_since_it_passed_is_not_gone_back_to(now: Any, doubts: list[str | None], good: Any) -> None:
    """Version 6 has passed with two contents, and was published with both."""
    before = replace(passed(6), content=digest(1), passed_at="2026-04-05T12:00:00Z")
    found = Passes(passed(6), (before, passed(5, is_released=False), passed(4))).compared_with(now)
    assert [each.doubt and each.doubt.short for each in found.others] == doubts
    assert (found.last_good and found.last_good.version) == good
    by_number = found.find("6")
    assert by_number is not None
    if by_number.doubt is not None:
        assert by_number.doubt.text.startswith(
            "version 6 was edited since: sha256v2:000000000000 passed at 2026-04-05T12:"
        )


def test_of_two_passes_of_a_version_the_one_it_holds_counts() -> None:
    twice = (replace(passed(5), content=digest(2)), passed(5))
    assert Passes(passed(6), twice).compared_with({}).find("5") == twice[0]
    assert Passes(passed(6), twice).compared_with({5: read(5)}).find("5") == twice[1]


def test_a_pass_of_unknown_content_counts_where_the_api_shows_none() -> None:
    unknown = replace(passed(5), content=None)
    compared = [Passes(passed(6), (unknown,)).compared_with(now).others[0] for now in ({}, {5: None}, {5: read(5)})]
    assert [each.doubt and each.doubt.short for each in compared] == [None, None, "of unknown content"]


def test_other_ignored_paths_leave_it_open_what_passed() -> None:
    [compared] = (
        Passes(passed(6), (passed(5),)).compared_with({5: Digests(f"sha256v2(a):{'7' * 64}", "sha256:1")}).others
    )
    assert compared.doubt is not None
    assert compared.doubt.short == "may have been edited since"


def test_the_version_of_an_agent_is_never_in_doubt() -> None:
    only = Pass("v-5", "v-5", "r-5", day(5))
    found = Passes(None, (only,))
    assert (found.numbers, found.compared_with({}).others) == (frozenset(), (only,))


def test_the_live_pathway_is_no_version_to_go_back_to() -> None:
    assert passes_of(RELEASE, [state(0, None)]).others == ()
