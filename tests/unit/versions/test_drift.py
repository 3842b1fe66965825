"""Whether what a session was tested on, or what was published, has changed since."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import pytest

from tornado_resource.bland.content import LIVE, OTHER_PATHS, Digests
from tornado_resource.bland.listing import Listing, Scenario
from tornado_resource.versions.drift import (
    MAX_RECORDED_SCENARIOS,
    RunBasis,
    difference_in_words,
    drift,
    drift_of_live,
    drift_of_pins,
    find_drift,
    is_other_content,
    scenario_drift,
    scenarios_run,
)

if TYPE_CHECKING:
    from collections.abc import Iterable

OLD, NEW = "sha256:" + "0" * 64, "sha256:" + "1" * 64
REQUEST = {"pathway_id": "pw-1", "version_number": 6}


def scenario(name: str, **fields: Any) -> Scenario:
    return Scenario(name, None, is_required_for_promotion=False, entry={"id": name, **fields})


@dataclass
class FakeReader:
    """Shows one digest for every version, and the same scenarios for every pathway; *unlisted* ones only by id."""

    now: Digests | None = Digests("sha256v2:" + "2" * 64, OLD)  # noqa: RUF009 - frozen
    enabled: tuple[Scenario, ...] = ()
    asked: list[str] = field(default_factory=list)
    unlisted: tuple[Scenario, ...] | None = None

    async def digests(self, pathway_id: str, version: int) -> Digests | None:
        self.asked.append(f"{pathway_id}/{version}")
        return self.now

    async def scenarios(self, pathway_id: str, ids: Iterable[str] = ()) -> Listing:
        self.asked.append(pathway_id)
        chosen, unlisted = set(ids), self.unlisted or ()
        assert "" not in chosen
        found = [each for each in unlisted if each.scenario_id in chosen]
        return Listing((*self.enabled, *found), is_whole=self.unlisted is None)


def test_only_other_content_is_drift() -> None:
    assert drift(6, OLD, Digests.of(OLD)) is None
    assert drift(6, OLD, Digests("sha256v2:" + "2" * 64, OLD)) is None
    assert drift(6, OLD, None) is None
    edited = "version 6 was edited since it was tested: it was sha256:000000000000, now it is sha256:111111111111"
    assert drift(6, OLD, Digests("sha256v2:" + "2" * 64, NEW)) == edited
    assert drift(LIVE, OLD, Digests.of(NEW)) == edited.replace("version 6", "the live version")


@pytest.mark.parametrize(
    ("then", "is_other", "text"),
    [
        (Digests("sha256v2(x):" + "1" * 64), False, "it is new: 5"),
        (Digests("sha256v2(x):" + "0" * 64), True, "it is new: 5"),
        (Digests("sha256v2(y):" + "1" * 64), True, f"it may be new: 5; {OTHER_PATHS}"),
        (None, False, "it is new: 5"),
    ],
    ids=["same", "other", "other paths", "unknown"],
)
def test_other_content_and_what_may_be(then: Digests | None, text: str, *, is_other: bool) -> None:
    now = Digests("sha256v2(x):" + "1" * 64, OLD, "sha256v2:" + "2" * 64)
    assert is_other_content(now, then) is is_other
    assert difference_in_words(now, then, ("it is new", "it may be new"), "5") == text


def test_a_live_pathway_that_is_not_shown_has_not_drifted() -> None:
    assert drift_of_live(OLD, Digests.of(OLD)) is None
    assert drift_of_live(OLD, None) is None
    changed = "the live pathway was changed: sha256:111111111111 is live, sha256:000000000000 was published"
    assert drift_of_live(OLD, Digests.of(NEW)) == changed


@pytest.mark.parametrize(
    ("request_", "content", "scenarios", "asked"),
    [
        (REQUEST, OLD, None, ["pw-1/6"]),
        (REQUEST, None, None, []),
        (REQUEST, None, {}, ["pw-1"]),
        (REQUEST, OLD, {}, ["pw-1/6", "pw-1"]),
    ],
)
async def test_only_what_was_recorded_is_read(
    request_: dict[str, Any], content: str | None, scenarios: dict[str, str] | None, asked: list[str]
) -> None:
    reader = FakeReader()
    assert await find_drift(reader, RunBasis(request_, 6, content, scenarios)) is None
    assert reader.asked == asked


async def test_every_change_is_told() -> None:
    before = scenarios_run(None, [scenario("a"), scenario("b")])
    reader = FakeReader(Digests.of(NEW), (scenario("a", max_turns=5), scenario("c")))
    assert await find_drift(reader, RunBasis(REQUEST, 6, OLD, before)) == (
        "version 6 was edited since it was tested: it was sha256:000000000000, now it is sha256:111111111111; "
        "since it was tested: 1 scenario changed (a), 1 scenario disabled or deleted (b), 1 scenario added (c)"
    )


@pytest.mark.parametrize("is_exact", [False, True])
async def test_white_space_that_somebody_adds_is_no_drift_of_a_new_record(is_exact: bool) -> None:  # noqa: FBT001
    before, after = (scenario("a", tester_persona_prompt=text) for text in ("Hello.\nBye. ", "Hello. \nBye.\n"))
    tested = RunBasis(REQUEST, 6, None, scenarios_run(None, [before], is_exact=is_exact))
    assert await find_drift(FakeReader(None, (before,)), tested) is None
    drift = await find_drift(FakeReader(None, (after,)), tested)
    assert drift == ("since it was tested: 1 scenario changed (a)" if is_exact else None)


async def test_an_edit_since_an_older_record_names_no_other_scenario() -> None:
    before = [scenario(name, tester_persona_prompt="Hello. \n") for name in ("a", "b")]
    tested = RunBasis(REQUEST, 6, None, scenarios_run(None, before, is_exact=True))
    now = (before[0], scenario("b", tester_persona_prompt="Bye. \n"))
    assert await find_drift(FakeReader(None, now), tested) == "since it was tested: 1 scenario changed (b)"


@pytest.mark.parametrize("chosen", [None, ["a", "b"]])
async def test_a_scenario_that_is_not_listed_has_not_drifted(chosen: list[str] | None) -> None:
    request = {"pathway_id": "pw-1", "scenario_ids": chosen} if chosen is not None else {"pathway_id": "pw-1"}
    tested = RunBasis(request, LIVE, None, scenarios_run(chosen, [scenario("a"), scenario("b")]))
    reader = FakeReader(enabled=(scenario("a"),), unlisted=(scenario("b"), scenario("c")))
    assert await find_drift(reader, tested) is None
    for later, said in [
        (scenario("b", max_turns=5), "since it was tested: 1 scenario changed (b)"),
        (scenario("b", enabled=False), "since it was tested: 1 scenario disabled or deleted (b)"),
    ]:
        assert await find_drift(FakeReader(enabled=(scenario("a"),), unlisted=(later,)), tested) == said


async def test_many_scenarios_are_not_compared_with_a_part_of_them() -> None:
    many = [scenario(f"sc-{number}") for number in range(MAX_RECORDED_SCENARIOS + 1)]
    tested = RunBasis({"pathway_id": "pw-1"}, LIVE, None, scenarios_run(None, many))
    assert await find_drift(FakeReader(enabled=tuple(many[:100]), unlisted=()), tested) is None
    assert await find_drift(FakeReader(enabled=tuple(many[:100])), tested) is not None


def test_only_the_scenarios_of_the_session_count() -> None:
    enabled = [scenario("a"), scenario("b")]
    assert scenarios_run(["b", "gone"], enabled).keys() == {"b"}
    assert scenario_drift(scenarios_run(["b"], enabled), scenarios_run(["b"], [scenario("a", max_turns=1)])) == (
        "since it was tested: 1 scenario disabled or deleted (b)"
    )


def test_many_scenarios_are_recorded_as_one() -> None:
    many = [scenario(f"sc-{number}") for number in range(MAX_RECORDED_SCENARIOS + 1)]
    before = scenarios_run(None, many)
    assert len(before) == 1
    assert scenario_drift(before, scenarios_run(None, many[::-1])) is None
    now = scenarios_run(None, [*many[1:], scenario("sc-0", max_turns=5)])
    assert scenario_drift(before, now) == "its scenarios were changed since it was tested"
    assert scenario_drift(before, scenarios_run(None, many[:3])) == "its scenarios were changed since it was tested"


def test_names_are_cleaned_and_counted() -> None:
    now = {f"sc-{number}": "x" for number in range(6)} | {"\x1b[1m": "x"}
    told = "since it was tested: 7 scenarios added (\\x1b[1m, sc-0, sc-1, sc-2, sc-3 and 2 more)"
    assert scenario_drift({}, now) == told


@pytest.mark.parametrize(
    ("pinned", "differs"),
    [
        ("V-1", None),
        ("v-2", "staging pins version v-2 instead of version v-1"),
        (None, "staging pins nothing instead of version v-1"),
    ],
)
def test_an_environment_pins_what_was_published_or_it_has_drifted(pinned: str | None, differs: str | None) -> None:
    assert drift_of_pins("staging", "v-1", pinned) == differs
