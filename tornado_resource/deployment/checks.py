"""The declared checks of an environment: judges are found before anything is declared, then come the resources."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import pulumi

from tornado_resource.checks.config import checks_of, config_digest
from tornado_resource.checks.resource import AgentChecks
from tornado_resource.errors import TornadoError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from tornado_resource.bland.listing import Owner
    from tornado_resource.declarations.model import ChecksDeclaration, Environment
    from tornado_resource.program.run import ProgramRun
    from tornado_resource.scenarios.resource import TornadoScenario

NOT_FOUND: Final = "nothing was started: judges of the checks cannot be used"
UNKNOWN: Final = "?"
"""Stands for the digest of checks whose judges cannot be found. It is equal to none that is recorded."""


async def check_judges(environment: Environment, run: ProgramRun) -> None:
    """Find the judges that the checks of an environment name: by one list of all judges, if there is anything to find.

    Raises:
        pulumi.RunError: some cannot be used; the text lists all of them.

    """
    problems: dict[str, None] = {}
    for checks in environment.checks:
        for judge, position in zip(checks.judges, checks.judge_positions, strict=True):
            try:
                await run.judges.resolve([judge])
            except TornadoError as error:
                problems[f"{position}: {error}"] = None
    if problems:
        raise pulumi.RunError("\n".join([NOT_FOUND, *problems]))


def declare_checks(
    declared: Sequence[ChecksDeclaration], scenarios: Mapping[tuple[str, Owner], TornadoScenario]
) -> dict[tuple[str, ...], AgentChecks]:
    """Declare the checks of an environment and return their resources by agent and env.

    Args:
        declared: the checks.
        scenarios: the resources of the declared scenarios, by key and owner.

    """
    return {each.place: _declare(each, scenarios) for each in declared}


async def expected_config(declared: ChecksDeclaration, ids: Sequence[str], run: ProgramRun) -> str:
    """Return the digest of declared checks as their resource will have it; *ids* are those of declared scenarios."""
    try:
        judges = await run.judges.resolve(declared.judges)
    except TornadoError:
        return UNKNOWN  # before anything is declared, `check_judges` says why
    props = {"scenario_ids": [*declared.scenario_ids, *ids], "judges": judges}
    return config_digest(checks_of({**props, "simulations_count": declared.simulations_count}))


def _declare(declared: ChecksDeclaration, scenarios: Mapping[tuple[str, Owner], TornadoScenario]) -> AgentChecks:
    return AgentChecks(
        declared.name,
        agent_id=declared.agent_id,
        env=declared.env,
        scenario_ids=[*declared.scenario_ids],
        scenarios=[scenarios[each.key, each.owner] for each in declared.scenarios],
        judges=[*declared.judges],
        simulations_count=declared.simulations_count,
        vacuous=declared.vacuous,
        on_conflict=declared.on_conflict,
        on_destroy=declared.on_destroy,
        manage=declared.manage,
        managed_by=declared.managed_by,
        declared_at=str(declared.position),
    )
