"""What is found out of declared checks before anything is declared."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pulumi
import pytest

from tornado_resource.bland.judges import Judge, Judges
from tornado_resource.core.positions import Position
from tornado_resource.declarations.model import ChecksDeclaration, Declaration, Environment, Gate
from tornado_resource.deployment.checks import check_judges
from tornado_resource.program.judges import KnownJudges

PLACE = Position("s.yaml", 9, 3)
LISTED = [
    Judge.parse({"id": f"j-{number}", "name": name, "active_version_id": "v-1"})
    for number, name in enumerate(["Resolved", "Polite", None])
]


def environment(gate: Gate, *judges: dict[str, Any]) -> Environment:
    checks = ChecksDeclaration(
        "a", "ag-1", "staging", ("tc-1",), judges, 5, PLACE, (PLACE,) * len(judges), definitions=(None,) * len(judges)
    )
    request = {"agent_id": "ag-1", "env": "staging"}
    return Environment("dev", (Declaration("a", request, gate, PLACE, section="agents", checks=checks),))


def program_run() -> Any:
    judges: Any = KnownJudges(SimpleNamespace())  # type: ignore[arg-type]

    async def listed() -> Judges:
        return Judges(tuple(each for each in LISTED if each is not None), is_whole=True)

    judges.listed = listed
    return SimpleNamespace(judges=judges)


async def test_a_gate_that_names_another_judge_starts_nothing() -> None:
    """The file shows no name of a judge that is declared by its id."""
    declared = environment(Gate(judges={"courteous": "90%", "Resolved": "80%"}), {"id": "j-1"}, {"name": "Resolved"})
    with pytest.raises(pulumi.RunError) as caught:
        await check_judges(declared, program_run())
    assert str(caught.value).splitlines() == [
        "nothing was started: judges of the checks cannot be used",
        "s.yaml:9:3: a: judge courteous of the gate is not among those of the checks: Polite, Resolved",
    ]


@pytest.mark.parametrize(
    ("bars", "judge"),
    [
        ({"Polite": "90%"}, {"id": "j-1"}),
        ({"j-1": "90%"}, {"id": "j-1"}),
        ({"any": "90%"}, {"id": "j-1", "version": "v-0"}),
        ({"any": "90%"}, {"id": "j-2"}),
    ],
    ids=["by its name", "by its id", "not looked up", "without a name"],
)
async def test_a_gate_may_name_what_is_or_may_be_a_judge_of_the_checks(
    bars: dict[str, str], judge: dict[str, Any]
) -> None:
    await check_judges(environment(Gate(judges=bars), judge), program_run())
