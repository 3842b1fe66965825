"""Verdicts on pathways with more scenarios than the API lists."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any, Final

import pytest

from tests.support.api import FakeTime, json_response
from tests.support.results import gated_run_of
from tests.support.scenario_api import ScenarioApi
from tornado_resource.bland.listing import Owner
from tornado_resource.declarations.model import Gate, ScenarioDeclaration
from tornado_resource.runs.results import read_last_run, read_result, wait_for_result

if TYPE_CHECKING:
    import httpx

    from tornado_resource.runs.model import GatedRun, Result

NUMBER: Final = 130
ALL: Final = tuple(f"sc-{number}" for number in range(1, NUMBER + 1))
UNKNOWN: Final = (
    "the API lists no more than 100 scenarios of the pathway, so it is unknown which others are required for promotion"
)
REQUEST: Final = {"pathway_id": "pw-1"}
PROMOTION: Final = gated_run_of("support-line", gate=Gate("promotion"), request=REQUEST)


class Api(ScenarioApi):
    """A session that has ended, and 130 scenarios, of which only the newest 100 are listed: sc-31 to sc-130."""

    status: dict[str, Any]

    @classmethod
    def of(cls, *required: str, failed: tuple[str, ...] = (), ran: tuple[str, ...] = ALL, **fields: Any) -> Api:
        api = cls()
        for number in range(1, NUMBER + 1):
            api.add(name=f"Case {number}", is_required_for_promotion=f"sc-{number}" in required, **fields)
        passed = [each for each in ran if each not in failed]
        api.status = {
            "status": "COMPLETED_PARTIAL" if failed else "COMPLETED_ALL_PASSED",
            "total_scenarios": len(ran),
            "passed_scenarios": len(passed),
            "failed_scenarios": len(failed),
            "iterations": [{"iteration": 1, "passed_ids": passed, "failed_ids": list(failed)}],
        }
        return api

    async def handle(self, request: httpx.Request) -> httpx.Response:
        return json_response(self.status) if request.url.path.endswith("/status") else await super().handle(request)

    async def result(self, gated: GatedRun) -> Result:
        async with self.client() as client:
            return await read_result(client, gated)


async def test_a_required_scenario_that_is_not_listed_must_pass() -> None:
    api = Api.of("sc-2", "sc-130", failed=("sc-2",))
    async with api.client() as client:
        awaited = (await wait_for_result(client, PROMOTION, 15.0, lambda _: None, FakeTime().clock())).verdict
        last, _ = await read_last_run(client, PROMOTION)
    expected = ("failed", "required for promotion but not passed: sc-2")
    assert (awaited.outcome, awaited.reason) == (last.outcome, last.reason) == expected


async def test_a_session_that_ran_all_scenarios_settles_which_are_required() -> None:
    verdict = (await Api.of("sc-2", "sc-130").result(PROMOTION)).verdict
    assert (verdict.outcome, verdict.reason) == ("passed", "all scenarios required for promotion passed (2)")
    verdict = (await Api.of().result(PROMOTION)).verdict
    assert verdict.reason == "no scenario of the pathway is marked is_required_for_promotion"


@pytest.mark.parametrize(
    ("api", "gated"),
    [
        (Api.of("sc-130", ran=ALL[60:]), replace(PROMOTION, request={**REQUEST, "scenario_ids": list(ALL[60:])})),
        (Api.of("sc-130", ran=ALL[60:]), PROMOTION),
        (Api.of("sc-130"), replace(PROMOTION, adopted=True)),
        (Api.of("sc-1", ran=ALL[60:]), PROMOTION),
    ],
    ids=["declared ids", "not all that are listed", "adopted", "none required that is listed"],
)
async def test_what_is_not_listed_leaves_a_promotion_gate_unsure(api: Api, gated: GatedRun) -> None:
    result = await api.result(gated)
    assert (result.verdict.outcome, result.verdict.reason, result.cause) == (
        "incomplete",
        UNKNOWN,
        "scenarios_unlisted",
    )
    async with api.client() as client:
        last, _ = await read_last_run(client, gated)
    assert last.state == "unknown"  # another run would know no more


async def test_a_required_scenario_that_failed_is_reason_enough() -> None:
    api = Api.of("sc-130", failed=("sc-130",), ran=ALL[60:])
    verdict = (await api.result(PROMOTION)).verdict
    assert (verdict.outcome, verdict.reason) == ("failed", "required for promotion but not passed: sc-130")


async def test_categories_complete_the_list_of_a_promotion_gate() -> None:
    api = Api.of("sc-2", ran=ALL[60:])
    _in_two_categories(api)
    verdict = (await api.result(PROMOTION)).verdict
    assert (verdict.outcome, verdict.reason) == ("failed", "required for promotion but not passed: sc-2")


async def test_a_scenario_that_ran_is_read_whatever_its_category() -> None:
    api = Api.of("sc-1", "sc-130", failed=("sc-1",))
    _in_two_categories(api)
    api.edit("sc-1", category="NEW")
    verdict = (await api.result(PROMOTION)).verdict
    assert (verdict.outcome, verdict.reason) == ("failed", "required for promotion but not passed: sc-1")


async def test_a_scenario_that_was_disabled_after_it_ran_is_no_other_category() -> None:
    api = Api.of("sc-130", ran=ALL[60:])
    _in_two_categories(api)
    api.edit(ALL[61], enabled=False)
    some = list(ALL[60:])
    api.status |= {"total_scenarios": len(some), "passed_scenarios": len(some), "failed_scenarios": 0}
    api.status |= {"status": "COMPLETED_ALL_PASSED", "iterations": [{"iteration": 1, "passed_ids": some}]}
    assert (await api.result(replace(PROMOTION, request={**REQUEST, "scenario_ids": some}))).verdict.outcome == "passed"


async def test_lists_by_category_settle_which_scenarios_are_required() -> None:
    api = Api.of("sc-130")
    _in_two_categories(api)
    some = list(ALL[60:])
    api.status |= {"total_scenarios": len(some), "passed_scenarios": len(some), "failed_scenarios": 0}
    api.status |= {"status": "COMPLETED_ALL_PASSED", "iterations": [{"iteration": 1, "passed_ids": some}]}
    named = replace(PROMOTION, request={**REQUEST, "scenario_ids": some})
    assert (await api.result(named)).verdict.outcome == "passed"
    # One that ran shows that there is a category which the lists lack: then they do not settle it.
    api.edit(some[0], category="NEW")
    verdict = (await api.result(named)).verdict
    assert (verdict.outcome, verdict.reason) == ("incomplete", UNKNOWN)


def _in_two_categories(api: Api) -> None:
    for number, scenario in enumerate(api.scenarios.values()):
        api.store.put_scenario(scenario["id"], {**scenario, "category": ("CUSTOM", "EDGE_CASE")[number % 2]})


async def test_a_disabled_scenario_is_not_required() -> None:
    api = Api.of("sc-2", "sc-130", failed=("sc-2",))
    api.edit("sc-2", enabled=False)
    assert (await api.result(PROMOTION)).verdict.outcome == "passed"


async def test_a_declared_scenario_that_is_not_listed_is_not_gone() -> None:
    api = Api.of(ran=("sc-1",))
    declared = {"sc-1": ScenarioDeclaration("one", Owner.pathway("pw-1"), {"name": "Case 1"})}
    gated = gated_run_of("a", request={**REQUEST, "scenario_ids": ["sc-1"]}, scenarios=declared)
    assert (await api.result(gated)).verdict.outcome == "passed"
    api.edit("sc-1", max_turns=9)
    verdict = (await api.result(gated)).verdict
    assert verdict.reason == "not tested as declared: scenario 'Case 1' was edited (max_turns)"
    api.delete("sc-1")
    verdict = (await api.result(gated)).verdict
    assert verdict.reason == "not tested as declared: scenario 'Case 1' does not exist any more"
