"""Reports of any size that read like real ones."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.support.results import gated_run_of, report_of, result_of
from tornado_resource.bland.sessions import Fix, Iteration, Status
from tornado_resource.core.positions import Position

if TYPE_CHECKING:
    from tornado_resource.reports.model import Report

NAMES = {
    "sc-greeting": "Greets the caller by name",
    "sc-refund": "Refunds an order within thirty days",
    "sc-cancel": "Cancels an order before it is sent",
    "sc-status": "Tells where an order is",
    "sc-angry": "Stays calm with an angry caller",
    "sc-hours": "Knows the opening hours",
    "sc-human": "Hands over to a person when asked",
    "sc-language": "Switches to Spanish",
}
TEAMS = ["support-line", "appointment-booking", "order-desk", "returns", "billing", "delivery", "onboarding", "survey"]
FIXES = (
    Fix("Refund policy", "Say that refunds take three to five days, then ask for the order number.", "prompt_edit"),
    Fix("Handover", "Offer a person after the second misunderstanding.", "config_change"),
)
IDS = tuple(NAMES)


def iterations(*failing: int) -> tuple[Iteration, ...]:
    """Rounds in which the first so many scenarios fail."""
    return tuple(
        Iteration(
            number=index + 1,
            started_at=f"2026-04-14T10:{2 * index:02}:00.000Z",
            completed_at=f"2026-04-14T10:{2 * index + 1:02}:48.000Z",
            passed_ids=IDS[failed:],
            failed_ids=IDS[:failed],
            fixes=FIXES if failed and index + 1 < len(failing) else (),
        )
        for index, failed in enumerate(failing)
    )


def status(word: str, *failing: int, unfixable: int = 0) -> Status:
    return Status(
        word,
        current_iteration=len(failing),
        max_iterations=5,
        total_scenarios=len(IDS),
        passed_scenarios=len(IDS) - failing[-1],
        failed_scenarios=failing[-1],
        unfixable_ids=IDS[:unfixable],
        iterations=iterations(*failing),
        elapsed_ms=len(failing) * 120_000,
        timeout_ms=900_000,
        forked_version=7 if failing[0] else None,
    )


def large(number: int) -> Report:
    """A report of *number* sessions: most passed, some failed, one incomplete."""
    results = []
    for index in range(number):
        team = TEAMS[index % len(TEAMS)]
        name = team if index < len(TEAMS) else f"{team}-{index // len(TEAMS) + 1}"
        gated = gated_run_of(
            name, f"{index:08x}-5678-9abc-def0-1234567890ab", position=Position("sessions.yaml", 6 + 4 * index, 3)
        )
        match index % 9:
            case 0:
                results.append(result_of(gated, status("COMPLETED_PARTIAL", 5, 3, 2, 2, unfixable=1), names=NAMES))
            case 4:
                results.append(result_of(gated, status("TIMEOUT", 6, 4), names=NAMES))
            case 7:
                results.append(result_of(gated, None, "the API could not be reached for 5 minutes"))
            case _:
                results.append(result_of(gated, status("COMPLETED_ALL_PASSED", 3, 1, 0)))
    return report_of(*results)
