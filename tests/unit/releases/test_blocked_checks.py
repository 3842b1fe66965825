"""Why the checks of staging block a promotion: a table of what was read, and what is said."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import httpx
import pytest

from tests.support.agents import answering
from tests.support.api import client_of, json_response
from tornado_resource.bland.check_runs import CheckRun, CheckRuns, Checks, ConfiguredJudge, JudgeVerdict
from tornado_resource.releases.agent_publishing import block_reason, read_block_reason

if TYPE_CHECKING:
    from collections.abc import Sequence

VERDICT = JudgeVerdict("j-1", "jv-1", "Resolved", True, 0.9, True, ("good", "fair"))
RUN = CheckRun(
    "run-1",
    "PASSED",
    "a-1",
    "staging",
    "V-2",
    scenario_count=1,
    simulations_count=5,
    verdicts=(VERDICT,),
    created_at="2026-04-14T10:00:00Z",
)
FAILED = replace(RUN, run_id="run-2", status="FAILED")
OTHER = replace(RUN, run_id="run-9", version_id="v-1")
JUDGE = ConfiguredJudge("J-1", "jv-1", "Resolved", True, ("fair", "good"))
CHECKS = Checks(("tc-1",), (JUDGE,), True, 5, "2026-04-14T09:00:00Z")


def runs(*listed: CheckRun, is_whole: bool = True) -> CheckRuns:
    return CheckRuns(listed, is_whole, is_whole, None)


@pytest.mark.parametrize(
    ("listed", "is_whole", "reason"),
    [
        ([], True, "no check run of it in staging has passed"),
        ([OTHER, replace(RUN, version_id=None)], True, "no check run of it in staging has passed"),
        ([FAILED], True, "no check run of it in staging has passed; its newest one is check run run-2 (FAILED)"),
        ([OTHER], False, "no check run of it in staging among the newest 100 has passed"),
        (
            [FAILED, RUN],
            True,
            "its pass in staging (check run run-1) is not its newest run there: check run run-2 (FAILED)",
        ),
    ],
)
def test_only_the_newest_run_of_the_version_counts(listed: Sequence[CheckRun], is_whole: bool, reason: str) -> None:  # noqa: FBT001
    for checks in (CHECKS, None, "HTTP 500"):
        assert block_reason("v-2", runs(*listed, is_whole=is_whole), checks) == reason


EDITED = "the checks of staging were edited after check run run-1 (PASSED): "
ADDED = ConfiguredJudge("j-2", "jv-2", None, True)


@pytest.mark.parametrize(
    ("checks", "edits"),
    [
        (
            replace(CHECKS, updated_at="2026-04-14T10:00:01Z"),
            "it began 2026-04-14T10:00:00Z, and the edit is of 2026-04-14T10:00:01Z",
        ),
        (replace(CHECKS, scenario_ids=("tc-1", "tc-2"), updated_at=None), "scenario count was 1 and is 2"),
        (replace(CHECKS, simulations_count=10), "simulations_count was 5 and is 10"),
        (replace(CHECKS, judges=(JUDGE, ADDED)), "judge j-2 was added"),
        (replace(CHECKS, judges=(ADDED,)), "judge j-2 was added; judge Resolved was removed"),
        (replace(CHECKS, judges=(replace(JUDGE, is_required=False),)), "judge Resolved was changed"),
        (replace(CHECKS, judges=(replace(JUDGE, version_id="jv-2"),)), "judge Resolved was changed"),
        (replace(CHECKS, judges=(replace(JUDGE, target_level_keys=("good",)),)), "judge Resolved was changed"),
    ],
)
def test_an_edit_after_the_pass_is_named(checks: Checks, edits: str) -> None:
    assert block_reason("v-2", runs(OTHER, RUN, FAILED), checks) == EDITED + edits


def test_checks_that_are_gone_are_an_edit() -> None:
    reason = block_reason("v-2", runs(RUN), None)
    assert reason == "staging has no checks any more; they were deleted after check run run-1 (PASSED)"


UNKNOWN = "the reason is unknown: check run run-1 (PASSED) is its newest run in staging, and the checks "
SAME = "; one of their scenarios may have been edited"


@pytest.mark.parametrize(
    ("run", "checks"),
    [
        (RUN, CHECKS),
        (RUN, replace(CHECKS, updated_at=RUN.created_at)),
        (RUN, replace(CHECKS, judges=(replace(JUDGE, target_level_keys=()),))),
        (replace(RUN, created_at=None), replace(CHECKS, updated_at="2026-04-14T10:00:01Z")),
        (replace(RUN, scenario_count=None), replace(CHECKS, simulations_count=None)),
        (replace(RUN, verdicts=()), replace(CHECKS, judges=(ADDED,))),
        (replace(RUN, has_omissions=True), replace(CHECKS, judges=(ADDED,))),
        (replace(RUN, verdicts=(replace(VERDICT, judge_id=None),)), CHECKS),
        (RUN, replace(CHECKS, judges=(replace(JUDGE, version_id=None, is_required=None),))),
        (replace(RUN, verdicts=(replace(VERDICT, version_id=None, is_required=None, target_level_keys=()),)), CHECKS),
    ],
)
def test_what_is_not_shown_is_no_edit(run: CheckRun, checks: Checks) -> None:
    reason = block_reason("v-2", runs(run), checks)
    assert reason == f"{UNKNOWN}look the same (last edited {checks.updated_at}){SAME}"


def test_without_a_reason_what_was_read_is_said() -> None:
    reason = block_reason("v-2", runs(RUN), replace(CHECKS, updated_at=None))
    assert reason == f"{UNKNOWN}look the same (with no time of an edit){SAME}"
    assert block_reason("v-2", runs(RUN), "HTTP 500") == f"{UNKNOWN}of staging could not be read: HTTP 500"


async def test_a_read_is_retried() -> None:
    responses = [httpx.Response(502), json_response([]), httpx.Response(502), json_response({"data": None})]
    async with client_of(lambda _: responses.pop(0)) as client:
        assert await read_block_reason(client, "a-1", "v-2") == "no check run of it in staging has passed"
    assert responses == []


async def test_what_cannot_be_read_is_said() -> None:
    async with answering({"error": "no"}, 403) as client:
        reason = await read_block_reason(client, "a-1", "v-2")
    unread = "the check runs of staging could not be read: check runs of agent a-1 in staging: HTTP 403: no"
    assert reason.startswith(f"the reason is unknown, since {unread}")
